//! Counts of the outcomes of an input's lines.
//!
//! INVARIANT: `lines + split == events + empty + rejected + joined`. No line is dropped silently.
//!
//! Contains no part of a line: a rejected line is identified by its number, so its text never reaches a terminal or a log.

use std::fmt;

use crate::clock::Unknown;
use crate::profile::Odd;

/// Counts of one input, or the sum of several.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Lines read; records, if the input is a JSON array.
    pub lines: u64,
    /// Events returned.
    pub events: u64,
    /// Lines with the time of the previous line.
    pub inherited: u64,
    /// Lines with the caller's time, because no line before them had a time.
    pub assumed: u64,
    /// Headings with the time of the first record.
    pub headings: u64,
    /// Empty lines, which are not stored, because a CloudWatch message has at least one byte.
    pub empty: u64,
    /// Lines that were joined to the previous event.
    pub joined: u64,
    /// Events from arrays in one line, without the first of each.
    pub split: u64,
    /// Rejected lines.
    pub rejected: u64,
    /// Lines with something like a time that was not used. They are included in the inherited ones.
    pub odd: u64,
    /// The first rejected lines.
    pub examples: Vec<Rejection>,
    /// The first odd lines.
    pub odd_examples: Vec<Rejection>,
    /// The detected time formats, and the number of lines with each.
    pub formats: Vec<(String, u64)>,
    /// What was inferred.
    pub notes: Vec<String>,
}

/// A rejected or odd line.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// The name the input was given.
    pub file: String,
    /// The line number, from 1.
    pub line: u64,
    /// The reason.
    pub reason: Reason,
}

/// Why a line was rejected, or why its time was not used.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Reason {
    /// It has no time, and cannot or must not inherit one.
    #[error("no timestamp")]
    NoTimestamp,
    /// It has something like a time that is not used.
    #[error("{0}")]
    NotATime(Odd),
    /// Its time is unknown.
    #[error("{0}")]
    Unknown(Unknown),
    /// Messages must be UTF-8; replacing bytes would store text that was never logged.
    #[error("not UTF-8 from byte {at}")]
    NotUtf8 {
        /// The first invalid byte, from 1.
        at: usize,
    },
    /// Longer than an event can be.
    #[error("longer than {limit} bytes")]
    TooLong {
        /// The maximum.
        limit: usize,
    },
}

impl fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.file, self.line, self.reason)
    }
}

impl Summary {
    /// Adds another input's counts, and its examples up to `examples` in total.
    pub fn add(&mut self, other: Self, examples: usize) {
        self.lines += other.lines;
        self.events += other.events;
        self.inherited += other.inherited;
        self.assumed += other.assumed;
        self.headings += other.headings;
        self.empty += other.empty;
        self.joined += other.joined;
        self.split += other.split;
        self.rejected += other.rejected;
        self.odd += other.odd;
        extend_to(&mut self.examples, other.examples, examples);
        extend_to(&mut self.odd_examples, other.odd_examples, examples);
        self.notes.extend(other.notes);
        for (name, lines) in other.formats {
            match self.formats.iter_mut().find(|(known, _)| *known == name) {
                Some((_, sum)) => *sum += lines,
                None => self.formats.push((name, lines)),
            }
        }
    }
}

fn extend_to<T>(all: &mut Vec<T>, more: Vec<T>, most: usize) {
    let room = most.saturating_sub(all.len());
    all.extend(more.into_iter().take(room));
}
