//! The patterns of `parseDate`: Java's letters for the parts of a date and time of day.
//!
//! A pattern is read once and then applied to texts. It reads strictly: a text with a wrong width, an impossible date or trailing
//! characters is not a date, because a wrong date is worse than a missing one.

use super::time::{Zone, offset_seconds};
use jiff::civil::{DateTime, Weekday};
use std::fmt;

/// A pattern of `parseDate`.
///
/// | Letters | Read as |
/// |---|---|
/// | `yyyy` `uuuu`, `yy` `uu`, `y` `u` | the year: four digits; two, of 2000 to 2099; one to four |
/// | `MM` `M`, `MMM`, `MMMM` (also `L`) | the month: number, `Jan`, `January` (English, in any case) |
/// | `dd` `d`; `DDD` `D` | the day of the month; of the year |
/// | `HH` `H`; `kk` `k`; `hh` `h`; `KK` `K` | the hour: 0–23; 1–24; 1–12; 0–11, the last two with `a` |
/// | `mm` `m`; `ss` `s` | minute; second |
/// | `S` … `SSSSSSSSS` | so many decimals of the second |
/// | `a` | `AM` or `PM`, in any case |
/// | `E` `EEE`, `EEEE` | the weekday: `Mon`, `Monday`; it must be that of the date |
/// | `Z` … `ZZZ`, `ZZZZZ` | the offset: `+0130`, `+01:30` or `Z` |
/// | `X`, `XX`, `XXX`; `x`, `xx`, `xxx` | the offset: `+01`, `+0130`, `+01:30`; capitals also read `Z` |
/// | `z` … `zzz`, `VV` | a zone by name, as [`Zone::parse`] reads it: `UTC`, `Europe/Paris` |
/// | `'…'`, `''` | the text between; one quotation mark |
/// | any character except letters | itself |
///
/// Two letters read exactly two digits, one letter one or two (three for `D`), as Java's `DateTimeFormatter` does.
/// Source: Boolean, comparison, numeric, datetime, and other functions, "Datetime functions", which says only that the pattern
/// is Java's. All other letters are refused, above all `Y`, the year of the week, which is nearly always meant as `y`; and a
/// pattern without a year, whose dates would all be in 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JavaPattern(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// A letter and how often it is repeated.
    Field(char, usize),
    Literal(char),
}

/// Why a text is not a valid pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternError {
    /// A letter that is not supported, or a character that Java reserves.
    Unsupported(char),
    /// A supported letter that is repeated too often.
    Width(char, usize),
    /// A `'` that is not closed.
    OpenQuote,
    /// The pattern has no year.
    NoYear,
    /// An hour of `h` or `K` without `a`: morning and afternoon would be the same.
    NoHalfDay,
}

impl fmt::Display for PatternError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported('Y') => formatter.write_str("`Y`, the year of the week, is not supported; the year is `y`"),
            Self::Unsupported(letter) => write!(formatter, "`{letter}` is not supported in a date pattern"),
            Self::Width(letter, count) => write!(formatter, "`{letter}` is not supported {count} times in a row"),
            Self::OpenQuote => formatter.write_str("a `'` is not closed"),
            Self::NoYear => formatter.write_str("a date pattern needs a year, such as `yyyy`"),
            Self::NoHalfDay => formatter.write_str("the hours `h` and `K` need `a` for AM or PM; the hour of the day is `H`"),
        }
    }
}

impl std::error::Error for PatternError {}

