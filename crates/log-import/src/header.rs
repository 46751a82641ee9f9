//! Known headers before a time.
//!
//! - Syslog's priority (`<34>`, `<34>1 `).
//! - Labels that end in a colon: Cisco's sequence number and host, with the clock mark, and the name of a program (`app[42]: `).
//! - Fields that programs write before the time: levels, addresses, numbers, things in brackets or quotes, names of protocols,
//!   capitals, `name |` of Docker Compose.
//! - The Common Log Format's `[20/Nov/2026:10:00:00` at any position, because it only occurs in access logs.
//! - `# Time: ` (the slow log of `MySQL`), `Started … at ` (Rails), `=INFO REPORT==== ` (Erlang).
//!
//! Prose before a time is not a header: `Not After : Feb 28 …`, `X-Amz-Date: …`, `-rw-r--r-- 1 root …`, SQL.

use std::net::Ipv4Addr;

use crate::civil::{Date, Kind, Stamp};
use crate::cursor::Cursor;
use crate::form;
use crate::names;
use crate::place::{self, SEARCHED};

/// The name of the Common Log Format's position.
pub(crate) const ACCESS_LOG: &str = "as in access logs";

/// A header with more fields is text.
const MOST_FIELDS: usize = 14;

const LEVELS: &[&str] = &[
    "trace",
    "debug",
    "info",
    "information",
    "notice",
    "note",
    "warn",
    "warning",
    "error",
    "err",
    "fatal",
    "critical",
    "crit",
    "alert",
    "emerg",
    "severe",
    "config",
    "fine",
    "finer",
    "finest",
    "verbose",
    "panic",
    "audit",
    "success",
    "failure",
    "silly",
];

/// The first words of access logs of load balancers.
const PROTOCOLS: &[&str] = &["h2", "http", "https", "ws", "wss", "grpc", "grpcs", "tls", "tcp", "udp"];

/// Words in capitals that are not fields.
const SQL: &[&str] = &[
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "WHERE",
    "FROM",
    "AND",
    "OR",
    "NOT",
    "VALUES",
    "SET",
    "BETWEEN",
    "ORDER",
    "INTO",
    "TIMESTAMP",
    "DATE",
    "DATETIME",
    "SINCE",
    "UNTIL",
];

/// The time after a header, and the header's name.
pub(crate) fn read(line: &[u8]) -> Option<(&'static str, Stamp<'_>)> {
    if line.first()?.is_ascii_whitespace() || is_listing(line) {
        return None;
    }
    if let Some(stamp) = python(line) {
        return Some(("after a level and a name", stamp));
    }
    let special = match line[0] {
        b'<' => priority(line),
        b'#' => line.starts_with(b"# Time: ").then(|| at(line, 8)).flatten().map(|stamp| ("after `# Time:`", stamp)),
        b'S' => rails(line).or_else(|| labels(line, 0)),
        b'0'..=b'9' | b'*' | b'.' => labels(line, 0).or_else(|| flow(line)).or_else(|| redis(line)),
        _ => labels(line, 0),
    };
    special.or_else(|| fields(line, 0).map(|stamp| (name(&stamp), stamp))).or_else(|| access_log(line))
}

fn name(stamp: &Stamp<'_>) -> &'static str {
    let is_access_log = (stamp.shape.separator, stamp.shape.join) == (b'/', b':') && stamp.shape.kind == Kind::DayMonthName;
    if is_access_log { ACCESS_LOG } else { "behind a header" }
}

/// The time at a position, with the length counted from the start of the line.
fn at(line: &[u8], position: usize) -> Option<Stamp<'_>> {
    let rest = line.get(position..)?;
    let opening = position + place::opening(rest);
    let stamp = form::parse(&line[opening..])?;
    Some(Stamp { length: opening + stamp.length, ..stamp })
}

fn priority(line: &[u8]) -> Option<(&'static str, Stamp<'_>)> {
    let mut cursor = Cursor::new(line);
    cursor.eat(b'<').then_some(())?;
    cursor.digits(1, 3)?;
    cursor.eat(b'>').then_some(())?;
    let mut versioned = cursor;
    if versioned.digits(1, 2).is_some()
        && versioned.eat(b' ')
        && let Some(stamp) = at(line, versioned.at())
    {
        return Some(("after a syslog priority", stamp));
    }
    cursor.blanks(2);
    let stamp = at(line, cursor.at()).or_else(|| labels(line, cursor.at()).map(|(_, stamp)| stamp));
    stamp.or_else(|| fields(line, cursor.at())).map(|stamp| ("after a syslog priority", stamp))
}

