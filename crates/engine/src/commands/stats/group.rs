//! Groups of rows, and `stats` at run time.

use std::collections::HashMap;
use std::io::Write;

use super::accumulator::Accumulator;
use super::aggregates::Part;
use crate::budget::Reservation;
use crate::control::Env;
use crate::error::QueryError;
use crate::expression::Compiled;
use crate::operator::{Flow, Next, Operator};
use crate::row::{Access, Row, Slot, values_bytes};
use crate::values::coerce;
use crate::values::value::Value;

/// An expression behind `by`.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) expression: Compiled,
    /// All its values are timestamps, or missing.
    pub(super) is_time: bool,
    /// Where the aggregates find it by its alias.
    pub(super) slot: Option<Slot>,
}

/// What a group adds to its key and its values: its place in the map and in the list, allocations.
const GROUP: usize = 128;

#[derive(Debug, Clone)]
pub(super) struct Stats {
    keys: Vec<Key>,
    parts: Vec<Part>,
    columns: Vec<Compiled>,
    /// The places of the aggregates.
    hidden: Vec<Slot>,
    /// Where the time of a row is, when an aggregate needs it.
    moment: Option<Access>,
    places: HashMap<Box<[u8]>, usize>,
    groups: Vec<Group>,
    key: Vec<u8>,
    memory: Reservation,
}

#[derive(Debug, Clone)]
struct Group {
    values: Vec<Value>,
    accumulators: Vec<Accumulator>,
}

impl Stats {
    pub(super) fn new(
        keys: Vec<Key>,
        parts: Vec<Part>,
        columns: Vec<Compiled>,
        hidden: Vec<Slot>,
        moment: Option<Access>,
    ) -> Self {
        let (places, groups, key) = (HashMap::new(), Vec::new(), Vec::new());
        Self { keys, parts, columns, hidden, moment, places, groups, key, memory: Reservation::default() }
    }

    /// The group of a row.
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
        if let Some(place) = self.places.get(self.key.as_slice()) {
            return Ok(*place);
        }
        let values: Vec<Value> = self.keys.iter().map(|key| key.expression.value(row, env).into_owned()).collect();
        let state = self.parts.len() * size_of::<Accumulator>();
        reserve(&mut self.memory, &mut self.groups, env, self.key.len() + values_bytes(&values) + state + GROUP)?;
        let accumulators = self.parts.iter().map(|part| part.aggregate.start()).collect();
        let place = self.groups.len();
        self.groups.push(Group { values, accumulators });
        self.places.insert(self.key.as_slice().into(), place);
        Ok(place)
    }

    /// The row of a group.
    fn result(&self, group: Group, position: usize, env: &Env) -> Row<'static> {
        let first = group.values.len();
        let mut row = Row { values: group.values, event: None, position: i64::try_from(position).unwrap_or(i64::MAX) };
        for (slot, accumulator) in self.hidden.iter().zip(&group.accumulators) {
            row.set(*slot, accumulator.value(&group.accumulators));
        }
        for (place, column) in self.columns.iter().enumerate() {
            let value = column.value(&row, env).into_owned();
            row.set(Slot(first + place), value);
        }
        row
    }
}

/// Reserves memory. If the budget is used up, sets of many values are replaced by estimates first.
fn reserve(memory: &mut Reservation, groups: &mut [Group], env: &Env, bytes: usize) -> Result<(), QueryError> {
    let Err(error) = memory.grow(&env.budget, bytes) else { return Ok(()) };
    let shrunk: usize = groups.iter_mut().flat_map(|group| &mut group.accumulators).map(Accumulator::compact).sum();
    if shrunk == 0 {
        return Err(error);
    }
    memory.shrink(shrunk);
    memory.grow(&env.budget, bytes)
}

/// Writes a value so that equal keys are those of one group: see [`coerce::identity`].
fn write_key(value: &Value, is_time: bool, key: &mut Vec<u8>) {
    const MISSING: u8 = 0;
    const TIME: u8 = 1;
    const TEXT: u8 = 2;
    let start = key.len();
    match value {
        Value::Missing => return key.push(MISSING),
        Value::Timestamp(moment) if is_time => {
            key.push(TIME);
            return key.extend_from_slice(&moment.to_le_bytes());
        }
        Value::Integer(number) => {
            key.extend_from_slice(&[TEXT, 0, 0, 0, 0]);
            // Writing to memory does not fail.
            let _written = write!(key, "{number}");
        }
        other => {
            key.extend_from_slice(&[TEXT, 0, 0, 0, 0]);
            if let Some(identity) = coerce::identity(other) {
                key.extend_from_slice(identity.as_bytes());
            }
        }
    }
    // The length before the text, so that no two lists of values give the same key.
    let length = u32::try_from(key.len() - start - 5).unwrap_or(u32::MAX);
    if let Some(place) = key.get_mut(start + 1..start + 5) {
        place.copy_from_slice(&length.to_le_bytes());
    }
}

impl Operator for Stats {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let env = next.env();
        let place = self.place(row, env)?;
        let at = self.moment.as_ref().and_then(|moment| row.moment(moment)).map(|moment| (moment, row.position));
        let Some(group) = self.groups.get_mut(place) else { return Err(QueryError::Bug("a group that is not there")) };
        let mut grown = 0_isize;
        for (part, accumulator) in self.parts.iter().zip(&mut group.accumulators) {
            grown += match &part.of {
                Some(expression) => accumulator.push(&expression.value(row, env), at),
                None => accumulator.push(&Value::Missing, at),
            };
        }
        match usize::try_from(grown) {
            Ok(0) => {}
            Ok(bytes) => reserve(&mut self.memory, &mut self.groups, env, bytes)?,
            Err(_) => self.memory.shrink(grown.unsigned_abs()),
        }
        Ok(Flow::Continue)
    }

    fn finish(&mut self, next: &mut Next<'_>) -> Result<(), QueryError> {
        if self.keys.is_empty() && self.groups.is_empty() {
            let accumulators = self.parts.iter().map(|part| part.aggregate.start()).collect();
            self.groups.push(Group { values: Vec::new(), accumulators });
        }
        self.places = HashMap::new();
        let (groups, env) = (std::mem::take(&mut self.groups), next.env());
        next.push_all(groups.into_iter().enumerate().map(|(position, group)| self.result(group, position, env)))?;
        self.memory = Reservation::default();
        Ok(())
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
