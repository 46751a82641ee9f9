//! Fairness of the scheduler compared with a first-come queue, and its cost: `cargo bench -p logmark-quota --bench simulation`.
//!
//! The first table simulates hours under a paused clock, so its figures are the same on every machine. The second measures real
//! time.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for a person to read")]

#[path = "../tests/simulation/scenarios.rs"]
mod scenarios;
#[path = "../tests/simulation/world.rs"]
mod world;

use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use logmark_quota::{CallPermit, QueueLimits, RateLimiter, RateLimits, Rejected, Share};
use tokio::time::Instant as PausedInstant;

use scenarios::{SHARED, THROTTLED_UNTIL};
use world::{Order, Scenario, percentile};

fn main() {
    println!(
        "{:<38}{:<7}{:>8}{:>9}{:>9}{:>8}  {:>22}  {:>22}{:>9}{:>8}{:>8}",
        "scenario",
        "order",
        "tenants",
        "asked/s",
        "calls/s",
        "Jain",
        "light p50/p99/max s",
        "heavy p50/p99/max s",
        "refused",
        "worst s",
        "took s"
    );
    for order in [Order::Fair, Order::FirstCome] {
        row(&scenarios::one_asks_much(scenarios::TENANTS, order));
        row(&scenarios::one_asks_much(100, order));
        row(&scenarios::one_floods(order));
        row(&scenarios::all_want_more(order));
        row(&scenarios::weights_differ(order));
    }
    recovery();
    costs();
}

fn row(scenario: &Scenario) {
    let began = Instant::now();
    let seen = scenario.run();
    let took = began.elapsed().as_secs_f64();
    let length = scenario.length.as_secs_f64();
    let waits = |waits: &[Duration]| {
        let [middle, most, longest] = [0.5, 0.99, 1.0].map(|share| percentile(waits, share).as_secs_f64());
        format!("{middle:.2} / {most:.2} / {longest:.2}")
    };
    let jain = seen.jain(&scenario.tenants);
    println!(
        "{:<38}{:<7}{:>8}{:>9.2}{:>9.2}{:>8}  {:>22}  {:>22}{:>9}{:>8}{:>8.2}",
        scenario.name,
        if scenario.order == Order::Fair { "fair" } else { "first" },
        scenario.tenants.len(),
        seen.asked as f64 / length,
        seen.calls.len() as f64 / length,
        jain.map_or("-".to_owned(), |jain| format!("{jain:.4}")),
        waits(&seen.light()),
        waits(&seen.waits_of(|tenant| tenant == 0)),
        seen.rejected,
        seen.worst_second(),
        took,
    );
}

fn recovery() {
    println!(
        "\na minute in which everything is throttled: calls in it, and when {SHARED} calls a second are made again after it"
    );
    for retry_after in [None, Some(1), Some(4), Some(600)] {
        let seen = scenarios::throttled_for_a_minute(retry_after.map(Duration::from_secs)).run();
        let minute = THROTTLED_UNTIL - Duration::from_secs(60)..THROTTLED_UNTIL;
        let during = seen.calls.iter().filter(|at| minute.contains(at)).count();
        let back = seen.full_rate_from(THROTTLED_UNTIL, SHARED).unwrap() - THROTTLED_UNTIL;
        println!("Retry-After {retry_after:?}: {during} calls, back after {:.1} s", back.as_secs_f64());
    }
}

type Waiting = Pin<Box<dyn Future<Output = Result<CallPermit, Rejected>>>>;

/// Real time of the three operations on a request, with a constant number of waiters.
fn costs() {
    println!("\n{:>8}{:>22}{:>24}{:>14}", "waiting", "admit, to the middle", "leave, from the middle", "grant  (ns)");
    for waiting in [1, 1_000, 10_000] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let [admit, leave, grant] = runtime.block_on(cost(waiting));
        println!("{waiting:>8}{admit:>22.0}{leave:>24.0}{grant:>14.0}");
    }
}

async fn cost(waiting: usize) -> [f64; 3] {
    const ROUNDS: usize = 20_000;
    let rate_limiter =
        RateLimiter::new(RateLimits::new(1.0, 0.0).unwrap().with_queue(QueueLimits { total: 20_000, per_tenant: 1_000 }));
    rate_limiter.try_admit().unwrap().succeeded();
    // Each tenant has a hundred waiters, except the last with half as many: its next position is in the middle of the queue.
    let tenants = waiting.div_ceil(100);
    let share = |tenant: usize| Share::new(format!("tenant-{tenant}"), NonZeroU32::MIN);
    let last = share(tenants);
    let mut line: Vec<Waiting> = (0..waiting).map(|number| queued(&rate_limiter, &share(number % tenants))).collect();
    line.extend((0..waiting.min(50)).map(|_| queued(&rate_limiter, &last)));

    let (mut admit, mut leave, mut grant) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let middle = queued(&rate_limiter, &last);
        admit += began.elapsed();
        let began = Instant::now();
        drop(middle);
        leave += began.elapsed();
    }
    let queued_before = rate_limiter.state().queued;
    for round in 0..ROUNDS {
        tokio::time::advance(Duration::from_millis(1001)).await;
        let began = Instant::now();
        // Every event makes the calls that are due.
        assert!(rate_limiter.try_admit().is_none());
        grant += began.elapsed();
        line.push(queued(&rate_limiter, &share(round % tenants)));
    }
    assert_eq!(rate_limiter.state().queued, queued_before);
    [admit, leave, grant].map(|sum| sum.as_nanos() as f64 / ROUNDS as f64)
}

/// A waiting request whose future is never polled again.
fn queued(rate_limiter: &RateLimiter, share: &Share) -> Waiting {
    let (rate_limiter, share) = (rate_limiter.clone(), share.clone());
    let mut request: Waiting =
        Box::pin(async move { rate_limiter.admit(&share, PausedInstant::now() + Duration::from_secs(1_000_000)).await });
    assert!(request.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    request
}
