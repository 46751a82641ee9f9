//! The schemas of an event and of `stopReason`.
//!
//! Owns their descriptions. [`logmark_event_page`] writes the events, and [`StopReason`] has the words.

use std::borrow::Cow;

use serde_json::json;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use super::texts;
use crate::domain::event::StopReason;

/// An event as the service writes it.
#[derive(Debug)]
pub struct EventSchema;

/// Name, description, example; whether it is a time; whether every event has it.
type Member = (&'static str, &'static str, &'static str, bool, bool);

const MEMBERS: [Member; 5] = [
    ("timestamp", "When the event occurred, as its writer states.", "2026-11-20T10:00:00.123Z", true, true),
    ("ingestionTime", "When the source received the event.", "2026-11-20T10:00:01.004Z", true, false),
    ("logStream", "The log stream of the event.", "web-1", false, true),
    (
        "eventId",
        "The id that CloudWatch gave the event. Some calls of CloudWatch return none.",
        "38630134520184120834509124350923485092348509234850923485",
        false,
        false,
    ),
    ("message", "The message, unchanged.", "GET /orders 200 12ms", false, true),
];

impl PartialSchema for EventSchema {
    fn schema() -> RefOr<Schema> {
        let mut object = ObjectBuilder::new().schema_type(Type::Object).description(Some("One event."));
        for (name, description, example, is_time, is_required) in MEMBERS {
            let format = is_time.then_some(SchemaFormat::KnownFormat(KnownFormat::DateTime));
            let member = ObjectBuilder::new().schema_type(Type::String).format(format);
            object = object.property(name, texts::with_example(member.description(Some(description)), Some(json!(example))));
            if is_required {
                object = object.required(name);
            }
        }
        object.into()
    }
}

impl ToSchema for EventSchema {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Event")
    }
}

impl PartialSchema for StopReason {
    fn schema() -> RefOr<Schema> {
        let words = Self::ALL.map(Self::as_str);
        let description = "Why a page ended: `end` (no more events now), `limit` (the limit of the request), `bytes` (the largest size of an \
            answer), `time` (the work allowed for one call), `throttled` (the source allows no more calls now). Continue with the cursor.";
        let schema = texts::plain().description(Some(description)).enum_values(Some(words));
        texts::with_example(schema, Some(json!(Self::End.as_str()))).into()
    }
}

impl ToSchema for StopReason {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("StopReason")
    }
}
