//! The parameters of `GET /reports/{name}`.

use jiff::tz::TimeZone;
use utoipa::openapi::schema::ObjectBuilder;

use super::response::ReportFormat;
use crate::domain::name::LogGroupName;
use crate::domain::network::Network;
use crate::domain::query::operations::MAX_GROUPS;
use crate::domain::time::TimeSpec;
use crate::http::openapi::texts;
use crate::http::ops::parameters::{GROUP_NAME, SEALED, TIME};
use crate::http::parameter::{AnyParameter, Example, Parameter};
use crate::http::value::{InvalidValue, Number, Repeated, Switch, Text, Words};
use crate::reports::bins::Bin;
use crate::reports::catalogue;
use crate::reports::filters::StatusRange;
use crate::reports::request::{Dimension, ErrorClass, MAX_LIMIT, Sort};

/// Characters of a filter's value at most.
const MAX_VALUE: usize = 512;
/// Characters of all filters at most, so that the query stays below its limit.
pub(super) const MAX_FILTERS: usize = 1000;

pub(super) const NAME: Parameter<Text<String>> =
    Parameter::path("name", Text { parse: any_text, schema: report_name }, "The name of the report, as `GET /reports` lists it.")
        .example(Example::Text("routes"));
pub(super) const GROUP: Parameter<Repeated<Text<LogGroupName>>> = Parameter::query(
    "group",
    Repeated { item: GROUP_NAME, most: MAX_GROUPS },
    "The log group; repeatable, at most 50, all in one source. Required without a `cursor`.",
);
pub(super) const START: Parameter<Text<TimeSpec>> = Parameter::query(
    "start",
    TIME,
    "Start of the range: RFC 3339, epoch milliseconds, epoch seconds, or relative to now (`-15m`, `-2d`). Default: 30 days before `end`, or \
     the longest range that the tenant may read.",
)
.example(Example::Text("-1d"));
pub(super) const END: Parameter<Text<TimeSpec>> =
    Parameter::query("end", TIME, "End of the range (exclusive), in the same forms as `start`. Default: `now`.");
pub(super) const BIN: Parameter<Words<Bin>> = Parameter::query(
    "bin",
    Words(&Bin::WORDS),
    "The period of a time series, at most 1000 in the range. Default: chosen by the range. Other reports ignore it.",
);
pub(super) const LIMIT: Parameter<Number> = Parameter::query(
    "limit",
    Number { least: 1, most: MAX_LIMIT },
    "Rows at most, 1 to 1000. Default: 100, and 1000 of a time series. With `dimension` in `traffic`: series at most, by default 10; all other \
     values are the series `other`.",
)
.example(Example::Number(20));
pub(super) const SORT: Parameter<Text<Sort>> = Parameter::query(
    "sort",
    Text { parse: sort, schema: sort_schema },
    "A measure (`requests`, `errorRate`, `latency.p95`) or a key to sort by, with `-` before it for the largest first. Default: \
     `-requests`; time series by time.",
);
pub(super) const TZ: Parameter<Text<String>> = Parameter::query(
    "tz",
    Text { parse: zone, schema: zone_schema },
    "The time zone of hours, days and periods: a name of the IANA database, such as `Europe/Berlin`. Default: `UTC`.",
);
pub(super) const DIMENSION: Parameter<Words<Dimension>> = Parameter::query(
    "dimension",
    Words(&Dimension::WORDS),
    "`traffic`: what splits the requests into series. `hours`: `weekday` adds the day of the week. Not for other reports.",
);
pub(super) const CLASS: Parameter<Words<ErrorClass>> =
    Parameter::query("class", Words(&ErrorClass::WORDS), "`errors-by-route`: the class of errors. Default: `4xx`.");
pub(super) const REPORT: Parameter<Text<String>> = Parameter::query(
    "report",
    Text { parse: any_text, schema: report_name },
    "`compare`: the name of the report to compare. Default: `overview`.",
);
pub(super) const PREVIOUS_START: Parameter<Text<TimeSpec>> = Parameter::query(
    "previousStart",
    TIME,
    "`compare`: the start of the period to compare with, which is as long as the range. Default: it ends at `start`.",
);
pub(super) const CURSOR: Parameter<Text<String>> = Parameter::query(
    "cursor",
    SEALED,
    "`requests`: the cursor from a previous response. It contains the original request; other parameters must match it.",
);
pub(super) const FORMAT: Parameter<Words<ReportFormat>> =
    Parameter::query("format", Words(&ReportFormat::WORDS), "The format, for clients that cannot set the `Accept` header.");

