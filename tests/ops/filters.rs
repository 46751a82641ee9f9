//! `filter` on the event endpoints: its errors and its effect on answers. `contract/filters.rs` tests which events match.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::world::World;

fn target(path: &str, filter: &str) -> String {
    format!("{path}?filter={}", utf8_percent_encode(filter, NON_ALPHANUMERIC))
}

/// The problem of a filter, without the parts that differ between requests.
async fn problem(world: &World, path: &str, filter: &str) -> Value {
    let answer = world.tenant("acme").get(&target(path, filter)).await;
    assert_eq!(answer.problem(), "400 invalid_filter", "{filter}");
    let mut problem = answer.json();
    assert_eq!(problem["instance"], answer.header("x-request-id").as_str());
    problem.as_object_mut().unwrap().remove("instance");
    problem
}

#[tokio::test]
async fn an_error_names_its_position_the_expected_text_and_a_hint() {
    let world = World::new().await;
    insta::assert_json_snapshot!(problem(&world, "/logs/:acme:api", "{ $.status == 500 }").await, @r#"
    {
      "code": "invalid_filter",
      "detail": "`filter` is not valid: character 12: expected `=`, `!=`, `<`, `<=`, `>` or `>=`, found `==` (equality is one `=`).",
      "errors": [
        {
          "detail": "expected `=`, `!=`, `<`, `<=`, `>` or `>=`, found `==` (equality is one `=`)",
          "expected": "`=`, `!=`, `<`, `<=`, `>` or `>=`",
          "found": "`==`",
          "hint": "equality is one `=`",
          "kind": "unknown_name",
          "parameter": "filter",
          "position": {
            "column": 12,
            "end": 13,
            "line": 1,
            "start": 11
          }
        }
      ],
      "status": 400,
      "title": "Invalid filter",
      "type": "http://logs.test/problems/invalid_filter"
    }
    "#);
}

#[tokio::test]
async fn several_errors_are_reported_together() {
    let world = World::new().await;
    let problem = problem(&world, "/logs/:acme:api/web-1", "{ $.a == 1 && b = 2 }").await;
    insta::assert_json_snapshot!(problem["detail"], @r#"
    "`filter` has 2 faults. The first: character 7: expected `=`, `!=`, `<`, `<=`, `>` or `>=`, found `==` (equality is one `=`)."
    "#);
    let errors = problem["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "{problem}");
    assert!(errors.iter().all(|error| error["parameter"] == "filter" && error["hint"].is_string()));
}

#[tokio::test]
async fn a_filter_is_judged_on_every_event_endpoint_before_anything_is_read() {
    let world = World::new().await;
    for path in ["/logs/:acme:api", "/logs/:acme:api/web-1", "/logs/:acme:nothing", "/logs/:globex:api"] {
        problem(&world, path, "{ $.a").await;
    }
    let query = world.tenant("acme").get("/logs?group=/acme/api&filter=%7B").await;
    assert_eq!(query.problem(), "400 invalid_filter");
    let stranger = world.anonymous().get(&target("/logs/:acme:api", "{")).await;
    assert_eq!(stranger.problem(), "401 missing_token");
}

#[tokio::test]
async fn a_filter_is_at_most_1024_characters() {
    let world = World::new().await;
    world.put("/acme/api", "web-1", &[(1000, &"é".repeat(1022))]).await;
    let acme = world.tenant("acme");
    let fits = acme.get(&target("/logs/:acme:api", &format!("\"{}\"", "é".repeat(1022)))).await;
    assert_eq!(fits.messages().len(), 1);
    let long = problem(&world, "/logs/:acme:api", &"a".repeat(1025)).await;
    assert_eq!(long["errors"][0]["kind"], "limit");
}

#[tokio::test]
async fn a_query_of_logs_insights_is_recognised() {
    let world = World::new().await;
    let problem = problem(&world, "/logs/:acme:api", "fields @message | filter level = 'ERROR'").await;
    assert!(problem.to_string().contains("Logs Insights"), "{problem}");
}

#[tokio::test]
async fn a_filter_goes_with_every_other_parameter() {
    let world = World::new().await;
    let events: Vec<(i64, String)> = (1..=20).map(|at| (at * 1000, format!("{{\"n\": {at}}}"))).collect();
    let events: Vec<(i64, &str)> = events.iter().map(|(at, message)| (*at, message.as_str())).collect();
    for stream in ["web-1", "web-2", "job-1"] {
        world.put("/acme/api", stream, &events).await;
    }
    let acme = world.tenant("acme");
    // Matches 1, 5 to 7, 9 to 13, and 15 in each stream.
    let filter = utf8_percent_encode("{ $.n > 4 && $.n != 8 && $.n < 14 || $.n = 1e0 || $.n = 15 }", NON_ALPHANUMERIC);
    for (query, expected) in [
        ("start=0", 30),
        ("start=0&end=15", 27),
        ("start=15&end=16", 3),
        ("start=0&streams=web-1&streams=job-1", 20),
        ("start=0&streamPrefix=web", 20),
        ("from=tail&limit=5", 5),
        ("from=head&limit=5", 5),
    ] {
        let found = acme.get(&format!("/logs/:acme:api?{query}&filter={filter}")).await.messages();
        assert_eq!(found.len(), expected, "{query}");
    }
    let newest = acme.get(&format!("/logs/:acme:api/web-1?limit=2&filter={filter}")).await.messages();
    assert_eq!(newest, ["{\"n\": 13}", "{\"n\": 15}"]);
    let text = acme.get(&format!("/logs/:acme:api/web-1?start=0&format=text&filter={filter}")).await.text();
    assert_eq!(text.lines().count(), 10);
}
