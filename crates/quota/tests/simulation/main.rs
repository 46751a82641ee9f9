//! The scheduler's guarantees, on the real rate limiter under a paused clock: fairness, short waits for light tenants, the
//! budget, and recovery from throttling.
//!
//! Has the assertions. The traffic is in `world`, the scenarios are in `scenarios`; `benches/simulation.rs` prints their figures.

mod scenarios;
mod world;

use std::time::Duration;

use scenarios::{SHARED, THROTTLED_UNTIL};
use world::{Order, Scenario, Seen, percentile};

const TWO_SECONDS: Duration = Duration::from_secs(2);

#[test]
fn at_80_percent_load_light_tenants_wait_less_than_two_seconds_beside_one_that_asks_a_hundred_times_as_much() {
    let seen = within_budget(&scenarios::one_asks_much(scenarios::TENANTS, Order::Fair));
    let light = seen.light();
    assert!(light.len() > 60_000 && seen.rejected == 0, "{} served, {} refused", light.len(), seen.rejected);
    assert!(percentile(&light, 0.99) < TWO_SECONDS, "{:?}", percentile(&light, 0.99));
}

#[test]
fn at_80_percent_load_not_one_of_the_light_tenants_waits_longer() {
    // Few tenants, so that each has enough requests for its own percentile.
    let seen = within_budget(&scenarios::one_asks_much(100, Order::Fair));
    for light in 1..100 {
        let waits = seen.waits_of(|tenant| tenant == light);
        assert!(waits.len() > 250, "tenant {light} asked {} times", waits.len());
        assert!(percentile(&waits, 0.99) < TWO_SECONDS, "tenant {light}: {:?}", percentile(&waits, 0.99));
    }
}

#[test]
fn at_80_percent_load_light_tenants_wait_less_than_two_seconds_beside_one_that_floods() {
    let seen = within_budget(&scenarios::one_floods(Order::Fair));
    assert!(percentile(&seen.light(), 0.99) < TWO_SECONDS, "{:?}", percentile(&seen.light(), 0.99));
    // The flooding tenant gets every call that the light tenants leave.
    assert!(seen.calls.len() as f64 > 0.99 * 8.0 * 3.0 * 3600.0, "{}", seen.calls.len());
    let without_order = Scenario { length: Duration::from_secs(1200), ..scenarios::one_floods(Order::FirstCome) }.run();
    assert!(percentile(&without_order.light(), 0.5) > 5 * TWO_SECONDS, "the test can tell a scheduler from a queue");
}

#[test]
fn ten_thousand_tenants_that_all_wait_are_served_alike_however_much_one_of_them_asks() {
    let scenario = scenarios::all_want_more(Order::Fair);
    let seen = within_budget(&scenario);
    assert!(seen.jain(&scenario.tenants) >= Some(0.99), "{:?}", seen.jain(&scenario.tenants));
    assert!(seen.calls.len() as f64 > 0.99 * 8.0 * 2.0 * 3600.0, "{}", seen.calls.len());
}

#[test]
fn tenants_that_all_wait_are_served_by_their_weights() {
    let scenario = scenarios::weights_differ(Order::Fair);
    let seen = within_budget(&scenario);
    assert!(seen.jain(&scenario.tenants) >= Some(0.99), "{:?}", seen.jain(&scenario.tenants));
}

#[test]
fn after_a_minute_of_throttling_the_full_rate_is_back_within_ten_seconds() {
    for retry_after in [None, Some(1), Some(4), Some(600)] {
        let seen = within_budget(&scenarios::throttled_for_a_minute(retry_after.map(Duration::from_secs)));
        let back = seen.full_rate_from(THROTTLED_UNTIL, SHARED).unwrap();
        assert!(back - THROTTLED_UNTIL < Duration::from_secs(10), "{retry_after:?}: {back:?}");
        let during = seen.calls.iter().filter(|at| (Duration::from_secs(70)..THROTTLED_UNTIL).contains(at)).count();
        assert!((12..=50).contains(&during), "{retry_after:?}: {during} calls in the last fifty seconds of throttling");
    }
}

#[test]
fn each_run_of_a_scenario_is_the_same() {
    let short = Scenario { length: Duration::from_secs(1200), ..scenarios::one_floods(Order::Fair) };
    let [one, other] = [0; 2].map(|_| short.run());
    assert_eq!((one.calls, one.served, one.waits), (other.calls, other.served, other.waits));
}

fn within_budget(scenario: &Scenario) -> Seen {
    let seen = scenario.run();
    assert!(seen.worst_second() <= SHARED, "{}: {} calls in a second", scenario.name, seen.worst_second());
    seen
}
