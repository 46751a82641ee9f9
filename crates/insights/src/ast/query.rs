//! A query.

use logmark_diagnostics::Spanned;

use super::Command;

/// A whole query, or a query nested in `join`, `appendcols` or `in ( … )`: its commands in order, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The commands between the pipes. [`Command::Source`] is the first if there is one.
    pub commands: Vec<Spanned<Command>>,
}
