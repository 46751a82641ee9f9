//! The service behind the document's examples: a tenant, a fake CloudWatch with a few events, and a store.

use logmark::sources::cloudwatch::quotas::Api;
use logmark_store::{NewEvent, Options, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::client::Client;
use crate::world::fake_cloudwatch::queries::Script;
use crate::world::fake_cloudwatch::{Fake, REGION, SECRET};
use crate::world::process::Process;
use crate::world::tokens::Issuer;

/// 2026-11-20T10:00:00Z.
pub const TEN: i64 = 1_795_168_800_000;

/// The issuer as the examples name it.
pub const ISSUER: &str = "https://login.example.com";

const TENANTS: &str = r#"
[tenants.acme]
limits = { requests_per_second = 10000, concurrent_queries = 3, scanned_gb_per_day = 1000000, tails = 5, max_range = "31d" }
[[tenants.acme.grants]]
source = "eu"
groups = ["/acme/api", "/acme/java/*"]
actions = ["read", "query"]
[[tenants.acme.grants]]
source = "disk"
groups = ["/acme/disk", "/acme/gateway"]
actions = ["read", "query"]

[tenants.initech]
limits = { scanned_gb_per_day = 50 }
[[tenants.initech.grants]]
source = "eu"
groups = ["/acme/api"]
actions = ["query"]

[tenants.globex]
limits = { requests_per_second = 1 }
[[tenants.globex.grants]]
source = "eu"
groups = ["/globex/*"]
actions = ["read", "query"]
"#;

/// A running service and its counterparts.
pub struct TestEnvironment {
    process: Process,
    pub issuer: Issuer,
    pub fake: Fake,
    _folder: TempDir,
}

impl TestEnvironment {
    pub async fn start() -> Self {
        let fake = Fake::start(now()).await;
        let folder = tempfile::tempdir().unwrap();
        let issuer = Issuer::new(folder.path());
        let quotas = Api::ALL.map(|api| format!("{api} = 10000")).join(", ");
        let config = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\npublic_url = \"https://logs.example.com\"\n\
             [telemetry]\nlog_level = \"info,request=off\"\n\
             [[auth.issuers]]\nissuer = \"{ISSUER}\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:issuer.jwks.json\"\n\
             [[sources]]\nname = \"eu\"\nkind = \"cloudwatch\"\nregion = \"{REGION}\"\nendpoint = \"{}\"\ncache = {{ bytes = 0 }}\n\
             quotas = {{ {quotas}, concurrent_queries = 100 }}\n\
             [[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\n{TENANTS}",
            fake.endpoint(),
        );
        let path = folder.path().join("logmark.toml");
        std::fs::write(&path, config).unwrap();
        fill(&fake);
        store(&folder).await;
        let process = Process::serve(&path, &[("AWS_ACCESS_KEY_ID", "AKIDSTAGE"), ("AWS_SECRET_ACCESS_KEY", SECRET)]).await;
        Self { process, issuer, fake, _folder: folder }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.process.address)
    }

    /// A token of the tenant with the claims of the examples.
    pub fn token(&self, tenant: &str, scope: &str) -> String {
        let mut claims = Issuer::claims(tenant, scope);
        claims["iss"] = ISSUER.into();
        claims["sub"] = "user-17".into();
        self.issuer.mint(&claims)
    }

    /// Adds events of the last minute. They are new in each run, so no example shows them.
    pub fn go_on(&self) {
        for second in 1..=40 {
            let (at, status) = (now() - second * 1_000, if second % 4 == 0 { 502 } else { 200 });
            let stream = if second % 2 == 0 { "prod-a" } else { "web-1" };
            self.fake.state().logs.put_at("/acme/api", stream, (at, at + 40), &line(status, "/cart", 30));
        }
    }

    /// A client with the token.
    pub fn with(&self, token: Option<String>) -> Client {
        Client::new(self.process.address, token)
    }

    /// A client of the tenant.
    pub fn tenant(&self, tenant: &str, scope: &str) -> Client {
        self.with(Some(self.token(tenant, scope)))
    }
}

