//! The syntax tree of a query.
//!
//! Every part knows where it was written, and equality ignores that (see [`logmark_diagnostics::Spanned`]), so that a query
//! which was printed and parsed again equals the first. A tree says what was written and no more: no meaning is resolved
//! here, nothing is looked up.
//!
//! What the language cannot write cannot be built: names, numbers and regular expressions are checked when they are made,
//! and no variant stands for "something else", so that a `match` over [`Command`] cannot forget one.
//!
//! One file holds the commands of one family; the parser and the printer are laid out in the same way.

mod query;
mod name;
mod literal;
mod expression;
mod source;
mod select;
mod filter;
mod extract;
mod stats;
mod analyse;
mod enrich;
mod combine;
mod series;

pub use crate::period::{Period, PeriodError, Unit as PeriodUnit};
pub use analyse::{
    Anomaly, CountFrequent, Diff, DiffPeriod, Estimate, LogCompare, Outlier, OutlierAction, Pattern, RelevantFields, Sessionize,
};
pub use combine::{AppendCols, Join, JoinKey, JoinKind};
pub use enrich::{CidrLookup, Expand, Lookup, LookupKey, LookupMode, LookupOutput, Unnest};
pub use expression::{Argument, BinaryOperator, Call, Expression, MatchOperator, MatchPattern, Set, SetOperator, UnaryOperator};
pub use extract::{Json, Matches, Parse, ParseFormat};
pub use filter::{Filter, FilterIndex, IndexValues};
pub use literal::{Literal, Number, Regex, Text};
pub use name::{FieldPath, Name, NotWritable, Segment, Wildcard};
pub use query::{Command, CommandName, Query, SavedQuery, SavedQueryArgument};
pub use select::{Column, Display, Fields};
pub use series::{Accum, AddTotals, AutoRegress, Fill, FillDown, FillMissing, FillTarget};
pub use source::{LogClass, LogGroups, Selector, Source, TagFilter, TimePoint};
pub use stats::{Dedup, Direction, Limit, LimitMode, Sort, SortKey, Stats};
