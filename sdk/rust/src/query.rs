//! A Logs Insights query, from its start to its last row.
//!
//! Owns waiting, and stopping abandoned queries. Rows are read in pages of 10,000.

use std::collections::BTreeMap;
use std::time::Duration;
use std::vec;

use reqwest_middleware::RequestBuilder;
use serde_json::Value;
use tokio::runtime::Handle;

use crate::apis::queries_api::{ReadQueryParams, StopQueryParams, read_query, stop_query};
use crate::apis::urlencode;
use crate::client::Client;
use crate::error::{Error, code, retry_after};
use crate::models::{NewQuery, Query, QueryStatistics};
use crate::retry::backoff;
use crate::time::Time;

/// How long the service may wait before it answers (RFC 7240): below the timeouts of gateways.
const WAIT: &str = "wait=20";

/// Describes a query.
#[derive(Clone, Debug, Default)]
pub struct QueryRequest {
    /// The query, in Logs Insights QL.
    pub query: String,
    /// The log groups, 1 to 50: `/acme/api`.
    pub log_groups: Vec<String>,
    /// Start of the range (inclusive): `"-1h".into()`, or a time of `chrono` or the standard library.
    pub start: Time,
    /// End of the range (exclusive), in the same forms; default: now.
    pub end: Option<Time>,
    /// Maximum number of rows, 1 to 100,000; default: the query's own limit, or 10,000.
    pub limit: Option<u32>,
    /// The query is stopped after this time.
    pub timeout: Option<Duration>,
}

/// A row: values by column, in CloudWatch's form.
pub type Row = BTreeMap<String, String>;

/// The rows of a complete query. See [`Client::query`].
#[derive(Debug)]
pub struct Rows {
    client: Client,
    /// The first complete answer; its rows are in `page`.
    query: Query,
    page: vec::IntoIter<Value>,
    next_cursor: Option<String>,
}

impl Rows {
    fn new(client: Client, mut query: Query) -> Self {
        let page = query.results.take().unwrap_or_default().into_iter();
        let next_cursor = query.next_cursor.take();
        Self { client, query, page, next_cursor }
    }

    /// The query's id. `/queries/{id}` returns the same rows for some time.
    pub fn query_id(&self) -> &str {
        &self.query.query_id
    }

    /// The columns, in order.
    pub fn fields(&self) -> &[String] {
        self.query.fields.as_deref().unwrap_or_default()
    }

    /// The amount of data scanned.
    pub fn statistics(&self) -> Option<&QueryStatistics> {
        self.query.statistics.as_ref()
    }

    /// Estimated cost at the operator's price, in US dollars.
    pub fn estimated_cost_usd(&self) -> Option<f64> {
        self.query.estimated_cost_usd
    }

    /// The next row; `None`: that was the last. After an error the same page is requested again.
    pub async fn next(&mut self) -> Option<Result<Row, Error>> {
        loop {
            if let Some(row) = self.page.next() {
                return Some(serde_json::from_value(row).map_err(|error| Error::because(code::UNEXPECTED_ANSWER, error)));
            }
            let cursor = self.next_cursor.clone()?;
            let params = ReadQueryParams { id: self.query.query_id.clone(), limit: None, cursor: Some(cursor), prefer: None };
            match read_query(self.client.configuration(), params).await {
                Ok(query) => {
                    self.page = query.results.unwrap_or_default().into_iter();
                    self.next_cursor = query.next_cursor;
                }
                Err(error) => return Some(Err(error.into())),
            }
        }
    }
}

pub(crate) async fn run(client: &Client, request: QueryRequest) -> Result<Rows, Error> {
    let Some(timeout) = request.timeout else { return run_to_end(client, request).await };
    match tokio::time::timeout(timeout, run_to_end(client, request)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Error::own(code::QUERY_TIMEOUT, format!("the query was stopped after {timeout:?}"))),
    }
}

async fn run_to_end(client: &Client, request: QueryRequest) -> Result<Rows, Error> {
    let QueryRequest { query, log_groups, start, end, limit, timeout: _ } = request;
    let end = end.map(|end| end.as_str().to_owned());
    let body = NewQuery { query, log_groups, start: start.as_str().to_owned(), end, limit };
    let mut answer = ask(client.http().post(client.url("/queries")).json(&body)).await?;
    let mut running = Running { client, id: Some(answer.query.query_id.clone()) };
    let url = client.url(&format!("/queries/{}", urlencode(&answer.query.query_id)));
    let mut asked = 0;
    while matches!(answer.query.status.as_str(), "Scheduled" | "Running" | "Unknown") {
        tokio::time::sleep(answer.pause(asked)).await;
        asked += 1;
        answer = ask(client.http().get(&url)).await?;
    }
    running.id = None;
    match answer.query.status.as_str() {
        "Complete" => Ok(Rows::new(client.clone(), answer.query)),
        status => Err(Error::own(code::QUERY_FAILED, format!("the query ended as `{status}`"))),
    }
}

/// The state of a query, and the time of the next poll.
struct Answer {
    query: Query,
    retry_after: Option<Duration>,
    waited: bool,
}

impl Answer {
    /// `Retry-After`; zero if the service has already waited; otherwise it increases.
    fn pause(&self, asked: u32) -> Duration {
        match self.retry_after {
            Some(pause) => pause,
            None if self.waited => Duration::ZERO,
            None => backoff(asked),
        }
    }
}

async fn ask(request: RequestBuilder) -> Result<Answer, Error> {
    let response = request.header("Prefer", WAIT).send().await?;
    let retry_after = retry_after(response.headers());
    let waited = response.headers().contains_key("preference-applied");
    Ok(Answer { query: response.json().await?, retry_after, waited })
}

/// Stops the query when dropped, because the data that it scans costs the operator, and the tenant's budget.
struct Running<'a> {
    client: &'a Client,
    id: Option<String>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let client = self.client.clone();
        // Without a runtime, or if the runtime ends first, the service stops the query after some minutes without polls.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { stop_query(client.configuration(), StopQueryParams { id }).await });
        }
    }
}
