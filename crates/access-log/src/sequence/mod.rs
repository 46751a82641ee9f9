//! A line as literals with gaps between them: the compiled form of every format that is not read as JSON.
//!
//! A value lands in a gap only if there is one way to read the line. A gap *ends* where it must if the next literal begins with
//! a character that the gap cannot have; it *starts* where it must if the literal before it ends with one. A line is matched
//! from the left up to the first gap that does not end where it must, from the right down to the last that does not start
//! where it must, and what remains between them is searched ([`search`]): two ways to read it are an error.

mod search;

use crate::class::Class;
use crate::field::Kind;

/// The place of a value in a line; `None` for a value that the line does not have.
pub(crate) type Place = Option<(usize, usize)>;

/// What a value must be besides its characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Nothing.
    Any,
    /// `-` or a number.
    Number,
    /// `-` or a number from 100 to 999.
    Status,
}

/// How far the characters of a gap reach.
#[derive(Debug, Clone)]
pub(crate) enum Extent {
    /// Characters of a class.
    Class(Class),
    /// Text up to a double quote that is not behind a backslash.
    Quoted,
}

/// A value and the literal behind it.
#[derive(Debug, Clone)]
pub(crate) struct Gap {
    /// The number of the value.
    pub(crate) slot: usize,
    pub(crate) extent: Extent,
    pub(crate) check: Check,
    /// The literal behind the value; empty at the end of the line, or between two values.
    pub(crate) after: Box<str>,
    /// Whether it ends where it must.
    pub(crate) ends: bool,
    /// Whether it starts where it must.
    pub(crate) starts: bool,
    /// Whether the end of the line may stand for the last quote, as in lines that a server has cut.
    pub(crate) may_be_unclosed: bool,
    /// Whether the value has a type that text in general does not have.
    pub(crate) is_typed: bool,
}

/// Literals and gaps.
#[derive(Debug, Clone)]
pub(crate) struct Sequence {
    /// The literal before the first gap.
    pub(crate) first: Box<str>,
    pub(crate) gaps: Vec<Gap>,
}

/// A part of a sequence that is built.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    Literal(String),
    Value { slot: usize, kind: Kind, extent: Option<Extent> },
}

/// How a line relates to a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    /// All values have their places.
    Full,
    /// The line begins as such a line and ends before its last value.
    Cut,
    /// Another line, or one that can be read in several ways.
    No,
}

/// The least number of typed values of a line that is cut.
const CUT_VALUES: usize = 2;

