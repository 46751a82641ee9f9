//! Comparisons with a number by value.
//!
//! The field of the member is compared. Expressions show that it is the field of this member, and that the member is a string or
//! a number. Integers of at most 15 digits are exact in both languages, in comparisons with any number.

use logmark_filter_pattern::ast::{Number, Operator, Step};
use logmark_insights::ast::{BinaryOperator, Expression, FieldPath, Name, Segment};

use super::expression::{all, any, compared, is_present, like, not_like};
use super::{UntranslatableReason, json, shape};

/// Below this every integer and every decimal is read exactly alike by filter patterns and queries.
const LARGEST: f64 = 1e15;

/// A smaller number has too many digits after its point.
const SMALLEST: f64 = 1e-6;

/// `$.a.b >= 5`
pub(super) fn condition(
    steps: &[Step],
    names: &[&str],
    operator: Operator,
    number: &Number,
) -> Result<Expression, UntranslatableReason> {
    let written = written(number)?;
    let field = field(names)?;
    let comparison = compared(&field, binary(operator), &written)?;
    let bare_point = shape::reaches(steps, &json::string_with_bare_point())?;
    let mut parts = vec![like(&shape::reaches(steps, &shape::text_or_number())?)?];
    if let Some(joined) = shape::joined_names(names) {
        parts.push(not_like(&joined)?);
    }
    if operator == Operator::NotEqual {
        // A string that is not a number differs from every number.
        parts.push(any(vec![all(vec![is_present(&field), comparison]), like(&bare_point)?]));
    } else {
        parts.extend([is_present(&field), comparison, not_like(&bare_point)?]);
    }
    Ok(all(parts))
}

/// The number without an exponent.
fn written(number: &Number) -> Result<String, UntranslatableReason> {
    let size = number.value.abs();
    if size >= LARGEST || (size != 0.0 && size < SMALLEST) {
        return Err(UntranslatableReason::LongNumber);
    }
    Ok(if size == 0.0 { "0".to_owned() } else { number.value.to_string() })
}

/// The field of a member, which has its flattened name.
fn field(names: &[&str]) -> Result<FieldPath, UntranslatableReason> {
    let name = |name: &str| {
        let is_plain = !name.is_empty() && !name.contains('.');
        Name::new(name).ok().filter(|_| is_plain).ok_or(UntranslatableReason::FieldName)
    };
    let (first, rest) = names.split_first().ok_or(UntranslatableReason::FieldName)?;
    // The member `@id` is the field `@@id`.
    let head = if first.starts_with('@') { name(&format!("@{first}"))? } else { name(first)? };
    let rest = rest.iter().map(|step| Ok(Segment::Name(name(step)?))).collect::<Result<_, _>>()?;
    Ok(FieldPath { head, rest })
}

const fn binary(operator: Operator) -> BinaryOperator {
    match operator {
        Operator::Equal => BinaryOperator::Equal,
        Operator::NotEqual => BinaryOperator::NotEqual,
        Operator::Less => BinaryOperator::Less,
        Operator::LessOrEqual => BinaryOperator::LessOrEqual,
        Operator::Greater => BinaryOperator::Greater,
        Operator::GreaterOrEqual => BinaryOperator::GreaterOrEqual,
    }
}
