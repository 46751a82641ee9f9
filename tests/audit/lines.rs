//! The audit lines of each request.

use std::collections::BTreeSet;
use std::path::Path;

use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use logmark::telemetry::audit::text_hash;
use serde_json::{Value, json};

use crate::world::binary::run;
use crate::world::python::Helper;
use crate::world::tokens::Issuer;
use crate::world::{Options, World};

const QUERY: &str = "fields @message | filter @message like /event-canary/";
const RANGE: &str = "start=2023-11-14T22:00:00Z&end=2023-11-15T00:00:00Z";

/// A world with events that contain a canary.
async fn world() -> World {
    let world = World::with(Options::with_endpoint()).await;
    for group in ["/acme/api", "/globex/api", "/shared/gateway"] {
        let events: Vec<(i64, String)> =
            (0..5).map(|number| (1_700_000_000_000 + number, format!("{group} event-canary {number}"))).collect();
        let events: Vec<(i64, &str)> = events.iter().map(|(time, message)| (*time, message.as_str())).collect();
        world.put(group, "web-1", &events).await;
    }
    world
}

fn faults_of_schema(world: &World) -> Vec<Value> {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/audit.schema.json");
    let helper = Helper::start("check_schema.py", &[schema.to_str().unwrap()]);
    let faults = helper.ask(&json!({ "file": world.folder.path().join("audit.jsonl") }));
    serde_json::from_str(&faults).unwrap()
}

#[tokio::test]
async fn a_run_over_all_operations_leaves_lines_of_the_documented_form_and_an_intact_chain() {
    let world = world().await;
    let acme = world.tenant("acme");
    let body =
        json!({ "query": QUERY, "logGroups": ["/acme/api"], "start": "2023-11-14T22:00:00Z", "end": "2023-11-15T00:00:00Z" });
    let started = acme.post("/queries", &body, &[("prefer", "wait=20")]).await;
    assert_eq!(started.status, 200, "{}", started.text());
    let id = started.json()["queryId"].as_str().unwrap().to_owned();
    let pointer = started.json()["results"][0]["@ptr"].as_str().unwrap().to_owned();
    let mut requests = vec![started.header("x-request-id")];
    for target in [
        format!("/logs/:acme:api/web-1?{RANGE}"),
        format!("/logs/:acme:api?{RANGE}&streams=web-1&filter=event"),
        format!("/logs?group=/acme/api&{RANGE}&format=ndjson"),
        format!("/logs?group=/acme/api&stream=web-1&{RANGE}&format=csv"),
        "/groups".to_owned(),
        "/groups/:acme:api".to_owned(),
        "/groups/:acme:api/streams".to_owned(),
        "/groups/:acme:api/fields".to_owned(),
        format!("/queries/{id}"),
        format!("/records/{pointer}"),
        "/queries/language".to_owned(),
        "/me".to_owned(),
        "/me/explain?action=read&group=/acme/api".to_owned(),
        "/reports".to_owned(),
        "/reports/parse-health?group=/acme/api".to_owned(),
    ] {
        let answer = acme.get(&target).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        requests.push(answer.header("x-request-id"));
    }
    let ticket = json!({ "url": "/logs/:acme:api?format=csv" });
    for (target, body) in [("/queries/check", &body), ("/filters/check", &json!({ "filter": "ERROR" })), ("/tickets", &ticket)] {
        let answer = acme.post(target, body, &[]).await;
        assert!(answer.status.is_success(), "{target}: {}", answer.text());
        requests.push(answer.header("x-request-id"));
    }
    requests.push(acme.delete(&format!("/queries/{id}")).await.header("x-request-id"));
    // Refused and failed requests.
    for (client, target, status) in [
        (&acme, "/logs/:globex:api/web-1", 404),
        (&acme, "/logs/:acme:nothing", 404),
        (&acme, "/logs/:acme:api?limit=x", 400),
        (&acme, "/logs/:acme:api?cursor=x", 400),
        (&acme, "/queries/made-up", 404),
        (&world.scoped("acme", "logs:read:/other/*"), "/logs/:acme:api", 403),
        (&world.with_token("made-up"), "/me", 401),
        (&world.anonymous(), "/groups", 401),
    ] {
        let answer = client.get(target).await;
        assert_eq!(answer.status, status, "{target}");
        requests.push(answer.header("x-request-id"));
    }
    let mut operations = BTreeSet::new();
    for id in &requests {
        for line in world.audit_of(id, 1).await {
            operations.insert(line["operation"].as_str().unwrap().to_owned());
        }
    }
    let document: Value = serde_json::from_str(&logmark::http::openapi::DOCUMENT).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let secured = paths
        .values()
        .flat_map(|path| path.as_object().unwrap().values())
        .filter(|op| op["security"].as_array().is_some_and(|security| security.iter().all(|scheme| scheme != &json!({}))));
    for operation in secured.map(|operation| operation["operationId"].as_str().unwrap()) {
        // Requests to the three event targets are logged under one of two operation names.
        assert!(operations.contains(operation) || operation == "readLogs", "no line of {operation}: {operations:?}");
    }
    assert_eq!(faults_of_schema(&world), [Value::Null; 0]);
    let text = world.audit_text();
    for secret in ["event-canary", "fields @message", "eyJ", "/globex/api", "made-up"] {
        assert!(!text.contains(secret), "the trail contains `{secret}`");
    }
    let proof = run(world.folder.path(), &["audit", "verify", "audit.jsonl"]).await;
    assert_eq!(proof.code, 0, "{}{}", proof.out, proof.err);
}

