//! The token alone identifies the caller, regardless of the rest of the event.

use serde_json::{Value, json};

use super::events::FrontDoor;
use super::runtime::Function;
use crate::world::binary::ServiceDirectory;

pub(super) fn directory() -> ServiceDirectory {
    let directory = ServiceDirectory::new("");
    for tenant in ["acme", "globex"] {
        directory.put(&format!("/{tenant}/api"), "s", std::iter::once((1_700_000_000_000, format!("{tenant}'s"))));
    }
    directory
}

/// Adds identity data to an event, as an authorizer or an attacker would.
fn spoof(event: &mut Value, tenant: &str, token: &str) {
    let claims = json!({ "tenant": tenant, "sub": tenant, "scope": "logs:*:*", "iss": "test", "aud": "logmark" });
    event["requestContext"]["authorizer"] = json!({
        "claims": claims, "jwt": { "claims": claims, "scopes": ["logs:*:*"] }, "lambda": claims, "principalId": tenant,
        "tenant": tenant, "iam": { "userId": tenant }
    });
    event["requestContext"]["identity"] = json!({ "user": tenant, "caller": tenant, "cognitoIdentityId": tenant });
    event["requestContext"]["authentication"] = json!({ "clientCert": { "subjectDN": tenant } });
    event["stageVariables"] = json!({ "tenant": tenant, "authorization": format!("Bearer {token}") });
    event["pathParameters"] = json!({ "group": format!("/{tenant}/api"), "tenant": tenant });
    event["cookies"] = json!([format!("authorization=Bearer {token}")]);
    event["authorizationToken"] = token.into();
    event["identitySource"] = json!([token]);
}

fn spoofing_headers(tenant: &str) -> Vec<(&'static str, String)> {
    let context = json!({ "authorizer": { "claims": { "tenant": tenant } }, "stage": "prod" }).to_string();
    vec![
        ("x-amzn-request-context", context.clone()),
        ("x-apigateway-event", context.clone()),
        ("x-apigateway-context", context),
        ("x-amzn-oidc-identity", tenant.to_owned()),
        ("x-amzn-oidc-data", tenant.to_owned()),
        ("x-amzn-remapped-authorization", format!("Bearer {tenant}")),
        ("x-tenant", tenant.to_owned()),
        ("x-forwarded-user", tenant.to_owned()),
    ]
}

#[tokio::test]
async fn nothing_but_the_token_says_who_calls() {
    let directory = directory();
    let function = Function::start(&directory).await;
    let (acme, globex) = (directory.issuer.token("acme", "logs:read:*"), directory.issuer.token("globex", "logs:read:*"));
    for door in FrontDoor::ALL {
        let headers = spoofing_headers("globex");
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let spoofed = |target: &str, token: Option<&str>| {
            let mut event = door.request("GET", target, token, &headers);
            spoof(&mut event, "globex", &globex);
            event
        };
        assert_eq!(function.invoke(spoofed("/logs/:globex:api", None)).await.problem(), "401 missing_token", "{door:?}");
        assert_eq!(function.invoke(spoofed("/logs/:globex:api", Some(&acme))).await.problem(), "404 not_found", "{door:?}");
        assert_eq!(function.invoke(spoofed("/logs/:acme:api", Some(&acme))).await.messages(), ["acme's"], "{door:?}");
        assert_eq!(function.invoke(spoofed("/me", Some(&acme))).await.json()["tenant"], "acme", "{door:?}");
        let mut other_host = spoofed("/logs/:acme:api", Some(&acme));
        other_host["requestContext"]["path"] = "/prod/logs/:globex:api".into();
        assert_eq!(function.invoke(other_host).await.messages(), ["acme's"], "{door:?}");
    }
}

#[tokio::test]
async fn of_two_tokens_none_is_chosen() {
    let directory = directory();
    let function = Function::start(&directory).await;
    let (acme, globex) = (directory.issuer.token("acme", "logs:read:*"), directory.issuer.token("globex", "logs:read:*"));
    let second = format!("Bearer {globex}");
    for door in [FrontDoor::Rest, FrontDoor::AlbMulti, FrontDoor::Http, FrontDoor::Url] {
        for group in ["acme", "globex"] {
            let event = door.request("GET", &format!("/logs/:{group}:api"), Some(&acme), &[("authorization", &second)]);
            let reply = function.invoke(event).await;
            assert!([400, 401].contains(&reply.status), "{door:?}: {}", reply.text());
        }
    }
    // The two maps contradict each other, which no front end produces.
    let mut event = FrontDoor::Rest.get("/logs/:globex:api", Some(&acme));
    event["headers"]["Authorization"] = second.as_str().into();
    let reply = function.invoke(event).await;
    assert!([400, 401, 404].contains(&reply.status), "{}", reply.text());
}

#[tokio::test]
async fn two_tenants_alternate_in_one_process() {
    let directory = directory();
    let function = Function::start(&directory).await;
    let (acme, globex) = (directory.issuer.token("acme", "logs:read:*"), directory.issuer.token("globex", "logs:read:*"));
    for round in 0..20 {
        let door = FrontDoor::ALL[round % FrontDoor::ALL.len()];
        for (token, own, other) in [(&acme, "acme", "globex"), (&globex, "globex", "acme")] {
            let reply = function.invoke(door.get(&format!("/logs/:{own}:api"), Some(token))).await;
            assert_eq!(reply.messages(), [format!("{own}'s")]);
            let page = reply.json();
            let foreign = function.invoke(door.get(&format!("/logs/:{other}:api"), Some(token))).await;
            assert_eq!(foreign.problem(), "404 not_found");
            let others = if own == "acme" { &globex } else { &acme };
            let cursor = format!("/logs?cursor={}", page["nextCursor"].as_str().unwrap());
            assert_eq!(function.invoke(door.get(&cursor, Some(others))).await.problem(), "400 invalid_cursor");
            assert_eq!(function.invoke(door.get(&format!("/logs/:{own}:api"), None)).await.status, 401);
        }
    }
}
