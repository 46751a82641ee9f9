//! CloudWatch Logs Insights QL: from the text of a query to its tree and back, with a precise word on what is wrong.
//!
//! This library knows the language and nothing else: no HTTP, no log store, no AWS account. Where AWS's documentation is
//! silent the module that decides says so and says what it chose.
//!
//! # Parse and print
//!
//! [`ast::Query::parse`] gives the tree, [`ast::Query::to_text`] its one canonical text; parsed again, that gives the same
//! tree.
//!
//! ```
//! use logmark_insights::ast::Query;
//!
//! let query = Query::parse("FIELDS @timestamp,@message # newest\n| where level=\"ERROR\" and (not a) |head 20").unwrap();
//! let text = query.to_text().unwrap();
//! assert_eq!(text, "fields @timestamp, @message | filter level = \"ERROR\" and not a | limit 20");
//! assert_eq!(Query::parse(&text).unwrap(), query);
//! ```
//!
//! # What is wrong
//!
//! A text that is no query gives its faults, as a rule one for each command that has any; each says where it is, what could
//! stand there, what does, and often what to write. A [`Report`](logmark_diagnostics::Report) draws them for a terminal and
//! writes them as JSON.
//!
//! ```
//! use logmark_diagnostics::{Kind, Report};
//! use logmark_insights::ast::Query;
//!
//! let source = "stat count(*) by bin(5m) | sort n descending";
//! let faults = Query::parse(source).unwrap_err();
//! assert_eq!(faults.len(), 2);
//! assert_eq!(faults[0].kind, Kind::UnknownName);
//! assert_eq!(faults[0].to_string(), "expected a command, found `stat` (did you mean `stats`?)");
//! assert!(Report::new("query", source, &faults).to_string().contains("directions are `asc` and `desc`"));
//! ```
//!
//! A fault's [`Kind`](logmark_diagnostics::Kind) tells a misspelt name from what CloudWatch has and this library does not
//! (`Unsupported`), and from a query in SQL or PPL (`OtherLanguage`).
//!
//! # Walk the tree
//!
//! [`ast::Command`] has one variant for every command of the language and none for "anything else": a `match` without `_`
//! stops compiling when the language grows.
//!
//! ```
//! use logmark_insights::ast::{Command, Query, Selector};
//!
//! let query = Query::parse("SOURCE '/shop/checkout' start=-1d | stats count(*) by @logStream").unwrap();
//! let groups: Vec<&str> = query.commands.iter().filter_map(|command| match &command.node {
//!     Command::Source(source) => Some(&source.selectors),
//!     _ => None,
//! }).flatten().filter_map(|selector| match &selector.node {
//!     Selector::Group(name) => Some(name.as_str()),
//!     _ => None,
//! }).collect();
//! assert_eq!(groups, ["/shop/checkout"]);
//! ```
//!
//! # What a query reaches, and how to bound it
//!
//! [`reach::Reach`] names all that a query touches beyond the log groups and the time range that it was started with, and
//! all fields that it reads, through any names; [`rewrite`] puts a filter in front and a bound on the rows, or says why not.
//!
//! ```
//! use logmark_insights::ast::Query;
//! use logmark_insights::reach::Reach;
//!
//! let source = "fields user as u | filter u in (SOURCE 'other' | fields k)";
//! let query = Query::parse(source).unwrap();
//! let reach = Reach::of(&query);
//! assert!(!reach.is_within_its_groups());
//! let words: Vec<_> = reach.beyond().iter().map(|beyond| (beyond.node.word(), beyond.span.of(source))).collect();
//! assert_eq!(words, [("in", "(SOURCE 'other' | fields k)"), ("SOURCE", "SOURCE"), ("SOURCE", "'other'")]);
//! assert_eq!(query.bound_limit(50).unwrap().to_string(), format!("{source} | limit 50"));
//! ```
//!
//! # Bounds
//!
//! A text has at most [`MAX_LENGTH`] characters, which is asked before anything else; the tree of an expression at most
//! [`MAX_DEPTH`] levels, and with it every recursion. Time and memory are linear in the text.
//!
//! # Layout
//!
//! - [`ast`]: the tree
//! - [`functions`]: the functions, and what arguments they take
//! - [`period`]: periods of time as queries write them
//! - [`regex_syntax`]: the dialect of regular expressions, and their groups
//! - [`support`]: errors for what the language has and an engine does not run
//! - [`reach`]: what a query touches and reads
//! - [`rewrite`]: changes that keep what a query means
//! - `lexer`, `parse`, `check`: text to tree; `check` holds the rules beyond the grammar
//! - `print`: tree to text
//! - `dialect`: other languages, by name

pub mod ast;
pub mod functions;
pub mod period;
pub mod regex_syntax;
pub mod support;

mod token;
mod lexer;
mod dialect;
mod parse;
mod check;
mod print;

pub mod reach;
pub mod rewrite;

pub use parse::{MAX_DEPTH, MAX_LENGTH, ParseOptions};
pub use print::{NotKept, TooLong};
