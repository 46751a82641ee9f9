//! What became of an input's lines.
//!
//! INVARIANT: `lines == events + empty + rejected`, and `inherited + assumed <= events`. No line is left out silently.
//!
//! Never: holds any part of a line; a rejected line is named by its place, so nothing of it reaches a terminal or a log.

use std::fmt;

/// Counts of one input, or of several added together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Lines read, of every fate.
    pub lines: u64,
    /// Lines handed on.
    pub events: u64,
    /// Of the events, those that took the time of the line before them.
    pub inherited: u64,
    /// Of the events, those that took the caller's time because no line before them had one.
    pub assumed: u64,
    /// Lines with nothing in them: a CloudWatch message has at least one byte, so there is nothing to store.
    pub empty: u64,
    /// Lines that could not be events.
    pub rejected: u64,
    /// The first of the rejected.
    pub examples: Vec<Rejection>,
}

/// A line that could not be an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// The name the input was given.
    pub file: String,
    /// Its number, from 1.
    pub line: u64,
    /// Why.
    pub reason: Reason,
}

/// Why a line could not be an event.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Reason {
    /// No time in it, and none to inherit, or inheriting is not wanted.
    #[error("no timestamp")]
    NoTimestamp,
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
        self.empty += other.empty;
        self.rejected += other.rejected;
        let room = examples.saturating_sub(self.examples.len());
        self.examples.extend(other.examples.into_iter().take(room));
    }
}
