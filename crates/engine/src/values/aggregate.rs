//! The aggregate functions of `stats`, over the values of one group in any order.
//!
//! These are definitions: exact, over slices. An engine that streams or estimates is tested against them. All ignore missing
//! values; numeric aggregates also ignore values that are not numbers (see [`coerce::number`]), such as the `-` of a flow log.
//! Without any number the result is missing. Source: stats (CWL_QuerySyntax-Stats), "Functions to use with stats".

use super::coerce;
use super::number::Number;
use super::order::value_cmp;
use super::value::Value;
use std::collections::BTreeSet;

/// `count(field)`: the number of values; `count(*)` counts events, with the field or without.
///
/// ```
/// use logmark_engine::values::{aggregate::count, value::Value};
///
/// assert_eq!(count(&[Value::from("a"), Value::Missing, Value::from("")]), Value::from(2));
/// ```
#[must_use]
pub fn count(values: &[Value]) -> Value {
    length(values.iter().filter(|value| !value.is_missing()).count())
}

/// `count_distinct(field)`: the number of different values, by [`coerce::identity`].
///
/// CloudWatch estimates the count if there are many values; this is the exact count.
///
/// ```
/// use logmark_engine::values::{aggregate::count_distinct, value::Value};
///
/// assert_eq!(count_distinct(&[Value::from(200), Value::from("200"), Value::from("OK"), Value::Missing]), Value::from(2));
/// ```
#[must_use]
pub fn count_distinct(values: &[Value]) -> Value {
    length(values.iter().filter_map(coerce::identity).collect::<BTreeSet<_>>().len())
}

/// `sum(field)`: exact for whole numbers as long as it fits 64 bits; missing if the group has no number, or if a double cannot
/// hold the sum.
///
/// ```
/// use logmark_engine::values::{aggregate::sum, value::Value};
///
/// assert_eq!(sum(&[Value::from(1), Value::from("2.5"), Value::from("-")]), Value::from(3.5));
/// assert_eq!(sum(&[Value::from("-")]), Value::Missing);
/// ```
#[must_use]
pub fn sum(values: &[Value]) -> Value {
    Total::of(values).sum()
}

/// `avg(field)`: the arithmetic mean of the numbers.
///
/// ```
/// use logmark_engine::values::{aggregate::avg, value::Value};
///
/// assert_eq!(avg(&[Value::from(1), Value::from("2"), Value::Missing]), Value::from(1.5));
/// ```
#[must_use]
pub fn avg(values: &[Value]) -> Value {
    Total::of(values).mean()
}

/// `stddev(field)`: the standard deviation of the numbers as a sample, that is over n − 1.
///
/// AWS does not say whether sample or population; log events are nearly always a sample, and SQL's `stddev` uses n − 1 too.
/// Missing for a single number.
///
/// ```
/// use logmark_engine::values::{aggregate::stddev, value::Value};
///
/// assert_eq!(stddev(&[Value::from(2), Value::from(4), Value::from(9)]).to_string(), "3.6056");
/// assert_eq!(stddev(&[Value::from(2)]), Value::Missing);
/// ```
#[must_use]
pub fn stddev(values: &[Value]) -> Value {
    let total = Total::of(values);
    if total.count <= 1.0 {
        return Value::Missing;
    }
    let mean = total.as_f64() / total.count;
    // Computed from the mean: the sum of squares loses all digits for large numbers that are close together.
    let squares: f64 = numbers(values).map(|number| (number.as_f64() - mean).powi(2)).sum();
    Value::double((squares / (total.count - 1.0)).sqrt())
}

/// `pct(field, percent)`: the smallest number that is not below `percent` % of the numbers (the nearest rank), so always a number
/// that occurred.
///
/// AWS describes it as the value that `percent` of the values are lower than and names no method. Missing unless `percent` is
/// from 0 to 100; 0 gives the minimum.
///
/// ```
/// use logmark_engine::values::{aggregate::pct, value::Value};
///
/// let durations = [Value::from(40), Value::from(10), Value::from(30), Value::from(20)];
/// assert_eq!(pct(&durations, 50.0), Value::from(20));
/// assert_eq!(pct(&durations, 95.0), Value::from(40));
/// ```
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank is from 0 to the count"
)]
pub fn pct(values: &[Value], percent: f64) -> Value {
    if !(0.0..=100.0).contains(&percent) {
        return Value::Missing;
    }
    let mut sorted: Vec<Number> = numbers(values).collect();
    sorted.sort_unstable();
    // Multiplied first: 0.07 · 100 would be just above 7, and its ceiling 8.
    let rank = (percent * sorted.len() as f64 / 100.0).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().into()
}

