//! Access-log formats: API Gateway's own templates, web servers, load balancers and CloudFront; lines to typed records and back.
//!
//! ```
//! use logmark_access_log::{Field, Known, Line};
//!
//! let format = Known::RestClf2018.format().unwrap();
//! let line = r#"203.0.113.7 - - [17/May/2015:10:05:03 +0000] "GET /pets HTTP/1.1" 200 17 abe3ddf0-3e05-59aa-940a-9c123c89cca2"#;
//! let Line::Access(record) = format.parse(line) else { panic!("not an access line") };
//! assert_eq!(record.text(Field::ResourcePath).as_deref(), Some("/pets"));
//! assert_eq!(record.integer(Field::ResponseLength), Some(17));
//! assert_eq!(record.text(Field::IdentityUser), None);
//! ```
//!
//! - [`Format::from_template`] compiles a `$context` template, [`Known`] has the formats with names, [`recognise()`] finds the format
//!   of lines.
//! - [`Format::parse`] classifies a line and gives the values of an access line; nothing is copied that needs no decoding.
//! - [`Format::query_prelude`] gives the same rows from a Logs Insights query.
//! - [`Format::missing`] tells the fields that a format lacks.
//!
//! # Rules
//!
//! - A value lands in its field or the line is not read: a line with two readings is [`Line::Unparsed`].
//! - A value is missing if it is `-`.
//! - Identifiers and names have no white space and do not contain the separator beside them; paths may contain commas and quotes,
//!   other texts everything but line ends.
//! - Time and memory are linear in the length of a line (times the number of values, for lines with several texts).
//!
//! Does not read files, knows no log groups and runs no queries.
//!
//! # Layout
//!
//! - [`field`], [`variable`]: canonical fields, and the variables of API Gateway
//! - `template`, `compile`, `known`, `web`: from templates and patterns to formats
//! - `class`, `sequence`, `json`, `xml`: how lines are matched, and how values are escaped
//! - `format`, `layout`, `line`, `record`, `time`: formats, and the values of a line
//! - `recognise`, `json_keys`: the format of lines without a template
//! - `split`: lines without line ends between them
//! - `prelude`: commands of queries

pub mod field;
pub mod variable;
mod template;
mod compile;
mod known;
mod web;
mod xml;
mod class;
mod sequence;
mod json;
mod layout;
mod format;
mod line;
mod record;
mod time;
mod recognise;
mod json_keys;
mod split;
mod prelude;

pub use field::{Field, Kind};
pub use format::Format;
pub use known::{ALL_REPORTS_TEMPLATE, Known};
pub use line::{Line, LineKind, is_execution};
pub use prelude::Prelude;
pub use recognise::recognise;
pub use record::{MISSING, Record, Values};
pub use template::{TemplateError, TemplateErrors};
