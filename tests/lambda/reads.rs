//! Reads through each front end.

use std::io::Read as _;

use serde_json::json;

use super::events::FrontDoor;
use super::runtime::{Function, Posted};
use crate::world::binary::ServiceDirectory;

fn directory() -> ServiceDirectory {
    let directory = ServiceDirectory::new("public_url = \"https://logs.example.com\"\n");
    directory.put("/acme/api", "web-1", (0..5).map(|i| (1_700_000_000_000 + i, format!("event {i}"))));
    for stream in ["a+b", "c d", "50%&=x"] {
        directory.put("/acme/odd", stream, std::iter::once((1_700_000_000_000, stream.to_owned())));
    }
    directory.put("/globex/api", "web-1", std::iter::once((1_700_000_000_000, "globex's".to_owned())));
    directory
}

#[tokio::test]
async fn every_front_door_reads_by_every_spelling_that_it_lets_through() {
    let directory = directory();
    let function = Function::start(&directory).await;
    let token = directory.issuer.token("acme", "logs:read:*");
    let all = ["event 0", "event 1", "event 2", "event 3", "event 4"];
    for door in FrontDoor::ALL {
        for target in
            ["/logs/:acme:api/web-1", "/logs/:acme:api", "/logs?group=%2Facme%2Fapi&stream=web-1", "/logs?group=:acme:api"]
        {
            assert_eq!(function.invoke(door.get(target, Some(&token))).await.messages(), all, "{door:?} {target}");
        }
        let encoded = function.invoke(door.get("/logs/%2Facme%2Fapi/web-1", Some(&token))).await;
        if door.keeps_encoding() {
            assert_eq!(encoded.messages(), all, "{door:?}");
        } else {
            assert_eq!(encoded.problem(), "404 not_found", "{door:?}");
        }
        let page = function.invoke(door.get("/logs/:acme:api/web-1?from=head&limit=2", Some(&token))).await.json();
        let next = format!("/logs?limit=2&cursor={}", page["nextCursor"].as_str().unwrap());
        assert_eq!(function.invoke(door.get(&next, Some(&token))).await.messages(), all[2..4], "{door:?}");
        let groups = function.invoke(door.get("/groups", Some(&token))).await.json();
        assert_eq!(groups["groups"].as_array().unwrap().len(), 2, "{door:?}: {groups}");
    }
}

#[tokio::test]
async fn a_decoded_path_never_leads_to_other_data() {
    let directory = directory();
    let function = Function::start(&directory).await;
    let token = directory.issuer.token("acme", "logs:read:*");
    for door in [FrontDoor::Http, FrontDoor::HttpStage] {
        for target in
            ["/logs/%2Facme%2Fapi", "/logs/%2Facme%2Fapi/web-1", "/groups/%2Facme%2Fapi", "/groups/%2Facme%2Fapi/streams"]
        {
            let reply = function.invoke(door.get(target, Some(&token))).await;
            assert_eq!(reply.problem(), "404 not_found", "{door:?} {target}");
        }
    }
}

#[tokio::test]
async fn queries_mean_the_same_through_every_front_door() {
    let directory = directory();
    let function = Function::start(&directory).await;
    let token = directory.issuer.token("acme", "logs:read:*");
    for door in FrontDoor::ALL {
        for (query, expected) in
            [("streams=a%2Bb", "a+b"), ("streams=c+d", "c d"), ("streams=c%20d", "c d"), ("streams=50%25%26%3Dx", "50%&=x")]
        {
            let reply = function.invoke(door.get(&format!("/logs/:acme:odd?{query}"), Some(&token))).await;
            assert_eq!(reply.messages(), [expected], "{door:?} {query}");
        }
        if door.keeps_repeats() {
            let reply = function.invoke(door.get("/logs/:acme:odd?streams=a%2Bb&streams=c+d", Some(&token))).await;
            assert_eq!(reply.messages(), ["a+b", "c d"], "{door:?}");
            let doubled = function.invoke(door.get("/logs/:acme:api?limit=1&limit=2", Some(&token))).await;
            assert_eq!(doubled.problem(), "400 invalid_parameter", "{door:?}");
        }
    }
}

#[tokio::test]
async fn the_stage_is_no_part_of_the_path_and_a_path_may_begin_like_it() {
    let directory = directory();
    let function = Function::start(&directory).await;
    let token = directory.issuer.token("acme", "logs:read:*");
    let mut rest = FrontDoor::Rest.get("/logs/:acme:api/web-1?limit=1", Some(&token));
    rest["requestContext"]["stage"] = "logs".into();
    assert_eq!(function.invoke(rest).await.messages(), ["event 4"]);
    let mut http = FrontDoor::Http.get("/logs/:acme:api/web-1?limit=1", Some(&token));
    http["requestContext"]["stage"] = "logs".into();
    http["rawPath"] = "/logs/logs/:acme:api/web-1".into();
    assert_eq!(function.invoke(http).await.messages(), ["event 4"]);
    let staged = function.invoke(FrontDoor::HttpStage.get("/nothing", Some(&token))).await;
    assert_eq!(staged.problem(), "404 not_found");
}

