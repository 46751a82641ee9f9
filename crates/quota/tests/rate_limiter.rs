//! The futures of a rate limiter under a paused clock: order, leaving, deadlines, throttling, the breaker.
//!
//! Tests the public API. `src/rate_limiter/tests.rs` tests the state machine against models, `tests/simulation` simulates hours
//! of traffic.
#![expect(clippy::unwrap_used, reason = "test code, which clippy sees only in functions that are tests")]

use std::future::poll_fn;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use logmark_quota::{BreakerState, CallPermit, QueueLimits, RateLimiter, RateLimits, Rejected, Share};
use tokio::time::{Instant, advance};

const SECOND: Duration = Duration::from_secs(1);
/// A second by the rate limiter's definition.
const SPAN: Duration = Duration::from_millis(1001);

type Waiting<'a> = Pin<Box<dyn Future<Output = Result<CallPermit, Rejected>> + 'a>>;

fn rate_limiter(rate: f64) -> RateLimiter {
    RateLimiter::new(RateLimits::new(rate, 0.0).unwrap())
}

fn share(tenant: &str) -> Share {
    Share::new(tenant, NonZeroU32::MIN)
}

/// Sends a request and polls it once.
async fn queued<'a>(rate_limiter: &'a RateLimiter, share: &'a Share, max_wait: Duration) -> Waiting<'a> {
    let deadline = Instant::now() + max_wait;
    let mut waiting: Waiting<'a> = Box::pin(rate_limiter.admit(share, deadline));
    assert!(poll_once(&mut waiting).await.is_none());
    waiting
}

