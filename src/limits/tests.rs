//! Limits that a process counts alone.

use std::sync::atomic::Ordering;

use super::*;
use crate::domain::time::{HeldClock, Millis};

/// 2025-11-20T10:00:00Z: fourteen hours to midnight.
const TEN: i64 = 1_763_632_800_000;

fn limits() -> (TenantLimits, Arc<HeldClock>) {
    let clock = Arc::new(HeldClock::at(Millis(TEN)));
    (TenantLimits::in_memory(Arc::<HeldClock>::clone(&clock)), clock)
}

fn tenant(id: &str, limits: Limits) -> Tenant {
    Tenant { id: TenantId::try_from(id).unwrap(), weight: 1, limits, grants: Vec::new() }
}

#[tokio::test]
async fn requests_count_while_they_run_and_for_their_tenant_alone() {
    let limited = || Limits { concurrent_requests: NonZeroU32::new(2), ..Limits::default() };
    let (acme, globex, free) = (tenant("acme", limited()), tenant("globex", limited()), tenant("free", Limits::default()));
    let (limits, _) = limits();
    let first = limits.admit(&acme).await.unwrap().lease.unwrap();
    let second = limits.admit(&acme).await.unwrap().lease.unwrap();
    assert_eq!((first.remaining(), second.remaining()), (Some(1), Some(0)));
    let (exceeded, states) = limits.admit(&acme).await.unwrap_err();
    assert_eq!((exceeded.limit, exceeded.most), (Limit::Work(Work::Requests), 2));
    assert_eq!(states, [exceeded.state()]);
    assert!(limits.admit(&globex).await.is_ok(), "another tenant has its own places");
    assert!(limits.admit(&free).await.unwrap().lease.is_none());
    drop(first);
    assert!(limits.admit(&acme).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_one_second_and_the_wait_is_honest() {
    let acme = tenant("acme", Limits { requests_per_second: NonZeroU32::new(4), ..Limits::default() });
    let (limits, _) = limits();
    for left in [3, 2, 1, 0] {
        assert_eq!(limits.admit(&acme).await.unwrap().states[0].remaining, left);
    }
    let (exceeded, _) = limits.admit(&acme).await.unwrap_err();
    assert!(exceeded.retry_after <= Duration::from_millis(250) && !exceeded.retry_after.is_zero(), "{exceeded:?}");
    tokio::time::advance(exceeded.retry_after).await;
    assert!(limits.admit(&acme).await.is_ok());
}

#[tokio::test]
async fn bytes_of_an_answer_are_reserved_in_chunks_and_returned() {
    let (limits, clock) = limits();
    let acme = TenantId::try_from("acme").unwrap();
    let configured = Limits { sent_gb_per_day: Some(0.001), ..Limits::default() };
    let left = async || limits.remaining(&acme, &configured).await.sent_gb;
    let mut sent = limits.reserve(&acme, Budget::Sent, Some(1_000_000), Need::exactly(0)).await.unwrap();
    sent.ensure(1000).await.unwrap();
    assert_eq!(left().await, Some(0.000_737_856), "a chunk is reserved");
    sent.note(1000);
    sent.ensure(900_000).await.unwrap();
    let exceeded = sent.ensure(999_001).await.unwrap_err();
    assert_eq!(exceeded.retry_after, Duration::from_secs(14 * 3600), "so many are not left today");
    let busy = limits.reserve(&acme, Budget::Sent, Some(1_000_000), Need::exactly(200_000)).await.unwrap_err();
    assert_eq!(busy.retry_after, Duration::from_secs(5), "reserved bytes may be returned");
    drop(sent);
    assert_eq!(left().await, Some(0.000_999));
    clock.0.fetch_add(14 * 3_600_000, Ordering::Relaxed);
    assert_eq!(left().await, Some(0.001), "a day begins at midnight");
}

#[tokio::test(start_paused = true)]
async fn tenants_that_use_nothing_are_forgotten() {
    let (limits, _) = limits();
    for index in 0..20_000 {
        let acme = tenant(&format!("t{index}"), Limits { requests_per_second: NonZeroU32::MIN.into(), ..Limits::default() });
        limits.admit(&acme).await.unwrap();
        tokio::time::advance(Duration::from_millis(10)).await;
    }
    assert!(limits.0.local.known() < 10_000, "{}", limits.0.local.known());
}
