//! Rewrites a query without changing its meaning otherwise: adds a filter in front, bounds its rows.
//!
//! Does not decide who may read what. A rewriting that would change the meaning, or whose meaning the documentation leaves open,
//! is refused with the reason. A query is never changed in place.
//!
//! A filter in front restricts the events that a query reads from log groups, not the log groups. Check with
//! [`Reach`](crate::reach::Reach) first whether a query leaves its log groups.

mod filter;
mod limit;

use std::fmt;

use logmark_diagnostics::Span;

use crate::ast::CommandName;
use crate::reach::Nesting;

pub use limit::DEFAULT_LIMIT;

/// How nested queries (`join`, `appendcols`, `in ( … )`), which read events of their own, are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nested {
    /// A query with nested queries is refused.
    Refused,
    /// Their events are filtered by the same condition.
    Filtered,
}

/// Why a query cannot be rewritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub reason: Reason,
    /// The position of the obstacle; empty when it was not written.
    pub span: Span,
}

/// The reason for a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A nested query reads events of its own.
    NestedQuery(Nesting),
    /// The effect of a saved query is not known.
    SavedQuery,
    /// The query is nested too deep to be analysed.
    TooDeep,
    /// `SOURCE` is not the first command.
    SourceNotFirst,
    /// The condition contains an aggregate, another query, `unmask`, or a literal that ends in `\`.
    NotACondition,
    /// A bound of 0 rows cannot be written.
    NoRows,
    /// AWS does not document the meaning of a `limit` before that command, or lowering it would change the command's result.
    LimitBefore(CommandName),
    /// `addtotals col=true` adds a last row with sums, which a limit would cut off.
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
