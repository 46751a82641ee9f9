//! CloudWatch Logs filter patterns: the language of `FilterLogEvents`, Live Tail, metric filters and subscription filters.
//!
//! A filter pattern is a line of text that says which log messages are wanted:
//!
//! | Pattern | Messages |
//! |---|---|
//! | *(empty)*, `""`, `" "` | all |
//! | `ERROR timeout` | that hold both, anywhere, in the same case |
//! | `"user-42 left"` | that hold this phrase; what is not a letter, digit or `_` needs the quotes |
//! | `ERROR -"health check"` | that hold the first and not the second |
//! | `?ERROR ?WARN` | that hold at least one of them |
//! | `%took [0-9]{4,} ms%` | in which the regular expression finds something |
//! | `{ $.status >= 500 && $.path = "/pay*" }` | that are JSON with such properties |
//! | `{ $.items[*].sku = %^A[0-9]+$% }` | in which some element of an array is so |
//! | `{ $.user IS NULL \|\| $.user NOT EXISTS }` | in which a property is null or missing |
//! | `[ip, user, ..., status = 4* && status != 404, bytes]` | that are fields between spaces, which are so |
//!
//! # Parse and print
//!
//! [`FilterPattern`] is a pattern that is known to be sound. Its canonical text is valid for CloudWatch and means the same:
//!
//! ```
//! use logmark_filter_pattern::FilterPattern;
//!
//! let pattern = FilterPattern::parse(r#"  "ERROR"   - "health check" "#).unwrap();
//! assert_eq!(pattern.to_string(), r#"ERROR -"health check""#);
//! assert_eq!(FilterPattern::parse(pattern.as_str()), Ok(pattern));
//! ```
//!
//! # What is wrong with a text
//!
//! Each fault has its place, what could stand there, what stands there, and mostly what to write instead. All faults of a
//! text are found at once.
//!
//! ```
//! use logmark_diagnostics::Report;
//! use logmark_filter_pattern::FilterPattern;
//!
//! let text = "{ $.level == error }";
//! let faults = FilterPattern::parse(text).unwrap_err();
//! let report = Report::new("filter", text, &faults).to_string();
//! assert!(report.contains("equality is one `=`"));
//! ```
//!
//! # Combine
//!
//! [`and`] gives the pattern that matches exactly what two patterns both match, or says why there is none:
//!
//! ```
//! use logmark_filter_pattern::{CannotCombine, FilterPattern, and};
//!
//! let parse = |text| FilterPattern::parse(text).unwrap();
//! assert_eq!(and(&parse("ERROR"), &parse("-retry")).unwrap().to_string(), "ERROR -retry");
//! assert_eq!(and(&parse("ERROR"), &parse("?a ?b")), Err(CannotCombine::OptionalTerms));
//! ```
//!
//! # Match
//!
//! [`Matcher`] is a pattern made ready for many messages; its page says what each form means. Matching takes time linear in
//! the message and allocates next to nothing.
//!
//! ```
//! use logmark_filter_pattern::{FilterPattern, Matcher};
//!
//! let pattern: FilterPattern = "[ip, ..., status >= 500, bytes]".parse()?;
//! let matcher = Matcher::new(&pattern)?;
//! let line = r#"10.0.0.7 - [18/Jun/2024:07:11:05 +0000] "POST /pay HTTP/1.1" 503 17"#;
//! assert!(matcher.matches(line));
//! let taken = matcher.extract(line).unwrap_or_default();
//! assert_eq!((&*taken[3].name, &*taken[3].value), ("$4", "POST /pay HTTP/1.1"));
//! assert_eq!((&*taken[4].name, &*taken[4].value), ("$status", "503"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Sources
//!
//! "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail" in the CloudWatch Logs
//! user guide, and its pages on regular expressions, JSON and space-delimited log events. What those leave open is refused
//! rather than guessed, and said in the modules.

// The language: its tree, its limits, text to tree and back.
pub mod ast;
pub mod limits;
mod parse;
mod print;
mod pattern;
// Patterns together.
mod combine;
// Patterns and messages: matching, extraction.
mod matcher;
mod extract;

pub use combine::{CannotCombine, and};
pub use extract::Extracted;
pub use matcher::{Matcher, error::CompileError, lines::Lines};
pub use pattern::{FilterPattern, InvalidPattern};
