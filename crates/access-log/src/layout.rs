//! Which values a format has, and where each canonical field comes from.

use crate::field::Field;
use crate::variable::Variable;

/// A value of a line.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) variable: Variable,
    pub(crate) encoding: Encoding,
}

/// How the text of a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// As the value is.
    Plain,
    /// As the inside of a JSON string with escapes.
    Json,
    /// In quotes, with backslashes, as web servers escape.
    Quoted,
    /// As text of XML, perhaps with entities.
    Xml,
}

/// Where a field comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A value.
    Slot(usize),
    /// A part of a request line such as `GET /pets HTTP/1.1`.
    Request(usize, RequestPart),
    /// The address of `address:port`.
    Peer(usize),
    /// Seconds, in milliseconds.
    Millis(usize),
    /// The sum of some seconds, in milliseconds.
    MillisSum([usize; 3]),
    /// A date and a time of day in UTC.
    DateAndTime(usize, usize),
    /// A percent-encoded text.
    Percent(usize),
}

/// A part of a request line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestPart {
    Method,
    Path,
    Protocol,
}

/// The values and fields of a format.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) slots: Vec<Slot>,
    /// In the order of the fields.
    sources: Vec<(Field, Source)>,
    /// The place of each field in `sources`, plus one; 0 for none.
    index: Vec<u8>,
}

impl Layout {
    /// The fields of the slots, and those that are computed from slots.
    pub(crate) fn new(slots: Vec<Slot>, computed: &[(Field, Source)]) -> Self {
        let mut sources: Vec<(Field, Source)> = computed.to_vec();
        for (number, slot) in slots.iter().enumerate() {
            let Some(field) = slot.variable.field().or_else(|| Field::named(slot.variable.name())) else { continue };
            // Of several variables for one field, the preferred one counts, and the first of equal ones.
            let rank = |number: usize| {
                let name = slots.get(number).map(|slot| slot.variable.name());
                field.variables().iter().position(|variable| Some(*variable) == name)
            };
            match sources.iter_mut().find(|(known, _)| *known == field) {
                None => sources.push((field, Source::Slot(number))),
                Some((_, source)) => {
                    if let Source::Slot(before) = *source
                        && rank(number) < rank(before)
                    {
                        *source = Source::Slot(number);
                    }
                }
            }
        }
        sources.sort_by_key(|(field, _)| *field);
        let mut index = vec![0; Field::ALL.len()];
        for (place, (field, _)) in sources.iter().enumerate() {
            if let Some(entry) = index.get_mut(*field as usize) {
                *entry = u8::try_from(place + 1).unwrap_or_default();
            }
        }
        Self { slots, sources, index }
    }

    pub(crate) fn source(&self, field: Field) -> Option<Source> {
        let place = usize::from(*self.index.get(field as usize)?).checked_sub(1)?;
        self.sources.get(place).map(|(_, source)| *source)
    }

    /// The fields, in their order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field> {
        self.sources.iter().map(|(field, _)| *field)
    }

    /// The number of the slot of a variable.
    pub(crate) fn slot_of(&self, variable: &str) -> Option<usize> {
        self.slots.iter().position(|slot| slot.variable.name() == variable)
    }
}
