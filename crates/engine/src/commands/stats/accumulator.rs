//! The aggregates, computed value by value. [`crate::values::aggregate`] defines their results.

use std::cmp::Ordering;

use logmark_insights::functions::Function;

use super::distinct::Distinct;
use super::numbers::{Moments, Numbers};
use crate::control::Env;
use crate::error::QueryError;
use crate::row::value_bytes;
use crate::values::aggregate::Total;
use crate::values::distribution::{Frequencies, MOST_LISTED};
use crate::values::number::Number;
use crate::values::order::value_cmp;
use crate::values::value::Value;
use crate::values::{coerce, distribution};

/// An aggregate and its parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Aggregate {
    /// `count(*)`
    Rows,
    /// `count(f)`
    Count,
    Distinct,
    Sum,
    Mean,
    Deviation,
    Min,
    Max,
    /// With the percentage.
    Percentile(f64),
    /// A percentile of the numbers that another aggregate, given by its index, collects.
    PercentileOf(f64, usize),
    Earliest,
    Latest,
    SortsFirst,
    SortsLast,
    Values,
    /// `topk`, with the number of values.
    Top(usize),
    /// Per this many milliseconds.
    Rate(i64),
    /// With the number of ranges.
    Histogram(usize),
}

impl Aggregate {
    /// The aggregate of a function, of an expression or of the rows, with its parameters. `None` if this engine does not support
    /// it.
    pub(super) fn of(function: Function, has_expression: bool, parameters: &Parameters) -> Option<Self> {
        let number = parameters.number;
        Some(match function {
            Function::Count | Function::CountOverTime if has_expression => Self::Count,
            Function::Count | Function::CountOverTime => Self::Rows,
            Function::CountDistinct => Self::Distinct,
            Function::Sum | Function::SumOverTime => Self::Sum,
            Function::Avg => Self::Mean,
            Function::StdDev => Self::Deviation,
            Function::Min => Self::Min,
            Function::Max => Self::Max,
            Function::Pct => Self::Percentile(number?),
            Function::Earliest => Self::Earliest,
            Function::Latest => Self::Latest,
            Function::SortsFirst => Self::SortsFirst,
            Function::SortsLast => Self::SortsLast,
            Function::Values => Self::Values,
            Function::TopK => Self::Top(parameters.count()?),
            Function::Histogram => Self::Histogram(parameters.count()?),
            Function::Rate => Self::Rate(parameters.millis?),
            _ => return None,
        })
    }

    /// Whether it needs the time of each row.
    pub(super) const fn needs_moments(self) -> bool {
        matches!(self, Self::Earliest | Self::Latest | Self::Rate(_))
    }

    /// Its state before the first row.
    pub(super) fn start(self) -> Accumulator {
        match self {
            Self::Rows => Accumulator::Rows(0),
            Self::Count => Accumulator::Count(0),
            Self::Distinct => Accumulator::Distinct(Box::default()),
            Self::Sum => Accumulator::Sum(Box::default()),
            Self::Mean => Accumulator::Mean(Box::default()),
            Self::Deviation => Accumulator::Deviation(Box::default()),
            Self::Min => Accumulator::Extreme { keeps: Ordering::Less, of_numbers: true, value: Value::Missing },
            Self::Max => Accumulator::Extreme { keeps: Ordering::Greater, of_numbers: true, value: Value::Missing },
            Self::SortsFirst => Accumulator::Extreme { keeps: Ordering::Less, of_numbers: false, value: Value::Missing },
            Self::SortsLast => Accumulator::Extreme { keeps: Ordering::Greater, of_numbers: false, value: Value::Missing },
            Self::Percentile(percent) => Accumulator::Percentile(percent, Box::default()),
            Self::PercentileOf(percent, place) => Accumulator::PercentileOf(percent, place),
            Self::Earliest => Accumulator::AtEdge { keeps: Ordering::Less, edge: None },
            Self::Latest => Accumulator::AtEdge { keeps: Ordering::Greater, edge: None },
            Self::Values => Accumulator::Values(Box::default()),
            Self::Top(most) => Accumulator::Top(most, Box::default()),
            Self::Rate(millis) => Accumulator::Rate(millis, None),
            Self::Histogram(buckets) => Accumulator::Histogram(buckets, Box::default()),
        }
    }
}

