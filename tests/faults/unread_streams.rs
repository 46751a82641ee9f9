//! Clients that send many requests and read nothing: the memory that they occupy is bounded and released.

use std::time::Duration;

use h2::Reason;

use crate::world::binary::{RunningService, ServiceDirectory};
use crate::world::unread_connection::UnreadConnection;

/// Concurrent streams of a connection.
const STREAMS: usize = 100;
/// The most memory of 100 streams that share their bytes: a request and an answer's head each.
const SHARED_KIB: u64 = 8 * 1024;
/// Longer than the time limit of an answer without progress.
const PATIENCE: Duration = Duration::from_secs(60);

fn growth(served: &RunningService, before: u64) -> u64 {
    served.process.memory_kib("VmRSS").saturating_sub(before)
}

#[tokio::test]
async fn a_hundred_streams_without_a_token_hold_nothing_and_are_reset() {
    let (mut connections, mut most) = (Vec::new(), 0);
    let served = ServiceDirectory::new("").serve().await;
    for (target, coding) in [
        ("/docs/swagger-ui-bundle.js", "identity"),
        ("/docs/swagger-ui-bundle.js", "gzip"),
        ("/docs/swagger-ui-bundle.js", "br"),
        ("/docs/swagger-ui-bundle.js", "zstd"),
        ("/openapi.json", "identity"),
        ("/openapi.json", "gzip"),
        ("/openapi.json", "br"),
        ("/openapi.json", "zstd"),
        ("/groups", "br"),
    ] {
        let headers = [("accept-encoding", coding)];
        // Memory that is allocated once is not counted as memory of a stream.
        let mut first = UnreadConnection::connect(served.address, 1 << 20).await;
        first.ask(target, &headers, 1).await;
        drop(first);
        let before = served.process.memory_kib("VmRSS");
        let mut unread_connection = UnreadConnection::connect(served.address, 0).await;
        let statuses = unread_connection.ask(target, &headers, STREAMS).await;
        let held = growth(&served, before);
        println!("{target} {coding}: {held} KiB for {STREAMS} streams");
        let expected = if target == "/groups" { 401 } else { 200 };
        assert!(statuses.iter().all(|status| *status == expected), "{target}: {statuses:?}");
        most = most.max(held);
        connections.push(unread_connection);
    }
    assert!(most < SHARED_KIB, "{most} KiB");
    for unread_connection in &mut connections {
        let ends = tokio::time::timeout(PATIENCE, unread_connection.ends())
            .await
            .expect("streams end while their connection stays open");
        assert!(ends.iter().all(|end| *end == Some(Reason::CANCEL)), "{ends:?}");
        assert_eq!(unread_connection.ask("/nothing", &[], 1).await, [404], "the connection still works");
    }
}

#[tokio::test]
async fn a_window_of_a_few_bytes_is_no_way_around() {
    let served = ServiceDirectory::new("").serve().await;
    let mut unread_connection = UnreadConnection::connect(served.address, 10).await;
    // A problem document is shorter than a frame: its end must not be queued before it is sent.
    unread_connection.ask("/nothing", &[], STREAMS / 2).await;
    unread_connection.ask("/openapi.json", &[("accept-encoding", "gzip")], STREAMS / 2).await;
    let ends = tokio::time::timeout(PATIENCE, async {
        // Without a release of the received bytes, no window opens again.
        let mut ends = Vec::new();
        for answer in unread_connection.waiting.drain(..) {
            let mut body = answer.into_body();
            let mut came = 0;
            ends.push(loop {
                match body.data().await {
                    Some(Ok(data)) => came += data.len(),
                    Some(Err(error)) => break (came, error.reason()),
                    None => break (came, None),
                }
            });
        }
        ends
    });
    for (came, end) in ends.await.expect("streams end") {
        assert!(came <= 10 && end == Some(Reason::CANCEL), "{came} bytes, {end:?}");
    }
}

#[tokio::test]
async fn requests_of_one_address_are_bounded_over_all_of_its_connections() {
    let served = ServiceDirectory::new("limits = { max_requests_per_ip = 150 }").serve().await;
    let mut first = UnreadConnection::connect(served.address, 0).await;
    assert!(first.ask("/openapi.json", &[], STREAMS).await.iter().all(|status| *status == 200));
    let mut second = UnreadConnection::connect(served.address, 0).await;
    let statuses = second.ask("/openapi.json", &[], STREAMS).await;
    assert_eq!((statuses.iter().filter(|status| **status == 200).count(), statuses.len()), (50, STREAMS));
    let refused = second.waiting.iter().find(|answer| answer.status() == 503).unwrap();
    assert!(refused.headers().contains_key("retry-after") && refused.body().is_end_stream(), "{refused:?}");
    drop(first);
    let freed = async {
        while second.ask("/me", &[], 1).await != [401] {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, freed).await.expect("the rest is free for others");
}

#[tokio::test]
async fn answers_that_are_not_taken_do_not_keep_the_service_from_its_end() {
    let mut served = ServiceDirectory::new("limits = { drain_timeout = \"10s\" }").serve().await;
    let mut unread_connection = UnreadConnection::connect(served.address, 0).await;
    unread_connection.ask("/openapi.json", &[], STREAMS).await;
    served.process.signal("TERM").await;
    let status = served.process.ended().await;
    assert!(status.success(), "{status}: {}", served.process.log());
    assert!(!served.process.log().contains("the drain time has ended"), "{}", served.process.log());
}