impl JavaPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// If the pattern is malformed or has unsupported letters.
    ///
    /// ```
    /// use logmark_engine::values::{java_pattern::JavaPattern, time::Zone};
    ///
    /// let pattern = JavaPattern::parse("dd/MMM/yyyy:HH:mm:ss Z")?;
    /// assert_eq!(pattern.read("14/Nov/2023:23:13:20 +0100", &Zone::UTC), Some(1_700_000_000_000));
    /// assert_eq!(pattern.read("yesterday", &Zone::UTC), None);
    /// assert!(JavaPattern::parse("YYYY-MM-dd").is_err());
    /// # Ok::<(), logmark_engine::values::java_pattern::PatternError>(())
    /// ```
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        let mut parts = Vec::new();
        let mut rest = pattern.chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '\'' if rest.next_if_eq(&'\'').is_some() => parts.push(Part::Literal('\'')),
                '\'' => loop {
                    match rest.next().ok_or(PatternError::OpenQuote)? {
                        '\'' if rest.next_if_eq(&'\'').is_some() => parts.push(Part::Literal('\'')),
                        '\'' => break,
                        quoted => parts.push(Part::Literal(quoted)),
                    }
                },
                letter if letter.is_ascii_alphabetic() => {
                    let mut count = 1;
                    while rest.next_if_eq(&letter).is_some() {
                        count += 1;
                    }
                    parts.push(field(letter, count)?);
                }
                '[' | ']' | '{' | '}' | '#' => return Err(PatternError::Unsupported(character)),
                literal => parts.push(Part::Literal(literal)),
            }
        }
        let has = |letters: &str| parts.iter().any(|part| matches!(part, Part::Field(letter, _) if letters.contains(*letter)));
        if !has("yu") {
            return Err(PatternError::NoYear);
        }
        if has("hK") && !has("a") {
            return Err(PatternError::NoHalfDay);
        }
        Ok(Self(parts))
    }

    /// The moment that `text` names, in milliseconds since the epoch; `None` if the text does not match the pattern or the moment
    /// does not exist. `zone` is used if the text names neither a zone nor an offset. Missing parts default to January, the
    /// first, midnight; decimals beyond milliseconds are dropped.
    #[must_use]
    pub fn read(&self, text: &str, zone: &Zone) -> Option<i64> {
        let mut read = Read::default();
        let mut rest = text;
        for part in &self.0 {
            rest = match part {
                Part::Literal(literal) => rest.strip_prefix(*literal)?,
                Part::Field(letter, count) => read.field(*letter, *count, rest)?,
            };
        }
        if rest.is_empty() { read.moment(zone) } else { None }
    }
}

fn field(letter: char, count: usize) -> Result<Part, PatternError> {
    let widths = match letter {
        'y' | 'u' => [1, 2, 4].as_slice(),
        'M' | 'L' => &[1, 2, 3, 4],
        'd' | 'H' | 'k' | 'h' | 'K' | 'm' | 's' => &[1, 2],
        'D' => &[1, 3],
        'S' => &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        'a' => &[1],
        'E' => &[1, 2, 3, 4],
        'Z' => &[1, 2, 3, 5],
        'X' | 'x' | 'z' => &[1, 2, 3],
        'V' => &[2],
        _ => return Err(PatternError::Unsupported(letter)),
    };
    if widths.contains(&count) { Ok(Part::Field(letter, count)) } else { Err(PatternError::Width(letter, count)) }
}

/// The parts read from one text.
#[derive(Debug, Default)]
struct Read {
    year: i16,
    month: Option<i8>,
    day: Option<i8>,
    day_of_year: Option<i16>,
    hour: Option<i8>,
    hour_of_half_day: Option<i8>,
    half_day: Option<i8>,
    minute: i8,
    second: i8,
    nanosecond: i32,
    weekday: Option<Weekday>,
    zone: Option<Zone>,
}

const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

