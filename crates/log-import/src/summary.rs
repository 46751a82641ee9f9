//! What became of an input's lines.
//!
//! INVARIANT: `lines + split == events + empty + rejected + joined`. No line is left out silently.
//!
//! Never: holds any part of a line; a rejected line is named by its place, so nothing of it reaches a terminal or a log.

use std::fmt;

use crate::clock::Unknown;
use crate::profile::Odd;

/// Counts of one input, or of several added together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Lines read, of every fate; records, when the input is a JSON array.
    pub lines: u64,
    /// Events handed on.
    pub events: u64,
    /// Lines that took the time of the line before them.
    pub inherited: u64,
    /// Lines that took the caller's time because no line before them had one.
    pub assumed: u64,
    /// Headings that took the time of the first record.
    pub headings: u64,
    /// Lines with nothing in them: a CloudWatch message has at least one byte, so there is nothing to store.
    pub empty: u64,
    /// Lines that were joined to the event before them.
    pub joined: u64,
    /// Events that came from arrays in one line, beyond the first of each.
    pub split: u64,
    /// Lines that could not be events.
    pub rejected: u64,
    /// Lines with something like a time that was not used. They are among the inherited.
    pub odd: u64,
    /// The first of the rejected.
    pub examples: Vec<Rejection>,
    /// The first of the odd.
    pub odd_examples: Vec<Rejection>,
    /// The formats of time that were found, and the lines with each.
    pub formats: Vec<(String, u64)>,
    /// What was inferred and not read.
    pub notes: Vec<String>,
}

/// A line that could not be an event, or one that looked odd.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// The name the input was given.
    pub file: String,
    /// Its number, from 1.
    pub line: u64,
    /// Why.
    pub reason: Reason,
}

/// Why a line could not be an event, or why its time was not used.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Reason {
    /// No time in it, and none to inherit, or inheriting is not wanted.
    #[error("no timestamp")]
    NoTimestamp,
    /// Something like a time, but not one to be used.
    #[error("{0}")]
    NotATime(Odd),
    /// A time that cannot be known.
    #[error("{0}")]
    Unknown(Unknown),
    /// Messages are UTF-8; replacing bytes would store what was never logged.
    #[error("not UTF-8 from byte {at}")]
    NotUtf8 {
        /// The first byte that is wrong, from 1.
        at: usize,
    },
    /// More bytes than an event can have.
    #[error("longer than {limit} bytes")]
    TooLong {
        /// The most a line may have.
        limit: usize,
    },
}

impl fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.file, self.line, self.reason)
    }
}

impl Summary {
    /// Adds another input's counts; of its examples, as many as fit into `examples` in all.
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
