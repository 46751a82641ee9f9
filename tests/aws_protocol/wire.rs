//! Details that clients rely on besides the response bodies: headers, error bodies, and three protocols of neighbouring services.

use serde_json::{Value, json};

use super::support::{Raw, exchange};
use crate::world::{Options, World};

/// A request of another protocol.
fn other(world: &World, service: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Raw {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let raw = Raw::logs(world, "", &json!({}));
    Raw { service: service.to_owned(), target: target.to_owned(), headers, body: body.to_vec(), ..raw }.signed()
}

#[tokio::test]
async fn every_answer_has_a_request_id_and_errors_a_bare_type() {
    let world = World::with(Options::with_endpoint()).await;
    let good = Raw::logs(&world, "DescribeLogGroups", &json!({})).signed().send(&world).await;
    assert_eq!((good.status, good.json()), (200, json!({ "logGroups": [] })));
    assert_eq!(good.header("content-type"), Some("application/x-amz-json-1.1"));
    let missing = Raw::logs(&world, "DescribeLogStreams", &json!({ "logGroupName": "/no" })).signed().send(&world).await;
    assert_eq!(
        missing.json(),
        json!({ "__type": "ResourceNotFoundException", "message": "The specified log group does not exist." })
    );
    assert_eq!(missing.header("x-amzn-errortype"), Some("ResourceNotFoundException"));
    for answer in [&good, &missing] {
        assert!(answer.header("x-amzn-requestid").is_some_and(|id| !id.is_empty()), "{answer:?}");
        assert!(answer.header("date").is_some(), "{answer:?}");
    }
    let created = Raw::logs(&world, "CreateLogGroup", &json!({ "logGroupName": "/acme" })).signed().send(&world).await;
    assert_eq!((created.status, created.body.len()), (200, 0), "an operation without output has an empty body");
}

#[tokio::test]
async fn an_operation_that_is_not_there_is_said_to_be_unknown() {
    let world = World::with(Options::with_endpoint()).await;
    for operation in ["CreateExportTask", "CancelExportTask", "describeloggroups", "", "ImportLogEvents", "../x"] {
        let answer = Raw::logs(&world, operation, &json!({})).signed().send(&world).await;
        assert_eq!(answer.refusal(), "400 UnknownOperationException", "{operation}");
    }
    for (method, target) in [("GET", "/"), ("PUT", "/"), ("POST", "/logs"), ("GET", "/groups"), ("GET", "/healthz")] {
        let raw =
            Raw { method: method.to_owned(), target: target.to_owned(), ..Raw::logs(&world, "DescribeLogGroups", &json!({})) };
        assert_eq!(raw.signed().send(&world).await.refusal(), "400 UnknownOperationException", "{method} {target}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_the_operations_json_is_refused_without_being_repeated() {
    let world = World::with(Options::with_endpoint()).await;
    for body in [
        "{",
        "[]",
        "7",
        "null",
        r#"{"limit":"many-canary"}"#,
        r#"{"limit":1,"limit":2}"#,
        r#"{"nextToken":{}}"#,
        "\u{0}",
        r#"{"logGroupNamePrefix":["canary"]}"#,
    ] {
        let mut raw = Raw::logs(&world, "DescribeLogGroups", &json!({}));
        raw.body = body.as_bytes().to_vec();
        let answer = raw.signed().send(&world).await;
        assert_eq!(answer.refusal(), "400 SerializationException", "{body}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("canary"), "{answer:?}");
    }
    let mut deep = Raw::logs(&world, "DescribeLogGroups", &json!({}));
    deep.body = format!("{}{}", r#"{"x":"#.repeat(100_000), "}".repeat(100_000)).into_bytes();
    assert_eq!(deep.signed().send(&world).await.refusal(), "400 SerializationException");
    let mut empty = Raw::logs(&world, "DescribeLogGroups", &json!({}));
    empty.body = Vec::new();
    assert_eq!(empty.signed().send(&world).await.status, 200, "an empty body is an object without members");
}

#[tokio::test]
async fn the_health_check_of_grafana_is_answered_in_each_of_its_protocols() {
    let world = World::with(Options::with_endpoint()).await;
    let form = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
    let body = b"Action=ListMetrics&Version=2010-08-01&Namespace=AWS%2FBilling";
    let xml = other(&world, "monitoring", "/", &form, body).send(&world).await;
    let text = String::from_utf8(xml.body.clone()).unwrap();
    assert_eq!((xml.status, xml.header("content-type")), (200, Some("text/xml")));
    assert!(text.starts_with("<ListMetricsResponse ") && text.contains("<Metrics/>"), "{text}");
    let target = ("x-amz-target", "GraniteServiceVersion20100801.ListMetrics");
    let headers = [("content-type", "application/x-amz-json-1.0"), target, ("x-amzn-query-mode", "true")];
    let json = other(&world, "monitoring", "/", &headers, b"{}").send(&world).await;
    assert_eq!((json.status, json.json()), (200, json!({ "Metrics": [] })));
    let headers = [("content-type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"), ("accept", "application/cbor")];
    let path = "/service/GraniteServiceVersion20100801/operation/ListMetrics";
    let cbor = other(&world, "monitoring", path, &headers, &[0xa0]).send(&world).await;
    assert_eq!((cbor.status, cbor.body.as_slice()), (200, b"\xa1\x67Metrics\x80".as_slice()));
    assert_eq!((cbor.header("content-type"), cbor.header("smithy-protocol")), (Some("application/cbor"), Some("rpc-v2-cbor")));
    let unknown =
        other(&world, "logs", "/service/Logs_20140328/operation/DescribeLogGroups", &headers, &[0xa0]).send(&world).await;
    assert_eq!(unknown.status, 400);
    assert!(unknown.body.windows(25).any(|window| window == b"UnknownOperationException"), "{unknown:?}");
    let sinks = other(&world, "oam", "/ListSinks", &[("content-type", "application/json")], b"{}").send(&world).await;
    assert_eq!(sinks.json(), json!({ "Items": [] }));
    let unsigned = other(&world, "sts", "/", &form, b"Action=GetCallerIdentity");
    let unsigned = Raw { headers: unsigned.headers[..1].to_vec(), ..unsigned }.send(&world).await;
    let text = String::from_utf8(unsigned.body.clone()).unwrap();
    assert_eq!(unsigned.status, 403, "{text}");
    assert!(text.contains("<Code>MissingAuthenticationToken</Code>"), "{text}");
}

#[tokio::test]
async fn broken_requests_end_without_harm() {
    // In some of these cases, the endpoint waits for the rest of the request.
    let server = "limits.header_timeout = \"1s\"\nlimits.idle_timeout = \"1s\"".to_owned();
    let world = World::with(Options { server, ..Options::with_endpoint() }).await;
    let signed = Raw::logs(&world, "DescribeLogGroups", &json!({})).signed();
    let large = Raw::logs(&world, "DescribeLogGroups", &json!({})).with("x-large", &"x".repeat(40_000)).signed();
    assert!(exchange(&world, &large.bytes()).await.is_none_or(|answer| (400..500).contains(&answer.status)));
    for bytes in [b"\x16\x03\x01".as_slice(), b"GET\r\n\r\n", b"POST / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", b"\0\0\0\0"] {
        let answer = exchange(&world, bytes).await;
        assert!(answer.is_none_or(|answer| (400..500).contains(&answer.status)), "{bytes:?}");
    }
    // Requests that a proxy could interpret differently: both lengths, and a chunked body.
    let both = String::from_utf8(signed.bytes()).unwrap().replace("connection: close", "transfer-encoding: chunked");
    assert!(exchange(&world, both.as_bytes()).await.is_none_or(|answer| answer.status >= 400));
    assert_eq!(signed.send(&world).await.status, 200);
}

#[tokio::test]
async fn the_public_listener_does_not_speak_the_protocol_and_the_endpoint_takes_no_tokens() {
    let world = World::with(Options::with_endpoint()).await;
    let signed = Raw::logs(&world, "DescribeLogGroups", &json!({})).signed();
    let headers: Vec<(&str, &str)> = signed.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let public = world.anonymous().post("/", &Value::Null, &headers).await;
    assert!(public.status == 404 || public.status == 405 || public.status == 401, "{}", public.text());
    let token = world.issuer.token("acme", "logs:*:*");
    let bearer = Raw::logs(&world, "DescribeLogGroups", &json!({})).with("authorization", &format!("Bearer {token}"));
    assert_eq!(bearer.send(&world).await.refusal(), "400 IncompleteSignatureException");
}
