//! The futures of a lane under a paused clock: order, leaving, deadlines, throttling, the breaker.
//!
//! Owns what a caller sees. The machine's rules are tested against models in `src/lane/tests.rs`, hours of traffic in
//! `tests/simulation`.
#![expect(clippy::unwrap_used, reason = "test code, which clippy sees only in functions that are tests")]

use std::future::poll_fn;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use logmark_quota::{BreakerState, Lane, Limits, Queue, Refused, Share, Turn};
use tokio::time::{Instant, advance};

const SECOND: Duration = Duration::from_secs(1);
/// A second as the lane counts it.
const SPAN: Duration = Duration::from_millis(1001);

type Waiting<'a> = Pin<Box<dyn Future<Output = Result<Turn, Refused>> + 'a>>;

fn lane(rate: f64) -> Lane {
    Lane::new(Limits::new(rate, 0.0).unwrap())
}

fn share(tenant: &str) -> Share {
    Share::new(tenant, NonZeroU32::MIN)
}

/// Asks, and looks once.
async fn queued<'a>(lane: &'a Lane, share: &'a Share, patience: Duration) -> Waiting<'a> {
    let deadline = Instant::now() + patience;
    let mut waiting: Waiting<'a> = Box::pin(lane.admit(share, deadline));
    assert!(look(&mut waiting).await.is_none());
    waiting
}

