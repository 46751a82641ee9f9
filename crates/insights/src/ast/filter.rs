//! `filter` and `where`, `filterIndex`. Pages: CWL_QuerySyntax-Filter, CWL_QuerySyntax-FilterIndex, CWL_QuerySyntax-Where.

use logmark_diagnostics::Spanned;

use super::{Expression, FieldPath, Literal};

/// `filter a = 1 and b like /x/`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// What must hold.
    pub condition: Spanned<Expression>,
}

/// `filterIndex f = "v"`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterIndex {
    /// The indexed field.
    pub field: Spanned<FieldPath>,
    /// The values that it may have.
    pub values: Spanned<IndexValues>,
}

/// The values that an indexed field may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexValues {
    /// `= "v"`
    Equal(Spanned<Literal>),
    /// `in ["v", "w"]`: at least one.
    In(Vec<Spanned<Literal>>),
}