/// The state of an aggregate of one group.
#[derive(Debug, Clone)]
pub(super) enum Accumulator {
    Rows(i64),
    Count(i64),
    Distinct(Box<Distinct>),
    Sum(Box<Total>),
    Mean(Box<Total>),
    Deviation(Box<Moments>),
    Percentile(f64, Box<Numbers>),
    PercentileOf(f64, usize),
    /// The value that sorts first or last; `min` and `max` prefer numbers.
    Extreme {
        keeps: Ordering,
        of_numbers: bool,
        value: Value,
    },
    Values(Box<Frequencies>),
    Top(usize, Box<Frequencies>),
    /// The first and the last number in time.
    Rate(i64, Option<Box<[Moment; 2]>>),
    Histogram(usize, Box<Numbers>),
    /// The value of the row that is first or last in time.
    AtEdge {
        keeps: Ordering,
        edge: Option<Box<Edge>>,
    },
}

/// The parameters of a function in addition to its expression.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Parameters {
    pub(super) number: Option<f64>,
    /// A period of fixed length, in milliseconds.
    pub(super) millis: Option<i64>,
}

impl Parameters {
    /// The number of buckets or values.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number in the range")]
    pub(super) fn count(&self) -> Option<usize> {
        let is_count = |number: &f64| number.fract() == 0.0 && (1.0..=MOST_LISTED as f64).contains(number);
        self.number.filter(is_count).map(|number| number as usize)
    }
}

/// A number with the position of its row in time.
pub(super) type Moment = ((i64, i64), Number);

/// The position of a row in time, and its value.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    at: (i64, i64),
    value: Value,
}

impl Accumulator {
    /// Adds the value of a row at a position in time: its moment and, among rows of the same moment, its position. Returns the
    /// growth of the state in bytes.
    pub(super) fn push(&mut self, value: &Value, at: Option<(i64, i64)>) -> isize {
        match self {
            Self::Rows(count) => *count += 1,
            Self::PercentileOf(..) => {}
            Self::Count(count) => *count += i64::from(!value.is_missing()),
            Self::Distinct(distinct) => return distinct.insert(value),
            Self::Sum(total) | Self::Mean(total) => {
                if let Some(number) = coerce::number(value) {
                    total.push(number);
                }
            }
            Self::Deviation(moments) => {
                if let Some(number) = coerce::number(value) {
                    moments.push(number);
                }
            }
            Self::Percentile(_, numbers) => {
                if let Some(number) = coerce::number(value) {
                    return numbers.insert(number);
                }
            }
            Self::Extreme { keeps, of_numbers, value: kept } => {
                if is_kept(value, kept, *keeps, *of_numbers) {
                    return replace(kept, value);
                }
            }
            Self::Values(frequencies) | Self::Top(_, frequencies) => {
                return frequencies.insert(value).map_or(0, |bytes| difference(bytes + FREQUENCY + value_bytes(value), 0));
            }
            Self::Histogram(_, numbers) => {
                if let Some(number) = coerce::number(value) {
                    return numbers.insert(number);
                }
            }
            Self::Rate(_, edges) => {
                if let Some(new) = at.zip(coerce::number(value)) {
                    return widen(edges, new);
                }
            }
            Self::AtEdge { keeps, edge } => return at_edge(value, at, *keeps, edge),
        }
        0
    }

