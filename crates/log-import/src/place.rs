//! The position of the time in a line.
//!
//! - `Start`: at the start of the line, after brackets, quotes and colours.
//! - `Layout`: after a known header (`header`), or in a field of a known format (`keyed`).
//! - `Column`: elsewhere, at the same position in many lines; only the first lines of a file can establish it.
//! - A line that begins with white space, or like a stack trace, belongs to the previous event. Only a file whose first line with
//!   a time is indented has indented times.
//!
//! `profile` decides whether a time at such a position is the line's own.

use crate::civil::{Kind, Shape, Stamp};
use crate::form;
use crate::header;
use crate::keyed;

/// How far into a line the time is searched. The Common Log Format has a host and two user names before it.
pub(crate) const SEARCHED: usize = 200;

/// A chosen format is searched a little further, because the caller knows that it is present.
pub(crate) const SEARCHED_FOR_CHOSEN: usize = 256;

/// The position of a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Start,
    /// At the start, after white space.
    Indented,
    /// After a known header, or in a field of a known format; the name is for the report.
    Layout(&'static str),
    /// After this number of words, and these bytes of the next word.
    Column {
        index: usize,
        lead: Vec<u8>,
    },
}

/// A time and its position.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found<'a> {
    pub(crate) place: Place,
    pub(crate) stamp: Stamp<'a>,
}

/// Prefixes of lines that belong to the previous event.
const CONTINUATIONS: [&[u8]; 4] = [b"Caused by:", b"Suppressed:", b"Traceback (most recent call last):", b"--- End of "];

pub(crate) fn is_continuation(line: &[u8]) -> bool {
    line.first().is_some_and(u8::is_ascii_whitespace) || CONTINUATIONS.iter().any(|start| line.starts_with(start))
}

/// The time at a position that is known without other lines.
pub(crate) fn known(line: &[u8]) -> Option<Found<'_>> {
    if let Some(stamp) = at_start(line) {
        return Some(Found { place: Place::Start, stamp });
    }
    let (name, stamp) = keyed::read(line).or_else(|| header::read(line))?;
    Some(Found { place: Place::Layout(name), stamp })
}

/// The time at a position that was found before.
pub(crate) fn at<'a>(line: &'a [u8], place: &Place, shape: Shape) -> Option<Stamp<'a>> {
    match place {
        Place::Start => at_start(line),
        Place::Indented => at_start(line.trim_ascii_start()),
        // No header before it is needed.
        Place::Layout(header::ACCESS_LOG) => header::access_log(line).map(|(_, stamp)| stamp),
        Place::Layout(name) => {
            let (found, stamp) = keyed::read(line).or_else(|| header::read(line))?;
            (found == *name).then_some(stamp)
        }
        Place::Column { index, lead } => at_column(line, *index, lead, shape),
    }
}

/// The time at the start of the line.
pub(crate) fn at_start(line: &[u8]) -> Option<Stamp<'_>> {
    let opening = opening(line);
    let stamp = form::parse(&line[opening..])?;
    let mut stamp = Stamp { length: opening + stamp.length, ..stamp };
    // Nagios writes `[1795168800] `; other text follows an id in brackets.
    if stamp.shape.kind == Kind::Count && line[..opening].ends_with(b"[") && line.get(stamp.length) == Some(&b']') {
        stamp.shape.kind = Kind::Epoch;
    }
    Some(stamp)
}

/// The length of brackets, quotes and terminal colours before a time at the start of a line.
pub(crate) fn opening(line: &[u8]) -> usize {
    let mut at = 0;
    while at < 32 {
        let rest = &line[at.min(line.len())..];
        let colour = colour(rest);
        at += match rest {
            _ if colour > 0 => colour,
            // `[I 261120 10:00:00 app:42]` (Tornado), `[ N 2026-11-20 …` (Passenger).
            [b'[', b' ', b'A'..=b'Z', b' ', ..] => 4,
            [b'[', b'A'..=b'Z', b' ', ..] => 3,
            [b'[' | b'(', b' ', ..] => 2,
            [b'[' | b'(' | b'<' | b'"', ..] => 1,
            // WebLogic: `####<Nov 20, 2026 …`.
            [b'#', b'#' | b'<', ..] => 1,
            _ => break,
        };
    }
    at.min(line.len())
}

/// The length of the terminal colour that begins here (`ESC [ 2 m`), or 0.
pub(crate) fn colour(bytes: &[u8]) -> usize {
    if !bytes.starts_with(b"\x1b[") {
        return 0;
    }
    let body = bytes[2..].iter().take(16).take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    if bytes.get(2 + body) == Some(&b'm') { body + 3 } else { 0 }
}

