//! Requests a second for a small page of the local source, over loopback HTTP with kept connections, and how long they take;
//! in the same run a bare hyper server that answers the same bytes, asked by the same client: `cargo bench --bench requests`.
//!
//! `LOGMARK_BENCH_CLIENTS` connections (8) for `LOGMARK_BENCH_SECONDS` (5) each. The service is the release binary, a process
//! of its own; the counterpart is this program started again, so that both have the machine in the same way.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a measurement for a person to read"
)]

use std::convert::Infallible;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::client::conn::http1;
use hyper_util::rt::{TokioExecutor, TokioIo};
use logmark::auth::dev_issuer::DevIssuer;
use logmark_store::{NewEvent, Options, Store};
use tokio::net::{TcpListener, TcpStream};

const TARGET: &str = "/logs/:acme:api/web-1?from=head&limit=10";

/// A process that is ended with this program.
struct Running(Child, SocketAddr);

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

#[derive(Default)]
struct Figures {
    took: Vec<Duration>,
    per_second: f64,
}

impl Figures {
    fn print(&mut self, what: &str) {
        self.took.sort();
        let at = |share: f64| {
            let index = (self.took.len() as f64 * share) as usize;
            self.took[index.min(self.took.len() - 1)].as_secs_f64() * 1e3
        };
        let (p50, p90, p99, p999) = (at(0.5), at(0.9), at(0.99), at(0.999));
        println!("{what:<22}{:>10.0}{p50:>10.3}{p90:>10.3}{p99:>10.3}{p999:>10.3}", self.per_second);
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match std::env::var("LOGMARK_BENCH_ANSWER") {
        Ok(answer) => runtime.block_on(bare_server(answer.into())),
        Err(_) => runtime.block_on(measure()),
    }
}

async fn measure() {
    let (clients, seconds) = (number("LOGMARK_BENCH_CLIENTS", 8), number("LOGMARK_BENCH_SECONDS", 5));
    let folder = tempfile::tempdir().unwrap();
    let token = prepare(folder.path());
    let service = start_service(folder.path());
    let (head, body) = once(service.1, &token).await;
    let bare = start_bare(&body);
    println!("{}", machine());
    println!("{clients} connections, {seconds} s each; a page of 10 events, {} bytes; ES256 token, met before\n", body.len());
    println!("{:<22}{:>10}{:>10}{:>10}{:>10}{:>10}", "", "req/s", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms");
    assert_eq!(head["content-type"], "application/json");
    let time = Duration::from_secs(seconds);
    for server in [&service, &bare] {
        load(server.1, &token, clients, Duration::from_secs(1)).await;
    }
    let mut ours = load(service.1, &token, clients, time).await;
    let mut theirs = load(bare.1, &token, clients, time).await;
    ours.print("logmark serve");
    theirs.print("bare hyper, same bytes");
    println!("\nratio {:.2}", ours.per_second / theirs.per_second);
}

/// Configuration, key and a store of a thousand events; gives a token.
fn prepare(folder: &std::path::Path) -> String {
    let issuer = DevIssuer::load_or_create(&folder.join("issuer.pem")).unwrap();
    issuer.write_jwks(&folder.join("issuer.jwks.json")).unwrap();
    let config = "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n\
        [telemetry]\nlog_level = \"warn,logmark::cli=info\"\n\
        [[auth.issuers]]\nissuer = \"bench\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:issuer.jwks.json\"\n\
        [[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\n\
        [tenants.acme]\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\"]\n";
    std::fs::write(folder.join("logmark.toml"), config).unwrap();
    let store = Store::open(&folder.join("store"), Options::default()).unwrap();
    store.create_group("/acme/api", 1).unwrap();
    store.create_stream("/acme/api", "web-1", 1).unwrap();
    let message = |i| format!("192.0.2.7 - - \"GET /things/{i} HTTP/1.1\" 200 {} \"curl/8\"", i * 37);
    let events = (0..1000).map(|i| NewEvent { timestamp: 1_700_000_000_000 + i, message: message(i) }).collect();
    std::thread::scope(|scope| {
        let append = || store.append_blocking("/acme/api", "web-1", events, 1_700_000_000_000).unwrap();
        scope.spawn(append).join().unwrap();
    });
    store.close().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = serde_json::json!({
        "iss": "bench", "aud": "logmark", "sub": "someone", "tenant": "acme", "scope": "logs:read:/acme/*", "iat": now, "exp": now + 3600
    });
    issuer.mint(&claims).unwrap()
}

fn start_service(folder: &std::path::Path) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logmark"));
    command.arg("serve").current_dir(folder).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap());
    let mut lines = lines.lines().map(Result::unwrap);
    let line = lines.find(|line| line.contains("admin_listen")).expect("the service starts");
    std::thread::spawn(move || lines.for_each(drop));
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    Running(child, line["listen"].as_str().unwrap().parse().unwrap())
}

fn start_bare(body: &Bytes) -> Running {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env("LOGMARK_BENCH_ANSWER", std::str::from_utf8(body).unwrap()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    Running(child, line.trim().parse().unwrap())
}

/// What nothing but HTTP costs.
async fn bare_server(answer: Bytes) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    std::io::stdout().flush().unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let answer = answer.clone();
        let service = hyper::service::service_fn(move |_| {
            let body = Full::new(answer.clone());
            async move { Ok::<_, Infallible>(Response::builder().header("content-type", "application/json").body(body).unwrap()) }
        });
        tokio::spawn(async move {
            let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            let _gone = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn connect(address: SocketAddr) -> http1::SendRequest<Empty<Bytes>> {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn request(token: &str) -> Request<Empty<Bytes>> {
    let request = Request::get(TARGET).header("host", "localhost").header("authorization", format!("Bearer {token}"));
    request.body(Empty::new()).unwrap()
}

async fn once(address: SocketAddr, token: &str) -> (HeaderMap, Bytes) {
    let response = connect(address).await.send_request(request(token)).await.unwrap();
    assert_eq!(response.status(), 200);
    let (parts, body) = response.into_parts();
    (parts.headers, body.collect().await.unwrap().to_bytes())
}

async fn load(address: SocketAddr, token: &str, clients: u64, time: Duration) -> Figures {
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let token = token.to_owned();
        tasks.spawn(async move {
            let mut sender = connect(address).await;
            let mut took = Vec::new();
            while begun.elapsed() < time {
                let asked = Instant::now();
                sender.ready().await.unwrap();
                let response = sender.send_request(request(&token)).await.unwrap();
                assert_eq!(response.status(), 200);
                response.into_body().collect().await.unwrap();
                took.push(asked.elapsed());
            }
            took
        });
    }
    let took: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    Figures { per_second: took.len() as f64 / begun.elapsed().as_secs_f64(), took }
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
