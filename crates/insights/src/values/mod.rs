//! What the language's values are and what its operators and functions make of them: pure functions, without a query.
//!
//! Owns the meaning of one value, or of a few: coercion, comparison, order, arithmetic, time. Knows neither queries nor
//! events, reads no clock, and keeps no state, so that whatever evaluates a query gets the same answers from it.
//!
//! Where AWS documents a rule, the module names the page of the CloudWatch Logs User Guide; where AWS is silent, it says
//! which choice was made and why.

pub mod value;
pub mod number;
pub mod coerce;
pub mod compare;
pub mod order;
pub mod arithmetic;
pub mod period;
pub mod bucket;
pub mod time;
pub mod java_pattern;
pub mod time_format;
pub mod strings;
pub mod replace;
pub mod encode;
pub mod ip;
pub mod regex;
mod regex_dialect;
mod regex_class;
mod regex_reader;
pub mod like;
pub mod parse_glob;
pub mod parse_regex;
pub mod csv;
pub mod logfmt;
pub mod json;
mod json_tokens;
pub mod json_path;
pub mod fields;
pub mod log_fields;
pub mod aggregate;
pub mod call;
