//! `join`, `appendcols`: another query's rows beside this one's. Pages: CWL_QuerySyntax-Join, CWL_QuerySyntax-Appendcols.

use logmark_diagnostics::Spanned;

use super::{FieldPath, Name, Query};

/// `join type=left left=a right=b where a.k=b.k (SOURCE 'g' | fields k, v)`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// `type=`: what becomes of events without a partner.
    pub kind: JoinKind,
    /// `left=`: the name of the events so far.
    pub left: Spanned<Name>,
    /// `right=`: the name of the other query's events.
    pub right: Spanned<Name>,
    /// What must be equal; at least one.
    pub keys: Vec<JoinKey>,
    /// The other query. Its first command is `SOURCE`.
    pub query: Spanned<Query>,
}

/// What becomes of events without a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// `inner`: they are left out. The default.
    Inner,
    /// `left`: those of the left side stay.
    Left,
}

/// `a.k = b.k`, as it was written: which side comes first is free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinKey {
    /// Before the `=`.
    pub first: Spanned<FieldPath>,
    /// After it.
    pub second: Spanned<FieldPath>,
}

/// `appendcols override=true max=500 ( SOURCE 'g' | stats count(*) )`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendCols {
    /// `override=true`: its columns replace those of the same name.
    pub overrides: bool,
    /// `max=`: how many rows are looked at, 1 to 100,000; 10,000 when nothing is said.
    pub max: Option<Spanned<u32>>,
    /// The other query.
    pub query: Spanned<Query>,
}
