//! `stats`, `sort`, `limit`, `dedup`. Pages: CWL_QuerySyntax-Stats, -Sort, -Limit, -Dedup, -timeseries-functions.

use logmark_diagnostics::Spanned;

use super::{Column, Expression, FieldPath, Period};

/// `stats count(*) as n, max(x) by bin(5m), f offset 1d`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// What is computed of each group; at least one.
    pub aggregates: Vec<Column>,
    /// What the groups have in common; none: there is one group.
    pub by: Vec<Column>,
    /// `offset 1h`: how far the bins are shifted.
    pub offset: Option<Spanned<Period>>,
}

/// `sort a desc, b`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The first decides, the next where it does not; at least one.
    pub keys: Vec<SortKey>,
}

/// `a desc`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    /// What is compared.
    pub expression: Spanned<Expression>,
    /// The direction; the documentation does not say what it is when nothing is said.
    pub direction: Option<Direction>,
}

/// Which comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// `asc`: the smallest.
    Ascending,
    /// `desc`: the greatest.
    Descending,
}

/// `limit 20`, `limit any 20`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// How many rows; 1 to 100,000.
    pub count: Spanned<u32>,
    /// Which.
    pub mode: LimitMode,
}

/// Which rows a limit leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitMode {
    /// The first in the order of the result.
    First,
    /// `any`: whichever are found first.
    Any,
}

/// `dedup a, b`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dedup {
    /// The fields whose values are compared; at least one.
    pub fields: Vec<Spanned<FieldPath>>,
}
