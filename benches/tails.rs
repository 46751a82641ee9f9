//! Live tail with many viewers: memory of the service, and the time from the append of an event to each viewer.
//! `cargo bench --bench tails`.
//!
//! `LOGMARK_BENCH_VIEWERS` (5,000) viewers of 20 groups of a local source, of which every tenth never reads. The service is a
//! separate process, this program with the argument `serve`; it appends 10 events a second to each group for
//! `LOGMARK_BENCH_SECONDS` (10) seconds. A message contains the time of its append.
#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a measurement for a person to read")]

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use logmark::auth::dev_issuer::DevIssuer;
use logmark::domain::time::SystemClock;
use logmark::service::{Listeners, Service};
use logmark_store::{NewEvent, Store};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

const GROUPS: usize = 20;
const TENANTS: usize = 4;
const EVERY_UNREAD: usize = 10;
const EVENTS_PER_SECOND: u32 = 10;
/// Bytes of an event in addition to its time.
const FILLING: usize = 400;

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn micros() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match std::env::args().nth(1).as_deref() {
        Some("serve") => runtime.block_on(serve(std::env::args().nth(2).unwrap().into())),
        _ => runtime.block_on(measure()),
    }
}

fn configuration() -> String {
    let tenants: String = (0..TENANTS)
        .map(|tenant| format!("[tenants.t{tenant}]\n[[tenants.t{tenant}.grants]]\ngroups = [\"/g/*\"]\nactions = [\"tail\"]\n"))
        .collect();
    format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n\
         limits = {{ max_connections_per_ip = 0, max_requests_per_ip = 0, max_tails = 20000 }}\n[telemetry]\naudit = false\n\
         [[auth.issuers]]\nissuer = \"bench\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:issuer.jwks.json\"\n\
         [[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\n{tenants}"
    )
}

/// The service. It appends events while its standard input is open, beginning with the first line.
async fn serve(folder: std::path::PathBuf) {
    let config = logmark::config::load(Some(&folder.join("logmark.toml")), std::iter::empty()).unwrap();
    let listeners = Listeners::bind(&config).await.unwrap();
    let service = Service::build(&config, listeners.public_url.clone(), Arc::new(SystemClock)).await.unwrap();
    let store = service.local_store().unwrap();
    for group in 0..GROUPS {
        store.create_group(&format!("/g/{group}"), 1).unwrap();
        store.create_stream(&format!("/g/{group}"), "s", 1).unwrap();
    }
    println!("{}", listeners.address);
    let (stop, stopped) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).unwrap();
        append(&store);
        std::io::stdin().read_line(&mut line).unwrap();
        let _gone = stop.send(());
    });
    listeners.serve(service, async { drop(stopped.await) }).await;
}

fn append(store: &Store) {
    let begun = Instant::now();
    let filling = "x".repeat(FILLING);
    let rounds = u32::try_from(setting("LOGMARK_BENCH_SECONDS", 10)).unwrap() * EVENTS_PER_SECOND;
    for round in 1..=rounds {
        for group in 0..GROUPS {
            let event = NewEvent { timestamp: 1_700_000_000_000, message: format!("at={} {filling}", micros()) };
            store.append_blocking(&format!("/g/{group}"), "s", vec![event], 1_700_000_000_000).unwrap();
        }
        std::thread::sleep(
            (begun + Duration::from_secs(1) * round / EVENTS_PER_SECOND).saturating_duration_since(Instant::now()),
        );
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

impl Running {
    /// A line of `/proc/<pid>/status` in MiB.
    fn mebibytes(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().unwrap() / 1024
    }
}

async fn measure() {
    let viewers = setting("LOGMARK_BENCH_VIEWERS", 5000);
    let folder = tempfile::tempdir().unwrap();
    let issuer = DevIssuer::load_or_create(&folder.path().join("issuer.pem")).unwrap();
    issuer.write_jwks(&folder.path().join("issuer.jwks.json")).unwrap();
    std::fs::write(folder.path().join("logmark.toml"), configuration()).unwrap();
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.arg("serve").arg(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut running = Running(command.spawn().unwrap());
    let mut input = running.0.stdin.take().unwrap();
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address: SocketAddr = line.trim().parse().unwrap();
    let tokens: Vec<String> = (0..TENANTS).map(|tenant| token(&issuer, tenant)).collect();
    let before = running.mebibytes("VmRSS:");

    let (delays, mut received) = mpsc::unbounded_channel();
    let open = Arc::new(AtomicUsize::new(0));
    let mut unread = Vec::new();
    for viewer in 0..viewers {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let (group, token) = (viewer % GROUPS, &tokens[viewer % TENANTS]);
        let request =
            format!("GET /logs/:g:{group}?follow=true HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        if viewer % EVERY_UNREAD == 0 {
            unread.push(stream);
        } else {
            tokio::spawn(view(stream, delays.clone(), Arc::clone(&open)));
        }
    }
    drop(delays);
    let readers = viewers - unread.len();
    while open.load(Ordering::Relaxed) < readers {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let idle = running.mebibytes("VmRSS:");
    std::io::Write::write_all(&mut input, b"go\n").unwrap();
    let events = setting("LOGMARK_BENCH_SECONDS", 10) * EVENTS_PER_SECOND as usize;
    let mut taken = Vec::with_capacity(readers * events);
    while taken.len() < readers * events {
        taken.push(received.recv().await.unwrap());
    }
    taken.sort_unstable();
    let at = |share: f64| taken[((taken.len() - 1) as f64 * share) as usize] as f64 / 1000.0;
    println!("{viewers} viewers of {GROUPS} groups, {} never read; {} deliveries, none missing", unread.len(), taken.len());
    println!("resident memory: {before} MiB before, {idle} MiB idle, {} MiB at most", running.mebibytes("VmHWM:"));
    println!("append to viewer: p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms", at(0.5), at(0.99), at(1.0));
}

/// Reads a tail and sends the delay of each event in microseconds.
async fn view(mut stream: TcpStream, delays: mpsc::UnboundedSender<u128>, open: Arc<AtomicUsize>) {
    let (mut buffer, mut rest, mut is_open) = (vec![0; 64 * 1024], Vec::new(), false);
    loop {
        let Ok(count @ 1..) = stream.read(&mut buffer).await else {
            // At the end of the measurement; a missing viewer shows in the number of deliveries.
            return;
        };
        let now = micros();
        rest.extend_from_slice(&buffer[..count]);
        if !is_open && rest.windows(4).any(|bytes| bytes == b"id: ") {
            is_open = true;
            open.fetch_add(1, Ordering::Relaxed);
        }
        while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=at).collect();
            let text = String::from_utf8_lossy(&line);
            if let Some((_, time)) = text.split_once("at=") {
                let sent: u128 = time.split(' ').next().unwrap().parse().unwrap();
                let _ended = delays.send(now.saturating_sub(sent));
            }
        }
    }
}

fn token(issuer: &DevIssuer, tenant: usize) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = serde_json::json!({
        "iss": "bench", "aud": "logmark", "sub": "viewer", "tenant": format!("t{tenant}"), "scope": "logs:tail:*",
        "iat": now, "exp": now + 3600,
    });
    issuer.mint(&claims).unwrap()
}
