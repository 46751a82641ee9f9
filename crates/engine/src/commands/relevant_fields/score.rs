//! The relevance of a field to a condition.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use crate::control::Env;
use crate::error::QueryError;
use crate::values::number::Number;
use crate::values::value::Value;

/// The number of shown values.
const SHOWN: usize = 3;

/// Numbers of events: those for which the condition holds, and the others.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts([u64; 2]);

/// The relation of a field to the condition.
#[derive(Debug, Default)]
pub(super) struct Score {
    pub(super) relevance: f64,
    /// The values whose shares differ most, for a field whose values are not all numbers.
    pub(super) contributors: Option<String>,
    /// The medians of both sides, for numbers.
    pub(super) medians: [Value; 2],
}

impl Counts {
    pub(super) fn add(&mut self, side: usize) {
        if let Some(count) = self.0.get_mut(side) {
            *count += 1;
        }
    }

    fn plus(self, other: Self) -> Self {
        Self([self.0[0] + other.0[0], self.0[1] + other.0[1]])
    }

    fn without(self, other: Self) -> Self {
        Self([self.0[0].saturating_sub(other.0[0]), self.0[1].saturating_sub(other.0[1])])
    }

    fn all(self) -> u64 {
        self.0[0] + self.0[1]
    }

    /// The shares of these counts in others.
    #[expect(clippy::cast_precision_loss, reason = "shares are shown with few digits")]
    fn shares(self, part: Self) -> [f64; 2] {
        [0, 1].map(|side| if self.0[side] == 0 { 0.0 } else { part.0[side] as f64 / self.0[side] as f64 })
    }
}

impl Score {
    /// The score from the counts of each value and of all events.
    pub(super) fn of(values: HashMap<Box<str>, Counts>, events: Counts, env: &Env) -> Result<Self, QueryError> {
        let numbers = values.iter().map(|(text, counts)| Some(Ranked { number: Number::parse(text)?, counts: *counts }));
        match numbers.collect::<Option<Vec<_>>>() {
            Some(numbers) => Self::of_numbers(numbers, env),
            None => Ok(Self::of_texts(values, events)),
        }
    }

    fn of_numbers(numbers: Vec<Ranked>, env: &Env) -> Result<Self, QueryError> {
        let all = numbers.iter().fold(Counts::default(), |sum, ranked| sum.plus(ranked.counts));
        let mut below = Counts::default();
        let mut relevance = 0.0_f64;
        let mut medians = [Value::Missing, Value::Missing];
        // A heap, not a sort: a cancelled query ends soon.
        let mut numbers = BinaryHeap::from(numbers);
        while let Some(Ranked { number, counts }) = numbers.pop() {
            env.tick()?;
            below = below.plus(counts);
            let [conditional, baseline] = all.shares(below);
            if all.0[0] > 0 && all.0[1] > 0 {
                relevance = relevance.max((conditional - baseline).abs());
            }
            for (side, median) in medians.iter_mut().enumerate() {
                // The nearest rank, as in `pct`.
                if median.is_missing() && below.0[side] > 0 && below.0[side] * 2 >= all.0[side] {
                    *median = Value::from(number);
                }
            }
        }
        Ok(Self { relevance, contributors: None, medians })
    }

    fn of_texts(values: HashMap<Box<str>, Counts>, events: Counts) -> Self {
        let relevance = association(values.values().copied(), events);
        let shift = |counts: &Counts| {
            let [conditional, baseline] = events.shares(*counts);
            (conditional - baseline).abs()
        };
        let order = |(text, counts): &(Box<str>, Counts), (other, than): &(Box<str>, Counts)| {
            shift(than).total_cmp(&shift(counts)).then_with(|| text.cmp(other))
        };
        let mut values: Vec<(Box<str>, Counts)> = values.into_iter().collect();
        if values.len() > SHOWN {
            values.select_nth_unstable_by(SHOWN, order);
            values.truncate(SHOWN);
        }
        values.sort_unstable_by(order);
        let shown = values.iter().map(|(text, counts)| {
            let [conditional, baseline] = events.shares(*counts).map(|share| share * 100.0);
            format!("{text} ({conditional:.1}% / {baseline:.1}%)")
        });
        Self { relevance, contributors: Some(shown.collect::<Vec<_>>().join(", ")), ..Self::default() }
    }
}

/// A number, and the number of events with it. The order is reversed, so that the smallest leaves a heap first.
#[derive(Debug)]
struct Ranked {
    number: Number,
    counts: Counts,
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        other.number.cmp(&self.number)
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

/// Cramér's V of the values (including missing) and the sides, with bias correction (Bergsma 2013). From 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "a score is shown with four decimals")]
fn association(values: impl Iterator<Item = Counts>, events: Counts) -> f64 {
    let mut present = Counts::default();
    let mut kinds = 0_u64;
    let mut chi_square = 0.0;
    let total = events.all() as f64;
    let mut add = |counts: Counts| {
        kinds += 1;
        for side in 0..2 {
            let expected = counts.all() as f64 * events.0[side] as f64 / total;
            if expected > 0.0 {
                chi_square += (counts.0[side] as f64 - expected).powi(2) / expected;
            }
        }
    };
    for counts in values {
        present = present.plus(counts);
        add(counts);
    }
    let missing = events.without(present);
    if missing.all() > 0 {
        add(missing);
    }
    if total < 2.0 || events.0.contains(&0) || kinds < 2 {
        return 0.0;
    }
    let kinds = kinds as f64;
    let unbiased = (chi_square / total - (kinds - 1.0) / (total - 1.0)).max(0.0);
    let rows = kinds - (kinds - 1.0).powi(2) / (total - 1.0);
    let columns = 2.0 - 1.0 / (total - 1.0);
    let least = (rows - 1.0).min(columns - 1.0);
    if least > 0.0 { (unbiased / least).sqrt().min(1.0) } else { 0.0 }
}
