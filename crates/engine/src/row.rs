//! A row, and the access of operators to its values.

use std::borrow::Cow;

use crate::input::Block;
use crate::values::json_path;
use crate::values::value::Value;

/// A slot for a value in the rows of one part of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub(crate) usize);

impl Slot {
    /// The index in [`Row::values`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// A field that every event has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum System {
    /// `@timestamp`
    Timestamp,
    /// `@message`
    Message,
    /// `@ingestionTime`
    IngestionTime,
    /// `@logStream`
    Stream,
    /// `@log`
    Log,
    /// `@ptr`
    Pointer,
}

impl System {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Timestamp, Self::Message, Self::IngestionTime, Self::Stream, Self::Log, Self::Pointer];

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Timestamp => "@timestamp",
            Self::Message => "@message",
            Self::IngestionTime => "@ingestionTime",
            Self::Stream => "@logStream",
            Self::Log => "@log",
            Self::Pointer => "@ptr",
        }
    }

    /// The field of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.name() == name)
    }
}

/// The access of an operator to a field, resolved once during compilation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// No row has the field.
    Missing,
    /// In a slot of the row.
    Slot(Slot),
    /// In the map or list in a slot of the row. If the slot has none, and the events have a field of the whole name, that field.
    Path(Slot, Box<[String]>, Option<Slot>),
    /// In the row's event, while the row has it.
    Event(System),
}

/// An event of a block.
#[derive(Debug, Clone, Copy)]
pub struct Event<'b> {
    /// The block.
    pub block: &'b dyn Block,
    /// The index in the block.
    pub index: usize,
}

impl Event<'_> {
    /// The value of a system field.
    #[must_use]
    pub fn value(&self, system: System) -> Value {
        match system {
            System::Timestamp => Value::Timestamp(self.block.timestamp(self.index)),
            System::Message => Value::Text(self.block.message(self.index).into_owned()),
            System::IngestionTime => Value::Timestamp(self.block.ingestion_time(self.index)),
            System::Stream => self.block.stream(self.index).into(),
            System::Log => self.block.log(self.index).into(),
            System::Pointer => self.block.pointer(self.index).into(),
        }
    }
}

/// A row: values in slots and, while its block exists, the event.
#[derive(Debug, Default)]
pub struct Row<'b> {
    /// The values; a slot beyond the end is missing.
    pub values: Vec<Value>,
    /// The event, in the operators before the first that keeps rows.
    pub event: Option<Event<'b>>,
    /// The position of the row's event in time among all events of its scan: a greater position is a later event. Rows that a
    /// command makes are numbered in their order.
    pub position: i64,
}

/// A kept row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StoredRow {
    /// See [`Row::values`].
    pub values: Vec<Value>,
    /// See [`Row::position`].
    pub position: i64,
}

impl Row<'_> {
    /// A row made by a command: each value in its slot.
    pub fn new(position: i64, slots: &[Slot], values: impl IntoIterator<Item = Value>) -> Self {
        let mut row = Self { position, ..Self::default() };
        for (slot, value) in slots.iter().zip(values) {
            row.set(*slot, value);
        }
        row
    }

    /// The value in a slot.
    #[must_use]
    pub fn value(&self, slot: Slot) -> &Value {
        self.values.get(slot.0).unwrap_or(&Value::Missing)
    }

    /// Puts a value into a slot.
    pub fn set(&mut self, slot: Slot, value: Value) {
        if self.values.len() <= slot.0 {
            self.values.resize(slot.0 + 1, Value::Missing);
        }
        if let Some(place) = self.values.get_mut(slot.0) {
            *place = value;
        }
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, access: &Access) -> Cow<'_, Value> {
        match access {
            Access::Missing => Cow::Owned(Value::Missing),
            Access::Slot(slot) => Cow::Borrowed(self.value(*slot)),
            Access::Path(slot, steps, field) => Cow::Borrowed(self.at_path(*slot, steps, *field)),
            Access::Event(system) => Cow::Owned(self.event.map_or(Value::Missing, |event| event.value(*system))),
        }
    }

    /// The text of a field, as functions on texts use it. A message is borrowed, not copied.
    #[must_use]
    pub fn text(&self, access: &Access) -> Option<Cow<'_, str>> {
        match access {
            Access::Event(System::Message) => self.event.map(|event| event.block.message(event.index)),
            Access::Event(System::Stream) => self.event.map(|event| event.block.stream(event.index).into()),
            Access::Event(System::Log) => self.event.map(|event| event.block.log(event.index).into()),
            access => match self.get(access) {
                Cow::Borrowed(value) => crate::values::coerce::text(value),
                Cow::Owned(value) => crate::values::coerce::text(&value).map(|text| Cow::Owned(text.into_owned())),
            },
        }
    }

    /// The moment of a field, as functions on times use it.
    #[must_use]
    pub fn moment(&self, access: &Access) -> Option<i64> {
        match access {
            Access::Missing => None,
            Access::Event(System::Timestamp) => self.event.map(|event| event.block.timestamp(event.index)),
            access => crate::values::coerce::moment(&self.get(access)),
        }
    }

    fn at_path(&self, slot: Slot, steps: &[String], field: Option<Slot>) -> &Value {
        let head = self.value(slot);
        match field.filter(|_| !head.is_structure()) {
            Some(field) => self.value(field),
            None => json_path::lookup(head, steps.iter().map(String::as_str)).unwrap_or(&Value::Missing),
        }
    }

    /// Moves the values out, to keep them: for a row that no longer has an event. [`crate::plan::Keep::store`] keeps any row.
    #[must_use]
    pub fn store(&mut self) -> StoredRow {
        StoredRow { values: std::mem::take(&mut self.values), position: self.position }
    }

    /// A copy of the values, to keep them or to make several rows from one.
    #[must_use]
    pub fn copy(&self) -> Row<'_> {
        Row { values: self.values.clone(), event: self.event, position: self.position }
    }
}

impl From<StoredRow> for Row<'_> {
    fn from(row: StoredRow) -> Self {
        Row { values: row.values, event: None, position: row.position }
    }
}

impl StoredRow {
    /// The approximate bytes of the row.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + values_bytes(&self.values)
    }
}

/// The approximate bytes of the values.
#[must_use]
pub fn values_bytes(values: &[Value]) -> usize {
    values.iter().map(value_bytes).sum()
}

/// The approximate bytes of a value.
#[must_use]
pub fn value_bytes(value: &Value) -> usize {
    // The allocator's overhead of each allocation.
    const ALLOCATION: usize = 16;
    let inner = match value {
        Value::Missing | Value::Boolean(_) | Value::Integer(_) | Value::Double(_) | Value::Timestamp(_) => 0,
        Value::Text(text) => text.capacity() + ALLOCATION,
        Value::List(items) => values_bytes(items) + ALLOCATION,
        Value::Map(entries) => {
            let entry = |(key, value): &(String, Value)| size_of::<String>() + key.capacity() + ALLOCATION + value_bytes(value);
            entries.iter().map(entry).sum::<usize>() + ALLOCATION
        }
    };
    size_of::<Value>() + inner
}
