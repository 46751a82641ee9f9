//! Commands over the rows of a result. Pages: CWL_QuerySyntax-Filldown, -Fillmissing, -Addtotals, -Accum, -Autoregress.

use logmark_diagnostics::Spanned;

use super::{FieldPath, Literal, Name, Wildcard};

/// `filldown host cpu*`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FillDown {
    /// The fields; none: all.
    pub targets: Vec<Spanned<FillTarget>>,
}

/// One field, or all whose names are like a wildcard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FillTarget {
    /// `host`
    Field(FieldPath),
    /// `cpu*`
    Wildcard(Wildcard),
}

/// `fillmissing with 0 for a, "none" for b`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FillMissing {
    /// The values of the new rows; none: only their periods are filled.
    pub fills: Vec<Fill>,
}

/// `0 for a`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fill {
    /// The value.
    pub value: Spanned<Literal>,
    /// The field.
    pub field: Spanned<FieldPath>,
}

/// `addtotals fieldname=Sum row=true col=true a, b`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddTotals {
    /// `fieldname=`: the new field; `Total` when nothing is said.
    pub field_name: Option<Spanned<Name>>,
    /// `row=`: the sum of each row in a new field. The default is true.
    pub row: bool,
    /// `col=`: the sum of each column in a new row. The default is false.
    pub column: bool,
    /// The fields that are summed; none: all that are numbers.
    pub fields: Vec<Spanned<FieldPath>>,
}

/// `accum bytes as total`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accum {
    /// The field that is summed.
    pub field: Spanned<FieldPath>,
    /// The new field.
    pub alias: Option<Spanned<FieldPath>>,
}

/// `autoregress bytes as b p=1-4`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoRegress {
    /// The field whose earlier values are wanted.
    pub field: Spanned<FieldPath>,
    /// The beginning of the names of the new fields; the field's own name when nothing is said.
    pub alias: Option<Spanned<FieldPath>>,
    /// `p=`: how many rows earlier, from the first to the last, at least 1; 1 to 1 when nothing is said.
    pub lags: Option<Spanned<(u32, u32)>>,
}
