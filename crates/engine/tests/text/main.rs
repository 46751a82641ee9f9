//! The text functions of Logs Insights QL, by tables and properties: AWS's documented examples with other values, malformed and
//! hostile input, and laws for every text.

mod addresses;
mod discovered_fields;
mod encodings;
mod json_values;
mod parse_modes;
mod regex_dialect;
mod regex_backtracking;
mod replacing;
mod strings;
mod bounded_work;
mod xml;
