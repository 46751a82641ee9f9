//! Signatures that must be refused: missing, foreign and old ones, and requests that were changed after signing.

use logmark::aws_protocol::logs::{IMPORT, operations};
use logmark::aws_protocol::route::IMPORT_TARGET;
use serde_json::json;

use super::support::{Got, Raw, exchange};
use crate::world::{Options, World};

async fn world() -> World {
    let world = World::with(Options::with_endpoint()).await;
    world.put("/acme/api", "web-1", &[(1_700_000_000_000, "canary-message")]).await;
    world
}

/// A request whose successful response contains the canary.
fn reading(world: &World) -> Raw {
    Raw::logs(world, "FilterLogEvents", &json!({ "logGroupName": "/acme/api" }))
}

fn tells_nothing(answer: &Got) {
    let text = String::from_utf8_lossy(&answer.body);
    assert!(answer.status >= 400 && !text.contains("canary"), "{} {text}", answer.status);
}

#[tokio::test]
async fn only_the_keys_own_signature_of_now_is_taken() {
    let world = world().await;
    let now = reading(&world).at;
    let minutes = |count: i64| now + count * 60_000;
    let good = reading(&world).signed().send(&world).await;
    assert_eq!(good.status, 200);
    assert!(String::from_utf8_lossy(&good.body).contains("canary-message"));
    for (what, raw, expected) in [
        ("unsigned", reading(&world), "MissingAuthenticationTokenException"),
        ("another key", Raw { key: "AKIDOTHER".to_owned(), ..reading(&world) }.signed(), "UnrecognizedClientException"),
        ("another secret", Raw { secret: "other".to_owned(), ..reading(&world) }.signed(), "InvalidSignatureException"),
        ("six minutes old", Raw { at: minutes(-6), ..reading(&world) }.signed(), "InvalidSignatureException"),
        ("six minutes ahead", Raw { at: minutes(6), ..reading(&world) }.signed(), "InvalidSignatureException"),
        ("a year old", Raw { at: minutes(-525_600), ..reading(&world) }.signed(), "InvalidSignatureException"),
        ("another service", Raw { service: "monitoring".to_owned(), ..reading(&world) }.signed(), "InvalidSignatureException"),
        ("a session token", reading(&world).with("x-amz-security-token", "token").signed(), "UnrecognizedClientException"),
        (
            "an unsigned body",
            reading(&world).with("x-amz-content-sha256", "UNSIGNED-PAYLOAD").signed(),
            "IncompleteSignatureException",
        ),
        (
            "a body in signed pieces",
            reading(&world).with("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD").signed(),
            "IncompleteSignatureException",
        ),
    ] {
        let answer = raw.send(&world).await;
        tells_nothing(&answer);
        assert_eq!(answer.refusal(), format!("400 {expected}"), "{what}");
    }
    for at in [minutes(-4), minutes(4)] {
        assert_eq!(Raw { at, ..reading(&world) }.signed().send(&world).await.status, 200, "clocks differ");
    }
    let old = Raw { at: minutes(-6), ..reading(&world) }.signed().send(&world).await;
    let message = old.json()["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("Signature expired: ") && message.ends_with(" - 5 min.)"), "{message}");
}

#[tokio::test]
async fn no_operation_answers_without_the_keys_signature() {
    let world = world().await;
    let mut tried = 0;
    for operation in operations() {
        let target = if operation == IMPORT { IMPORT_TARGET.to_owned() } else { format!("Logs_20140328.{operation}") };
        let body = json!({ "logGroupName": "/acme/api", "logStreamName": "web-1" });
        let mut raw = Raw::logs(&world, operation, &body);
        raw.headers[1].1 = target;
        for (raw, expected) in [
            (raw.clone(), "400 MissingAuthenticationTokenException"),
            (Raw { key: "AKIDOTHER".to_owned(), ..raw.clone() }.signed(), "400 UnrecognizedClientException"),
            (Raw { secret: "other".to_owned(), ..raw.clone() }.signed(), "400 InvalidSignatureException"),
        ] {
            let answer = raw.send(&world).await;
            tells_nothing(&answer);
            assert_eq!(answer.refusal(), expected, "{operation}");
        }
        tried += 1;
    }
    assert!(tried > 35, "{tried}");
    assert!(world.store().stream("/acme/api", "web-1").unwrap().is_some(), "nothing was deleted");
}

#[tokio::test]
async fn a_signature_is_good_for_any_region() {
    let world = world().await;
    let signed = reading(&world).signed();
    assert_eq!(signed.send(&world).await.status, 200);
    let group = Raw::logs(&world, "DescribeLogGroups", &json!({})).signed().send(&world).await.json();
    assert_eq!(group["logGroups"][0]["logGroupArn"], "arn:aws:logs:eu-west-1:123456789012:log-group:/acme/api");
}

