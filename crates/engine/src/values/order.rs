//! The order of `sort`: natural, so `node9` comes before `node10`.
//!
//! A total order, in time linear in the texts and without allocation. Descending order is the exact reverse. Filters compare
//! differently: see [`super::compare`].

use super::coerce;
use super::compare::Whole;
use super::number::Number;
use super::value::Value;
use std::cmp::Ordering;

/// Orders two texts as `sort … asc` does. Source: sort (CWL_QuerySyntax-Sort).
///
/// - Values that are not numbers come before all numbers.
/// - Numbers come by value, exactly. AWS calls only digits a number; here every number of the language is one (`-3`, `2.5`), else
///   `sort avg(ms)` would put `2.5` before `1`. Spellings of the same number are ordered by their text, as in AWS's example `01`,
///   `1`.
/// - Other texts are compared piece by piece: a run of the digits 0 to 9 is one piece, every other character is one. Runs are
///   ordered by their length, leading zeros included, then by value; other characters by code point; and a run is placed among
///   other characters by its first digit. A text comes after its own prefixes.
///
/// ```
/// use logmark_engine::values::order::natural_cmp;
///
/// let mut names = ["3", "node10", "12", "node9", "#3", "Node9"];
/// names.sort_by(|left, right| natural_cmp(left, right));
/// assert_eq!(names, ["#3", "Node9", "node9", "node10", "3", "12"]);
/// ```
#[must_use]
pub fn natural_cmp(left: &str, right: &str) -> Ordering {
    match (Number::parse(left), Number::parse(right)) {
        (Some(first), Some(second)) => first.cmp(&second).then_with(|| spelling_cmp(left, right)),
        (None, None) => pieces_cmp(left.as_bytes(), right.as_bytes()),
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
    }
}

/// Orders two values as `sort … asc` does: like [`natural_cmp`], with booleans and timestamps as numbers.
///
/// Missing values come first, so that `desc` shows events with the field first. Maps and lists also come first: AWS says that
/// `sort` does not support them. Values that differ only in kind (1 and true) are equal, and a stable sort keeps their order; a
/// number comes before the texts that spell it.
///
/// ```
/// use logmark_engine::values::{order::value_cmp, value::Value};
///
/// let mut values = [Value::from(2.5), Value::from("10"), Value::from("n/a"), Value::Missing];
/// values.sort_by(value_cmp);
/// assert_eq!(values, [Value::Missing, Value::from("n/a"), Value::from(2.5), Value::from("10")]);
/// ```
#[must_use]
pub fn value_cmp(left: &Value, right: &Value) -> Ordering {
    let place = |value: &Value| if value.is_missing() || value.is_structure() { 0 } else { 1 };
    match (place(left), place(right)) {
        (1, 1) => {}
        (first, second) => return first.cmp(&second),
    }
    match (coerce::number(left), coerce::number(right)) {
        (Some(first), Some(second)) => first.cmp(&second).then_with(|| match (left, right) {
            (Value::Text(left), Value::Text(right)) => spelling_cmp(left, right),
            (left, right) => matches!(left, Value::Text(_)).cmp(&matches!(right, Value::Text(_))),
        }),
        (None, None) => match (left, right) {
            (Value::Text(left), Value::Text(right)) => pieces_cmp(left.as_bytes(), right.as_bytes()),
            // Only a double that is not finite is neither text nor number, and no function here returns one.
            (left, right) => matches!(left, Value::Text(_)).cmp(&matches!(right, Value::Text(_))),
        },
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
    }
}

/// Orders texts of the same 64-bit number or double: long whole numbers by value, the rest by text.
fn spelling_cmp(left: &str, right: &str) -> Ordering {
    match (Whole::parse(left), Whole::parse(right)) {
        (Some(first), Some(second)) => first.compare(second).then_with(|| left.cmp(right)),
        (None, None) => left.cmp(right),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
    }
}

