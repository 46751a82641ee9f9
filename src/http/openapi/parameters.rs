//! What requests say: the parameters that several operations share.
//!
//! Owns their descriptions; their bounds are in [`super::texts`]. Reads nothing: each operation does that itself, and refuses
//! what is said here to be wrong. A parameter has an `example` only if it is good to be sent with any other: Swagger UI fills its
//! forms with them.

use utoipa::IntoParams;

use super::texts::{GroupName, Sealed, SourceName, StreamName, StreamNames, TimeText};

/// A group in the path.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path for the OpenAPI document; the operations on one group read it")]
pub struct GroupPath {
    /// The log group: percent-encoded, or with `:` for `/`.
    #[param(inline, example = ":acme:api")]
    group: GroupName,
}

/// A stream in the path, behind its group.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path for the OpenAPI document; `ops::events` reads it")]
pub struct StreamPath {
    /// The log stream: percent-encoded, or with `:` for `/`.
    #[param(inline, example = "prod-a")]
    stream: StreamName,
}

/// The names of `GET /logs`.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query for the OpenAPI document; `ops::events` reads it")]
pub struct NamesQuery {
    /// The log group; needed without a `cursor`.
    #[param(inline, example = "/acme/api")]
    group: Option<GroupName>,
    /// The log stream; absent: all of the group's.
    #[param(inline)]
    stream: Option<StreamName>,
}

/// Parameters of every event endpoint.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the query for the OpenAPI document; `ops::events` reads it")]
pub struct EventsQuery {
    /// First moment: RFC 3339, epoch milliseconds, epoch seconds (`1795168800.5`), or relative to now (`-15m`, `-1h30m`, `now-2d`,
    /// `now`). A number that reads as a date, such as `20261129`, is refused.
    #[param(inline, example = "-15m")]
    start: Option<TimeText>,
    /// First moment after the range (exclusive), in the same forms.
    #[param(inline)]
    end: Option<TimeText>,
    /// Events in the page, 1 to 10000; 1000 when absent. Streamed formats have no limit unless one is given.
    #[param(minimum = 1, maximum = 10000, example = 100)]
    limit: Option<u32>,
    /// Begin at the oldest (`head`) or the newest (`tail`) events; `head` when there is a `start`, else `tail`.
    #[param(inline)]
    from: Option<FromWord>,
    /// Only events whose message matches this CloudWatch filter pattern: terms (`ERROR -timeout`), phrases, `%regex%`, JSON
    /// conditions (`{ $.status >= 500 }`), space-delimited fields (`[ip, user, ..., status = 5*]`). At most 1024 characters.
    #[param(max_length = 1024)]
    filter: Option<String>,
    /// Go on where an earlier answer says. It carries its request; what is given beside it must be the same.
    #[param(inline)]
    cursor: Option<Sealed>,
    /// In which of the operator's sources the group is, where several have one of that name; when absent, the first that the
    /// tenant's grants allow it in.
    #[param(inline)]
    source: Option<SourceName>,
    /// The format, when the `Accept` header can't be set.
    #[param(inline)]
    format: Option<FormatWord>,
    /// CSV, NDJSON and text only: the columns to show, separated by commas: `timestamp`, `ingestionTime`, `logStream`, `eventId`,
    /// `message`, and JSON paths of the message (`$.status`, `$.user.id`, `$['a.b']`, `$.list[0]`). At most 50 columns in 1024
    /// characters, each once. Like the format, a cursor does not carry them.
    #[param(max_length = 1024, min_length = 1)]
    columns: Option<String>,
    /// Text only: leave control characters as they are.
    raw: Option<bool>,
    /// CSV only: begin with a byte order mark, by which Excel knows UTF-8.
    bom: Option<bool>,
    /// NDJSON only: `line` writes the cursor as a last line too.
    #[param(inline)]
    trailer: Option<TrailerWord>,
}

/// The parameter that chooses among groups of the same name.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query for the OpenAPI document; the operations on one group read it")]
pub struct SourceQuery {
    /// In which of the operator's sources the group is, where several have one of that name; when absent, the first that the
    /// tenant's grants allow it in. Lists say the sources.
    #[param(inline)]
    source: Option<SourceName>,
}

/// Parameters that choose among the streams of a group.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the query for the OpenAPI document; `ops::events` reads it")]
pub struct StreamsQuery {
    /// Only these streams; repeatable, at most 100. Names that are too long together for a cursor are refused (about 3,500 bytes
    /// after compression: 100 names of 50 characters fit).
    #[param(inline)]
    streams: Option<StreamNames>,
    /// Only streams that begin so; not together with `streams`.
    #[param(inline)]
    stream_prefix: Option<StreamName>,
}

