//! CloudWatch Logs filter patterns: the language of `FilterLogEvents`, Live Tail, metric filters and subscription filters.
//!
//! A filter pattern is a line of text that selects log messages:
//!
//! | Pattern | Messages |
//! |---|---|
//! | *(empty)*, `""`, `" "` | all |
//! | `ERROR timeout` | that contain both, anywhere, in the same case |
//! | `"user-42 left"` | that contain the phrase; characters other than letters, digits and `_` need quotes |
//! | `ERROR -"health check"` | that contain the first and not the second |
//! | `?ERROR ?WARN` | that contain at least one of them |
//! | `%took [0-9]{4,} ms%` | that the regular expression matches somewhere |
//! | `{ $.status >= 500 && $.path = "/pay*" }` | that are JSON with these properties |
//! | `{ $.items[*].sku = %^A[0-9]+$% }` | in which some element of an array satisfies the condition |
//! | `{ $.user IS NULL \|\| $.user NOT EXISTS }` | in which a property is null or missing |
//! | `[ip, user, ..., status = 4* && status != 404, bytes]` | that are space-delimited fields with these values |
//!
//! # Parse and print
//!
//! [`FilterPattern`] is a valid pattern. Its canonical text is valid for CloudWatch and has the same meaning:
//!
//! ```
//! use logmark_filter_pattern::FilterPattern;
//!
//! let pattern = FilterPattern::parse(r#"  "ERROR"   - "health check" "#).unwrap();
//! assert_eq!(pattern.to_string(), r#"ERROR -"health check""#);
//! assert_eq!(FilterPattern::parse(pattern.as_str()), Ok(pattern));
//! ```
//!
//! # Errors
//!
//! Each error has a position, what was expected and found there, and usually a hint. All errors of a text are reported at once.
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
//! [`and`] returns the pattern that matches exactly the messages that two patterns both match, or an error with the reason:
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
//! [`Matcher`] is a compiled pattern; its documentation defines the meaning of each form. Matching takes time linear in the
//! message and allocates almost nothing.
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
//! user guide, and its pages on regular expressions, JSON and space-delimited log events. Forms that they leave open are refused;
//! the modules document them.

// The language: its tree, its limits, text to tree and back.
pub mod ast;
pub mod limits;
mod parse;
mod print;
mod pattern;
// The tokens of JSON messages.
pub mod json_text;
// Patterns together.
mod combine;
// Patterns and messages: matching, extraction.
mod matcher;
mod extract;

pub use combine::{CannotCombine, and};
pub use extract::Extracted;
pub use matcher::{Matcher, error::CompileError, lines::Lines};
pub use pattern::{FilterPattern, InvalidPattern};
