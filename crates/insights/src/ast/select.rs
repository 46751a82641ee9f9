//! `fields`, `display`. Pages: CWL_QuerySyntax-Fields, CWL_QuerySyntax-Display.

use logmark_diagnostics::Spanned;

use super::{Expression, FieldPath};

/// `fields a, b + 1 as c`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    /// The columns; at least one.
    pub columns: Vec<Column>,
}

/// `display a, b`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Display {
    /// The columns; at least one.
    pub columns: Vec<Column>,
}

/// An expression, and the field that its value becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What is computed. Without an alias the column is named by its text: `expression.span` of what was written.
    pub expression: Spanned<Expression>,
    /// `as c`: no index in it.
    pub alias: Option<Spanned<FieldPath>>,
}
