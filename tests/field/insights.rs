//! Posted queries: those that CloudWatch accepts are accepted and sent unchanged.

use serde_json::Value;

use super::cases;
use crate::ops::queries::{body, world};
use crate::security::support::Binary;
use crate::world::client::Client;

/// The query text of the last StartQuery.
fn sent(world: &Binary) -> String {
    let state = world.fake.state();
    let start = state.seen.iter().rev().find(|seen| seen.operation == "StartQuery").unwrap();
    start.body["queryString"].as_str().unwrap().to_owned()
}

/// Starts the query and stops it, so that the tenant may start the next one. Returns the problem's code or the status.
async fn ask(client: &Client, query: &str) -> String {
    let answer = client.post("/queries", &body(query), &[]).await;
    if answer.status != 202 {
        return answer.problem();
    }
    let id = answer.json()["queryId"].as_str().unwrap().to_owned();
    assert_eq!(client.delete(&format!("/queries/{id}")).await.status, 204);
    "202".to_owned()
}

/// `query`, or the text that `build` describes.
fn query(case: &Value) -> String {
    let build = &case["build"];
    if build.is_null() {
        return cases::text(case, "query").to_owned();
    }
    let numbers = build["numbers"][0].as_u64().unwrap()..build["numbers"][1].as_u64().unwrap();
    let each = build["each"].as_str().unwrap_or("{}");
    let parts: Vec<String> = numbers.map(|number| each.replace("{}", &number.to_string())).collect();
    let parts = parts.join(cases::text(build, "between"));
    format!("{}{parts}{}", cases::text(build, "before"), cases::text(build, "after"))
}

#[tokio::test]
async fn every_posted_query_is_answered_as_cloudwatch_answers_it() {
    let Some(all) = cases::of("insights.json") else { return };
    let world = world().await;
    // Stopped queries count in the tenant's budget too.
    world.fake.state().queries.script.bytes = 0.0;
    let acme = world.tenant("acme");
    for case in &all {
        let (id, query) = (cases::text(case, "id"), query(case));
        let expected = if cases::text(case, "expect") == "accepted" { "202" } else { "400 invalid_query" };
        assert_eq!(ask(&acme, &query).await, expected, "{id}: {query}");
        if let Some(response_cache) = case["must_contain"].as_str() {
            assert!(sent(&world).contains(response_cache), "{id}: {}", sent(&world));
        }
    }
    assert!(!all.is_empty());
}

#[tokio::test]
async fn what_reaches_cloudwatch_is_the_text_behind_the_guard() {
    let world = world().await;
    world.fake.state().queries.script.bytes = 0.0;
    let acme = world.tenant("acme");
    for query in [
        "filter (not (status = 200)) or ((a) and b = 1)",
        "fields (2 ^ 3) ^ 2 as p, - (a ^ 2) as q",
        "FIELDS @timestamp, StrFTime(@timestamp, \"%Y\") AS day | WHERE level == 'ERROR' | HEAD 20",
        "filter status in (500, 502) and code not in ('a', 'b') | stats count(*) AS n GROUP BY status, bin (1h)",
        "stats count(*) as n by bin(@timestamp, 5m) offset 1h | sort n desc",
        "filter @message like /^(?i)(?!.*health)(\\w)\\1{2,4000}+(?<!x)$/",
        "parse @message /(?P<who>\\w+)@(?=example)/ | parse who xml \"/a/b\" as b | display b",
        "fields @entity.KeyAttributes.Name, `user-agent`, @message",
        "stats max(a) as a by b | stats max(a) as a by b | stats max(a) as a by b | stats max(a)",
    ] {
        assert_eq!(ask(&acme, query).await, "202", "{query}");
        let sent = sent(&world);
        let guard = sent.strip_suffix(query).unwrap_or_else(|| panic!("{sent}"));
        assert!(guard.starts_with("filter toMillis(@timestamp) ") && guard.ends_with(" | "), "{sent}");
    }
    assert_eq!(ask(&acme, "fields a # SOURCE 'g'\n| limit 5; # end").await, "202");
    assert!(sent(&world).ends_with(" | fields a \n| limit 5"), "{}", sent(&world));
}

#[tokio::test]
async fn a_query_that_the_guard_makes_too_long_is_refused_with_what_to_save() {
    let world = world().await;
    let acme = world.tenant("acme");
    let list = |gap: &str| format!("filter id in [{}]", vec!["1234"; 1_660].join(gap));
    assert_eq!(ask(&acme, &list(", ")).await, "202");
    let sent = sent(&world);
    assert!(sent.chars().count() <= 10_000 && sent.ends_with(&list(",")), "{}", sent.len());

    let long = format!("filter a = \"{}\"", "x".repeat(9_987));
    assert_eq!(long.len(), 10_000);
    let answer = acme.post("/queries", &body(&long), &[]).await;
    assert_eq!(answer.problem(), "400 invalid_query");
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    let save: usize = detail.rsplit_once(" characters shorter").unwrap().0.rsplit_once(' ').unwrap().1.parse().unwrap();
    // A text shorter by this number is accepted.
    let fits = format!("filter a = \"{}\"", "x".repeat(9_987 - save));
    assert_eq!(ask(&acme, &fits).await, "202", "{detail}");
    assert_eq!(ask(&acme, &format!("{long} ")).await, "400 invalid_query");
}