impl Read {
    /// Reads one field from the start of `text` and returns the rest.
    fn field<'a>(&mut self, letter: char, count: usize, text: &'a str) -> Option<&'a str> {
        match letter {
            'y' | 'u' if count == 2 => set(&mut self.year, number(text, 2, 2)?, |year| 2_000 + year),
            'y' | 'u' => set(&mut self.year, number(text, count, 4)?, |year| year),
            'M' | 'L' if count >= 3 => {
                set(&mut self.month, name(text, &MONTHS, count == 4)?, |index| i8::try_from(index + 1).ok())
            }
            'M' | 'L' => set(&mut self.month, number(text, count, 2)?, |month| i8::try_from(month).ok()),
            'd' => set(&mut self.day, number(text, count, 2)?, |day| i8::try_from(day).ok()),
            'D' => set(&mut self.day_of_year, number(text, count, 3)?, Some),
            'E' => set(&mut self.weekday, name(text, &WEEKDAYS, count == 4)?, |index| {
                Weekday::from_monday_one_offset(i8::try_from(index + 1).ok()?).ok()
            }),
            'a' => set(&mut self.half_day, name(text, &["AM", "PM"], true)?, |index| i8::try_from(index).ok()),
            'S' => {
                let (fraction, rest) = digits(text, count, count)?;
                self.nanosecond = format!("{fraction:0<9}").parse().ok()?;
                Some(rest)
            }
            'm' => set(&mut self.minute, small(number(text, count, 2)?, 0..60)?, |minute| minute),
            's' => set(&mut self.second, small(number(text, count, 2)?, 0..60)?, |second| second),
            'H' => set(&mut self.hour, small(number(text, count, 2)?, 0..24)?, Some),
            'k' => set(&mut self.hour, small(number(text, count, 2)?, 1..25)?, |hour| Some(hour % 24)),
            'h' => set(&mut self.hour_of_half_day, small(number(text, count, 2)?, 1..13)?, |hour| Some(hour % 12)),
            'K' => set(&mut self.hour_of_half_day, small(number(text, count, 2)?, 0..12)?, Some),
            _ => set(&mut self.zone, zone(letter, count, text)?, Some),
        }
    }

    /// `None` if the text contradicts itself, such as `01` of 24 hours and `PM`.
    fn hour_of_day(&self) -> Option<i8> {
        let halves = self.hour_of_half_day.zip(self.half_day).map(|(hour, half)| hour + 12 * half);
        let hour = self.hour.or(halves).unwrap_or(0);
        let agrees = halves.is_none_or(|other| other == hour) && self.half_day.is_none_or(|half| half == hour / 12);
        agrees.then_some(hour)
    }

    fn moment(self, zone: &Zone) -> Option<i64> {
        let mut date = jiff::civil::Date::new(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1)).ok()?;
        if let Some(day) = self.day_of_year {
            let by_day = date.with().day_of_year(day).build().ok()?;
            // A month or day beside it must be the same.
            let agrees = self.month.is_none_or(|month| month == by_day.month()) && self.day.is_none_or(|day| day == by_day.day());
            date = agrees.then_some(by_day)?;
        }
        if self.weekday.is_some_and(|weekday| weekday != date.weekday()) {
            return None;
        }
        let time = jiff::civil::Time::new(self.hour_of_day()?, self.minute, self.second, self.nanosecond).ok()?;
        self.zone.as_ref().unwrap_or(zone).moment(DateTime::from_parts(date, time))
    }
}

/// Stores the number as the part that the letter means.
fn set<'a, T, U>(place: &mut U, (value, rest): (T, &'a str), made: impl FnOnce(T) -> U) -> Option<&'a str> {
    *place = made(value);
    Some(rest)
}

fn digits(text: &str, least: usize, most: usize) -> Option<(&str, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    (count >= least).then(|| text.split_at(count))
}

/// One letter reads up to the maximum number of digits; two or more letters read exactly as many digits.
fn number(text: &str, count: usize, most: usize) -> Option<(i16, &str)> {
    let (digits, rest) = if count == 1 { digits(text, 1, most)? } else { digits(text, count, count)? };
    Some((digits.parse().ok()?, rest))
}

fn small((value, rest): (i16, &str), range: std::ops::Range<i8>) -> Option<(i8, &str)> {
    i8::try_from(value).ok().filter(|value| range.contains(value)).map(|value| (value, rest))
}

/// The index of the name, or of its first three letters, that `text` begins with.
fn name<'a>(text: &'a str, names: &[&str], is_full: bool) -> Option<(usize, &'a str)> {
    names.iter().enumerate().find_map(|(index, name)| {
        let length = if is_full { name.len() } else { 3 };
        let (start, rest) = text.split_at_checked(length)?;
        start.eq_ignore_ascii_case(&name[..length]).then_some((index, rest))
    })
}

fn zone(letter: char, count: usize, text: &str) -> Option<(Zone, &str)> {
    if matches!(letter, 'z' | 'V') {
        let end = text
            .find(|character: char| !(character.is_ascii_alphanumeric() || "/_+-:".contains(character)))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        return Zone::parse(name).ok().map(|zone| (zone, rest));
    }
    let reads_z = letter == 'X' || (letter, count) == ('Z', 5);
    if let Some(rest) = text.strip_prefix('Z').filter(|_| reads_z) {
        return Some((Zone::UTC, rest));
    }
    let length = match (letter, count) {
        // Minutes may follow one letter, as in Java.
        ('X' | 'x', 1) => text.bytes().skip(1).take(4).take_while(u8::is_ascii_digit).count() + 1,
        ('X' | 'x', 3) | ('Z', 5) => "+00:00".len(),
        _ => "+0000".len(),
    };
    let (offset, rest) = text.split_at_checked(length)?;
    offset_seconds(offset)?;
    Zone::parse(offset).ok().map(|zone| (zone, rest))
}

#[cfg(test)]
#[path = "java_pattern_tests.rs"]
mod tests;
