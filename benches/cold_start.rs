//! The time of a function from the start of its process to its first answers, and its size:
//! `make lambda && cargo bench --bench cold_start`.
//!
//! The program is `target/lambda/bootstrap` (`LOGMARK_BENCH_BOOTSTRAP`), started `LOGMARK_BENCH_STARTS` (30) times for each kind
//! of first request, with a configuration beside it and an emulation of the Runtime API in this process. Times run from the start
//! of the process to the arrival of its request to the Runtime API: `init` when it polls for its first event, `answer` when it
//! posts its answer to that event.
//!
//! - `no token`: 401, which needs no other service.
//! - `verified`: `/me` with a token whose key is fetched from an issuer in this process.
//! - `events`: a page of events of a CloudWatch in this process, with credentials of the environment.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a measurement for a person to read"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use logmark::auth::dev_issuer::DevIssuer;
use serde_json::{Value, json};

/// The first request.
#[derive(Debug, Clone, Copy)]
enum First {
    NoToken,
    Verified,
    Events,
}

/// The longest wait for a request: a program that ends at its start must not stop the bench.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// One start.
struct Start {
    init: Duration,
    answer: Duration,
}

fn main() {
    let starts = std::env::var("LOGMARK_BENCH_STARTS").ok().and_then(|text| text.parse().ok()).unwrap_or(30_usize).max(1);
    let bootstrap = std::env::var_os("LOGMARK_BENCH_BOOTSTRAP")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/lambda/bootstrap"), PathBuf::from);
    assert!(bootstrap.exists(), "{} is missing: run `make lambda`", bootstrap.display());
    let bytes = std::fs::metadata(&bootstrap).unwrap().len();
    println!("{}: {:.1} MB", bootstrap.display(), bytes as f64 / 1e6);
    println!("{starts} starts each; milliseconds from the start of the process\n");
    println!("{:<12}{:<8}{:>8}{:>8}{:>8}", "first", "until", "min", "median", "max");
    let folder = tempfile::tempdir().unwrap();
    let issuer = DevIssuer::load_or_create(&folder.path().join("issuer.pem")).unwrap();
    issuer.write_jwks(&folder.path().join("jwks.json")).unwrap();
    let keys = std::fs::read(folder.path().join("jwks.json")).unwrap();
    let issuer_at = answering(move |_| keys.clone());
    let upstream_at = answering(|_| EVENTS.into());
    configure(folder.path(), issuer_at, upstream_at);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims =
        json!({ "iss": "bench", "aud": "logmark", "sub": "bench", "tenant": "acme", "scope": "logs:*:*", "exp": now + 3600 });
    let token = issuer.mint(&claims).unwrap();
    for first in [First::NoToken, First::Verified, First::Events] {
        let (name, target, token, status) = match first {
            First::NoToken => ("no token", "/me", None, 401),
            First::Verified => ("verified", "/me", Some(&token), 200),
            First::Events => ("events", "/logs/:acme:api/s?start=-1h", Some(&token), 200),
        };
        let event = event(target, token.map(String::as_str));
        let all: Vec<Start> = (0..starts).map(|_| start(&bootstrap, folder.path(), &event, status)).collect();
        print(name, "init", all.iter().map(|start| start.init).collect());
        print(name, "answer", all.iter().map(|start| start.answer).collect());
    }
}

fn print(first: &str, until: &str, mut all: Vec<Duration>) {
    all.sort();
    let ms = |took: Duration| took.as_secs_f64() * 1e3;
    println!("{first:<12}{until:<8}{:>8.1}{:>8.1}{:>8.1}", ms(all[0]), ms(all[all.len() / 2]), ms(all[all.len() - 1]));
}

/// A page of GetLogEvents without events; the same token means the end.
const EVENTS: &str = r#"{"events":[],"nextForwardToken":"f/1","nextBackwardToken":"b/1"}"#;