/// The first time anywhere in the head of the line, as a column. Plain counts do not qualify: they are ids.
pub(crate) fn anywhere(line: &[u8]) -> Option<Found<'_>> {
    let head = &line[..line.len().min(SEARCHED)];
    let mut words = Words::new(head);
    for at in starts(head) {
        let Some(stamp) = form::parse(&line[at..]) else { continue };
        if matches!(stamp.shape.kind, Kind::Count | Kind::Epoch | Kind::Klog) {
            continue;
        }
        let (index, word) = words.of(at);
        let lead = line[word..at].to_vec();
        return Some(Found { place: Place::Column { index, lead }, stamp: Stamp { length: at + stamp.length, ..stamp } });
    }
    None
}

/// The possible start positions of a time: not at white space, and not inside a number or a word.
pub(crate) fn starts(head: &[u8]) -> impl Iterator<Item = usize> {
    (0..head.len()).filter(|&at| {
        let byte = head[at];
        let inside = at > 0
            && (byte.is_ascii_digit() && head[at - 1].is_ascii_digit()
                || byte.is_ascii_alphabetic() && head[at - 1].is_ascii_alphabetic());
        byte.is_ascii_alphanumeric() && !inside
    })
}

/// The words of a line up to a position.
pub(crate) struct Words<'a> {
    head: &'a [u8],
    at: usize,
    count: usize,
    start: usize,
}

impl<'a> Words<'a> {
    pub(crate) fn new(head: &'a [u8]) -> Self {
        Self { head, at: 0, count: 0, start: 0 }
    }

    /// The number of words before the word that contains `position`, and the start of that word. Positions must not decrease.
    pub(crate) fn of(&mut self, position: usize) -> (usize, usize) {
        while self.at < position {
            let is_gap = is_gap(self.head[self.at]);
            self.at += 1;
            if is_gap {
                self.count += usize::from(self.at - 1 > self.start);
                self.start = self.at;
            }
        }
        (self.count, self.start)
    }
}

fn is_gap(byte: u8) -> bool {
    b" \t,;|".contains(&byte)
}

/// The time in the word with this index, after the lead. If a line has more or fewer words before it, the first time of the same
/// shape after the same lead.
fn at_column<'a>(line: &'a [u8], index: usize, lead: &[u8], shape: Shape) -> Option<Stamp<'a>> {
    let head = &line[..line.len().min(SEARCHED)];
    let mut words = Words::new(head);
    let mut first = None;
    for at in starts(head) {
        if !line[..at].ends_with(lead) {
            continue;
        }
        let Some(stamp) = form::parse(&line[at..]).filter(|stamp| stamp.shape.is_variant_of(shape)) else { continue };
        let stamp = Stamp { length: at + stamp.length, ..stamp };
        let (word, start) = words.of(at);
        if word == index && at - start == lead.len() {
            return Some(stamp);
        }
        if word > index && (first.is_some() || lead.is_empty()) {
            break;
        }
        first.get_or_insert(stamp);
    }
    first.filter(|_| !lead.is_empty())
}

/// The name of a shape, for the report.
pub(crate) fn describe(place: &Place, shape: Shape) -> String {
    let form = match shape.kind {
        Kind::YearFirst => match (shape.separator, shape.join) {
            (b'-', b'T') => "2026-11-20T10:00:00".to_owned(),
            (separator, join) => {
                let (separator, join) =
                    (char::from(separator), if join == b'\t' { "<tab>".to_owned() } else { char::from(join).to_string() });
                format!("2026{separator}11{separator}20{join}10:00:00")
            }
        },
        Kind::Compact => "20261120 10:00:00".to_owned(),
        Kind::ShortCompact => "261120 10:00:00".to_owned(),
        Kind::Numeric if shape.separator == b'.' => "20.11.2026 10:00:00".to_owned(),
        Kind::Numeric => "dates of three numbers".to_owned(),
        Kind::ShortNumeric => "dates of three short numbers".to_owned(),
        Kind::DayMonthName if shape.separator == b'/' => "20/Nov/2026:10:00:00".to_owned(),
        Kind::DayMonthName => format!("20{0}Nov{0}2026 10:00:00", char::from(shape.separator)),
        Kind::MonthNameDay => "Nov 20 10:00:00 2026".to_owned(),
        Kind::NoYear => "Nov 20 10:00:00, without a year".to_owned(),
        Kind::EastAsian if shape.join == b':' => "2026年11月20日 10:00:00".to_owned(),
        Kind::EastAsian => "2026年11月20日 10時00分00秒".to_owned(),
        Kind::Klog => "I1120 10:00:00".to_owned(),
        Kind::Count | Kind::Epoch => "epoch".to_owned(),
        Kind::DotNet => "/Date(1795168800000)/".to_owned(),
        Kind::Tai64 => "TAI64N".to_owned(),
        Kind::Chosen => "--timestamp-format".to_owned(),
    };
    match place {
        Place::Start => format!("{form}, at the start"),
        Place::Indented => format!("{form}, indented"),
        Place::Layout(name) => format!("{form}, {name}"),
        Place::Column { index, lead } if lead.is_empty() => format!("{form}, after {index} words"),
        Place::Column { index, lead } => format!("{form}, after {index} words and `{}`", String::from_utf8_lossy(lead)),
    }
}
