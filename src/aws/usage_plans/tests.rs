//! Tests against moto's API Gateway, which does not page, and against a fake that pages, throttles and denies.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use serde_json::{Value, json};

use super::*;
use crate::domain::time::SystemClock;
use crate::test_world::python::Helper;
use crate::test_world::small_http::{Message, SmallHttp};

pub(crate) fn reader(endpoint: &str) -> UsagePlanReader {
    let settings = UsagePlanSettings {
        region: "eu-west-1".to_owned(),
        endpoint: Some(endpoint.parse().unwrap()),
        assume_role: None,
        external_id: None,
    };
    let credentials = Credentials::new("AKID", "secret", Some("session".to_owned()), None, "test");
    let reader = UsagePlanReader::new(&settings, Outbound::new().unwrap(), Arc::new(SystemClock)).unwrap();
    let credentials = CredentialCache::new(CredentialSource::Given(SharedCredentialsProvider::new(credentials)));
    UsagePlanReader { credentials, first_wait: Duration::from_millis(1), ..reader }
}

/// The path and the query of a request.
fn target(request: &Message) -> &str {
    request.text().split(' ').nth(1).unwrap()
}

fn key(number: usize) -> Value {
    json!({ "id": format!("key{number}"), "name": format!("Customer {number}"), "value": "canary-value", "enabled": true })
}

/// Answers with pages of at most 500 of these items, as API Gateway does.
fn page(request: &Message, items: &[Value]) -> (u16, String) {
    let query = target(request).split_once('?').map_or("", |(_, query)| query);
    let parameters: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    assert_eq!(parameters[0], ("limit".to_owned(), "500".to_owned()));
    let begin: usize = match parameters.get(1) {
        Some((name, position)) => {
            assert_eq!(name, "position");
            position.strip_prefix("after+/=").unwrap().parse().unwrap()
        }
        None => 0,
    };
    let end = (begin + 500).min(items.len());
    let mut body = json!({ "item": items[begin..end] });
    if end < items.len() {
        body["position"] = json!(format!("after+/={end}"));
    }
    (200, body.to_string())
}

