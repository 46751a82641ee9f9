//! Every operation of the OpenAPI document, requested without permission. An operation that is not listed here fails the test.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::support::{Binary, Setup, whole, without_instance};
use crate::ops::queries::{body, rows, started};
use crate::world::client::{Answer, Client};
use crate::world::fake_cloudwatch::queries::Script;
use crate::world::{TENANTS, World};

/// The subject of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// One group, in place of `{}` in the target; needs a scope with this action.
    Group(&'static str),
    /// The groups that the caller may see; needs a scope with this action.
    Groups(&'static str),
    /// A query over `{}`, which is in the body or in a sealed handle; needs a scope with the action `query` for each group.
    Query,
    /// A URL of a GET on `{}`, which is in the body; needs what the GET needs.
    Url,
    /// The caller: needs a token, and no scope.
    Caller,
    /// Public: needs no token.
    Public,
}

/// Method, path in the document, and a target that succeeds for tenant `acme`; `<id>` and `<pointer>` belong to a query of acme.
const OPERATIONS: [(&str, &str, &str, About); 26] = [
    ("get", "/logs/{group}/{stream}", "/logs/{}/web-1", About::Group("read")),
    ("get", "/logs/{group}", "/logs/{}", About::Group("read")),
    ("get", "/logs", "/logs?group={}&stream=web-1", About::Group("read")),
    ("get", "/logs/{group}/{stream}", "/logs/{}/web-1?follow=true", About::Group("tail")),
    ("get", "/logs/{group}", "/logs/{}?follow=true", About::Group("tail")),
    ("get", "/logs/{group}", "/logs/{}?follow=true&format=ndjson", About::Group("tail")),
    ("get", "/logs", "/logs?group={}&stream=web-1&follow=true", About::Group("tail")),
    ("post", "/filters/check", "/filters/check", About::Caller),
    ("post", "/tickets", "/tickets", About::Url),
    ("get", "/groups", "/groups", About::Groups("describe")),
    ("get", "/groups/{group}", "/groups/{}", About::Group("describe")),
    ("get", "/groups/{group}/streams", "/groups/{}/streams", About::Group("describe")),
    ("get", "/groups/{group}/fields", "/groups/{}/fields", About::Group("query")),
    ("post", "/queries", "/queries", About::Query),
    ("post", "/queries/check", "/queries/check", About::Query),
    ("get", "/queries/language", "/queries/language", About::Caller),
    ("get", "/queries/{id}", "/queries/<id>", About::Query),
    ("delete", "/queries/{id}", "/queries/<id>", About::Query),
    ("get", "/records/{pointer}", "/records/<pointer>", About::Query),
    ("get", "/reports", "/reports", About::Caller),
    ("get", "/reports/{name}", "/reports/overview?start=-1h&group={}", About::Query),
    ("get", "/me", "/me", About::Caller),
    ("get", "/me/explain", "/me/explain?action=read&group={}", About::Caller),
    ("get", "/", "/", About::Public),
    ("get", "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource", About::Public),
    ("get", "/openapi.json", "/openapi.json", About::Public),
];

/// Paths without a token. This list may only become shorter.
const PUBLIC: [&str; 3] = ["/", "/.well-known/oauth-protected-resource", "/openapi.json"];

const OWN: &str = ":acme:api";
const FOREIGN: &str = ":globex:api";
const NOWHERE: &str = ":globex:nothing";

fn document() -> Value {
    serde_json::from_str(&logmark::http::openapi::DOCUMENT).unwrap()
}

struct TestEnvironment {
    world: Binary,
    id: String,
    pointer: String,
}

/// A service on a fake CloudWatch that supports every operation, and a query that has ended.
async fn environment() -> TestEnvironment {
    let world = Binary::start(Setup { tenants: TENANTS.to_owned(), ..Setup::default() }).await;
    {
        let mut state = world.fake.state();
        for group in ["/acme/api", "/globex/api"] {
            state.logs.put(group, "web-1", 1_700_000_000_000, group);
        }
        state.queries.script = Script { rows: rows(1), looks: 0, ..Script::default() };
        let record = [("@log", "123456789012:/acme/api"), ("@logStream", "web-1")];
        let record = record.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        state.queries.records.insert("raw-pointer-0".to_owned(), record);
    }
    let acme = world.tenant("acme");
    let id = started(&acme, &body("fields status")).await;
    let page = acme.get(&format!("/queries/{id}")).await.json();
    let pointer = page["results"][0]["@ptr"].as_str().unwrap().to_owned();
    TestEnvironment { world, id, pointer }
}

impl TestEnvironment {
    /// The target for the group. Only the tenant's own group has ids.
    fn target(&self, target: &str, group: &str) -> String {
        let (id, pointer) = if group == OWN { (self.id.as_str(), self.pointer.as_str()) } else { ("AAAA", "AAAA") };
        target.replace("{}", group).replace("<id>", id).replace("<pointer>", pointer)
    }

    /// Requests the operation on the group.
    async fn ask(&self, client: &Client, method: &str, target: &str, group: &str) -> Answer {
        self.ask_with(client, method, target, group, &[]).await
    }

    async fn ask_with(&self, client: &Client, method: &str, target: &str, group: &str, headers: &[(&str, &str)]) -> Answer {
        let target = self.target(target, group);
        match method {
            "get" if headers.is_empty() => both(client, &target).await,
            "get" => got(client, &target, headers).await,
            "post" if target == "/filters/check" => client.post(&target, &json!({ "filter": "ERROR" }), headers).await,
            "post" if target == "/tickets" => {
                client.post(&target, &json!({ "url": format!("/logs/{group}?format=ndjson") }), headers).await
            }
            "post" => {
                let group = group.replace(':', "/");
                let body = json!({ "query": "fields status", "logGroups": [group], "start": "-1h" });
                client.post(&target, &body, headers).await
            }
            _ => client.send(Method::DELETE, &target, headers).await,
        }
    }

    fn scoped(&self, scope: &str) -> Client {
        self.world.with_token(&self.world.issuer.token("acme", scope))
    }
}

/// A GET. A live tail does not end, so its answer is its head.
async fn got(client: &Client, target: &str, headers: &[(&str, &str)]) -> Answer {
    let response = client.begin(Method::GET, target, headers, Bytes::new()).await;
    if !target.contains("follow=true") || response.status() != 200 {
        return Client::read(response).await;
    }
    let (parts, _) = response.into_parts();
    let (body, trailers) = (Bytes::new(), HeaderMap::new());
    Answer { status: parts.status, headers: parts.headers, body, trailers, broken: false }
}

/// GET and HEAD of a target; the answer to HEAD is that of GET without a body.
async fn both(client: &Client, target: &str) -> Answer {
    let answer = got(client, target, &[]).await;
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
            let about = about.unwrap_or_else(|| panic!("{method} {path} is new: add it to OPERATIONS"));
            let needs_token = operation["security"][0].get("token").is_some();
            assert_eq!(operation["security"].as_array().unwrap().len(), 1, "{path}");
            assert_eq!(needs_token, about != About::Public, "{path}");
            assert!(needs_token || PUBLIC.contains(&path.as_str()), "{path} is public");
            let scopes: Vec<&str> =
                operation["security"][0]["token"].as_array().into_iter().flatten().map(|scope| scope.as_str().unwrap()).collect();
            match about {
                About::Group(action) => assert_eq!(scopes, [format!("logs:{action}:<group>")], "{path}"),
                About::Groups(action) => assert_eq!(scopes, [format!("logs:{action}:<groups>")], "{path}"),
                About::Query => assert_eq!(scopes, ["logs:query:<groups>"], "{path}"),
                About::Url | About::Caller | About::Public => assert!(scopes.is_empty(), "{path}"),
            }
        }
    }
    let known: BTreeSet<_> = OPERATIONS.iter().map(|known| (known.0.to_owned(), known.1.to_owned())).collect();
    assert_eq!(documented, known);
}