/// `000123: host1: *Nov 20 10:00:00.123: %SYS-5-…`, with its labels in any order, and `app[42]: 2026-11-20 10:00:00 …`.
fn labels(line: &[u8], from: usize) -> Option<(&'static str, Stamp<'_>)> {
    /// A sequence number, a host and a program.
    const MOST_LABELS: usize = 3;
    let mut cursor = Cursor::new(line);
    cursor.skip(from);
    let (mut is_labelled, mut is_numbered) = (from > 0, false);
    for _ in 0..MOST_LABELS {
        let mut ahead = cursor;
        let is_number = ahead.digits(1, 12).is_some() && ahead.eat(b':');
        if !is_number {
            ahead = cursor;
            ahead.skip(name_length(cursor.rest()).unwrap_or(0));
        }
        if ahead.at() == cursor.at() || ahead.blanks(2) == 0 {
            break;
        }
        (cursor, is_labelled, is_numbered) = (ahead, true, is_numbered || is_number);
    }
    // The marks of a clock that is not set or not synchronised.
    let is_marked = cursor.eat_any(b"*.").is_some();
    (is_labelled || is_marked).then_some(())?;
    let stamp = at(line, cursor.at())?;
    let is_date = !matches!(stamp.shape.kind, Kind::Count | Kind::Epoch | Kind::Klog);
    is_date.then_some((if is_numbered || is_marked { "after a sequence number" } else { "after a name" }, stamp))
}

/// The length of a label such as `web-1:` or `app[42]:`, with its colon. A name that refers to a time (`expires:`, `X-Amz-Date:`)
/// is a field of another record, and a level is not a label.
fn name_length(bytes: &[u8]) -> Option<usize> {
    const LONGEST_NAME: usize = 64;
    /// Words for an action at a time.
    const EVENTS: [&str; 28] = [
        "after",
        "at",
        "before",
        "began",
        "begin",
        "built",
        "changed",
        "completed",
        "done",
        "end",
        "finished",
        "from",
        "generated",
        "issued",
        "modified",
        "now",
        "on",
        "received",
        "reset",
        "restored",
        "sent",
        "signed",
        "start",
        "started",
        "stop",
        "stopped",
        "to",
        "version",
    ];
    let length =
        bytes.iter().take(LONGEST_NAME).take_while(|byte| byte.is_ascii_alphanumeric() || b"-_./@".contains(byte)).count();
    let name = &bytes[..length];
    let mut cursor = Cursor::new(bytes);
    cursor.skip(length);
    if cursor.eat(b'[') {
        (cursor.digits(1, 10).is_some() && cursor.eat(b']')).then_some(())?;
    }
    cursor.eat(b':').then_some(())?;
    let text = std::str::from_utf8(name)
        .ok()
        .filter(|text| text.bytes().any(|byte| byte.is_ascii_alphabetic()) || text.parse::<Ipv4Addr>().is_ok())?;
    let is_level = LEVELS.iter().any(|level| level.eq_ignore_ascii_case(text));
    let last = text.rsplit(['-', '_', '.']).next().unwrap_or(text).to_ascii_lowercase();
    let is_event = EVENTS.contains(&last.as_str());
    (!is_level && !is_event && !SQL.contains(&text) && !names::is_of_a_time(name)).then_some(cursor.at())
}

/// `1234:M 20 Nov 2026 10:00:00.123 * Ready`
fn redis(line: &[u8]) -> Option<(&'static str, Stamp<'_>)> {
    let mut cursor = Cursor::new(line);
    cursor.digits(1, 8)?;
    (cursor.eat(b':') && cursor.eat_any(b"XCSM").is_some() && cursor.eat(b' ')).then_some(())?;
    at(line, cursor.at()).map(|stamp| ("after a process and its role", stamp))
}

/// A VPC flow record: a version, then fields, of which two neighbours are the start and the end of the window in seconds.
fn flow(line: &[u8]) -> Option<(&'static str, Stamp<'_>)> {
    /// AWS aggregates for at most ten minutes; the bound allows for later capture.
    const LONGEST_MS: i64 = 3_600_000;
    const FEWEST_FIELDS: usize = 10;
    let version = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_flow = (1..=2).contains(&version) && line.get(version) == Some(&b' ');
    (is_flow && line.iter().filter(|byte| **byte == b' ').count() + 1 >= FEWEST_FIELDS).then_some(())?;
    let mut at = 0;
    let mut before: Option<(i64, usize)> = None;
    for field in line.split(|byte| *byte == b' ') {
        let end = at + field.len();
        let count = form::parse(field).filter(|stamp| stamp.shape.kind == Kind::Count && field.len() == 10);
        let ms = count.and_then(|stamp| if let Date::Instant(ms) = stamp.date { Some(ms) } else { None });
        if let (Some((start, end_of_start)), Some(ms)) = (before, ms)
            && (0..=LONGEST_MS).contains(&(ms - start))
        {
            return Some(("the start of a flow", form::epoch::stamp(start, Kind::Epoch, end_of_start)));
        }
        before = ms.map(|ms| (ms, end));
        at = end + 1;
    }
    None
}

