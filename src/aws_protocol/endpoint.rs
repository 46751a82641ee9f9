//! One endpoint: a local source, the operator's key, and what its operations share.
//!
//! Owns putting these together, and the two steps that every operation begins with: a permit from the policy, and an audit line.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::sync::{Semaphore, watch};

use super::arn::ArnScope;
use super::error::ServiceError;
use super::identity::Keys;
use super::logs::live_tail::MAX_SESSIONS;
use super::logs::query_registry::QueryRegistry;
use super::serve;
use super::token::Tokens;
use crate::auth::operator;
use crate::auth::permit::Permit;
use crate::auth::policy;
use crate::auth::tenant::Caller;
use crate::config::endpoint::Endpoint as Settings;
use crate::domain::name::{NameError, SourceName};
use crate::domain::operation::Operation;
use crate::domain::time::{Clock, Millis};
use crate::http::cursor::CursorSealer;
use crate::http::layers::RequestInfo;
use crate::limits::TenantLimits;
use crate::sources::Sources;
use crate::telemetry::audit::{AuditLine, AuditLog};

/// An endpoint's own part of the service.
#[derive(Debug)]
pub struct Endpoint {
    /// The source that it speaks for.
    pub source: SourceName,
    /// The service's sources, of which permits name that one.
    pub sources: Sources,
    /// Whose signatures it takes.
    pub keys: Keys,
    /// The number of the account in ARNs.
    pub account: String,
    /// Seals tokens.
    pub sealer: CursorSealer,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Counts queries.
    pub limits: TenantLimits,
    /// The queries that were started here.
    pub started: QueryRegistry,
    /// Live Tail sessions at a time.
    pub live_tails: Arc<Semaphore>,
    /// Tells open Live Tail sessions that the service stops.
    pub leaving: watch::Sender<bool>,
    /// From a request's head to its answer's head.
    pub request_time: Duration,
    /// All header names and values together, in bytes.
    pub header_bytes: usize,
    /// The audit lines.
    pub audit: AuditLog,
}

/// What an endpoint shares with the rest of the service.
#[derive(Debug)]
pub struct Shared {
    /// The sources.
    pub sources: Sources,
    /// The keys for tokens.
    pub sealer: CursorSealer,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// From a request's head to its answer's head.
    pub request_time: Duration,
    /// All header names and values together, in bytes.
    pub header_bytes: usize,
    /// The audit lines.
    pub audit: AuditLog,
}

impl Endpoint {
    /// The endpoint of that source.
    ///
    /// # Errors
    /// Never for the settings of a configuration that was read.
    pub fn new(source: SourceName, settings: &Settings, shared: Shared) -> Result<Arc<Self>, NameError> {
        let Shared { sources, sealer, clock, request_time, header_bytes, audit } = shared;
        let caller = operator::caller(&settings.access_key, &source)?;
        Ok(Arc::new(Self {
            keys: Keys::new(caller, settings.secret_key.clone()),
            account: settings.account.clone(),
            limits: TenantLimits::in_memory(Arc::clone(&clock)),
            started: QueryRegistry::default(),
            live_tails: Arc::new(Semaphore::new(MAX_SESSIONS)),
            leaving: watch::Sender::new(false),
            source,
            sources,
            sealer,
            clock,
            request_time,
            header_bytes,
            audit,
        }))
    }

    /// Ends the open Live Tail sessions, because the service stops.
    pub fn end_live_tails(&self) {
        self.leaving.send_replace(true);
    }

    /// What its listener serves: requests on every path belong to this protocol.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new().fallback(serve::handle).with_state(self)
    }
}

/// A verified request, as an operation sees it.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Where it came to.
    pub endpoint: &'a Endpoint,
    /// Who signed it.
    pub caller: &'a Caller,
    /// Its id, memory and log fields.
    pub context: &'a RequestInfo,
    /// The region that it was signed for.
    pub region: &'a str,
    /// When it came.
    pub now: Millis,
}

impl<'a> Call<'a> {
    /// Leave to do the operation.
    ///
    /// # Errors
    /// When the policy refuses it.
    pub fn permit<Op: Operation>(&self, op: Op) -> Result<Permit<Op>, ServiceError> {
        self.context.audit_context().set_target(op.target());
        let permit = policy::authorize(self.caller, op, self.now)?;
        self.context.audit_context().set_permit(&permit);
        Ok(permit)
    }

    /// Begins the audit line of a permitted operation.
    #[must_use]
    pub fn line<Op: Operation>(&self, permit: &Permit<Op>, group: Option<&str>, stream: Option<&str>) -> Audit {
        let is_enabled = self.endpoint.audit.is_enabled();
        Audit(is_enabled.then(|| AuditLine::new(self.context.audit_context(), permit, group, stream)))
    }

    /// Where ARNs place resources.
    #[must_use]
    pub fn home(&self) -> ArnScope<'a> {
        ArnScope { region: self.region, account: &self.endpoint.account }
    }

    /// The tokens of an operation.
    #[must_use]
    pub fn tokens(&self, operation: &'static str) -> Tokens<'a> {
        Tokens { operation, tenant: &self.caller.tenant.id, sealer: &self.endpoint.sealer, now: self.now }
    }
}

/// An audit line that is written when its operation has succeeded.
#[derive(Debug)]
pub struct Audit(Option<AuditLine>);

impl Audit {
    /// Writes it, with how many items and bytes the operation was about.
    pub fn write(self, items: usize, bytes: usize) {
        if let Some(line) = self.0 {
            line.write(items as u64, bytes as u64, "ok");
        }
    }
}