async fn poll_once(waiting: &mut Waiting<'_>) -> Option<Result<CallPermit, Rejected>> {
    poll_fn(|context| {
        Poll::Ready(match waiting.as_mut().poll(context) {
            Poll::Ready(decision) => Some(decision),
            Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn an_idle_tenants_first_request_does_not_wait_behind_a_busy_tenants_hundredth() {
    let (rate_limiter, busy, idle) = (rate_limiter(1.0), share("busy"), share("idle"));
    rate_limiter.admit(&busy, Instant::now()).await.unwrap().succeeded();
    let mut hundred = Vec::new();
    for _ in 0..100 {
        hundred.push(queued(&rate_limiter, &busy, 1000 * SECOND).await);
    }
    assert!(
        matches!(rate_limiter.admit(&busy, Instant::now() + 1000 * SECOND).await, Err(Rejected::Busy { .. })),
        "a hundred and no more"
    );
    let began = Instant::now();
    rate_limiter.admit(&idle, began + 5 * SPAN).await.unwrap().succeeded();
    assert!(began.elapsed() <= 2 * SPAN, "behind the first at most: {:?}", began.elapsed());
    assert_eq!((rate_limiter.state().queued, rate_limiter.state().tenants_queued), (99, 1));
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_evicts_its_last_waiter_for_one_that_ranks_before_it() {
    let rate_limiter = RateLimiter::new(RateLimits::new(1.0, 0.0).unwrap().with_queue(QueueLimits { total: 10, per_tenant: 10 }));
    let (busy, idle) = (share("busy"), share("idle"));
    rate_limiter.admit(&busy, Instant::now()).await.unwrap().succeeded();
    let mut waiters = Vec::new();
    for _ in 0..10 {
        waiters.push(queued(&rate_limiter, &busy, 1000 * SECOND).await);
    }
    let _idle = queued(&rate_limiter, &idle, 1000 * SECOND).await;
    assert!(matches!(poll_once(&mut waiters[9]).await, Some(Err(Rejected::Busy { .. }))));
    assert_eq!((rate_limiter.state().queued, rate_limiter.state().tenants_queued), (10, 2));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_waiter_delays_no_other() {
    let (rate_limiter, tenants) = (rate_limiter(1.0), ["a", "b", "c", "d"].map(share));
    rate_limiter.admit(&tenants[0], Instant::now()).await.unwrap().succeeded();
    let began = Instant::now();
    let first = queued(&rate_limiter, &tenants[0], 60 * SECOND).await;
    let second = queued(&rate_limiter, &tenants[1], 60 * SECOND).await;
    let third = queued(&rate_limiter, &tenants[2], 60 * SECOND).await;
    drop(first);
    // The second request is granted a permit, because every event makes the calls that are due, and is dropped before it was
    // polled.
    advance(SPAN).await;
    assert!(rate_limiter.try_admit().is_none());
    assert_eq!(rate_limiter.state().queued, 1);
    drop(second);
    third.await.unwrap().succeeded();
    assert_eq!(began.elapsed(), SPAN, "the third gets the permit that the second returned");
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_is_never_polled_again_delays_the_others_by_one_call() {
    let (rate_limiter, tenants) = (rate_limiter(1.0), ["a", "b", "c"].map(share));
    rate_limiter.admit(&tenants[0], Instant::now()).await.unwrap().succeeded();
    let began = Instant::now();
    let _asleep = queued(&rate_limiter, &tenants[1], 60 * SECOND).await;
    rate_limiter.admit(&tenants[2], began + 60 * SECOND).await.unwrap().succeeded();
    assert!(began.elapsed() <= 2 * SPAN + Duration::from_millis(2), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_meet_its_deadline_is_rejected_at_once_or_when_others_overtake_it() {
    let (rate_limiter, busy, others) = (rate_limiter(1.0), share("busy"), ["a", "b", "c", "d"].map(share));
    rate_limiter.admit(&busy, Instant::now()).await.unwrap().succeeded();
    let began = Instant::now();
    let _first = queued(&rate_limiter, &busy, 60 * SECOND).await;
    assert_eq!(rate_limiter.admit(&busy, began + SECOND).await.unwrap_err(), Rejected::Busy { retry_after: 2 * SECOND });
    assert_eq!(began.elapsed(), Duration::ZERO);

    let late = queued(&rate_limiter, &busy, 4 * SECOND).await;
    let mut waiters = Vec::new();
    for other in &others {
        waiters.push(queued(&rate_limiter, other, 60 * SECOND).await);
    }
    let rejected = late.await.unwrap_err();
    assert!(began.elapsed() <= 2 * SECOND, "it is decided before its deadline: {:?}", began.elapsed());
    assert!(rejected.retry_after() >= Some(SECOND));
}

#[tokio::test(start_paused = true)]
async fn try_admit_succeeds_only_when_no_request_waits() {
    let (rate_limiter, tenant) = (rate_limiter(2.0), share("a"));
    let permits = [rate_limiter.try_admit(), rate_limiter.try_admit(), rate_limiter.try_admit()];
    assert_eq!(permits.each_ref().map(Option::is_some), [true, true, false]);
    advance(5 * SECOND).await;
    rate_limiter.try_admit().unwrap().throttled(Some(3 * SECOND));
    let began = Instant::now();
    let mut waiting = queued(&rate_limiter, &tenant, 60 * SECOND).await;
    assert!(rate_limiter.try_admit().is_none());
    while poll_once(&mut waiting).await.is_none() {
        advance(Duration::from_millis(100)).await;
    }
    assert_eq!(began.elapsed(), 3 * SECOND, "not before the end of the pause that the upstream requested");
}

#[tokio::test(start_paused = true)]
async fn failures_open_the_breaker_for_all_waiters_and_one_successful_probe_closes_it() {
    let (rate_limiter, tenant) = (rate_limiter(10.0), share("a"));
    let mut permits = Vec::new();
    while let Some(permit) = rate_limiter.try_admit() {
        permits.push(permit);
    }
    assert_eq!(permits.len(), 10);
    let waiting = queued(&rate_limiter, &tenant, 60 * SECOND).await;
    permits.into_iter().for_each(CallPermit::failed);
    let open = Rejected::Open { retry_after: SECOND };
    assert_eq!(waiting.await.unwrap_err(), open);
    assert_eq!(rate_limiter.admit(&tenant, Instant::now() + SECOND).await.unwrap_err(), open);

    advance(SPAN).await;
    assert!(rate_limiter.try_admit().is_none(), "an optional call is not a probe");
    let probe = rate_limiter.admit(&tenant, Instant::now() + SECOND).await.unwrap();
    assert_eq!(rate_limiter.state().breaker, BreakerState::HalfOpen);
    assert!(matches!(rate_limiter.admit(&tenant, Instant::now() + SECOND).await, Err(Rejected::Open { .. })));
    // Its caller disconnected: the next call is the probe.
    drop(probe);
    advance(SPAN).await;
    rate_limiter.admit(&tenant, Instant::now() + SECOND).await.unwrap().succeeded();
    assert_eq!(rate_limiter.state().breaker, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn rates_below_one_call_per_second_are_kept() {
    let (rate_limiter, tenant) = (rate_limiter(0.25), share("a"));
    let began = Instant::now();
    for calls in 0..4 {
        rate_limiter.admit(&tenant, began + 60 * SECOND).await.unwrap().succeeded();
        assert_eq!(began.elapsed(), calls * 4 * SECOND);
    }
}
