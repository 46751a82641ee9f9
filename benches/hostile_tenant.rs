//! The latency of one tenant's requests while another tenant requests as much as it can and reads nothing, beside the latency
//! without the other tenant: `cargo bench --bench hostile_tenant`.
//!
//! `LOGMARK_BENCH_SECONDS` (5) for each. The attack is HTTP/2 connections with closed windows, 100 streams each, which are opened
//! again until the time is over. The service is the release binary in a separate process; its memory is printed too.
#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a measurement for a person to read")]

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use logmark::auth::dev_issuer::DevIssuer;
use logmark_store::{NewEvent, Options, Store};
use tokio::net::TcpStream;

const BEGIN: i64 = 1_700_000_000_000;
const STREAMS: usize = 100;
const CONNECTIONS: usize = 4;
/// The requests of the hostile tenant.
const ATTACKS: [(&str, &str); 3] = [
    ("/logs/:acme:big/s?start=0&limit=10000", "zstd"),
    ("/logs/:acme:big/s?start=0&format=ndjson", "gzip"),
    ("/logs/:acme:big/s?start=0&format=csv", "zstd"),
];
/// The request of the other tenant.
const TARGET: &str = "/logs/:globex:app/s?start=0&limit=100";

struct Service {
    process: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}

impl Service {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = DevIssuer::load_or_create(&folder.path().join("issuer.pem")).unwrap();
        issuer.write_jwks(&folder.path().join("issuer.jwks.json")).unwrap();
        let grant = |tenant| format!("[[tenants.{tenant}.grants]]\ngroups = [\"/{tenant}/*\"]\nactions = [\"read\"]\n");
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n[telemetry]\naudit = false\n\
             [[auth.issuers]]\nissuer = \"bench\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:issuer.jwks.json\"\n\
             [[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\n{}{}",
            grant("acme"),
            grant("globex")
        );
        std::fs::write(folder.path().join("logmark.toml"), text).unwrap();
        let store = Store::open(&folder.path().join("store"), Options::default()).unwrap();
        put(&store, "/acme/big", (0..2048).map(|_| "\u{1b}".repeat(4096)));
        put(&store, "/globex/app", (0..1000).map(|i| format!("GET /orders/{i} 200 12ms")));
        store.close().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_logmark"));
        command.arg("serve").current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let listen = lines.find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(&line).ok()?;
            line["listen"].as_str()?.parse().ok()
        });
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address: listen.unwrap(), folder }
    }

    fn token(&self, tenant: &str) -> String {
        let issuer = DevIssuer::load_or_create(&self.folder.path().join("issuer.pem")).unwrap();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let claims = serde_json::json!({
            "iss": "bench", "aud": "logmark", "sub": "bench", "tenant": tenant, "scope": "logs:read:*", "iat": now, "exp": now + 3600,
        });
        format!("Bearer {}", issuer.mint(&claims).unwrap())
    }

    fn memory_mib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }
}

fn put(store: &Store, group: &str, messages: impl Iterator<Item = String>) {
    store.create_group(group, BEGIN).unwrap();
    store.create_stream(group, "s", BEGIN).unwrap();
    let events: Vec<_> = messages.zip(BEGIN..).map(|(message, timestamp)| NewEvent { timestamp, message }).collect();
    for part in events.chunks(256) {
        store.append_blocking(group, "s", part.to_vec(), BEGIN + 1).unwrap();
    }
}

/// One connection of the hostile tenant: sends requests, waits for the heads, closes the connection, and starts again.
async fn attack(address: SocketAddr, token: &str, (target, coding): (&str, &str)) {
    loop {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(0).initial_max_send_streams(STREAMS);
        let (sender, connection) = builder.handshake::<_, Bytes>(stream).await.unwrap();
        let connection = tokio::spawn(async move {
            let _closed = connection.await;
        });
        let mut asked = Vec::new();
        for _ in 0..STREAMS {
            let request = Request::get(format!("http://logs.test{target}"));
            let request = request.header("authorization", token).header("accept-encoding", coding).body(()).unwrap();
            let Ok(mut sender) = sender.clone().ready().await else { break };
            let Ok((answer, _)) = sender.send_request(request, true) else { break };
            asked.push(answer);
        }
        let held = join_all(asked).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(held);
        connection.abort();
    }
}

/// The other tenant's requests, one after the other.
async fn measure(address: SocketAddr, token: &str, time: Duration) -> Vec<Duration> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let (begun, mut took) = (Instant::now(), Vec::new());
    while begun.elapsed() < time {
        sender.ready().await.unwrap();
        let asked = Instant::now();
        let request = Request::get(TARGET).header("host", "logs.test").header("authorization", token);
        let answer = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.into_body().collect().await.unwrap();
        took.push(asked.elapsed());
    }
    took.sort();
    took
}

fn main() {
    let seconds = std::env::var("LOGMARK_BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let time = Duration::from_secs(seconds);
    let service = Service::start();
    let (acme, globex) = (service.token("acme"), service.token("globex"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let quiet = runtime.block_on(measure(service.address, &globex, time));
    let idle = service.memory_mib("VmRSS");
    let attacked = runtime.block_on(async {
        let attacks = (0..CONNECTIONS).map(|number| attack(service.address, &acme, ATTACKS[number % ATTACKS.len()]));
        tokio::select! {
            took = measure(service.address, &globex, time) => took,
            _ = join_all(attacks) => Vec::new(),
        }
    });
    println!("{:<12}{:>10}{:>10}{:>10}", "", "quiet ms", "attack ms", "ratio");
    for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
        let at = |took: &[Duration]| took[((took.len() as f64 * share) as usize).min(took.len() - 1)].as_secs_f64() * 1e3;
        let (before, under) = (at(&quiet), at(&attacked));
        println!("{name:<12}{before:>10.3}{under:>10.3}{:>10.1}", under / before);
    }
    println!("memory: {idle} MiB quiet, {} MiB at most", service.memory_mib("VmHWM"));
    println!(
        "attack: {CONNECTIONS} connections of {STREAMS} streams; {} and {} requests of the other",
        quiet.len(),
        attacked.len()
    );
}
