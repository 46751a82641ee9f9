//! Commands that look for what is common, unusual or different. Pages: CWL_QuerySyntax-Pattern, -Diff, -Anomaly,
//! -`RelevantFields`, -Logcompare, -Outlier, -Sessionize, -Countfrequent, -Estimate.

use logmark_diagnostics::Spanned;

use super::{Expression, FieldPath, Number, Period};

/// `pattern @message`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The field whose texts are compared.
    pub field: Spanned<FieldPath>,
}

/// `diff`, `diff previousDay`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// The other period; the one just before, of the same length, when nothing is said.
    pub against: Option<Spanned<DiffPeriod>>,
}

/// A period of the same length, earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiffPeriod {
    /// `previousDay`
    PreviousDay,
    /// `previousWeek`
    PreviousWeek,
    /// `previousMonth`
    PreviousMonth,
}

/// `anomaly`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anomaly;

/// `relevantfields a, b where c > 1`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelevantFields {
    /// The fields that are looked at; none: all.
    pub fields: Vec<Spanned<FieldPath>>,
    /// The events that are compared with the others.
    pub condition: Spanned<Expression>,
}

/// `logcompare timeshift 7d`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogCompare {
    /// How much earlier the other period is.
    pub timeshift: Spanned<Period>,
}

/// `outlier action=remove param=3.0 f`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlier {
    /// `action=`: what becomes of a value far from the others.
    pub action: OutlierAction,
    /// `param=`: how far, in widths between the quartiles; 2.5 when nothing is said.
    pub param: Option<Spanned<Number>>,
    /// `uselower=true`: values that are too small count too.
    pub use_lower: bool,
    /// `mark=true`: the changed values are marked.
    pub mark: bool,
    /// The fields; at least one.
    pub fields: Vec<Spanned<FieldPath>>,
}

/// What becomes of a value far from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutlierAction {
    /// `transform`: it is moved to the border. The default.
    Transform,
    /// `remove`: it is taken out.
    Remove,
}

/// `sessionize user maxspan 30m as session`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sessionize {
    /// What the events of a session have in common; at least one.
    pub fields: Vec<Spanned<FieldPath>>,
    /// The longest pause within a session; 30 minutes when nothing is said.
    pub max_span: Option<Spanned<Period>>,
    /// The new field; `session_id` when nothing is said.
    pub alias: Option<Spanned<FieldPath>>,
}

/// `countFrequent a, b`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountFrequent {
    /// The fields whose values are counted; at least one.
    pub fields: Vec<Spanned<FieldPath>>,
}

/// `estimate`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate;

impl DiffPeriod {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::PreviousDay, Self::PreviousWeek, Self::PreviousMonth];

    /// The period as it is written.
    #[must_use]
    pub const fn spelling(self) -> &'static str {
        match self {
            Self::PreviousDay => "previousDay",
            Self::PreviousWeek => "previousWeek",
            Self::PreviousMonth => "previousMonth",
        }
    }
}
