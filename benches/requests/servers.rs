//! The servers: the release binary over a prepared store, and a bare hyper server, each in a separate process.
//!
//! Owns keys, configuration, store and token, and reads the CPU time of a server.

use std::convert::Infallible;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::stream;
use http::Response;
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper_util::rt::{TokioExecutor, TokioIo};
use logmark::auth::dev_issuer::DevIssuer;
use logmark_store::{NewEvent, Options, Store};
use tokio::net::TcpListener;

/// The file with the bare server's answer. If it is set, this program is the bare server.
pub(crate) const ANSWER: &str = "LOGMARK_BENCH_ANSWER";
/// How many times the bare server sends its answer, as one body.
const REPEATS: &str = "LOGMARK_BENCH_REPEATS";
/// Jiffies in a second, for all of Linux's user interfaces (proc(5), `USER_HZ`).
const TICKS: f64 = 100.0;
/// Events of one append.
const BATCH: u64 = 5_000;

/// A process that ends when this value is dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Running {
    /// CPU time so far.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        cpu_seconds(&self.child.id().to_string())
    }

    /// The peak of its memory, in MiB.
    pub(crate) fn peak_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }
}

/// User and system CPU time of a process so far. `process`: a number, or `self`.
pub(crate) fn cpu_seconds(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    fields.split(' ').skip(11).take(2).map(|field| field.parse::<f64>().unwrap()).sum::<f64>() / TICKS
}

/// The service's log lines of each request.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Telemetry {
    /// Nothing.
    Quiet,
    /// A log line and an audit line, as by default.
    Default,
}

/// A folder with keys and a store.
pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) token: String,
}

impl World {
    /// A store of this many events, with messages of about this length.
    pub(crate) fn new(events: u64, message_bytes: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = DevIssuer::load_or_create(&folder.path().join("issuer.pem")).unwrap();
        issuer.write_jwks(&folder.path().join("issuer.jwks.json")).unwrap();
        // The store's blocking calls must not run on threads of a runtime.
        std::thread::scope(|scope| scope.spawn(|| fill(&folder.path().join("store"), events, message_bytes)).join().unwrap());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let claims = serde_json::json!({
            "iss": "bench", "aud": "logmark", "sub": "someone", "tenant": "acme", "scope": "logs:read:/acme/*",
            "iat": now, "exp": now + 3600,
        });
        Self { token: issuer.mint(&claims).unwrap(), folder }
    }

    /// The service over the store. Two of them cannot run at the same time.
    pub(crate) fn logmark(&self, telemetry: Telemetry) -> Running {
        let level = match telemetry {
            Telemetry::Quiet => "log_level = \"warn,logmark::cli=info\"\naudit = false\n",
            Telemetry::Default => "",
        };
        let config = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n[telemetry]\n{level}\
            [[auth.issuers]]\nissuer = \"bench\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:issuer.jwks.json\"\n\
            [[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\n\
            [tenants.acme]\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\"]\n"
        );
        std::fs::write(self.folder.path().join("logmark.toml"), config).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_logmark"));
        command.arg("serve").current_dir(self.folder.path()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("admin_listen") {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "the service starts");
        }
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        Running { child, address: line["listen"].as_str().unwrap().parse().unwrap() }
    }
}

fn fill(folder: &Path, events: u64, message_bytes: usize) {
    let store = Store::open(folder, Options::default()).unwrap();
    store.create_group("/acme/api", 1).unwrap();
    store.create_stream("/acme/api", "web-1", 1).unwrap();
    let message = |i: u64| {
        // A multiplication mixes the digits, so that the lines do not compress too well.
        let mixed = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let line =
            format!("192.0.2.{} - - \"GET /things/{i} HTTP/1.1\" 200 {} \"curl/8\" id={mixed:016x}", i % 256, mixed % 100_000);
        let padding = message_bytes.saturating_sub(line.len());
        format!(
            "{line} {:.padding$}",
            "agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 \
            Safari/537.36 upstream=10.0.3.17:8080 cache=MISS region=eu-central-1 user=anonymous referer=https://shop.example/cart"
        )
    };
    for batch in (0..events).step_by(BATCH as usize) {
        let new = |i| NewEvent { timestamp: 1_700_000_000_000 + i as i64, message: message(i) };
        let batch = (batch..events.min(batch + BATCH)).map(new).collect();
        store.append_blocking("/acme/api", "web-1", batch, 1_700_000_000_000).unwrap();
    }
    store.close().unwrap();
}

/// Starts this program as a bare server, which shows the cost of HTTP alone. It sends `answer` `repeats` times as one body.
pub(crate) fn start_bare(answer: &[u8], repeats: u64) -> Running {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(ANSWER, std::str::from_utf8(answer).unwrap()).env(REPEATS, repeats.to_string()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    Running { child, address: line.trim().parse().unwrap() }
}

/// The bare server.
pub(crate) async fn serve_bare(answer: Bytes) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    std::io::stdout().flush().unwrap();
    let repeats = crate::number(REPEATS, 1);
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let answer = answer.clone();
        let service = hyper::service::service_fn(move |_| {
            let body = if repeats == 1 {
                Full::new(answer.clone()).boxed()
            } else {
                let frames = std::iter::repeat_n(answer.clone(), repeats as usize);
                StreamBody::new(stream::iter(frames.map(|frame| Ok::<_, Infallible>(Frame::data(frame))))).boxed()
            };
            async move { Ok::<_, Infallible>(Response::builder().header("content-type", "application/json").body(body).unwrap()) }
        });
        tokio::spawn(async move {
            let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            let _gone = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
