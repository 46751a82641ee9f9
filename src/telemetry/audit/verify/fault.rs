//! The faults that a proof finds, and the result.

use std::fmt;
use std::sync::Arc;

use super::super::chain::LineHash;
use super::{MAX_CHAINS, ParsedLine};

/// A line in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Place {
    /// The number of the file in the order of reading.
    #[serde(skip)]
    pub file_index: usize,
    /// The file.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The line's bytes are not those that the next line has the hash of.
    #[error("this line was changed: it does not have the hash that the next line of chain {chain} names")]
    Changed {
        /// The chain.
        chain: String,
    },
    /// Lines are missing before this line.
    #[error("{count} lines of chain {chain} were removed before this line: seq {from} to {to}")]
    Removed {
        /// The chain.
        chain: String,
        /// The first missing number.
        from: u64,
        /// The last missing number.
        to: u64,
        /// How many.
        count: u64,
    },
    /// A line that the chain does not contain.
    #[error("this line was inserted: chain {chain} has another line with seq {seq}")]
    Inserted {
        /// The chain that it claims.
        chain: String,
        /// The number that it claims.
        seq: u64,
    },
    /// The line is at another place than the one where it was written.
    #[error("this line was moved: seq {seq} of chain {chain} stands after seq {after}")]
    Moved {
        /// The chain.
        chain: String,
        /// Its number.
        seq: u64,
        /// The number of a line before it.
        after: u64,
    },
    /// The line is not an audit line.
    #[error("this is not an audit line: it was inserted or changed")]
    Foreign,
    /// The first line of a chain refers to a line before it.
    #[error("this line was changed: it is the first of chain {chain} and has the hash of a line before it")]
    FirstChanged {
        /// The chain.
        chain: String,
    },
    /// A chain begins in the middle of a file, and not with its first line.
    #[error("chain {chain} begins here with seq {seq}: its earlier lines were removed, or this line was changed")]
    BeginMissing {
        /// The chain.
        chain: String,
        /// The number of the line.
        seq: u64,
    },
    /// The line's code is wrong or missing.
    #[error("the `mac` is {0}: this line was not written with this key")]
    Mac(&'static str),
    /// The file has more chains than can be distinguished.
    #[error("there are more than {MAX_CHAINS} chains: verify fewer files at a time")]
    TooManyChains,
}

impl Fault {
    /// A word for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Changed { .. } | Self::FirstChanged { .. } => "changed",
            Self::Removed { .. } | Self::BeginMissing { .. } => "removed",
            Self::Inserted { .. } => "inserted",
            Self::Moved { .. } => "moved",
            Self::Foreign => "foreign",
            Self::Mac(_) => "mac",
            Self::TooManyChains => "too_many_chains",
        }
    }
}

/// A chain, as far as it has been read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainSummary {
    /// Its id.
    pub chain: String,
    /// Lines read.
    pub lines: u64,
    /// The number of its first line here. Above 0: earlier lines were not given.
    pub first_seq: u64,
    /// The time of this line.
    pub first_time: String,
    /// The number of its last line.
    pub last_seq: u64,
    /// The time of this line.
    pub last_time: String,
    /// The hash of its last line. Kept elsewhere, it proves later that no line was cut.
    pub head: String,
    /// Processes that wrote to it and did not end with a `stop` line.
    pub unclean_ends: u64,
    /// Whether the last line is a `stop` line.
    pub ends_with_stop: bool,
    /// Lines that a process was killed while it wrote.
    pub torn_lines: u64,
}

/// The result.
#[derive(Debug)]
pub struct Verdict {
    /// The chains, by id.
    pub chains: Vec<ChainSummary>,
    /// The faults, in the order of the lines; at most 1000.
    pub faults: Vec<(Place, Fault)>,
    /// All faults.
    pub fault_count: u64,
    /// Lines read.
    pub lines: u64,
    /// Lines of others that were skipped.
    pub skipped: u64,
    /// Wanted heads that no line has.
    pub missing_heads: Vec<LineHash>,
    /// Lines that have a `mac`, which was not checked because no key was given.
    pub unchecked_macs: u64,
}

impl Verdict {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.fault_count == 0 && self.missing_heads.is_empty()
    }
}

impl ChainSummary {
    /// Counts the line as the last one.
    pub(super) fn follow(&mut self, parsed: &ParsedLine<'_>, hash: LineHash) {
        // The first line of a process, after one of another process that did not end with a `stop` line.
        self.unclean_ends += u64::from(parsed.event == "start" && self.lines > 1 && !self.ends_with_stop);
        self.ends_with_stop = parsed.event == "stop";
        self.last_seq = parsed.seq;
        self.last_time.clear();
        self.last_time.push_str(&parsed.time);
        self.head = hash.to_string();
    }
}
