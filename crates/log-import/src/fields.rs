//! Finds the field with the time of a record.
//!
//! - Names are compared without case and without `_`, `-`, `@`, `.` and blanks, and have a rank; the best-ranked field with a
//!   valid time is used.
//! - Names are searched in the record and in objects that wrap a record (`event`, `log`, `record`, …).
//! - An unlisted name counts if it refers to a time, is the only such field, and does not refer to another time (`expiresAt`,
//!   `validUntil`).
//! - A value is a complete time, a count since 1970, or one of the objects that loggers write (`{"$date":…}`,
//!   `{"epochSecond":…}`, `{"seconds":…,"nanos":…}`).
//! - `--time-field` names the field, as a path with dots; other fields are then ignored.
//!
//! Does not search for dates inside values: a date in a message is not the record's time.

use crate::civil::{Kind, Stamp};
use crate::cursor::Cursor;
use crate::form::{self, epoch, epoch::Unit};
use crate::json::{self, Members};
use crate::names::{self, decoded};
use crate::zone::{self, Zone};

/// Maximum depth of wrapping objects.
const MOST_DEPTH: usize = 4;

/// Longer values are text, not a time.
const LONGEST_VALUE: usize = 80;

/// The time of a record and the name of its field.
#[derive(Clone, Debug)]
pub(crate) struct Own<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) stamp: Stamp<'a>,
    /// Whether records also use the name for other times.
    pub(crate) is_weak: bool,
    /// Whether the record is complete: its brackets match, and nothing follows it.
    pub(crate) is_complete: bool,
}

/// The record's own time.
pub(crate) fn own(record: &[u8]) -> Option<Own<'_>> {
    let mut search = Search { best: None, other: None, others: 0 };
    let is_complete = search.object(record, 0);
    let (key, stamp, is_weak) = match (search.best, search.other) {
        (Some((rank, _, key, stamp)), _) => (key, stamp, rank >= names::WEAK_RANK),
        (None, Some((key, stamp))) if search.others == 1 => (key, stamp, true),
        _ => return None,
    };
    Some(Own { key, stamp, is_weak, is_complete })
}

struct Search<'a> {
    /// Rank, depth, name and time.
    best: Option<(u8, usize, &'a [u8], Stamp<'a>)>,
    other: Option<(&'a [u8], Stamp<'a>)>,
    others: usize,
}

impl<'a> Search<'a> {
    /// Whether the object is complete.
    fn object(&mut self, text: &'a [u8], depth: usize) -> bool {
        let Some(mut members) = Members::of(text) else { return false };
        for (key, value) in members.by_ref() {
            self.member(key, value, depth);
        }
        members.is_complete()
    }

    fn member(&mut self, key: &'a [u8], value: &'a [u8], depth: usize) {
        let mut buffer = [0; 32];
        let Some(name) = names::plain(key, &mut buffer) else { return };
        if let Some(rank) = names::rank_of(name) {
            // The record's own fields have priority over those of nested objects.
            let is_better = self.best.as_ref().is_none_or(|(known, at, _, _)| (depth, rank) < (*at, *known));
            if is_better && let Some(stamp) = time(value, name) {
                self.best = Some((rank, depth, key, stamp));
                return;
            }
        } else if depth == 0
            && names::speaks_of_time(name, key)
            && let Some(stamp) = time(value, name)
        {
            self.others += 1;
            self.other = Some((key, stamp));
        }
        let is_nested = matches!(value.first(), Some(b'{' | b'['));
        if is_nested
            && depth < MOST_DEPTH
            && self.best.as_ref().is_none_or(|(_, at, _, _)| *at > depth)
            && names::is_wrapper(name)
        {
            match value.first() {
                Some(b'{') => drop(self.object(value, depth + 1)),
                // OpenTelemetry wraps records in arrays of one.
                Some(b'[') => drop(self.object(&value[json::white(value, 1).min(value.len())..], depth + 1)),
                _ => {}
            }
        }
    }
}

/// The value at the path of `--time-field`. Names that contain dots are also found.
pub(crate) fn at_path<'a>(record: &'a [u8], path: &str) -> Option<Stamp<'a>> {
    let mut members = Members::of(record)?;
    members.find_map(|(key, value)| {
        if key == path.as_bytes() {
            return time(value, path);
        }
        let rest = path.as_bytes().strip_prefix(key)?.strip_prefix(b".")?;
        at_path(value, std::str::from_utf8(rest).ok()?)
    })
}