/// The system time.
fn now() -> i64 {
    use logmark::domain::time::{Clock as _, SystemClock};
    SystemClock.now().0
}

/// An access log line of a request.
fn line(status: u16, path: &str, millis: u32) -> String {
    json!({ "method": "GET", "path": path, "status": status, "ms": millis }).to_string()
}

fn fill(fake: &Fake) {
    let mut state = fake.state();
    let old = [
        (1_000, "web-1", line(200, "/orders", 12)),
        (2_500, "web-2", line(200, "/orders/7", 9)),
        (4_000, "web-1", line(503, "/orders", 1_004)),
        (5_250, "web-1", line(200, "/health", 1)),
    ];
    for (after, stream, message) in old {
        let at = TEN - 60_000 + after;
        state.logs.put_at("/acme/api", stream, (at, at + 881), &message);
    }
    state.logs.put_at("/acme/java/orders", "i-0a1b", (TEN, TEN + 640), "ERROR OrderService - no stock for 4711");
    state.logs.put_at("/globex/api", "web-1", (TEN, TEN + 700), "not acme's");
    let rows = [("2026-11-20 09:55:00.000", "3"), ("2026-11-20 09:50:00.000", "1")];
    let row = |(at, count): (&str, &str)| {
        [("bin(5m)", at), ("failures", count), ("@ptr", "raw-pointer")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    };
    state.queries.script = Script { rows: rows.map(row).to_vec(), looks: 0, bytes: 48_000.0, ..Script::default() };
    state.queries.fields = vec![("@timestamp", 100), ("@message", 100), ("status", 98), ("path", 98)];
    let record = [
        ("@timestamp", "1795168744000"),
        ("@message", &line(503, "/orders", 1_004)),
        ("@log", "123456789012:/acme/api"),
        ("@logStream", "web-1"),
        ("status", "503"),
        ("path", "/orders"),
    ];
    state
        .queries
        .records
        .insert("raw-pointer".to_owned(), record.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec());
}

/// A group in the local source too, with a stream whose name has every kind of allowed character.
async fn store(folder: &TempDir) {
    let store = Store::open(&folder.path().join("store"), Options::default()).unwrap();
    store.create_group("/acme/disk", TEN - 86_400_000).unwrap();
    for stream in ["prod-1", "2026/11/20/[$LATEST]0f3c", "ünï code"] {
        store.create_stream("/acme/disk", stream, TEN - 86_400_000).unwrap();
        let event = |index: i64| NewEvent { timestamp: TEN + index, message: format!("line {index}\u{1b}[0m") };
        store.append("/acme/disk", stream, (0..50).map(event).collect(), TEN + 900).await.unwrap();
    }
    store.create_group("/acme/gateway", TEN - 86_400_000).unwrap();
    store.create_stream("/acme/gateway", "prod", TEN - 86_400_000).unwrap();
    let request = |(index, (path, status, latency)): (i64, (&str, &str, &str))| {
        let id = format!("7f1c9a2e-5d53-4c0e-8a41-00000000000{index}");
        let message = json!({ "requestId": id, "ip": "192.0.2.7", "requestTime": "20/Nov/2026:09:59:00 +0000", "httpMethod": "GET",
            "resourcePath": path, "status": status, "protocol": "HTTP/1.1", "responseLength": "512", "responseLatency": latency });
        NewEvent { timestamp: TEN - 60_000 + index * 1_000, message: message.to_string() }
    };
    let requests = [("/orders", "200", "12"), ("/orders", "503", "1004"), ("/orders/{id}", "200", "9"), ("/health", "200", "1")];
    store.append("/acme/gateway", "prod", (0..).zip(requests).map(request).collect(), TEN + 900).await.unwrap();
    store.close().unwrap();
}

/// The document as the service returns it.
pub fn document() -> Value {
    serde_json::from_str(&logmark::http::openapi::DOCUMENT).unwrap()
}
