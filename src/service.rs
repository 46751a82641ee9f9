//! Builds the service from its configuration: sources, verifier, state, sockets.
//!
//! Owns the order of start and shutdown. The same [`Service`] runs behind sockets ([`Listeners`]) and on Lambda.

mod audit_log;
mod endpoints;
mod enricher;
mod preflight;
mod online;
mod opened;
mod reload;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use http::HeaderValue;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::auth::snapshot::PolicySnapshot;
use crate::auth::token::Verifier;
use crate::aws_protocol::endpoint::Endpoint;
use crate::config::Config;
use crate::config::loader::Loader;
use crate::config::server::CursorKeys;
use crate::domain::time::Clock;
use crate::http::client_address::Proxies;
use crate::http::cursor::CursorSealer;
use crate::http::server::{self, Certificates, ConnectionLimits};
use crate::http::tickets::Tickets;
use crate::http::{App, AppState, Parts, RequestLimits, admin, router};
use crate::limits::TenantLimits;
use crate::outbound::Outbound;
use crate::sources::Sources;
use crate::sources::cloudwatch::CloudWatch;
use crate::sources::page_pool::PagePool;
use crate::sources::tail::GapReason;
use crate::telemetry::metrics::{Metrics, audit_begins, tails_begin};

pub use online::{OnlineCheck, check_online};
use opened::Opened;
pub use preflight::preflight;
use reload::{Reloader, Reloading};

/// Limit for a write that the client does not read. Then the connection is closed.
const WRITE_STALL: Duration = Duration::from_secs(30);
/// Maximum age of a connection, so that clients spread over the replicas again after a deployment.
const CONNECTION_AGE: Duration = Duration::from_secs(3600);
/// Limit for stopping running queries when the service stops.
const QUERIES_STOP: Duration = Duration::from_secs(5);
/// Limit for writing the last audit lines at the end.
const AUDIT_STOP: Duration = Duration::from_secs(10);
/// Interval of the maintenance of metrics.
const UPKEEP: Duration = Duration::from_secs(5);

/// The service cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A source cannot be opened.
    #[error("source `{name}`: {why}")]
    Source {
        /// Which.
        name: String,
        /// Why.
        why: String,
    },
    /// The rules of the issuers are invalid.
    #[error("{0}")]
    Issuers(String),
    /// The cursor keys cannot be used.
    #[error("cursor keys: {0}")]
    CursorKeys(#[from] crate::http::cursor::BadKey),
    /// The certificate cannot be used.
    #[error("certificate: {0}")]
    Certificate(#[from] server::TlsError),
    /// The service cannot listen on an address.
    #[error("{address}: {why}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        why: std::io::Error,
    },
    /// The outbound client cannot be built.
    #[error("outbound connections: {0}")]
    Outbound(String),
    /// Audit lines cannot be written.
    #[error("audit: {0}")]
    Audit(String),
    /// Usage plans cannot be read.
    #[error("reports: {0}")]
    Reports(String),
    /// The store of shared limits cannot be used.
    #[error("limit store: {0}")]
    LimitStore(String),
    /// Local sources are not in this build.
    #[error("source `{0}` is local, but this build has no local sources: build with the feature `local`")]
    NoLocal(String),
}

/// The service, ready to take requests.
#[derive(Debug)]
pub struct Service {
    app: AppState,
    router: Router,
    #[cfg(feature = "local")]
    stores: Vec<logmark_store::Store>,
    cloudwatch: Vec<Arc<CloudWatch>>,
    /// The endpoints of local sources, in the order of the configuration.
    endpoints: Vec<Arc<Endpoint>>,
    /// For reading the configuration again; `None`: it is fixed.
    reloading: Option<Reloading>,
}

