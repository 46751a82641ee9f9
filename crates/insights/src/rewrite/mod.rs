//! Changes to a query that keep what it means: a filter in front, a bound on its rows.
//!
//! Owns nothing of who may ask what. What cannot be done without a change of meaning is refused, with the reason, and so
//! is everything of which the documentation leaves open what it would mean. A query is never changed in place.
//!
//! A filter in front concerns the events that a query reads from log groups. It is no fence around the log groups: whether
//! a query leaves them is for [`Reach`](crate::reach::Reach) to say, and to be asked first.

mod filter;
mod limit;

use std::fmt;

use logmark_diagnostics::Span;

use crate::ast::CommandName;
use crate::reach::Nesting;

pub use limit::DEFAULT_LIMIT;

/// What becomes of the queries in a query (`join`, `appendcols`, `in ( … )`), which read events of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nested {
    /// There must be none.
    Refused,
    /// Their events are filtered by the same condition.
    Filtered,
}

/// Why a query cannot be changed so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub reason: Reason,
    /// What is in the way; empty when that was written nowhere.
    pub span: Span,
}

/// What is in the way of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Another query in it reads events of its own.
    NestedQuery(Nesting),
    /// What a saved query does is not known.
    SavedQuery,
    /// The query is nested too deep to be looked at.
    TooDeep,
    /// `SOURCE` stands in another place than the first.
    SourceNotFirst,
    /// The condition has an aggregate, another query, or `unmask` in it, or a literal that ends in `\`.
    NotACondition,
    /// A bound of 0 rows cannot be written.
    NoRows,
    /// What a `limit` before that command means is not documented, or to lower it would change what the command gives.
    LimitBefore(CommandName),
    /// `addtotals col=true` puts a row of sums below all others, which a limit would cut off.
    SummaryRow,
}

impl Refusal {
    const fn new(reason: Reason, span: Span) -> Self {
        Self { reason, span }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Reason::NestedQuery(Nesting::Join) => f.write_str("the query of `join` reads events of its own"),
            Reason::NestedQuery(Nesting::AppendCols) => f.write_str("the query of `appendcols` reads events of its own"),
            Reason::NestedQuery(Nesting::In) => f.write_str("the query after `in` reads events of its own"),
            Reason::SavedQuery => f.write_str("the effect of a saved query is not known"),
            Reason::TooDeep => f.write_str("the query is nested too deep"),
            Reason::SourceNotFirst => f.write_str("`SOURCE` is not the first command"),
            Reason::NotACondition => {
                f.write_str("the condition has an aggregate, another query, `unmask`, or `\\` at the end of a literal in it")
            }
            Reason::NoRows => f.write_str("a limit is at least 1"),
            Reason::LimitBefore(command) => write!(f, "`{command}` comes after a `limit`"),
            Reason::SummaryRow => f.write_str("a limit would cut off the row of sums of `addtotals`"),
        }
    }
}

impl std::error::Error for Refusal {}
