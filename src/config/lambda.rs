//! `[lambda]`: the function's front ends that stream responses.
//!
//! Owns the section's key and default. Never reads an event: [`crate::lambda`] does.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer};

use super::values;

/// `[lambda]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Lambda {
    /// `LOGMARK__LAMBDA__STREAMING`; none: responses are buffered. Lambda events do not show whether the front end streams, and
    /// a response in the wrong form fails.
    #[serde(deserialize_with = "streaming")]
    pub streaming: BTreeSet<Streaming>,
}

/// A front end that can be configured to stream.
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

/// The list may be empty, so that a variable can clear the list of the file.
fn streaming<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Streaming>, D::Error> {
    let front_ends = values::list(deserializer, None, |text| match text {
        "function_url" => Ok(Streaming::FunctionUrl),
        "rest_api" => Ok(Streaming::RestApi),
        _ => Err("is not a front end that can stream: expected `function_url` or `rest_api`"),
    })?;
    Ok(front_ends.into_iter().collect())
}