impl Service {
    /// Builds the service, without network requests. `public_url`: the address for clients.
    ///
    /// # Errors
    /// [`BuildError`], with the part that failed.
    pub async fn build(config: &Config, public_url: String, clock: Arc<dyn Clock>) -> Result<Self, BuildError> {
        let outbound = Outbound::new().map_err(|error| BuildError::Outbound(error.to_string()))?;
        let verifier = Arc::new(verifier(config, &outbound, Arc::clone(&clock))?);
        let enricher = enricher::make(&config.reports, &outbound, &clock).map_err(BuildError::Reports)?;
        let opened = Opened::open(config, &outbound, &clock).await?;
        let server = &config.server;
        let cursor_keys = cursor_keys(config);
        let origins: Vec<_> =
            server.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin.as_str()).ok()).collect();
        let limits = RequestLimits {
            target_bytes: 16 * 1024,
            header_bytes: server.limits.max_header_bytes,
            body_bytes: server.limits.max_body_bytes,
            request_time: server.limits.request_timeout,
            work_time: server.limits.work_time,
            page_bytes: server.limits.page_bytes,
            tails: server.limits.max_tails,
        };
        let sources = Sources::new(opened.sources, PagePool::new(server.limits.response_memory));
        let audit = audit_log::open(config, &sources, &clock)?;
        let endpoints = endpoints::make(config, &sources, &cursor_keys, &clock, &audit)?;
        let app = App::new(Parts {
            policy: PolicySnapshot { verifier, tenants: Arc::clone(&config.tenants), issuers: issuer_names(config) },
            enricher,
            configured_formats: config.log_formats.clone(),
            sources,
            sealer: CursorSealer::new(&cursor_keys)?,
            tickets: Tickets::new(server.shared_tickets)?,
            tenant_limits: TenantLimits::new(Arc::clone(&clock), config.limits.store.as_ref()).map_err(BuildError::LimitStore)?,
            clock,
            limits,
            public_url,
            given_url: server.given_url.clone(),
            audit,
            proxies: Proxies { trusted: server.trusted_proxies.clone(), header: server.forwarding_header },
            hosts: server.allowed_hosts.clone(),
        });
        let router = router::router(&app, &origins);
        Ok(Self {
            app,
            router,
            #[cfg(feature = "local")]
            stores: opened.stores,
            cloudwatch: opened.cloudwatch,
            endpoints,
            reloading: None,
        })
    }

    /// Reads the configuration again when its files change, and when `requests` is notified. `loader` has read `config`, with which
    /// the service was built.
    #[must_use]
    pub fn with_reloading(self, loader: Loader, config: Config, requests: Arc<Notify>) -> Self {
        Self { reloading: Some(Reloading { loader, current: config, requests }), ..self }
    }

    /// The routes, for callers without a socket.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// The store of the first local source.
    #[cfg(feature = "local")]
    #[must_use]
    pub fn local_store(&self) -> Option<logmark_store::Store> {
        self.stores.first().cloned()
    }

    /// Reads the keys of the issuers in the background, so that the first request does not wait for them. The task ends when all
    /// were read or have failed.
    pub fn warm_up(&self) -> JoinHandle<()> {
        let policy = self.app.policy();
        tokio::spawn(async move { policy.verifier.refresh().await })
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), BuildError> {
    let failed = |why| BuildError::Listen { address, why };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// The open sockets of the service. They are bound first, so that an address in use is reported at once.
#[derive(Debug)]
pub struct Listeners {
    /// The address of the service.
    pub address: SocketAddr,
    /// The address of the admin listener.
    pub admin_address: SocketAddr,
    /// The URL for clients, without a trailing slash.
    pub public_url: String,
    /// Where the endpoints of local sources listen, in the order of the configuration.
    pub endpoint_addresses: Vec<SocketAddr>,
    listener: TcpListener,
    admin_listener: TcpListener,
    endpoint_listeners: Vec<TcpListener>,
    certificates: Option<Arc<Certificates>>,
    limits: ConnectionLimits,
}

impl Listeners {
    /// Binds the addresses and loads the certificate.
    ///
    /// # Errors
    /// If the certificate or an address cannot be used.
    pub async fn bind(config: &Config) -> Result<Self, BuildError> {
        let server = &config.server;
        let certificates = server.tls.as_ref().map(|tls| Certificates::load(&tls.cert, &tls.key)).transpose()?;
        let (listener, address) = listen(server.listen).await?;
        let (admin_listener, admin_address) = listen(server.admin_listen).await?;
        let (endpoint_addresses, endpoint_listeners) = endpoints::bind(config).await?;
        let limits = ConnectionLimits {
            total: server.limits.max_connections,
            per_address: server.limits.max_connections_per_ip.map(|most| most.get() as usize),
            requests: server.limits.max_requests,
            requests_per_address: server.limits.max_requests_per_ip.map(|most| most.get() as usize),
            handshake_time: server.limits.handshake_timeout,
            header_time: server.limits.header_timeout,
            write_stall: WRITE_STALL,
            idle: server.limits.idle_timeout,
            age: CONNECTION_AGE,
            header_bytes: server.limits.max_header_bytes.saturating_mul(2),
            drain: server.limits.drain_timeout,
        };
        let public_url = server.public_url(address);
        Ok(Self {
            address,
            admin_address,
            public_url,
            endpoint_addresses,
            listener,
            admin_listener,
            endpoint_listeners,
            certificates,
            limits,
        })
    }

    /// Serves until `stop` resolves, then drains: readiness fails, new connections are refused, and open requests end.
    pub async fn serve(self, mut service: Service, stop: impl Future<Output = ()>) {
        let Self { listener, admin_listener, endpoint_listeners, certificates, limits, .. } = self;
        let metrics = Metrics::install();
        let draining = Arc::new(AtomicBool::new(false));
        let admin =
            admin::router(admin::Admin { app: service.app.clone(), metrics: metrics.clone(), draining: Arc::clone(&draining) });
        let mut helpers = tokio::task::JoinSet::new();
        let admin_limits =
            ConnectionLimits { total: 100, per_address: None, requests_per_address: None, drain: Duration::ZERO, ..limits };
        helpers.spawn(server::serve("admin", admin_listener, admin, None, admin_limits, Arc::default(), std::future::pending()));
        drop(service.warm_up());
        tails_begin(GapReason::ALL.map(GapReason::as_str));
        if service.app.audit().is_enabled() {
            audit_begins();
        }
        service.app.tenant_limits().connect().await;
        if let Some(certificates) = certificates.clone() {
            helpers.spawn(certificates.watch());
        }
        service.app.config_status().begin_metrics(service.app.policy().tenants.named.len());
        if let Some(reloading) = service.reloading.take() {
            let endpoints = service.endpoints.clone();
            helpers.spawn(Reloader::new(reloading, service.app.clone(), endpoints, certificates.clone()).run());
        }
        for source in service.cloudwatch.iter().map(Arc::clone) {
            helpers.spawn({
                let source = Arc::clone(&source);
                async move { source.check_at_start().await }
            });
            helpers.spawn(async move { source.refresh_quotas().await });
        }
        helpers.spawn(async move {
            loop {
                tokio::time::sleep(UPKEEP).await;
                metrics.upkeep();
            }
        });
        let (leave, mut endpoints) = endpoints::serve(&service.endpoints, endpoint_listeners, limits);
        let app = service.app.clone();
        let stop = async {
            stop.await;
            draining.store(true, Ordering::Relaxed);
            app.end_tails();
            leave.send_replace(true);
        };
        let proxies = Arc::new(service.app.proxies().clone());
        server::serve("public", listener, service.router.clone(), certificates, limits, proxies, stop).await;
        while endpoints.join_next().await.is_some() {}
        if tokio::time::timeout(QUERIES_STOP, service.app.stop_queries()).await.is_err() {
            tracing::warn!("some queries could not be stopped in time and continue in CloudWatch Logs until they end");
        }
        service.app.tenant_limits().close().await;
        helpers.shutdown().await;
        let audit = service.app.audit().clone();
        let _panicked = tokio::task::spawn_blocking(move || audit.close(AUDIT_STOP)).await;
        #[cfg(feature = "local")]
        service.close_stores().await;
    }
}

#[cfg(feature = "local")]
impl Service {
    /// Writes the data in memory to disk, so that the next start is fast. Without it the log restores the data.
    async fn close_stores(self) {
        for store in self.stores {
            match tokio::task::spawn_blocking(move || store.close()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(error = %error, "closing a store: {error}"),
                Err(error) => tracing::error!(error = %error, "closing a store: {error}"),
            }
        }
    }
}

/// The verifier of the configured issuers.
///
/// # Errors
/// If the rules of the issuers are invalid.
pub fn verifier(config: &Config, outbound: &Outbound, clock: Arc<dyn Clock>) -> Result<Verifier, BuildError> {
    Verifier::new(config.issuers.clone(), Arc::new(outbound.clone()), clock)
        .map_err(|errors| BuildError::Issuers(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
}

/// The names of the accepted issuers.
fn issuer_names(config: &Config) -> Vec<String> {
    config.issuers.iter().map(|issuer| issuer.issuer.clone()).collect()
}

/// The keys that seal cursors; none: a random one.
fn cursor_keys(config: &Config) -> Vec<[u8; 32]> {
    match &config.server.cursor_keys {
        CursorKeys::PerProcess => Vec::new(),
        CursorKeys::Given(keys) => keys.iter().map(|key| *key.expose()).collect(),
    }
}
