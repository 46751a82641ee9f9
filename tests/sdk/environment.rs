//! One service with the data of the clients' tests, and the functions that run those tests.
//!
//! Owns the data, the tokens and the variables of `sdk/CONTRIBUTING.md`. A client's exit code is its result; its output is not
//! parsed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use logmark_store::{NewEvent, Options, Store};
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use super::proxy::FaultyProxy;
use crate::contract::subject::{KEEPS_NOTHING, KEYS, cloudwatch, now};
use crate::world::binary::Binary;
use crate::world::fake_cloudwatch::plan::Plan;
use crate::world::fake_cloudwatch::queries::{ACCOUNT, Script};
use crate::world::fake_cloudwatch::{Fake, Fault};
use crate::world::process::Process;
use crate::world::tokens::Issuer;

/// Longer than any client's tests take on a busy machine, including its build.
const PATIENCE: Duration = Duration::from_secs(540);
/// 2026-11-20T10:00:00Z.
const BEGIN: i64 = 1_795_168_800_000;
/// The events of `/acme/big`.
const BIG: usize = 10_000;
/// The stream of `/acme/small`, with every character that has a meaning in a URL, and others.
const ODD_STREAM: &str = "2026/11/20/[$LATEST]a#b?c d é%2F+&=";
/// The events of `/acme/small`.
const SMALL: [&str; 3] = ["plain", r#"quotes " and \ and 'these'"#, "two lines\nof ünïcödé 🪵"];
/// The time between two events of `/watched/ticks`: longer than the proxy keeps an idle connection.
const TICK: Duration = Duration::from_millis(700);
/// A message of `/acme/midway`: four of them fill a page of the source.
const LARGE: usize = 256_000;

/// The service and the variables of its clients.
#[derive(Debug)]
pub struct TestEnvironment {
    environment: BTreeMap<&'static str, String>,
    ticking: tokio::task::JoinHandle<()>,
    _process: Process,
    _proxy: FaultyProxy,
    _fake: Fake,
    _folder: TempDir,
}

impl TestEnvironment {
    /// Starts the service.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = Issuer::new(folder.path());
        let fake = Fake::start(now()).await;
        fill(&fake);
        let ticking = tokio::spawn(tick(fake.clone()));
        let store = folder.path().join("store");
        // In a thread of its own: in a tokio thread, a task's cooperative budget limits how often it may wait before it yields.
        std::thread::scope(|scope| scope.spawn(|| fill_store(&store)).join().unwrap());
        let config = folder.path().join("logmark.toml");
        std::fs::write(&config, configuration(&fake.endpoint())).unwrap();
        let process = Process::serve(&config, &KEYS).await;
        let proxy = FaultyProxy::before(process.address).await;
        let mut expired = Issuer::claims("acme", "logs:*:*");
        expired["exp"] = (now() / 1000 - 3600).into();
        let environment = BTreeMap::from([
            ("LOGMARK_URL", format!("http://{}", process.address)),
            ("LOGMARK_FRONT_URL", format!("http://{}", proxy.address)),
            ("LOGMARK_TOKEN", issuer.token("acme", "logs:*:*")),
            ("LOGMARK_TOKEN_NARROW", issuer.token("acme", "logs:read:/acme/small")),
            ("LOGMARK_TOKEN_EXPIRED", issuer.mint(&expired)),
            ("LOGMARK_TOKEN_LIMITED", issuer.token("limited", "logs:*:*")),
            ("LOGMARK_TOKEN_WATCHER", issuer.token("watcher", "logs:*:*")),
        ]);
        Self { environment, ticking, _process: process, _proxy: proxy, _fake: fake, _folder: folder }
    }

    /// Runs a command in a folder of the project to its end and requires success; returns its standard output.
    pub async fn run(&self, folder: &str, command: &[&str]) -> String {
        let (program, arguments) = command.split_first().unwrap();
        let mut child = Command::new(program);
        child.args(arguments).current_dir(root().join(folder)).envs(&self.environment);
        child.stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(PATIENCE, child.output()).await;
        let output = output.unwrap_or_else(|_| panic!("{command:?} does not end"));
        let output = output.unwrap_or_else(|error| panic!("{command:?} did not start: {error}; run `make setup`"));
        let (out, err) = texts(&output);
        println!("{out}\n{err}");
        assert!(output.status.success(), "{command:?} in {folder}: {}", output.status);
        out
    }

    /// Runs a command until it has printed these texts, then ends it.
    pub async fn run_until(&self, folder: &str, command: &[&str], texts: &[&str]) {
        let (program, arguments) = command.split_first().unwrap();
        let mut command = Command::new(program);
        command.args(arguments).current_dir(root().join(folder)).envs(&self.environment);
        // A program that a build tool starts ends with its process group.
        command.stdin(Stdio::null()).process_group(0);
        let mut process = Binary::start(command);
        for text in texts {
            tokio::time::timeout(PATIENCE, process.wait_for_output(text)).await.unwrap();
        }
        let group = format!("-{}", process.pid());
        assert!(Command::new("kill").args(["-s", "KILL", "--", &group]).status().await.unwrap().success());
        process.ended().await;
    }
}

impl Drop for TestEnvironment {
    fn drop(&mut self) {
        self.ticking.abort();
    }
}

/// Puts an event into `/watched/ticks` at intervals: `tick 0`, `tick 1`, …
async fn tick(fake: Fake) {
    for number in 0.. {
        {
            let mut state = fake.state();
            let now = state.tick();
            state.logs.put_at("/watched/ticks", "clock", (now, now), &format!("tick {number}"));
        }
        tokio::time::sleep(TICK).await;
    }
}

