//! `expand`, `unnest`, `lookup`, `cidrlookup`. Pages: CWL_QuerySyntax-Expand, -Unnest, -Lookup, -Cidrlookup.

use logmark_diagnostics::Spanned;

use super::{FieldPath, Name};

/// `expand items`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expand {
    /// The field whose array becomes rows.
    pub field: Spanned<FieldPath>,
}

/// `unnest list into item`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unnest {
    /// The field whose list becomes rows.
    pub field: Spanned<FieldPath>,
    /// The new field.
    pub alias: Spanned<FieldPath>,
}

/// `lookup users id as user_id OUTPUT name`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The table: letters, digits, `_` and `-`. It belongs to the account, not to a log group.
    pub table: Spanned<Name>,
    /// What must be equal; at least one.
    pub keys: Vec<LookupKey>,
    /// What becomes of fields that are there already.
    pub mode: LookupMode,
    /// What is taken from the table; at least one.
    pub outputs: Vec<LookupOutput>,
}

/// `id as user_id`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupKey {
    /// The column of the table.
    pub column: Spanned<FieldPath>,
    /// The field of the event; the one of the same name when nothing is said.
    pub field: Option<Spanned<FieldPath>>,
}

/// What a lookup does with fields that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LookupMode {
    /// `OUTPUT`: they are overwritten.
    Output,
    /// `OUTPUTNEW`: they stay.
    OutputNew,
}

/// `name as user_name`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupOutput {
    /// The column of the table.
    pub column: Spanned<FieldPath>,
    /// The new field; the one of the same name when nothing is said.
    pub alias: Option<Spanned<FieldPath>>,
}

/// `cidrlookup networks srcAddr as cidr OUTPUT owner`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CidrLookup {
    /// The table, as in [`Lookup::table`].
    pub table: Spanned<Name>,
    /// The field of the event that holds an address.
    pub field: Spanned<FieldPath>,
    /// The column of the table that holds networks.
    pub column: Option<Spanned<FieldPath>>,
    /// What becomes of fields that are there already.
    pub mode: LookupMode,
    /// What is taken from the table; at least one.
    pub outputs: Vec<LookupOutput>,
}

impl LookupMode {
    /// The keyword.
    #[must_use]
    pub const fn spelling(self) -> &'static str {
        match self {
            Self::Output => "OUTPUT",
            Self::OutputNew => "OUTPUTNEW",
        }
    }
}