/// `INFO:root:2026-11-20 10:00:00,123 …`, as Python's default format begins.
fn python(line: &[u8]) -> Option<Stamp<'_>> {
    let head = &line[..line.len().min(SEARCHED)];
    let colon = memchr::memchr(b':', head).filter(|colon| (3..10).contains(colon))?;
    let is_level = LEVELS.iter().any(|level| level.as_bytes().eq_ignore_ascii_case(&head[..colon]));
    let name = memchr::memchr(b':', &head[colon + 1..]).filter(|_| is_level)?;
    let is_name = !head[colon + 1..colon + 1 + name].contains(&b' ');
    is_name.then(|| at(line, colon + name + 2)).flatten()
}

/// `Started GET "/" for 10.0.0.1 at 2026-11-20 10:00:00 +0000`
fn rails(line: &[u8]) -> Option<(&'static str, Stamp<'_>)> {
    line.starts_with(b"Started ").then_some(())?;
    let head = &line[..line.len().min(4096)];
    let word = memchr::memmem::rfind(head, b"\" for ")?;
    let time = word + memchr::memmem::find(&head[word..], b" at ")? + 4;
    at(line, time).map(|stamp| ("after `Started … at`", stamp))
}

/// The time of an access log, at any position in the head of the line.
pub(crate) fn access_log(line: &[u8]) -> Option<(&'static str, Stamp<'_>)> {
    let head = &line[..line.len().min(SEARCHED)];
    memchr::memchr_iter(b':', head).find_map(|colon| {
        let start = colon.checked_sub(11)?;
        let date = &head[start..colon];
        (date[2] == b'/' && date[6] == b'/').then_some(())?;
        let stamp = form::parse(&line[start..]).filter(|stamp| stamp.shape.join == b':')?;
        let is_own = start > 0 && !head[start - 1].is_ascii_alphanumeric();
        is_own.then(|| (ACCESS_LOG, Stamp { length: start + stamp.length, ..stamp }))
    })
}

/// `-rw-r--r-- 1 root root …`
fn is_listing(line: &[u8]) -> bool {
    let is_mode = |byte: &u8| b"rwxsStT-".contains(byte);
    line.len() > 10 && b"-dlbcps".contains(&line[0]) && line[1..10].iter().all(is_mode)
}

/// Skips the fields of a header until a time begins.
fn fields(line: &[u8], from: usize) -> Option<Stamp<'_>> {
    let head = &line[..line.len().min(SEARCHED)];
    let mut at_field = from;
    for count in 0..MOST_FIELDS {
        at_field = skip_gap(head, at_field);
        if count > 0
            && let Some(stamp) = at(line, at_field)
        {
            let is_date = !matches!(stamp.shape.kind, Kind::Count | Kind::Epoch | Kind::Klog);
            if is_date {
                return Some(stamp);
            }
        }
        at_field = skip_field(head, at_field)?;
    }
    None
}

fn skip_gap(head: &[u8], mut at: usize) -> usize {
    loop {
        let rest = &head[at.min(head.len())..];
        let colour = place::colour(rest);
        match rest.first() {
            _ if colour > 0 => at += colour,
            Some(b' ' | b'\t' | b',' | b';' | b'|') => at += 1,
            _ => return at.min(head.len()),
        }
    }
}

/// The position after the field, or `None` if it cannot be part of a header.
fn skip_field(head: &[u8], at: usize) -> Option<usize> {
    let rest = &head[at..];
    let close = match rest.first()? {
        b'[' => Some(b']'),
        b'(' => Some(b')'),
        b'{' => Some(b'}'),
        b'<' => Some(b'>'),
        quote @ (b'"' | b'\'') => Some(*quote),
        _ => None,
    };
    if let Some(close) = close {
        return Some(at + 2 + memchr::memchr(close, &rest[1..])?).filter(|end| *end <= head.len());
    }
    let length = rest.iter().take_while(|byte| !b" \t,;|".contains(byte)).count();
    let (field, after) = rest.split_at(length);
    is_field(field, after).then_some(at + length)
}

fn is_field(field: &[u8], after: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(field) else { return false };
    let bare = text.trim_end_matches([':', '-']);
    if LEVELS.iter().any(|level| level.eq_ignore_ascii_case(bare)) || PROTOCOLS.contains(&text) {
        return true;
    }
    if text.ends_with(':') {
        return bare.bytes().all(|byte| byte.is_ascii_digit());
    }
    if SQL.contains(&text) {
        return false;
    }
    let has_value = text.split_once('=').is_some_and(|(key, _)| !key.contains(['<', '>']));
    let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./@:".contains(&byte));
    let has_mark = text.bytes().any(|byte| byte.is_ascii_digit() || b"_/@".contains(&byte));
    let is_capitals = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    let is_symbols =
        text.bytes().all(|byte| !byte.is_ascii_alphabetic() && byte.is_ascii_graphic()) && !text.starts_with(['<', '>']);
    // `web-1  | …` of Docker Compose, `root - INFO - …` of Python.
    let is_composed = after.trim_ascii_start().starts_with(b"|") || after.starts_with(b" - ");
    has_value || is_symbols || is_capitals || is_name && (has_mark || is_composed)
}
