//! Runs a query to its end within the time of one request, for operations that answer with what they compute of its rows.
//!
//! INVARIANT: the query has the permit, the limits and the checks of one that `POST /queries` starts. If its request ends early, the
//! query is stopped.

use http::HeaderValue;
use logmark_quota::Reservation;
use tokio::time::Instant;

use super::read_rows;
use super::start::lease;
use crate::auth::permit::Permit;
use crate::auth::tenant::Caller;
use crate::domain::query::operations::{QueryStatus, Row, StartQuery};
use crate::http::App;
use crate::http::layers::RequestInfo;
use crate::http::problem::ApiError;
use crate::limits::Need;
use crate::limits::limit::{Budget, bytes_of};
use crate::sources::SourceError;

/// Rows in a page.
const PAGE: usize = 10_000;
/// Pages of a result at most: a source ends a page early if its rows are large.
const MOST_PAGES: usize = 1_000;

/// The request for which queries run.
#[derive(Debug, Clone, Copy)]
pub(in crate::http::ops) struct Run<'a> {
    /// The service.
    pub(in crate::http::ops) app: &'a App,
    /// The caller.
    pub(in crate::http::ops) caller: &'a Caller,
    /// The request.
    pub(in crate::http::ops) info: &'a RequestInfo,
    /// The `Authorization` of the request, to check it again at the end of a query.
    pub(in crate::http::ops) credential: Option<&'a HeaderValue>,
    /// The end of the time for all queries.
    pub(in crate::http::ops) until: Instant,
}

/// The result of a query.
#[derive(Debug)]
pub(in crate::http::ops) struct Finished {
    /// All rows.
    pub(in crate::http::ops) rows: Vec<Row>,
    /// US dollars, if the price is known and the caller may know the scanned bytes.
    pub(in crate::http::ops) cost: Option<f64>,
    /// The memory of the rows.
    _memory: Vec<Reservation>,
}

impl Run<'_> {
    /// Runs a query to its end.
    ///
    /// # Errors
    /// Those of `POST /queries`; [`SourceError::Timeout`] if it has not ended in time.
    pub(in crate::http::ops) async fn query(&self, permit: &Permit<StartQuery>) -> Result<Finished, ApiError> {
        let Self { app, caller, .. } = *self;
        let source = permit.sources().first().map(|rule| rule.source.clone()).ok_or(ApiError::NoSuchHandle)?;
        let queries = app.sources.queries(permit, &source)?;
        let lease = lease(app, &caller.tenant, queries, permit).await?;
        let started = queries.start(permit, lease).await?;
        let reading = permit.for_reading(started.query().clone());
        // A query that is refused here is dropped without a claim, which stops it.
        app.watch_query(caller, self.credential.cloned(), &reading, reading.for_stopping()).await?;
        let status = queries.wait(&reading, self.until).await?;
        app.running_queries.ended(started.query());
        app.check_query(caller, self.credential, &reading).await?;
        if !status.has_ended() {
            return Err(SourceError::Timeout.into());
        }
        started.claim();
        if status != QueryStatus::Complete {
            return Err(self.incomplete(status).await);
        }
        let (mut rows, mut memory, mut cost, mut from) = (Vec::new(), Vec::new(), None, None);
        for page in 0..MOST_PAGES {
            let (reservation, mut found) = read_rows(app, self.info, queries, &reading, from.as_ref(), PAGE).await?;
            memory.push(reservation);
            rows.append(&mut found.rows);
            if page == 0 {
                cost = found.estimated_cost;
            }
            from = found.next;
            if from.is_none() {
                return Ok(Finished { rows, cost, _memory: memory });
            }
        }
        Err(SourceError::Upstream("the pages of a query's rows do not end".to_owned()).into())
    }

    /// The error of a query that ended early.
    async fn incomplete(&self, status: QueryStatus) -> ApiError {
        let tenant = &self.caller.tenant;
        let most = tenant.limits.scanned_gb_per_day.map(bytes_of);
        match status {
            QueryStatus::Timeout => SourceError::Timeout.into(),
            // A query is cancelled when it exceeds its tenant's budget.
            QueryStatus::Cancelled => {
                match self.app.tenant_limits.reserve(&tenant.id, Budget::Scanned, most, Need::exactly(1)).await {
                    Err(exceeded) => exceeded.into(),
                    Ok(_) => ApiError::QueryIncomplete(status),
                }
            }
            _ => ApiError::QueryIncomplete(status),
        }
    }
}
