//! The rules of CloudWatch's PutLogEvents for one batch: which calls are refused, and which events of an accepted call are
//! rejected.
//!
//! Pure functions without the store, the clock and the messages. The error texts follow CloudWatch's, because its clients see
//! them. See also `Store::append`, which stores the accepted events.
//!
//! - 1 to 10,000 events, together at most 1,048,576 bytes, each counted as its UTF-8 bytes + 26.
//! - Timestamps are not negative and in chronological order.
//! - More than 2 hours ahead, more than 14 days old, or older than the group's retention: rejected.
//! - The rest spans at most 24 hours.

use std::ops::Range;

use thiserror::Error;

/// Maximum events of one call.
pub const MAX_EVENTS: usize = 10_000;
/// Maximum bytes of one call, with [`EVENT_OVERHEAD_BYTES`] for each event; also of one event.
pub const MAX_BYTES: usize = 1_048_576;
/// Bytes that each event counts in addition to its message.
pub const EVENT_OVERHEAD_BYTES: usize = 26;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const MAX_AHEAD_MS: i64 = 2 * HOUR_MS;
const MAX_AGE_MS: i64 = 14 * DAY_MS;
const MAX_SPAN_MS: i64 = DAY_MS;

/// The properties of an event that the rules use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Milliseconds since 1970-01-01 UTC.
    pub timestamp: i64,
    /// UTF-8 bytes of the message.
    pub bytes: usize,
}

/// Why a whole call is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PutError {
    /// No events.
    #[error(
        "1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length greater than or equal to 1"
    )]
    Empty,
    /// More than [`MAX_EVENTS`].
    #[error(
        "1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length less than or equal to 10000"
    )]
    TooManyEvents {
        /// The number of events.
        events: usize,
    },
    /// An empty message.
    #[error("1 validation error detected: Value at 'logEvents.{}.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1", index + 1)]
    EmptyMessage {
        /// The index of the event, from zero.
        index: usize,
    },
    /// A timestamp before 1970.
    #[error("1 validation error detected: Value '{timestamp}' at 'logEvents.{}.member.timestamp' failed to satisfy constraint: Member must have value greater than or equal to 0", index + 1)]
    NegativeTimestamp {
        /// The index of the event, from zero.
        index: usize,
        /// The timestamp.
        timestamp: i64,
    },
    /// One event, with its overhead, is larger than [`MAX_BYTES`].
    #[error("Log event too large: {bytes} bytes exceeds limit of 1048576")]
    EventTooLarge {
        /// The index of the event, from zero.
        index: usize,
        /// Its size with the overhead.
        bytes: usize,
    },
    /// All events, with their overhead, are larger than [`MAX_BYTES`].
    #[error("Upload too large: {bytes} bytes exceeds limit of 1048576")]
    BatchTooLarge {
        /// Their size with the overhead.
        bytes: usize,
    },
    /// An event is older than the previous event.
    #[error("Log events in a single PutLogEvents request must be in chronological order.")]
    NotChronological {
        /// The index of the first event that is older than the previous one, from zero.
        index: usize,
    },
    /// The accepted events span more than 24 hours.
    #[error("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")]
    SpanTooLong {
        /// The span in milliseconds.
        span_ms: i64,
    },
}

/// An accepted call, possibly without some of its first and last events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The events to append; may be empty.
    pub events: Range<usize>,
    /// The rejected events for the response; `None` without any.
    pub rejected: Option<RejectedEvents>,
}

/// The response's `rejectedLogEventsInfo`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RejectedEvents {
    /// The first event that is too far in the future; it and all later ones are rejected.
    pub too_new_start: Option<usize>,
    /// One past the last event more than 14 days old (exclusive).
    pub too_old_end: Option<usize>,
    /// One past the last event older than the group's retention (exclusive).
    pub expired_end: Option<usize>,
}

/// Applies the rules to a batch at `now_ms` (milliseconds since 1970-01-01 UTC), for a group with this retention; `None` is
/// unlimited.
///
/// # Errors
///
/// The first rule for whole calls that the batch violates.
pub fn check(events: &[Candidate], now_ms: i64, retention_days: Option<u32>) -> Result<Accepted, PutError> {
    check_sizes(events)?;
    check_order(events)?;
    let older_than = |age_ms: i64| {
        let oldest = now_ms.saturating_sub(age_ms);
        events.partition_point(|event| event.timestamp < oldest)
    };
    let newest = now_ms.saturating_add(MAX_AHEAD_MS);
    let too_new = events.partition_point(|event| event.timestamp <= newest);
    let too_old = older_than(MAX_AGE_MS);
    let expired = retention_days.map_or(0, |days| older_than(i64::from(days).saturating_mul(DAY_MS)));
    // A clock near the limits of i64 could make both rules apply to one event, which is rejected once.
    let accepted = too_old.max(expired).min(too_new)..too_new;
    check_span(events.get(accepted.clone()).unwrap_or_default())?;
    let rejected = RejectedEvents {
        too_new_start: (too_new < events.len()).then_some(too_new),
        too_old_end: (too_old > 0).then_some(too_old),
        expired_end: (expired > 0).then_some(expired),
    };
    Ok(Accepted { events: accepted, rejected: (rejected != RejectedEvents::default()).then_some(rejected) })
}

fn check_sizes(events: &[Candidate]) -> Result<(), PutError> {
    if events.is_empty() {
        return Err(PutError::Empty);
    }
    if events.len() > MAX_EVENTS {
        return Err(PutError::TooManyEvents { events: events.len() });
    }
    let mut total = 0usize;
    for (index, event) in events.iter().enumerate() {
        let bytes = event.bytes.saturating_add(EVENT_OVERHEAD_BYTES);
        if event.bytes == 0 {
            return Err(PutError::EmptyMessage { index });
        }
        if event.timestamp < 0 {
            return Err(PutError::NegativeTimestamp { index, timestamp: event.timestamp });
        }
        if bytes > MAX_BYTES {
            return Err(PutError::EventTooLarge { index, bytes });
        }
        total = total.saturating_add(bytes);
    }
    if total > MAX_BYTES { Err(PutError::BatchTooLarge { bytes: total }) } else { Ok(()) }
}

fn check_order(events: &[Candidate]) -> Result<(), PutError> {
    let disorder = events.iter().zip(events.iter().skip(1)).position(|(earlier, later)| later.timestamp < earlier.timestamp);
    disorder.map_or(Ok(()), |index| Err(PutError::NotChronological { index: index + 1 }))
}

fn check_span(accepted: &[Candidate]) -> Result<(), PutError> {
    let (Some(first), Some(last)) = (accepted.first(), accepted.last()) else { return Ok(()) };
    let span_ms = last.timestamp.saturating_sub(first.timestamp);
    if span_ms > MAX_SPAN_MS { Err(PutError::SpanTooLong { span_ms }) } else { Ok(()) }
}
