//! Combines two patterns into one that matches the messages that both match, if the language can express it.
//!
//! Never approximates: a combination that would match more or fewer messages is refused.

use std::fmt;

use logmark_diagnostics::Diagnostic;

use crate::FilterPattern;
use crate::ast::{Condition, Field, FieldTest, Fields, NamedField, Pattern, Sign, Term};
use crate::parse::condition::all_of;

/// Why two patterns cannot be combined.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CannotCombine {
    /// They have different forms (terms, JSON, fields): the language has no pattern of two forms.
    DifferentForms {
        /// The form of the first.
        first: &'static str,
        /// The form of the second.
        second: &'static str,
    },
    /// `?A ?B` cannot be combined with other terms: CloudWatch ignores optional terms beside others.
    OptionalTerms,
    /// The space-delimited patterns do not have the same fields at the same positions.
    DifferentFields {
        /// The first position that differs, from 1.
        position: usize,
    },
    /// The combination exceeds a limit of the language: length, wildcards, regular expressions, depth.
    BeyondLimits(Vec<Diagnostic>),
}

/// The pattern that matches exactly the messages that both match.
///
/// - [`Pattern::Everything`] with another pattern: the other pattern.
/// - Terms with terms: all terms of both. A single `?A` is the same as `A`; `?A ?B` combines only with itself.
/// - JSON with JSON: both conditions, joined by `&&`.
/// - Fields with fields: if both have the same fields at the same positions, each field with both conditions.
///
/// # Errors
///
/// [`CannotCombine`] when the language has no such pattern, or it exceeds the limits.
///
/// ```
/// use logmark_filter_pattern::{FilterPattern, and};
///
/// let theirs = FilterPattern::parse(r#"{ $.level = "error" || $.status >= 500 }"#).unwrap();
/// let ours = FilterPattern::parse(r#"{ $.tenant = "acme" }"#).unwrap();
/// let both = and(&ours, &theirs)?;
/// assert_eq!(both.to_string(), "{ $.tenant = acme && ($.level = error || $.status >= 500) }");
/// # Ok::<(), logmark_filter_pattern::CannotCombine>(())
/// ```
pub fn and(first: &FilterPattern, second: &FilterPattern) -> Result<FilterPattern, CannotCombine> {
    if first == second {
        return Ok(first.clone());
    }
    let tree = match (first.ast(), second.ast()) {
        (Pattern::Everything, _) => return Ok(second.clone()),
        (_, Pattern::Everything) => return Ok(first.clone()),
        (Pattern::Terms(these), Pattern::Terms(those)) => Pattern::Terms(terms(these, those)?),
        (Pattern::Json(this), Pattern::Json(that)) => Pattern::Json(conjunction(this, that)),
        (Pattern::Fields(these), Pattern::Fields(those)) => Pattern::Fields(fields(these, those)?),
        (this, that) => return Err(CannotCombine::DifferentForms { first: form(this), second: form(that) }),
    };
    FilterPattern::try_from(tree).map_err(CannotCombine::BeyondLimits)
}

const fn form(pattern: &Pattern) -> &'static str {
    match pattern {
        Pattern::Everything => "everything",
        Pattern::Terms(_) => "terms",
        Pattern::Json(_) => "JSON conditions",
        Pattern::Fields(_) => "space-delimited fields",
    }
}

fn terms(these: &[Term], those: &[Term]) -> Result<Vec<Term>, CannotCombine> {
    let mut all = Vec::new();
    for term in effective(these)?.into_iter().chain(effective(those)?) {
        if !all.contains(&term) {
            all.push(term);
        }
    }
    Ok(all)
}

/// The terms of one pattern, each required or excluded.
///
/// Optional terms have no effect beside required terms. The page says the same for excluded terms alone, but the behaviour of
/// CloudWatch is not confirmed: such patterns are not combined.
fn effective(terms: &[Term]) -> Result<Vec<Term>, CannotCombine> {
    let count = |sign| terms.iter().filter(|term| term.sign == sign).count();
    if count(Sign::Optional) == 0 {
        return Ok(terms.to_vec());
    }
    if count(Sign::Required) > 0 {
        return Ok(terms.iter().filter(|term| term.sign != Sign::Optional).cloned().collect());
    }
    match terms {
        [only, rest @ ..] if rest.iter().all(|term| term == only) => Ok(vec![Term { sign: Sign::Required, ..only.clone() }]),
        _ => Err(CannotCombine::OptionalTerms),
    }
}

/// Both conditions, each member once.
fn conjunction<T: Clone + PartialEq>(this: &Condition<T>, that: &Condition<T>) -> Condition<T> {
    let mut all = Vec::new();
    for member in members(this).iter().chain(members(that)) {
        if !all.contains(member) {
            all.push(member.clone());
        }
    }
    all_of(all)
}

fn members<T>(condition: &Condition<T>) -> &[Condition<T>] {
    match condition {
        Condition::All(members) => members,
        other => std::slice::from_ref(other),
    }
}

/// The same fields at the same positions: then both patterns split a message into the same fields, and each field must satisfy
/// both conditions.
fn fields(these: &Fields, those: &Fields) -> Result<Fields, CannotCombine> {
    let mut merged = Vec::new();
    for (index, this) in these.fields.iter().enumerate() {
        let position = index + 1;
        let differs = CannotCombine::DifferentFields { position };
        let field = match (this, those.fields.get(index).ok_or_else(|| differs.clone())?) {
            (Field::Ellipsis(span), Field::Ellipsis(_)) => Field::Ellipsis(*span),
            (Field::Empty(span), Field::Empty(_)) => Field::Empty(*span),
            (Field::Named(this), Field::Named(that)) if this.name == that.name => Field::Named(named(this, that)),
            _ => return Err(differs),
        };
        merged.push(field);
    }
    if those.fields.len() > these.fields.len() {
        return Err(CannotCombine::DifferentFields { position: these.fields.len() + 1 });
    }
    Ok(Fields { fields: merged, span: these.span })
}

fn named(this: &NamedField, that: &NamedField) -> NamedField {
    let condition: Option<Condition<FieldTest>> = match (&this.condition, &that.condition) {
        (Some(this), Some(that)) => Some(conjunction(this, that)),
        (one, other) => one.clone().or_else(|| other.clone()),
    };
    NamedField { name: this.name.clone(), condition }
}

impl fmt::Display for CannotCombine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DifferentForms { first, second } => write!(f, "no pattern has both {first} and {second}"),
            Self::OptionalTerms => {
                f.write_str("optional terms (`?A ?B`) are ignored beside other terms, so they cannot be combined with any")
            }
            Self::DifferentFields { position } => {
                write!(
                    f,
                    "the two space-delimited patterns differ in field {position}: only patterns with the same fields combine"
                )
            }
            Self::BeyondLimits(faults) => {
                f.write_str("together the two patterns are beyond a limit")?;
                faults.first().map_or(Ok(()), |fault| write!(f, ": {}", fault.message()))
            }
        }
    }
}

impl std::error::Error for CannotCombine {}
