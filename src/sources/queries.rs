//! The contract of a source that runs Logs Insights queries.
//!
//! Owns the trait [`Queries`], and started queries until their callers have the ids. Every method takes the permit for its own
//! operation, like those of [`super::Source`].

use std::fmt;

use async_trait::async_trait;
use tokio::time::Instant;

use super::SourceError;
use super::budget::{QueryLease, ScanBound};
use crate::auth::permit::Permit;
use crate::domain::event::Position;
use crate::domain::name::TenantId;
use crate::domain::query::QueryReach;
use crate::domain::query::operations::{
    CheckQuery, DescribeFields, FieldShare, FoundRecord, QueryPage, QueryStatus, ReadQuery, ReadRecord, RunningQuery,
    ScanEstimate, StartQuery, StopQuery,
};

/// A source that runs queries. The contract: rows are only of the permit's groups and streams, for every query text; a query that
/// was started under other rules than the permit's is [`SourceError::NotFound`], like a missing query.
#[async_trait]
pub trait Queries: Send + Sync + fmt::Debug {
    /// What a query may read in addition to its log groups.
    fn reach(&self) -> QueryReach {
        QueryReach::Confined
    }

    /// Whether the bytes that a query scanned count streams that its caller may not see.
    fn counts_hidden_streams(&self) -> bool {
        true
    }

    /// Whether `count_distinct` is an estimate if there are many values.
    fn estimates_distinct(&self) -> bool {
        true
    }

    /// Checks the text of a query without starting it. Does no I/O.
    ///
    /// # Errors
    /// The error of [`Queries::start`] that the text alone causes.
    fn check(&self, permit: &Permit<StartQuery>) -> Result<(), SourceError>;

    /// Estimates the data that a query would scan. INVARIANT: the estimate depends only on events that the caller may see.
    async fn estimate(&self, permit: &Permit<CheckQuery>) -> Result<ScanEstimate, SourceError>;

    /// The bytes that the query can scan, to reserve them in the tenant's budget before its start. INVARIANT: the bounds depend
    /// only on events that the caller may see, and on what the tenant's earlier queries scanned.
    async fn scan_bound(&self, permit: &Permit<StartQuery>) -> Result<ScanBound, SourceError>;

    /// The price of a scanned gigabyte in US dollars; `None`: queries cost nothing, or the operator configured no price.
    fn price_per_gb(&self) -> Option<f64> {
        None
    }

    /// Starts a query. It is stopped if its id is not taken, if it is not polled for too long, and if it runs for too long. The
    /// lease is released at its end.
    async fn start(&self, permit: &Permit<StartQuery>, lease: QueryLease) -> Result<StartedQuery, SourceError>;

    /// Waits until the query has ended, at most until `until`. Returns its status then.
    async fn wait(&self, permit: &Permit<ReadQuery>, until: Instant) -> Result<QueryStatus, SourceError>;

    /// A page of its rows.
    async fn read(&self, permit: &Permit<ReadQuery>, from: Option<&Position>, limit: usize) -> Result<QueryPage, SourceError>;

    /// Stops the query. Has no effect if it has ended.
    async fn stop(&self, permit: &Permit<StopQuery>) -> Result<(), SourceError>;

    /// The fields of a group's events, the most frequent first.
    async fn describe_fields(&self, permit: &Permit<DescribeFields>) -> Result<Vec<FieldShare>, SourceError>;

    /// One complete event.
    async fn read_record(&self, permit: &Permit<ReadRecord>) -> Result<FoundRecord, SourceError>;

    /// Checks which of the tenant's queries have ended, so that their leases are released.
    async fn poll_all(&self, tenant: &TenantId);

    /// Stops the running queries of this process, at shutdown.
    async fn close(&self);
}

/// Stops the query.
type StopAction = Box<dyn FnOnce() + Send + Sync>;

/// A started query whose caller does not have its id yet. Dropping it stops the query, because it could not be polled.
pub struct StartedQuery {
    query: RunningQuery,
    stop: Option<StopAction>,
}

impl fmt::Debug for StartedQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started").field("is_claimed", &self.stop.is_none()).finish_non_exhaustive()
    }
}

impl StartedQuery {
    /// A query with the function that stops it.
    pub fn new(query: RunningQuery, stop: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self { query, stop: Some(Box::new(stop)) }
    }

    /// The query.
    #[must_use]
    pub fn query(&self) -> &RunningQuery {
        &self.query
    }

    /// Marks that the caller has the id or the rows.
    pub fn claim(mut self) {
        self.stop = None;
    }
}

impl Drop for StartedQuery {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop();
        }
    }
}
