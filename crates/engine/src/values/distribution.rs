//! The aggregates that keep more than one value: `values`, `topk`, `histogram`, `rate`.
//!
//! Like [`super::aggregate`], these are definitions over the values of one group in any order. They ignore missing values, maps
//! and lists, and are missing without any value. Pages: stats (CWL_QuerySyntax-Stats), Time-series functions.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::coerce;
use super::number::Number;
use super::order::value_cmp;
use super::value::Value;

/// Most buckets of a `histogram`, and most values of a `topk`.
pub const MOST_LISTED: usize = 1_000;

/// How often each value occurs, by [`coerce::identity`].
#[derive(Debug, Clone, Default)]
pub struct Frequencies {
    counts: HashMap<Box<str>, (Value, u64)>,
}

impl Frequencies {
    /// Counts a value. Returns the bytes of its text if it is new.
    pub fn insert(&mut self, value: &Value) -> Option<usize> {
        let identity = coerce::identity(value).filter(|_| !value.is_structure())?;
        if let Some((known, count)) = self.counts.get_mut(&*identity) {
            *count += 1;
            // 200 and "200" are one value; which of them is kept must not depend on their order.
            if value_cmp(value, known).is_lt() {
                *known = value.clone();
            }
            return None;
        }
        let bytes = identity.len();
        let identity = identity.as_ref().into();
        self.counts.insert(identity, (value.clone(), 1));
        Some(bytes)
    }

    /// `values(field)`: the different values in the order of `sort`, as a list.
    #[must_use]
    pub fn values(&self) -> Value {
        let mut values: Vec<&Value> = self.counts.values().map(|(value, _)| value).collect();
        values.sort_unstable_by(|left, right| value_cmp(left, right));
        listed(values)
    }

    /// `topk(k, field)`: the values that occur most often, the most frequent first and equal ones in the order of `sort`.
    #[must_use]
    pub fn top(&self, most: usize) -> Value {
        let mut values: Vec<&(Value, u64)> = self.counts.values().collect();
        let order = |left: &&(Value, u64), right: &&(Value, u64)| {
            Reverse(left.1).cmp(&Reverse(right.1)).then_with(|| value_cmp(&left.0, &right.0))
        };
        if most < values.len() {
            values.select_nth_unstable_by(most, order);
            values.truncate(most);
        }
        values.sort_unstable_by(order);
        listed(values.into_iter().map(|(value, _)| value).collect())
    }
}

fn listed(values: Vec<&Value>) -> Value {
    if values.is_empty() { Value::Missing } else { Value::List(values.into_iter().cloned().collect()) }
}

/// `values(field)`: the different values, in the order of `sort`, as a list.
///
/// ```
/// use logmark_engine::values::{distribution::values, value::Value};
///
/// let found = values(&[Value::from("b"), Value::from(200), Value::from("a"), Value::from("200"), Value::Missing]);
/// assert_eq!(found.to_string(), r#"["a","b",200]"#);
/// ```
#[must_use]
pub fn values(values: &[Value]) -> Value {
    counted(values).values()
}

/// `topk(k, field)`: the `k` values that occur most often, as a list. The page does not say whether counts are part of the list.
///
/// ```
/// use logmark_engine::values::{distribution::top_k, value::Value};
///
/// let codes = [Value::from(500), Value::from(200), Value::from(404), Value::from(200)];
/// assert_eq!(top_k(&codes, 2).to_string(), "[200,404]");
/// ```
#[must_use]
pub fn top_k(values: &[Value], most: usize) -> Value {
    counted(values).top(most)
}

fn counted(values: &[Value]) -> Frequencies {
    let mut counted = Frequencies::default();
    for value in values {
        counted.insert(value);
    }
    counted
}

/// `rate(field, period)`: the change of the number per period: the difference between the latest and the earliest event, divided
/// by the time between them, times the period. Missing if all events have the same time.
///
/// The page says "the per-interval rate of change". Each value comes with its event's `@timestamp`, in milliseconds since
/// the epoch; so does the period, in milliseconds.
///
/// ```
/// use logmark_engine::values::{distribution::rate, value::Value};
///
/// let requests = [(0, Value::from(100)), (30_000, Value::from(130)), (120_000, Value::from(140))];
/// assert_eq!(rate(&requests, 60_000), Value::from(20.0));
/// ```
#[must_use]
pub fn rate(values: &[(i64, Value)], period: i64) -> Value {
    let numbers = || values.iter().filter_map(|(time, value)| Some((*time, coerce::number(value)?)));
    match (numbers().min_by_key(|(time, _)| *time), numbers().max_by_key(|(time, _)| *time)) {
        (Some(first), Some(last)) => rate_between(first, last, period),
        _ => Value::Missing,
    }
}

