//! What policy, row rules, masks and audit lines add to a request: `cargo bench --bench policy` (`-- decisions`, `-- requests`: one of the
//! two).
//!
//! `decisions` measures in this process: finding the tenant and the decision, by the number of tenants and of grants, and the caller's
//! part of an audit line. `requests` measures the release binary, one process for each configuration, all in turn: the processor time
//! of a page of 10 events. `LOGMARK_BENCH_REQUESTS` (10000) in each of `LOGMARK_BENCH_ROUNDS` (5) rounds.
#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a measurement for a person to read")]

mod process;
mod decisions;
mod server;

use server::{Policy, Running, World};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn main() {
    let is_chosen = |word: &str| std::env::args().any(|argument| argument == word);
    let both = !is_chosen("decisions") && !is_chosen("requests");
    if both || is_chosen("decisions") {
        decisions::run();
    }
    if both || is_chosen("requests") {
        requests();
    }
}

/// The configurations, the first of which the others are compared with.
fn policies() -> Vec<(&'static str, Policy)> {
    let plain = Policy { tenants: 1, grants: 1, rule: false, mask: false, audit: false };
    vec![
        ("1 tenant, 1 grant", plain),
        ("1,000 tenants", Policy { tenants: 1_000, ..plain }),
        ("100,000 tenants", Policy { tenants: 100_000, ..plain }),
        ("100 grants", Policy { grants: 100, ..plain }),
        ("a row rule", Policy { rule: true, ..plain }),
        ("a mask", Policy { mask: true, ..plain }),
        ("a row rule and a mask", Policy { rule: true, mask: true, ..plain }),
        ("100 grants, a row rule and a mask each", Policy { grants: 100, rule: true, mask: true, ..plain }),
        ("an audit line to a file", Policy { audit: true, ..plain }),
    ]
}

fn requests() {
    let (requests, rounds) = (number("LOGMARK_BENCH_REQUESTS", 10_000), number("LOGMARK_BENCH_ROUNDS", 5));
    let mut parties: Vec<(&str, World, Running, Vec<f64>)> = Vec::new();
    for (name, policy) in policies() {
        let world = World::new(policy);
        let mut running = world.start();
        running.request(requests / 10);
        parties.push((name, world, running, Vec::new()));
    }
    for _ in 0..rounds {
        for (_, _, running, micros) in &mut parties {
            let before = running.cpu_seconds();
            running.request(requests);
            micros.push((running.cpu_seconds() - before) * 1e6 / requests as f64);
        }
    }
    println!("\na page of 10 events; {requests} requests in each of {rounds} rounds, medians of the service's processor time\n");
    println!("{:<42}{:>10}{:>12}", "", "us", "added us");
    let base = median(&parties[0].3);
    for (name, _, _, micros) in &parties {
        println!("{name:<42}{:>10.1}{:>12.1}", median(micros), median(micros) - base);
    }
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
