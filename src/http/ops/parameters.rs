//! The parameters that several operations share.
//!
//! Owns their names, descriptions and values. A parameter of one operation is defined beside that operation.

use crate::domain::name::{LogGroupName, LogStreamName, SourceName};
use crate::domain::time::TimeSpec;
use crate::http::encode::Format;
use crate::http::openapi::texts;
use crate::http::parameter::{Example, Parameter};
use crate::http::value::{self, InvalidValue, Number, Text, Words};

/// A log group's name, in either spelling.
pub(super) const GROUP_NAME: Text<LogGroupName> = Text { parse: value::name, schema: texts::group_name };
/// A log stream's name, in either spelling.
pub(super) const STREAM_NAME: Text<LogStreamName> = Text { parse: value::name, schema: texts::stream_name };
/// A time in any of the forms of requests.
pub(super) const TIME: Text<TimeSpec> = Text { parse: time, schema: texts::time };
/// A cursor, an id or a pointer.
pub(super) const SEALED: Text<String> = Text { parse: value::any, schema: texts::sealed };
/// The beginning of names. Any text is one; at worst no name begins with it.
pub(super) const PREFIX: Text<String> = Text { parse: prefix, schema: texts::plain };

/// The group in the path.
pub(super) const GROUP_IN_PATH: Parameter<Text<LogGroupName>> =
    Parameter::path("group", GROUP_NAME, "The log group: percent-encoded, or with `:` for `/`.")
        .example(Example::Text(":acme:api"));

/// The source that has the group.
pub(super) const SOURCE: Parameter<Text<SourceName>> = Parameter::query(
    "source",
    Text { parse: source, schema: texts::source_name },
    "The operator's source that has the log group, where several sources have a group of this name. Default: the first source in \
     which the tenant's grants allow the group. `GET /groups` names the source of each group.",
);

/// The format of operations that answer with JSON only.
pub(super) const JSON_FORMAT: Parameter<Words<Format>> =
    Parameter::query("format", Words(&[("json", Format::Json)]), "`json`, the only format of this operation.");

/// Items in a page of a list.
pub(super) const LIST_LIMIT: Parameter<Number> =
    Parameter::query("limit", Number { least: 1, most: 1000 }, "Items in the page, 1 to 1000. Default: 50.")
        .example(Example::Number(50));

/// The cursor of a list.
pub(super) const LIST_CURSOR: Parameter<Text<String>> = Parameter::query(
    "cursor",
    SEALED,
    "Cursor from a previous page. It contains the original request; other parameters must match it.",
);

fn time(text: &str) -> Result<TimeSpec, InvalidValue> {
    TimeSpec::parse(text).map_err(InvalidValue::clause)
}

fn source(text: &str) -> Result<SourceName, InvalidValue> {
    SourceName::try_from(text).map_err(InvalidValue::clause)
}

fn prefix(text: &str) -> Result<String, InvalidValue> {
    Ok(crate::domain::name::from_url_spelling(text))
}
