//! Whether the time of an answer tells a foreign name from a missing one: `cargo bench --bench timing`.
//!
//! For each operation it sends 10,000 triples of requests in random order: for a group that exists and belongs to another tenant, for
//! one that does not exist, and for another foreign one. It prints how well the time of an answer separates foreign from missing
//! names, and, as the counterpart, foreign from foreign names. `LOGMARK_BENCH_PAIRS` sets the number.
//!
//! The effect sizes are Cohen's d (difference of the means in standard deviations, without the slowest percent) and the AUC of the
//! Mann-Whitney test: the chance that a request for a foreign name takes longer than one for a missing name. 0 and 0.5: no effect.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for a person to read")]

#[path = "policy/process.rs"]
#[expect(dead_code, reason = "other benchmarks measure processor time")]
mod process;
#[path = "../tests/world/random.rs"]
mod random;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant, UNIX_EPOCH};

use logmark::auth::dev_issuer::DevIssuer;
use logmark_store::{NewEvent, Options, Store};

use self::random::Random;

/// Groups of the other tenant. Even numbers exist, odd ones do not.
const GROUPS: usize = 1_000;
/// A part of the sample that is not measured, for caches and processor clocks to settle.
const WARM_UP: usize = 200;

/// Each operation that names a group; `{}` is the name.
const OPERATIONS: [(&str, &str); 14] = [
    ("GET", "/logs/:globex:{}"),
    ("GET", "/logs/:globex:{}/web-1"),
    ("GET", "/logs?group=/globex/{}"),
    ("GET", "/logs/:globex:{}?format=ndjson"),
    ("GET", "/logs/:globex:{}?follow=true"),
    ("GET", "/groups/:globex:{}"),
    ("GET", "/groups/:globex:{}/streams"),
    ("GET", "/groups/:globex:{}/fields"),
    ("GET", "/groups?prefix=/globex/{}"),
    ("GET", "/me/explain?action=read&group=:globex:{}"),
    ("POST", "/queries"),
    ("POST", "/queries/check"),
    ("POST", "/tickets"),
    ("GET", "/logs/:limited:api/{}"),
];

/// The service, ended with this value.
struct Running {
    child: Child,
    address: SocketAddr,
    token: String,
    _folder: tempfile::TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn name(number: usize, exists: bool) -> String {
    format!("n{:04}", 2 * number + usize::from(!exists))
}

fn fill(folder: &Path) {
    let store = Store::open(folder, Options::default()).unwrap();
    let event = || vec![NewEvent { timestamp: 1, message: "foreign".to_owned() }];
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    store.create_group("/limited/api", 1).unwrap();
    for number in 0..GROUPS {
        let group = format!("/globex/{}", name(number, true));
        store.create_group(&group, 1).unwrap();
        for (group, stream) in [(group.as_str(), "web-1"), ("/limited/api", name(number, true).as_str())] {
            store.create_stream(group, stream, 1).unwrap();
            runtime.block_on(store.append(group, stream, event(), 1)).unwrap();
        }
    }
    store.close().unwrap();
}

fn service() -> Running {
    let folder = tempfile::tempdir().unwrap();
    let issuer = DevIssuer::load_or_create(&folder.path().join("issuer.pem")).unwrap();
    issuer.write_jwks(&folder.path().join("issuer.jwks.json")).unwrap();
    fill(&folder.path().join("store"));
    let now = UNIX_EPOCH.elapsed().unwrap().as_secs();
    let claims = serde_json::json!({
        "iss": "bench", "aud": "logmark", "sub": "someone", "tenant": "acme", "scope": "logs:*:*", "iat": now, "exp": now + 3600,
    });
    let config = "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n\
        [[auth.issuers]]\nissuer = \"bench\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:issuer.jwks.json\"\n\
        [[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\n\
        [audit]\nsink = \"file\"\npath = \"audit.jsonl\"\n\
        [[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\", \"query\", \"tail\"]\n\
        [[tenants.acme.grants]]\ngroups = [\"/limited/*\"]\nstreams = [\"prod-*\"]\nactions = [\"read\"]\n\
        [[tenants.globex.grants]]\ngroups = [\"/globex/*\", \"/limited/*\"]\nactions = [\"read\", \"query\", \"tail\"]\n";
    std::fs::write(folder.path().join("logmark.toml"), config).unwrap();
    let (child, line) = process::serve(folder.path());
    let address = line["listen"].as_str().unwrap().parse().unwrap();
    Running { child, address, token: issuer.mint(&claims).unwrap(), _folder: folder }
}

/// One connection.
struct Connection {
    stream: BufReader<TcpStream>,
    token: String,
}

impl Connection {
    fn open(service: &Running) -> Self {
        let stream = TcpStream::connect(service.address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream), token: service.token.clone() }
    }