#[tokio::test]
async fn what_decides_the_meaning_of_a_request_must_be_signed_and_there_once() {
    let world = world().await;
    let added = |name: &str, value: &str| reading(&world).signed().with(name, value);
    let without = |name: &str| {
        let signed = reading(&world).signed();
        Raw { headers: signed.headers.iter().filter(|(known, _)| known != name).cloned().collect(), ..signed }
    };
    for (what, raw) in [
        ("a second target", added("x-amz-target", "Logs_20140328.DeleteLogGroup")),
        ("a second date", added("x-amz-date", "20300101T000000Z")),
        ("a second type", added("content-type", "application/x-www-form-urlencoded")),
        ("an unsigned encoding", added("content-encoding", "gzip")),
        ("an unsigned digest", added("x-amz-content-sha256", &"0".repeat(64))),
        (
            "a second authorization",
            added("authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=0"),
        ),
        ("a second host", added("host", "logs.example.com")),
        ("no date", without("x-amz-date")),
        ("no target", without("x-amz-target")),
        ("no type", without("content-type")),
        ("another host", Raw { host: "logs.example.com".to_owned(), ..reading(&world).signed() }),
        ("another method", Raw { method: "PUT".to_owned(), ..reading(&world).signed() }),
        ("another path", Raw { target: "/x".to_owned(), ..reading(&world).signed() }),
        ("a query", Raw { target: "/?x=1".to_owned(), ..reading(&world).signed() }),
        ("another body", Raw { body: br#"{"logGroupName":"/acme/apj"}"#.to_vec(), ..reading(&world).signed() }),
        ("no body", Raw { body: Vec::new(), ..reading(&world).signed() }),
    ] {
        let answer = exchange(&world, &raw.bytes()).await.unwrap_or_else(|| panic!("{what}: no answer"));
        tells_nothing(&answer);
    }
    // A target added to a request that was signed without one.
    let mut bare = reading(&world);
    bare.headers.retain(|(name, _)| name != "x-amz-target");
    let smuggled = bare.signed().with("x-amz-target", "Logs_20140328.FilterLogEvents").send(&world).await;
    tells_nothing(&smuggled);
    assert_eq!(smuggled.refusal(), "400 IncompleteSignatureException");
}

#[tokio::test]
async fn a_presigned_url_is_refused_by_name() {
    let world = world().await;
    let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDTEST%2F20150830%2Feu-west-1%2Flogs%2Faws4_request\
                 &X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Expires=3600";
    let presigned = Raw { target: format!("/?{query}&X-Amz-Signature={}", "0".repeat(64)), ..reading(&world) };
    let answer = presigned.send(&world).await;
    assert_eq!(answer.refusal(), "400 IncompleteSignatureException");
    assert!(answer.json()["message"].as_str().unwrap().contains("Presigned"), "{answer:?}");
    let both = Raw { target: format!("/?{query}"), ..reading(&world) }.signed().send(&world).await;
    assert_eq!(both.refusal(), "400 IncompleteSignatureException");
}

#[tokio::test]
async fn no_byte_of_a_signed_request_can_be_changed() {
    let world = world().await;
    let bytes = reading(&world).signed().bytes();
    let text = String::from_utf8(bytes.clone()).unwrap();
    // Headers of the connection are not signed; the version and the line ends belong to HTTP.
    let end_of_line = text.find('\r').unwrap();
    let unsigned = text.find("content-length").unwrap()..text.find("\r\n\r\n").unwrap() + 4;
    let is_signed = |index: usize| {
        let is_version = (end_of_line - "HTTP/1.1".len()..end_of_line).contains(&index);
        !unsigned.contains(&index) && !is_version && !text[index..].starts_with(['\r', '\n'])
    };
    let mut refused = 0;
    for index in (0..bytes.len()).filter(|index| is_signed(*index)) {
        let mut changed = bytes.clone();
        changed[index] ^= 1;
        // Spaces around a value are not part of it, and hyper accepts no other separator.
        if let Some(answer) = exchange(&world, &changed).await {
            let part = String::from_utf8_lossy(&changed[index.saturating_sub(20)..(index + 1).min(changed.len())]).into_owned();
            assert!(answer.status >= 400, "byte {index}, {part:?}: {}", answer.status);
            tells_nothing(&answer);
        }
        refused += 1;
    }
    assert!(refused > 350, "{refused}");
}
