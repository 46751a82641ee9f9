//! Bounds the number of rows of a query.
//!
//! AWS does not document the meaning of several `limit`s, and of one before commands like `stats`. So a bound is set only where
//! every reading of the documentation agrees: at the end of a query without a `limit`, on the `limit`s at its end, and on one
//! that is followed only by commands that change rows one by one.

use logmark_diagnostics::{Span, Spanned};

use crate::ast::{AddTotals, Command, Limit, LimitMode, Query};
use crate::commands::RowEffect;

use super::{Reason, Refusal};

/// The number of rows of a query without a `limit`. Page: `CWL_QuerySyntax-Limit`.
pub const DEFAULT_LIMIT: u32 = 10_000;

impl Query {
    /// The query with at most `max` rows: its first rows, or any of them if it has `limit any`.
    ///
    /// A query without a `limit` gets one of at most [`DEFAULT_LIMIT`] rows, which is its limit without one.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when `max` is 0, and when a bound would change the result in other ways.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use logmark_diagnostics::Spanned;
    /// use logmark_insights::ast::{Anomaly, Command, Limit, LimitMode, Query};
    ///
    /// let query = Query { commands: vec![Spanned::made(Command::Anomaly(Anomaly))] };
    /// let bounded = query.bound_limit(50)?;
    /// let limit = Limit { count: Spanned::made(50), mode: LimitMode::First };
    /// assert_eq!(bounded.commands[1].node, Command::Limit(limit));
    /// assert_eq!(bounded.bound_limit(100)?, bounded);
    /// # Ok(())
    /// # }
    /// ```
    pub fn bound_limit(&self, max: u32) -> Result<Self, Refusal> {
        if max == 0 {
            return Err(Refusal::new(Reason::NoRows, Span::at(0)));
        }
        let is = |wanted: fn(&Command) -> bool| self.commands.iter().find(|command| wanted(&command.node));
        if let Some(saved) = is(|command| matches!(command, Command::SavedQuery(_))) {
            return Err(Refusal::new(Reason::SavedQuery, saved.span));
        }
        let summary = |command: &Command| {
            matches!(command, Command::AddTotals(AddTotals { field_name: _, row: _, column: true, fields: _ }))
        };
        if let Some(totals) = is(summary) {
            return Err(Refusal::new(Reason::SummaryRow, totals.span));
        }
        let mut query = self.clone();
        if let Some(first) = query.commands.iter().position(|command| matches!(command.node, Command::Limit(_))) {
            lower(query.commands.get_mut(first..).unwrap_or_default(), max)?;
        } else if !matches!(query.commands.last(), Some(Spanned { node: Command::Estimate(_), span: _ })) {
            // `estimate` gives one row and must be the last command.
            let limit = Limit { count: Spanned::made(max.min(DEFAULT_LIMIT)), mode: LimitMode::First };
            query.commands.push(Spanned::made(Command::Limit(limit)));
        }
        Ok(query)
    }
}

/// Lowers all limits in the commands, which begin at the first limit of the query.
fn lower(commands: &mut [Spanned<Command>], max: u32) -> Result<(), Refusal> {
    let mut lowers = false;
    for command in commands.iter() {
        let may_follow = match command.node.rules().rows() {
            RowEffect::OneToOne => true,
            RowEffect::Subset => !lowers,
            RowEffect::Other => false,
        };
        if !may_follow {
            return Err(Refusal::new(Reason::LimitBefore(command.node.name()), command.span));
        }
        lowers |= matches!(&command.node, Command::Limit(limit) if limit.count.node > max);
    }
    for command in commands {
        if let Command::Limit(limit) = &mut command.node
            && limit.count.node > max
        {
            limit.count = Spanned::made(max);
            command.span = Span::at(0);
        }
    }
    Ok(())
}
