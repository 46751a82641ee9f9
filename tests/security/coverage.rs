//! Every operation of the OpenAPI document, tried by those who may not. An operation that is not known here fails the test.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use super::support::{whole, without_instance};
use crate::world::World;
use crate::world::client::{Answer, Client};

/// What an operation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// One group, which stands for `{}` in the target; needs a scope with this action.
    Group(&'static str),
    /// The groups that the caller may see; needs a scope with this action.
    Groups(&'static str),
    /// The caller: a token, and no scope.
    Caller,
    /// Nobody's: no token.
    Public,
}

/// Method, path in the document, and a target that answers 200 to tenant `acme`.
const OPERATIONS: [(&str, &str, &str, About); 10] = [
    ("get", "/logs/{group}/{stream}", "/logs/{}/web-1", About::Group("read")),
    ("get", "/logs/{group}", "/logs/{}", About::Group("read")),
    ("get", "/logs", "/logs?group={}&stream=web-1", About::Group("read")),
    ("get", "/groups", "/groups", About::Groups("describe")),
    ("get", "/groups/{group}", "/groups/{}", About::Group("describe")),
    ("get", "/groups/{group}/streams", "/groups/{}/streams", About::Group("describe")),
    ("get", "/me", "/me", About::Caller),
    ("get", "/me/explain", "/me/explain?action=read&group={}", About::Caller),
    ("get", "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource", About::Public),
    ("get", "/openapi.json", "/openapi.json", About::Public),
];

/// What may be had without a token. This list may only become shorter.
const PUBLIC: [&str; 2] = ["/.well-known/oauth-protected-resource", "/openapi.json"];

const OWN: &str = ":acme:api";
const FOREIGN: &str = ":globex:api";
const NOWHERE: &str = ":globex:nothing";

fn document() -> Value {
    serde_json::from_str(&logmark::http::openapi::DOCUMENT).unwrap()
}

async fn world() -> World {
    let world = World::new().await;
    for group in ["/acme/api", "/globex/api"] {
        world.put(group, "web-1", &[(1, group)]).await;
    }
    world
}

/// GET and HEAD of a target; HEAD's answer is GET's without a body.
async fn both(client: &Client, target: &str) -> Answer {
    let answer = client.get(target).await;
    let head = client.send(Method::HEAD, target, &[]).await;
    assert_eq!(head.status, answer.status, "HEAD {target}");
    assert!(head.body.is_empty(), "HEAD {target}");
    for name in ["www-authenticate", "content-type", "cache-control"] {
        assert_eq!(head.header(name), answer.header(name), "HEAD {target}");
    }
    answer
}

#[test]
fn every_operation_of_the_document_is_tried_here_and_none_else_is_public() {
    let document = document();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            documented.insert((method.clone(), path.clone()));
            let about = OPERATIONS.iter().find(|known| (known.0, known.1) == (method, path)).map(|known| known.3);
            let about = about.unwrap_or_else(|| panic!("{method} {path} is new: say in OPERATIONS what it is about"));
            let needs_token = operation["security"][0].get("token").is_some();
            assert_eq!(operation["security"].as_array().unwrap().len(), 1, "{path}");
            assert_eq!(needs_token, about != About::Public, "{path}");
            assert!(needs_token || PUBLIC.contains(&path.as_str()), "{path} is public");
            let scopes: Vec<&str> =
                operation["security"][0]["token"].as_array().into_iter().flatten().map(|scope| scope.as_str().unwrap()).collect();
            match about {
                About::Group(action) => assert_eq!(scopes, [format!("logs:{action}:<group>")], "{path}"),
                About::Groups(action) => assert_eq!(scopes, [format!("logs:{action}:<groups>")], "{path}"),
                About::Caller | About::Public => assert!(scopes.is_empty(), "{path}"),
            }
        }
    }
    let known: BTreeSet<_> = OPERATIONS.iter().map(|known| (known.0.to_owned(), known.1.to_owned())).collect();
    assert_eq!(documented, known);
}

#[tokio::test]
async fn what_is_public_asks_for_no_token_and_looks_at_none() {
    let world = world().await;
    for (_, _, target, about) in OPERATIONS {
        if about == About::Public {
            for client in [world.anonymous(), world.with_token("made-up"), world.tenant("acme")] {
                assert_eq!(both(&client, target).await.status, 200, "{target}");
            }
        }
    }
}

#[tokio::test]
async fn without_a_token_there_is_nothing() {
    let world = world().await;
    let mut bodies = BTreeSet::new();
    for (_, _, target, about) in OPERATIONS {
        for group in [OWN, FOREIGN, NOWHERE, "%00"] {
            if about != About::Public {
                let answer = both(&world.anonymous(), &target.replace("{}", group)).await;
                assert_eq!(answer.problem(), "401 missing_token", "{target}");
                let metadata = "resource_metadata=\"http://logs.test/.well-known/oauth-protected-resource\"";
                // RFC 6750 §3.1: no error code when there was no credential.
                assert_eq!(answer.header("www-authenticate"), format!("Bearer realm=\"logmark\", {metadata}"), "{target}");
                bodies.insert(whole(&answer));
            }
        }
    }
    assert_eq!(bodies.len(), 1, "{bodies:#?}");
}

