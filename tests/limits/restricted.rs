//! Scanned bytes of queries whose caller sees only a part of the data: on CloudWatch they count hidden events too.

use serde_json::{Value, json};

use crate::security::support::{Binary, Setup, whole};
use crate::world::client::{Answer, Client};
use crate::world::fake_cloudwatch::queries::Script;

const TENANTS: &str = r#"
[tenants.acme]
limits = { scanned_gb_per_day = 4 }
[[tenants.acme.grants]]
groups = ["/shared/*"]
streams = ["acme-*"]
actions = ["query"]
[tenants.globex]
limits = { scanned_gb_per_day = 4 }
[[tenants.globex.grants]]
groups = ["/shared/*"]
where = "{ $.tenant = globex }"
actions = ["query"]
"#;

async fn world() -> Binary {
    let world = Binary::start(Setup { tenants: TENANTS.to_owned(), ..Setup::default() }).await;
    for stream in ["acme-1", "globex-1"] {
        world.fake.state().logs.add_stream("/shared/app", stream);
    }
    world
}

fn body() -> Value {
    json!({ "query": "fields @message", "logGroups": ["/shared/app"], "start": "-1h" })
}

async fn start(client: &Client) -> Answer {
    client.post("/queries", &body(), &[]).await
}

/// Starts queries until one is refused; their ids, and the refusal.
async fn all(client: &Client) -> (Vec<String>, Answer) {
    let mut ids = Vec::new();
    loop {
        let answer = start(client).await;
        if answer.status != 202 {
            return (ids, answer);
        }
        ids.push(answer.json()["queryId"].as_str().unwrap().to_owned());
    }
}

#[tokio::test]
async fn restricted_queries_run_at_the_same_time_and_cannot_overrun_the_budget() {
    let world = world().await;
    world.fake.state().queries.script = Script { looks: usize::MAX, bytes: 0.0, ..Script::default() };
    for tenant in ["acme", "globex"] {
        let client = world.tenant(tenant);
        let (ids, refused) = all(&client).await;
        assert_eq!((ids.len(), refused.problem().as_str()), (4, "429 budget_exceeded"), "{tenant}");
        assert_eq!(refused.header("retry-after"), "5", "running queries may return what they reserved");
        for id in ids {
            assert_eq!(client.delete(&format!("/queries/{id}")).await.status, 204);
        }
        assert_eq!(start(&client).await.status, 202, "{tenant}: a place for the next one");
    }
}

#[tokio::test]
async fn what_a_query_scanned_is_reserved_for_similar_ones_of_its_tenant() {
    let world = world().await;
    let (acme, globex) = (world.tenant("acme"), world.tenant("globex"));
    world.fake.state().queries.script = Script { looks: 0, bytes: 3e8, ..Script::default() };
    let complete = acme.post("/queries", &body(), &[("prefer", "wait=20")]).await;
    assert_eq!(complete.json()["status"], "Complete", "{}", complete.text());
    world.fake.state().queries.script = Script { looks: usize::MAX, bytes: 0.0, ..Script::default() };
    // 3.7 GB are left, and each query reserves 1.2 GB: the fourth gets the rest.
    assert_eq!(all(&acme).await.0.len(), 4);
    assert_eq!(all(&globex).await.0.len(), 4, "a quarter each");
}

/// Groups that differ in what is hidden are not told apart by reservations: not by how many queries start, nor by any answer.
#[tokio::test]
async fn reservations_tell_nothing_of_what_is_stored() {
    let mut seen = Vec::new();
    for stored in [0_u64, 7, 3_000_000_000, 900_000_000_000] {
        let world = world().await;
        {
            let mut state = world.fake.state();
            state.logs.stored_bytes = Some(stored);
            state.queries.script = Script { looks: usize::MAX, bytes: 0.0, ..Script::default() };
        }
        let acme = world.tenant("acme");
        let (ids, refused) = all(&acme).await;
        let me = acme.get("/me").await.json();
        assert!(me["remaining"].get("scannedGbPerDay").is_none(), "{me}");
        let described = world.fake.state().seen.iter().filter(|seen| seen.operation == "DescribeLogGroups").count();
        seen.push((ids.len(), whole(&refused), me["limits"].clone(), described));
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:#?}");
    assert_eq!(seen[0].3, 0, "sizes are not asked for");
}

/// The overrun that docs/configuration.md states: what running queries scan beyond what they have reserved, until the next poll.
#[tokio::test]
async fn a_query_that_scans_more_than_it_reserved_is_stopped_when_nothing_is_left() {
    let world = world().await;
    world.fake.state().queries.script = Script { looks: usize::MAX, bytes: 1.5e9, ..Script::default() };
    let acme = world.tenant("acme");
    let (ids, _) = all(&acme).await;
    assert_eq!(ids.len(), 4);
    // Each has reserved 1 GB. Its statistics of 1.5 GB exceed the 4 GB together with what the others have reserved or scanned.
    while world.fake.state().queries.running() > 0 {
        for id in &ids {
            let read = acme.get(&format!("/queries/{id}")).await;
            assert_eq!(read.status, 200, "{}", read.text());
        }
    }
    let refused = start(&acme).await;
    assert_eq!(refused.problem(), "429 budget_exceeded");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=86_400).contains(&wait), "{wait}: until midnight");
}
