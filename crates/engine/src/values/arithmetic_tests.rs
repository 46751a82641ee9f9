//! Tests of arithmetic: a table of operations, the numeric functions at their edges, and properties.

use super::{Operator, abs, ceil, floor, greatest, haversine, log, negate, round, sqrt, to_double, to_int, to_long, to_number};
use crate::values::value::Value;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

const OPERATORS: [Operator; 6] =
    [Operator::Add, Operator::Subtract, Operator::Multiply, Operator::Divide, Operator::Power, Operator::Remainder];

/// `left operator right = shown`; `~` is missing. Every operand is a text, as fields are.
const TABLE: &str = "
    2 + 3 = 5
    2 + 0.5 = 2.5
    0.1 + 0.2 = 0.3
    10 - 12 = -2
    6 * 7 = 42
    10 / 4 = 2.5
    10 / 5 = 2
    -7 / 2 = -3.5
    2 ^ 3 = 8
    3 ^ 0 = 1
    2 ^ -1 = 0.5
    4 ^ 0.5 = 2
    -8 ^ 0.5 = ~
    0 ^ -1 = ~
    10 % 3 = 1
    -10 % 3 = -1
    10 % -3 = 1
    5.5 % 2 = 1.5
    1 / 0 = ~
    1 / 0.0 = ~
    0 / 0 = ~
    1 % 0 = ~
    1 % 0.0 = ~
    9223372036854775807 + 1 = 9.223372036854775807E18
    -9223372036854775808 / -1 = 9.223372036854775807E18
    -9223372036854775808 % -1 = 0
    9223372036854775807 * 10 = 9.223372036854776E19
    10 ^ 30 = 1E30
    10 ^ 400 = ~
    1e308 * 10 = ~
    ten + 1 = ~
    1 + ~ = ~
    1 - 1.5 = -0.5
";

fn operand(word: &str) -> Value {
    if word == "~" { Value::Missing } else { Value::from(word) }
}

#[test]
fn each_operation_of_the_table_has_its_result() {
    for row in TABLE.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let words: Vec<&str> = row.split(' ').collect();
        let &[left, by, right, "=", shown] = &words[..] else { panic!("no row: {row}") };
        let by = OPERATORS["+-*/^%".find(by).unwrap()];
        let result = by.apply(&operand(left), &operand(right));
        let expected = match shown {
            "~" => String::new(),
            // 2^63, which is the nearest double of the sum that overflows.
            "9.223372036854775807E18" => format!("{:E}", 9_223_372_036_854_775_808.0_f64),
            shown => shown.to_owned(),
        };
        assert_eq!((result.is_missing(), result.to_string()), (shown == "~", expected), "{row}");
    }
}

#[test]
fn functions_of_one_number_hold_at_their_edges() {
    for (result, shown) in [
        (abs(&Value::from("-2.5")), "2.5"),
        (abs(&Value::from(i64::MIN)), "9.223372036854775808E18"),
        (negate(&Value::from(0)), "0"),
        (ceil(&Value::from(1.2)), "2"),
        (ceil(&Value::from(-0.5)), "0"),
        (ceil(&Value::from(4)), "4"),
        (floor(&Value::from(-1.2)), "-2"),
        (floor(&Value::from("1e300")), "1E300"),
        (sqrt(&Value::from(2)), "1.4142"),
        (sqrt(&Value::from(-1)), ""),
        (log(&Value::from(10)), "2.3026"),
        (log(&Value::from(0)), ""),
        (log(&Value::from(-1)), ""),
        (to_number(&Value::from("x")), ""),
        (to_number(&Value::Boolean(true)), "1"),
        (to_int(&Value::from("3.99")), "3"),
        (to_int(&Value::from(2_147_483_648)), ""),
        (to_long(&Value::from("-1e3")), "-1000"),
        (to_long(&Value::from("1e19")), ""),
        (to_double(&Value::from("1.5")), "1.5"),
        (greatest(&[Value::from(1), Value::from("b")]), ""),
        (greatest(&[]), ""),
    ] {
        let shown = shown.replace("9.223372036854775808E18", &format!("{:E}", 2f64.powi(63)));
        assert_eq!(result.to_string(), shown);
    }
}

