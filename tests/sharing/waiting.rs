//! Many requests of one tenant wait for CloudWatch at the same time: a waiting request holds no memory, and an answer is counted
//! once for all requests that share it.

use std::time::Duration;

use tokio::task::JoinSet;

use crate::contract::subject::{Binary, KEYS, cloudwatch, now, stream_path};
use crate::world::fake_cloudwatch::Fake;

const GROUP: &str = "/shared/api";
/// Longer than a request waits for memory, and shorter than the time limit of a call.
const LATENCY: Duration = Duration::from_secs(6);

async fn started(cache: &str) -> (Fake, Binary) {
    let fake = Fake::start(now()).await;
    let tenants = "[tenants.acme]\n[[tenants.acme.grants]]\ngroups = [\"/shared/*\"]\nactions = [\"read\"]\n";
    let limits = "limits = { max_connections_per_ip = 5000, max_connections = 5000 }";
    let binary = Binary::with(&(cloudwatch(&fake.endpoint(), cache) + tenants), limits, &KEYS).await;
    (fake, binary)
}

/// Sends all requests at the same time and returns the number of messages of each answer.
async fn answers(binary: &Binary, targets: impl Iterator<Item = String>) -> Vec<usize> {
    let mut requests = JoinSet::new();
    for target in targets {
        let client = binary.acme();
        requests.spawn(async move {
            let answer = client.get(&target).await;
            assert_eq!(answer.status, 200, "{target}: {}", answer.text());
            answer.messages().len()
        });
    }
    requests.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_of_a_tenant_wait_for_one_call() {
    let (fake, binary) = started("{}").await;
    let start = now() - 60_000;
    (0..10).for_each(|number| fake.state().logs.put(GROUP, "web", start + number, &format!("event {number}")));
    fake.state().latency = LATENCY;
    let target = format!("{}?start={start}&limit=10", stream_path(GROUP, "web"));
    let brought = answers(&binary, (0..1000).map(|_| target.clone())).await;
    assert_eq!(brought, vec![10; 1000]);
    assert!(fake.calls() <= 5, "{} calls", fake.calls());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_different_reads_of_a_tenant_wait_at_a_time() {
    let (fake, binary) = started("{ bytes = 0 }").await;
    let start = now() - 60_000;
    for number in 0..200 {
        fake.state().logs.put(GROUP, &format!("web-{number}"), start, "an event");
    }
    fake.state().latency = LATENCY;
    let targets = (0..200).map(|number| format!("{}?start={start}&limit=10000", stream_path(GROUP, &format!("web-{number}"))));
    assert_eq!(answers(&binary, targets).await, vec![1; 200]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_page_is_counted_once_for_the_requests_of_a_tenant() {
    let (fake, binary) = started("{}").await;
    let start = now() - 60_000;
    // One page of CloudWatch. Counted for each request, it would take 200 MiB; one tenant may hold 64 MiB.
    (0..200).for_each(|number| fake.state().logs.put(GROUP, "big", start + number, &"x".repeat(5000)));
    fake.state().latency = Duration::from_secs(1);
    let target = format!("{}?start={start}&limit=200", stream_path(GROUP, "big"));
    assert_eq!(answers(&binary, (0..200).map(|_| target.clone())).await, vec![200; 200]);
}
