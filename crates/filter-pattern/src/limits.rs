//! The limits of the language, each with its source. Checks nothing itself.

/// The maximum number of characters of a pattern. `FilterPattern` in the API model has at most 1024; AWS's models count Unicode
/// scalar values.
pub const MAX_CHARACTERS: usize = 1024;

/// The maximum number of selectors with a wildcard in a JSON pattern ("Using filter patterns to match terms in JSON log events",
/// Quotas).
pub const MAX_WILDCARDS: usize = 3;

/// The maximum number of regular expressions in a JSON or space-delimited pattern ("Supported regular expressions (regex)
/// syntax", Quotas).
pub const MAX_REGEXES: usize = 2;

/// The maximum nesting of parentheses, which bounds the parser's stack. AWS documents no limit; patterns in use are far below.
pub const MAX_DEPTH: usize = 32;

/// The maximum count in `{m,n}`: the limit of older regular expression engines, so that a short expression is a small automaton.
/// AWS documents no limit.
pub const MAX_REPETITIONS: u32 = 1000;

/// The maximum size in bytes of one regular expression, compiled to search bytes. Compiled to search characters it takes up to
/// twelve times as much (`.` is then several byte sequences), so an accepted expression stays below 8 MiB there.
pub(crate) const MAX_REGEX_BYTES: usize = 1 << 19;

/// The maximum number of errors that are reported for one text.
pub(crate) const MAX_FAULTS: usize = 20;