/// The raw value of the best field, for a chosen format.
pub(crate) fn own_texts(record: &[u8], field: Option<&str>) -> Vec<Vec<u8>> {
    let Some(members) = Members::of(record) else { return Vec::new() };
    let mut found: Vec<(u8, Vec<u8>)> = members
        .filter_map(|(key, value)| {
            let rank = match field {
                Some(field) => (key == field.as_bytes()).then_some(0)?,
                None => names::rank(key)?,
            };
            Some((rank, bare(value).into_owned()))
        })
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, text)| text).collect()
}

/// Parses a value as a time.
fn time<'a>(value: &'a [u8], name: &str) -> Option<Stamp<'a>> {
    match value.first()? {
        b'{' => object_time(value),
        b'[' => list_time(value),
        b'"' | b'0'..=b'9' if value.len() <= LONGEST_VALUE => {
            if let std::borrow::Cow::Owned(text) = bare(value) {
                return owned_time(&text, name);
            }
            text_time(value.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(value), name)
        }
        _ => None,
    }
}

fn text_time<'a>(text: &'a [u8], name: &str) -> Option<Stamp<'a>> {
    let text = text.trim_ascii();
    // `20261120100000` is a date, although it could be a count.
    if let Some(stamp) = form::parse(text).filter(|stamp| stamp.shape.kind == Kind::Compact && stamp.length == text.len()) {
        return Some(stamp);
    }
    if let Some(ms) = epoch::value(text, unit(name)).filter(|ms| *ms > 0) {
        return Some(epoch::stamp(ms, Kind::Epoch, text.len()));
    }
    let opening = text.iter().take_while(|byte| b"[(".contains(byte)).count();
    form::parse(&text[opening..]).filter(|stamp| stamp.shape.kind != Kind::Count)
}

/// A time in text that had escapes; it must not borrow from the decoded copy.
fn owned_time<'a>(text: &[u8], name: &str) -> Option<Stamp<'a>> {
    zone::detached(text_time(text, name)?)
}

/// The unit in a name; without one the magnitude determines the unit.
fn unit(name: &str) -> Option<Unit> {
    ["unixnano", "timestampns", "timens"].iter().any(|end| name.ends_with(end)).then_some(Unit::Nanoseconds)
}

/// `{"$date":…}`, `{"epochSecond":…,"nanoOfSecond":…}`, `{"seconds":…,"nanos":…}`.
fn object_time(value: &[u8]) -> Option<Stamp<'_>> {
    let (mut seconds, mut nanos, mut nested, mut zone) = (None, 0, None, None);
    for (key, value) in Members::of(value)? {
        let number =
            || crate::cursor::number(value.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(value));
        match key {
            // `date` is PHP's, with the zone in another member.
            b"$date" | b"$numberLong" | b"date" => nested = time(value, "date"),
            b"timezone" => zone = value.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")),
            b"epochSecond" | b"seconds" | b"sec" | b"secs_since_epoch" => seconds = number(),
            b"nanoOfSecond" | b"nanos" | b"nsec" | b"nanos_since_epoch" => nanos = number().unwrap_or(0),
            _ => {}
        }
    }
    if let (Some(stamp), Some(zone)) = (&mut nested, zone)
        && stamp.zone == Zone::None
    {
        stamp.zone = zone::read(&mut Cursor::new(zone));
    }
    let of_seconds = seconds.filter(|seconds| (100_000_000..100_000_000_000).contains(seconds));
    nested.or_else(|| Some(epoch::stamp(of_seconds? * 1000 + nanos / 1_000_000, Kind::Epoch, value.len())))
}

/// Jackson's `[2026,11,20,10,0,0,123000000]`.
fn list_time(value: &[u8]) -> Option<Stamp<'_>> {
    let parts = json::elements(value)?;
    let part = |index: usize| parts.get(index).map_or(Some(0), |part| crate::cursor::number(part));
    if !(5..=7).contains(&parts.len()) {
        return None;
    }
    let small = |index: usize| part(index).and_then(|value| i8::try_from(value).ok());
    let (hour, minute, second) = (small(3)?, small(4)?, small(5)?);
    let time = crate::civil::TimeOfDay { hour, minute, second, nanosecond: i32::try_from(part(6)?).ok()? };
    let ms = crate::civil::local_ms(i16::try_from(part(0)?).ok()?, small(1)?, small(2)?, time)?;
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    is_time.then(|| epoch::stamp(ms, Kind::Epoch, value.len()))
}

/// A string without its quotes, decoded where it has escapes.
fn bare(value: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    use std::borrow::Cow;
    let Some(text) = value.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")) else { return Cow::Borrowed(value) };
    decoded(text)
}
