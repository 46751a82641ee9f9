//! What the language's values are and what its functions make of them: pure functions, without a query.

pub mod value;
pub mod coerce;

pub mod regex;
mod regex_dialect;
mod regex_class;
mod regex_reader;
pub mod like;
pub mod strings;
pub mod replace;
pub mod encode;
pub mod ip;
pub mod parse_glob;
pub mod parse_regex;
pub mod csv;
pub mod logfmt;
mod json_tokens;
pub mod json;
pub mod json_path;
pub mod fields;
pub mod log_fields;
