//! A service on one of the sources: writing events, and clients that read them through the API.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use logmark::domain::time::{Clock as _, SystemClock};
use logmark::sources::cloudwatch::quotas::Api;
use serde_json::Value;
use tempfile::TempDir;

use crate::world::client::{Answer, Client};
use crate::world::fake_cloudwatch::{Fake, REGION, SECRET};
use crate::world::moto::Moto;
use crate::world::process::Process;
use crate::world::tokens::Issuer;
use crate::world::{AUDIT, Options, World};

/// Maximum pages, to detect endless paging.
const MAX_PAGES: usize = 20_000;

/// A service on a source, or on a part of it, that only this test uses.
#[derive(Debug)]
pub struct Subject {
    root: String,
    source: Source,
    acme: Client,
}

#[derive(Debug)]
enum Source {
    Local(Box<World>),
    Fake { fake: Fake, process: Binary },
    Moto { moto: &'static Moto, process: Binary },
    Endpoint { world: Box<World>, process: Binary },
}

/// The credentials in the environment of the service.
pub const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIDTEST"), ("AWS_SECRET_ACCESS_KEY", SECRET)];

/// The real binary on a CloudWatch endpoint.
#[derive(Debug)]
pub struct Binary {
    process: Process,
    issuer: Issuer,
    folder: TempDir,
}

impl Binary {
    /// Starts the service for the tenant `acme` of [`tenants`]; `server` adds lines to `[server]`.
    pub async fn on(endpoint: &str, root: &str, server: &str) -> Self {
        Self::with(&(cloudwatch(endpoint, KEEPS_NOTHING) + &tenants(root)), server, &KEYS).await
    }

    /// Starts the service with these `[[sources]]`, tenants and variables.
    pub async fn with(sources_and_tenants: &str, server: &str, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = Issuer::new(folder.path());
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\npublic_url = \"http://logs.test\"\n{server}\n\
             [[auth.issuers]]\nissuer = \"test\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\n\
             keys = \"file:issuer.jwks.json\"\n{sources_and_tenants}\n{AUDIT}"
        );
        let config = folder.path().join("logmark.toml");
        std::fs::write(&config, text).unwrap();
        let process = Process::serve(&config, environment).await;
        Self { process, issuer, folder }
    }

    /// Its audit lines so far.
    pub fn audit(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("audit.jsonl")).unwrap()
    }

    /// A client of `acme`.
    pub fn acme(&self) -> Client {
        self.tenant("acme")
    }

    /// A client of the tenant.
    pub fn tenant(&self, tenant: &str) -> Client {
        Client::new(self.process.address, Some(self.issuer.token(tenant, "logs:*:*")))
    }

    /// A token of `acme`.
    pub fn token(&self) -> String {
        self.issuer.token("acme", "logs:*:*")
    }

    /// The process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        self.process.log()
    }
}

/// `cache` without memory: every read calls CloudWatch.
pub const KEEPS_NOTHING: &str = "{ bytes = 0 }";
/// A CloudWatch source with quotas that no test reaches.
pub fn cloudwatch(endpoint: &str, cache: &str) -> String {
    let quotas = Api::ALL.map(|api| format!("{api} = 10000")).join(", ");
    format!(
        "[[sources]]\nname = \"aws\"\nkind = \"cloudwatch\"\nregion = \"{REGION}\"\nendpoint = \"{endpoint}\"\n\
         quotas = {{ {quotas} }}\ncache = {cache}\n"
    )
}

/// The tenant `acme`, which may read the groups of `root`.
pub fn tenants(root: &str) -> String {
    format!(
        "[tenants.acme]\n\
         [[tenants.acme.grants]]\ngroups = [\"/{root}/*\"]\nactions = [\"read\", \"query\", \"tail\"]\n\
         [[tenants.acme.grants]]\ngroups = [\"/limited-{root}/*\"]\nstreams = [\"prod-*\"]\nactions = [\"read\", \"query\", \"tail\"]\n"
    )
}

