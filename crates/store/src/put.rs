//! Owns the rules of CloudWatch's PutLogEvents for one batch: which calls are refused whole, which
//! events of an accepted call are left out.
//!
//! Pure: it never looks at the store or the clock, and never sees a message. The wording of its
//! errors follows the service's own, since it goes to the service's clients. Look next at
//! `Store::append`, which takes what is left.
//!
//! - 1 to 10,000 events, together at most 1,048,576 bytes, each counted as its UTF-8 bytes + 26.
//! - Timestamps are not negative and in chronological order.
//! - More than 2 hours ahead, more than 14 days old, or older than the group's retention: left out.
//! - The rest spans at most 24 hours.

use std::ops::Range;

use thiserror::Error;

/// The most events of one call.
pub const MAX_EVENTS: usize = 10_000;
/// The most bytes of one call, with [`EVENT_OVERHEAD_BYTES`] for each event; also of one event.
pub const MAX_BYTES: usize = 1_048_576;
/// What each event counts beside its message.
pub const EVENT_OVERHEAD_BYTES: usize = 26;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const MAX_AHEAD_MS: i64 = 2 * HOUR_MS;
const MAX_AGE_MS: i64 = 14 * DAY_MS;
const MAX_SPAN_MS: i64 = DAY_MS;

/// What the rules need to know of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Milliseconds since 1970-01-01 UTC.
    pub timestamp: i64,
    /// UTF-8 bytes of the message.
    pub bytes: usize,
}

/// The whole call is refused.
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
        /// How many there were.
        events: usize,
    },
    /// A message without a byte.
    #[error("1 validation error detected: Value at 'logEvents.{}.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1", index + 1)]
    EmptyMessage {
        /// Which event, from zero.
        index: usize,
    },
    /// A timestamp before 1970.
    #[error("1 validation error detected: Value '{timestamp}' at 'logEvents.{}.member.timestamp' failed to satisfy constraint: Member must have value greater than or equal to 0", index + 1)]
    NegativeTimestamp {
        /// Which event, from zero.
        index: usize,
        /// What it said.
        timestamp: i64,
    },
    /// One event, with its overhead, is larger than [`MAX_BYTES`].
    #[error("Log event too large: {bytes} bytes exceeds limit of 1048576")]
    EventTooLarge {
        /// Which event, from zero.
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
    /// An event is older than the one before it.
    #[error("Log events in a single PutLogEvents request must be in chronological order.")]
    NotChronological {
        /// The first event that is older than the one before it, from zero.
        index: usize,
    },
    /// The events that would be accepted span more than 24 hours.
    #[error("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")]
    SpanTooLong {
        /// The span in milliseconds.
        span_ms: i64,
    },
}

/// A call that is accepted, possibly without some of its first and last events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The events to append; may be empty.
    pub events: Range<usize>,
    /// What the answer tells of the others; `None` if there are none.
    pub rejected: Option<RejectedEvents>,
}

/// The answer's `rejectedLogEventsInfo`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RejectedEvents {
    /// The first event too far in the future; all from it on are left out.
    pub too_new_start: Option<usize>,
    /// One past the last event more than 14 days old (exclusive).
    pub too_old_end: Option<usize>,
    /// One past the last event older than the group's retention (exclusive).
    pub expired_end: Option<usize>,
}

/// Applies the rules to a batch at `now_ms` (milliseconds since 1970-01-01 UTC), for a group that
/// keeps its events for `retention_days`, or for ever.
///
/// # Errors
///
/// The first rule for whole calls that the batch breaks.
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
    // A clock near the ends of i64 could make both rules hold for one event; it is left out once.
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
