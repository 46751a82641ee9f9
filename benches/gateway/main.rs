//! The latency and CPU time that Logmark adds to a direct call of CloudWatch, beside HAProxy, which verifies the same token and
//! forwards to the same upstream; and the cost of a large export: `cargo bench --bench gateway` (`-- load`, `-- export`: only one
//! of them).
//!
//! Each gateway runs alone on core 0; load, upstream and this program use the other cores. Rounds alternate between the gateways,
//! so that other load on the machine affects all of them. HAProxy (Debian's `haproxy`) checks RS256 signature, `iss` and `exp` of
//! every request. It supports neither SigV4 nor generated bodies, so its call is unsigned and names no stream. Logmark verifies a
//! token once and caches it.
//!
//! `LOGMARK_BENCH_SECONDS` (4) for each measurement, `LOGMARK_BENCH_ROUNDS` (3), `LOGMARK_BENCH_CONNECTIONS` (32),
//! `LOGMARK_BENCH_EXPORT_MB` (1000), `LOGMARK_BENCH_RIVAL`: another `logmark` binary to measure with it.
//!
//! Reading order: [`upstream`] (the answers), [`world`] (keys, configurations, processes), [`load`] and [`export`] (the
//! measurements).
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a measurement for a person to read"
)]

#[path = "../policy/process.rs"]
#[expect(dead_code, reason = "the gateways are started on a core of their own")]
mod process;
mod upstream;
mod world;
mod load;
mod export;

use std::path::{Path, PathBuf};

use load::{Measured, Request, added, median};
use world::{Gateway, Telemetry, World};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn main() {
    let asked = |word: &str| std::env::args().any(|argument| argument == word);
    let both = !asked("load") && !asked("export");
    world::check_tools();
    println!("{}", world::machine());
    world::keep_to_load_cores();
    if both || asked("load") {
        small_pages();
    }
    if both || asked("export") {
        export::run(number("LOGMARK_BENCH_EXPORT_MB", 1000));
    }
}

/// A gateway, or a direct connection of load and upstream.
struct Party {
    name: String,
    gateway: Option<Gateway>,
    request: Request,
    busy: Vec<Measured>,
    calm: Vec<Measured>,
}

impl Party {
    fn new(name: &str, gateway: Option<Gateway>, request: Request) -> Self {
        Self { name: name.to_owned(), gateway, request, busy: Vec::new(), calm: Vec::new() }
    }

    fn measure(&mut self, connections: u64, seconds: u64) {
        let before = self.gateway.as_ref().map(Gateway::cpu_seconds);
        let mut measured = load::wrk(&self.request, connections, seconds);
        measured.cpu_seconds = self.gateway.as_ref().map_or(0.0, Gateway::cpu_seconds) - before.unwrap_or(0.0);
        if connections == 1 { self.calm.push(measured) } else { self.busy.push(measured) }
    }
}

fn small_pages() {
    let (seconds, rounds) = (number("LOGMARK_BENCH_SECONDS", 4), number("LOGMARK_BENCH_ROUNDS", 3));
    let connections = number("LOGMARK_BENCH_CONNECTIONS", 32);
    let upstream = upstream::small_page();
    let world = World::new();
    let ours = Path::new(world::BINARY);
    let logmark = |binary: &Path, telemetry, cache| {
        let gateway = world.logmark(binary, upstream, telemetry, cache);
        let request = world.ask(gateway.address);
        (Some(gateway), request)
    };
    let haproxy = |telemetry| {
        let gateway = world.haproxy(upstream, telemetry);
        let request = world.ask(gateway.address);
        (Some(gateway), request)
    };
    let party = |name: &str, (gateway, request)| Party::new(name, gateway, request);
    let mut parties = vec![
        party("upstream alone", (None, world.ask_upstream(upstream))),
        party("haproxy", haproxy(Telemetry::Quiet)),
        party("logmark", logmark(ours, Telemetry::Quiet, 0)),
        party("haproxy, access log", haproxy(Telemetry::Default)),
        party("logmark, log and audit", logmark(ours, Telemetry::Default, 0)),
    ];
    if world::knows_cache() {
        parties.push(party("logmark, cache", logmark(ours, Telemetry::Quiet, 64 << 20)));
    }
    if let Some(rival) = std::env::var_os("LOGMARK_BENCH_RIVAL").map(PathBuf::from) {
        parties.push(party("rival logmark", logmark(&rival, Telemetry::Quiet, 0)));
    }
    println!("a page of {} events; {connections} connections, {rounds} rounds of {seconds} s, medians", upstream::SMALL_EVENTS);
    for party in &mut parties {
        load::wrk(&party.request, connections, 1);
    }
    for _ in 0..rounds {
        for party in &mut parties {
            party.measure(connections, seconds);
            party.measure(1, seconds);
        }
    }
    print(&parties);
}

fn print(parties: &[Party]) {
    println!("\n{:<24}{:>44}{:>44}", "", "many connections", "one connection");
    println!(
        "{:<24}{:>10}{:>10}{:>8}{:>8}{:>8}{:>12}{:>8}{:>12}{:>12}",
        "", "req/s", "x haproxy", "CPU us", "p50 us", "p99 us", "p50 us", "p99 us", "added p50", "added p99"
    );
    let per_second = |party: &Party| median(&party.busy, |measured| measured.per_second);
    for party in parties {
        let (busy, calm) = (&party.busy, &party.calm);
        println!(
            "{:<24}{:>10.0}{:>10.2}{:>8.1}{:>8.0}{:>8.0}{:>12.0}{:>8.0}{:>12.0}{:>12.0}",
            party.name,
            per_second(party),
            per_second(party) / per_second(&parties[1]),
            median(busy, Measured::cpu_micros),
            median(busy, |measured| measured.p50),
            median(busy, |measured| measured.p99),
            median(calm, |measured| measured.p50),
            median(calm, |measured| measured.p99),
            added(calm, &parties[0].calm, |measured| measured.p50),
            added(calm, &parties[0].calm, |measured| measured.p99),
        );
    }
}
