//! Numbers of a group: their spread, and their percentiles.

use std::collections::HashMap;

use super::accumulator::difference;
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
    counts: HashMap<NumberKey, u64>,
    count: u64,
}

impl Numbers {
    pub(super) fn insert(&mut self, number: Number) -> isize {
        self.count += 1;
        let before = self.counts.capacity();
        *self.counts.entry(NumberKey::of(number)).or_default() += 1;
        // A table has an entry and a byte of control for each of its places, of which an eighth stays free.
        let entry = size_of::<(NumberKey, u64)>() + 2;
        difference(self.counts.capacity() * entry, before * entry)
    }

    /// See [`crate::values::distribution::histogram`].
    pub(super) fn histogram(&self, buckets: usize) -> Value {
        distribution::histogram_of(self.counts.iter().map(|(key, count)| (key.number(), *count)), buckets)
    }

    /// See [`crate::values::aggregate::pct`].
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank is from 0 to the count, as in the definition"
    )]
    pub(super) fn percentile(&self, percent: f64) -> Value {
        if !(0.0..=100.0).contains(&percent) {
            return Value::Missing;
        }
        let rank = ((percent * self.count as f64 / 100.0).ceil() as u64).max(1);
        let mut numbers: Vec<(Number, u64)> = self.counts.iter().map(|(key, count)| (key.number(), *count)).collect();
        numbers.sort_unstable_by_key(|(number, _)| *number);
        let mut below = 0;
        let at_rank = numbers.into_iter().find(|(_, count)| {
            below += count;
            below >= rank
        });
        at_rank.map(|(number, _)| number).into()
    }
}
