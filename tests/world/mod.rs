//! A service for each test: real sockets, a real store in a temporary folder, tokens signed with a real key.

mod audit;
pub mod binary;
pub mod client;
pub mod faulty_proxy;
pub mod demo;
pub mod other_host;
pub mod fake_cloudwatch;
pub mod grants;
pub mod keys;
pub mod generated_upstream;
pub mod moto;
pub mod old_http;
pub mod process;
pub mod python;
pub(crate) mod random;
pub mod recorder;
pub mod redis_server;
pub mod small_http;
pub mod tail;
pub mod tokens;
pub mod unread_connection;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use logmark::config::loader::{ConfigPlace, Loader};
use logmark::domain::time::{Clock, Millis, SystemClock};
use logmark::service::{Listeners, Service};
use logmark_store::{NewEvent, Store};
use tempfile::TempDir;
use tokio::sync::{Notify, oneshot};

use client::Client;
use tokens::Issuer;

/// The configuration of most tests: two tenants on one local source, and a template.
pub const TENANTS: &str = r#"
[tenants.acme]
[[tenants.acme.grants]]
groups = ["/acme/*", "/shared/gateway"]
actions = ["read", "query", "tail"]
[[tenants.acme.grants]]
groups = ["/limited/*"]
streams = ["prod-*"]
actions = ["read"]
[[tenants.acme.grants]]
groups = ["/described/*"]
actions = ["describe"]

[tenants.globex]
[[tenants.globex.grants]]
groups = ["/globex/*"]
actions = ["read"]

[tenant_template]
groups = ["/customers/{tenant}/*"]
actions = ["read"]
"#;

/// Writes a file that only its owner may read.
pub fn write_private(path: &std::path::Path, text: &str) {
    logmark::files::replace(path, text.as_bytes(), logmark::files::PRIVATE).unwrap();
}

/// Audit lines of the tests' services go to a file in their folder, not to the tests' output.
pub const AUDIT: &str = "[audit]\nsink = \"file\"\npath = \"audit.jsonl\"\nfsync = \"never\"\n";

/// A local source whose endpoint accepts this key.
pub const ENDPOINT: &str = "[[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\n\
     endpoint = { listen = \"127.0.0.1:0\", access_key = \"AKIDTEST\", secret_key = \"env:ENDPOINT_SECRET\", account = \"123456789012\" }\n";

impl Options {
    /// Options with an endpoint that accepts the key `AKIDTEST` with the secret of the fake CloudWatch.
    pub fn with_endpoint() -> Self {
        let environment = vec![("ENDPOINT_SECRET", fake_cloudwatch::SECRET)];
        Self { sources: Some(ENDPOINT.to_owned()), environment, ..Self::default() }
    }
}

/// A clock that a test advances.
#[derive(Debug, Default)]
pub struct HeldClock(AtomicI64);

impl HeldClock {
    /// A clock that starts at the system time.
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(SystemClock.now().0)))
    }

    /// Advances the clock.
    pub fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for HeldClock {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::Relaxed))
    }
}

/// The options of a world.
#[derive(Debug, Default)]
pub struct Options {
    /// `[[sources]]`; the default is one local source `disk`.
    pub sources: Option<String>,
    /// `[tenants…]` and `[tenant_template]`; the default is [`TENANTS`].
    pub tenants: Option<String>,
    /// `[audit]`; the default is [`AUDIT`].
    pub audit: Option<String>,
    /// Additional lines for `[server]`.
    pub server: String,
    /// Additional files in the folder: name and content.
    pub files: Vec<(String, String)>,
    /// The environment variables of the configuration.
    pub environment: Vec<(&'static str, &'static str)>,
    /// The clock; the default is the system clock.
    pub clock: Option<Arc<HeldClock>>,
    /// The folder of a stopped world; the default is a new one.
    pub folder: Option<TempDir>,
    /// Reloads the configuration when its files change and at [`World::request_reload`].
    pub reloads: bool,
}

/// A running service.
#[derive(Debug)]
pub struct World {
    /// The address of the public listener.
    pub address: SocketAddr,
    /// The address of the admin listener.
    pub admin: SocketAddr,
    /// The addresses of the local sources' endpoints.
    pub endpoints: Vec<SocketAddr>,
    /// The folder with configuration, keys and store.
    pub folder: TempDir,
    /// Signs tokens that the service accepts.
    pub issuer: Issuer,
    requests: Arc<Notify>,
    store: Option<Store>,
    stop: Option<oneshot::Sender<()>>,
    running: tokio::task::JoinHandle<()>,
}

impl World {
    /// A service on the local source.
    pub async fn new() -> Self {
        Self::with(Options::default()).await
    }

    /// A service with these options.
    pub async fn with(mut options: Options) -> Self {
        let folder = options.folder.take().unwrap_or_else(|| tempfile::tempdir().unwrap());
        Self::again(folder, options).await
    }

