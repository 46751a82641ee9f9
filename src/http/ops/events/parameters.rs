//! The parameters of the three event endpoints.
//!
//! Owns their names, descriptions and values, and the groups of them that the endpoints share.

use logmark_event_page::Columns;
use utoipa::openapi::schema::ObjectBuilder;

use super::cursor::ReadFrom;
use crate::domain::filter::EventFilter;
use crate::domain::name::{LogGroupName, LogStreamName};
use crate::domain::time::TimeSpec;
use crate::http::encode::Format;
use crate::http::field_error::Language;
use crate::http::openapi::texts;
use crate::http::ops::parameters::{GROUP_NAME, SEALED, SOURCE, STREAM_NAME, TIME};
use crate::http::parameter::{AnyParameter, Example, Parameter};
use crate::http::value::{self, HeaderText, InvalidValue, Number, Repeated, Switch, Text, Words};

/// The stream in the path.
pub(in crate::http::ops) const STREAM_IN_PATH: Parameter<Text<LogStreamName>> =
    Parameter::path("stream", STREAM_NAME, "The log stream: percent-encoded, or with `:` for `/`.")
        .example(Example::Text("prod-a"));

/// The group in the query string.
pub(super) const GROUP: Parameter<Text<LogGroupName>> =
    Parameter::query("group", GROUP_NAME, "The log group. Required without a `cursor`.").example(Example::Text("/acme/api"));
/// The stream in the query string.
pub(super) const STREAM: Parameter<Text<LogStreamName>> =
    Parameter::query("stream", STREAM_NAME, "The log stream. Default: all streams of the group.");
/// The names in the query string.
pub(in crate::http::ops) const NAMES: &[&dyn AnyParameter] = &[&GROUP, &STREAM];

/// Chosen streams.
pub(super) const STREAMS: Parameter<Repeated<Text<LogStreamName>>> = Parameter::query(
    "streams",
    // FilterLogEvents' own limit.
    Repeated { item: STREAM_NAME, most: 100 },
    "Only these streams; repeatable, at most 100. Names that are together too long for a cursor are refused (about 3,500 bytes after \
     compression: 100 names of 50 characters fit).",
);
/// The beginning of chosen streams' names.
pub(super) const STREAM_PREFIX: Parameter<Text<String>> = Parameter::query(
    "streamPrefix",
    Text { parse: stream_prefix, schema: texts::stream_name },
    "Only streams whose names begin with this text. Cannot be combined with `streams`.",
);
/// The choice of streams in a group.
pub(in crate::http::ops) const STREAM_CHOICE: &[&dyn AnyParameter] = &[&STREAMS, &STREAM_PREFIX];

/// The start of the range.
pub(super) const START: Parameter<Text<TimeSpec>> = Parameter::query(
    "start",
    TIME,
    "Start of the range: RFC 3339, epoch milliseconds, epoch seconds (`1795168800.5`), or relative to now (`-15m`, `-1h30m`, \
     `now-2d`, `now`). A number that reads as a date, such as `20261129`, is refused.",
)
.example(Example::Text("-15m"));
/// The end of the range.
pub(super) const END: Parameter<Text<TimeSpec>> =
    Parameter::query("end", TIME, "End of the range (exclusive), in the same forms as `start`.");
/// Events in the page. CloudWatch has the same upper limit.
pub(super) const LIMIT: Parameter<Number> = Parameter::query(
    "limit",
    Number { least: 1, most: 10_000 },
    "Events in the page, 1 to 10000. Default: 1000. Streamed formats have no limit by default.",
)
.example(Example::Number(100));
/// The end of the range at which reading begins.
pub(super) const FROM: Parameter<Words<ReadFrom>> = Parameter::query(
    "from",
    Words(&[("head", ReadFrom::Head), ("tail", ReadFrom::Tail)]),
    "Begin with the oldest (`head`) or the newest (`tail`) events. Default: `head` with `start`, else `tail`.",
);
/// The filter of messages.
pub(super) const FILTER: Parameter<Text<Option<EventFilter>>> = Parameter::query(
    "filter",
    Text { parse: filter, schema: filter_schema },
    "Only events whose message matches this CloudWatch filter pattern: terms (`ERROR -timeout`), phrases, `%regex%`, JSON \
     conditions (`{ $.status >= 500 }`), space-delimited fields (`[ip, user, ..., status = 5*]`). At most 1024 characters. A field that your \
     grant masks is refused.",
);
/// The cursor of a page of events.
pub(super) const CURSOR: Parameter<Text<String>> = Parameter::query(
    "cursor",
    SEALED,
    "Cursor from a previous response. It contains the original request; other parameters must match it.",
);
/// The format of events.
pub(super) const FORMAT: Parameter<Words<Format>> =
    Parameter::query("format", Words(&Format::WORDS), "The format, for clients that cannot set the `Accept` header.");