#[tokio::test]
async fn a_read_has_one_line_with_all_that_the_issue_of_a_dispute_needs() {
    let world = world().await;
    let mut claims = Issuer::claims("acme", "logs:read:/acme/*");
    claims["jti"] = "token-7".into();
    let answer = world.with_token(&world.issuer.mint(&claims)).get(&format!("/logs/:acme:api/web-1?{RANGE}&limit=3")).await;
    let lines = world.audit_of(&answer.header("x-request-id"), 1).await;
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    let mut shown = line.clone();
    for member in ["chain", "seq", "previousHash", "time"] {
        assert!(shown.as_object_mut().unwrap().remove(member).is_some(), "{member}");
    }
    let expected = json!({
        "version": 1, "event": "read", "requestId": answer.header("x-request-id"), "tenant": "acme", "issuer": "test",
        "subject": "someone", "tokenId": text_hash("token-7"), "client": "127.0.0.1", "operation": "readStream",
        "groups": ["/acme/api"], "streams": ["web-1"], "allowed": true, "rows": 3, "bytes": answer.body.len(), "outcome": "limit",
        "grant": "tenants.acme.grants[0]", "scope": "logs:read:/acme/*", "claim": "scope",
    });
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn a_role_that_gave_the_scope_is_named() {
    let environment = vec![
        ("LOGMARK__AUTH__ISSUERS__0__SCOPE_CLAIMS", "[\"scope\", \"groups\"]"),
        ("LOGMARK__AUTH__ISSUERS__0__SCOPE_MAP__READERS", "[\"logs:read:/acme/*\"]"),
    ];
    let world = World::with(Options { environment, ..Options::default() }).await;
    world.put("/acme/api", "web-1", &[(1_700_000_000_000, "event-canary")]).await;
    let mut claims = Issuer::claims("acme", "openid");
    claims["groups"] = json!(["staff", "readers"]);
    let answer = world.with_token(&world.issuer.mint(&claims)).get(&format!("/logs/:acme:api/web-1?{RANGE}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let line = world.audit_of(&answer.header("x-request-id"), 1).await.remove(0);
    let reason = ["scope", "claim", "claimValue"].map(|name| line[name].clone());
    assert_eq!(reason, ["logs:read:/acme/*", "groups", "readers"].map(Value::from), "{line}");
    assert_eq!(faults_of_schema(&world), [Value::Null; 0]);
}

#[tokio::test]
async fn a_token_without_an_id_is_named_by_its_own_hash() {
    let world = world().await;
    let token = world.issuer.token("acme", "logs:*:*");
    let answer = world.with_token(&token).get("/groups").await;
    let lines = world.audit_of(&answer.header("x-request-id"), 1).await;
    assert_eq!(lines[0]["tokenId"], text_hash(&token));
}

#[tokio::test]
async fn a_download_has_a_line_at_its_begin_and_one_at_its_end() {
    let world = world().await;
    let answer = world.tenant("acme").get(&format!("/logs/:acme:api?{RANGE}&format=ndjson")).await;
    let lines = world.audit_of(&answer.header("x-request-id"), 2).await;
    let [begin, read] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((&begin["event"], &begin["allowed"]), (&json!("begin"), &json!(true)));
    assert_eq!(read["event"], "read");
    assert_eq!((read["rows"].as_u64(), read["bytes"].as_u64()), (Some(5), Some(answer.body.len() as u64)));
    assert_eq!(read["outcome"], "end");
}

#[tokio::test]
async fn a_client_that_leaves_a_live_tail_leaves_a_line() {
    let world = world().await;
    let acme = world.tenant("acme");
    let answer = acme.begin(http::Method::GET, "/logs/:acme:api?follow=true&start=0", &[], bytes::Bytes::new()).await;
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let mut frames = answer.into_body().into_data_stream();
    let mut received = String::new();
    while received.matches("event-canary").count() < 5 {
        received += std::str::from_utf8(&frames.next().await.unwrap().unwrap()).unwrap();
    }
    assert_eq!(world.audit_of(&id, 1).await[0]["event"], "begin");
    drop(frames);
    drop(acme);
    let lines = world.audit_of(&id, 2).await;
    assert_eq!((&lines[1]["event"], &lines[1]["outcome"]), (&json!("read"), &json!("client_left")));
    assert_eq!(lines[1]["rows"], 5);
}

#[tokio::test]
async fn refusals_and_failures_say_why_and_name_nothing_that_the_tenant_may_not_see() {
    let world = world().await;
    let acme = world.tenant("acme");
    for (target, allowed, outcome, code, hashed) in [
        ("/logs/:globex:api", false, "refused", "not_found", Some("/globex/api")),
        ("/logs/:nowhere:at-all", false, "refused", "not_found", Some("/nowhere/at-all")),
        ("/logs/:acme:nothing", true, "failed", "not_found", Some("/acme/nothing")),
        ("/logs/:acme:api?limit=x", false, "refused", "invalid_parameter", None),
    ] {
        let answer = acme.get(target).await;
        let lines = world.audit_of(&answer.header("x-request-id"), 1).await;
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!((&line["allowed"], &line["outcome"]), (&json!(allowed), &json!(outcome)), "{target}: {line}");
        assert_eq!((&line["event"], &line["code"]), (&json!("decision"), &json!(code)), "{line}");
        assert_eq!(line.get("groups"), None, "{line}");
        assert_eq!(line["groupHashes"][0].as_str().map(str::to_owned), hashed.map(text_hash), "{line}");
    }
}

#[tokio::test]
async fn rate_limited_requests_have_lines_and_a_flood_of_them_is_bounded() {
    let tenants = crate::world::TENANTS.replace("[tenants.acme]\n", "[tenants.acme]\nlimits = { requests_per_second = 1 }\n");
    let world = World::with(Options { tenants: Some(tenants), ..Options::default() }).await;
    let acme = world.tenant("acme");
    let mut refused = Vec::new();
    for _ in 0..1500 {
        let answer = acme.get("/groups").await;
        if answer.status == 429 {
            refused.push(answer.header("x-request-id"));
        }
    }
    let line = &world.audit_of(&refused[0], 1).await[0];
    assert_eq!((&line["allowed"], &line["code"]), (&json!(false), &json!("rate_limited")));
    // Another tenant's lines do not count for this one and are not shown to it.
    let globex = world.tenant("globex").get("/logs/:acme:api").await;
    let line = &world.audit_of(&globex.header("x-request-id"), 1).await[0];
    assert_eq!(line.get("suppressed"), None);
    let lines = world.audit_text().matches("\"code\":\"rate_limited\"").count();
    assert!((1000..refused.len()).contains(&lines), "{lines} lines of {} refusals", refused.len());
}

#[tokio::test]
async fn texts_of_a_caller_are_cut_and_stay_in_their_line() {
    let world = world().await;
    let mut claims = Issuer::claims("acme", "logs:*:*");
    claims["sub"] = format!("{}\u{2028}\u{202e}\"}}\\", "x".repeat(300)).into();
    let answer = world.with_token(&world.issuer.mint(&claims)).get("/me").await;
    let line = world.audit_of(&answer.header("x-request-id"), 1).await.remove(0);
    assert_eq!(line["subject"], "x".repeat(256));
    assert_eq!((&line["operation"], &line["outcome"]), (&json!("me"), &json!("ok")));
    assert_eq!(faults_of_schema(&world), [Value::Null; 0]);
}

#[tokio::test]
async fn the_operators_own_requests_are_in_the_trail_too() {
    let world = World::with(Options::with_endpoint()).await;
    let unsigned = crate::world::client::Client::new(world.endpoints[0], None);
    let answer = unsigned.post("/", &json!({}), &[("x-amz-target", "Logs_20140328.DescribeLogGroups")]).await;
    assert_eq!(answer.status, 400);
    let line = world.audit_of(&answer.header("x-amzn-requestid"), 1).await.remove(0);
    assert_eq!((&line["allowed"], &line["operation"]), (&json!(false), &json!("DescribeLogGroups")), "{line}");
    assert_eq!(faults_of_schema(&world), [Value::Null; 0]);
}
