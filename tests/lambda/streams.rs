//! Streamed answers: from the configured front ends, in Lambda's form, with a regular or a visible end.

use std::io::Read as _;

use serde_json::{Value, json};

use super::events::FrontDoor;
use super::limits::Upstream;
use super::runtime::{Function, Reply};
use crate::world::binary::ServiceDirectory;
use crate::world::fake_cloudwatch::Fault;

fn directory() -> ServiceDirectory {
    let directory = ServiceDirectory::new("public_url = \"https://logs.example.com\"\n");
    directory.put("/acme/api", "web-1", (0..5).map(|i| (1_700_000_000_000 + i, format!("event {i}"))));
    directory
}

#[tokio::test]
async fn only_configured_front_doors_stream() {
    let directory = directory();
    let token = directory.issuer.token("acme", "logs:read:*");
    for (doors, streaming) in [
        ("[]", &[][..]),
        ("[\"function_url\"]", &[FrontDoor::Url][..]),
        ("[\"rest_api\"]", &[FrontDoor::Rest][..]),
        ("[\"function_url\", \"rest_api\"]", &[FrontDoor::Url, FrontDoor::Rest][..]),
    ] {
        let function = Function::streaming(&directory, doors).await;
        for door in FrontDoor::ALL {
            let reply = function.invoke(door.get("/logs/:acme:api?from=head&limit=2", Some(&token))).await;
            assert_eq!(reply.streamed, streaming.contains(&door), "{doors} {door:?}");
            assert_eq!(reply.messages(), ["event 0", "event 1"], "{doors} {door:?}");
        }
        function.end().await;
    }
}

#[tokio::test]
async fn a_streamed_answer_is_the_answer_that_a_socket_gives() {
    let directory = directory();
    let token = directory.issuer.token("acme", "logs:read:*");
    let function = Function::streaming(&directory, "[\"function_url\", \"rest_api\"]").await;
    for door in [FrontDoor::Url, FrontDoor::Rest] {
        let lines = function.invoke(door.get("/logs/:acme:api/web-1?format=ndjson", Some(&token))).await;
        assert_eq!((lines.status, lines.text().lines().count()), (200, 5));
        assert_eq!(lines.headers["content-type"], "application/x-ndjson");
        assert!(lines.broke_off().is_none(), "{door:?}");
        for name in ["trailer", "transfer-encoding", "content-length", "logmark-cursor"] {
            assert!(!lines.headers.contains_key(name), "{door:?}: {name} must not be here");
        }
        let line = function.invoke(door.get("/logs/:acme:api/web-1?format=ndjson&trailer=line", Some(&token))).await;
        assert_eq!(line.last_line()["stopReason"], "end", "{door:?}");
        let rest = format!("/logs?cursor={}", line.last_line()["cursor"].as_str().unwrap());
        assert_eq!(function.invoke(door.get(&rest, Some(&token))).await.json()["events"], json!([]));

        let packed = [("accept-encoding", "gzip")];
        let packed = function.invoke(door.request("GET", "/logs/:acme:api/web-1?format=text", Some(&token), &packed)).await;
        assert_eq!(packed.headers["content-encoding"], "gzip", "{door:?}: a stream is sent without base64");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&packed.body[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text.lines().count(), 5);

        let none = function.invoke(door.get("/logs/:acme:api", None)).await;
        assert_eq!(none.problem(), "401 missing_token");
        assert!(none.streamed && none.headers.contains_key("www-authenticate") && none.headers.contains_key("x-request-id"));
        let head = function.invoke(door.request("HEAD", "/logs/:acme:api/web-1", Some(&token), &[])).await;
        assert_eq!((head.status, head.text()), (200, ""));
        assert_eq!(function.invoke(door.get("/docs/", None)).await.status, 200);
    }
}

#[tokio::test]
async fn a_stream_has_no_bound_in_bytes() {
    let directory = ServiceDirectory::new("");
    let message = "x".repeat(1000);
    directory.put("/acme/large", "s", (0..12_000).map(|i| (1_700_000_000_000 + i, message.clone())));
    let token = directory.issuer.token("acme", "logs:read:*");
    let function = Function::streaming(&directory, "[\"function_url\"]").await;
    let target = "/logs/:acme:large/s?format=ndjson&trailer=line";
    let whole = function.invoke(FrontDoor::Url.get(target, Some(&token))).await;
    assert!(whole.body.len() > 12_000_000, "{}", whole.body.len());
    assert_eq!((whole.text().lines().count(), &whole.last_line()["stopReason"]), (12_001, &json!("end")));
    // The same through a front end without streaming: page after page, each with its cursor, and no event twice.
    let refused = function.invoke(FrontDoor::Http.get("/logs/:acme:large/s?format=ndjson", Some(&token))).await;
    assert_eq!(refused.problem(), "400 invalid_parameter");
    assert!(refused.json()["detail"].as_str().unwrap().contains("`trailer=line`"), "{}", refused.text());
}

#[tokio::test]
async fn what_breaks_midway_is_seen() {
    let upstream = Upstream::start("break").await;
    upstream.put(40);
    let function = upstream.function("[\"function_url\"]").await;
    for (format, ends) in [("ndjson", false), ("csv", true), ("text", true), ("text&raw=true", true)] {
        upstream.wrong_from(1, Fault::HalfJson);
        let reply = function.invoke(upstream.ask(FrontDoor::Url, &format!("format={format}"))).await;
        assert_eq!(reply.status, 200, "{format}: the head was sent by then");
        assert!(reply.text().contains("event 0"), "{format}: {}", reply.text());
        if ends {
            let reason = reply.broke_off().unwrap_or_else(|| panic!("{format}: a regular end\n{}", reply.text()));
            assert_eq!(reason["errorMessage"], "the response is incomplete");
        } else {
            assert_eq!(reply.last_line()["error"]["code"], "upstream_error", "{format}: {}", reply.text());
        }
        // In one piece nothing was sent yet, so the failure is the answer.
        upstream.wrong_from(1, Fault::HalfJson);
        let reply = function.invoke(upstream.ask(FrontDoor::Http, &format!("format={format}"))).await;
        assert_eq!(reply.problem(), "502 upstream_error", "{format}");
    }
}

/// The marker of a reply that more events follow.
pub(super) fn says_time(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let line = reply.last_line();
    assert_eq!(line["stopReason"], "time", "{}", reply.text());
    line["cursor"].clone()
}
