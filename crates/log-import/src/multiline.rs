//! Joins the lines of one event into one message, when asked to.
//!
//! - `auto`: a line with a time of its own begins an event. `indent`: a line that does not begin with white space.
//!   `start-regex`: a line that the expression matches.
//! - Lines are joined with `\n`. Empty lines inside an event are kept, those behind it are left out.
//! - A message never grows beyond the limit: the line that would not fit begins another event.

use std::str::FromStr;

use regex::bytes::Regex;

use crate::reading::NewLine;

/// Which lines begin an event.
#[derive(Clone, Debug)]
pub enum Multiline {
    /// Lines with a time of their own.
    Auto,
    /// Lines that are not indented.
    Indent,
    /// Lines that the expression matches.
    Start(Regex),
}

/// Why a way of joining cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MultilineError {
    /// Not one of the words.
    #[error("unknown way of joining lines `{0}`: one of auto, indent, start-regex=REGEX")]
    Unknown(String),
    /// The expression is wrong.
    #[error("the expression cannot be used: {0}")]
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
    /// Empty lines since the last one.
    blanks: usize,
}

/// What became of a line.
pub(crate) enum Joined {
    /// It was added to the event before it, with so many empty lines.
    Added { blanks: usize },
    /// It begins an event; the one before it is whole.
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

    /// An empty line, which belongs to the event when another line of it follows.
    pub(crate) fn blank(&mut self) {
        self.blanks += usize::from(self.pending.is_some());
    }

    pub(crate) fn finish(&mut self) -> Option<NewLine> {
        self.pending.take()
    }
}