/// Bytes suffice: UTF-8 keeps the order of code points, and digits are single bytes.
fn pieces_cmp(mut left: &[u8], mut right: &[u8]) -> Ordering {
    while let (Some(first), Some(second)) = (left.first(), right.first()) {
        if first.is_ascii_digit() && second.is_ascii_digit() {
            let (left_run, left_rest) = left.split_at(run_length(left));
            let (right_run, right_rest) = right.split_at(run_length(right));
            let order = left_run.len().cmp(&right_run.len()).then_with(|| left_run.cmp(right_run));
            if order.is_ne() {
                return order;
            }
            (left, right) = (left_rest, right_rest);
        } else {
            let order = first.cmp(second);
            if order.is_ne() {
                return order;
            }
            (left, right) = (&left[1..], &right[1..]);
        }
    }
    left.len().cmp(&right.len())
}

fn run_length(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests {
    use super::{natural_cmp, value_cmp};
    use crate::values::value::Value;
    use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
    use std::cmp::Ordering;

    /// The cases of AWS's example on the page about `sort`, with other letters and digits.
    #[test]
    fn the_documented_example_is_in_order() {
        let sorted =
            ["!;", "#", "*%07", "0$", "7B", "333B", "4567_", "@", "@_", "B", "B8765asdf", "b54321zyx", "0", "01", "1", "2", "3"];
        for (index, left) in sorted.iter().enumerate() {
            for (other, right) in sorted.iter().enumerate() {
                assert_eq!(natural_cmp(left, right), index.cmp(&other), "{left} {right}");
            }
        }
    }

    #[test]
    fn runs_of_digits_go_by_length_and_then_by_value() {
        for (left, right) in [
            ("v2", "v10"),
            ("v12", "v007"),
            ("v007", "v008"),
            ("v1.9.0", "v1.10.0"),
            ("10.0.0.9", "10.0.0.10"),
            ("a1", "a1b"),
            ("a!", "a1"),
            ("", "!"),
            ("zz", "é"),
            ("x99999999999999999999998", "x99999999999999999999999"),
            ("é", "-1"),
            ("-2", "-1"),
            ("-1", "1.5"),
            ("1.5", "2"),
            ("9", "1e1"),
            ("18446744073709551616", "18446744073709551617"),
        ] {
            assert_eq!(natural_cmp(left, right), Ordering::Less, "{left} {right}");
            assert_eq!(natural_cmp(right, left), Ordering::Greater, "{right} {left}");
        }
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[0-9a1.+e-]{0,5}", "[0-2]{18,22}", "\\PC{0,4}"]
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Missing),
            any::<bool>().prop_map(Value::from),
            (-3..3_i64).prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            (-3..3_i64).prop_map(Value::Timestamp),
            text().prop_map(Value::from),
            Just(Value::List(vec![])),
        ]
    }

    proptest! {
        #[test]
        fn texts_are_totally_ordered(a in text(), b in text(), c in text()) {
            prop_assert_eq!(natural_cmp(&a, &b), natural_cmp(&b, &a).reverse());
            prop_assert_eq!(natural_cmp(&a, &b).is_eq(), a == b);
            if natural_cmp(&a, &b).is_le() && natural_cmp(&b, &c).is_le() {
                prop_assert!(natural_cmp(&a, &c).is_le());
            }
        }

        #[test]
        fn values_are_ordered_and_equal_ones_interchangeable(a in value(), b in value(), c in value()) {
            prop_assert!(value_cmp(&a, &a).is_eq());
            prop_assert_eq!(value_cmp(&a, &b), value_cmp(&b, &a).reverse());
            if value_cmp(&a, &b).is_le() && value_cmp(&b, &c).is_le() {
                prop_assert!(value_cmp(&a, &c).is_le());
            }
            if value_cmp(&a, &b).is_eq() {
                prop_assert_eq!(value_cmp(&a, &c), value_cmp(&b, &c));
            }
        }

        #[test]
        fn texts_are_ordered_alike_as_values(a in text(), b in text()) {
            prop_assert_eq!(value_cmp(&Value::from(a.as_str()), &Value::from(b.as_str())), natural_cmp(&a, &b));
        }
    }
}
