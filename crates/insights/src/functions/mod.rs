//! The functions of the language: their names, their kinds and what arguments they take.
//!
//! Owns the table and nothing of what a function computes (the engine does). Names are found in any case, as
//! CloudWatch finds them, and printed as its documentation spells them.

mod table;

use std::fmt;

pub use table::Function;

/// Where a function may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FunctionKind {
    /// In every expression: it is computed from one event.
    Scalar,
    /// In `stats` only: it is computed from a group of events.
    Aggregate,
    /// In `stats` as an aggregate, and after its `by` as a value.
    Either,
}

/// What stands at one place between a function's parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Parameter {
    /// Any expression that is computed from one event.
    Value,
    /// Any such expression, or `*`.
    ValueOrStar,
    /// A number that is written as such.
    Number,
    /// A period of time that is written as such: `5m`.
    Period,
}

/// What arguments a function takes: those that must be there, those that may follow, and what may follow those.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// Where the function may stand.
    pub kind: FunctionKind,
    /// The arguments that must be there.
    pub required: &'static [Parameter],
    /// The arguments that may follow.
    pub optional: &'static [Parameter],
    /// How many more values may follow.
    pub more: usize,
    /// The arguments as the documentation names them: `value, period`.
    pub names: &'static str,
}

impl Signature {
    /// The fewest arguments.
    #[must_use]
    pub const fn least(&self) -> usize {
        self.required.len()
    }

    /// The most arguments.
    #[must_use]
    pub const fn most(&self) -> usize {
        self.required.len().saturating_add(self.optional.len()).saturating_add(self.more)
    }

    /// What stands at a place, counted from 0; `None` past the last.
    #[must_use]
    pub fn parameter(&self, place: usize) -> Option<Parameter> {
        let named = self.required.iter().chain(self.optional).nth(place).copied();
        named.or_else(|| (place < self.most()).then_some(Parameter::Value))
    }
}

impl Function {
    /// The function of that name, in any case; `None` when the language has none such.
    ///
    /// ```
    /// use logmark_insights::functions::Function;
    ///
    /// assert_eq!(Function::find("ISPRESENT"), Some(Function::IsPresent));
    /// assert_eq!(Function::find("frobnicate"), None);
    /// ```
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        let is = |function: &Self| function.spellings().iter().any(|spelling| spelling.eq_ignore_ascii_case(word));
        Self::ALL.iter().copied().find(is)
    }

    /// The name that is printed: the documentation's.
    #[must_use]
    pub fn spelling(self) -> &'static str {
        // INVARIANT: the table gives every function at least one spelling.
        self.spellings().first().copied().unwrap_or_default()
    }

    /// Whether it is computed from a group of events, or can be.
    #[must_use]
    pub fn is_aggregate(self) -> bool {
        self.signature().kind != FunctionKind::Scalar
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.spelling())
    }
}
