//! `=`, `!=`, `<`, `<=`, `>`, `>=` and `in` between two values.
//!
//! Owns the comparisons of filters. `sort` has another order: see [`super::order`].

use super::coerce;
use super::number::Number;
use super::value::Value;
use std::cmp::Ordering;

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// Whether the comparison of `left` with `right` holds. AWS documents that all kinds of values can be compared, but not how.
    /// The rules here:
    ///
    /// - A map or a list compares false, whatever the operator (documented).
    /// - With a missing value every operator is false except `!=`, which is always the negation of `=`: events without the field
    ///   are "not equal", and `not (f = 1)` and `f != 1` choose the same events. Missing equals nothing, not even missing; use
    ///   `ispresent`.
    /// - If one side is a number, a boolean or a timestamp and the other side is numeric, they compare as numbers: `status =
    ///   "200"` and `status = 200` both find 200.
    /// - A boolean also equals the text `true` or `false`, in any case.
    /// - A timestamp compares with the text of a timestamp as a moment.
    /// - Two texts are equal only if they are identical, case included: quoted `007` does not find `7`. `<`, `<=`, `>` and `>=`
    ///   compare two numeric texts as numbers, because all fields of `parse` are texts.
    /// - A number and a text that is not numeric are not equal, and neither is less: `ms > 100` does not match `n/a`.
    /// - Other texts compare by Unicode code points.
    ///
    /// Source: Boolean, comparison, numeric, datetime, and other functions, "Comparison operators" and "Structure types".
    ///
    /// ```
    /// use logmark_engine::values::{compare::Comparison, value::Value};
    ///
    /// assert!(Comparison::Equal.holds(&Value::from(200), &Value::from("200")));
    /// assert!(Comparison::Less.holds(&Value::from("9"), &Value::from("10")));
    /// assert!(!Comparison::Equal.holds(&Value::from("ERROR"), &Value::from("error")));
    /// assert!(Comparison::NotEqual.holds(&Value::Missing, &Value::from("error")));
    /// ```
    #[must_use]
    pub fn holds(self, left: &Value, right: &Value) -> bool {
        if left.is_structure() || right.is_structure() {
            return false;
        }
        match self {
            Self::Equal => equal(left, right),
            Self::NotEqual => !equal(left, right),
            Self::Less => ordering(left, right).is_some_and(Ordering::is_lt),
            Self::LessOrEqual => ordering(left, right).is_some_and(Ordering::is_le),
            Self::Greater => ordering(left, right).is_some_and(Ordering::is_gt),
            Self::GreaterOrEqual => ordering(left, right).is_some_and(Ordering::is_ge),
        }
    }
}

/// `in [..]`: whether `value` equals one of `candidates`. `not in` is its negation, except that maps and lists are neither in
/// nor not in.
///
/// ```
/// use logmark_engine::values::{compare::is_in, value::Value};
///
/// assert!(is_in(&Value::from(404), &[Value::from("403"), Value::from("404")]));
/// assert!(!is_in(&Value::from("404 Not Found"), &[Value::from("404")]));
/// ```
#[must_use]
pub fn is_in(value: &Value, candidates: &[Value]) -> bool {
    candidates.iter().any(|candidate| Comparison::Equal.holds(value, candidate))
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => left == right,
        _ => ordering(left, right).is_some_and(Ordering::is_eq),
    }
}

/// `None` if a side is missing, or only one side is a number.
fn ordering(left: &Value, right: &Value) -> Option<Ordering> {
    if let (Value::Text(left), Value::Text(right)) = (left, right) {
        return Some(texts(left, right));
    }
    Some(number_beside(left, right)?.cmp(&number_beside(right, left)?))
}

/// `value` as a number for the comparison with `other`, whose kind decides which texts are numbers.
fn number_beside(value: &Value, other: &Value) -> Option<Number> {
    match (value, other) {
        (Value::Text(text), Value::Boolean(_)) if text.eq_ignore_ascii_case("true") => Some(Number::Integer(1)),
        (Value::Text(text), Value::Boolean(_)) if text.eq_ignore_ascii_case("false") => Some(Number::Integer(0)),
        (Value::Text(_), Value::Timestamp(_)) => coerce::moment(value).map(Number::Integer),
        _ => coerce::number(value),
    }
}

fn texts(left: &str, right: &str) -> Ordering {
    match (Whole::parse(left), Whole::parse(right)) {
        (Some(left), Some(right)) => left.compare(right),
        _ => match (Number::parse(left), Number::parse(right)) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => left.cmp(right),
        },
    }
}

/// A whole number of any length, compared by its digits: doubles cannot distinguish identifiers of twenty digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole<'a> {
    is_negative: bool,
    /// The digits without leading zeros; empty for zero.
    digits: &'a str,
}

