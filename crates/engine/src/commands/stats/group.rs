//! Groups of rows, and `stats` at run time.

use std::io::Write;

use super::accumulator::Accumulator;
use super::aggregates::Part;
use crate::budget::Reservation;
use crate::collections::{Chunks, Inserted, KeySet};
use crate::control::Env;
use crate::error::QueryError;
use crate::expression::Compiled;
use crate::operator::{Flow, Next, Operator};
use crate::row::{Access, Row, Slot, value_bytes};
use crate::values::coerce;
use crate::values::value::Value;

/// An expression after `by`.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) expression: Compiled,
    /// Whether all its values are timestamps or missing.
    pub(super) is_time: bool,
    /// The slot in which aggregates find it by its alias.
    pub(super) slot: Option<Slot>,
}

/// `stats` at run time. The groups are numbered in the order of their first rows, and their state is in lists: a group needs no
/// allocations except those of its aggregates.
#[derive(Debug, Clone)]
pub(super) struct Stats {
    keys: Vec<Key>,
    parts: Vec<Part>,
    columns: Vec<Compiled>,
    /// The slots of the aggregates.
    hidden: Vec<Slot>,
    /// The time of a row, if an aggregate needs it.
    moment: Option<Access>,
    groups: KeySet,
    /// For each group the values of its keys. Texts are omitted, because their bytes are in the key.
    values: Chunks<Option<Value>>,
    /// For each group the states of its aggregates.
    accumulators: Chunks<Accumulator>,
    key: Vec<u8>,
    memory: Reservation,
}

impl Stats {
    pub(super) fn new(
        keys: Vec<Key>,
        parts: Vec<Part>,
        columns: Vec<Compiled>,
        hidden: Vec<Slot>,
        moment: Option<Access>,
    ) -> Self {
        Self {
            keys,
            parts,
            columns,
            hidden,
            moment,
            groups: KeySet::default(),
            values: Chunks::default(),
            accumulators: Chunks::default(),
            key: Vec::new(),
            memory: Reservation::default(),
        }
    }

    /// The index of the row's group.
    fn place(&mut self, row: &mut Row<'_>, env: &Env) -> Result<usize, QueryError> {
        self.key.clear();
        for key in &self.keys {
            let value = key.expression.value(row, env);
            write_key(&value, key.is_time, &mut self.key);
            if let Some(slot) = key.slot {
                let value = value.into_owned();
                row.set(slot, value);
            }
        }
        match self.groups.insert(&self.key) {
            Inserted::Known(place) => Ok(place),
            Inserted::New(place, bytes) => self.begin(row, bytes, env).map(|()| place),
        }
    }

    /// Creates the group of a row whose key took this many bytes.
    fn begin(&mut self, row: &Row<'_>, mut bytes: usize, env: &Env) -> Result<(), QueryError> {
        for key in &self.keys {
            let value = Some(key.expression.value(row, env).into_owned()).filter(|value| !matches!(value, Value::Text(_)));
            bytes += value.as_ref().map_or(0, |value| value_bytes(value) - size_of::<Value>());
            bytes += self.values.push(value);
        }
        for part in &self.parts {
            let accumulator = part.aggregate.start();
            bytes += accumulator.bytes() + self.accumulators.push(accumulator);
        }
        self.reserve(env, bytes)
    }

    /// Reserves memory. If the budget is exhausted, sets of many values are replaced by estimates first.
    fn reserve(&mut self, env: &Env, bytes: usize) -> Result<(), QueryError> {
        let Err(error) = self.memory.grow(&env.budget, bytes) else { return Ok(()) };
        let mut shrunk = 0;
        for accumulator in self.accumulators.iter_mut() {
            env.tick()?;
            shrunk += accumulator.compact(env)?;
        }
        if shrunk == 0 {
            return Err(error);
        }
        self.memory.shrink(shrunk);
        self.memory.grow(&env.budget, bytes)
    }

    /// Adds a row to its group.
    fn aggregate(&mut self, row: &Row<'_>, place: usize, env: &Env) -> Result<(), QueryError> {
        let at = self.moment.as_ref().and_then(|moment| row.moment(moment)).map(|moment| (moment, row.position));
        let mut grown = 0_isize;
        let first = place * self.parts.len();
        for (index, part) in (first..).zip(&self.parts) {
            let Some(accumulator) = self.accumulators.get_mut(index) else { return Err(QueryError::Bug("a missing group")) };
            grown += match &part.of {
                Some(expression) => accumulator.push(&expression.value(row, env), at),
                None => accumulator.push(&Value::Missing, at),
            };
        }
        match usize::try_from(grown) {
            Ok(0) => Ok(()),
            Ok(bytes) => self.reserve(env, bytes),
            Err(_) => {
                self.memory.shrink(grown.unsigned_abs());
                Ok(())
            }
        }
    }

