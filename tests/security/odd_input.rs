//! Random targets through the router: every answer is Logmark's own, and none is a 500.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use logmark::auth::dev_issuer::DevIssuer;
use logmark::domain::time::SystemClock;
use logmark::service::Service;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof};
use proptest::test_runner::TestRunner;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::world::tokens::Issuer;

/// Pieces of attacks and plain pieces, so that many targets pass the first checks.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => proptest::sample::select(vec![
            "logs", "groups", "streams", "me", "explain", "docs", "openapi.json", ":acme:api", "%2Facme%2Fapi", "web-1",
            ".well-known", "oauth-protected-resource", "swagger-ui.css", "index.html", "healthz", "metrics", "readyz",
        ]).prop_map(str::to_owned),
        2 => proptest::sample::select(vec![
            "", ".", "..", "%2e%2e", "%00", "%ff", "%", "%zz", "%2", "%252F", "{group}", "{*rest}", "*", ":", ":group", ";", "%c0%af",
            "%F0%9F%92%A9", "@", "|", "%0d%0a", "'", "\"", "<script>", "${jndi}", "\\", "^", "`", "~", "!", "(", "[", "]",
        ]).prop_map(str::to_owned),
        1 => "[ -~&&[^ #?\"<>]]{0,12}",
        1 => "(%[0-9a-f]{2}){1,6}",
    ]
}

fn parameter() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        4 => proptest::sample::select(vec![
            "start", "end", "limit", "from", "cursor", "format", "raw", "trailer", "streams", "streamPrefix", "group", "stream", "prefix",
            "orderBy", "order", "action", "filter", "follow",
        ]).prop_map(str::to_owned),
        1 => piece(),
    ];
    let value = prop_oneof![
        3 => proptest::sample::select(vec![
            "0", "1", "-1", "10000", "now", "-15m", "-99999999999999d", "9223372036854775807", "253402300799999", "253402300800000",
            "2026-11-20T10:00:00Z", "9999-12-31T23:59:59.999Z", "0000-01-01T00:00:00Z", "2026-11-20T10:00:00%2B25:99", "head", "tail",
            "json", "ndjson", "csv", "text", "true", "line", "name", "lastEvent", "asc", "desc", "/acme/api", "web-1", "read", "AAAA",
            "-9223372036854775808", "1e9", "NaN", "", "%F0%9F%92%A9", "-1h30m", "-106751991167d", "-9999y", "18446744073709551616",
        ]).prop_map(str::to_owned),
        1 => piece(),
    ];
    (name, prop_oneof![5 => Just("="), 1 => Just(""), 1 => Just("=="), 1 => Just("%3D")], value)
        .prop_map(|(name, equals, value)| format!("{name}{equals}{value}"))
}

fn target() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(vec![
        "/logs/:acme:api/web-1",
        "/logs/:acme:api",
        "/logs",
        "/groups",
        "/groups/:acme:api",
        "/groups/:acme:api/streams",
        "/me",
        "/me/explain",
        "/docs/",
        "/docs",
    ]);
    let path = prop_oneof![
        1 => known.prop_map(str::to_owned),
        1 => proptest::collection::vec(piece(), 0..6).prop_map(|pieces| format!("/{}", pieces.join("/"))),
    ];
    (path, proptest::collection::vec(parameter(), 0..5)).prop_map(|(path, parameters)| match parameters.is_empty() {
        true => path,
        false => format!("{path}?{}", parameters.join("&")),
    })
}

fn header() -> impl Strategy<Value = (&'static str, String)> {
    let names =
        vec!["accept", "accept-encoding", "traceparent", "origin", "content-length", "range", "if-none-match", "te", "expect"];
    (
        proptest::sample::select(names),
        prop_oneof![
            2 => proptest::sample::select(vec![
                "*/*", "text/csv", "application/x-ndjson", "text/plain;q=0.5, */*;q=0", "text/event-stream", ";;;", ",", "q=1", "gzip", "br",
                "zstd", "identity;q=0, *;q=0", "0", "1", "99999999999999999999999", "bytes=0-1", "*", "\"x\"", "100-continue",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "null", "https://x.test", "application/json;q=nan",
            ]).prop_map(str::to_owned),
            1 => "[ -~]{0,20}",
        ],
    )
}

