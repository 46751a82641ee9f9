//! Single events by their pointers, and the fields of events.
//!
//! Owns the format of a pointer: a position in a group's order. The permit decides whether the caller may see the event there.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use logmark_engine::input::discover;
use logmark_event_rules::Masked;
use logmark_store::{Direction, Event, Position, ReadRequest, ScanRequest, Store, StreamPredicate, StreamSelection};

use super::input::visible;
use crate::auth::permit::Permit;
use crate::domain::name::LogGroupName;
use crate::domain::operation::Operation as _;
use crate::domain::query::operations::{DescribeFields, FieldShare, FoundRecord, GroupFingerprint, ReadRecord, Record};
use crate::domain::rules::Admission;
use crate::domain::time::Millis;
use crate::sources::SourceError;

/// Hexadecimal digits of a number in a pointer. The number is fixed, so that the length reveals nothing.
const DIGITS: usize = 16;
/// Fields are searched in this time before and after the given moment, as in CloudWatch.
const AROUND_MILLIS: i64 = 8 * 60 * 1000;
/// Without a moment, in this time before now.
const LATEST_MILLIS: i64 = 15 * 60 * 1000;
/// The maximum number of newest events that are sampled, and the bytes of their messages.
const SAMPLE_EVENTS: usize = 5_000;
const SAMPLE_BYTES: usize = 8 << 20;
/// Events of one batch of the sample.
const BATCH_EVENTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(999);
const BATCH_BYTES: usize = 1 << 20;
/// CloudWatch's maximum of discovered fields of a log group.
const MAX_FIELDS: usize = 1_000;
/// The fields that every event has.
const SYSTEM_FIELDS: [&str; 5] = ["@ingestionTime", "@log", "@logStream", "@message", "@timestamp"];

/// The position of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pointer<'a> {
    position: Position,
    group: &'a str,
}

impl<'a> Pointer<'a> {
    /// The pointer to an event of a group.
    pub(super) fn to(event: &Event, group: &'a str) -> Self {
        Self { position: event.position(), group }
    }

    /// Parses a pointer; `None` if the text is malformed.
    fn read(text: &'a str) -> Option<Self> {
        let (timestamp, rest) = text.split_at_checked(DIGITS)?;
        let (sequence, group) = rest.split_at_checked(DIGITS)?;
        let number = |digits| u64::from_str_radix(digits, 16).ok();
        Some(Self { position: Position::new(number(timestamp)?.cast_signed(), number(sequence)?), group })
    }
}

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}{}", self.position.timestamp().cast_unsigned(), self.position.sequence(), self.group)
    }
}

/// One event, if the permit shows it.
pub(super) fn read(store: &Store, permit: &Permit<ReadRecord>) -> Result<FoundRecord, SourceError> {
    let op = permit.op();
    let pointer = Pointer::read(&op.pointer).ok_or(SourceError::NotFound)?;
    let group = LogGroupName::try_from(pointer.group).map_err(|_| SourceError::NotFound)?;
    let rule = permit.sources().iter().find(|rule| rule.source == op.source && rule.is_granted(group.as_str()));
    let rule = rule.filter(|_| op.groups.contains(&GroupFingerprint::from(&group))).ok_or(SourceError::NotFound)?;
    let visible = rule.visibility(group.as_str());
    let event = event_at(store, &pointer, &|stream| visible.covers_stream(stream))?;
    let mask = match visible.rules.as_ref().map(|rules| rules.decide(&event.stream, &event.message)) {
        None | Some(Admission::Whole) => None,
        Some(Admission::Masked(mask)) => Some(mask),
        Some(Admission::Hidden) => return Err(SourceError::NotFound),
    };
    let message = match mask.as_ref().map(|mask| mask.fields().apply(&event.message)) {
        None | Some(Masked::Unchanged) => event.message,
        Some(Masked::Changed(masked)) => masked,
        Some(Masked::Withheld) => return Err(SourceError::NotFound),
    };
    let is_shown = |name: &str| mask.as_ref().is_none_or(|mask| mask.fields().touches_field(name).is_none());
    if !rule.allows(group.as_str()) {
        return Err(SourceError::OutOfScope { scope: format!("logs:{}:{group}", ReadRecord::ACTION) });
    }
    let fields = discover::all(&message).into_iter().filter(|(name, _)| is_shown(name));
    let mut record: Record = fields.map(|(name, value)| (name, value.to_string())).collect();
    record.insert("@ptr".to_owned(), op.pointer.clone());
    record.insert("@timestamp".to_owned(), event.timestamp.to_string());
    record.insert("@ingestionTime".to_owned(), event.ingestion_time.to_string());
    record.insert("@logStream".to_owned(), event.stream.to_string());
    record.insert("@log".to_owned(), group.to_string());
    record.insert("@message".to_owned(), message);
    Ok(FoundRecord { group, record })
}

