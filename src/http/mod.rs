//! HTTP: routes, limits, parsing, encoding, errors.
//!
//! Owns HTTP on the public and the admin listener. `auth::policy` decides about access, and a source needs its permit.
//!
//! Reading order: [`router`] (the routes), [`layers`] (the layers of every request), [`authorized`] (authentication and
//! authorization), [`parameter`] and [`input`] (parsing), [`ops`] (the operations), [`encode`] and [`problem`] (answers),
//! [`server`] (sockets).

pub mod router;
pub mod layers;
pub mod route_names;
pub mod host;
mod denial;
pub mod client_address;
mod activity;
pub mod response_budget;
pub mod authorized;
pub mod authority;
pub mod parameter;
pub mod member;
pub mod value;
pub mod input;
pub mod body;
pub mod cursor;
pub mod packed_request;
pub mod ops;
pub mod encode;
pub mod assets;
pub mod validator;
pub mod problem;
mod problem_document;
mod limit_problem;
pub mod problem_code;
pub mod field_error;
pub mod rate_limit;
pub mod sent_budget;
pub mod tail_limits;
pub mod tickets;
pub mod memory;
pub mod openapi;
pub mod admin;
pub mod server;
mod hint;
mod listener_load;
mod progress;
mod stall_guard;
mod incomplete_body;
mod tls;
pub mod config_status;
pub mod running_queries;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use crate::auth::snapshot::PolicySnapshot;
use crate::domain::time::{Clock, Millis};
use crate::limits::TenantLimits;
use crate::reports::configured::ConfiguredFormats;
use crate::reports::enrich::Enricher;
use crate::reports::recognised::RecognisedFormats;
use crate::sources::Sources;
use crate::telemetry::audit::AuditLog;

/// The limits of one request.
#[derive(Debug, Clone, Copy)]
pub struct RequestLimits {
    /// Longest request target, in bytes. Room for a cursor of 8 KiB and long names, percent-encoded.
    pub target_bytes: usize,
    /// All header names and values together, in bytes.
    pub header_bytes: usize,
    /// Largest body, in bytes.
    pub body_bytes: usize,
    /// Time from the request's head to the answer's head.
    pub request_time: Duration,
    /// Time after which a page ends with `stopReason: "time"`.
    pub work_time: Duration,
    /// Bytes of messages after which a page ends with `stopReason: "bytes"`.
    pub page_bytes: usize,
    /// Open live tails of the process.
    pub tails: usize,
}

/// The state of the service. INVARIANT: its parts are private to `http`, and none of them returns log data without a permit.
#[derive(Debug)]
pub struct App {
    /// Decides about access. A reload of the configuration replaces it.
    policy: ArcSwap<PolicySnapshot>,
    /// What is added to reports. A reload of the configuration replaces it.
    enricher: ArcSwap<Enricher>,
    /// The formats of access logs that the configuration names. A reload of the configuration replaces them.
    configured_formats: ArcSwap<ConfiguredFormats>,
    /// The formats of access logs.
    pub(in crate::http) recognised_formats: RecognisedFormats,
    /// The sources of logs.
    pub(in crate::http) sources: Sources,
    /// Seals cursors.
    pub(in crate::http) sealer: cursor::CursorSealer,
    /// The clock.
    pub(in crate::http) clock: Arc<dyn Clock>,
    /// The limits of a request.
    pub(in crate::http) limits: RequestLimits,
    /// The limits of tenants.
    pub(in crate::http) tenant_limits: TenantLimits,
    /// The open live tails.
    pub(in crate::http) tails: tail_limits::TailLimits,
    /// The tickets for GETs without a token.
    pub(in crate::http) tickets: tickets::Tickets,
    /// The queries that callers have started.
    pub(in crate::http) running_queries: running_queries::RunningQueries,
    /// Which configuration is in use.
    config_status: config_status::ConfigStatus,
    /// Told when the policy was replaced.
    policy_changes: watch::Sender<()>,
    /// The public URL, without a slash at the end.
    pub(in crate::http) public_url: String,
    /// The configured `public_url`, for the URLs of problem pages. Empty if none is configured: then `type` is a path.
    pub(in crate::http) given_url: String,
    /// The audit lines.
    pub(in crate::http) audit: AuditLog,
    /// The trusted proxies.
    pub(in crate::http) proxies: client_address::Proxies,
    /// The hosts that the service answers for.
    pub(in crate::http) hosts: host::AllowedHosts,
}

/// The state as handlers receive it.
pub type AppState = Arc<App>;

