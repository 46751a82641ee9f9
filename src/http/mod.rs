//! The HTTP side: routes, limits, parsing, encoding, errors.
//!
//! Owns everything that knows HTTP on the public and the admin listener. Never decides who may (that is `auth::policy`)
//! and never reaches a source without a permit.
//!
//! Reading order: [`router`] (what there is), [`layers`] (what every request passes), [`authorized`] (the one way in),
//! [`ops`] (the operations), [`encode`] and [`problem`] (the ways out), [`server`] (sockets).

pub mod router;
pub mod layers;
pub mod route_names;
pub mod host;
mod denial;
pub mod client_address;
mod activity;
pub mod response_budget;
pub mod authorized;
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
pub mod problem_code;
pub mod field_error;
pub mod rate_limit;
pub mod concurrency;
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

use std::sync::Arc;
use std::time::Duration;

use crate::auth::tenant::Tenants;
use crate::auth::token::Verifier;
use crate::domain::time::Clock;
use crate::sources::Sources;
use crate::sources::budget::QueryBudgets;

/// What bounds one request.
#[derive(Debug, Clone, Copy)]
pub struct RequestLimits {
    /// Longest request target, in bytes. Room for a cursor of 8 KiB and long names, percent-encoded.
    pub target_bytes: usize,
    /// All header names and values together, in bytes.
    pub header_bytes: usize,
    /// Largest body, in bytes.
    pub body_bytes: usize,
    /// From the request's head to the answer's head.
    pub request_time: Duration,
    /// After so much time a page ends with `stopReason: "time"`.
    pub work_time: Duration,
    /// After so many bytes of messages a page ends with `stopReason: "bytes"`.
    pub page_bytes: usize,
}

/// What the operations share. Its parts are private to `http`; none of them yields log data without a permit.
#[derive(Debug)]
pub struct App {
    /// Judges tokens.
    pub(in crate::http) verifier: Arc<Verifier>,
    /// Knows the tenants.
    pub(in crate::http) tenants: Arc<Tenants>,
    /// Holds the logs.
    pub(in crate::http) sources: Sources,
    /// Seals cursors.
    pub(in crate::http) sealer: cursor::CursorSealer,
    /// Tells the time.
    pub(in crate::http) clock: Arc<dyn Clock>,
    /// Bounds requests.
    pub(in crate::http) limits: RequestLimits,
    /// Counts the tenants' requests.
    pub(in crate::http) rates: rate_limit::TenantRateLimiters,
    /// Counts the tenants' requests under way.
    pub(in crate::http) concurrency: concurrency::TenantConcurrency,
    /// Counts the tenants' queries.
    pub(in crate::http) query_budgets: QueryBudgets,
    /// Where clients reach us, without a slash at the end.
    pub(in crate::http) public_url: String,
    /// The configured `public_url`, before the path of a problem's page; empty when none is configured: then the path stands
    /// alone.
    pub(in crate::http) given_url: String,
    /// The issuers whose tokens we take, for RFC 9728.
    pub(in crate::http) issuers: Vec<String>,
    /// Write an audit line for every read and denial?
    pub(in crate::http) audit: bool,
    /// The proxies whose word about a client's address counts.
    pub(in crate::http) proxies: client_address::Proxies,
    /// The hosts that it answers for.
    pub(in crate::http) hosts: host::AllowedHosts,
}

/// The shared state as handlers get it.
pub type AppState = Arc<App>;

/// What an [`App`] is made of.
#[derive(Debug)]
pub struct Parts {
    /// Judges tokens.
    pub verifier: Arc<Verifier>,
    /// Knows the tenants.
    pub tenants: Arc<Tenants>,
    /// Holds the logs.
    pub sources: Sources,
    /// Seals cursors.
    pub sealer: cursor::CursorSealer,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Bounds requests.
    pub limits: RequestLimits,
    /// Where clients reach us.
    pub public_url: String,
    /// The `public_url` that was configured, if any.
    pub given_url: Option<String>,
    /// The issuers whose tokens we take.
    pub issuers: Vec<String>,
    /// Write audit lines?
    pub audit: bool,
    /// The proxies whose word about a client's address counts.
    pub proxies: client_address::Proxies,
    /// The hosts that it answers for; `None`: any.
    pub hosts: host::AllowedHosts,
}

impl App {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> AppState {
        let Parts { verifier, tenants, sources, sealer, clock, limits, public_url, given_url, issuers, audit, proxies, hosts } =
            parts;
        let public_url = public_url.trim_end_matches('/').to_owned();
        let given_url = given_url.unwrap_or_default().trim_end_matches('/').to_owned();
        let rates = rate_limit::TenantRateLimiters::default();
        let concurrency = concurrency::TenantConcurrency::default();
        let query_budgets = QueryBudgets::new(Arc::clone(&clock));
        Arc::new(Self {
            verifier,
            tenants,
            sources,
            sealer,
            clock,
            limits,
            rates,
            concurrency,
            query_budgets,
            public_url,
            given_url,
            issuers,
            audit,
            proxies,
            hosts,
        })
    }

    /// The proxies whose word about a client's address counts.
    #[must_use]
    pub fn proxies(&self) -> &client_address::Proxies {
        &self.proxies
    }

    /// Stops the queries that were started here and still run.
    pub async fn stop_queries(&self) {
        futures_util::future::join_all(self.sources.all_queries().map(|queries| queries.close())).await;
    }

    /// What stands before the path of a problem's page in `type`.
    pub(in crate::http) fn problem_url(&self) -> &str {
        &self.given_url
    }

    /// Where RFC 9728 metadata is.
    pub(in crate::http) fn metadata_url(&self) -> String {
        format!("{}/.well-known/oauth-protected-resource", self.public_url)
    }
}