    /// The time from the first byte sent to the last byte received, and the length of the body.
    fn ask(&mut self, (method, target): (&str, &str), name: &str) -> (Duration, usize) {
        let target = target.replace("{}", name);
        let body = match (method, target.as_str()) {
            ("GET", _) => String::new(),
            (_, "/tickets") => format!(r#"{{"url":"/logs/:globex:{name}"}}"#),
            _ => format!(r#"{{"query":"fields status","logGroups":["/globex/{name}"],"start":"-1h"}}"#),
        };
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        let begun = Instant::now();
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let length = self.read();
        (begun.elapsed(), length)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line
    }

    /// Reads one answer, and returns the length of its body.
    fn read(&mut self) -> usize {
        let (mut length, mut is_chunked) = (0, false);
        loop {
            let line = self.line().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            is_chunked |= line.starts_with("transfer-encoding:");
            if line == "\r\n" {
                break;
            }
        }
        if !is_chunked {
            self.stream.read_exact(&mut vec![0; length]).unwrap();
            return length;
        }
        loop {
            let size = usize::from_str_radix(self.line().trim(), 16).unwrap();
            // With the end of the line behind the chunk, or behind the last one.
            self.stream.read_exact(&mut vec![0; size + 2]).unwrap();
            length += size;
            if size == 0 {
                return length;
            }
        }
    }
}

/// The chance that a value of `one` is larger than one of `other`; equal values count half.
fn auc(one: &[f64], other: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> =
        one.iter().map(|value| (*value, true)).chain(other.iter().map(|value| (*value, false))).collect();
    all.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let mut rank_sum = 0.0;
    let mut start = 0;
    while start < all.len() {
        let end = start + all[start..].iter().take_while(|(value, _)| *value == all[start].0).count();
        let rank = (start + end + 1) as f64 / 2.0;
        rank_sum += rank * all[start..end].iter().filter(|(_, is_one)| *is_one).count() as f64;
        start = end;
    }
    let (n, m) = (one.len() as f64, other.len() as f64);
    (rank_sum - n * (n + 1.0) / 2.0) / (n * m)
}

/// Cohen's d without the slowest percent of both together.
fn cohens_d(one: &[f64], other: &[f64]) -> f64 {
    let mut all = [one, other].concat();
    all.sort_by(f64::total_cmp);
    let limit = all[all.len() * 99 / 100];
    let moments = |values: &[f64]| {
        let values: Vec<f64> = values.iter().copied().filter(|value| *value < limit).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64;
        (mean, variance)
    };
    let ((mean, variance), (other_mean, other_variance)) = (moments(one), moments(other));
    (mean - other_mean) / f64::midpoint(variance, other_variance).sqrt()
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The times in microseconds: foreign, missing, foreign.
fn sample(connection: &mut Connection, operation: (&str, &str), count: usize, random: &mut Random) -> [Vec<f64>; 3] {
    let mut times = [const { Vec::new() }; 3];
    let mut lengths = [const { Vec::new() }; 3];
    for round in 0..count + WARM_UP {
        let mut order = [0, 1, 2];
        order.swap(0, random.below(3));
        order.swap(1, 1 + random.below(2));
        for kind in order {
            let name = name(random.below(GROUPS), kind != 1);
            let (time, length) = connection.ask(operation, &name);
            if round >= WARM_UP {
                times[kind].push(time.as_secs_f64() * 1e6);
                lengths[kind].push(length);
            }
        }
    }
    assert!(lengths.iter().flatten().all(|length| *length == lengths[0][0]), "{operation:?}: answers differ");
    times
}

fn main() {
    let count: usize = std::env::var("LOGMARK_BENCH_PAIRS").ok().map_or(10_000, |text| text.parse().unwrap());
    let service = service();
    let mut connection = Connection::open(&service);
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let error = ((2 * count + 1) as f64 / (12.0 * (count * count) as f64)).sqrt();
    println!("{count} pairs for each operation; standard error of an AUC without an effect: {error:.4}");
    println!("{:<48} {:>9} {:>18} {:>18}", "", "", "foreign/missing", "foreign/foreign");
    println!("{:<48} {:>9} {:>9} {:>8} {:>9} {:>8}", "operation", "median", "d", "AUC", "d", "AUC");
    for operation in OPERATIONS {
        let [foreign, missing, other] = sample(&mut connection, operation, count, &mut random);
        println!(
            "{:<48} {:>6.0} µs {:>9.3} {:>8.4} {:>9.3} {:>8.4}",
            format!("{} {}", operation.0, operation.1),
            median(&foreign),
            cohens_d(&foreign, &missing),
            auc(&foreign, &missing),
            cohens_d(&foreign, &other),
            auc(&foreign, &other)
        );
    }
}
