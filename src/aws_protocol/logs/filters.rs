//! Filter patterns: TestMetricFilter.

use std::collections::BTreeMap;

use logmark_diagnostics::Diagnostic;
use serde::{Deserialize, Serialize};

use super::{Answer, json, unchecked};
use crate::aws_protocol::endpoint::Call;
use crate::aws_protocol::error::ServiceError;
use crate::aws_protocol::validation::{self, Validation};
use crate::domain::filter::EventFilter;

/// Messages in one request.
const MAX_MESSAGES: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    filter_pattern: Option<String>,
    log_event_messages: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Output<'a> {
    matches: Vec<Match<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Match<'a> {
    /// From 1.
    event_number: usize,
    event_message: &'a str,
    extracted_values: BTreeMap<String, String>,
}

/// The error for a pattern that does not parse: the first fault and its position.
pub(super) fn invalid_pattern(faults: &[Diagnostic]) -> ServiceError {
    let Some(first) = faults.first() else { return ServiceError::invalid("Invalid filter pattern") };
    let place = first.span.start + 1;
    ServiceError::invalid(format!(
        "Invalid filter pattern: at byte {place} there is {}, and not {}.",
        first.found, first.expected
    ))
}

/// The operation depends only on the caller's input, so it needs no permit.
pub(super) async fn test(_call: Call<'_>, body: &[u8]) -> Answer {
    let input: Input = validation::read(body)?;
    let mut checks = Validation::default();
    let pattern = checks.required("filterPattern", input.filter_pattern);
    let pattern = checks.text("filterPattern", pattern, 0..=1024);
    let messages = checks.required("logEventMessages", input.log_event_messages).unwrap_or_default();
    checks.count("logEventMessages", &messages, 1..=MAX_MESSAGES);
    if let Some(place) = messages.iter().position(String::is_empty) {
        checks.text(&format!("logEventMessages.{}.member", place + 1), Some(String::new()), 1..=usize::MAX);
    }
    checks.finish()?;
    let filter = EventFilter::parse(&pattern.ok_or_else(unchecked)?).map_err(|faults| invalid_pattern(&faults))?;
    let found = messages.iter().enumerate().filter_map(|(index, message)| {
        let extracted_values = match &filter {
            None => BTreeMap::new(),
            Some(filter) => filter.extract(message)?,
        };
        Some(Match { event_number: index + 1, event_message: message, extracted_values })
    });
    json(&Output { matches: found.collect() })
}
