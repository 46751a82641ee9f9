//! The format of a file: detected from its first lines, then used for every line.
//!
//! - The first time at a known position (`place::known`, or a JSON record's own field) determines the format. A time elsewhere
//!   does so only if no such position occurs, or if far more lines have it.
//! - A file may have lines of several programs. A time in another format counts if it is at a known position and close to the
//!   lines around it: within a day, or within 400 days for a format that a tenth of the first lines have.
//! - A plain count (`1795168801`) may be an id: it counts only in a file whose first time is a count, or within a day.
//! - Any other line belongs to the previous event. If it has something like a time, it is reported as odd.
//!
//! See also: `reading` for the treatment of lines, `sample` for the detection.

use crate::chosen::TimestampFormat;
use crate::civil::{DAY_MS, Date, Kind, Shape, Stamp};
use crate::clock::{Clock, Unknown};
use crate::fields;
use crate::form;
use crate::json;
use crate::place::{self, Place};

/// Maximum distance of a time in another format from the lines around it.
const NEAR_MS: u64 = DAY_MS.unsigned_abs();
const TRUSTED_MS: u64 = 400 * NEAR_MS;

/// The source of a line's time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    Text(Place),
    /// The field of a JSON record.
    Json(Vec<u8>),
}

/// A format of times in the file.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    pub(crate) source: Source,
    pub(crate) shape: Shape,
    /// The number of lines with it.
    pub(crate) lines: u64,
    /// Whether it is frequent in the first lines.
    pub(crate) is_trusted: bool,
}

impl Format {
    pub(crate) fn is(&self, source: &Source, shape: Shape) -> bool {
        self.source == *source && (matches!(source, Source::Json(_)) || self.shape.is_variant_of(shape))
    }

    pub(crate) fn describe(&self, time_field: Option<&str>) -> String {
        match &self.source {
            Source::Json(key) if key.is_empty() => format!("JSON field `{}`", time_field.unwrap_or_default()),
            Source::Json(key) => format!("JSON field `{}`", String::from_utf8_lossy(key)),
            Source::Text(place) => place::describe(place, self.shape),
        }
    }
}

/// The known properties of a file's times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    pub(crate) chosen: Option<TimestampFormat>,
    pub(crate) time_field: Option<String>,
    pub(crate) formats: Vec<Format>,
    /// The file's own format, an index into `formats`.
    pub(crate) primary: Option<usize>,
}

/// The time of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Judgement {
    Own(i64),
    /// It has its own time, but the instant is unknown.
    Unknown(Unknown),
    None,
    /// It has something like a time that is not used.
    Odd(Odd),
}

/// Why something like a time was not used.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Odd {
    /// Another format, and not close to the lines around it.
    #[error("a time in another format, far from the times around it")]
    Far,
    /// Not at the position of the file's times.
    #[error("a time at another position than the file's")]
    Elsewhere,
    /// `10:00:00` or the seconds since the machine's start.
    #[error("a time of day or an uptime without a date")]
    NoDate,
    /// 31 February.
    #[error("a date that does not exist")]
    NoSuchTime,
    /// A JSON record without a known time field.
    #[error("a JSON record without a known time field; name it with --time-field")]
    NoField,
}

/// A candidate for a line's time.
struct Candidate<'a> {
    source: Source,
    stamp: Stamp<'a>,
    is_weak: bool,
}

