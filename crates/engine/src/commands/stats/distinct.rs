//! `count_distinct`: exact as long as the query's memory suffices, then an estimate, as in CloudWatch.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::accumulator::difference;
use crate::collections::{Inserted, KeySet};
use crate::control::Env;
use crate::error::QueryError;
use crate::values::coerce;
use crate::values::value::Value;

/// The registers of the estimate, as a power of two: a standard error of 0.8 %.
const REGISTER_BITS: u32 = 14;

/// Sets of fewer values than this are never estimated: they take less memory than the registers.
const SMALL: usize = 512;

/// Distinct values.
#[derive(Debug, Clone)]
pub(super) enum Distinct {
    Exact {
        values: KeySet,
        /// The allocated bytes of the set.
        bytes: usize,
    },
    /// `HyperLogLog`: each register has the maximum number of leading zeros of its hashes.
    Estimate(Box<[u8]>),
}

impl Default for Distinct {
    fn default() -> Self {
        Self::Exact { values: KeySet::default(), bytes: 0 }
    }
}

impl Distinct {
    pub(super) fn insert(&mut self, value: &Value) -> isize {
        let Some(identity) = coerce::identity(value) else { return 0 };
        match self {
            Self::Exact { values, bytes } => match values.insert(identity.as_bytes()) {
                Inserted::Known(_) => 0,
                Inserted::New(_, grown) => {
                    *bytes += grown;
                    difference(grown, 0)
                }
            },
            Self::Estimate(registers) => {
                note(registers, identity.as_bytes());
                0
            }
        }
    }

    /// Changes to the estimate. Returns the freed bytes.
    ///
    /// # Errors
    /// When the query was cancelled.
    pub(super) fn estimate(&mut self, env: &Env) -> Result<usize, QueryError> {
        let Self::Exact { values, bytes } = self else { return Ok(0) };
        if values.len() < SMALL {
            return Ok(0);
        }
        let mut registers = vec![0_u8; 1 << REGISTER_BITS].into_boxed_slice();
        for value in values.iter() {
            env.tick()?;
            note(&mut registers, value);
        }
        let shrunk = bytes.saturating_sub(registers.len());
        *self = Self::Estimate(registers);
        Ok(shrunk)
    }

    /// The number of distinct values.
    pub(super) fn count(&self) -> i64 {
        match self {
            Self::Exact { values, .. } => i64::try_from(values.len()).unwrap_or(i64::MAX),
            Self::Estimate(registers) => estimated(registers),
        }
    }
}

fn note(registers: &mut [u8], value: &[u8]) {
    // Fixed keys: the same values give the same estimate in every run.
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    let hash = hasher.finish();
    let index = usize::try_from(hash >> (64 - REGISTER_BITS)).unwrap_or_default();
    let zeros = (hash << REGISTER_BITS | 1 << (REGISTER_BITS - 1)).leading_zeros() + 1;
    if let Some(register) = registers.get_mut(index) {
        *register = (*register).max(u8::try_from(zeros).unwrap_or(u8::MAX));
    }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "an estimate")]
fn estimated(registers: &[u8]) -> i64 {
    let count = registers.len() as f64;
    let sum: f64 = registers.iter().map(|zeros| (-f64::from(*zeros)).exp2()).sum();
    let raw = 0.7213 / (1.0 + 1.079 / count) * count * count / sum;
    let empty = registers.iter().filter(|zeros| **zeros == 0).count();
    // With few values, empty registers give a better estimate (linear counting).
    let estimate = if raw <= 2.5 * count && empty > 0 { count * (count / empty as f64).ln() } else { raw };
    estimate.round() as i64
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::Distinct;
    use crate::budget::Budget;
    use crate::control::Env;
    use crate::values::call::QueryTimes;
    use crate::values::value::Value;

    fn env() -> Env {
        let times = QueryTimes { start: 0, end: 0, now: 0 };
        Env::new(times, Budget::new(usize::MAX), Arc::default(), Duration::from_secs(600))
    }

    #[test]
    fn an_estimate_is_near_the_count_and_small() {
        for count in [1_000_i64, 20_000, 300_000] {
            let mut distinct = Distinct::default();
            for number in 0..count / 2 {
                distinct.insert(&Value::from(number));
            }
            assert!(distinct.estimate(&env()).unwrap() > 0 || count < 2_000);
            for number in 0..count {
                distinct.insert(&Value::from(number));
            }
            let estimated = distinct.count();
            assert!((estimated - count).abs() <= count / 25, "{estimated} of {count}");
        }
    }

    #[test]
    fn a_small_set_stays_exact() {
        let mut distinct = Distinct::default();
        for text in ["a", "b", "a", "200"] {
            distinct.insert(&Value::from(text));
        }
        distinct.insert(&Value::from(200));
        distinct.insert(&Value::Missing);
        assert_eq!((distinct.estimate(&env()).unwrap(), distinct.count()), (0, 3));
    }
}