/// `min(field)`: the smallest number; if no value is a number, the first value in the order of `sort`.
///
/// ```
/// use logmark_engine::values::{aggregate::min, value::Value};
///
/// assert_eq!(min(&[Value::from("10"), Value::from(9), Value::from("-")]), Value::from(9));
/// ```
#[must_use]
pub fn min(values: &[Value]) -> Value {
    comparable(values).into_iter().min_by(|left, right| value_cmp(left, right)).cloned().unwrap_or_default()
}

/// `max(field)`: the largest number; if no value is a number, the last value in the order of `sort`.
///
/// ```
/// use logmark_engine::values::{aggregate::max, value::Value};
///
/// assert_eq!(max(&[Value::from("host9"), Value::from("host10")]), Value::from("host10"));
/// ```
#[must_use]
pub fn max(values: &[Value]) -> Value {
    comparable(values).into_iter().max_by(|left, right| value_cmp(left, right)).cloned().unwrap_or_default()
}

/// `sortsFirst(field)`: the value that `sort` puts first, numbers after everything else.
///
/// ```
/// use logmark_engine::values::{aggregate::sorts_first, value::Value};
///
/// assert_eq!(sorts_first(&[Value::from(9), Value::from("-"), Value::Missing]), Value::from("-"));
/// ```
#[must_use]
pub fn sorts_first(values: &[Value]) -> Value {
    present(values).min_by(|left, right| value_cmp(left, right)).cloned().unwrap_or_default()
}

/// `sortsLast(field)`: the value that `sort` puts last.
///
/// ```
/// use logmark_engine::values::{aggregate::sorts_last, value::Value};
///
/// assert_eq!(sorts_last(&[Value::from(9), Value::from("-"), Value::Missing]), Value::from(9));
/// ```
#[must_use]
pub fn sorts_last(values: &[Value]) -> Value {
    present(values).max_by(|left, right| value_cmp(left, right)).cloned().unwrap_or_default()
}

/// `earliest(field)`: the value of the earliest event that has the field; of several at the same millisecond, the first one.
///
/// Each value comes with its event's `@timestamp`, in milliseconds since the epoch.
///
/// ```
/// use logmark_engine::values::{aggregate::earliest, value::Value};
///
/// let states = [(30, Value::from("down")), (10, Value::Missing), (20, Value::from("up"))];
/// assert_eq!(earliest(&states), Value::from("up"));
/// ```
#[must_use]
pub fn earliest(values: &[(i64, Value)]) -> Value {
    let with_field = values.iter().filter(|(_, value)| !value.is_missing());
    with_field.min_by_key(|(time, _)| *time).map(|(_, value)| value.clone()).unwrap_or_default()
}

/// `latest(field)`: the value of the latest event that has the field; of several at the same millisecond, the last one.
///
/// ```
/// use logmark_engine::values::{aggregate::latest, value::Value};
///
/// let states = [(20, Value::from("up")), (30, Value::from("down")), (40, Value::Missing)];
/// assert_eq!(latest(&states), Value::from("down"));
/// ```
#[must_use]
pub fn latest(values: &[(i64, Value)]) -> Value {
    let with_field = values.iter().filter(|(_, value)| !value.is_missing());
    with_field.max_by_key(|(time, _)| *time).map(|(_, value)| value.clone()).unwrap_or_default()
}

/// Numbers, added up so that neither whole numbers nor small ones beside large ones lose digits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Total {
    whole: i128,
    doubles: f64,
    /// What `doubles` lost by rounding (Neumaier).
    lost: f64,
    has_doubles: bool,
    count: f64,
}

impl Total {
    fn of(values: &[Value]) -> Self {
        let mut total = Self::default();
        numbers(values).for_each(|number| total.push(number));
        total
    }

    /// Adds a number.
    pub fn push(&mut self, number: Number) {
        self.count += 1.0;
        match number {
            // 2^64 values of 64 bits each fit 128.
            Number::Integer(number) => self.whole += i128::from(number),
            Number::Double(number) => self.add(number),
        }
    }

    /// The sum: see [`sum`].
    #[must_use]
    pub fn sum(&self) -> Value {
        match i64::try_from(self.whole) {
            _ if self.count == 0.0 => Value::Missing,
            Ok(whole) if !self.has_doubles => Value::Integer(whole),
            _ => Value::double(self.as_f64()),
        }
    }

    /// The mean: see [`avg`].
    #[must_use]
    pub fn mean(&self) -> Value {
        if self.count == 0.0 { Value::Missing } else { Value::double(self.as_f64() / self.count) }
    }

