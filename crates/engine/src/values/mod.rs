//! The values, operators and functions of the language, as pure functions.
//!
//! Owns coercion, comparison, order, arithmetic, time, texts and patterns. Knows neither queries nor events, reads no clock, and
//! keeps no state, so every evaluator gets the same results.
//!
//! Where AWS documents a rule, the module names the page of the CloudWatch Logs User Guide; where AWS is silent, it states the
//! choice and the reason.
//!
//! # Where to find a function
//!
//! [`call`] calls any function by its name with values, and coerces them. The modules contain the single functions: those on
//! numbers, times and JSON take values, those on texts take texts (`None` for a missing text, where that makes a difference).
//!
//! | In a query | Here |
//! |---|---|
//! | `+` `-` `*` `/` `^` `%`, `abs` `ceil` `floor` `greatest` `least` `log` `round` `sqrt` `haversine`, `toNumber` `toInt` `toLong` `toDouble` | [`arithmetic`] |
//! | `=` `!=` `<` `<=` `>` `>=`, `in [..]` | [`compare`] |
//! | `like` `=~` | [`like`], [`regex`] |
//! | `and` `or` `not`, `isNumeric` | [`coerce`] |
//! | `bin` `datefloor` `dateceil` | [`bucket`], [`logmark_insights::period`] |
//! | `fromMillis` `toMillis` `now` | [`time`] |
//! | `parseDate` | [`java_pattern`] |
//! | `formatDate` `strftime` | [`time_format`] |
//! | `queryStartTime` `queryEndTime` `queryTimeRange`, `ispresent` `coalesce` `case` `if` `messageSize` | [`call`] |
//! | `jsonParse` `jsonStringify` `jsonArraySize` `jsonArrayContains` | [`json`]; paths into a value: [`json_path`] |
//! | `isValidIp` … `isReservedIP`, `isIpInSubnet` …, `ipv4ToNumber` | [`ip`] |
//! | `isempty` `isblank` `concat` `trim` `ltrim` `rtrim` `strlen` `toupper` `tolower` `substr` `strcontains` `startsWith` `endsWith` `split` | [`strings`] |
//! | `replace` `regexReplace` | [`replace`] |
//! | `urlencode` `urldecode` `base64encode` `base64decode` `hexToAscii` `hexToDec` `decToHex` `md5` `sha256` | [`encode`] |
//! | `count` `count_distinct` `sum` `avg` `min` `max` `pct` `stddev` `earliest` `latest` `sortsFirst` `sortsLast`; `count_over_time` is `count`, `sum_over_time` is `sum`, of each `bin` | [`aggregate`] |
//! | `values` `topk` `histogram` `rate` | [`distribution`] |
//! | `sort` | [`order`] |
//! | `parse` with `*`, an expression, `logfmt`, `csv`, `xml`; `json field=` | [`parse_glob`], [`parse_regex`], [`logfmt`], [`csv`], [`parse_xml`]; [`json_path`] |
//! | discovered fields | [`fields`], [`log_fields`] |
//!
//! `unmask` returns its argument: CloudWatch masks nothing in a local store. `histogram` after `by` is not defined.
//! [`crate::evaluate`] evaluates expressions.
//!
//! ```
//! use logmark_insights::functions::Function;
//! use logmark_engine::values::call::{Argument, Context, Prepared, QueryTimes};
//! use logmark_engine::values::value::Value;
//!
//! // Compiled once …
//! let pattern = Argument::Value(Value::from(r"\d+"));
//! let mask = Argument::Value(Value::from("#"));
//! let masked = Prepared::new(Function::RegexReplace, &[None, Some(pattern), Some(mask)]).unwrap();
//! // … and applied to every event.
//! let context = Context::of_query(QueryTimes { start: 0, end: 0, now: 0 });
//! assert_eq!(masked.apply(&[Value::from("order 17 of 23")], &context), Value::from("order # of #"));
//! ```

pub mod value;
pub mod number;
pub mod coerce;
pub mod compare;
pub mod order;
pub mod arithmetic;
pub mod bucket;
pub mod time;
pub mod java_pattern;
pub mod time_format;
pub mod strings;
pub mod replace;
pub mod encode;
pub mod ip;
pub mod regex;
mod regex_backtracking;
pub mod regex_matches;
pub mod like;
pub mod parse_glob;
pub mod parse_regex;
pub mod parse_xml;
pub mod csv;
mod map_builder;
pub mod logfmt;
pub mod json;
pub(crate) mod json_tokens;
pub mod json_path;
pub mod fields;
pub mod log_fields;
pub mod aggregate;
pub mod distribution;
pub mod call;