impl<'a> Whole<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let is_whole = !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit());
        let digits = unsigned.trim_start_matches('0');
        is_whole.then_some(Self { is_negative: text.starts_with('-') && !digits.is_empty(), digits })
    }

    pub(super) fn compare(self, other: Self) -> Ordering {
        let magnitudes = self.digits.len().cmp(&other.digits.len()).then_with(|| self.digits.cmp(other.digits));
        match (self.is_negative, other.is_negative) {
            (false, false) => magnitudes,
            (true, true) => magnitudes.reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Comparison, is_in};
    use crate::values::value::Value;
    use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

    /// `left operator right`, and whether it holds; `~` is a missing value, quotes make text, `@` a timestamp.
    const TABLE: &str = r#"
        200 = 200           true
        200 = "200"         true
        "200" = 200         true
        200 = "200.0"       true
        200 != "200"        false
        "200" = "200"       true
        "200" = "0200"      false
        "200" != "0200"     true
        "Error" = "error"   false
        "9" < "10"          true
        "9" < 10            true
        "10" >= "10.0"      true
        "a9" < "a10"        false
        "abc" < "abd"       true
        "Z" < "a"           true
        "10" < "a"          true
        10 < "a"            false
        "n/a" > 100         false
        "n/a" <= 100        false
        "n/a" != 100        true
        "n/a" > "100"       true
        2.5 > 2             true
        -1 < 0              true
        "0e1" = "0e2"       false
        "18446744073709551616" < "18446744073709551617" true
        "-18446744073709551616" > "-18446744073709551617" true
        true = 1            true
        true = "1"          true
        true = "True"       true
        true = "yes"        false
        false = 0           true
        false != "false"    false
        ~ = 1               false
        ~ != 1              true
        1 != ~              true
        ~ = ~               false
        ~ != ~              true
        ~ = ""              false
        ~ < 1               false
        ~ >= ~              false
        @1000 = 1000        true
        @1000 > "999"       true
        @1000 = "1970-01-01T00:00:01Z" true
        @1000 = "soon"      false
    "#;

    fn value(word: &str) -> Value {
        match word {
            "~" => Value::Missing,
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            _ if word.starts_with('"') => Value::from(word.trim_matches('"')),
            _ if word.starts_with('@') => Value::Timestamp(word[1..].parse().unwrap()),
            _ => word.parse::<i64>().map_or_else(|_| Value::from(word.parse::<f64>().unwrap()), Value::from),
        }
    }

    fn operator(word: &str) -> Comparison {
        match word {
            "=" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => panic!("no operator: {word}"),
        }
    }

    #[test]
    fn each_row_of_the_table_holds() {
        for row in TABLE.lines().map(str::trim).filter(|row| !row.is_empty()) {
            let words: Vec<&str> = row.split_whitespace().collect();
            let &[left, by, right, holds] = &words[..] else { panic!("no row: {row}") };
            assert_eq!(operator(by).holds(&value(left), &value(right)), holds == "true", "{row}");
        }
    }

    #[test]
    fn structures_compare_false_by_every_operator() {
        for structure in [Value::List(vec![]), Value::Map(vec![])] {
            for by in ["=", "!=", "<", "<=", ">", ">="] {
                assert!(!operator(by).holds(&structure, &structure), "{by}");
                assert!(!operator(by).holds(&Value::Missing, &structure), "{by}");
                assert!(!operator(by).holds(&structure, &Value::from(1)), "{by}");
            }
        }
    }

    #[test]
    fn membership_is_equality_with_whole_values() {
        let codes = [Value::from("500"), Value::from(503)];
        assert!(is_in(&Value::from(500), &codes) && is_in(&Value::from("503"), &codes));
        assert!(!is_in(&Value::from("50"), &codes) && !is_in(&Value::Missing, &codes));
        assert!(!is_in(&Value::Missing, &[Value::Missing]));
    }

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Missing),
            any::<bool>().prop_map(Value::from),
            (-2..3_i64).prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            (-2..3_i64).prop_map(Value::Timestamp),
            "[-+0-2.ea]{0,4}".prop_map(Value::from),
        ]
    }

    proptest! {
        #[test]
        fn operators_agree_with_each_other(left in any_value(), right in any_value()) {
            let holds = |by: Comparison| by.holds(&left, &right);
            prop_assert_eq!(holds(Comparison::NotEqual), !holds(Comparison::Equal));
            prop_assert_eq!(holds(Comparison::Less), Comparison::Greater.holds(&right, &left));
            prop_assert_eq!(holds(Comparison::LessOrEqual), Comparison::GreaterOrEqual.holds(&right, &left));
            prop_assert!(!(holds(Comparison::Less) && holds(Comparison::GreaterOrEqual)));
            prop_assert!(!holds(Comparison::Equal) || holds(Comparison::LessOrEqual) && holds(Comparison::GreaterOrEqual));
            prop_assert_eq!(holds(Comparison::Equal), !left.is_missing() && Comparison::Equal.holds(&right, &left));
        }
    }
}
