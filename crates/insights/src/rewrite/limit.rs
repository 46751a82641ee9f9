//! A bound on the rows of a query.
//!
//! What several `limit`s mean together, and what one means before commands like `stats`, is not documented. So a bound is
//! put only where every reading of the documentation gives the same: at the end of a query without a `limit`, on the
//! `limit`s that end it, and on one that only commands follow which change rows one by one.

use logmark_diagnostics::{Span, Spanned};

use crate::ast::{AddTotals, Command, Limit, LimitMode, Query};
use crate::commands::RowEffect;

use super::{Reason, Refusal};

/// The rows of a query that has no `limit`. Page: `CWL_QuerySyntax-Limit`.
pub const DEFAULT_LIMIT: u32 = 10_000;

impl Query {
    /// The same query with at most `max` rows: the first of those that it gave, or any of them where it has `limit any`.
    ///
    /// A query without a `limit` gets one. It has [`DEFAULT_LIMIT`] rows as it stands, and never gets more.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when `max` is 0, and when no bound can be put without a change of what else the query gives.
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
            // `estimate` gives one row, and nothing may follow it.
            let limit = Limit { count: Spanned::made(max.min(DEFAULT_LIMIT)), mode: LimitMode::First };
            query.commands.push(Spanned::made(Command::Limit(limit)));
        }
        Ok(query)
    }
}

/// Lowers all limits of a query, from the first on to its end.
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