    /// The value of the aggregate, which may be that of another one of its group.
    ///
    /// # Errors
    /// When the query was cancelled: a percentile of a million numbers takes a while.
    pub(super) fn value(&self, group: &[Self], env: &Env) -> Result<Value, QueryError> {
        Ok(match self {
            Self::PercentileOf(percent, place) => match group.get(*place) {
                Some(Self::Percentile(_, numbers)) => numbers.percentile(*percent, env)?,
                _ => Value::Missing,
            },
            Self::Rows(count) | Self::Count(count) => Value::Integer(*count),
            Self::Distinct(distinct) => Value::Integer(distinct.count()),
            Self::Sum(total) => total.sum(),
            Self::Mean(total) => total.mean(),
            Self::Deviation(moments) => moments.deviation(),
            Self::Percentile(percent, numbers) => numbers.percentile(*percent, env)?,
            Self::Values(frequencies) => frequencies.values_with(|| env.check())?,
            Self::Top(most, frequencies) => frequencies.top_with(*most, || env.check())?,
            Self::Histogram(buckets, numbers) => numbers.histogram(*buckets),
            Self::Rate(millis, edges) => edges.as_ref().map_or(Value::Missing, |edges| {
                let [first, last] = edges.map(|(at, number)| (at.0, number));
                distribution::rate_between(first, last, *millis)
            }),
            Self::Extreme { value, .. } => value.clone(),
            Self::AtEdge { edge, .. } => edge.as_ref().map(|edge| edge.value.clone()).unwrap_or_default(),
        })
    }

    /// Takes the state out.
    pub(super) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Rows(0))
    }

    /// The bytes of the initial state beyond its own size.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Distinct(_) => size_of::<Distinct>(),
            Self::Sum(_) | Self::Mean(_) => size_of::<Total>(),
            Self::Deviation(_) => size_of::<Moments>(),
            Self::Percentile(..) | Self::Histogram(..) => size_of::<Numbers>(),
            Self::Values(_) | Self::Top(..) => size_of::<Frequencies>(),
            _ => 0,
        }
    }

    /// Changes to an estimate that takes less memory, if one exists. Returns the freed bytes.
    ///
    /// # Errors
    /// When the query was cancelled.
    pub(super) fn compact(&mut self, env: &Env) -> Result<usize, QueryError> {
        match self {
            Self::Distinct(distinct) => distinct.estimate(env),
            _ => Ok(0),
        }
    }
}

/// Whether a value replaces the kept one. Of equal values `min` keeps the first and `max` the last.
fn is_kept(value: &Value, kept: &Value, keeps: Ordering, of_numbers: bool) -> bool {
    if value.is_missing() || value.is_structure() {
        return false;
    }
    if kept.is_missing() {
        return true;
    }
    if of_numbers {
        match (coerce::is_numeric(value), coerce::is_numeric(kept)) {
            (true, false) => return true,
            (false, true) => return false,
            _ => {}
        }
    }
    let order = value_cmp(value, kept);
    order == keeps || order.is_eq() && keeps == Ordering::Greater
}

fn replace(kept: &mut Value, value: &Value) -> isize {
    let before = value_bytes(kept);
    *kept = value.clone();
    difference(value_bytes(kept), before)
}

fn at_edge(value: &Value, at: Option<(i64, i64)>, keeps: Ordering, edge: &mut Option<Box<Edge>>) -> isize {
    let Some(at) = at.filter(|_| !value.is_missing()) else { return 0 };
    match edge {
        Some(edge) => {
            let order = at.cmp(&edge.at);
            if order == keeps || order.is_eq() && keeps == Ordering::Greater {
                edge.at = at;
                return replace(&mut edge.value, value);
            }
            0
        }
        None => {
            let new = Box::new(Edge { at, value: value.clone() });
            let bytes = size_of::<Edge>() + value_bytes(&new.value);
            *edge = Some(new);
            difference(bytes, 0)
        }
    }
}

/// The overhead of a table of values for each text: its place, the count, the allocation.
const FREQUENCY: usize = 56;

/// Keeps the first and the last number in time.
fn widen(edges: &mut Option<Box<[Moment; 2]>>, new: Moment) -> isize {
    match edges.as_deref_mut() {
        None => {
            *edges = Some(Box::new([new, new]));
            difference(size_of::<[Moment; 2]>(), 0)
        }
        Some([first, last]) => {
            if new.0 < first.0 {
                *first = new;
            }
            if new.0 > last.0 {
                *last = new;
            }
            0
        }
    }
}

/// The difference between two sizes.
pub(super) fn difference(after: usize, before: usize) -> isize {
    isize::try_from(after).unwrap_or(isize::MAX).saturating_sub(isize::try_from(before).unwrap_or(isize::MAX))
}
