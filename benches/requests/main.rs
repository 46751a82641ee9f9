//! Small pages and a large export of the local source, over loopback HTTP, beside a bare hyper server that sends the same bytes:
//! `cargo bench --bench requests` (`-- pages`, `-- export`: only one of them).
//!
//! `LOGMARK_BENCH_CLIENTS` connections (8), `LOGMARK_BENCH_ROUNDS` (3) of `LOGMARK_BENCH_SECONDS` (3) each,
//! `LOGMARK_BENCH_EXPORT_MB` (1000). The service is the release binary in a separate process; the bare server is a second process
//! of this program. Client and servers share the cores. The second ratio compares the CPU time of client and server together: on
//! an idle machine it equals the ratio of requests/s, and other load changes it little.
#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a measurement for a person to read")]

mod servers;
mod load;
mod export;

use std::time::Duration;

use load::{Figures, load, once};
use servers::{ANSWER, Telemetry, World, serve_bare, start_bare};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Ok(answer) = std::env::var(ANSWER) {
        return runtime.block_on(serve_bare(answer.into()));
    }
    let is_chosen = |word: &str| std::env::args().any(|argument| argument == word);
    let both = !is_chosen("pages") && !is_chosen("export");
    println!("{}", machine());
    if both || is_chosen("pages") {
        runtime.block_on(pages());
    }
    if both || is_chosen("export") {
        export::run(number("LOGMARK_BENCH_EXPORT_MB", 1000), number("LOGMARK_BENCH_ROUNDS", 3));
    }
}

async fn pages() {
    let (clients, rounds) = (number("LOGMARK_BENCH_CLIENTS", 8), number("LOGMARK_BENCH_ROUNDS", 3));
    let time = Duration::from_secs(number("LOGMARK_BENCH_SECONDS", 3));
    // Only one process can open a store.
    let worlds = [World::new(1000, 70), World::new(1000, 70)];
    let quiet = worlds[0].logmark(Telemetry::Quiet);
    let full = worlds[1].logmark(Telemetry::Default);
    let (head, body) = once(quiet.address, &worlds[0].token).await;
    assert_eq!(head["content-type"], "application/json");
    let bare = start_bare(&body, 1);
    let mut parties = [
        ("bare hyper, same bytes", &bare, &worlds[0].token, Figures::default()),
        ("logmark", &quiet, &worlds[0].token, Figures::default()),
        ("logmark, log and audit", &full, &worlds[1].token, Figures::default()),
    ];
    for (_, server, token, _) in &parties {
        load(server, token, clients, Duration::from_secs(1), &mut Figures::default()).await;
    }
    for _ in 0..rounds {
        for (_, server, token, figures) in &mut parties {
            load(server, token, clients, time, figures).await;
        }
    }
    println!("\na page of 10 events, {} bytes; {clients} connections, {rounds} rounds of {time:?}, medians\n", body.len());
    println!(
        "{:<26}{:>10}{:>8}{:>11}{:>11}{:>8}{:>10}{:>10}{:>10}",
        "", "req/s", "ratio", "server us", "client us", "ratio", "p50 ms", "p99 ms", "p99.9 ms"
    );
    let base = parties[0].3.base();
    for (name, _, _, figures) in &mut parties {
        figures.print(name, base);
    }
}

fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown CPU", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!("{model}, {cores} cores, shared by client and server")
}
