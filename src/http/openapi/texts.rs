//! The schemas of texts in requests: names, times, sealed texts.
//!
//! Owns the patterns. A pattern repeats a rule of [`crate::domain`] or [`crate::http::cursor`] for clients; the parser there decides.

use std::borrow::Cow;

use serde_json::{Value, json};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::time::LAST_MILLIS;

/// A group's name in either spelling of requests: without segments `.` and `..`, and without the prefix `aws/`.
const GROUP: &str = r"^(?!aws[/:])(?!(.*[/:])?\.\.?([/:]|$))[A-Za-z0-9_./#:-]+$";
/// A stream's name in either spelling of requests: without segments `.` and `..`, and without control characters.
const STREAM: &str = r"^(?!(.*[/:])?\.\.?([/:]|$))[^*\u0000-\u001f\u007f-\u009f]+$";
/// A time in any of the forms of requests: a word, relative, a number of seconds or milliseconds, RFC 3339. Not a number of 8
/// digits, nor one of 12 or 14 that reads as a date.
const TIME: &str = concat!(
    r"^(now|(now)?-(?=[0-9])([0-9]{1,9}w)?([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?|",
    r"(?!(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])([01][0-9]|2[0-3])[0-5][0-9]([0-5][0-9])?(\.|$))",
    r"([0-9]{1,7}|[0-9]{9,15})(\.[0-9]{1,9})?|",
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?",
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))$"
);
/// Base64 for URLs: cursors, ids, pointers.
const SEALED: &str = "^[A-Za-z0-9_-]+$";
/// A source's name.
const SOURCE: &str = "^[A-Za-z0-9_-]+$";

fn text(pattern: &str, longest: usize) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).min_length(Some(1)).max_length(Some(longest))
}

/// A log group's name.
pub(in crate::http) fn group_name() -> ObjectBuilder {
    text(GROUP, 512)
}

/// A log stream's name.
pub(in crate::http) fn stream_name() -> ObjectBuilder {
    text(STREAM, 512)
}

/// A source's name.
pub(in crate::http) fn source_name() -> ObjectBuilder {
    text(SOURCE, 64)
}

/// A cursor, an id or a pointer: sealed and opaque.
pub(in crate::http) fn sealed() -> ObjectBuilder {
    text(SEALED, 8192)
}

/// A time.
pub(in crate::http) fn time() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(TIME))
}

/// The schema with an example.
#[expect(deprecated, reason = "utoipa's derives write `example` too, and a document has one form of examples")]
pub(in crate::http) fn with_example(schema: ObjectBuilder, example: Option<Value>) -> ObjectBuilder {
    schema.example(example)
}

/// A text without a pattern.
pub(in crate::http) fn plain() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn epoch(first: i64, last: i64) -> ObjectBuilder {
    let number = ObjectBuilder::new().schema_type(Type::Integer).format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)));
    number.minimum(Some(first)).maximum(Some(last))
}

/// A time in a body: a text in any of the forms, or a number of milliseconds or seconds.
#[derive(Debug)]
pub struct BodyTime;

impl PartialSchema for BodyTime {
    fn schema() -> RefOr<Schema> {
        OneOfBuilder::new()
            .item(time())
            .item(epoch(0, 9_999_999))
            .item(epoch(100_000_000, LAST_MILLIS))
            .description(Some(
                "A time: RFC 3339, epoch milliseconds, epoch seconds, or relative to now (`-15m`, `-1h30m`, `-2d`, `now`). A number \
                 of 8 digits, or one that reads as a date, is refused",
            ))
            .examples([json!("-1h"), json!("2026-11-20T10:00:00Z"), json!(1_763_632_800_123_i64)])
            .into()
    }
}

impl ToSchema for BodyTime {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Time")
    }
}