/// What a page of a list is, besides what is listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query for the OpenAPI document; `ops::list` reads it")]
pub struct ListQuery {
    /// Items in the page, 1 to 1000; 50 when absent.
    #[param(minimum = 1, maximum = 1000, example = 50)]
    limit: Option<u32>,
    /// Go on where an earlier page says. It carries its request; what is given beside it must be the same.
    #[param(inline)]
    cursor: Option<Sealed>,
}

/// The order of streams.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the query for the OpenAPI document; `ops::list_streams` reads it")]
pub struct OrderQuery {
    /// By `name` (when absent), or by the time of the last event.
    #[param(inline)]
    order_by: Option<OrderByWord>,
    /// `asc` or `desc`; when absent, `asc` by name and `desc` by last event.
    #[param(inline)]
    order: Option<OrderWord>,
}

/// What a question about permission is about.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query for the OpenAPI document; `ops::explain` reads it")]
pub struct ExplainQuery {
    /// What would be done.
    #[param(inline, example = "read")]
    action: ActionWord,
    /// The log group.
    #[param(inline, example = "/acme/api")]
    group: GroupName,
    /// The log stream.
    #[param(inline)]
    stream: Option<StreamName>,
}

/// A query in the path.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path for the OpenAPI document; `ops::queries` reads it")]
pub struct QueryPath {
    /// The query's id, as `POST /queries` gave it.
    #[param(inline)]
    id: Sealed,
}

/// A row's event in the path.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path for the OpenAPI document; `ops::read_record` reads it")]
pub struct RecordPath {
    /// A row's `@ptr`.
    #[param(inline)]
    pointer: Sealed,
}

/// Which rows of a query.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query for the OpenAPI document; `ops::queries` reads it")]
pub struct RowsQuery {
    /// Rows in the page, 1 to 10000; 10000 when absent.
    #[param(minimum = 1, maximum = 10000, example = 1000)]
    limit: Option<u32>,
    /// Go on where an earlier page of this query says.
    #[param(inline)]
    cursor: Option<Sealed>,
}

/// The middle of what is looked at for fields.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query for the OpenAPI document; `ops::describe_fields` reads it")]
pub struct TimeQuery {
    /// The middle of the 16 minutes looked at, in the same forms as `start` elsewhere; the last 15 minutes when absent.
    #[param(inline)]
    time: Option<TimeText>,
}

/// How long to wait for a query.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes the header for the OpenAPI document; `ops::queries` reads it")]
pub struct PreferHeader {
    /// `wait=` and seconds (RFC 7240): the answer comes when the query has ended, or when so much time is over.
    #[param(rename = "Prefer", example = "wait=20")]
    prefer: Option<String>,
}

/// What the client has already.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes the header for the OpenAPI document; `http::validator` reads it")]
pub struct KnownHeader {
    /// The `ETag` of a page that can't change any more (RFC 9110): `304` when it is still that one.
    #[param(rename = "If-None-Match")]
    if_none_match: Option<String>,
}

/// The formats of rows.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query for the OpenAPI document; `ops::queries` reads it")]
pub struct TableFormat {
    /// The format, when the `Accept` header can't be set.
    #[param(inline)]
    format: Option<TableWord>,
}

/// The one format of answers that are not events.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query for the OpenAPI document; `ops::list` reads it")]
pub struct JsonOnly {
    /// `json`, the one format there is here.
    #[param(inline)]
    format: Option<JsonWord>,
}

/// Where reading begins.
#[derive(Debug, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the words for the OpenAPI document")]
enum FromWord {
    Head,
    Tail,
}

/// A format.
#[derive(Debug, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the words for the OpenAPI document")]
enum FormatWord {
    Json,
    Ndjson,
    Csv,
    Text,
}

/// By what streams are ordered.
#[derive(Debug, utoipa::ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the words for the OpenAPI document")]
enum OrderByWord {
    Name,
    LastEvent,
}

/// Which way.
#[derive(Debug, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the words for the OpenAPI document")]
enum OrderWord {
    Asc,
    Desc,
}

/// What may be done.
#[derive(Debug, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the words for the OpenAPI document")]
enum ActionWord {
    Read,
    Query,
    Tail,
    Describe,
}

/// How the cursor of a stream is told.
#[derive(Debug, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the words for the OpenAPI document")]
enum TrailerWord {
    Line,
}

/// A format of rows.
#[derive(Debug, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the words for the OpenAPI document")]
enum TableWord {
    Json,
    Ndjson,
    Csv,
}

/// The one format.
#[derive(Debug, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the word for the OpenAPI document")]
enum JsonWord {
    Json,
}