/// The parts of an [`App`].
#[derive(Debug)]
pub struct Parts {
    /// Decides about access.
    pub policy: PolicySnapshot,
    /// What is added to reports.
    pub enricher: Enricher,
    /// The formats of access logs that the configuration names.
    pub configured_formats: ConfiguredFormats,
    /// The sources of logs.
    pub sources: Sources,
    /// Seals cursors.
    pub sealer: cursor::CursorSealer,
    /// Makes and accepts tickets.
    pub tickets: tickets::Tickets,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The limits of a request.
    pub limits: RequestLimits,
    /// The limits of tenants.
    pub tenant_limits: TenantLimits,
    /// The public URL.
    pub public_url: String,
    /// The configured `public_url`, if any.
    pub given_url: Option<String>,
    /// The audit lines.
    pub audit: AuditLog,
    /// The trusted proxies.
    pub proxies: client_address::Proxies,
    /// The hosts that the service answers for; `None`: any.
    pub hosts: host::AllowedHosts,
}

impl App {
    /// The state from its parts.
    #[must_use]
    pub fn new(parts: Parts) -> AppState {
        let Parts {
            policy,
            enricher,
            configured_formats,
            sources,
            sealer,
            tickets,
            clock,
            limits,
            tenant_limits,
            public_url,
            given_url,
            audit,
            proxies,
            hosts,
        } = parts;
        let public_url = public_url.trim_end_matches('/').to_owned();
        let given_url = given_url.unwrap_or_default().trim_end_matches('/').to_owned();
        let config_status = config_status::ConfigStatus::new(clock.now());
        Arc::new(Self {
            policy: ArcSwap::from_pointee(policy),
            enricher: ArcSwap::from_pointee(enricher),
            configured_formats: ArcSwap::from_pointee(configured_formats),
            recognised_formats: RecognisedFormats::default(),
            sources,
            sealer,
            clock,
            limits,
            tenant_limits,
            tails: tail_limits::TailLimits::new(limits.tails),
            tickets,
            running_queries: running_queries::RunningQueries::default(),
            config_status,
            policy_changes: watch::channel(()).0,
            public_url,
            given_url,
            audit,
            proxies,
            hosts,
        })
    }

    /// The policy at this moment. A request takes it once, so that its answer is by one policy alone.
    #[must_use]
    pub fn policy(&self) -> Arc<PolicySnapshot> {
        self.policy.load_full()
    }

    /// What is added to reports at this moment.
    #[must_use]
    pub fn enricher(&self) -> Arc<Enricher> {
        self.enricher.load_full()
    }

    /// The configured formats of access logs at this moment.
    #[must_use]
    pub fn configured_formats(&self) -> Arc<ConfiguredFormats> {
        self.configured_formats.load_full()
    }

    /// Replaces the configured formats of access logs.
    pub fn replace_configured_formats(&self, formats: ConfiguredFormats) {
        self.configured_formats.store(Arc::new(formats));
    }

    /// Replaces what is added to reports.
    pub fn replace_enricher(&self, enricher: Enricher) {
        self.enricher.store(Arc::new(enricher));
    }

    /// Replaces the policy. Requests that begin from now on are decided by the new one. Open live tails and exports check their
    /// permission again at once, and running queries without permission are stopped.
    pub fn replace_policy(self: &Arc<Self>, policy: PolicySnapshot) {
        self.policy.store(Arc::new(policy));
        self.check_permissions();
    }

    /// Makes open live tails, exports and running queries check their permission at once. Call it when keys of issuers were read.
    pub fn check_permissions(self: &Arc<Self>) {
        self.policy_changes.send_replace(());
        let app = Arc::clone(self);
        tokio::spawn(async move { app.stop_withdrawn_queries().await });
    }

    /// Which configuration is in use.
    #[must_use]
    pub fn config_status(&self) -> &config_status::ConfigStatus {
        &self.config_status
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Told when the policy was replaced from now on.
    pub(in crate::http) fn policy_changes(&self) -> watch::Receiver<()> {
        let mut changes = self.policy_changes.subscribe();
        changes.mark_unchanged();
        changes
    }

    /// The seal of cursors, to replace its keys.
    #[must_use]
    pub fn sealer(&self) -> &cursor::CursorSealer {
        &self.sealer
    }

    /// The audit lines.
    #[must_use]
    pub fn audit(&self) -> &AuditLog {
        &self.audit
    }

    /// The trusted proxies.
    #[must_use]
    pub fn proxies(&self) -> &client_address::Proxies {
        &self.proxies
    }

    /// Stops the queries that this process started and that still run.
    pub async fn stop_queries(&self) {
        futures_util::future::join_all(self.sources.all_queries().map(|queries| queries.close())).await;
    }

    /// The limits of tenants.
    #[must_use]
    pub fn tenant_limits(&self) -> &TenantLimits {
        &self.tenant_limits
    }

    /// Tells open live tails that the service stops: each ends with a cursor from which its client resumes elsewhere.
    pub fn end_tails(&self) {
        self.tails.drain();
    }

    /// The URL before the path of a problem page in `type`.
    pub(in crate::http) fn problem_url(&self) -> &str {
        &self.given_url
    }

    /// The URL of the metadata (RFC 9728).
    pub(in crate::http) fn metadata_url(&self) -> String {
        format!("{}/.well-known/oauth-protected-resource", self.public_url)
    }
}