#[test]
fn halves_are_rounded_away_from_zero_as_they_are_spelt() {
    for (number, decimals, shown) in [
        ("2.5", 0, "3"),
        ("-2.5", 0, "-3"),
        ("2.4999", 0, "2"),
        ("0.5", 0, "1"),
        ("0.49999999999999994", 0, "0"),
        ("1.005", 2, "1.01"),
        ("2.675", 2, "2.68"),
        ("1.25", 1, "1.3"),
        ("-1.25", 1, "-1.3"),
        ("1.5", 5, "1.5"),
        ("1234.5", -2, "1200"),
        ("1250", -2, "1300"),
        ("49", -2, "0"),
        ("50", -2, "100"),
        ("5e-324", 3, "0"),
        ("1e300", 2, "1E300"),
        ("1e300", -299, "1E300"),
        ("9223372036854775807", -1, "9.22337203685477581E18"),
        ("9223372036854775807", -19, "1E19"),
        ("9223372036854775807", -30, "0"),
        ("9223372036854775807", 30, "9223372036854775807"),
    ] {
        let shown = shown.replace("9.22337203685477581E18", &format!("{:E}", 2f64.powi(63)));
        assert_eq!(round(&Value::from(number), Some(&Value::from(decimals))).to_string(), shown, "{number} {decimals}");
    }
    assert_eq!(round(&Value::from(1.5), Some(&Value::from(0.5))), Value::Missing);
    assert_eq!(round(&Value::from(1.5), Some(&Value::Missing)), Value::Missing);
    assert_eq!(round(&Value::Missing, None), Value::Missing);
    assert_eq!(round(&Value::from(1.5), Some(&Value::from(i64::MIN))), Value::from(0));
    assert_eq!(round(&Value::from(1.5), Some(&Value::from(i64::MAX))), Value::from(1.5));
    assert_eq!(round(&Value::from(1.5e300), Some(&Value::from(-300))), Value::from(2e300));
}

#[test]
fn distances_are_great_circles_in_kilometres() {
    let distance = |places: [f64; 4]| {
        let [a, b, c, d] = places.map(Value::from);
        haversine(&a, &b, &c, &d)
    };
    // Berlin to Sydney, checked with the spherical law of cosines, and two antipodes.
    assert_eq!(distance([52.52, 13.405, -33.868_8, 151.209_3]).to_string().split('.').next(), Some("16094"));
    assert_eq!(distance([0.0, 0.0, 0.0, 180.0]).to_string(), "20015.1144");
    assert_eq!(distance([10.0, 20.0, 10.0, 380.0]).to_string(), "0");
    assert_eq!(distance([91.0, 0.0, 0.0, 0.0]), Value::Missing);
}

proptest! {
    #[test]
    fn arithmetic_never_makes_what_is_no_number(left in any::<f64>(), right in any::<f64>(), whole in any::<i64>()) {
        for by in OPERATORS {
            for (left, right) in [(Value::from(left), Value::from(right)), (Value::from(whole), Value::from(right)), (Value::from(whole), Value::from(whole))] {
                let result = by.apply(&left, &right);
                prop_assert!(!matches!(result, Value::Double(number) if !number.is_finite()));
            }
        }
    }

    #[test]
    fn whole_numbers_divide_into_quotient_and_remainder(left in any::<i32>(), right in any::<i32>()) {
        let (left, right) = (Value::from(i64::from(left)), Value::from(i64::from(right)));
        let remainder = Operator::Remainder.apply(&left, &right);
        let quotient = to_long(&Operator::Divide.apply(&left, &right));
        let back = Operator::Add.apply(&Operator::Multiply.apply(&quotient, &right), &remainder);
        prop_assert_eq!(back, if right == Value::from(0) { Value::Missing } else { left });
    }

    #[test]
    fn rounding_stays_within_half_a_unit(number in -1e9..1e9_f64, decimals in 0..6_i64) {
        let rounded = to_double(&round(&Value::from(number), Some(&Value::from(decimals))));
        let Value::Double(rounded) = rounded else { panic!("missing") };
        let half = 0.5 * 10f64.powi(-i32::try_from(decimals).unwrap());
        prop_assert!((rounded - number).abs() <= half * (1.0 + 1e-6) + 1e-6);
    }
}