impl Profile {
    /// The line's own time in the file's own format, not converted.
    pub(crate) fn primary_stamp<'a>(&self, line: &'a [u8]) -> Option<Stamp<'a>> {
        let format = &self.formats[self.primary?];
        match &format.source {
            Source::Text(place) if self.chosen.is_some() => self.chosen_at(line, place),
            Source::Text(place) => place::at(line, place, format.shape).filter(|stamp| stamp.shape.is_variant_of(format.shape)),
            Source::Json(_) => self.record(line).map(|own| own.stamp),
        }
    }

    pub(crate) fn judge(&mut self, line: &[u8], before: Option<i64>, clock: &mut Clock) -> Judgement {
        if self.chosen.is_some() {
            return self.judge_chosen(line, before, clock);
        }
        let is_record = line.first() == Some(&b'{');
        let primary = self.primary.map(|index| (index, matches!(self.formats[index].source, Source::Json(_))));
        if let Some((index, false)) = primary
            && let Some(stamp) = self.primary_stamp(line)
        {
            return self.settle(index, &stamp, before, clock);
        }
        if is_record && let Some(own) = self.record(line) {
            let candidate = Candidate { source: Source::Json(own.key.to_vec()), stamp: own.stamp, is_weak: own.is_weak };
            return match primary {
                Some((_, false)) if !own.is_complete => Judgement::None,
                Some((_, false)) => self.secondary(&candidate, before, clock),
                _ => self.own(&candidate, before, clock),
            };
        }
        if place::is_continuation(line) {
            return Judgement::None;
        }
        if let Some(found) = place::known(line) {
            let is_weak = matches!(found.stamp.shape.kind, Kind::Count);
            let candidate = Candidate { source: Source::Text(found.place), stamp: found.stamp, is_weak };
            return self.secondary(&candidate, before, clock);
        }
        self.odd(line, is_record)
    }

    /// The time of a JSON record.
    pub(crate) fn record<'a>(&self, line: &'a [u8]) -> Option<fields::Own<'a>> {
        let (true, Some(path)) = (line.first() == Some(&b'{'), &self.time_field) else {
            return fields::own(line);
        };
        let stamp = fields::at_path(line, path)?;
        let key = &line[..0];
        Some(fields::Own { key, stamp, is_weak: false, is_complete: true })
    }

    /// Whether lines of the file may be JSON records.
    pub(crate) fn is_of_records(&self) -> bool {
        self.chosen.is_none() && self.primary.is_none_or(|index| matches!(self.formats[index].source, Source::Json(_)))
    }

    fn odd(&self, line: &[u8], is_record: bool) -> Judgement {
        if is_record {
            let mut members = json::Members::of(line).into_iter().flatten();
            return if self.is_of_records() && members.next().is_some() { Judgement::Odd(Odd::NoField) } else { Judgement::None };
        }
        let opening = place::opening(line);
        if form::lacks_date(&line[opening..]) || form::lacks_date(line) {
            return Judgement::Odd(Odd::NoDate);
        }
        if place::anywhere(line).is_some() { Judgement::Odd(Odd::Elsewhere) } else { Judgement::None }
    }

    fn own(&mut self, candidate: &Candidate<'_>, before: Option<i64>, clock: &mut Clock) -> Judgement {
        let index = self.index(candidate);
        self.primary.get_or_insert(index);
        self.settle(index, &candidate.stamp, before, clock)
    }

    /// A time in another format than the file's.
    fn secondary(&mut self, candidate: &Candidate<'_>, before: Option<i64>, clock: &mut Clock) -> Judgement {
        if self.primary.is_none() {
            return self.own(candidate, before, clock);
        }
        let index = self.index(candidate);
        let is_near = |ms: i64, bound: u64| before.is_none_or(|before| ms.abs_diff(before) <= bound);
        let has_year = !matches!(candidate.stamp.date, Date::NoYear { .. });
        let bound = if self.formats[index].is_trusted && !candidate.is_weak && has_year { TRUSTED_MS } else { NEAR_MS };
        match clock.ms(&candidate.stamp, before) {
            Ok(ms) if is_near(ms, bound) => self.settle(index, &candidate.stamp, before, clock),
            Ok(_) => Judgement::Odd(Odd::Far),
            Err(Unknown::NoSuchTime) => Judgement::Odd(Odd::NoSuchTime),
            Err(unknown) => Judgement::Unknown(unknown),
        }
    }

    fn settle(&mut self, index: usize, stamp: &Stamp<'_>, before: Option<i64>, clock: &mut Clock) -> Judgement {
        match clock.ms(stamp, before) {
            Ok(ms) => {
                clock.accept(stamp);
                self.formats[index].lines += 1;
                Judgement::Own(ms)
            }
            Err(Unknown::NoSuchTime) => Judgement::Odd(Odd::NoSuchTime),
            Err(unknown) => Judgement::Unknown(unknown),
        }
    }

    /// The format of the candidate, which is added if no line had it.
    fn index(&mut self, candidate: &Candidate<'_>) -> usize {
        // The number is bounded; the last entry counts all further formats.
        const MOST_FORMATS: usize = 32;
        let known = self.formats.iter().position(|format| format.is(&candidate.source, candidate.stamp.shape));
        known.unwrap_or_else(|| {
            if self.formats.len() < MOST_FORMATS {
                let (source, shape) = (candidate.source.clone(), candidate.stamp.shape);
                self.formats.push(Format { source, shape, lines: 0, is_trusted: false });
            }
            self.formats.len() - 1
        })
    }

    fn judge_chosen(&mut self, line: &[u8], before: Option<i64>, clock: &mut Clock) -> Judgement {
        let Some(index) = self.primary else { return Judgement::None };
        let Some(stamp) = self.primary_stamp(line) else { return Judgement::None };
        self.settle(index, &stamp, before, clock)
    }

    /// The time in the chosen format: at the position of the file's first time, or the first in a line that begins an event.
    fn chosen_at<'a>(&self, line: &'a [u8], place: &Place) -> Option<Stamp<'a>> {
        let format = self.chosen.as_ref()?;
        if line.first() == Some(&b'{')
            && let Some(stamp) = self.chosen_in_record(line, format)
        {
            return Some(stamp);
        }
        match place {
            Place::Indented => format.at(line.trim_ascii_start()),
            Place::Start => format.at(&line[place::opening(line)..]).or_else(|| format.at(line)),
            _ if place::is_continuation(line) => None,
            _ => chosen_anywhere(line, format).map(|(_, stamp)| stamp),
        }
    }

    fn chosen_in_record<'a>(&self, line: &[u8], format: &TimestampFormat) -> Option<Stamp<'a>> {
        fields::own_texts(line, self.time_field.as_deref()).iter().find_map(|text| {
            let stamp = format.value(text)?;
            crate::zone::detached(stamp)
        })
    }
}

/// The first time in the chosen format, and its position.
pub(crate) fn chosen_anywhere<'a>(line: &'a [u8], format: &TimestampFormat) -> Option<(usize, Stamp<'a>)> {
    let head = &line[..line.len().min(place::SEARCHED_FOR_CHOSEN)];
    (0..head.len()).find_map(|at| {
        let inside = at > 0
            && (head[at].is_ascii_digit() && head[at - 1].is_ascii_digit()
                || head[at].is_ascii_alphabetic() && head[at - 1].is_ascii_alphabetic()
                || format.is_count() && head[at - 1].is_ascii_alphanumeric());
        if inside || head[at].is_ascii_whitespace() {
            return None;
        }
        format.at(&line[at..]).map(|stamp| (at, stamp))
    })
}
