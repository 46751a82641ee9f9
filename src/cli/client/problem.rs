//! The errors of a service: RFC 9457 documents, and answers of something else at that address.
//!
//! Owns their printed form. Every text is escaped: it may come from any server.

use std::fmt;
use std::time::Duration;

use ::http::HeaderMap;
use ::http::header::{LOCATION, RETRY_AFTER};
use ::http::response::Parts;
use bytes::Bytes;
use serde::Deserialize;

use super::output::safe;

/// Characters of a foreign answer that are shown.
const SHOWN: usize = 200;

/// An answer with an error.
#[derive(Debug)]
pub struct ServiceError {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    pub(super) problem: Problem,
    /// Where the answer came from, if it is not a problem document.
    foreign: Option<String>,
}

/// A problem document. Members of other servers' documents may be missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Problem {
    status: u16,
    title: String,
    detail: String,
    pub(super) code: String,
    instance: Option<String>,
    errors: Vec<Fault>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fault {
    parameter: Option<String>,
    pointer: Option<String>,
    detail: String,
    position: Option<Position>,
    hint: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Position {
    line: u64,
    column: u64,
}

impl ServiceError {
    /// The error of an answer whose body was read.
    pub(super) fn new(head: &Parts, body: &Bytes, url: &str) -> Self {
        let retry_after = retry_after(&head.headers);
        let status = head.status.as_u16();
        if let Ok(problem) = serde_json::from_slice::<Problem>(body)
            && !problem.code.is_empty()
        {
            return Self { status, retry_after, problem, foreign: None };
        }
        let reason = head.status.canonical_reason().unwrap_or("an unknown status");
        let foreign = match head.headers.get(LOCATION).filter(|_| head.status.is_redirection()) {
            Some(location) => {
                let location = safe(&String::from_utf8_lossy(location.as_bytes()));
                format!("{url} redirects to {location}: give the URL of the service itself")
            }
            None => format!("{url} answered with {status} ({reason}) and not as Logmark does{}", shown(body)),
        };
        Self { status, retry_after, problem: Problem::default(), foreign: Some(foreign) }
    }

    /// The error that a stream ends with.
    pub(super) fn in_stream(problem: Problem) -> Self {
        Self { status: problem.status, retry_after: None, problem, foreign: None }
    }

    /// Whether the same request can succeed later.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self.status, 429 | 502 | 503 | 504) && self.problem.code != "budget_exceeded"
    }

    pub(super) fn exit_code(&self) -> u8 {
        match self.status {
            401 => 3,
            403 if self.foreign.is_none() => 5,
            404 if self.foreign.is_none() => 4,
            400 | 406 | 413 | 414 | 415 | 422 | 431 => 2,
            429 | 500..=599 => 6,
            _ => 1,
        }
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(foreign) = &self.foreign {
            return out.write_str(foreign);
        }
        let Problem { title, detail, code, instance, errors, .. } = &self.problem;
        write!(out, "{}", safe(if title.is_empty() { code } else { title }))?;
        // With `errors`, the detail only repeats them.
        if !detail.is_empty() && errors.is_empty() {
            write!(out, ": {}", safe(detail))?;
        }
        for fault in errors {
            let place = fault.parameter.as_deref().or(fault.pointer.as_deref()).unwrap_or("body");
            write!(out, "\n  {}", safe(place))?;
            if let Some(Position { line, column }) = fault.position {
                write!(out, ", line {line}, column {column}")?;
            }
            write!(out, ": {}", safe(&fault.detail))?;
            if let Some(hint) = fault.hint.as_ref().filter(|hint| !fault.detail.contains(hint.as_str())) {
                write!(out, " ({})", safe(hint))?;
            }
        }
        if let Some(wait) = self.retry_after {
            write!(out, "\n  try again in {} s", wait.as_secs())?;
        }
        if let (401, "missing_token" | "invalid_token" | "expired_token") = (self.status, code.as_str()) {
            out.write_str("\n  set LOGMARK_TOKEN or --token-file to a valid token")?;
        }
        match instance {
            Some(id) => write!(out, "\n  {code} ({}), request {}", self.status, safe(id), code = safe(code)),
            None => write!(out, "\n  {} ({})", safe(code), self.status),
        }
    }
}

/// `Retry-After` in seconds. The service never sends its other form, a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// The start of a foreign body, on one line.
pub(super) fn shown(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..SHOWN * 4).unwrap_or(body));
    let words: Vec<&str> = text.split_whitespace().collect();
    let start: String = words.join(" ").chars().take(SHOWN).collect();
    if start.is_empty() { String::new() } else { format!(": {}", safe(&start)) }
}
