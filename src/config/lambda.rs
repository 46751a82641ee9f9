//! `[lambda]`: what the function's front doors were set to.
//!
//! Owns the section's key and default. Never knows an event. Look next at [`super::telemetry`].

use std::collections::BTreeSet;

use super::reader::{Field, Table};

/// `[lambda]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lambda {
    /// `LOGMARK__LAMBDA__STREAMING`; none: every answer is one piece. The front doors that were told to stream: no event says
    /// so, and an answer in the other form is no answer.
    pub streaming: BTreeSet<Streaming>,
}

/// A front door that can be told to stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Streaming {
    /// A function URL with `InvokeMode: RESPONSE_STREAM`.
    FunctionUrl,
    /// A REST API whose integration has `responseTransferMode: STREAM`.
    RestApi,
}

impl Streaming {
    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FunctionUrl => "function_url",
            Self::RestApi => "rest_api",
        }
    }
}

/// Reads the section.
pub(super) fn read(table: &Table<'_>) -> Lambda {
    Lambda { streaming: table.or("streaming", BTreeSet::new(), streaming) }
}

fn streaming(field: &Field<'_>) -> Option<BTreeSet<Streaming>> {
    if field.list()?.is_empty() {
        return Some(BTreeSet::new());
    }
    let doors = field.distinct("", |item| {
        item.parsed(|text| match text {
            "function_url" => Ok(Streaming::FunctionUrl),
            "rest_api" => Ok(Streaming::RestApi),
            _ => Err("can't stream: there are `function_url` and `rest_api`"),
        })
    });
    Some(doors?.into_iter().collect())
}
