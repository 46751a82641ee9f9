//! Sources with different roles: each role is assumed with its external id, and each source signs with its own role.

use crate::world::binary::ServiceDirectory;
use crate::world::client::Client;
use crate::world::grants::{self, Tenant};
use crate::world::python::Helper;
use crate::world::small_http::{Message, SmallHttp};

/// An STS whose credentials contain the role's name, and a CloudWatch Logs without groups.
fn answer(request: &Message) -> String {
    let role = ["eu", "us"]
        .into_iter()
        .find(|role| request.text().contains(&format!("role%2F{role}&")) || request.text().ends_with(&format!("role%2F{role}")));
    match role {
        Some(role) => format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser>\
             <AssumedRoleId>AROA:logmark</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/{role}/logmark</Arn></AssumedRoleUser>\
             <Credentials><AccessKeyId>ASIA{role}</AccessKeyId><SecretAccessKey>secret-{role}</SecretAccessKey>\
             <SessionToken>session-{role}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
             </AssumeRoleResult></AssumeRoleResponse>"
        ),
        None => r#"{"logGroups":[]}"#.to_owned(),
    }
}

#[tokio::test]
async fn each_source_assumes_its_own_role_and_signs_with_it() {
    let aws = SmallHttp::start(|request| (200, answer(request))).await;
    let tenants = grants::text([Tenant::new("acme").reads("eu", &["/acme/*"]).reads("us", &["/acme/*"])]);
    let directory = ServiceDirectory::with_tenants("", &tenants);
    let mut variables = vec![
        ("AWS_ACCESS_KEY_ID".to_owned(), "AKIABASE".to_owned()),
        ("AWS_SECRET_ACCESS_KEY".to_owned(), "base-secret".to_owned()),
        ("AWS_ENDPOINT_URL_STS".to_owned(), aws.endpoint.clone()),
    ];
    for (number, name, region, account) in [(1, "eu", "eu-central-1", 1), (2, "us", "us-east-1", 2)] {
        let role = format!("arn:aws:iam::{account:012}:role/{name}");
        for (key, value) in [
            ("NAME", name),
            ("KIND", "cloudwatch"),
            ("REGION", region),
            ("ENDPOINT", aws.endpoint.as_str()),
            ("ASSUME_ROLE", role.as_str()),
            ("EXTERNAL_ID", &format!("for-{name}")),
        ] {
            variables.push((format!("LOGMARK__SOURCES__{number}__{key}"), value.to_owned()));
        }
    }
    let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let served = directory.serve_with(&variables).await;
    let client = Client::new(served.address, Some(directory.issuer.token("acme", "logs:describe:*")));
    let page = client.get("/groups").await.json();
    assert_eq!(page, serde_json::json!({ "groups": [] }), "both sources answer");

    let requests = aws.seen();
    let seen: Vec<&str> = requests.iter().map(Message::text).collect();
    let holding = |parts: &[&str]| seen.iter().filter(|request| parts.iter().all(|part| request.contains(part))).count();
    for (name, region, account) in [("eu", "eu-central-1", 1), ("us", "us-east-1", 2)] {
        let role = format!("RoleArn=arn%3Aaws%3Aiam%3A%3A{account:012}%3Arole%2F{name}");
        let external_id = format!("ExternalId=for-{name}");
        let assumed = ["Action=AssumeRole", &role, &external_id, "RoleSessionName=logmark", "Credential=AKIABASE/"];
        assert_eq!(holding(&assumed), 1, "{name}: {seen:#?}");
        let key = format!("Credential=ASIA{name}/");
        let scope = format!("/{region}/logs/aws4_request");
        let session = format!("x-amz-security-token: session-{name}");
        assert_eq!(holding(&["Logs_20140328.DescribeLogGroups", &key, &scope, &session]), 1, "{name}: {seen:#?}");
    }
    assert_eq!(seen.len(), 4, "{seen:#?}");

    // botocore verifies the signer of each request, and its model of STS or CloudWatch Logs.
    let judged = tokio::task::spawn_blocking(move || {
        for (name, region) in [("eu", "eu-central-1"), ("us", "us-east-1")] {
            for (secret, key) in [("base-secret", "AKIABASE".to_owned()), (&format!("secret-{name}"), format!("ASIA{name}"))] {
                let botocore = Helper::start("check_requests.py", &[secret, region]);
                let scopes = |request: &&Message| {
                    request.text().contains(&format!("Credential={key}/")) && request.text().contains(region)
                };
                let mine: Vec<&Message> = requests.iter().filter(scopes).collect();
                assert_eq!(mine.len(), 1, "{key} in {region}");
                assert_eq!(botocore.ask(&mine[0].to_json()), "ok", "{mine:?}");
            }
        }
    });
    judged.await.unwrap();
}
