//! Regular expressions that need backtracking: look-around, back-references, atomic groups, large repetitions.
//!
//! Owns the limits of the `fancy-regex` crate, which does not bound its time and memory:
//!
//! - Backtracking steps are counted. A step may cost the length of the text, because parts without backtracking run on a linear
//!   engine, so the limit is lower for long texts.
//! - In a text of more than [`SHORT_TEXT`] bytes each position is a separate attempt, and all attempts share [`LONGEST_SEARCH`]:
//!   an expression that fails fast at most positions (`(?<=user=)\w+`) also works in long texts.
//! - A text of more than [`LONGEST_TEXT`] bytes is not searched: the stack of the engine grows with the text.

use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use fancy_regex::{CompileError, Error, RegexBuilder, RegexInput};
use logmark_insights::regex_syntax::{RegexError, RegexFault};

use super::regex::whole;

/// Lengths of texts in bytes, and their limits of backtracking steps: one or two seconds if each step costs the text's length, at
/// most 20 ms if steps are short.
const TIERS: [(usize, usize); 3] = [(SHORT_TEXT, 500_000), (32 << 10, 64_000), (LONGEST_TEXT, 8_000)];

/// Up to this many bytes a text is searched in one attempt, and the step limit is for the whole search.
const SHORT_TEXT: usize = 2 << 10;

/// Longest text to search, in bytes.
const LONGEST_TEXT: usize = 256 << 10;

/// Longest search of one text for all its matches.
const LONGEST_SEARCH: Duration = Duration::from_secs(1);

/// Largest program of one part that needs no backtracking, in bytes.
const LARGEST_PART: usize = 1 << 20;

/// Most instructions of the whole program.
const MOST_INSTRUCTIONS: usize = 20_000;

/// An expression compiled for the engine that backtracks.
#[derive(Debug, Clone)]
pub(super) struct Backtracking {
    expression: Arc<str>,
    /// The number of capture groups, including the whole match.
    groups: usize,
    /// The expression with the limit of each tier, compiled for the first text of the tier.
    tiers: Arc<[OnceLock<Option<fancy_regex::Regex>>; TIERS.len()]>,
}

/// The search took too many steps, or too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended;

/// The spans of the groups of a match, the whole match first.
type Groups = Vec<Option<Range<usize>>>;

impl Backtracking {
    /// Compiles an expression in the crate's syntax.
    ///
    /// # Errors
    /// If the crate refuses it, or it is too large.
    pub(super) fn compile(pattern: &str, expression: &str) -> Result<Self, RegexError> {
        let compiled = build(expression, TIERS[0].1).map_err(|error| whole(pattern, fault(&error)))?;
        let groups = compiled.captures_len();
        let tiers: Arc<[OnceLock<_>; TIERS.len()]> = Arc::default();
        // The cell is new, so setting it succeeds.
        let _set = tiers[0].set(Some(compiled));
        Ok(Self { expression: expression.into(), groups, tiers })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.expression
    }

    pub(super) const fn groups(&self) -> usize {
        self.groups.saturating_sub(1)
    }

    /// The first match at or after `start`. Look-behind sees the text before it. `begun` is the start of the search for all
    /// matches of the text.
    ///
    /// # Errors
    /// [`Ended`] when the search reached a limit.
    pub(super) fn find(&self, text: &str, from: usize, begun: Instant) -> Result<Option<Groups>, Ended> {
        let tier = TIERS.iter().position(|(longest, _)| text.len() <= *longest).ok_or(Ended)?;
        let regex = self.tiers[tier].get_or_init(|| build(&self.expression, TIERS[tier].1).ok()).as_ref().ok_or(Ended)?;
        let is_late = || begun.elapsed() > LONGEST_SEARCH;
        if tier == 0 {
            return if is_late() { Err(Ended) } else { groups(regex, RegexInput::new(text).from_pos(from)) };
        }
        let places = text[from..].char_indices().map(|(place, _)| from + place).chain([text.len()]);
        for place in places {
            if is_late() {
                return Err(Ended);
            }
            if let Some(found) = groups(regex, RegexInput::new(text).from_pos(place).anchored(true))? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

fn build(expression: &str, steps: usize) -> Result<fancy_regex::Regex, Error> {
    RegexBuilder::new(expression)
        .backtrack_limit(steps)
        .delegate_size_limit(LARGEST_PART)
        .max_prog_size(MOST_INSTRUCTIONS)
        // The crate's rewriting has known bugs, and it would remove the empty look-aheads by which large repetitions are counted.
        .optimize(false)
        .build()
}

fn groups(regex: &fancy_regex::Regex, input: RegexInput<'_, str>) -> Result<Option<Groups>, Ended> {
    // A search fails only when it reaches a limit.
    let captures = regex.captures_input(input).map_err(|_| Ended)?;
    Ok(captures.map(|captures| captures.iter().map(|group| group.map(|found| found.range())).collect()))
}

fn fault(error: &Error) -> RegexFault {
    match error {
        Error::CompileError(error) if matches!(**error, CompileError::PatternTooComplex | CompileError::InnerError(_)) => {
            RegexFault::TooLarge("it is too large when compiled: lower the counts of its repetitions")
        }
        Error::ParseError(_, fancy_regex::ParseError::RecursionExceeded) => {
            RegexFault::TooLarge("groups and look-around are nested too deep")
        }
        _ => RegexFault::Malformed("this is not a valid regular expression"),
    }
}