/// The event at a position, if its stream is one of `streams`.
fn event_at(store: &Store, pointer: &Pointer<'_>, may_see: &dyn Fn(&str) -> bool) -> Result<Event, SourceError> {
    let (timestamp, sequence) = (pointer.position.timestamp(), pointer.position.sequence());
    let before = sequence.checked_sub(1).ok_or(SourceError::NotFound)?;
    let page = store.read(&ReadRequest {
        group: pointer.group,
        streams: StreamSelection::Matching(may_see),
        filter: None,
        start: Some(timestamp),
        end: timestamp.checked_add(1),
        direction: Direction::Forward,
        from: Some(Position::new(timestamp, before)),
        limit: NonZeroUsize::MIN,
        max_bytes: 1,
    })?;
    page.events.into_iter().find(|event| event.position() == pointer.position).ok_or(SourceError::NotFound)
}

/// The fields of the newest visible events, the most frequent first.
pub(super) fn describe_fields(
    store: &Store,
    permit: &Permit<DescribeFields>,
    now: Millis,
) -> Result<Vec<FieldShare>, SourceError> {
    let op = permit.op();
    let (start, end) = match op.around {
        Some(Millis(around)) => (around.saturating_sub(AROUND_MILLIS), around.saturating_add(AROUND_MILLIS)),
        None => (now.0.saturating_sub(LATEST_MILLIS), now.0.saturating_add(1)),
    };
    let patterns = permit.streams().map(<[_]>::to_vec);
    let streams = patterns.map(|patterns| -> StreamPredicate {
        Arc::new(move |stream: &str| patterns.iter().any(|pattern| pattern.matches(stream)))
    });
    let group = op.group.as_str().to_owned();
    let up_to = store.last_sequence();
    let mut scan = store.scan(ScanRequest { group, streams, start, end, direction: Direction::Backward, up_to })?;
    let (mut events, mut bytes) = (0usize, 0usize);
    let mut counts: HashMap<String, usize> = HashMap::new();
    while events < SAMPLE_EVENTS
        && bytes < SAMPLE_BYTES
        && let Some(batch) = scan.next_batch(BATCH_EVENTS, BATCH_BYTES)?
    {
        for event in batch {
            bytes += event.message.len();
            let Some(event) = visible(permit.rules(), event) else { continue };
            events += 1;
            count_fields(&event.message, &mut counts);
        }
    }
    if let Some(rules) = permit.rules() {
        counts.retain(|name, _| !rules.hides_field(name));
    }
    Ok(shares(counts, events))
}

fn count_fields(message: &str, counts: &mut HashMap<String, usize>) {
    for (name, _) in discover::all(message) {
        if let Some(count) = counts.get_mut(&name) {
            *count += 1;
        } else if counts.len() < MAX_FIELDS {
            counts.insert(name, 1);
        }
    }
}

fn shares(counts: HashMap<String, usize>, events: usize) -> Vec<FieldShare> {
    if events == 0 {
        return Vec::new();
    }
    let system = SYSTEM_FIELDS.iter().map(|name| ((*name).to_owned(), events));
    let percent = |count: usize| u32::try_from((count * 100 / events).clamp(1, 100)).unwrap_or(100);
    let all = system.chain(counts).map(|(name, count)| FieldShare { name, percent: percent(count) });
    let mut shares: Vec<FieldShare> = all.collect();
    shares.sort_by(|one, other| other.percent.cmp(&one.percent).then_with(|| one.name.cmp(&other.name)));
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_reads_as_it_was_written_and_other_texts_do_not() {
        for (timestamp, sequence, group) in [(0, 1, "/a"), (-1, u64::MAX, "/aws/lambda/x"), (i64::MAX, 7, "g")] {
            let pointer = Pointer { position: Position::new(timestamp, sequence), group };
            let text = pointer.to_string();
            assert_eq!((text.len(), Pointer::read(&text)), (2 * DIGITS + group.len(), Some(pointer)));
        }
        for text in ["", "0", "000000000000000000000000000000zz/a", "é00000000000000000000000000000000/a"] {
            assert!(Pointer::read(text).is_none_or(|pointer| pointer.group.is_empty()), "{text}");
        }
    }

    #[test]
    fn shares_are_of_the_events_and_the_commonest_comes_first() {
        let mut counts = HashMap::new();
        for message in [r#"{"a":1,"b":{"c":2}}"#, r#"{"a":3}"#, "text"] {
            count_fields(message, &mut counts);
        }
        let shares: Vec<String> = shares(counts, 3).iter().map(|share| format!("{} {}", share.name, share.percent)).collect();
        assert_eq!(shares[..5].iter().filter(|share| share.ends_with(" 100")).count(), 5);
        assert_eq!(shares[5..], ["a 66", "b.c 33"]);
        assert!(super::shares(HashMap::new(), 0).is_empty());
    }
}
