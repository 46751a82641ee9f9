//! Numbers of a group: their deviation and percentiles.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use super::accumulator::difference;
use crate::collections::SplitTable;
use crate::control::Env;
use crate::error::QueryError;
use crate::values::distribution;
use crate::values::number::{Number, NumberKey};
use crate::values::value::Value;

/// Mean and sum of squares, so that the deviation needs no second pass (Welford).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    count: f64,
    mean: f64,
    /// The sum of the squares of the differences to the mean.
    squares: f64,
}

impl Moments {
    pub(super) fn push(&mut self, number: Number) {
        let number = number.as_f64();
        self.count += 1.0;
        let before = number - self.mean;
        self.mean += before / self.count;
        self.squares += before * (number - self.mean);
    }

    /// See [`crate::values::aggregate::stddev`].
    pub(super) fn deviation(&self) -> Value {
        if self.count <= 1.0 { Value::Missing } else { Value::double((self.squares / (self.count - 1.0)).sqrt()) }
    }
}

/// How often each number occurs.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbers {
    hashes: RandomState,
    counts: SplitTable<(NumberKey, u64)>,
    count: u64,
}

/// The most numbers to sort at once, in well under a millisecond.
const FEW: usize = 4_096;
/// The bits of a number that one pass compares.
const PASS_BITS: u32 = 16;

impl Numbers {
    /// Counts a number. Returns the growth of the state in bytes.
    pub(super) fn insert(&mut self, number: Number) -> isize {
        self.count += 1;
        let key = NumberKey::of(number);
        let hash = self.hashes.hash_one(key);
        if let Some((_, count)) = self.counts.find_mut(hash, |(known, _)| *known == key) {
            *count += 1;
            return 0;
        }
        difference(self.counts.insert(hash, (key, 1), |(key, _)| self.hashes.hash_one(key)), 0)
    }

    /// See [`crate::values::distribution::histogram`].
    pub(super) fn histogram(&self, buckets: usize) -> Value {
        distribution::histogram_of(self.counts.iter().map(|(key, count)| (key.number(), *count)), buckets)
    }

    /// See [`crate::values::aggregate::pct`].
    ///
    /// # Errors
    /// When the query was cancelled.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank is from 0 to the count, as in the definition"
    )]
    pub(super) fn percentile(&self, percent: f64, env: &Env) -> Result<Value, QueryError> {
        if !(0.0..=100.0).contains(&percent) {
            return Ok(Value::Missing);
        }
        let rank = ((percent * self.count as f64 / 100.0).ceil() as u64).max(1);
        self.at_rank(rank, env).map(Value::from)
    }

    /// The number at a rank; the smallest has rank 1. Many numbers are not sorted, which would double their memory and take long.
    /// Instead each pass counts the remaining numbers by their next bits, and keeps those around the rank.
    fn at_rank(&self, mut rank: u64, env: &Env) -> Result<Option<Number>, QueryError> {
        let (mut prefix, mut known_bits) = (0_u64, 0);
        let mut left = self.counts.len();
        while left > FEW && known_bits < u64::BITS {
            let mut counts = vec![(0_u64, 0_usize); 1 << PASS_BITS];
            for (key, count) in self.counts.iter() {
                env.tick()?;
                let bits = ordered_bits(key.number());
                if has_prefix(bits, prefix, known_bits)
                    && let Some((sum, different)) = counts.get_mut(next_bits(bits, known_bits))
                {
                    *sum += count;
                    *different += 1;
                }
            }
            let at = counts.iter().position(|(sum, _)| {
                if rank <= *sum {
                    true
                } else {
                    rank -= sum;
                    false
                }
            });
            let Some((at, found)) = at.and_then(|at| Some((at, counts.get(at)?))) else { return Ok(None) };
            (prefix, left) = (prefix << PASS_BITS | at as u64, found.1);
            known_bits += PASS_BITS;
        }
        let mut numbers = Vec::with_capacity(left);
        for (key, count) in self.counts.iter() {
            env.tick()?;
            if has_prefix(ordered_bits(key.number()), prefix, known_bits) {
                numbers.push((key.number(), *count));
            }
        }
        numbers.sort_unstable_by_key(|(number, _)| *number);
        let at_rank = numbers.into_iter().find(|(_, count)| {
            if rank <= *count {
                true
            } else {
                rank -= count;
                false
            }
        });
        Ok(at_rank.map(|(number, _)| number))
    }
}

/// Bits with the same order as the numbers. Whole numbers beyond 2^53 with the same nearest double have the same bits; there are
/// at most 2,048 of them.
fn ordered_bits(number: Number) -> u64 {
    // As a double, zero has two representations.
    let bits = (number.as_f64() + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

fn has_prefix(bits: u64, prefix: u64, known_bits: u32) -> bool {
    known_bits == 0 || bits >> (u64::BITS - known_bits) == prefix
}

fn next_bits(bits: u64, known_bits: u32) -> usize {
    usize::try_from(bits << known_bits >> (u64::BITS - PASS_BITS)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::Numbers;
    use crate::budget::Budget;
    use crate::control::{Control, Env};
    use crate::error::QueryError;
    use crate::values::aggregate::pct;
    use crate::values::call::QueryTimes;
    use crate::values::coerce;
    use crate::values::number::Number;
    use crate::values::value::Value;

    fn env(control: &Arc<Control>) -> Env {
        let times = QueryTimes { start: 0, end: 0, now: 0 };
        Env::new(times, Budget::new(usize::MAX), Arc::clone(control), Duration::from_secs(600))
    }

    /// Whole numbers, doubles beside them, large ones with the same nearest double, zeros.
    fn number(place: u64) -> Number {
        let mixed = place.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        match place % 5 {
            0 => Number::Integer((mixed >> 40).cast_signed() - (1 << 23)),
            1 => Number::Double((mixed >> 34) as f64 / 64.0 - 100_000.0),
            2 => Number::Integer(i64::MAX - (mixed % 3_000).cast_signed()),
            3 => Number::Double(f64::from_bits(mixed & !(1 << 62))),
            _ => Number::Double(if place.is_multiple_of(2) { 0.0 } else { -0.0 }),
        }
    }

    #[test]
    fn a_percentile_of_many_numbers_is_that_of_the_definition() {
        let env = env(&Arc::default());
        for count in [1, 3, 5_000, 60_000] {
            let mut numbers = Numbers::default();
            let values: Vec<Value> = (0..count).map(|place| Value::from(number(place))).collect();
            (0..count).for_each(|place| _ = numbers.insert(number(place)));
            for percent in [0.0, 0.001, 10.0, 20.5, 37.0, 50.0, 59.9, 60.1, 75.0, 99.0, 99.99, 100.0] {
                // A whole double and a whole number of the same value are equal.
                let (found, defined) = (numbers.percentile(percent, &env).unwrap(), pct(&values, percent));
                assert_eq!(coerce::number(&found), coerce::number(&defined), "{percent} of {count}");
            }
        }
    }

    #[test]
    fn a_percentile_of_many_numbers_ends_when_the_query_is_cancelled() {
        let control = Arc::new(Control::default());
        let env = env(&control);
        let mut numbers = Numbers::default();
        (0..100_000).for_each(|place| _ = numbers.insert(Number::Integer(place)));
        let before = env.checks();
        assert_eq!(numbers.percentile(50.0, &env).unwrap(), Value::Integer(49_999));
        assert!(env.checks() - before >= 2 * 100_000 / 32, "{}", env.checks());
        control.cancel();
        assert!(matches!(numbers.percentile(50.0, &env), Err(QueryError::Cancelled)));
    }
}
