//! Columns: `expression [as name]`, the parts of `fields`, `display` and `stats`.

use std::fmt;

use logmark_diagnostics::Spanned;

use crate::ast::{Expression, FieldPath};
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::{expression, names};
use crate::print::with;

/// An expression, and the field that its value becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The expression. Without an alias the column's name is the text of the expression: the part of the query at its span.
    pub expression: Spanned<Expression>,
    /// `as c`: without an index.
    pub alias: Option<Spanned<FieldPath>>,
}

impl Column {
    /// Whether the name of the column is the text of its expression.
    pub(crate) const fn is_unnamed(&self) -> bool {
        self.alias.is_none() && !matches!(self.expression.node, Expression::Field(_))
    }

    /// The name of the column: its alias, or the text of its expression.
    pub(crate) fn name(&self) -> String {
        match (&self.alias, &self.expression.node) {
            (Some(alias), _) => alias.node.flat_name(),
            (None, Expression::Field(field)) => field.flat_name(),
            (None, expression) => expression.to_string(),
        }
    }
}

/// `expression [as name], …`: at least one column.
pub(super) fn columns(cursor: &mut Cursor<'_>) -> Parsed<Vec<Column>> {
    names::comma_list(cursor, |cursor| {
        let expression = expression::expression(cursor)?;
        cursor.expect_also("an operator");
        Ok(Column { expression, alias: names::alias(cursor)? })
    })
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)?;
        with(f, " as ", self.alias.as_ref())
    }
}
