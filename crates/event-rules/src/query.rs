//! Translates a row rule into a condition of Logs Insights.
//!
//! Owns the equivalence: for each event, the condition holds exactly when [`logmark_filter_pattern::Matcher`] matches its
//! message. A part of a pattern without an equivalent is an [`Untranslatable`] that names it; a rule is never approximated.
//!
//! # Form
//!
//! The condition tests `@message` with regular expressions, not discovered fields. Whether a field is discovered depends on
//! things that a rule must not depend on: CloudWatch discovers at most 200 fields of an event, also finds fields in lines that
//! are not JSON, coerces types, and flattens names, so that a member `a.b` looks like the member `b` of `a`. A number that is
//! compared by its value is the exception: its field is compared, after the expressions have shown that the message has exactly
//! this member and that it is a string or a number.
//!
//! # What CloudWatch is assumed to do
//!
//! The local engine proves the equivalence. That CloudWatch agrees is assumed for: regular expressions as in RE2 without flags,
//! `jsonParse` of an invalid text is not a map, `jsonStringify` of a map begins with `{`, and comparisons of numbers with
//! discovered fields. If a number is not discovered, its event is hidden.
//!
//! # Which events are hidden although the rule matches them
//!
//! Where an expression would be too long, an event is hidden rather than shown. Such events are unusual:
//!
//! - values beside the member that nest deeper than 8 levels,
//! - other members beside it whose name has a `\u` escape for a character of the rule's member names,
//! - numbers with an exponent of three or more digits, or with hundreds of digits,
//! - for a comparison of a number below a member, a member whose name joins the names of the path by points.
//!
//! The reverse happens in one case: filter patterns read JSON that nests 127 deep, `jsonParse` of the local engine 128.

mod expression;
mod json;
mod numbers;
mod shape;
mod spelling;
mod terms;

use std::fmt;

use logmark_diagnostics::Span;
use logmark_filter_pattern::FilterPattern;
use logmark_filter_pattern::ast::Pattern;
use logmark_insights::ast::Expression;

/// The maximum number of characters of a condition. `StartQuery` takes queries of 10,000 characters.
const MAX_CHARACTERS: usize = 7_000;

/// A row rule that has no equivalent in the query language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untranslatable {
    /// The part of the pattern's text that cannot be translated.
    pub part: Span,
    /// The reason.
    pub reason: UntranslatableReason,
}

/// Why a part of a row rule has no equivalent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UntranslatableReason {
    /// A space-delimited pattern.
    Fields,
    /// `= %regex%` and `!= %regex%`: the expression would search the member as written in the message, with its escapes.
    RegexOfMember,
    /// `NOT EXISTS` of elements: `[0]`, `[*]`, `.*`.
    AbsentElement,
    /// A comparison by value of elements, or of `.*`.
    NumberOfElement,
    /// A comparison with a number that is not exact in a query: with more than 15 digits.
    LongNumber,
    /// A number in a member with a name that a query cannot write as a field.
    FieldName,
    /// An element with a large index.
    Index,
    /// `!=` of an element, or of `.*`.
    DifferentElement,
    /// A regular expression that is too large or that queries do not have.
    Regex,
    /// The condition has more characters than a query has room for.
    TooLong,
}

/// The row rule as a condition for `filter`: for each event it holds exactly when the rule matches the message.
///
/// The module documentation says what is assumed about CloudWatch. Positions in the error are positions in the rule's text.
///
/// # Errors
///
/// [`Untranslatable`] with the first part that has no equivalent.
pub fn query_condition(rule: &FilterPattern) -> Result<Expression, Untranslatable> {
    let condition = match rule.ast() {
        Pattern::Everything => expression::everything(),
        Pattern::Terms(terms) => terms::condition(terms)?,
        Pattern::Json(condition) => json::condition(condition)?,
        Pattern::Fields(fields) => return Err(Untranslatable { part: fields.span, reason: UntranslatableReason::Fields }),
    };
    if condition.to_string().chars().count() > MAX_CHARACTERS {
        let part = Span::new(0, rule.as_str().len());
        return Err(Untranslatable { part, reason: UntranslatableReason::TooLong });
    }
    Ok(condition)
}

/// The condition that a message is one JSON object: other messages are withheld under a mask.
///
/// # Errors
///
/// Never: the condition is a constant.
pub fn json_object_condition() -> Result<Expression, UntranslatableReason> {
    expression::is_json_object()
}

impl UntranslatableReason {
    /// The reason as a clause.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Fields => "queries cannot split a message into space-delimited fields as filter patterns do",
            Self::RegexOfMember => "queries cannot search one member of a message with a regular expression of filter patterns",
            Self::AbsentElement => "queries cannot test that an element or a member of any name does not exist",
            Self::NumberOfElement => "queries cannot compare a number in an element or in a member of any name",
            Self::LongNumber => "queries cannot compare numbers of more than 15 digits exactly",
            Self::FieldName => "queries cannot name this member as a field",
            Self::Index => "queries cannot select an element with an index above 9",
            Self::DifferentElement => "queries cannot test that an element or a member of any name is another text",
            Self::Regex => "queries do not have this regular expression, or it is too large for them",
            Self::TooLong => "the rule becomes too long for a query",
        }
    }
}

impl fmt::Display for Untranslatable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason.text())
    }
}

impl std::error::Error for Untranslatable {}
