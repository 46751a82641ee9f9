//! `countFrequent`, page CWL_QuerySyntax-CountFrequent.
//!
//! - Returns one row for each combination of values, with its count in `_approxcount`, sorted by count in descending order.
//! - CloudWatch counts approximately. This count is exact.
//! - Equal counts are in `sort` order. A missing field counts as a value, as it does after `by`.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use logmark_diagnostics::Diagnostic;
use logmark_insights::ast::CountFrequent as CountFrequentTree;

use super::key;
use crate::budget::Reservation;
use crate::error::QueryError;
use crate::operator::{Flow, Next, Operator};
use crate::plan::Builder;
use crate::row::{Access, Row, Slot, values_bytes};
use crate::values::coerce;
use crate::values::order::value_cmp;
use crate::values::value::Value;

const COUNT: &str = "_approxcount";

pub(super) fn compile(frequent: &CountFrequentTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let fields = frequent.fields.iter().map(|field| builder.access(&field.node)).collect();
    let names = frequent.fields.iter().map(|field| field.node.flat_name()).chain([COUNT.to_owned()]);
    let slots = builder.begin_rows(names.map(|name| (name, None)));
    builder.add(CountFrequent { fields, slots, counts: HashMap::new(), key: Vec::new(), memory: Reservation::default() });
    Ok(())
}

#[derive(Debug, Clone)]
struct CountFrequent {
    fields: Vec<Access>,
    /// The slots of the fields, then the slot of the count.
    slots: Vec<Slot>,
    counts: HashMap<Box<[u8]>, Counted>,
    key: Vec<u8>,
    memory: Reservation,
}

#[derive(Debug, Clone)]
struct Counted {
    values: Vec<Value>,
    count: i64,
}

impl Operator for CountFrequent {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        self.key.clear();
        for field in &self.fields {
            key::push(&mut self.key, &row.get(field));
        }
        if let Some(counted) = self.counts.get_mut(self.key.as_slice()) {
            counted.count += 1;
            return Ok(Flow::Continue);
        }
        let values: Vec<Value> = self.fields.iter().map(|field| row.get(field).into_owned()).collect();
        let bytes = self.key.len() + key::ENTRY + size_of::<Counted>() + values_bytes(&values);
        self.memory.grow(&next.env().budget, bytes)?;
        self.counts.insert(self.key.as_slice().into(), Counted { values, count: 1 });
        Ok(Flow::Continue)
    }

    fn finish(&mut self, next: &mut Next<'_>) -> Result<(), QueryError> {
        // A heap, not a sort: a cancelled query ends soon, and a `limit` after it needs only the first rows.
        let mut counted = BinaryHeap::from_iter(std::mem::take(&mut self.counts).into_values());
        let greatest_first = std::iter::from_fn(|| counted.pop());
        let rows = (0..).zip(greatest_first).map(|(position, Counted { values, count })| {
            Row::new(position, &self.slots, values.into_iter().chain([Value::Integer(count)]))
        });
        next.push_all(rows)?;
        self.memory = Reservation::default();
        Ok(())
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

impl Ord for Counted {
    /// The greatest comes first in the result.
    fn cmp(&self, other: &Self) -> Ordering {
        let values = || {
            let pairs = self.values.iter().zip(&other.values);
            // Maps and lists are equal to `sort`.
            let orders = pairs
                .map(|(left, right)| value_cmp(right, left).then_with(|| coerce::identity(right).cmp(&coerce::identity(left))));
            orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        };
        self.count.cmp(&other.count).then_with(values)
    }
}

impl PartialOrd for Counted {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Counted {}
