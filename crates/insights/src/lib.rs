//! CloudWatch Logs Insights QL: parser, printer and analysis of queries, with precise errors.
//!
//! The front end of the language only: no HTTP, no log store, no AWS account, no execution. Where AWS's documentation leaves
//! something open, the module that decides says so.
//!
//! # Parse and print
//!
//! [`ast::Query::parse`] returns the tree, [`ast::Query::to_text`] its canonical text, which parses to the same tree.
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
//! # Errors
//!
//! An invalid text gives its errors, usually one for each command with errors. Each has a position, what was expected and found
//! there, and often a hint. A [`Report`](logmark_diagnostics::Report) renders them for a terminal and as JSON.
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
//! The [`Kind`](logmark_diagnostics::Kind) of an error distinguishes a misspelt name from a feature of CloudWatch that is not
//! supported here (`Unsupported`), and from a query in SQL or PPL (`OtherLanguage`).
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
//! # Analyse and bound a query
//!
//! [`reach::Reach`] lists everything that a query reaches beyond the log groups and the time range that it was started with, and
//! all fields that it reads, through any names. [`rewrite`] adds a filter in front and bounds the rows, or refuses with a reason.
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
//! A text has at most [`MAX_LENGTH`] characters, which is checked before anything else. The tree of an expression has at most
//! [`MAX_DEPTH`] levels, which bounds every recursion. Time and memory are linear in the length of the text.
//!
//! # Layout
//!
//! - [`ast`]: the tree
//! - [`functions`]: the functions and their parameters
//! - [`period`]: periods of time as queries write them
//! - [`regex_syntax`]: the dialect of regular expressions, and their groups
//! - [`completion`]: examples, descriptions and signatures of commands and functions
//! - [`outline`]: the columns and the shape of a result
//! - [`support`]: errors for parts of the language that an engine does not support
//! - [`reach`]: what a query reads
//! - [`rewrite`]: changes that preserve the meaning of a query
//! - `commands`: one file for each command: tree, grammar, printed form, reach, checks
//! - `lexer`, `parse`, `check`: text to tree; `check` has the rules beyond the grammar
//! - `print`: tree to text
//! - `dialect`: recognition of other languages

pub mod ast;
pub mod completion;
pub mod functions;
pub mod outline;
pub mod period;
pub mod regex_syntax;
pub mod support;

mod commands;

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