    /// The row of a group. Its state is moved out.
    fn result(&mut self, place: usize, env: &Env) -> Result<Row<'static>, QueryError> {
        let mut values = Vec::with_capacity(self.keys.len() + self.columns.len() + self.hidden.len());
        let mut rest = self.groups.get(place);
        for index in place * self.keys.len()..(place + 1) * self.keys.len() {
            let text = read_key(&mut rest);
            let kept = self.values.get_mut(index).and_then(Option::take);
            values.push(kept.unwrap_or_else(|| text.map(|text| String::from_utf8_lossy(text).into_owned()).into()));
        }
        let first = self.keys.len();
        let mut row = Row { values, event: None, position: i64::try_from(place).unwrap_or(i64::MAX) };
        let start = place * self.parts.len();
        let take = |index| self.accumulators.get_mut(index).map(Accumulator::take);
        let accumulators: Vec<Accumulator> = (start..start + self.parts.len()).filter_map(take).collect();
        for (slot, accumulator) in self.hidden.iter().zip(&accumulators) {
            row.set(*slot, accumulator.value(&accumulators, env)?);
        }
        for (place, column) in self.columns.iter().enumerate() {
            let value = column.value(&row, env).into_owned();
            row.set(Slot(first + place), value);
        }
        Ok(row)
    }
}

const MISSING: u8 = 0;
const TIME: u8 = 1;
const TEXT: u8 = 2;
/// Replaces the length of a longer text, which follows in four bytes. Most keys are short, and short keys are found faster.
const LONG: u8 = 0xff;

/// Writes a value so that equal keys belong to one group: see [`coerce::identity`].
fn write_key(value: &Value, is_time: bool, key: &mut Vec<u8>) {
    match value {
        Value::Timestamp(moment) if is_time => {
            key.push(TIME);
            key.extend_from_slice(&moment.to_le_bytes());
        }
        Value::Integer(number) => {
            let start = key.len();
            key.extend_from_slice(&[TEXT, 0]);
            // Writing to memory does not fail. A number has at most 20 bytes.
            let _written = write!(key, "{number}");
            let length = u8::try_from(key.len() - start - 2).unwrap_or(LONG);
            if let Some(place) = key.get_mut(start + 1) {
                *place = length;
            }
        }
        other => match coerce::identity(other) {
            None => key.push(MISSING),
            Some(identity) => write_text(&identity, key),
        },
    }
}

/// Writes a text after its length, so that different lists of values give different keys.
fn write_text(text: &str, key: &mut Vec<u8>) {
    match u8::try_from(text.len()) {
        Ok(length) if length != LONG => key.extend_from_slice(&[TEXT, length]),
        _ => {
            key.extend_from_slice(&[TEXT, LONG]);
            key.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
        }
    }
    key.extend_from_slice(text.as_bytes());
}

/// The text of the next key, which [`write_key`] wrote; `None` for a key without one.
fn read_key<'k>(rest: &mut &'k [u8]) -> Option<&'k [u8]> {
    let (kind, behind) = rest.split_first()?;
    *rest = behind;
    match *kind {
        TEXT => {
            let (short, behind) = rest.split_first()?;
            let (length, behind) = match *short {
                LONG => behind.split_first_chunk::<4>().map(|(long, behind)| (u32::from_le_bytes(*long) as usize, behind))?,
                short => (usize::from(short), behind),
            };
            let (text, behind) = behind.split_at_checked(length)?;
            *rest = behind;
            Some(text)
        }
        TIME => {
            *rest = rest.get(size_of::<i64>()..)?;
            None
        }
        _ => None,
    }
}

impl Operator for Stats {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let env = next.env();
        let place = self.place(row, env)?;
        self.aggregate(row, place, env)?;
        Ok(Flow::Continue)
    }

    fn finish(&mut self, next: &mut Next<'_>) -> Result<(), QueryError> {
        let env = next.env();
        if self.keys.is_empty() && self.groups.len() == 0 {
            let Inserted::New(_, bytes) = self.groups.insert(&[]) else { return Err(QueryError::Bug("an empty set")) };
            self.begin(&Row::default(), bytes, env)?;
        }
        for place in 0..self.groups.len() {
            env.tick()?;
            let mut row = self.result(place, env)?;
            if next.push(&mut row)? == Flow::Done {
                break;
            }
        }
        (self.groups, self.values, self.accumulators) = Default::default();
        self.memory = Reservation::default();
        Ok(())
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
