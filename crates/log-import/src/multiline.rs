//! Joins the lines of one event into one message, if requested.
//!
//! - `auto`: a line with a time of its own begins an event. `indent`: a line that does not begin with white space.
//!   `start-regex`: a line that the expression matches.
//! - Lines are joined with `\n`. Empty lines inside an event are kept; empty lines after it are dropped.
//! - A message never exceeds the limit: a line that does not fit begins another event.

use std::str::FromStr;

use regex::bytes::Regex;

use crate::reading::NewLine;

/// Which lines begin an event.
#[derive(Clone, Debug)]
pub enum Multiline {
    /// Lines with their own time.
    Auto,
    /// Lines that are not indented.
    Indent,
    /// Lines that the expression matches.
    Start(Regex),
}

/// Why a way of joining is invalid.
#[derive(Debug, thiserror::Error)]
pub enum MultilineError {
    /// Not a known word.
    #[error("unknown way of joining lines `{0}`: use auto, indent or start-regex=REGEX")]
    Unknown(String),
    /// The expression is malformed.
    #[error("the regular expression is invalid: {0}")]
    Regex(#[from] regex::Error),
}

impl FromStr for Multiline {
    type Err = MultilineError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text, text.split_once('=').or_else(|| text.split_once(':'))) {
            ("auto", _) => Ok(Self::Auto),
            ("indent", _) => Ok(Self::Indent),
            (_, Some(("start-regex", expression))) => Ok(Self::Start(Regex::new(expression)?)),
            _ => Err(MultilineError::Unknown(text.to_owned())),
        }
    }
}

impl Multiline {
    pub(crate) fn begins(&self, line: &[u8], has_own_time: bool) -> bool {
        match self {
            Self::Auto => has_own_time,
            Self::Indent => !line.first().is_some_and(u8::is_ascii_whitespace),
            Self::Start(expression) => expression.is_match(line),
        }
    }
}

/// The event that is being joined.
#[derive(Debug, Default)]
pub(crate) struct Joiner {
    pending: Option<NewLine>,
    /// Empty lines since the last line.
    blanks: usize,
}

/// The outcome of a line.
pub(crate) enum Joined {
    /// It was added to the previous event, after this number of empty lines.
    Added { blanks: usize },
    /// It begins an event; the previous event is complete.
    Begun(Option<NewLine>),
}

impl Joiner {
    pub(crate) fn add(&mut self, line: NewLine, begins: bool, limit: usize) -> Joined {
        let blanks = std::mem::take(&mut self.blanks);
        if let Some(pending) = self.pending.as_mut().filter(|_| !begins)
            && pending.message.len() + blanks + 1 + line.message.len() <= limit
        {
            pending.message.extend(std::iter::repeat_n('\n', blanks + 1));
            pending.message.push_str(&line.message);
            return Joined::Added { blanks };
        }
        Joined::Begun(self.pending.replace(line))
    }

    /// An empty line, which belongs to the event if another line of it follows.
    pub(crate) fn blank(&mut self) {
        self.blanks += usize::from(self.pending.is_some());
    }

    pub(crate) fn finish(&mut self) -> Option<NewLine> {
        self.pending.take()
    }
}
