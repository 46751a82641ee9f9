//! Times in named fields of a line: logfmt, LTSV, `FortiGate`, CEF and LEEF, Linux audit, XML events.
//!
//! - A line is keyed if it begins with `name=` or, with tabs, `name:`; a header of a few words may precede it.
//! - Quoted values are skipped as a whole: a `time=` inside a message is text.
//!
//! See also: `names`, which JSON records share.

use crate::civil::{Date, Kind, Stamp};
use crate::form::{self, epoch};
use crate::names;
use crate::place::SEARCHED;
use crate::zone::{self, Zone};

/// Keyed lines have their time in the first fields, but messages may come before it.
const SEARCHED_FOR_KEY: usize = 16 * SEARCHED;

/// The time, and the kind of the line.
pub(crate) fn read(line: &[u8]) -> Option<(&'static str, Stamp<'_>)> {
    let first = line.first()?;
    if first.is_ascii_whitespace() || *first == b'{' {
        return None;
    }
    let head = &line[..line.len().min(SEARCHED_FOR_KEY)];
    if let Some(stamp) = audit(head) {
        return Some(("as in audit logs", stamp));
    }
    if memchr::memmem::find(&head[..head.len().min(SEARCHED)], b"CEF:").is_some() {
        return behind(line, head, &[b"rt=", b"start=", b"end="]).map(|stamp| ("in a field of CEF", stamp));
    }
    if head.starts_with(b"LEEF:") {
        return behind(line, head, &[b"devTime="]).map(|stamp| ("in a field of LEEF", stamp));
    }
    if head.starts_with(b"<") && head.get(1).is_some_and(u8::is_ascii_alphabetic) {
        let keys: [&[u8]; 4] = [b"SystemTime='", b"SystemTime=\"", b"timestamp=\"", b"time=\""];
        return behind(line, head, &keys).map(|stamp| ("in an XML event", stamp));
    }
    let from = after_priority(head);
    let word = from + head[from..].iter().position(|byte| b" \t=:\"".contains(byte))?;
    match head[word] {
        b'=' => pairs(line, head, from, b'='),
        b':' if memchr::memchr(b'\t', head).is_some() => pairs(line, head, from, b':'),
        _ => None,
    }
}

/// The length of a syslog priority such as `<189>`, or 0.
fn after_priority(head: &[u8]) -> usize {
    let mut cursor = crate::cursor::Cursor::new(head);
    if cursor.eat(b'<') && cursor.digits(1, 3).is_some() && cursor.eat(b'>') { cursor.at() } else { 0 }
}

/// `type=SYSCALL msg=audit(1795168800.123:42): …`
fn audit(head: &[u8]) -> Option<Stamp<'_>> {
    (head.starts_with(b"type=") || head.starts_with(b"node=") || head.starts_with(b"msg=audit(")).then_some(())?;
    let start = memchr::memmem::find(&head[..head.len().min(SEARCHED)], b"msg=audit(")? + 10;
    let length = head[start..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let ms = epoch::value(&head[start..start + length], None)?;
    Some(epoch::stamp(ms, Kind::Epoch, start + length))
}

fn behind<'a>(line: &'a [u8], head: &[u8], keys: &[&[u8]]) -> Option<Stamp<'a>> {
    keys.iter().find_map(|key| {
        memchr::memmem::find_iter(head, key).find_map(|at| {
            (at == 0 || b" |\t".contains(&head[at - 1])).then_some(())?;
            value(line, at + key.len())
        })
    })
}

/// The value at a position: a time, or a count since 1970.
fn value(line: &[u8], at: usize) -> Option<Stamp<'_>> {
    let rest = line.get(at..)?;
    let opening = at + rest.iter().take(2).take_while(|byte| b"\"'[".contains(byte)).count();
    let rest = &line[opening..];
    let stamp = form::parse(rest).or_else(|| {
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        let ends = rest.get(length).is_none_or(|byte| b" \t,\"'|".contains(byte));
        epoch::value(&rest[..length], None).filter(|_| ends).map(|ms| epoch::stamp(ms, Kind::Epoch, length))
    })?;
    let mut stamp = Stamp { length: opening + stamp.length, ..stamp };
    // The key shows that the count is a time.
    if stamp.shape.kind == Kind::Count {
        stamp.shape.kind = Kind::Epoch;
    }
    Some(stamp)
}

/// Reads `key=value` fields and uses the one with the best-ranked name.
fn pairs<'a>(line: &'a [u8], head: &[u8], from: usize, assign: u8) -> Option<(&'static str, Stamp<'a>)> {
    let mut best: Option<(u8, Stamp<'a>)> = None;
    let mut parts = Parts::default();
    let mut at = from;
    while at < head.len() {
        let length = head[at..].iter().take_while(|byte| **byte != assign && !b" \t".contains(byte)).count();
        let key = &head[at..at + length];
        if head.get(at + length) != Some(&assign) {
            at += length + 1;
            continue;
        }
        let start = at + length + 1;
        if let Some(rank) = names::rank(key).filter(|rank| best.as_ref().is_none_or(|(known, _)| rank < known))
            && let Some(stamp) = value(line, start)
        {
            best = Some((rank, stamp));
        }
        let end = end_of_value(head, start, assign);
        parts.take(key, &head[start..end]);
        at = end + 1;
    }
    let name = if assign == b'=' { "in a field of `key=value`" } else { "in a field of LTSV" };
    best.map(|(_, stamp)| (name, stamp)).or_else(|| parts.stamp().map(|stamp| ("in `date=` and `time=`", stamp)))
}

fn end_of_value(head: &[u8], start: usize, assign: u8) -> usize {
    if assign == b':' {
        return memchr::memchr(b'\t', &head[start..]).map_or(head.len(), |length| start + length);
    }
    if head.get(start) != Some(&b'"') {
        return memchr::memchr2(b' ', b'\t', &head[start..]).map_or(head.len(), |length| start + length);
    }
    let mut at = start + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', head.get(at..).unwrap_or_default()) {
        if head[at + found] == b'"' {
            return at + found + 1;
        }
        at += found + 2;
    }
    head.len()
}

/// `FortiGate`'s `date=2026-11-20 time=10:00:00 tz="+0100"`: three fields make one time.
#[derive(Default)]
struct Parts {
    date: Option<[u8; 10]>,
    time: Option<[u8; 8]>,
    offset: Option<i32>,
}

impl Parts {
    fn take(&mut self, key: &[u8], value: &[u8]) {
        let bare = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
        match key {
            b"date" => self.date = bare.try_into().ok(),
            b"time" => self.time = bare.try_into().ok(),
            b"tz" => {
                if let Zone::Offset(seconds) = zone::read(&mut crate::cursor::Cursor::new(bare)) {
                    self.offset = Some(seconds);
                }
            }
            _ => {}
        }
    }

    fn stamp<'a>(&self) -> Option<Stamp<'a>> {
        let text = [&self.date?[..], b" ", &self.time?[..]].concat();
        let found = form::parse(&text).filter(|stamp| matches!(stamp.date, Date::Full { .. }))?;
        let zone = self.offset.map_or(Zone::None, Zone::Offset);
        Some(Stamp { date: found.date, time: found.time, zone, shape: found.shape, length: 0 })
    }
}
