//! The syntax tree of a query.
//!
//! Every part has the span of the text where it was written. Equality ignores spans (see [`logmark_diagnostics::Spanned`]), so a
//! query that was printed and parsed again equals the first. The tree holds the query as written: names are not resolved.
//!
//! A tree that the language cannot write cannot be built: names, numbers and regular expressions are checked when they are
//! made, and no variant stands for "anything else", so that a `match` over [`Command`] cannot miss one.
//!
//! The types of a command are defined in its own file below `commands`, with its grammar.

mod query;
mod name;
mod literal;
mod expression;

pub use crate::commands::{
    Accum, AddTotals, Anomaly, AppendCols, AutoRegress, CidrLookup, Column, Command, CommandName, CountFrequent, Dedup, Diff,
    DiffPeriod, Direction, Display, Estimate, Expand, Fields, Fill, FillDown, FillMissing, FillTarget, Filter, FilterIndex,
    IndexValues, Join, JoinKey, JoinKind, Json, Limit, LimitMode, LogClass, LogCompare, LogGroups, Lookup, LookupKey, LookupMode,
    LookupOutput, Matches, Outlier, OutlierAction, Parse, ParseFormat, Pattern, RelevantFields, SavedQuery, SavedQueryArgument,
    Selector, Sessionize, Sort, SortKey, Source, Stats, TagFilter, TimePoint, Unnest,
};
pub use crate::period::{Period, PeriodError, Unit as PeriodUnit};
pub use expression::{Argument, BinaryOperator, Call, Expression, MatchOperator, MatchPattern, Set, SetOperator, UnaryOperator};
pub use literal::{Literal, Number, Regex, Text};
pub use name::{FieldPath, Name, NotWritable, Segment, Wildcard};
pub use query::Query;