fn configure(folder: &Path, issuer: u16, upstream: u16) {
    let text = format!(
        "[server]\npublic_url = \"https://logs.example.com\"\n\
         [[auth.issuers]]\nissuer = \"bench\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"http://127.0.0.1:{issuer}/jwks\"\n\
         [[sources]]\nname = \"aws\"\nkind = \"cloudwatch\"\nregion = \"eu-central-1\"\nendpoint = \"http://127.0.0.1:{upstream}\"\n\
         [tenants.acme]\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\"]\n"
    );
    std::fs::write(folder.join("logmark.toml"), text).unwrap();
}

/// An HTTP API's event.
fn event(path: &str, token: Option<&str>) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut headers = json!({ "host": "logs.example.com", "accept-encoding": "gzip", "user-agent": "curl/8" });
    if let Some(token) = token {
        headers["authorization"] = format!("Bearer {token}").into();
    }
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": headers,
        "requestContext": { "stage": "$default", "domainName": "x.execute-api.eu-central-1.amazonaws.com",
            "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7" } },
        "isBase64Encoded": false
    })
}

/// Starts the program, gives it one event, and ends it.
fn start(bootstrap: &Path, folder: &Path, event: &Value, status: u64) -> Start {
    let (port, requests) = runtime_api(event.to_string());
    let mut command = Command::new(bootstrap);
    command
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", format!("127.0.0.1:{port}"))
        .env("AWS_LAMBDA_FUNCTION_NAME", "logmark")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "AKIDBENCH")
        .env("AWS_SECRET_ACCESS_KEY", "bench")
        .env("AWS_SESSION_TOKEN", "bench")
        .env("LAMBDA_TASK_ROOT", folder)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let begun = Instant::now();
    let mut process = command.spawn().unwrap();
    let request = || requests.recv_timeout(MAX_WAIT).expect("the program sends a request to the Runtime API");
    let (init, _next) = request();
    let (answer, body) = request();
    process.kill().unwrap();
    process.wait().unwrap();
    let posted: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(posted["statusCode"], status, "{posted}");
    Start { init: init - begun, answer: answer - begun }
}

/// A request to the Runtime API: its time of arrival and its body.
type Arrived = (Instant, Vec<u8>);

/// A Runtime API with one event: its port and the received requests. The program may open a connection for each request.
fn runtime_api(event: String) -> (u16, Receiver<Arrived>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, requests) = mpsc::channel();
    std::thread::spawn(move || {
        let mut event = Some(event);
        // This thread lives as long as the bench.
        while let Ok((mut socket, _)) = listener.accept() {
            let (sender, event) = (sender.clone(), event.take());
            std::thread::spawn(move || {
                let mut event = event;
                while let Some(body) = read_request(&mut socket) {
                    let is_received = sender.send((Instant::now(), body)).is_ok();
                    match event.take().filter(|_| is_received) {
                        Some(event) => socket.write_all(invocation(&event).as_bytes()).unwrap(),
                        None => return,
                    }
                }
            });
        }
    });
    (port, requests)
}

/// The answer to a request for the next event.
fn invocation(event: &str) -> String {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() + 28_000;
    format!(
        "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: 1\r\nlambda-runtime-deadline-ms: {deadline}\r\ncontent-length: {}\r\n\r\n{event}",
        event.len()
    )
}

/// Reads one request with its body.
fn read_request(socket: &mut TcpStream) -> Option<Vec<u8>> {
    let mut reader = BufReader::new(socket);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

/// A server with the same answer to every request; its port.
fn answering(body: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let body = std::sync::Arc::new(body);
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let (mut socket, body) = (socket.unwrap(), std::sync::Arc::clone(&body));
            std::thread::spawn(move || {
                while let Some(request) = read_request(&mut socket) {
                    let body = body(&request);
                    let head =
                        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
                    if socket.write_all(&[head.as_bytes(), &body].concat()).is_err() {
                        break;
                    }
                }
            });
        }
    });
    port
}