#[tokio::test]
async fn with_a_token_that_is_not_valid_there_is_nothing() {
    let world = world().await;
    let elsewhere = World::new().await;
    let mut bodies = BTreeSet::new();
    for token in ["made-up", "a.b.c", &elsewhere.issuer.token("acme", "logs:*:*")] {
        for (_, _, target, about) in OPERATIONS {
            if about != About::Public {
                let answer = both(&world.with_token(token), &target.replace("{}", OWN)).await;
                assert_eq!(answer.problem(), "401 invalid_token", "{target}");
                let challenge = answer.header("www-authenticate");
                assert!(challenge.starts_with("Bearer realm=\"logmark\", error=\"invalid_token\""), "{challenge}");
                assert!(challenge.contains("resource_metadata=\"http://logs.test/.well-known/oauth-protected-resource\""));
                bodies.insert(whole(&answer));
            }
        }
    }
    assert_eq!(bodies.len(), 1, "{bodies:#?}");
}

#[tokio::test]
async fn another_tenants_group_is_as_if_it_were_not_there() {
    let world = world().await;
    let acme = world.tenant("acme");
    let mut answers = BTreeSet::new();
    for (_, _, target, about) in OPERATIONS {
        match about {
            About::Group(_) => {
                assert_eq!(both(&acme, &target.replace("{}", OWN)).await.status, 200, "{target}");
                for group in [FOREIGN, NOWHERE, ":acme:nothing"] {
                    let answer = both(&acme, &target.replace("{}", group)).await;
                    assert_eq!(answer.problem(), "404 not_found", "{target} {group}");
                    answers.insert(whole(&answer));
                }
            }
            About::Groups(_) => assert!(!both(&acme, target).await.text().contains("globex"), "{target}"),
            // They speak of the caller's leave alone; what they say of a foreign group says nothing of whether it is there.
            About::Caller => {
                let say = async |group: &str| {
                    let answer = both(&acme, &target.replace("{}", group)).await;
                    assert_eq!(answer.status, 200, "{target}");
                    answer.text().replace(&group.replace(':', "/"), "")
                };
                assert_eq!(say(FOREIGN).await, say(NOWHERE).await, "{target}");
            }
            About::Public => {}
        }
    }
    assert_eq!(answers.len(), 1, "{answers:#?}");
}

#[tokio::test]
async fn a_token_without_the_scope_is_told_one_that_then_does() {
    let world = world().await;
    let too_small = [
        "",
        "openid profile",
        "logs:tail:*",
        "logs:query:/acme/*",
        "logs:read",
        "logs:read:",
        "LOGS:read:*",
        "logs:READ:*",
        "logs:*",
        "*",
        "logs::*",
        "logs:write:*",
        "xlogs:read:*",
    ];
    for (_, path, target, about) in OPERATIONS {
        let (About::Group(action) | About::Groups(action)) = about else { continue };
        let target = target.replace("{}", OWN);
        for scope in too_small {
            let answer = both(&world.scoped("acme", scope), &target).await;
            assert_eq!(answer.problem(), "403 insufficient_scope", "{path} with `{scope}`");
            let challenge = answer.header("www-authenticate");
            let named = challenge.split_once("scope=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(scope, _)| scope);
            let named = named.unwrap_or_else(|| panic!("{challenge}"));
            assert!(challenge.starts_with("Bearer realm=\"logmark\", error=\"insufficient_scope\""), "{challenge}");
            assert!(answer.text().contains(named) && named.starts_with(&format!("logs:{action}:")), "{}", answer.text());
            assert_eq!(world.scoped("acme", named).get(&target).await.status, 200, "{path} with `{named}`");
        }
        // Of a group that the tenant has no grant for, no scope is ever named.
        let foreign = world.scoped("acme", "openid").get(&target.replace(OWN, FOREIGN)).await;
        if matches!(about, About::Group(_)) {
            assert_eq!(foreign.problem(), "404 not_found", "{path}");
        }
    }
    let readable = world.scoped("acme", "logs:read:/acme/web");
    assert_eq!(readable.get("/logs/:acme:api").await.problem(), "403 insufficient_scope");
}

#[tokio::test]
async fn no_other_method_does_anything() {
    let world = world().await;
    let document = document();
    for (_, path, target, _) in OPERATIONS {
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "QUERY", "get"] {
            if document["paths"][path].get(method.to_ascii_lowercase()).is_some() && method != "get" {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            for client in [world.anonymous(), world.tenant("acme")] {
                let answer = client.send(method.clone(), &target.replace("{}", OWN), &[]).await;
                assert_eq!(answer.problem(), "405 method_not_allowed", "{method} {path}");
            }
            let overridden = [("x-http-method-override", "GET"), ("x-method-override", "GET"), ("x-http-method", "GET")];
            let answer = world.tenant("acme").send(method.clone(), &target.replace("{}", OWN), &overridden).await;
            assert_eq!(answer.status, 405, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn every_answer_is_one_that_the_document_names() {
    let world = world().await;
    let document = document();
    for (method, path, target, _) in OPERATIONS {
        let clients = [world.anonymous(), world.with_token("x"), world.scoped("acme", "openid"), world.tenant("acme")];
        for client in clients {
            for (group, headers) in [(OWN, vec![]), (FOREIGN, vec![]), ("%00", vec![]), (OWN, vec![("accept", "image/png")])] {
                let answer = client.get_with(&target.replace("{}", group), &headers).await;
                let named = document["paths"][path][method]["responses"].get(answer.status.as_str());
                let content_type = answer.header("content-type");
                let named = named.unwrap_or_else(|| panic!("{path} does not name {}: {}", answer.status, answer.text()));
                assert!(named["content"].get(content_type.as_str()).is_some(), "{path} {} {content_type}", answer.status);
                if !answer.status.is_success() {
                    assert!(!without_instance(&answer).is_empty());
                }
            }
        }
    }
}
