//! `POST /queries/check`: faults, refusals, columns and the estimate, without starting a query.

use serde_json::{Value, json};

use super::queries::{body, started};
use crate::security::support::{Binary, Setup};
use crate::world::client::Client;
use crate::world::{Options, World};

const TENANTS: &str = r#"
[tenants.acme]
limits = { scanned_gb_per_day = 2, concurrent_queries = 1, max_range = "31d" }
[[tenants.acme.grants]]
groups = ["/acme/*"]
actions = ["read", "query"]
[tenants.partial]
[[tenants.partial.grants]]
groups = ["/acme/*"]
streams = ["prod-*"]
actions = ["read", "query"]
"#;

fn millis_ago(millis: i64) -> i64 {
    jiff::Timestamp::now().as_millisecond() - millis
}

async fn world() -> World {
    World::with(Options { tenants: Some(TENANTS.to_owned()), ..Options::default() }).await
}

async fn check(client: &Client, query: &str) -> Value {
    let answer = client.post("/queries/check", &body(query), &[]).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.json()
}

#[tokio::test]
async fn a_fault_has_its_range_in_bytes_and_a_correction() {
    let world = world().await;
    world.put("/acme/api", "prod-1", &[(millis_ago(60_000), "x")]).await;
    let text = "filter name = \"zoë 🛒\"\n| stat count(*) by bin(5m)";
    let checked = check(&world.tenant("acme"), text).await;
    let fault = &checked["diagnostics"][0];
    let index = |name: &str| usize::try_from(fault[name].as_u64().unwrap()).unwrap();
    assert_eq!(text.get(index("start")..index("end")), Some("stat"), "{fault}");
    assert_eq!((&fault["line"], &fault["column"], &fault["severity"]), (&json!(2), &json!(3), &json!("error")));
    let mut corrected = text.to_owned();
    corrected.replace_range(index("start")..index("end"), fault["fix"].as_str().unwrap());
    let checked = check(&world.tenant("acme"), &corrected).await;
    assert_eq!(checked["diagnostics"], json!([]), "{checked}");
    assert_eq!((&checked["columns"], &checked["shape"]), (&json!(["bin(5m)", "count(*)"]), &json!("series")));
}

#[tokio::test]
async fn a_query_has_columns_and_a_shape() {
    let world = world().await;
    world.put("/acme/api", "prod-1", &[(millis_ago(60_000), "x")]).await;
    let acme = world.tenant("acme");
    for (query, columns, shape) in [
        ("filter a = 1", json!(["@timestamp", "@message"]), "events"),
        (
            "fields @timestamp, status | parse @message \"* *\" as one, two",
            json!(["@timestamp", "status", "one", "two"]),
            "events",
        ),
        ("parse @message /(?<user>\\w+)/ | display user", json!(["user"]), "events"),
        ("stats count(*) as n, avg(ms) by status | sort n desc | limit 5", json!(["status", "n", "avg(ms)"]), "table"),
        ("stats count(*) by bin(1h), status", json!(["bin(1h)", "status", "count(*)"]), "series"),
        ("stats count(*) as n by bin(1m) | stats max(n) as most", json!(["most"]), "table"),
        ("pattern @message", json!(["@pattern", "@ratio", "@sampleCount", "@severityLabel"]), "table"),
    ] {
        let checked = check(&acme, query).await;
        assert_eq!((&checked["columns"], &checked["shape"]), (&columns, &json!(shape)), "{query}");
        assert_eq!((&checked["diagnostics"], &checked["refusals"]), (&json!([]), &json!([])), "{query}");
    }
    let checked = check(&acme, "filter (").await;
    assert_eq!((&checked["columns"], checked.get("shape")), (&json!([]), None), "an invalid query has no columns");
}