pub(super) const DOMAIN: Parameter<Text<String>> = text("domain", "Only requests of this domain name.");
pub(super) const STATUS: Parameter<Text<StatusRange>> = Parameter::query(
    "status",
    Text { parse: status, schema: status_schema },
    "Only requests with this status (`404`) or of this class (`4xx`).",
);
pub(super) const PATH: Parameter<Text<String>> = text("path", "Only requests of this path or resource.");
pub(super) const PLAN: Parameter<Text<String>> = text("plan", "Only requests of this usage plan.");
pub(super) const CUSTOMER: Parameter<Text<String>> = text("customer", "Only requests of this customer: the name of its API key.");
pub(super) const IP: Parameter<Text<Network>> = Parameter::query(
    "ip",
    Text { parse: network, schema: network_schema },
    "Only requests from this address or network (`192.0.2.0/24`).",
);
pub(super) const EXCLUDE_IP: Parameter<Text<Network>> =
    Parameter::query("excludeIp", Text { parse: network, schema: network_schema }, "No requests from this address or network.");
pub(super) const IAM_USER: Parameter<Text<String>> = text("iamUser", "Only requests of this IAM user: its id, ARN or caller.");
pub(super) const SUB: Parameter<Text<String>> = text("sub", "Only requests with a token of this subject.");
pub(super) const REQUEST_ID: Parameter<Text<String>> = text("requestId", "Only the request with this id.");
pub(super) const METHOD: Parameter<Text<String>> = text("method", "Only requests with this HTTP method.");
pub(super) const STAGE: Parameter<Text<String>> = text("stage", "Only requests of this stage.");
pub(super) const USER_AGENT: Parameter<Text<String>> =
    text("userAgent", "Only requests whose user agent contains this text, in any case.");
pub(super) const IGNORE_BOTS: Parameter<Switch> =
    Parameter::query("ignoreBots", Switch, "`true`: no requests of user agents that are known as bots.");

/// The report, its range and its form.
pub(super) const REPORTS: &[&dyn AnyParameter] =
    &[&NAME, &GROUP, &START, &END, &BIN, &LIMIT, &SORT, &TZ, &DIMENSION, &CLASS, &REPORT, &PREVIOUS_START, &CURSOR, &FORMAT];
/// The filters.
pub(super) const FILTERS: &[&dyn AnyParameter] = &[
    &DOMAIN,
    &STATUS,
    &PATH,
    &PLAN,
    &CUSTOMER,
    &IP,
    &EXCLUDE_IP,
    &IAM_USER,
    &SUB,
    &REQUEST_ID,
    &METHOD,
    &STAGE,
    &USER_AGENT,
    &IGNORE_BOTS,
];

const fn text(name: &'static str, description: &'static str) -> Parameter<Text<String>> {
    Parameter::query(name, Text { parse: value, schema: value_schema }, description)
}

/// Any text, which is compared with names of reports.
fn any_text(text: &str) -> Result<String, InvalidValue> {
    Ok(text.to_owned())
}

fn value(text: &str) -> Result<String, InvalidValue> {
    match text.chars().count() {
        0 => Err(InvalidValue::Clause("is empty: leave the parameter out".to_owned())),
        _ if text.chars().any(char::is_control) => Err(InvalidValue::Clause("has a control character".to_owned())),
        length if length > MAX_VALUE => Err(InvalidValue::Clause(format!("has more than {MAX_VALUE} characters"))),
        _ => Ok(text.to_owned()),
    }
}

fn status(text: &str) -> Result<StatusRange, InvalidValue> {
    StatusRange::parse(text).map_err(InvalidValue::clause)
}

fn network(text: &str) -> Result<Network, InvalidValue> {
    text.parse().map_err(|error: crate::domain::network::InvalidNetwork| InvalidValue::clause(error))
}

fn zone(text: &str) -> Result<String, InvalidValue> {
    let known = TimeZone::get(text);
    known
        .map(|_| text.to_owned())
        .map_err(|_| InvalidValue::Clause("is not a time zone: use a name such as `Europe/Berlin`".to_owned()))
}

fn sort(text: &str) -> Result<Sort, InvalidValue> {
    let (by, descending) = text.strip_prefix('-').map_or((text, false), |by| (by, true));
    if by.is_empty() {
        return Err(InvalidValue::Clause("names no measure and no key".to_owned()));
    }
    Ok(Sort { by: by.to_owned(), descending })
}

fn report_name() -> ObjectBuilder {
    texts::plain().enum_values(Some(catalogue::ALL.map(|definition| definition.name)))
}

fn value_schema() -> ObjectBuilder {
    texts::plain().min_length(Some(1)).max_length(Some(MAX_VALUE))
}

fn status_schema() -> ObjectBuilder {
    texts::plain().pattern(Some("^[1-5]([0-9][0-9]|[xX][xX])$"))
}

fn zone_schema() -> ObjectBuilder {
    texts::plain().pattern(Some("^[A-Za-z][A-Za-z0-9_+/-]*$"))
}

fn network_schema() -> ObjectBuilder {
    texts::plain().pattern(Some("^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$"))
}

fn sort_schema() -> ObjectBuilder {
    texts::plain().pattern(Some("^-?[A-Za-z][A-Za-z0-9.]*$"))
}
