//! The functions of the language: their names, kinds and parameters.
//!
//! Owns the table. Engines define the values of functions. Names are found in any case, as CloudWatch finds them, and printed in
//! the spelling of the documentation.

mod table;

use std::fmt;

pub use table::Function;

/// Where a function is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FunctionKind {
    /// In every expression: it is computed from one event.
    Scalar,
    /// In `stats` only: it is computed from a group of events.
    Aggregate,
    /// In `stats` as an aggregate, and after its `by` as a value.
    Either,
}

/// The kind of one parameter of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Parameter {
    /// Any expression that is computed from one event.
    Value,
    /// Any expression that is computed from one event, or `*`.
    ValueOrStar,
    /// A literal number.
    Number,
    /// A literal period of time: `5m`.
    Period,
}

/// The parameters of a function: required, optional, and further values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// Where the function is allowed.
    pub kind: FunctionKind,
    /// The required parameters.
    pub required: &'static [Parameter],
    /// The optional parameters.
    pub optional: &'static [Parameter],
    /// The number of further values that may follow.
    pub more: usize,
    /// The names of the parameters for messages: `value, period`.
    pub names: &'static str,
}

impl Signature {
    /// The minimum number of arguments.
    #[must_use]
    pub const fn least(&self) -> usize {
        self.required.len()
    }

    /// The maximum number of arguments.
    #[must_use]
    pub const fn most(&self) -> usize {
        self.required.len().saturating_add(self.optional.len()).saturating_add(self.more)
    }

    /// The parameter at an index from 0; `None` past the last.
    #[must_use]
    pub fn parameter(&self, index: usize) -> Option<Parameter> {
        let named = self.required.iter().chain(self.optional).nth(index).copied();
        named.or_else(|| (index < self.most()).then_some(Parameter::Value))
    }
}

impl Function {
    /// The function with that name, in any case; `None` for an unknown name.
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

    /// The spelling of the documentation, which is printed.
    #[must_use]
    pub fn spelling(self) -> &'static str {
        // INVARIANT: the table gives every function at least one spelling.
        self.spellings().first().copied().unwrap_or_default()
    }

    /// Whether it is, or can be, computed from a group of events.
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
