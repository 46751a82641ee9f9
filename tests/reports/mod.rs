//! Reports of access logs: their rows against plain counts of the same lines.

mod enrichment;
mod faults_of_the_dashboard;
mod formats;
mod goaccess;
mod isolation;
mod plain_fold;
mod pages;
mod real;
mod requests;

use serde_json::{Map, Value, json};

use crate::world::client::{Answer, Client};
use crate::world::{Options, World};

/// 2026-11-20T10:00:00Z, the begin of an hour and of a day's part.
pub const BEGIN: i64 = 1_795_168_800_000;
/// The hour after [`BEGIN`].
pub const HOUR: &str = "start=2026-11-20T10:00:00Z&end=2026-11-20T11:00:00Z";

pub const TENANTS: &str = r#"
[tenants.acme]
[[tenants.acme.grants]]
groups = ["/acme/*"]
actions = ["read", "query"]
[tenants.globex]
[[tenants.globex.grants]]
groups = ["/globex/*"]
actions = ["read", "query"]
"#;

/// The keys of the usage dashboard's log format.
const KEYS: [&str; 46] = [
    "apiId",
    "stage",
    "requestId",
    "ip",
    "requestTime",
    "httpMethod",
    "routeKey",
    "status",
    "protocol",
    "responseLength",
    "accountId",
    "authorizerClaimsProperty",
    "authorizerPrincipalId",
    "authorizerProperty",
    "domainName",
    "domainPrefix",
    "errorMessage",
    "errorResponseType",
    "identityAccountId",
    "identityApiKeyId",
    "identityCaller",
    "identityCognitoAuthenticationProvider",
    "identityCognitoAuthenticationType",
    "identityCognitoIdentityId",
    "identityCognitoIdentityPoolId",
    "identityPrincipalOrgId",
    "identityUser",
    "identityUserAgent",
    "identityUserArn",
    "path",
    "resourcePath",
    "wafResponseCode",
    "webaclArn",
    "sub",
    "clientId",
    "aud",
    "authorizeError",
    "authorizeLatency",
    "authorizeStatus",
    "authorizerError",
    "authorizerIntegrationLatency",
    "authorizerIntegrationStatus",
    "authorizerLatency",
    "authorizerStatus",
    "integrationLatency",
    "responseLatency",
];

/// A line in the usage dashboard's format: every value is a text, and a missing one is `-`.
pub fn line(values: &[(&str, &str)]) -> String {
    let usual =
        [("httpMethod", "GET"), ("path", "/prod/orders"), ("resourcePath", "/orders"), ("status", "200"), ("ip", "192.0.2.1")];
    let mut members: Map<String, Value> = KEYS.iter().map(|key| ((*key).to_owned(), json!("-"))).collect();
    for (key, value) in usual.iter().chain(values) {
        assert!(KEYS.contains(key), "`{key}` is not a key of the format");
        members.insert((*key).to_owned(), json!(value));
    }
    Value::Object(members).to_string()
}

/// A service whose group `/acme/gateway` has these lines, a second apart from [`BEGIN`] on.
pub async fn world(lines: &[String]) -> World {
    let world = World::with(Options { tenants: Some(TENANTS.to_owned()), ..Options::default() }).await;
    put(&world, lines).await;
    world
}

/// Puts lines into the group, a second apart from [`BEGIN`] on.
pub async fn put(world: &World, lines: &[String]) {
    let events: Vec<(i64, &str)> = (0..).zip(lines).map(|(number, line)| (BEGIN + number * 1000, line.as_str())).collect();
    world.put("/acme/gateway", "s", &events).await;
}

/// The report of the hour.
pub async fn report(client: &Client, target: &str) -> Value {
    let answer = asked(client, target).await;
    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
    answer.json()
}

/// The answer to a request for a report of the hour.
pub async fn asked(client: &Client, target: &str) -> Answer {
    let (name, rest) = target.split_once('?').unwrap_or((target, ""));
    let range = if rest.contains("start=") { String::new() } else { format!("&{HOUR}") };
    client.get(&format!("/reports/{name}?group=/acme/gateway{range}&{rest}")).await
}

/// A value of each row, beside its number of requests.
pub fn counts(report: &Value, key: &str) -> Vec<(String, u64)> {
    let rows = report["rows"].as_array().unwrap().iter();
    rows.map(|row| (row["keys"][key].as_str().unwrap_or("~").to_owned(), row["requests"].as_u64().unwrap())).collect()
}
