//! Tests of the page pool.

use logmark_event_page::Builder;
use logmark_event_page::build::PlainEvent;
use std::num::NonZeroU32;

use super::*;

fn page(messages: &[&str]) -> Events {
    let mut builder = Builder::default();
    for message in messages {
        let event = PlainEvent { timestamp: 1, ingestion_time: None, stream: "s", event_id: None, message };
        builder.push(event).unwrap();
    }
    builder.finish()
}

fn share(tenant: &str) -> Share {
    Share::new(tenant, NonZeroU32::MIN)
}

/// The pool size to read one page while others are held.
fn pool(pages: u64) -> PagePool {
    PagePool::new(ROOM + (pages - 1) * page_bytes_of(&page(&["1", "2", "3"])))
}

const ROOM: u64 = 1 << 20;

async fn insert(pool: &PagePool, tenant: &str, messages: &[&str]) -> PooledPage {
    let deadline = Instant::now() + Duration::from_secs(10);
    pool.reserve_page(&share(tenant), ROOM, ROOM, deadline).await.unwrap().insert(page(messages), None).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_page_and_its_memory_are_held_while_its_client_reads() {
    let pool = pool(1);
    let busy = insert(&pool, "a", &["1", "2", "3"]).await;
    let other = share("b");
    let waits = pool.reserve_page(&other, ROOM, ROOM, Instant::now() + Duration::from_secs(3));
    let reads = async {
        for written in 1..=30 {
            tokio::time::sleep(STALLED - Duration::from_millis(1)).await;
            busy.set_written(written.min(3));
        }
    };
    let (rejected, ()) = tokio::join!(waits, reads);
    assert!(matches!(rejected, Err(SourceError::NoMemory { is_own: false, .. })), "{rejected:?}");
    assert!(busy.events().is_some());
    drop(busy);
    assert!(pool.reserve_spare_page(&other, ROOM, ROOM).is_some());
}

#[tokio::test(start_paused = true)]
async fn the_stalest_page_is_evicted_only_when_its_memory_is_needed() {
    let pool = pool(2);
    let stalled = insert(&pool, "a", &["1", "2", "3"]).await;
    stalled.set_written(2);
    let lively = insert(&pool, "b", &["4"]).await;
    tokio::time::sleep(STALLED * 10).await;
    assert!(lively.events().is_some());
    assert_eq!(pool.0.lock().held.len(), 2, "no request waits, so no page is evicted");

    let begun = Instant::now();
    let third = insert(&pool, "c", &["5"]).await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert!(stalled.events().is_none() && lively.events().is_some() && third.events().is_some());
    assert!(pool.reserve_spare_page(&share("d"), ROOM, ROOM).is_none(), "memory that needs an eviction does not count as spare");
}

#[tokio::test(start_paused = true)]
async fn a_tenant_over_its_share_evicts_only_its_own_pages() {
    let pool = PagePool::new(4 * ROOM);
    let others = insert(&pool, "b", &["1"]).await;
    let own = insert(&pool, "a", &["2"]).await;
    let (a, deadline) = (share("a"), Instant::now() + Duration::from_secs(3));
    let held = pool.reserve(&a, ROOM + ROOM / 2, deadline).await.unwrap();
    tokio::time::sleep(STALLED * 2).await;
    let rejected = pool.reserve(&a, ROOM, deadline).await.unwrap_err();
    assert!(matches!(rejected, SourceError::NoMemory { is_own: true, .. }), "{rejected:?}");
    assert!(own.events().is_none() && others.events().is_some());
    drop(held);
    assert!(pool.reserve_spare_page(&a, ROOM, ROOM).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_larger_than_its_room_says_how_large_it_is() {
    let message = "\u{1b}".repeat(600_000);
    let large = page(&[&message]);
    assert_eq!(frame_bytes_of(&large), 64 * 1024 + 3_600_000, "a frame of it is six times as long");
    let (pool, deadline) = (PagePool::new(page_bytes_of(&large)), Instant::now() + Duration::from_secs(1));
    let other = pool.reserve(&share("b"), 300_000, deadline).await.unwrap();
    let reserve_page = pool.reserve_page(&share("a"), 200_000, 0, deadline).await.unwrap();
    let needed = reserve_page.insert(large.clone(), None).unwrap_err();
    assert!(needed > 600_000, "{needed}");
    drop(other);
    let reserve_page = pool.reserve_page(&share("a"), needed, 0, deadline).await.unwrap();
    assert!(reserve_page.insert(large.clone(), None).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_page_read_again_must_begin_as_it_did() {
    let pool = pool(1);
    let stalled = insert(&pool, "a", &["1", "2", "3"]).await;
    stalled.set_written(2);
    let _other = insert(&pool, "b", &["x"]).await;
    assert!(stalled.events().is_none());
    for (again, expected) in [
        (vec!["1", "2", "3"], true),
        (vec!["1", "2", "other", "more"], true),
        (vec!["1", "2"], true),
        (vec!["1"], false),
        (vec!["1", "late", "2", "3"], false),
        (vec![], false),
    ] {
        assert_eq!(stalled.starts_with_written(&page(&again)), expected, "{again:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_pages_leave_nothing_in_the_pool() {
    let pool = pool(1);
    let stalled = insert(&pool, "a", &["1"]).await;
    let other = insert(&pool, "b", &["2"]).await;
    assert_eq!(pool.0.lock().evicted.len(), 1);
    drop((stalled, other));
    let pages = pool.0.lock();
    assert!(pages.evicted.is_empty() && pages.held.is_empty());
    assert_eq!(pool.0.memory.state().held, 0);
}
