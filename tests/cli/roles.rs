//! Sources with roles of their own: each is assumed with its external id, and each source signs as its own role.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::world::binary::Place;
use crate::world::client::Client;

const TENANTS: &str = r#"
[tenants.acme]
[[tenants.acme.grants]]
source = "eu"
groups = ["/acme/*"]
actions = ["read"]
[[tenants.acme.grants]]
source = "us"
groups = ["/acme/*"]
actions = ["read"]
"#;

/// An STS that gives a role's credentials the role's name, and a CloudWatch Logs without a group. Every request is kept.
async fn aws() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(answer(socket, Arc::clone(&kept)));
        }
    });
    (address, seen)
}

async fn answer(mut socket: TcpStream, seen: Arc<Mutex<Vec<String>>>) {
    let mut bytes = Vec::new();
    let request = loop {
        let mut part = [0; 4096];
        match socket.read(&mut part).await {
            Ok(0) | Err(_) => return,
            Ok(read) => bytes.extend_from_slice(&part[..read]),
        }
        let text = String::from_utf8(bytes.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_ascii_lowercase();
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length:")).map_or(0, |text| text.trim().parse().unwrap());
        if body.len() >= length {
            break text;
        }
    };
    let role = ["eu", "us"]
        .into_iter()
        .find(|role| request.contains(&format!("role%2F{role}&")) || request.ends_with(&format!("role%2F{role}")));
    let body = match role {
        Some(role) => format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser>\
             <AssumedRoleId>AROA:logmark</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/{role}/logmark</Arn></AssumedRoleUser>\
             <Credentials><AccessKeyId>ASIA{role}</AccessKeyId><SecretAccessKey>secret-{role}</SecretAccessKey>\
             <SessionToken>session-{role}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
             </AssumeRoleResult></AssumeRoleResponse>"
        ),
        None => r#"{"logGroups":[]}"#.to_owned(),
    };
    seen.lock().unwrap().push(request);
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    let _gone = socket.write_all((head + &body).as_bytes()).await;
}

#[tokio::test]
async fn each_source_assumes_its_own_role_and_signs_with_it() {
    let (aws, seen) = aws().await;
    let place = Place::with_tenants("", TENANTS);
    let mut variables = vec![
        ("AWS_ACCESS_KEY_ID".to_owned(), "AKIABASE".to_owned()),
        ("AWS_SECRET_ACCESS_KEY".to_owned(), "base-secret".to_owned()),
        ("AWS_ENDPOINT_URL_STS".to_owned(), aws.clone()),
    ];
    for (number, name, region, account) in [(1, "eu", "eu-central-1", 1), (2, "us", "us-east-1", 2)] {
        let role = format!("arn:aws:iam::{account:012}:role/{name}");
        for (key, value) in [
            ("NAME", name),
            ("KIND", "cloudwatch"),
            ("REGION", region),
            ("ENDPOINT", aws.as_str()),
            ("ASSUME_ROLE", role.as_str()),
            ("EXTERNAL_ID", &format!("for-{name}")),
        ] {
            variables.push((format!("LOGMARK__SOURCES__{number}__{key}"), value.to_owned()));
        }
    }
    let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let served = place.serve_with(&variables).await;
    let client = Client::new(served.address, Some(place.issuer.token("acme", "logs:describe:*")));
    let page = client.get("/groups").await.json();
    assert_eq!(page, serde_json::json!({ "groups": [] }), "both sources answer");

    let seen = seen.lock().unwrap().clone();
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
}