async fn look(waiting: &mut Waiting<'_>) -> Option<Result<Turn, Refused>> {
    poll_fn(|context| {
        Poll::Ready(match waiting.as_mut().poll(context) {
            Poll::Ready(verdict) => Some(verdict),
            Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn an_idle_tenants_first_request_does_not_wait_behind_a_busy_ones_hundredth() {
    let (lane, busy, idle) = (lane(1.0), share("busy"), share("idle"));
    lane.admit(&busy, Instant::now()).await.unwrap().succeeded();
    let mut hundred = Vec::new();
    for _ in 0..100 {
        hundred.push(queued(&lane, &busy, 1000 * SECOND).await);
    }
    assert!(
        matches!(lane.admit(&busy, Instant::now() + 1000 * SECOND).await, Err(Refused::Busy { .. })),
        "a hundred and no more"
    );
    let began = Instant::now();
    lane.admit(&idle, began + 5 * SPAN).await.unwrap().succeeded();
    assert!(began.elapsed() <= 2 * SPAN, "behind the first at most: {:?}", began.elapsed());
    assert_eq!((lane.state().queued, lane.state().tenants_queued), (99, 1));
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_gives_up_its_last_for_one_that_ranks_before_it() {
    let lane = Lane::new(Limits::new(1.0, 0.0).unwrap().with_queue(Queue { total: 10, per_tenant: 10 }));
    let (busy, idle) = (share("busy"), share("idle"));
    lane.admit(&busy, Instant::now()).await.unwrap().succeeded();
    let mut line = Vec::new();
    for _ in 0..10 {
        line.push(queued(&lane, &busy, 1000 * SECOND).await);
    }
    let _idle = queued(&lane, &idle, 1000 * SECOND).await;
    assert!(matches!(look(&mut line[9]).await, Some(Err(Refused::Busy { .. }))));
    assert_eq!((lane.state().queued, lane.state().tenants_queued), (10, 2));
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_holds_nobody_up() {
    let (lane, tenants) = (lane(1.0), ["a", "b", "c", "d"].map(share));
    lane.admit(&tenants[0], Instant::now()).await.unwrap().succeeded();
    let began = Instant::now();
    let first = queued(&lane, &tenants[0], 60 * SECOND).await;
    let second = queued(&lane, &tenants[1], 60 * SECOND).await;
    let third = queued(&lane, &tenants[2], 60 * SECOND).await;
    drop(first);
    // The second is given a turn, as whatever happens makes the calls that are due, and goes without having looked.
    advance(SPAN).await;
    assert!(lane.try_admit().is_none());
    assert_eq!(lane.state().queued, 1);
    drop(second);
    third.await.unwrap().succeeded();
    assert_eq!(began.elapsed(), SPAN, "the third has the turn that the second left");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_never_polled_again_costs_the_others_its_own_turn_and_no_more() {
    let (lane, tenants) = (lane(1.0), ["a", "b", "c"].map(share));
    lane.admit(&tenants[0], Instant::now()).await.unwrap().succeeded();
    let began = Instant::now();
    let _asleep = queued(&lane, &tenants[1], 60 * SECOND).await;
    lane.admit(&tenants[2], began + 60 * SECOND).await.unwrap().succeeded();
    assert!(began.elapsed() <= 2 * SPAN + Duration::from_millis(2), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_make_its_deadline_is_refused_at_once_and_later_when_others_come_before_it() {
    let (lane, busy, others) = (lane(1.0), share("busy"), ["a", "b", "c", "d"].map(share));
    lane.admit(&busy, Instant::now()).await.unwrap().succeeded();
    let began = Instant::now();
    let _first = queued(&lane, &busy, 60 * SECOND).await;
    assert_eq!(lane.admit(&busy, began + SECOND).await.unwrap_err(), Refused::Busy { retry_after: 2 * SECOND });
    assert_eq!(began.elapsed(), Duration::ZERO);

    let late = queued(&lane, &busy, 4 * SECOND).await;
    let mut line = Vec::new();
    for other in &others {
        line.push(queued(&lane, other, 60 * SECOND).await);
    }
    let refused = late.await.unwrap_err();
    assert!(began.elapsed() <= 2 * SECOND, "it need not wait for its deadline: {:?}", began.elapsed());
    assert!(refused.retry_after() >= Some(SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_turn_at_once_is_only_for_times_when_nobody_waits() {
    let (lane, tenant) = (lane(2.0), share("a"));
    let turns = [lane.try_admit(), lane.try_admit(), lane.try_admit()];
    assert_eq!(turns.each_ref().map(Option::is_some), [true, true, false]);
    advance(5 * SECOND).await;
    lane.try_admit().unwrap().throttled(Some(3 * SECOND));
    let began = Instant::now();
    let mut waiting = queued(&lane, &tenant, 60 * SECOND).await;
    assert!(lane.try_admit().is_none());
    while look(&mut waiting).await.is_none() {
        advance(Duration::from_millis(100)).await;
    }
    assert_eq!(began.elapsed(), 3 * SECOND, "not before the upstream wants calls again");
}

#[tokio::test(start_paused = true)]
async fn failures_open_the_breaker_for_all_who_wait_and_one_probe_that_works_closes_it() {
    let (lane, tenant) = (lane(10.0), share("a"));
    let mut turns = Vec::new();
    while let Some(turn) = lane.try_admit() {
        turns.push(turn);
    }
    assert_eq!(turns.len(), 10);
    let waiting = queued(&lane, &tenant, 60 * SECOND).await;
    turns.into_iter().for_each(Turn::failed);
    let open = Refused::Open { retry_after: SECOND };
    assert_eq!(waiting.await.unwrap_err(), open);
    assert_eq!(lane.admit(&tenant, Instant::now() + SECOND).await.unwrap_err(), open);

    advance(SPAN).await;
    assert!(lane.try_admit().is_none(), "what can be left out is no probe");
    let probe = lane.admit(&tenant, Instant::now() + SECOND).await.unwrap();
    assert_eq!(lane.state().breaker, BreakerState::HalfOpen);
    assert!(matches!(lane.admit(&tenant, Instant::now() + SECOND).await, Err(Refused::Open { .. })));
    // Its caller went away: the next one probes.
    drop(probe);
    advance(SPAN).await;
    lane.admit(&tenant, Instant::now() + SECOND).await.unwrap().succeeded();
    assert_eq!(lane.state().breaker, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_call_in_so_many_seconds_is_a_rate_too() {
    let (lane, tenant) = (lane(0.25), share("a"));
    let began = Instant::now();
    for calls in 0..4 {
        lane.admit(&tenant, began + 60 * SECOND).await.unwrap().succeeded();
        assert_eq!(began.elapsed(), calls * 4 * SECOND);
    }
}