fn new_root() -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    format!("c{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// Epoch milliseconds.
pub fn now() -> i64 {
    SystemClock.now().0
}

impl Subject {
    /// A subject on the local store.
    pub async fn local() -> Self {
        let root = new_root();
        let world = World::with(Options { tenants: Some(tenants(&root)), ..Options::default() }).await;
        Self { root, acme: world.tenant("acme"), source: Source::Local(Box::new(world)) }
    }

    /// A subject on the fake CloudWatch.
    pub async fn fake() -> Self {
        let (fake, root) = (Fake::start(now()).await, new_root());
        let process = Binary::with(&(cloudwatch(&fake.endpoint(), KEEPS_NOTHING) + &tenants(&root)), "", &KEYS).await;
        Self { root, acme: process.acme(), source: Source::Fake { fake, process } }
    }

    /// A subject on the fake CloudWatch behind another address, such as a proxy's.
    pub async fn fake_by(fake: Fake, address: SocketAddr) -> Self {
        let root = new_root();
        let process = Binary::on(&format!("http://{address}"), &root, "").await;
        Self { root, acme: process.acme(), source: Source::Fake { fake, process } }
    }

    /// A subject on the fake CloudWatch with random short or empty pages.
    pub async fn torn() -> Self {
        let subject = Self::fake().await;
        if let Source::Fake { fake, .. } = &subject.source {
            fake.state().logs.partial = 0x5eed;
        }
        subject
    }

    /// A subject on the fake CloudWatch with a running clock, whose live tail sessions send an update every 50 ms.
    pub async fn live() -> Self {
        let subject = Self::fake().await;
        if let Source::Fake { fake, .. } = &subject.source {
            let mut state = fake.state();
            state.has_system_clock = true;
            state.live.interval = Duration::from_millis(50);
        }
        subject
    }

    /// Like `live`, with a role that may not start live tail sessions: tails poll.
    pub async fn polled() -> Self {
        let subject = Self::live().await;
        if let Source::Fake { fake, .. } = &subject.source {
            fake.state().live.refusal = Some((400, "AccessDeniedException"));
        }
        subject
    }

    /// A subject on moto.
    pub async fn moto() -> Self {
        let address = Moto::shared().await.address;
        Self::moto_by(address).await
    }

    /// A subject on moto behind another address, such as a proxy's.
    pub async fn moto_by(address: SocketAddr) -> Self {
        let (moto, root) = (Moto::shared().await, new_root());
        let process = Binary::on(&format!("http://{address}"), &root, "").await;
        Self { root, acme: process.acme(), source: Source::Moto { moto, process } }
    }

    /// A subject on another Logmark's local source, through the CloudWatch Logs protocol.
    pub async fn endpoint() -> Self {
        let (world, root) = (World::with(Options::with_endpoint()).await, new_root());
        let process = Binary::with(&(cloudwatch(&world.endpoint(), KEEPS_NOTHING) + &tenants(&root)), "", &KEYS).await;
        Self { root, acme: process.acme(), source: Source::Endpoint { world: Box::new(world), process } }
    }

    /// The name of a group that `acme` may read.
    pub fn group(&self, name: &str) -> String {
        format!("/{}/{name}", self.root)
    }

    /// The name of a group in which `acme` may read the streams `prod-*`.
    pub fn limited_group(&self, name: &str) -> String {
        format!("/limited-{}/{name}", self.root)
    }

    /// The name of a group that `acme` may not read.
    pub fn foreign_group(&self, name: &str) -> String {
        format!("/foreign-{}/{name}", self.root)
    }

    /// Creates a group.
    pub async fn create_group(&self, group: &str) {
        match &self.source {
            Source::Local(world) | Source::Endpoint { world, .. } => {
                world.store().create_group(group, now()).unwrap();
            }
            Source::Fake { fake, .. } => fake.state().logs.add_stream(group, "some"),
            Source::Moto { moto, .. } => moto.create_group(group).await,
        }
    }

    /// Writes events (milliseconds, message), in this order; creates a missing group or stream.
    pub async fn put(&self, group: &str, stream: &str, events: &[(i64, &str)]) {
        match &self.source {
            Source::Local(world) | Source::Endpoint { world, .. } => world.put(group, stream, events).await,
            Source::Fake { fake, .. } => {
                let mut state = fake.state();
                state.logs.add_stream(group, stream);
                events.iter().for_each(|(at, message)| state.logs.put(group, stream, *at, message));
            }
            Source::Moto { moto, .. } => moto.put(group, stream, events).await,
        }
    }

    /// Writes events that the source receives at this moment, in this order; creates a missing group or stream.
    pub async fn put_now(&self, group: &str, stream: &str, events: &[(i64, &str)]) {
        match &self.source {
            Source::Local(world) | Source::Endpoint { world, .. } => world.put_at(group, stream, events, now()).await,
            Source::Fake { fake, .. } => {
                let mut state = fake.state();
                let now = state.tick();
                state.logs.add_stream(group, stream);
                events.iter().for_each(|(at, message)| state.logs.put_at(group, stream, (*at, now), message));
            }
            Source::Moto { moto, .. } => moto.put(group, stream, events).await,
        }
    }

    /// Deletes a stream, or a group.
    pub async fn delete(&self, group: &str, stream: Option<&str>) {
        match &self.source {
            Source::Local(world) | Source::Endpoint { world, .. } => {
                let (store, group, stream) = (world.store(), group.to_owned(), stream.map(str::to_owned));
                let deleted = tokio::task::spawn_blocking(move || match stream {
                    Some(stream) => store.delete_stream(&group, &stream).map(drop),
                    None => store.delete_group(&group).map(drop),
                });
                deleted.await.unwrap().unwrap();
            }
            Source::Fake { fake, .. } => fake.state().logs.delete(group, stream),
            Source::Moto { .. } => unreachable!("moto has no live tail"),
        }
    }

    /// Two hours ago, at a full second: every source accepts events from then on.
    pub fn begin() -> i64 {
        (now() / 1000 - 7200) * 1000
    }

    /// A few seconds ago, at a full second: live tails of every source find events from then on.
    pub fn recent() -> i64 {
        (now() / 1000 - 5) * 1000
    }

    /// The client of `acme`.
    pub fn acme(&self) -> &Client {
        &self.acme
    }

    /// Sends a GET and requires success.
    pub async fn get(&self, target: &str) -> Answer {
        let answer = self.acme.get(target).await;
        assert_eq!(answer.status, 200, "{target}: {}\n{}", answer.text(), self.log());
        assert!(!answer.broken, "{target}");
        answer
    }

    /// A page of events.
    pub async fn page(&self, target: &str) -> Page {
        Page::of(&self.get(target).await.json())
    }

    /// All events from `target` to the end, by `nextCursor`, in pages of `limit`.
    pub async fn forward(&self, target: &str, limit: usize) -> Vec<Event> {
        let mut page = self.page(&with_limit(target, limit)).await;
        let mut all = Vec::new();
        for _ in 0..MAX_PAGES {
            page.check(limit);
            all.append(&mut page.events);
            if page.stop == "end" {
                return all;
            }
            page = self.page(&page.next_target(limit)).await;
        }
        panic!("no end");
    }

    /// All events from `target` back to the beginning, by `previousCursor`, in pages of `limit`; ascending.
    pub async fn backward(&self, target: &str, limit: usize) -> Vec<Event> {
        let page = self.page(&with_limit(target, limit)).await;
        let mut all = if page.stop == "end" { Vec::new() } else { self.backward_from(&page, limit).await };
        page.check(limit);
        all.extend(page.events);
        all
    }

    /// All events before the page.
    pub async fn backward_from(&self, page: &Page, limit: usize) -> Vec<Event> {
        let mut all = Vec::new();
        let mut page = self.page(&page.previous_target(limit)).await;
        for _ in 0..MAX_PAGES {
            page.check(limit);
            all.splice(..0, page.events.clone()).for_each(drop);
            if page.stop == "end" {
                return all;
            }
            page = self.page(&page.previous_target(limit)).await;
        }
        panic!("no beginning");
    }

    /// The log of the service, if it runs as a process.
    fn log(&self) -> String {
        match &self.source {
            Source::Local(_) => String::new(),
            Source::Fake { process, .. } | Source::Moto { process, .. } | Source::Endpoint { process, .. } => process.log(),
        }
    }
}

/// The target with `limit`, unless it has one.
fn with_limit(target: &str, limit: usize) -> String {
    if target.contains("limit=") {
        return target.to_owned();
    }
    format!("{target}{}limit={limit}", if target.contains('?') { '&' } else { '?' })
}

/// A group's or stream's name as a path segment, `:` for `/`, the rest percent-encoded.
pub fn segment(name: &str) -> String {
    percent_encoding::utf8_percent_encode(&name.replace('/', ":"), percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// `/logs/{group}/{stream}`.
pub fn stream_path(group: &str, stream: &str) -> String {
    format!("/logs/{}/{}", segment(group), segment(stream))
}

/// `/logs/{group}`.
pub fn group_path(group: &str) -> String {
    format!("/logs/{}", segment(group))
}

/// An event of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Epoch milliseconds.
    pub at: i64,
    /// Its stream.
    pub stream: String,
    /// Its message.
    pub message: String,
}

impl Event {
    /// An event.
    pub fn new(at: i64, stream: &str, message: &str) -> Self {
        Self { at, stream: stream.to_owned(), message: message.to_owned() }
    }

    /// Parses an event of a JSON page or an NDJSON line.
    pub fn of(event: &Value) -> Self {
        let at: jiff::Timestamp = event["timestamp"].as_str().unwrap().parse().unwrap();
        Self::new(at.as_millisecond(), event["logStream"].as_str().unwrap(), event["message"].as_str().unwrap())
    }
}

/// A page of events.
#[derive(Debug, Clone)]
pub struct Page {
    /// The events.
    pub events: Vec<Event>,
    /// `nextCursor`.
    pub next: String,
    /// `previousCursor`.
    pub previous: Option<String>,
    /// `stopReason`.
    pub stop: String,
}

impl Page {
    fn of(page: &Value) -> Self {
        Self {
            events: page["events"].as_array().unwrap().iter().map(Event::of).collect(),
            next: page["nextCursor"].as_str().unwrap().to_owned(),
            previous: page["previousCursor"].as_str().map(str::to_owned),
            stop: page["stopReason"].as_str().unwrap().to_owned(),
        }
    }

    /// The cursor of the next page.
    pub fn next_target(&self, limit: usize) -> String {
        format!("/logs?limit={limit}&cursor={}", self.next)
    }

    /// The cursor of the previous page.
    pub fn previous_target(&self, limit: usize) -> String {
        format!("/logs?limit={limit}&cursor={}", self.previous.as_ref().unwrap())
    }

    fn check(&self, limit: usize) {
        assert!(self.events.len() <= limit, "{} events in a page of {limit}", self.events.len());
        assert!(self.events.is_sorted_by_key(|event| event.at), "{:?}", self.events);
        // `time`: many consecutive empty pages have used up the calls of one response.
        assert!(["end", "limit", "bytes", "time"].contains(&self.stop.as_str()), "{}", self.stop);
        assert!(self.stop != "limit" || self.events.len() == limit);
    }
}

/// Events with runs of equal times, some long, and a gap: (milliseconds after the first, message).
pub fn varied(count: usize) -> Vec<(i64, String)> {
    let event = |index: usize| {
        let run = i64::try_from(index / 10).unwrap();
        let within = if run % 3 == 1 { 0 } else { [0, 1, 1, 2, 3, 3, 3, 7, 8, 9][index % 10] };
        (run * 10 + within, format!("event {index:03}"))
    };
    (0..count).map(event).collect()
}
