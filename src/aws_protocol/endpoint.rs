//! One endpoint: a local source, the operator's key, and the state that its operations share.
//!
//! Owns their construction, and the two steps that every operation begins with: a permit from the policy, and an audit line.

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

/// The state of an endpoint.
#[derive(Debug)]
pub struct Endpoint {
    /// The source that it serves.
    pub source: SourceName,
    /// The service's sources; permits name only the endpoint's source.
    pub sources: Sources,
    /// The keys whose signatures are accepted.
    pub keys: Keys,
    /// The number of the account in ARNs.
    pub account: String,
    /// Seals tokens.
    pub sealer: CursorSealer,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Counts queries.
    pub limits: TenantLimits,
    /// The queries that were started here.
    pub started: QueryRegistry,
    /// Places for Live Tail sessions.
    pub live_tails: Arc<Semaphore>,
    /// Tells open Live Tail sessions that the service is stopping.
    pub leaving: watch::Sender<bool>,
    /// The time limit from a request's head to its answer's head.
    pub request_time: Duration,
    /// The limit of all header names and values together, in bytes.
    pub header_bytes: usize,
    /// The audit log.
    pub audit: AuditLog,
}

/// The parts that an endpoint shares with the rest of the service.
#[derive(Debug)]
pub struct Shared {
    /// The sources.
    pub sources: Sources,
    /// The keys for tokens.
    pub sealer: CursorSealer,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The time limit from a request's head to its answer's head.
    pub request_time: Duration,
    /// The limit of all header names and values together, in bytes.
    pub header_bytes: usize,
    /// The audit log.
    pub audit: AuditLog,
}

impl Endpoint {
    /// The endpoint of this source.
    ///
    /// # Errors
    /// Never for the settings of a valid configuration.
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

    /// Ends the open Live Tail sessions, because the service is stopping.
    pub fn end_live_tails(&self) {
        self.leaving.send_replace(true);
    }

    /// The router of its listener: requests on every path belong to this protocol.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new().fallback(serve::handle).with_state(self)
    }
}

/// A verified request, as an operation sees it.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The endpoint that received it.
    pub endpoint: &'a Endpoint,
    /// The caller whose key signed it.
    pub caller: &'a Caller,
    /// Its id, memory and log fields.
    pub context: &'a RequestInfo,
    /// The region of its signature.
    pub region: &'a str,
    /// The time of receipt.
    pub now: Millis,
}

impl<'a> Call<'a> {
    /// A permit for the operation.
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

    /// The region and account of ARNs.
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
    /// Writes the line with the number of the operation's items and bytes.
    pub fn write(self, items: usize, bytes: usize) {
        if let Some(line) = self.0 {
            line.write(items as u64, bytes as u64, "ok");
        }
    }
}
