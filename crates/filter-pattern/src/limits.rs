//! The limits of the language, each with its source. Checks nothing itself.

/// Characters in a pattern, as Unicode scalar values: `FilterPattern` in the API model has at most 1024, and lengths of
/// strings in AWS's models count those.
pub const MAX_CHARACTERS: usize = 1024;

/// Selectors with a wildcard in a whole JSON pattern ("Using filter patterns to match terms in JSON log events", Quotas).
pub const MAX_WILDCARDS: usize = 3;

/// Regular expressions in a JSON or space-delimited pattern ("Supported regular expressions (regex) syntax", Quotas).
pub const MAX_REGEXES: usize = 2;

/// Parentheses in parentheses. AWS names no limit; no written pattern comes near, and the parser's stack stays small.
pub const MAX_DEPTH: usize = 32;

/// Times that `{m,n}` may repeat: what the older regular expression engines allow, so that a short expression is a small
/// automaton. AWS names no limit.
pub const MAX_REPETITIONS: u32 = 1000;

/// Bytes of one regular expression, compiled to search bytes. Compiled to search characters it takes up to twelve times as
/// many (`.` is then several byte sequences): what is accepted here stays below 8 MiB there.
pub(crate) const MAX_REGEX_BYTES: usize = 1 << 19;

/// Faults that are reported of one text: more help nobody.
pub(crate) const MAX_FAULTS: usize = 20;