#[tokio::test]
async fn what_is_public_asks_for_no_token_and_looks_at_none() {
    let environment = environment().await;
    let world = &environment.world;
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
    let environment = environment().await;
    let mut bodies = BTreeSet::new();
    for (method, _, target, about) in OPERATIONS {
        for group in [OWN, FOREIGN, NOWHERE, "%00"] {
            if about != About::Public {
                let answer = environment.ask(&environment.world.anonymous(), method, target, group).await;
                assert_eq!(answer.problem(), "401 missing_token", "{method} {target}");
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
    let environment = environment().await;
    let other_host = World::new().await;
    let mut bodies = BTreeSet::new();
    for token in ["made-up", "a.b.c", &other_host.issuer.token("acme", "logs:*:*")] {
        for (method, _, target, about) in OPERATIONS {
            if about != About::Public {
                let answer = environment.ask(&environment.world.with_token(token), method, target, OWN).await;
                assert_eq!(answer.problem(), "401 invalid_token", "{method} {target}");
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
    let environment = environment().await;
    let acme = environment.world.tenant("acme");
    let mut answers = BTreeSet::new();
    for (method, _, target, about) in OPERATIONS {
        match about {
            About::Group(_) | About::Query | About::Url => {
                let answer = environment.ask(&acme, method, target, OWN).await;
                assert!(answer.status.is_success(), "{method} {target}: {}", answer.text());
                // A ticket covers everything that the caller may GET, whether it exists or not.
                let absent = if about == About::Url { NOWHERE } else { ":acme:nothing" };
                for group in [FOREIGN, NOWHERE, absent] {
                    let answer = environment.ask(&acme, method, target, group).await;
                    assert_eq!(answer.problem(), "404 not_found", "{method} {target} {group}");
                    answers.insert(whole(&answer));
                }
            }
            About::Groups(_) => assert!(!both(&acme, target).await.text().contains("globex"), "{target}"),
            // These operations report only the caller's permissions: their answer for a foreign group does not reveal whether it
            // exists.
            About::Caller => {
                let say = async |group: &str| {
                    let answer = environment.ask(&acme, method, target, group).await;
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
    let environment = environment().await;
    let too_small = [
        "",
        "openid profile",
        "logs:tail:*",
        "logs:query:/acme/*",
        "logs:read:/acme/*",
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
    for (method, path, target, about) in OPERATIONS {
        let action = match about {
            About::Group(action) | About::Groups(action) => action,
            About::Query => "query",
            About::Url => "read",
            About::Caller | About::Public => continue,
        };
        let enough = match action {
            "query" => "logs:query:/acme/*",
            "tail" => "logs:tail:*",
            _ => "logs:read:/acme/*",
        };
        for scope in too_small.into_iter().filter(|scope| *scope != enough) {
            let answer = environment.ask(&environment.scoped(scope), method, target, OWN).await;
            assert_eq!(answer.problem(), "403 insufficient_scope", "{method} {path} with `{scope}`");
            let challenge = answer.header("www-authenticate");
            let named = challenge.split_once("scope=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(scope, _)| scope);
            let named = named.unwrap_or_else(|| panic!("{challenge}"));
            assert!(challenge.starts_with("Bearer realm=\"logmark\", error=\"insufficient_scope\""), "{challenge}");
            assert!(answer.text().contains(named) && named.starts_with(&format!("logs:{action}:")), "{}", answer.text());
            let answer = environment.ask(&environment.scoped(named), method, target, OWN).await;
            assert!(answer.status.is_success(), "{method} {path} with `{named}`: {}", answer.text());
        }
        // For a group without a grant, no scope is named.
        if matches!(about, About::Group(_) | About::Query | About::Url) {
            let foreign = environment.ask(&environment.scoped("openid"), method, target, FOREIGN).await;
            assert_eq!(foreign.problem(), "404 not_found", "{method} {path}");
        }
    }
    let readable = environment.scoped("logs:read:/acme/web");
    assert_eq!(readable.get("/logs/:acme:api").await.problem(), "403 insufficient_scope");
}

#[tokio::test]
async fn no_other_method_does_anything() {
    let environment = environment().await;
    let world = &environment.world;
    let document = document();
    for (_, path, target, _) in OPERATIONS {
        let target = environment.target(target, OWN);
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "QUERY", "get"] {
            if document["paths"][path].get(method.to_ascii_lowercase()).is_some() && method != "get" {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            for client in [world.anonymous(), world.tenant("acme")] {
                let answer = client.send(method.clone(), &target, &[]).await;
                assert_eq!(answer.problem(), "405 method_not_allowed", "{method} {path}");
            }
            let overridden = [("x-http-method-override", "GET"), ("x-method-override", "GET"), ("x-http-method", "GET")];
            let answer = world.tenant("acme").send(method.clone(), &target, &overridden).await;
            assert_eq!(answer.status, 405, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn every_answer_is_one_that_the_document_names() {
    let environment = environment().await;
    let world = &environment.world;
    let document = document();
    for (method, path, target, _) in OPERATIONS {
        let clients = [world.anonymous(), world.with_token("x"), environment.scoped("openid"), world.tenant("acme")];
        for client in clients {
            for (group, headers) in [(OWN, vec![]), (FOREIGN, vec![]), ("%00", vec![]), (OWN, vec![("accept", "image/png")])] {
                let answer = environment.ask_with(&client, method, target, group, &headers).await;
                let named = document["paths"][path][method]["responses"].get(answer.status.as_str());
                let content_type = answer.header("content-type");
                let named = named.unwrap_or_else(|| panic!("{path} does not name {}: {}", answer.status, answer.text()));
                let shared = named["$ref"].as_str().map(|target| document.pointer(target.trim_start_matches('#')).unwrap());
                let named = shared.unwrap_or(named);
                if answer.status == 204 {
                    assert!(answer.body.is_empty() && named.get("content").is_none(), "{path}");
                    continue;
                }
                assert!(named["content"].get(content_type.as_str()).is_some(), "{path} {} {content_type}", answer.status);
                if let Some(code) = (!answer.status.is_success()).then(|| answer.code()) {
                    let examples = &named["content"][content_type.as_str()]["examples"];
                    assert!(examples.get(&code).is_some(), "{path} does not name {} {code}", answer.status);
                }
                if !answer.status.is_success() {
                    assert!(!without_instance(&answer).is_empty());
                }
            }
        }
    }
}