/// Two plans with 1,201 keys together, of which one belongs to no plan.
fn gateway(request: &Message) -> (u16, String) {
    let plans = [
        json!({ "id": "p1", "name": "Gold", "apiStages": [{ "apiId": "a1", "stage": "prod" }] }),
        json!({ "id": "p/2", "name": "Free", "apiStages": [{ "apiId": "a1", "stage": "test" }, { "apiId": "a2", "stage": "prod" }] }),
    ];
    let keys: Vec<Value> = (0..1201).map(key).collect();
    match target(request).split('?').next().unwrap() {
        "/usageplans" => page(request, &plans),
        "/usageplans/p1/keys" => page(request, &keys[..1199]),
        "/usageplans/p%2F2/keys" => page(request, &keys[1199..1200]),
        "/apikeys" => page(request, &keys),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn every_page_of_every_list_is_read() {
    let fake = SmallHttp::start(gateway).await;
    let found = reader(&fake.endpoint).read().await.unwrap();
    let plans: Vec<_> = found.plans.iter().map(|plan| (plan.name.as_str(), plan.stages.len(), plan.keys.len())).collect();
    assert_eq!((plans, found.keys.len()), (vec![("Gold", 1, 1199), ("Free", 2, 1)], 1201));
    assert_eq!(found.plans[1].keys[0], ApiKey { id: "key1199".to_owned(), name: Some("Customer 1199".to_owned()) });
    assert!(!format!("{found:?}").contains("canary"), "values of keys are dropped");
    let seen = fake.seen();
    assert_eq!(seen.len(), 1 + 3 + 1 + 3);
    for request in &seen {
        let head = request.text().to_ascii_lowercase();
        assert!(!head.contains("includevalues"), "{head}");
        for part in ["accept: application/json", "/eu-west-1/apigateway/aws4_request", "x-amz-security-token: session"] {
            assert!(head.contains(part), "{part}\n{head}");
        }
    }
}

#[tokio::test]
async fn throttled_calls_are_repeated() {
    let mut calls = 0;
    let fake = SmallHttp::start(move |request| {
        calls += 1;
        if calls % 3 == 0 {
            gateway(request)
        } else {
            ([429, 503][calls % 2], json!({ "message": "Too Many Requests" }).to_string())
        }
    })
    .await;
    assert_eq!(reader(&fake.endpoint).read().await.unwrap().keys.len(), 1201);
    assert_eq!(fake.seen().len(), 8 * 3);
}

#[tokio::test]
async fn failures_are_told_without_the_words_of_the_answer() {
    let canary = || json!({ "message": "User: arn:aws:iam::123456789012:user/canary is not authorized" }).to_string();
    let same_page = || (200, json!({ "item": [], "position": "again" }).to_string());
    type Answer = Box<dyn FnMut(&Message) -> (u16, String) + Send>;
    let cases: Vec<(Answer, &str)> = vec![
        (
            Box::new(move |_| (403, canary())),
            "status 403 for `/usageplans`: the role must allow `apigateway:GET` on `/usageplans`, `/usageplans/*/keys` and `/apikeys`",
        ),
        (Box::new(move |_| (429, canary())), "status 429 for `/usageplans`"),
        (Box::new(move |_| (400, canary())), "status 400 for `/usageplans`"),
        (Box::new(|_| (302, String::new())), "status 302 for `/usageplans`"),
        (Box::new(|_| (200, "[1]".to_owned())), "the response for `/usageplans` is invalid"),
        (Box::new(move |_| same_page()), "the response for `/usageplans` is invalid"),
        (
            Box::new(|request| if target(request).starts_with("/usageplans?") { gateway(request) } else { (500, String::new()) }),
            "status 500 for `/usageplans/p1/keys`",
        ),
    ];
    for (answer, expected) in cases {
        let fake = SmallHttp::start(answer).await;
        assert_eq!(reader(&fake.endpoint).read().await.unwrap_err().to_string(), expected);
        assert!(fake.seen().len() <= 1 + MAX_ATTEMPTS as usize);
    }
}

#[tokio::test]
async fn a_plan_that_was_deleted_meanwhile_is_left_out() {
    let fake =
        SmallHttp::start(
            |request| {
                if target(request).starts_with("/usageplans/p1/") { (404, String::new()) } else { gateway(request) }
            },
        )
        .await;
    let found = reader(&fake.endpoint).read().await.unwrap();
    assert_eq!(found.plans.iter().map(|plan| plan.name.as_str()).collect::<Vec<_>>(), ["Free"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn motos_plans_and_keys_are_read() {
    let (server, endpoint) = tokio::task::spawn_blocking(|| {
        let server = Helper::start("moto_server.py", &[]);
        let endpoint = format!("http://127.0.0.1:{}", server.line());
        (server, endpoint)
    })
    .await
    .unwrap();
    let url = endpoint.clone();
    let boto = tokio::task::spawn_blocking(move || {
        let boto = Helper::start("put_events.py", &[&url]);
        for order in [
            json!({ "plan": "Gold", "stages": [["a1", "prod"]], "keys": ["Ann"] }),
            json!({ "plan": "Free", "stages": [["a1", "test"], ["a2", "prod"]], "keys": (0..520).map(|n| format!("Customer {n}")).collect::<Vec<_>>() }),
        ] {
            assert_eq!(boto.ask(&order), "ok");
        }
        boto
    })
    .await
    .unwrap();
    let reader = reader(&endpoint);
    let found = reader.read().await.unwrap();
    assert_eq!((found.plans.len(), found.keys.len()), (2, 521));
    let gold = found.plans.iter().find(|plan| plan.name == "Gold").unwrap();
    assert_eq!(gold.stages, [ApiStage { api_id: "a1".to_owned(), stage: "prod".to_owned() }]);
    assert_eq!(gold.keys[0].name.as_deref(), Some("Ann"));
    let renaming = tokio::task::spawn_blocking(move || boto.ask(&json!({ "renameKey": "Ann", "to": "Ann Ltd" })));
    assert_eq!(renaming.await.unwrap(), "ok");
    let renamed = reader.read().await.unwrap();
    let names: Vec<_> = renamed.keys.iter().filter(|key| key.id == gold.keys[0].id).map(|key| key.name.as_deref()).collect();
    assert_eq!(names, [Some("Ann Ltd")]);
    drop(server);
}
