//! The scenarios of the simulation.
//!
//! Owns their figures; `world` runs them, the test checks them, the bench prints them.

use std::time::Duration;

use super::world::{Demand, Order, Scenario, Tenant, Throttling};

/// The upstream's quota, of which a fifth is the reserve: eight calls a second are shared.
const QUOTA: f64 = 10.0;
const RESERVE: f64 = 0.2;
pub(crate) const SHARED: usize = 8;
pub(crate) const TENANTS: usize = 10_000;
const HOUR: Duration = Duration::from_secs(3600);

/// The demand is 80 % of the shared rate; one tenant demands a hundred times as much as each other tenant.
pub(crate) fn one_asks_much(tenants: usize, order: Order) -> Scenario {
    let each = 0.8 * SHARED as f64 / (tenants + 99) as f64;
    let tenants = self::tenants(tenants, Demand::Random(100.0 * each), Demand::Random(each));
    Scenario { name: "80 % load, one asks for 100 shares", tenants, order, ..basis(Duration::from_secs(60), 3 * HOUR) }
}

/// The light tenants demand 80 %, and one tenant always has a hundred waiting requests.
pub(crate) fn one_floods(order: Order) -> Scenario {
    let tenants = tenants(TENANTS, Demand::Always(100), Demand::Random(0.8 * SHARED as f64 / TENANTS as f64));
    Scenario { name: "80 % load and one floods", tenants, order, ..basis(Duration::from_secs(60), 3 * HOUR) }
}

/// All tenants demand more than they get, one a hundred times as much as the others.
pub(crate) fn all_want_more(order: Order) -> Scenario {
    let tenants = tenants(TENANTS, Demand::Always(100), Demand::Always(1));
    Scenario { name: "all wait, one for 100 shares", tenants, order, ..basis(2 * HOUR, 2 * HOUR) }
}

/// A few tenants of different weights, all of which demand more than they get.
pub(crate) fn weights_differ(order: Order) -> Scenario {
    let tenant = |weight| Tenant { weight, demand: Demand::Always(30) };
    let tenants = [50, 1, 1, 2, 3, 5, 8, 13, 20, 20].map(tenant).to_vec();
    Scenario { name: "all wait, weights 1 to 50", tenants, order, ..basis(HOUR, 2 * HOUR) }
}

/// The upstream throttles everything during the second minute.
pub(crate) const THROTTLED_UNTIL: Duration = Duration::from_secs(120);
pub(crate) fn throttled_for_a_minute(retry_after: Option<Duration>) -> Scenario {
    let throttles = Some(Throttling { from: Duration::from_secs(60), until: THROTTLED_UNTIL, retry_after });
    let tenants = vec![Tenant { weight: 1, demand: Demand::Always(1) }; 100];
    Scenario { name: "all wait, a minute of throttling", tenants, throttles, ..basis(HOUR, Duration::from_secs(240)) }
}

fn basis(max_wait: Duration, length: Duration) -> Scenario {
    let tenants = Vec::new();
    Scenario { name: "", quota: QUOTA, reserve: RESERVE, order: Order::Fair, tenants, max_wait, length, throttles: None }
}

fn tenants(count: usize, heavy: Demand, light: Demand) -> Vec<Tenant> {
    let mut tenants = vec![Tenant { weight: 1, demand: light }; count];
    tenants[0].demand = heavy;
    tenants
}