/// The rate of the first and the last number: see [`rate`].
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "milliseconds of centuries are exact")]
pub fn rate_between(first: (i64, Number), last: (i64, Number), period: i64) -> Value {
    let between = last.0.saturating_sub(first.0);
    if between <= 0 {
        return Value::Missing;
    }
    Value::double((last.1.as_f64() - first.1.as_f64()) / between as f64 * period as f64)
}

/// `histogram(field, buckets)`: how many numbers are in each of `buckets` ranges of equal width, as a map.
///
/// The ranges reach from the smallest to the largest number; each is named by its bounds, `[0, 5)`, and only the last includes
/// its upper bound. The page does not say how ranges are named. If all numbers are equal, the map has one range.
///
/// ```
/// use logmark_engine::values::{distribution::histogram, value::Value};
///
/// let durations = [0, 1, 4, 5, 10].map(Value::from);
/// assert_eq!(histogram(&durations, 2).to_string(), r#"{"[0, 5)":3,"[5, 10]":2}"#);
/// ```
#[must_use]
pub fn histogram(values: &[Value], buckets: usize) -> Value {
    histogram_of(values.iter().filter_map(coerce::number).map(|number| (number, 1)), buckets)
}

/// The histogram of numbers and how often each occurs: see [`histogram`].
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the place of a number among at most a thousand ranges"
)]
pub fn histogram_of(numbers: impl Iterator<Item = (Number, u64)> + Clone, buckets: usize) -> Value {
    let all = || numbers.clone().map(|(number, _)| number.as_f64());
    let (Some(least), Some(most)) = (all().reduce(f64::min), all().reduce(f64::max)) else { return Value::Missing };
    let width = (most - least) / buckets as f64;
    let is_one = width.is_nan() || width <= 0.0 || !width.is_finite();
    let buckets = if is_one { 1 } else { buckets };
    let mut counts = vec![0_u64; buckets];
    for (number, count) in numbers {
        let place = if is_one { 0 } else { ((number.as_f64() - least) / width) as usize };
        if let Some(sum) = counts.get_mut(place.min(buckets - 1)) {
            *sum += count;
        }
    }
    let bound = |place: usize| if place == buckets { most } else { width.mul_add(place as f64, least) };
    let shown = |place: usize| Value::double(bound(place)).to_string();
    let range = |(place, count): (usize, u64)| {
        let end = if place + 1 == buckets { ']' } else { ')' };
        let lower = if is_one { Value::double(least).to_string() } else { shown(place) };
        (format!("[{lower}, {}{end}", shown(place + 1)), Value::Integer(i64::try_from(count).unwrap_or(i64::MAX)))
    };
    Value::Map(counts.into_iter().enumerate().map(range).collect())
}

#[cfg(test)]
mod tests {
    use super::{histogram, rate, top_k, values};
    use crate::values::value::Value;

    #[test]
    fn a_group_without_values_has_no_distribution() {
        for group in [vec![], vec![Value::Missing], vec![Value::List(vec![])]] {
            assert_eq!(
                (values(&group), top_k(&group, 3), histogram(&group, 3)),
                (Value::Missing, Value::Missing, Value::Missing)
            );
        }
        assert_eq!(rate(&[], 1), Value::Missing);
        assert_eq!(rate(&[(1, Value::from(1)), (1, Value::from(5))], 1), Value::Missing);
        assert_eq!(histogram(&[Value::from("n/a")], 3), Value::Missing);
    }

    #[test]
    fn ranges_are_of_equal_width_and_hold_every_number() {
        let shown = |numbers: &[f64], buckets| {
            histogram(&numbers.iter().map(|each| Value::from(*each)).collect::<Vec<_>>(), buckets).to_string()
        };
        assert_eq!(shown(&[-1.0, 0.0, 0.5, 1.0], 4), r#"{"[-1, -0.5)":1,"[-0.5, 0)":0,"[0, 0.5)":1,"[0.5, 1]":2}"#);
        assert_eq!(shown(&[7.0, 7.0], 4), r#"{"[7, 7]":2}"#);
        assert_eq!(shown(&[-1E308, 1E308], 2), r#"{"[-1E308, 1E308]":2}"#);
    }

    #[test]
    fn the_most_frequent_come_first_and_equal_ones_in_the_order_of_sort() {
        let group: Vec<Value> = ["b", "a", "c", "a", "b", "d", "10", "9"].map(Value::from).into();
        assert_eq!(top_k(&group, 4).to_string(), r#"["a","b","c","d"]"#);
        assert_eq!(top_k(&group, 99).to_string(), r#"["a","b","c","d","9","10"]"#);
        let either = [Value::from("200"), Value::from(200)];
        assert_eq!(values(&either), values(&[either[1].clone(), either[0].clone()]));
    }

    #[test]
    fn a_rate_may_fall_and_reads_texts() {
        assert_eq!(
            rate(&[(60_000, Value::from("5")), (0, Value::from(10)), (30_000, Value::from("-"))], 60_000),
            Value::from(-5.0)
        );
    }
}
