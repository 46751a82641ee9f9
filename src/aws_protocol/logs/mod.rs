//! The operations of CloudWatch Logs.
//!
//! Owns their list. Each parses its body into its own struct, checks every member, requests a permit, and writes the answer;
//! names of members are those of AWS's model (`logs/2014-03-28`). An operation that is not in the list is
//! `UnknownOperationException`.

mod groups;
mod streams;
mod put;
mod read;
mod tags;
mod filters;
mod queries;
mod query_csv;
mod records;
pub mod query_registry;
mod definitions;
pub mod live_tail;
mod lookup_tables;
mod empty;

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::endpoint::Call;
use super::error::ServiceError;

/// How long a request waits for memory.
const MEMORY_WAIT: Duration = Duration::from_secs(5);

/// An answer's body; nothing for an operation without output.
type Answer = Result<Vec<u8>, ServiceError>;

/// One list of the operations and their handlers. [`live_tail`] is not in it, because its answer is a stream.
macro_rules! operations {
    ($($name:literal => $answer:path;)+) => {
        const OPERATIONS: &[&str] = &[$($name),+];

        /// Answers the operation, whose name comes from [`named`].
        ///
        /// # Errors
        /// Those of the operation.
        pub async fn answer(call: Call<'_>, operation: &'static str, body: &[u8]) -> Answer {
            match operation {
                $($name => $answer(call, body).await,)+
                _ => empty::answer(call, operation, body).await,
            }
        }
    };
}

operations! {
    "CreateLogGroup" => groups::create;
    "DeleteLogGroup" => groups::delete;
    "DescribeLogGroups" => groups::describe;
    "ListLogGroups" => groups::list;
    "PutRetentionPolicy" => groups::put_retention;
    "DeleteRetentionPolicy" => groups::delete_retention;
    "CreateLogStream" => streams::create;
    "DeleteLogStream" => streams::delete;
    "DescribeLogStreams" => streams::describe;
    "PutLogEvents" => put::put;
    "ImportLogEvents" => put::import;
    "GetLogEvents" => read::get;
    "FilterLogEvents" => read::filter;
    "TestMetricFilter" => filters::test;
    "TagResource" => tags::tag_resource;
    "UntagResource" => tags::untag_resource;
    "ListTagsForResource" => tags::list_for_resource;
    "TagLogGroup" => tags::tag_group;
    "UntagLogGroup" => tags::untag_group;
    "ListTagsLogGroup" => tags::list_group;
    "StartQuery" => queries::start;
    "GetQueryResults" => queries::results;
    "StopQuery" => queries::stop;
    "DescribeQueries" => queries::describe;
    "ListLogGroupsForQuery" => queries::groups;
    "GetLogGroupFields" => records::fields;
    "GetLogRecord" => records::record;
    "PutQueryDefinition" => definitions::put;
    "DescribeQueryDefinitions" => definitions::describe;
    "DeleteQueryDefinition" => definitions::delete;
    "CreateLookupTable" => lookup_tables::create;
    "UpdateLookupTable" => lookup_tables::update;
    "GetLookupTable" => lookup_tables::get;
    "DescribeLookupTables" => lookup_tables::describe;
    "DeleteLookupTable" => lookup_tables::delete;
}

/// Logmark's own operation, which AWS's clients do not have: its target is `Logmark.ImportLogEvents`.
pub const IMPORT: &str = "ImportLogEvents";

/// The operation of this name, if it is supported.
#[must_use]
pub fn named(operation: &str) -> Option<&'static str> {
    let all = OPERATIONS.iter().filter(|known| **known != IMPORT).chain([&live_tail::NAME]);
    all.copied().find(|known| *known == operation).or_else(|| empty::named(operation))
}

/// The names of all operations, including [`IMPORT`].
pub fn operations() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().copied().chain([live_tail::NAME]).chain(empty::operations())
}

/// Memory for an answer, held until it is sent.
async fn reserve(call: Call<'_>, bytes: u64) -> Result<(), ServiceError> {
    let until = Instant::now() + MEMORY_WAIT;
    call.context.hold_until_sent(call.endpoint.sources.page_pool().reserve(&call.context.share(), bytes, until).await?);
    Ok(())
}

/// Writes an answer.
fn json<T: Serialize>(answer: &T) -> Answer {
    serde_json::to_vec(answer).map_err(|error| ServiceError::unavailable(error.to_string()))
}

/// An internal error: every check has passed, and a value is missing.
fn unchecked() -> ServiceError {
    ServiceError::unavailable("a fault of the input that was not noted")
}