    fn add(&mut self, number: f64) {
        let sum = self.doubles + number;
        self.lost +=
            if self.doubles.abs() >= number.abs() { (self.doubles - sum) + number } else { (number - sum) + self.doubles };
        self.doubles = sum;
        self.has_doubles = true;
    }

    #[expect(clippy::cast_precision_loss, reason = "the result is the nearest double by definition")]
    fn as_f64(&self) -> f64 {
        self.whole as f64 + (self.doubles + self.lost)
    }
}

#[expect(clippy::cast_possible_wrap, reason = "no slice is longer than isize::MAX")]
const fn length(count: usize) -> Value {
    Value::Integer(count as i64)
}

fn numbers(values: &[Value]) -> impl Iterator<Item = Number> {
    values.iter().filter_map(coerce::number)
}

/// Maps and lists are left out: `stats` does not support them.
fn present(values: &[Value]) -> impl Iterator<Item = &Value> {
    values.iter().filter(|value| !value.is_missing() && !value.is_structure())
}

/// The numbers, if there are any, else all values.
fn comparable(values: &[Value]) -> Vec<&Value> {
    let numeric: Vec<&Value> = present(values).filter(|value| coerce::is_numeric(value)).collect();
    if numeric.is_empty() { present(values).collect() } else { numeric }
}

#[cfg(test)]
mod tests {
    use super::{avg, count, count_distinct, earliest, latest, max, min, pct, sorts_first, sorts_last, stddev, sum};
    use crate::values::value::Value;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    #[test]
    fn a_group_without_values_has_a_count_and_nothing_else() {
        for values in [vec![], vec![Value::Missing, Value::Missing]] {
            assert_eq!((count(&values), count_distinct(&values)), (Value::from(0), Value::from(0)));
            for aggregated in [
                sum(&values),
                avg(&values),
                stddev(&values),
                pct(&values, 50.0),
                min(&values),
                max(&values),
                sorts_first(&values),
                sorts_last(&values),
            ] {
                assert_eq!(aggregated, Value::Missing);
            }
        }
    }

    #[test]
    fn events_of_one_millisecond_keep_their_order() {
        let values = [(1, Value::from("a")), (1, Value::from("b"))];
        assert_eq!((earliest(&values), latest(&values)), (Value::from("a"), Value::from("b")));
        assert_eq!((earliest(&[]), latest(&[(1, Value::Missing)])), (Value::Missing, Value::Missing));
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let hundred: Vec<Value> = (1..=100).rev().map(Value::from).collect();
        for (percent, value) in
            [(0.0, 1), (0.5, 1), (1.0, 1), (7.0, 7), (50.0, 50), (95.0, 95), (99.0, 99), (99.9, 100), (100.0, 100)]
        {
            assert_eq!(pct(&hundred, percent), Value::from(value), "{percent}");
        }
        for percent in [-0.1, 100.1, f64::NAN] {
            assert_eq!(pct(&hundred, percent), Value::Missing);
        }
        assert_eq!(pct(&[Value::from("7"), Value::from("n/a")], 99.0), Value::from(7));
    }

    #[test]
    fn sums_keep_their_digits() {
        let large = Value::from(i64::MAX);
        assert_eq!(sum(&[large.clone(), Value::from(1), Value::from(-1)]), large);
        assert_eq!(sum(&[large.clone(), large]), Value::from(2f64.powi(64)));
        assert_eq!(sum(&[Value::from(1e16), Value::from(1.5), Value::from(-1e16)]), Value::from(1.5));
        assert_eq!(sum(&[Value::from(1e308), Value::from(1e308)]), Value::Missing);
        let close = [Value::from(1_000_000_000_000_001_i64), Value::from(1_000_000_000_000_003_i64)];
        assert_eq!(stddev(&close).to_string(), "1.4142");
    }

    proptest! {
        #[test]
        fn averages_and_percentiles_lie_between_the_extremes(numbers in proptest::collection::vec(any::<i32>(), 1..40), percent in 0.0..100.0_f64) {
            let values: Vec<Value> = numbers.iter().map(|number| Value::from(i64::from(*number))).collect();
            let (Value::Integer(least), Value::Integer(most)) = (min(&values), max(&values)) else { panic!("no extremes") };
            let Value::Integer(ranked) = pct(&values, percent) else { panic!("no percentile") };
            let Value::Double(mean) = avg(&values) else { panic!("no mean") };
            prop_assert!(least <= ranked && ranked <= most);
            prop_assert!(least as f64 <= mean && mean <= most as f64);
            prop_assert_eq!(sum(&values), Value::from(numbers.iter().copied().map(i64::from).sum::<i64>()));
        }
    }
}