impl Sequence {
    pub(crate) fn new(parts: &[Part]) -> Self {
        let literal = |index: usize| match parts.get(index) {
            Some(Part::Literal(text)) => text.as_str(),
            _ => "",
        };
        let mut gaps: Vec<Gap> = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let Part::Value { slot, kind, extent } = part else { continue };
            let (before, after) = (index.checked_sub(1).map_or("", literal), literal(index + 1));
            let is_last = !parts.iter().skip(index + 1).any(|part| matches!(part, Part::Value { .. }));
            let extent = extent.clone().unwrap_or_else(|| Extent::Class(Class::of(*kind, before, after)));
            gaps.push(Gap {
                slot: *slot,
                check: check(*kind),
                after: after.into(),
                ends: is_separated(&extent, after.bytes().next(), is_last && after.is_empty()),
                starts: is_separated(&extent, before.bytes().last(), false) && !matches!(extent, Extent::Quoted),
                is_typed: *kind != Kind::Text,
                may_be_unclosed: is_last && after == "\"" && matches!(extent, Extent::Quoted),
                extent,
            });
        }
        Self { first: literal(0).into(), gaps }
    }

    /// Whether every line has at most one reading, so that a search is never necessary.
    pub(crate) fn is_exact(&self) -> bool {
        let Some(first) = self.gaps.iter().position(|gap| !gap.ends) else { return true };
        self.gaps.iter().skip(first + 1).all(|gap| gap.starts)
    }

    /// Finds the places of the values in a line.
    pub(crate) fn find(&self, line: &str, places: &mut [Place]) -> Match {
        let (next, at, reached_end) = match self.forwards(line, places) {
            Forwards::Done => return self.checked(line, places),
            Forwards::Stopped { gap, at, reached_end } => (gap, at, reached_end),
        };
        let is_open = self.gaps.get(next).is_some_and(|gap| !gap.ends);
        if is_open && self.between(line, next, at, places).is_some() {
            return self.checked(line, places);
        }
        let typed = self.gaps.iter().take(next).filter(|gap| gap.is_typed).count();
        let is_cut = if is_open { !self.ends_as_a_line(line) } else { reached_end };
        if is_cut && typed >= CUT_VALUES { Match::Cut } else { Match::No }
    }

    /// Whether a text ends with the last value and its literal, so that it is not cut.
    fn ends_as_a_line(&self, line: &str) -> bool {
        let Some(last) = self.gaps.last() else { return false };
        let Some(rest) = line.strip_suffix(&*last.after) else { return false };
        let before = self.gaps.len().checked_sub(2).and_then(|index| self.gaps.get(index)).map_or("", |gap| &gap.after);
        if !last.starts {
            return !last.after.is_empty();
        }
        let length = last.extent.run_back(rest.as_bytes());
        last.extent.allows(length)
            && rest.as_bytes().get(..rest.len() - length).is_some_and(|rest| rest.ends_with(before.as_bytes()))
    }

    /// The number of values at the start of a text, up to the first that does not end where it must.
    pub(crate) fn matched_values(&self, text: &str) -> usize {
        let slots = self.gaps.iter().map(|gap| gap.slot + 1).max().unwrap_or_default();
        match self.forwards(text, &mut vec![None; slots]) {
            Forwards::Done => self.gaps.len(),
            Forwards::Stopped { gap, .. } => gap,
        }
    }

    /// Matches from the left as far as gaps end where they must.
    fn forwards(&self, line: &str, places: &mut [Place]) -> Forwards {
        let bytes = line.as_bytes();
        let Some(mut at) = line.starts_with(&*self.first).then_some(self.first.len()) else {
            return Forwards::Stopped { gap: 0, at: 0, reached_end: false };
        };
        for (index, gap) in self.gaps.iter().enumerate() {
            let rest = bytes.get(at..).unwrap_or_default();
            if !gap.ends {
                return Forwards::Stopped { gap: index, at, reached_end: true };
            }
            let length = gap.extent.run(rest);
            let behind = rest.get(length..).unwrap_or_default();
            if gap.may_be_unclosed && behind.is_empty() {
                places.get_mut(gap.slot).into_iter().for_each(|place| *place = Some((at, at + length)));
                return Forwards::Done;
            }
            if !gap.extent.allows(length) || !behind.starts_with(gap.after.as_bytes()) {
                // A value or a literal that the end of the line cuts.
                let reached_end = gap.after.as_bytes().starts_with(behind);
                return Forwards::Stopped { gap: index, at, reached_end };
            }
            if let Some(place) = places.get_mut(gap.slot) {
                *place = Some((at, at + length));
            }
            at += length + gap.after.len();
        }
        // Behind the last value is its literal, and then the end.
        if at == bytes.len() { Forwards::Done } else { Forwards::Stopped { gap: self.gaps.len(), at, reached_end: false } }
    }

    /// Matches from the right, then searches between; the first gap there is `first`, which begins at `begin`.
    fn between(&self, line: &str, first: usize, begin: usize, places: &mut [Place]) -> Option<()> {
        let bytes = line.as_bytes();
        let suffix = &*self.gaps.last()?.after;
        let mut end = line.ends_with(suffix).then(|| bytes.len() - suffix.len()).filter(|end| *end >= begin)?;
        let mut last = self.gaps.len() - 1;
        while last > first {
            let (gap, before) = (self.gaps.get(last)?, self.gaps.get(last - 1)?);
            if !gap.starts {
                break;
            }
            let length = gap.extent.run_back(bytes.get(begin..end)?);
            let start = end - length;
            if !gap.extent.allows(length) || !bytes.get(begin..start)?.ends_with(before.after.as_bytes()) {
                return None;
            }
            *places.get_mut(gap.slot)? = Some((start, end));
            end = start - before.after.len();
            last -= 1;
        }
        let region = line.get(begin..end)?;
        if last == first {
            let gap = self.gaps.get(first)?;
            let is_whole = gap.extent.run(region.as_bytes()) == region.len() && gap.extent.allows(region.len());
            *places.get_mut(gap.slot)? = Some((begin, end));
            return is_whole.then_some(());
        }
        search::only_way(self.gaps.get(first..=last)?, region, begin, places)
    }

    /// Whether all values are what their types say.
    fn checked(&self, line: &str, places: &[Place]) -> Match {
        let holds = |gap: &Gap| {
            let value = places.get(gap.slot).copied().flatten().and_then(|(start, end)| line.get(start..end));
            value.is_some_and(|value| gap.check.holds(value))
        };
        let checked = self.gaps.iter().filter(|gap| gap.check != Check::Any);
        if checked.into_iter().all(holds) { Match::Full } else { Match::No }
    }
}

enum Forwards {
    Done,
    Stopped { gap: usize, at: usize, reached_end: bool },
}

impl Extent {
    /// The number of bytes at the start of a text that can belong to the value.
    fn run(&self, text: &[u8]) -> usize {
        match self {
            Self::Class(class) => class.run(text),
            Self::Quoted => {
                let mut from = 0;
                while let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', text.get(from..).unwrap_or_default()) {
                    match text.get(from + found) {
                        Some(b'\\') if text.get(from + found + 1).is_some_and(|byte| *byte != b'\n') => from += found + 2,
                        _ => return from + found,
                    }
                }
                text.len()
            }
        }
    }

    fn run_back(&self, text: &[u8]) -> usize {
        match self {
            Self::Class(class) => class.run_back(text),
            Self::Quoted => 0,
        }
    }

    /// Whether a value may have so many bytes.
    fn allows(&self, length: usize) -> bool {
        match self {
            Self::Class(class) => (class.least..=class.most).contains(&length),
            Self::Quoted => true,
        }
    }

    fn has(&self, byte: u8) -> bool {
        match self {
            Self::Class(class) => class.has(byte),
            Self::Quoted => byte != b'"',
        }
    }
}

impl Check {
    /// Whether a value has the type.
    pub(crate) fn holds(self, value: &str) -> bool {
        match self {
            Self::Any => true,
            _ if value == "-" => true,
            Self::Number => is_number(value),
            Self::Status => matches!(value.as_bytes(), [b'1'..=b'9', b'0'..=b'9', b'0'..=b'9']),
        }
    }
}

/// The check of a kind.
pub(crate) fn check(kind: Kind) -> Check {
    match kind {
        Kind::Status => Check::Status,
        Kind::Integer | Kind::EpochMillis | Kind::Seconds => Check::Number,
        _ => Check::Any,
    }
}

/// A decimal number, perhaps with a sign and a point.
fn is_number(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(part)
}

/// Whether the character at the edge cannot belong to the value, or the line ends there.
fn is_separated(extent: &Extent, edge: Option<u8>, is_end: bool) -> bool {
    is_end || edge.is_some_and(|byte| !extent.has(byte))
}