/// The columns of CSV, NDJSON and text.
pub(super) const COLUMNS: Parameter<Text<Columns>> = Parameter::query(
    "columns",
    Text { parse: columns, schema: columns_schema },
    "CSV, NDJSON and text only: the columns to show, separated by commas: `timestamp`, `ingestionTime`, `logStream`, `eventId`, \
     `message`, and JSON paths of the message (`$.status`, `$.user.id`, `$['a.b']`, `$.list[0]`). At most 50 columns in 1024 \
     characters, each once. A path that your grant masks is refused. A \
     cursor does not contain the columns, as it does not contain the format.",
);
/// Control characters in text.
pub(super) const RAW: Parameter<Switch> = Parameter::query("raw", Switch, "Text only: do not escape control characters.");
/// The byte order mark in CSV.
pub(super) const BOM: Parameter<Switch> =
    Parameter::query("bom", Switch, "CSV only: begin with a byte order mark, so that Excel reads the file as UTF-8.");
/// The cursor as a line of NDJSON.
pub(super) const TRAILER: Parameter<Words<bool>> =
    Parameter::query("trailer", Words(&[("line", true)]), "NDJSON only: `line` also writes the cursor as the last line.");
/// The validator of a page that the client has.
pub(super) const IF_NONE_MATCH: Parameter<HeaderText> = Parameter::header(
    "If-None-Match",
    HeaderText,
    "The `ETag` of a page that cannot change any more (RFC 9110). The answer is `304` if the page is still the same.",
);
/// Whether new events are followed.
pub(super) const FOLLOW: Parameter<Switch> = Parameter::query(
    "follow",
    Switch,
    "`true`: a live tail, which goes on until the client leaves. It gives new events as they arrive, after the stored ones from `start` \
     or behind a cursor, if one is given. The formats are `text/event-stream` and NDJSON. Needs the action `tail`.",
);
/// The position at which a live tail resumes.
pub(super) const LAST_EVENT_ID: Parameter<HeaderText> = Parameter::header(
    "Last-Event-ID",
    HeaderText,
    "Live tail only: the `id` of the last event that the client has received. The same as `cursor`; browsers send it when they \
     reconnect.",
);
/// The parameters of all three endpoints.
pub(in crate::http::ops) const EVENTS: &[&dyn AnyParameter] = &[
    &START,
    &END,
    &LIMIT,
    &FROM,
    &FILTER,
    &CURSOR,
    &SOURCE,
    &FORMAT,
    &COLUMNS,
    &RAW,
    &BOM,
    &TRAILER,
    &FOLLOW,
    &LAST_EVENT_ID,
    &IF_NONE_MATCH,
];

/// A prefix obeys the rules of a name.
fn stream_prefix(text: &str) -> Result<String, InvalidValue> {
    value::name::<LogStreamName>(text).map(String::from)
}

fn filter(text: &str) -> Result<Option<EventFilter>, InvalidValue> {
    EventFilter::parse(text).map_err(|faults| InvalidValue::Text(Language::Filter, faults))
}

fn filter_schema() -> ObjectBuilder {
    texts::plain().max_length(Some(1024))
}

fn columns(text: &str) -> Result<Columns, InvalidValue> {
    Columns::parse(text).map_err(|faults| InvalidValue::Faults(faults.iter().map(ToString::to_string).collect()))
}

fn columns_schema() -> ObjectBuilder {
    texts::plain().min_length(Some(1)).max_length(Some(1024))
}
