//! 5,000 viewers of 20 log groups of a CloudWatch source, of which 500 never read: `cargo bench --bench live_tail`.
//!
//! Prints the delay from a put to its viewers with Live Tail and with sweeps only, the live tail sessions, the calls per second,
//! and the memory of the viewers. `LOGMARK_BENCH_SECONDS` (20) for each. The upstream is the fake CloudWatch of the tests, in
//! this process.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for a person to read")]

#[path = "../tests/world/fake_cloudwatch/mod.rs"]
#[expect(dead_code, reason = "the rest of it is used by the integration tests")]
mod fake;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use logmark::auth::permit::Permit;
use logmark::auth::policy::authorize;
use logmark::auth::tenant::{Caller, Grant, Limits, Scope, Tenant};
use logmark::auth::token::Claims;
use logmark::domain::name::{LogGroupName, SourceName, TenantId};
use logmark::domain::operation::{Action, StreamSelection};
use logmark::domain::pattern::Pattern;
use logmark::domain::tail::TailGroup;
use logmark::domain::time::{Clock as _, SystemClock};
use logmark::outbound::Outbound;
use logmark::sources::cloudwatch::settings::TailSettings;
use logmark::sources::cloudwatch::{Accounts, CloudWatch, Settings};
use logmark::sources::tail::{Tail as _, TailItem, TailStart};

use self::fake::{Fake, REGION, SECRET};

const GROUPS: usize = 20;
const VIEWERS: usize = 5_000;
/// Every tenth viewer never reads.
const SILENT: usize = 10;
/// Events per second to each group.
const RATE: u64 = 10;

fn permit(group: &str, tenant: usize) -> Permit<TailGroup> {
    let id = TenantId::try_from(format!("tenant-{tenant}").as_str()).unwrap();
    let grant = Grant {
        rule: "bench".to_owned(),
        source: SourceName::try_from("main").unwrap(),
        groups: vec![Pattern::try_from("*").unwrap()],
        streams: None,
        actions: vec![Action::Tail],
        rows: None,
        mask: None,
    };
    let tenant = Tenant { id: id.clone(), weight: 1, limits: Limits::default(), grants: vec![grant] };
    let claims = Claims {
        issuer: "i".to_owned(),
        subject: "s".to_owned(),
        tenant: id,
        scopes: Vec::new(),
        expires_at: 0,
        token_id: None,
        requirements: Default::default(),
    };
    let scope = Scope::parse("logs:tail:*", &Arc::from("scope")).unwrap();
    let caller = Caller { claims: Arc::new(claims), tenant: Arc::new(tenant), scopes: vec![scope].into() };
    let group = LogGroupName::try_from(group).unwrap();
    authorize(&caller, TailGroup { group, streams: StreamSelection::All, filter: None }, SystemClock.now()).unwrap()
}

/// Resident memory of this process, in MB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() / 1024
}

fn seconds() -> u64 {
    std::env::var("LOGMARK_BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

async fn measure(name: &str, sessions: u32) {
    let fake = Fake::start(SystemClock.now().0).await;
    fake.state().has_system_clock = true;
    fake.state().logs.settling = 1_000;
    let groups: Vec<String> = (0..GROUPS).map(|group| format!("/acme/{group}")).collect();
    groups.iter().for_each(|group| fake.state().logs.add_stream(group, "web-1"));
    let settings = Settings {
        endpoint: Some(fake.endpoint().parse().unwrap()),
        tail: TailSettings { sessions, ..TailSettings::default() },
        ..Settings::new(SourceName::try_from("main").unwrap(), REGION)
    };
    let provider = SharedCredentialsProvider::new(Credentials::new("AKID", SECRET, None, None, "bench"));
    let clock = Arc::new(SystemClock);
    let source = CloudWatch::with_credentials(settings, Outbound::new().unwrap(), clock, &Accounts::default(), provider).unwrap();
    let source = Arc::new(source);
    let before = resident();
    let (delays, received) = (Arc::new(std::sync::Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
    let mut viewers = tokio::task::JoinSet::new();
    let mut silent = Vec::new();
    for viewer in 0..VIEWERS {
        let mut reader = source.tail_group(&permit(&groups[viewer % GROUPS], viewer % 100), TailStart::Now).await.unwrap();
        if viewer % SILENT == 0 {
            silent.push(reader);
            continue;
        }
        let (delays, received) = (Arc::clone(&delays), Arc::clone(&received));
        viewers.spawn(async move {
            while let Ok(item) = reader.next().await {
                let TailItem::Events(events) = item else { continue };
                let now = SystemClock.now().0;
                received.fetch_add(events.events.len(), Ordering::Relaxed);
                delays.lock().unwrap().extend(events.events.iter().map(|event| now - event.timestamp()));
            }
        });
    }
    // The feeds settle before the measurement.
    tokio::time::sleep(Duration::from_secs(10)).await;
    delays.lock().unwrap().clear();
    received.store(0, Ordering::Relaxed);
    let calls = fake.calls();
    let begun = Instant::now();
    let mut sent = 0;
    while begun.elapsed() < Duration::from_secs(seconds()) {
        for group in &groups {
            let mut state = fake.state();
            let now = state.tick();
            state.logs.put_at(group, "web-1", (now, now), &format!("event {sent} of {group}"));
            sent += 1;
        }
        tokio::time::sleep(Duration::from_millis(1000 / RATE)).await;
    }
    let rate = (fake.calls() - calls) as f64 / begun.elapsed().as_secs_f64();
    tokio::time::sleep(Duration::from_secs(12)).await;
    let expected = sent / GROUPS * (VIEWERS - VIEWERS / SILENT);
    let mut delays = std::mem::take(&mut *delays.lock().unwrap());
    delays.sort_unstable();
    let quantile = |share: f64| delays.get((delays.len() as f64 * share) as usize).copied().unwrap_or(-1);
    println!(
        "{name}: delay p50 {} ms, p99 {} ms; {} of {expected} deliveries; {} sessions; {rate:.1} calls/s; {} MB for {VIEWERS} viewers",
        quantile(0.5),
        quantile(0.99),
        received.load(Ordering::Relaxed),
        fake.state().live.most,
        resident().saturating_sub(before),
    );
    drop(silent);
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        measure("with Live Tail", 15).await;
        measure("sweeps alone", 0).await;
    });
}