async fn router(folder: &std::path::Path) -> Router {
    let issuer = DevIssuer::load_or_create(&folder.join("issuer.pem")).unwrap();
    issuer.write_jwks(&folder.join("issuer.jwks.json")).unwrap();
    let text = format!(
        "[server]\npublic_url = \"http://logs.test\"\ncors_origins = [\"https://x.test\"]\n[telemetry]\naudit = true\n\
         [[auth.issuers]]\nissuer = \"test\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:issuer.jwks.json\"\n\
         [[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\n{}\n",
        crate::world::TENANTS
    );
    let path = folder.join("logmark.toml");
    std::fs::write(&path, text).unwrap();
    let config = logmark::config::load(Some(&path), std::iter::empty()).unwrap();
    let service = Service::build(&config, "http://logs.test".to_owned(), Arc::new(SystemClock)).await.unwrap();
    let store = service.local_store().unwrap();
    store.create_group("/acme/api", 1_700_000_000_000).unwrap();
    store.create_stream("/acme/api", "web-1", 1_700_000_000_000).unwrap();
    let event = logmark_store::NewEvent { timestamp: 1, message: "x".to_owned() };
    store.append("/acme/api", "web-1", vec![event], 2).await.unwrap();
    service.router()
}

async fn ask(router: &Router, method: &str, target: &str, headers: &[(&str, String)]) -> Result<u16, String> {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, value.as_str());
    }
    // Requests that the client library refuses are not sent.
    let Ok(request) = request.body(Body::empty()) else { return Ok(0) };
    let answer = router.clone().oneshot(request).await.map_err(|error| error.to_string())?;
    let (parts, mut body) = answer.into_parts();
    let body = match parts.headers.contains_key("x-accel-buffering") {
        // A live tail does not end.
        true => body.frame().await.and_then(Result::ok).and_then(|frame| frame.into_data().ok()).unwrap_or_default(),
        false => body.collect().await.map_err(|error| format!("the body is incomplete: {error}"))?.to_bytes(),
    };
    if parts.status.is_server_error() {
        return Err(format!("{}: {}", parts.status, String::from_utf8_lossy(&body)));
    }
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    if text("x-request-id").len() != 32 || text("cache-control") != "private, no-store" && method != "OPTIONS" {
        return Err(format!("{} without our headers: {:?}", parts.status, parts.headers));
    }
    if parts.status.is_client_error() && method != "HEAD" && text("content-encoding").is_empty() {
        let problem: Value = serde_json::from_slice(&body).map_err(|error| format!("{error}: {body:?}"))?;
        if text("content-type") != "application/problem+json" || problem["status"] != parts.status.as_u16() {
            return Err(format!("{} without a problem: {problem}", parts.status));
        }
    }
    Ok(parts.status.as_u16())
}

#[test]
fn whatever_is_asked_there_is_an_answer_of_ours() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let router = runtime.block_on(router(folder.path()));
    let token = format!(
        "Bearer {}",
        DevIssuer::load(&folder.path().join("issuer.pem")).unwrap().mint(&Issuer::claims("acme", "logs:*:*")).unwrap()
    );
    let mut runner = TestRunner::new(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() });
    let methods = proptest::sample::select(vec!["GET", "GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "DELETE"]);
    let requests = (methods, target(), proptest::collection::vec(header(), 0..3), proptest::bool::weighted(0.9));
    let seen = std::cell::RefCell::new(std::collections::BTreeMap::<u16, u32>::new());
    let outcome = runner.run(&requests, |(method, target, mut headers, with_token)| {
        if with_token {
            headers.push(("authorization", token.clone()));
        }
        let asked = runtime.block_on(ask(&router, method, &target, &headers));
        let status = asked
            .map_err(|error| proptest::test_runner::TestCaseError::fail(format!("{method} {target} {headers:?}: {error}")))?;
        *seen.borrow_mut().entry(status).or_default() += 1;
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    // The targets must reach enough different answers.
    let seen = seen.into_inner();
    for (status, least) in [(200, 300), (400, 300), (401, 50), (404, 300), (405, 100), (406, 10)] {
        assert!(seen.get(&status).is_some_and(|count| *count >= least), "{status} is too rare: {seen:?}");
    }
}

/// An answer is not an echo: it repeats invalid input only as far as needed to recognise it.
#[tokio::test]
async fn an_error_repeats_little_of_what_was_sent() {
    let world = crate::world::World::new().await;
    let long = "x".repeat(3_500);
    for target in [
        format!("/logs/:acme:api?streams={long}*"),
        format!("/logs/:acme:api?streams={long}&streams={long}"),
        format!("/logs/:acme:api?streamPrefix={long}*"),
        format!("/logs/:acme:api?streams=%1b%5b31m{long}"),
        format!("/logs/:acme:api/{long}*"),
        format!("/logs/{long}"),
        format!("/logs/:acme:api?start={long}&end={long}&limit={long}&from={long}"),
        format!("/logs/:acme:api?{long}={long}"),
        format!("/logs/:acme:api?cursor={long}"),
        format!("/groups/:acme:api/streams?orderBy={long}"),
        format!("/me/explain?action={long}&group={long}"),
    ] {
        let answer = world.tenant("acme").get(&target).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert!(answer.body.len() < 2000, "{} bytes: {}", answer.body.len(), answer.text());
        assert!(!answer.text().contains("\\u001b"), "{}", answer.text());
    }
}