#[tokio::test]
async fn bodies_are_text_when_they_can_be_and_base64_when_they_must() {
    let directory = directory();
    let function = Function::start(&directory).await;
    let token = directory.issuer.token("acme", "logs:read:*");
    for door in FrontDoor::ALL {
        let reply = function.invoke(door.get("/logs/:acme:api/web-1?format=ndjson", Some(&token))).await;
        assert_eq!(reply.headers["content-type"], "application/x-ndjson");
        assert_eq!(reply.raw["isBase64Encoded"], false, "{door:?}: NDJSON is text");
        assert_eq!(reply.text().lines().count(), 5, "{door:?}");
        // Front ends do not support trailers. The cursor is known when the head is written, so it is in a header.
        assert!(!reply.headers.contains_key("trailer"), "{door:?}");
        let rest = format!("/logs?cursor={}", reply.headers["logmark-cursor"].to_str().unwrap());
        assert_eq!(function.invoke(door.get(&rest, Some(&token))).await.json()["events"], json!([]), "{door:?}");

        let long = "/logs/:acme:api/web-1?format=text";
        let packed = function.invoke(door.request("GET", long, Some(&token), &[("accept-encoding", "gzip")])).await;
        if door == FrontDoor::Rest {
            // A REST API passes base64 to clients undecoded, unless its binary media types include everything.
            assert_eq!(packed.raw["isBase64Encoded"], false);
            assert_eq!(packed.text().lines().count(), 5);
        } else {
            assert_eq!(
                (&packed.raw["isBase64Encoded"], &packed.headers["content-encoding"]),
                (&json!(true), &"gzip".parse().unwrap())
            );
            let mut text = String::new();
            flate2::read::GzDecoder::new(&packed.body[..]).read_to_string(&mut text).unwrap();
            assert_eq!(text.lines().count(), 5, "{door:?}");
        }
        let head = function.invoke(door.request("HEAD", "/logs/:acme:api/web-1", Some(&token), &[])).await;
        assert_eq!((head.status, head.text()), (200, ""), "{door:?}");
        let openapi = function.invoke(door.get("/openapi.json", None)).await;
        assert_eq!(openapi.json()["openapi"], "3.1.0", "{door:?}");
        assert_eq!(function.invoke(door.get("/docs/", None)).await.status, 200, "{door:?}");
    }
}

#[tokio::test]
async fn errors_are_problems_with_their_headers() {
    let directory = directory();
    let function = Function::start(&directory).await;
    let token = directory.issuer.token("acme", "logs:read:*");
    for door in FrontDoor::ALL {
        let none = function.invoke(door.get("/logs/:acme:api", None)).await;
        assert_eq!(none.problem(), "401 missing_token", "{door:?}");
        let challenge = none.headers["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains("https://logs.example.com/.well-known/oauth-protected-resource"), "{challenge}");
        assert_eq!(none.json()["instance"], none.headers["x-request-id"].to_str().unwrap());
        let foreign = function.invoke(door.get("/logs/:globex:api", Some(&token))).await;
        assert_eq!(foreign.problem(), "404 not_found", "{door:?}");
        let posted = function.invoke(door.request("POST", "/groups", Some(&token), &[])).await;
        assert_eq!(posted.problem(), "405 method_not_allowed", "{door:?}");
        assert_eq!(posted.headers["allow"], "GET,HEAD", "{door:?}");
        let wrong = function.invoke(door.get("/logs/:acme:api?limit=0&nope=1", Some(&token))).await;
        assert_eq!(wrong.problem(), "400 invalid_parameter", "{door:?}");
        assert_eq!(wrong.json()["errors"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn an_event_of_something_else_is_an_error_and_the_function_lives_on() {
    let directory = directory();
    let function = Function::start(&directory).await;
    for event in [json!({}), json!({ "Records": [{ "eventSource": "aws:sqs" }] }), json!("text"), json!({ "version": "2.0" })] {
        let posted = function.invoke_any(event.clone()).await;
        assert!(matches!(posted, Posted::Failed(_)), "{event}: {posted:?}");
    }
    let strange = function.invoke(FrontDoor::Alb.get("/logs/ a\u{e9}<>\"|/{}", None)).await;
    assert_eq!(strange.problem(), "401 missing_token");
    let token = directory.issuer.token("acme", "logs:read:*");
    assert_eq!(function.invoke(FrontDoor::Url.get("/logs/:acme:api?limit=1", Some(&token))).await.messages(), ["event 4"]);
}
