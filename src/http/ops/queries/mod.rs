//! Logs Insights queries: `POST /queries`, `GET` and `DELETE /queries/{id}`, `POST /queries/check`, `GET /queries/language`.
//!
//! Owns their shared part: ids, which are a query sealed for its tenant, so that every replica can open them; parameters; and the
//! wait that a caller prefers.

mod new_query;
pub mod start;
pub mod read;
pub mod stop;
pub mod response;
pub mod check;
pub mod language;
pub(super) mod run;

use std::time::Duration;

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Body as _;
use logmark_quota::{Rejected, Reservation};

use crate::auth::permit::Permit;
use crate::domain::event::Position;
use crate::domain::name::LogGroupName;
use crate::domain::query::operations::{QueryPage, ReadQuery, RunningQuery};
use crate::http::App;
use crate::http::authorized::RequestContext;
use crate::http::encode::Format;
use crate::http::input::Input;
use crate::http::layers::RequestInfo;
use crate::http::memory::CountedBody;
use crate::http::ops::parameters::SEALED;
use crate::http::parameter::{Example, Parameter};
use crate::http::problem::ApiError;
use crate::http::value::{HeaderText, Text, Words};
use crate::sources::Queries;
use crate::sources::page_pool::memory_error;

/// The kind of a sealed query id.
const QUERY: &str = "query";
/// The kind of a sealed cursor of rows.
const ROWS: &str = "query rows";
/// The kind of a sealed `@ptr`.
pub(super) const RECORD: &str = "record";

/// The query in the path.
const ID: Parameter<Text<String>> = Parameter::path("id", SEALED, "The query id, as `POST /queries` returned it.");
/// The format of rows.
const FORMAT: Parameter<Words<Format>> = Parameter::query(
    "format",
    Words(&[("json", Format::Json), ("ndjson", Format::Ndjson), ("csv", Format::Csv)]),
    "The format, for clients that cannot set the `Accept` header.",
);
/// The wait for a query (RFC 7240 §4.3).
const PREFER: Parameter<HeaderText> = Parameter::header(
    "Prefer",
    HeaderText,
    "`wait=` and seconds (RFC 7240): the answer is sent when the query has ended, or after this time.",
)
.example(Example::Text("wait=20"));

/// A page of a query's rows, and the reservation of its memory.
async fn read_rows(
    app: &App,
    info: &RequestInfo,
    queries: &dyn Queries,
    permit: &Permit<ReadQuery>,
    from: Option<&Position>,
    limit: usize,
) -> Result<(Reservation, QueryPage), ApiError> {
    let mut page = queries.read(permit, from, limit).await?;
    if let Some(reservation) = page.memory.take() {
        return Ok((reservation, page));
    }
    let reservation = app.sources.page_pool().memory().try_reserve(&info.share(), page.row_bytes());
    reservation.map(|reservation| (reservation, page)).map_err(|rejected| ApiError::Source(memory_error(rejected)))
}

/// Counts the response's body in the reservation of its rows.
fn counted(mut reservation: Reservation, info: &RequestInfo, mut response: Response) -> Result<Response, ApiError> {
    let Some(bytes) = response.body().size_hint().exact() else { return Ok(response) };
    if !reservation.resize(bytes) {
        return Err(ApiError::Source(memory_error(Rejected::TenantLimit)));
    }
    info.hold_until_sent(reservation);
    response.extensions_mut().insert(CountedBody);
    Ok(response)
}

/// Opens the id in the path. All ids that do not open have the same error.
fn opened(id: Option<String>, context: RequestContext<'_>) -> Result<RunningQuery, ApiError> {
    let id = id.ok_or(ApiError::NoSuchHandle)?;
    let opened = context.app.sealer.open(QUERY, &context.caller.tenant.id, context.now, &id);
    opened.map_err(|_| ApiError::NoSuchHandle)
}

fn read_format(input: &mut Input, context: RequestContext<'_>) -> Result<Format, ApiError> {
    match input.get(&FORMAT) {
        Some(format) => Ok(format),
        None => Format::negotiate(context.headers, &[Format::Json, Format::Ndjson, Format::Csv]),
    }
}

/// The wait that the caller prefers, up to the time of one answer. Preferences that are not understood are ignored (RFC 7240 §2).
fn preferred_wait(context: RequestContext<'_>) -> Option<Duration> {
    wait_of(context.headers).map(|wait| wait.min(context.work_time))
}

fn wait_of(headers: &HeaderMap) -> Option<Duration> {
    let fields = PREFER.values(headers).iter().filter_map(|value| value.to_str().ok());
    let preferences = fields.flat_map(|field| field.split(',')).filter_map(|preference| preference.split(';').next());
    let mut named = preferences.filter_map(|preference| {
        let (name, value) = preference.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then(|| value.trim().trim_matches('"').to_owned())
    });
    // The first of several applies (§2).
    let seconds = named.next()?;
    let digits_only = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
    digits_only.then(|| Duration::from_secs(seconds.parse().unwrap_or(u64::MAX)))
}

/// Adds `Preference-Applied` with the wait.
fn applied(wait: Option<Duration>, headers: &mut HeaderMap) {
    if let Some(wait) = wait
        && let Ok(value) = HeaderValue::try_from(format!("wait={}", wait.as_secs()))
    {
        headers.insert(HeaderName::from_static("preference-applied"), value);
    }
}

/// The groups in the form of audit lines.
fn group_names(groups: &[LogGroupName]) -> String {
    groups.iter().map(LogGroupName::as_str).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_as_the_rfc_writes_it() {
        for (fields, expected) in [
            (vec!["wait=20"], Some(20)),
            (vec!["respond-async, WAIT = \"20\" ; x=1"], Some(20)),
            (vec!["handling=lenient", "wait=3"], Some(3)),
            (vec!["wait=3, wait=9"], Some(3)),
            (vec!["wait=99999999999999999999999"], Some(u64::MAX)),
            (vec!["wait"], None),
            (vec!["wait=-1"], None),
            (vec!["wait=soon"], None),
            (vec!["await=3"], None),
            (vec![], None),
        ] {
            let mut headers = HeaderMap::new();
            fields.iter().for_each(|field| assert!(headers.append("prefer", field.parse().unwrap()) || headers.len() == 1));
            assert_eq!(wait_of(&headers).map(|wait| wait.as_secs()), expected, "{fields:?}");
        }
    }
}