    /// A service on the folder of an earlier one, with a new issuer.
    pub async fn again(folder: TempDir, options: Options) -> Self {
        let issuer = Issuer::new(folder.path());
        let mut loader = Self::configure(&folder, &options);
        let config = loader.load().unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let clock: Arc<dyn Clock> = match options.clock {
            Some(clock) => clock,
            None => Arc::new(SystemClock),
        };
        let listeners = Listeners::bind(&config).await.unwrap();
        let service = Service::build(&config, listeners.public_url.clone(), clock).await.unwrap();
        let store = service.local_store();
        let requests = Arc::new(Notify::new());
        let service = if options.reloads { service.with_reloading(loader, config, Arc::clone(&requests)) } else { service };
        let (address, admin) = (listeners.address, listeners.admin_address);
        let endpoints = listeners.endpoint_addresses.clone();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(listeners.serve(service, async move {
            let _dropped = stopped.await;
        }));
        Self { address, admin, endpoints, folder, issuer, requests, store, stop: Some(stop), running }
    }

    fn configure(folder: &TempDir, options: &Options) -> Loader {
        let sources = options
            .sources
            .clone()
            .unwrap_or_else(|| "[[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\n".to_owned());
        let audit = options.audit.as_deref().unwrap_or(AUDIT);
        let tenants = options.tenants.clone().unwrap_or_else(|| TENANTS.to_owned());
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\npublic_url = \"http://logs.test\"\n{}\n\
             [[auth.issuers]]\nissuer = \"test\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:issuer.jwks.json\"\n\n\
             {sources}\n{tenants}\n{audit}",
            options.server
        );
        for (name, content) in &options.files {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        let path = folder.path().join("logmark.toml");
        std::fs::write(&path, text).unwrap();
        let environment = options.environment.iter().map(|(name, value)| (name.into(), value.into()));
        Loader::new(ConfigPlace::file(Some(&path)), environment)
    }

    /// Puts events into the local source: (milliseconds, message).
    pub async fn put(&self, group: &str, stream: &str, events: &[(i64, &str)]) {
        self.put_at(group, stream, events, 1_700_000_000_500).await;
    }

    /// Puts events with an ingestion time: (milliseconds, ingestion, message).
    pub async fn put_at(&self, group: &str, stream: &str, events: &[(i64, &str)], ingestion: i64) {
        let store = self.store.clone().unwrap();
        let _exists = store.create_group(group, 1_700_000_000_000);
        let _exists = store.create_stream(group, stream, 1_700_000_000_000);
        let events: Vec<_> = events
            .iter()
            .map(|(timestamp, message)| NewEvent { timestamp: *timestamp, message: (*message).to_owned() })
            .collect();
        for part in events.chunks(10_000) {
            store.append(group, stream, part.to_vec(), ingestion).await.unwrap();
        }
    }

    /// The path of the configuration.
    pub fn config_path(&self) -> PathBuf {
        self.folder.path().join("logmark.toml")
    }

    /// Replaces `old` by `new` in the configuration, as editors do: writes a new file and renames it over the old one.
    pub fn edit(&self, old: &str, new: &str) {
        let path = self.config_path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "`{old}` is not in the configuration:\n{text}");
        logmark::files::replace(&path, text.replace(old, new).as_bytes(), logmark::files::PUBLIC).unwrap();
    }

    /// Requests a reload, as SIGHUP does.
    pub fn request_reload(&self) {
        self.requests.notify_one();
    }

    /// The part of `/readyz` about the configuration.
    pub async fn config_report(&self) -> serde_json::Value {
        let answer = self.operator().get("/readyz").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["configuration"].clone()
    }

    /// Waits until a configuration of at least this generation is active.
    pub async fn generation(&self, at_least: u64) {
        while self.config_report().await["generation"].as_u64().unwrap() < at_least {}
    }

    /// Waits until a changed configuration is rejected and returns its errors.
    pub async fn refusal(&self) -> Vec<String> {
        loop {
            if let Some(errors) = self.config_report().await["errors"].as_array() {
                return errors.iter().map(|error| error.as_str().unwrap().to_owned()).collect();
            }
        }
    }

    /// The store of the local source.
    pub fn store(&self) -> Store {
        self.store.clone().unwrap()
    }

    /// The URL of the local source's endpoint.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.endpoints[0])
    }

    /// A client without a token.
    pub fn anonymous(&self) -> Client {
        Client::new(self.address, None)
    }

    /// A client with all scopes of the tenant.
    pub fn tenant(&self, tenant: &str) -> Client {
        self.scoped(tenant, "logs:*:*")
    }

    /// A client of the tenant with these scopes.
    pub fn scoped(&self, tenant: &str, scope: &str) -> Client {
        Client::new(self.address, Some(self.issuer.token(tenant, scope)))
    }

    /// A client with this text as its token.
    pub fn with_token(&self, token: &str) -> Client {
        Client::new(self.address, Some(token.to_owned()))
    }

    /// A client of the admin listener.
    pub fn operator(&self) -> Client {
        Client::new(self.admin, None)
    }

    /// Stops the service and waits until it has drained; the folder stays.
    pub async fn stop(mut self) -> TempDir {
        self.store = None;
        drop(self.stop.take());
        self.running.await.unwrap();
        self.folder
    }
}