#[tokio::test]
async fn what_starting_refuses_the_check_tells_and_nothing_else() {
    let world = world().await;
    world.put("/acme/api", "prod-1", &[(millis_ago(60_000), r#"{"a":1}"#)]).await;
    let acme = world.tenant("acme");
    let long = format!("filter a = \"{}\"", "x".repeat(10_000));
    for query in [
        "fields a",
        "",
        "filter",
        "stats count(*",
        "SOURCE '/acme/api' | fields a",
        "fields unmask(@message)",
        "pattern @message | diff previousDay",
        "pattern @message | anomaly",
        "filter a in (SOURCE logGroups() | fields a)",
        "filter @message like /(?<=a)b/",
        "parse @message xml '//a[last()]' as a",
        "stats count(*) by @ptr",
        &long,
    ] {
        let checked = check(&acme, query).await;
        let is_accepted = checked["diagnostics"] == json!([]) && checked["refusals"] == json!([]);
        let answer = acme.post("/queries", &body(query), &[("prefer", "wait=20")]).await;
        assert_eq!(answer.status.is_success(), is_accepted, "{query}: {checked} {}", answer.text());
        if answer.status == 422 {
            let refusal = &checked["refusals"][0];
            let error = &answer.json()["errors"][0];
            assert_eq!(refusal["code"], "query_forbidden", "{query}");
            assert_eq!((&refusal["start"], &refusal["end"]), (&error["position"]["start"], &error["position"]["end"]), "{query}");
            assert_eq!(refusal["detail"], error["detail"], "{query}");
        }
    }
}

#[tokio::test]
async fn wrong_members_and_groups_are_refused_as_at_the_start() {
    let world = world().await;
    world.put("/acme/api", "prod-1", &[(millis_ago(60_000), "x")]).await;
    let acme = world.tenant("acme");
    for (wrong, value) in [
        ("logGroups", json!(["/globex/api"])),
        ("logGroups", json!(["/acme/gone"])),
        ("logGroups", json!([])),
        ("logGroups", Value::Null),
        ("start", json!("yesterday")),
        ("start", json!("-32d")),
        ("end", json!("-2h")),
        ("limit", json!(0)),
        ("query", json!(7)),
        ("text", json!("fields a")),
        ("query", json!("filter a in (SOURCE '/globex/api' | fields a)")),
        ("query", json!("filter a in (SOURCE '/acme/gone' | fields a)")),
    ] {
        let mut body = body("fields a");
        body[wrong] = value;
        let checked = acme.post("/queries/check", &body, &[]).await;
        let started = acme.post("/queries", &body, &[]).await;
        assert_eq!(checked.problem(), started.problem(), "{body}");
        // The texts contain the time of each request.
        let errors = |answer: &crate::world::client::Answer| -> String {
            answer.json()["errors"].to_string().chars().filter(|character| !character.is_ascii_digit()).collect()
        };
        assert_eq!(errors(&checked), errors(&started), "{body}");
    }
    let scoped = world.scoped("acme", "logs:read:/acme/*");
    assert_eq!(scoped.post("/queries/check", &body("fields a"), &[]).await.problem(), "403 insufficient_scope");
    assert_eq!(world.anonymous().post("/queries/check", &body("fields a"), &[]).await.problem(), "401 missing_token");
    assert_eq!(acme.post("/queries/check?format=csv", &body("fields a"), &[]).await.problem(), "400 invalid_parameter");
}

#[tokio::test]
async fn a_check_starts_nothing_and_uses_no_budget() {
    let world = world().await;
    world.put("/acme/api", "prod-1", &[(millis_ago(60_000), &"x".repeat(1000))]).await;
    let acme = world.tenant("acme");
    let limits = async || acme.get("/me").await.json()["limits"].take();
    let before = limits().await;
    for _ in 0..5 {
        let checked = check(&acme, "stats count(*)").await;
        assert_eq!(checked["estimate"], json!({ "bytes": 1000, "basis": "exact", "remainingGb": 2.0 }));
    }
    assert_eq!(limits().await["scannedGbRemaining"], before["scannedGbRemaining"]);
    assert_eq!(limits().await["queriesRemaining"], before["queriesRemaining"]);
    // The only place for a query is still free.
    started(&acme, &body("stats count(*)")).await;
}

#[tokio::test]
async fn the_estimate_of_a_local_source_counts_what_the_caller_may_see_in_the_range() {
    let world = world().await;
    let (old, new) = (millis_ago(3 * 3_600_000), millis_ago(60_000));
    world.put("/acme/api", "prod-1", &[(old, "12345"), (new, "123")]).await;
    world.put("/acme/api", "dev-1", &[(new, "1234567")]).await;
    for (tenant, bytes) in [("acme", 10), ("partial", 3)] {
        let estimate = check(&world.tenant(tenant), "fields a").await["estimate"].take();
        assert_eq!((&estimate["bytes"], &estimate["basis"]), (&json!(bytes), &json!("exact")), "{tenant}");
    }
    // More than the limit of a check's estimate, so it counts the size of everything that the caller may see.
    let long = "x".repeat(500_000);
    for number in 0..20 {
        world.put("/acme/api", "prod-2", &[(new + number, &long)]).await;
    }
    for (tenant, bytes) in [("acme", 10_000_015), ("partial", 10_000_008)] {
        let estimate = check(&world.tenant(tenant), "fields a").await["estimate"].take();
        assert_eq!((&estimate["bytes"], &estimate["basis"]), (&json!(bytes), &json!("stored")), "{tenant}");
    }
}

#[tokio::test]
async fn the_estimate_of_cloudwatch_is_the_stored_size_and_its_price_unless_streams_are_hidden() {
    let tenants = TENANTS.replace("groups =", "source = \"aws\"\ngroups =");
    let world = Binary::start(Setup { tenants, ..Setup::default() }).await;
    world.fake.state().logs.put("/acme/api", "prod-1", 1_700_000_000_000, "x");
    let estimate = check(&world.tenant("acme"), "fields a").await["estimate"].take();
    assert_eq!(estimate["basis"], "stored");
    let bytes = estimate["bytes"].as_f64().unwrap();
    assert_eq!(estimate["usd"].as_f64(), Some(bytes / 1e9 * 0.005));
    let estimate = check(&world.tenant("partial"), "fields a").await["estimate"].take();
    assert_eq!(estimate, json!({ "basis": "unknown" }));
    // Queries that CloudWatch does not support are refused: an inner query, and a text over its limit.
    let checked = check(&world.tenant("acme"), "filter a in (SOURCE '/acme/api' | fields a)").await;
    assert_eq!(checked["refusals"][0]["code"], "query_forbidden", "{checked}");
    let checked = check(&world.tenant("acme"), &format!("filter a = \"{}\"", "x".repeat(9_980))).await;
    assert_eq!(
        (&checked["refusals"][0]["code"], &checked["refusals"][0]["start"]),
        (&json!("invalid_query"), &json!(0)),
        "{checked}"
    );
    let operations: Vec<String> = world.fake.state().seen.iter().map(|seen| seen.operation.clone()).collect();
    assert!(operations.iter().all(|operation| operation == "DescribeLogGroups"), "{operations:?}");
}
