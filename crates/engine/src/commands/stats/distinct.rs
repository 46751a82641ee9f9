//! `count_distinct`: exact for as long as the memory of the query suffices, then an estimate, as CloudWatch makes one.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::accumulator::difference;
use crate::values::coerce;
use crate::values::value::Value;

/// The registers of the estimate, as a power of two: a standard error of 0.8 %.
const REGISTER_BITS: u32 = 14;

/// Sets of fewer values than this are never estimated: they take less memory than the registers.
const SMALL: usize = 512;

/// What a set adds to the text of each value: its place, a byte of control, the allocation.
const ENTRY: usize = 40;

/// Different values.
#[derive(Debug, Clone)]
pub(super) enum Distinct {
    Exact(HashSet<Box<str>>),
    /// `HyperLogLog`: in each register the most zeros that a hash began with.
    Estimate(Box<[u8]>),
}

impl Default for Distinct {
    fn default() -> Self {
        Self::Exact(HashSet::new())
    }
}

impl Distinct {
    pub(super) fn insert(&mut self, value: &Value) -> isize {
        let Some(identity) = coerce::identity(value) else { return 0 };
        match self {
            Self::Exact(values) if values.contains(&*identity) => 0,
            Self::Exact(values) => {
                values.insert(identity.as_ref().into());
                difference(identity.len() + ENTRY, 0)
            }
            Self::Estimate(registers) => {
                note(registers, &identity);
                0
            }
        }
    }

    /// Goes over to the estimate. Gives by how many bytes the state has shrunk.
    pub(super) fn estimate(&mut self) -> usize {
        let Self::Exact(values) = self else { return 0 };
        if values.len() < SMALL {
            return 0;
        }
        let mut registers = vec![0_u8; 1 << REGISTER_BITS].into_boxed_slice();
        let before: usize = values.iter().map(|value| value.len() + ENTRY).sum();
        values.iter().for_each(|value| note(&mut registers, value));
        let after = registers.len();
        *self = Self::Estimate(registers);
        before.saturating_sub(after)
    }

    /// How many.
    pub(super) fn count(&self) -> i64 {
        match self {
            Self::Exact(values) => i64::try_from(values.len()).unwrap_or(i64::MAX),
            Self::Estimate(registers) => estimated(registers),
        }
    }
}

fn note(registers: &mut [u8], value: &str) {
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
    // Few values leave registers empty, which then say more (linear counting).
    let estimate = if raw <= 2.5 * count && empty > 0 { count * (count / empty as f64).ln() } else { raw };
    estimate.round() as i64
}

#[cfg(test)]
mod tests {
    use super::Distinct;
    use crate::values::value::Value;

    #[test]
    fn an_estimate_is_near_the_count_and_small() {
        for count in [1_000_i64, 20_000, 300_000] {
            let mut distinct = Distinct::default();
            for number in 0..count / 2 {
                distinct.insert(&Value::from(number));
            }
            assert!(distinct.estimate() > 0 || count < 2_000);
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
        assert_eq!((distinct.estimate(), distinct.count()), (0, 3));
    }
}
