//! Foreign and missing names cost the same: the same answer, the same calls to the source, the same work by every counter of the service.
//!
//! What can be counted is asserted here. The times themselves are measured by `cargo bench --bench timing`, because no assertion about
//! time holds on every machine. `LOGMARK_TIMING_PAIRS` sets the pairs of requests of each operation.

use std::collections::BTreeMap;

use serde_json::json;

use super::support::{Binary, Setup, whole};
use crate::world::client::{Answer, Client};
use crate::world::{TENANTS, World};

/// Pairs of each operation, unless the environment says otherwise.
const PAIRS: usize = 20;

/// Each operation that names a group or a stream; `{}` is the name.
const OPERATIONS: [(&str, &str); 15] = [
    ("get", "/logs/:globex:{}"),
    ("get", "/logs/:globex:{}/web-1"),
    ("get", "/logs?group=/globex/{}"),
    ("get", "/logs/:globex:{}?format=ndjson"),
    ("get", "/logs/:globex:{}?filter=ERROR&from=tail"),
    ("get", "/logs/:globex:{}?follow=true"),
    ("get", "/groups/:globex:{}"),
    ("get", "/groups/:globex:{}/streams"),
    ("get", "/groups/:globex:{}/fields"),
    ("get", "/groups?prefix=/globex/{}"),
    ("get", "/me/explain?action=read&group=:globex:{}"),
    ("post", "/queries"),
    ("post", "/queries/check"),
    ("post", "/tickets"),
    // A stream of a group in which the grant shows other streams.
    ("get", "/logs/:limited:api/{}"),
];

/// A name that exists is even, one that does not is odd, so both have the same length.
fn name(number: usize, exists: bool) -> String {
    format!("n{:04}", 2 * number + usize::from(!exists))
}

async fn ask(client: &Client, (method, target): (&str, &str), name: &str) -> Answer {
    let target = target.replace("{}", name);
    if method == "get" {
        return client.get(&target).await;
    }
    let body = match target.as_str() {
        "/tickets" => json!({ "url": format!("/logs/:globex:{name}") }),
        _ => json!({ "query": "fields status", "logGroups": [format!("/globex/{name}")], "start": "-1h" }),
    };
    client.post(&target, &body, &[]).await
}

/// The counters of the service: what it did so far, without durations and what the process does by itself.
async fn counters(admin: &Client) -> BTreeMap<String, f64> {
    let text = admin.get("/metrics").await.text();
    let samples = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
    let is_count = |name: &str| {
        let base = name.split('{').next().unwrap_or(name);
        let is_counter = base.ends_with("_total") || base.ends_with("_count");
        // The scrape itself is a request.
        is_counter && !base.starts_with("process_") && !name.contains("metrics")
    };
    samples.filter(|(name, _)| is_count(name)).map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect()
}

/// What an act adds to the counters.
async fn added(admin: &Client, act: impl Future<Output = Vec<String>>) -> (Vec<String>, BTreeMap<String, f64>) {
    let before = counters(admin).await;
    let answers = act.await;
    let mut after = counters(admin).await;
    after.retain(|name, value| {
        *value -= before.get(name).copied().unwrap_or(0.0);
        *value != 0.0
    });
    (answers, after)
}

fn pairs() -> usize {
    std::env::var("LOGMARK_TIMING_PAIRS").ok().map_or(PAIRS, |text| text.parse().unwrap())
}

/// Answers to names that exist, or to names that do not, with the name itself removed.
async fn answers(client: &Client, operation: (&str, &str), exists: bool) -> Vec<String> {
    let mut answers = Vec::new();
    for number in 0..pairs() {
        let name = name(number % 1000, exists);
        answers.push(whole(&ask(client, operation, &name).await).replace(&name, ""));
    }
    answers
}

async fn compare(client: &Client, admin: &Client, calls: impl Fn() -> usize) {
    for operation in OPERATIONS {
        let foreign = added(admin, answers(client, operation, true)).await;
        let calls_of_foreign = calls();
        let missing = added(admin, answers(client, operation, false)).await;
        let calls_of_missing = calls();
        assert_eq!(foreign, missing, "{operation:?}");
        assert_eq!(calls_of_foreign, calls_of_missing, "{operation:?}");
        assert!(!foreign.1.is_empty(), "the counters count");
    }
}

#[tokio::test]
async fn foreign_and_missing_names_of_a_local_source_cost_the_same_work() {
    let world = World::new().await;
    for number in 0..pairs().min(1000) {
        world.put(&format!("/globex/{}", name(number, true)), "web-1", &[(1, "foreign")]).await;
        world.put("/limited/api", &name(number, true), &[(1, "hidden")]).await;
    }
    compare(&world.tenant("acme"), &world.operator(), || 0).await;
}

#[tokio::test]
async fn foreign_and_missing_names_of_a_cloudwatch_source_cost_the_same_calls() {
    let world = Binary::start(Setup { tenants: TENANTS.to_owned(), quotas: true, ..Setup::default() }).await;
    for number in 0..pairs().min(1000) {
        let mut state = world.fake.state();
        state.logs.put(&format!("/globex/{}", name(number, true)), "web-1", 1_700_000_000_000, "foreign");
        state.logs.put("/limited/api", &name(number, true), 1_700_000_000_000, "hidden");
    }
    let taken = || std::mem::take(&mut world.fake.state().seen).len();
    compare(&world.tenant("acme"), &Client::new(world.admin, None), taken).await;
}
