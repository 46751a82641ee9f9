//! The texts that requests hold: names, times, sealed texts, and how each is bounded.
//!
//! Owns their schemas. A pattern says here what [`crate::domain`] and [`crate::http::cursor`] take; those decide.

use std::borrow::Cow;

use serde_json::json;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::time::LAST_MILLIS;

/// A group's name as a request writes it, in either spelling: no segment `.` or `..`, no `aws/` in front.
const GROUP: &str = r"^(?!aws[/:])(?!(.*[/:])?\.\.?([/:]|$))[A-Za-z0-9_./#:-]+$";
/// A stream's name as a request writes it, in either spelling: no segment `.` or `..`, no control character.
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

fn time() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(TIME))
}

fn epoch(first: i64, last: i64) -> ObjectBuilder {
    let number = ObjectBuilder::new().schema_type(Type::Integer).format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)));
    number.minimum(Some(first)).maximum(Some(last))
}

macro_rules! schema {
    ($(#[$meta:meta])* $name:ident, $as:literal, $schema:expr) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($as)
            }
        }
    };
}

schema!(
    /// A log group's name.
    GroupName,
    "GroupName",
    text(GROUP, 512)
);
schema!(
    /// A log stream's name.
    StreamName,
    "StreamName",
    text(STREAM, 512)
);
schema!(
    /// Names of streams.
    StreamNames,
    "StreamNames",
    ArrayBuilder::new().items(text(STREAM, 512)).max_items(Some(100)).unique_items(true)
);
schema!(
    /// The names of a query's groups.
    GroupNames,
    "GroupNames",
    ArrayBuilder::new()
        .items(text(GROUP, 512))
        .min_items(Some(1))
        .max_items(Some(50))
        .unique_items(true)
        .description(Some("The log groups, 1 to 50, all in one source"))
        .examples([json!(["/acme/api"])])
);
schema!(
    /// A source's name.
    SourceName,
    "SourceName",
    text(SOURCE, 64)
);
schema!(
    /// A cursor, an id or a pointer: sealed, and opaque.
    Sealed,
    "Sealed",
    text(SEALED, 8192)
);
schema!(
    /// A time in a path or a query.
    TimeText,
    "TimeText",
    time()
);
schema!(
    /// A time in a body: a text in any of the forms, or a number of milliseconds or seconds.
    BodyTime,
    "Time",
    OneOfBuilder::new()
        .item(time())
        .item(epoch(0, 9_999_999))
        .item(epoch(100_000_000, LAST_MILLIS))
        .description(Some(
            "A moment: RFC 3339, epoch milliseconds, epoch seconds, or relative to now (`-15m`, `-1h30m`, `-2d`, `now`). A number \
             of 8 digits, or one that reads as a date, is refused",
        ))
        .examples([json!("-1h"), json!("2026-11-20T10:00:00Z"), json!(1_763_632_800_123_i64)])
);