/// Fails unless this file of `make setup` exists and is newer than all its inputs.
pub fn assert_made(target: &str) {
    let make = std::process::Command::new("make").args(["--question", "--silent", target]).current_dir(root()).output();
    let fresh = make.unwrap_or_else(|error| panic!("make did not start: {error}"));
    assert!(fresh.status.success(), "`{target}` is missing, or older than what it is made from: run `make setup`");
}

/// The project's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// The source and the tenant of each group.
fn configuration(endpoint: &str) -> String {
    let source = |name: &str, account: &str| {
        let keys = cloudwatch(endpoint, KEEPS_NOTHING).replace("\"aws\"", &format!("\"{name}\""));
        // Each account has its own circuit breaker and rate limiter, so an unavailable upstream slows no other.
        format!("{keys}account = \"{account}\"\n")
    };
    let grant = |tenant: &str, source: &str, groups: &[&str]| {
        format!(
            "[[tenants.{tenant}.grants]]\nsource = \"{source}\"\ngroups = {groups:?}\nactions = [\"read\", \"query\", \"tail\"]\n"
        )
    };
    let queried = ["/acme/api", "/acme/midway", "/acme/queried", "/acme/many", "/acme/endless", "/acme/failing", "/acme/gone"];
    [
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\npublic_url = \"http://logs.test\"\n",
        "limits = { max_body_bytes = 4096, request_timeout = \"3s\", work_time = \"2s\" }\n",
        "[[auth.issuers]]\nissuer = \"test\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:issuer.jwks.json\"\n",
        "[[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\n",
        &source("aws", ACCOUNT),
        &source("broken", "000000000502"),
        &source("busy", "000000000503"),
        &source("slow", "000000000504"),
        "[tenants.limited]\nlimits = { requests_per_second = 3 }\n",
        &grant("limited", "disk", &["/acme/big"]),
        "[tenants.acme]\n",
        &grant("acme", "disk", &["/acme/big", "/acme/small", "/acme/java/orders"]),
        &grant("acme", "aws", &queried),
        &grant("acme", "broken", &["/acme/down/502"]),
        &grant("acme", "busy", &["/acme/down/503"]),
        &grant("acme", "slow", &["/acme/down/504"]),
        "[tenants.watcher]\n",
        &grant("watcher", "aws", &["/watched/ticks"]),
    ]
    .concat()
}

fn fill_store(path: &Path) {
    let store = Store::open(path, Options::default()).unwrap();
    let put = |group: &str, stream: &str, events: Vec<NewEvent>| {
        store.create_group(group, BEGIN).unwrap();
        store.create_stream(group, stream, BEGIN).unwrap();
        store.append_blocking(group, stream, events, BEGIN + 60_000).unwrap();
    };
    let at = |offset: usize| BEGIN + i64::try_from(offset).unwrap();
    let big = (0..BIG).map(|number| NewEvent { timestamp: at(number / 3), message: format!("event {number:05}") });
    put("/acme/big", "web-1", big.collect());
    let small = SMALL.iter().zip(0..);
    let small = small.map(|(message, number)| NewEvent { timestamp: at(number * 1000), message: (*message).to_owned() });
    put("/acme/small", ODD_STREAM, small.collect());
    let orders = (0..3).map(|number| NewEvent { timestamp: now() - 60_000 + number * 1000, message: format!("order {number}") });
    put("/acme/java/orders", "node-1", orders.collect());
    store.close().unwrap();
}

fn fill(fake: &Fake) {
    let mut state = fake.state();
    state.has_system_clock = true;
    state.live.interval = Duration::from_millis(100);
    for (number, status) in [200, 404, 500].into_iter().enumerate() {
        let message = json!({ "path": "/orders", "status": status }).to_string();
        state.logs.put("/acme/api", "prod-a", now() - 60_000 + i64::try_from(number).unwrap() * 1000, &message);
    }
    for number in 0..6 {
        let message = "0".repeat(LARGE - 1) + &number.to_string();
        state.logs.put("/acme/midway", "web-1", BEGIN + number * 1000, &message);
    }
    // The token of its second page begins with the time of the fourth event.
    state.plans.set(Plan::new(&format!("/{}.", BEGIN + 3000), Fault::Error(400, "AccessDeniedException")));

    let rows =
        |name: &str, count: usize| (0..count).map(|number| vec![(name.to_owned(), number.to_string())]).collect::<Vec<_>>();
    for (group, script) in [
        ("/acme/api", Script { rows: rows("status", 3), ..Script::default() }),
        ("/acme/queried", Script { rows: rows("status", 3), looks: 2, ..Script::default() }),
        ("/acme/many", Script { rows: rows("n", 12_000), ..Script::default() }),
        ("/acme/endless", Script { looks: usize::MAX, ..Script::default() }),
        ("/acme/failing", Script { end: "Failed", ..Script::default() }),
    ] {
        state.logs.add_stream(group, "web-1");
        state.queries.scripts.insert(group.to_owned(), script);
    }
    for (group, fault) in [
        ("/acme/down/502", Fault::Error(400, "AccessDeniedException")),
        ("/acme/down/503", Fault::Error(400, "ThrottlingException")),
        ("/acme/down/504", Fault::Hang),
    ] {
        state.logs.add_stream(group, "web-1");
        // Lists, which send the group as a prefix, succeed.
        state.plans.set(Plan::new(&format!("\"logGroupName\":\"{group}\""), fault));
    }
}
