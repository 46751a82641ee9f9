//! Evaluates conditions on the properties of a JSON message, in one pass over its bytes.
//!
//! Owns the scan: which values the selectors reach, with duplicates and wildcards, and whether the whole message is one valid
//! JSON object. Builds no values; only strings with escapes are copied when they are compared.

use std::borrow::Cow;

use super::bits::Bits;
use super::error::CompileError;
use super::formula::Formula;
use super::needles::Needles;
use super::selectors::{Automaton, Node};
use super::value::{Scalar, ValueTest};
use crate::ast::{Condition, JsonPredicate, JsonTest};
use crate::json_text::{self, MAX_DEPTH, escapes};

/// A compiled condition.
#[derive(Debug)]
pub(super) struct Json {
    needles: Needles,
    selectors: Automaton,
    /// One for each selector of the automaton.
    tests: Vec<ValueTest>,
    /// Over the same numbers; a test of absence counts turned round.
    formula: Formula,
}

impl Json {
    pub(super) fn new(condition: &Condition<JsonTest>) -> Result<Self, CompileError> {
        let (mut selectors, mut tests) = (Vec::new(), Vec::new());
        let formula = Formula::new(condition, &mut |test: &JsonTest| {
            tests.push(ValueTest::of_predicate(&test.predicate)?);
            Ok(tests.len() - 1)
        })?;
        collect(condition, &mut selectors);
        let selectors: Vec<_> = selectors.into_iter().map(|test| &test.selector.node).collect();
        Ok(Self { needles: Needles::of_json(condition), selectors: Automaton::new(&selectors)?, tests, formula })
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        if !self.needles.may_match(message) {
            return false;
        }
        let mut found = FoundValue { tests: &self.tests, held: Bits::default() };
        if walk(message, &self.selectors, &mut found).is_none() {
            return false;
        }
        let absence = |number| matches!(self.tests.get(number), Some(ValueTest::Exists));
        self.formula.holds(&|number| found.held.contains(number) != absence(number))
    }
}

/// The tests of a condition in the order in which they were written.
pub(crate) fn collect<'c>(condition: &'c Condition<JsonTest>, tests: &mut Vec<&'c JsonTest>) {
    match condition {
        Condition::Test(test) => tests.push(test),
        Condition::All(members) | Condition::Any(members) => members.iter().for_each(|member| collect(member, tests)),
    }
}

/// Whether the test holds for a missing value.
pub(super) const fn holds_of_absence(test: &JsonTest) -> bool {
    matches!(test.predicate, JsonPredicate::NotExists)
}

/// Collects the values that selectors reach.
pub(super) trait Collector<'m> {
    /// The results of the elements that a wildcard has selected so far.
    type Collected: Default;

    /// These selectors end at a scalar.
    fn scalar(&mut self, ends: &[usize], scalar: Raw<'m>);
    /// These selectors end at an object or an array.
    fn container(&mut self, ends: &[usize]);
    /// Discards the values that these selectors reached: a later property has the same name, or the next element begins.
    fn forget(&mut self, selectors: &Bits);
    /// An element ends: adds the values that these selectors reached in it to the results.
    fn gather(&mut self, gathered: &mut Self::Collected, selectors: &Bits);
    /// The last element has ended.
    fn settle(&mut self, gathered: Self::Collected, selectors: &Bits);
}

/// A scalar as it was written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Raw<'a> {
    /// Without its quotes; whether it has escapes.
    Text(&'a str, bool),
    Other(Scalar<'a>),
}

impl<'a> Raw<'a> {
    /// The text of a string or a number.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(raw, true) => Some(Cow::Owned(escapes::resolve(raw))),
            Self::Text(raw, false) | Self::Other(Scalar::Text(raw) | Scalar::Number(raw)) => Some(Cow::Borrowed(raw)),
            Self::Other(Scalar::Boolean(true)) => Some(Cow::Borrowed("true")),
            Self::Other(Scalar::Boolean(false)) => Some(Cow::Borrowed("false")),
            Self::Other(Scalar::Null) => None,
        }
    }
}

/// The tests that hold for the values found so far.
struct FoundValue<'m> {
    tests: &'m [ValueTest],
    held: Bits,
}

impl<'m> Collector<'m> for FoundValue<'_> {
    type Collected = Bits;

    fn scalar(&mut self, ends: &[usize], raw: Raw<'m>) {
        let resolved;
        let scalar = match raw {
            Raw::Other(scalar) => scalar,
            Raw::Text(text, false) => Scalar::Text(text),
            Raw::Text(text, true) => {
                resolved = escapes::resolve(text);
                Scalar::Text(&resolved)
            }
        };
        for end in ends {
            if self.tests.get(*end).is_some_and(|test| test.holds(scalar)) {
                self.held.insert(*end);
            }
        }
    }

    fn container(&mut self, ends: &[usize]) {
        for end in ends {
            if matches!(self.tests.get(*end), Some(ValueTest::Exists)) {
                self.held.insert(*end);
            }
        }
    }

    fn forget(&mut self, selectors: &Bits) {
        self.held.remove(selectors);
    }

    fn gather(&mut self, gathered: &mut Bits, selectors: &Bits) {
        gathered.add(&self.held, selectors);
    }

    fn settle(&mut self, gathered: Bits, selectors: &Bits) {
        self.held.remove(selectors);
        self.held.add(&gathered, selectors);
    }
}

/// Walks through the message; `None` when it is not one valid JSON object.
pub(super) fn walk<'m, K: Collector<'m>>(message: &'m str, selectors: &Automaton, keep: &mut K) -> Option<()> {
    let mut walk = Traversal { text: message, bytes: message.as_bytes(), selectors, keep };
    let start = json_text::blanks(walk.bytes, 0);
    if walk.bytes.get(start) != Some(&b'{') {
        return None;
    }
    let end = walk.value(selectors.node(0)?, start, MAX_DEPTH)?;
    (json_text::blanks(walk.bytes, end) == walk.bytes.len()).then_some(())
}

struct Traversal<'m, 's, K> {
    text: &'m str,
    bytes: &'m [u8],
    selectors: &'s Automaton,
    keep: &'s mut K,
}

impl<'m, K: Collector<'m>> Traversal<'m, '_, K> {
    /// The value that begins there, which selectors reach. Recursion is bounded by `room`, which [`MAX_DEPTH`] begins.
    fn value(&mut self, node: &Node, position: usize, room: u32) -> Option<usize> {
        let first = *self.bytes.get(position)?;
        let (scalar, end) = match first {
            b'{' | b'[' => {
                self.keep.container(&node.ends);
                return match first {
                    b'{' if node.enters_objects() => self.object(node, position + 1, room.checked_sub(1)?),
                    b'[' if node.enters_arrays() => self.array(node, position + 1, room.checked_sub(1)?),
                    _ => json_text::skip(self.bytes, position, room),
                };
            }
            b'"' => {
                let quoted = json_text::string(self.bytes, position + 1)?;
                (Raw::Text(self.text.get(position + 1..quoted.end)?, quoted.escaped), quoted.end + 1)
            }
            b't' => (Raw::Other(Scalar::Boolean(true)), json_text::literal(self.bytes, position, b"true")?),
            b'f' => (Raw::Other(Scalar::Boolean(false)), json_text::literal(self.bytes, position, b"false")?),
            b'n' => (Raw::Other(Scalar::Null), json_text::literal(self.bytes, position, b"null")?),
            _ => {
                let end = json_text::number(self.bytes, position)?;
                (Raw::Other(Scalar::Number(self.text.get(position..end)?)), end)
            }
        };
        self.keep.scalar(&node.ends, scalar);
        Some(end)
    }

    /// The object whose opening brace is before that position.
    fn object(&mut self, node: &Node, position: usize, room: u32) -> Option<usize> {
        let mut gathered = K::Collected::default();
        let mut position = json_text::blanks(self.bytes, position);
        if self.bytes.get(position) == Some(&b'}') {
            return Some(position + 1);
        }
        loop {
            let (key, value) = json_text::key(self.bytes, position)?;
            let name = self.text.get(position + 1..key.end)?;
            let inner = node.property(|known| if key.escaped { escapes::equal(name, known) } else { name == known });
            position = match inner {
                Some(inner) => self.member(inner, value, room, &node.every_name, &mut gathered)?,
                // Most values that no selector reaches are strings.
                None if self.bytes.get(value) == Some(&b'"') => json_text::string(self.bytes, value + 1)?.end + 1,
                None => json_text::skip(self.bytes, value, room)?,
            };
            position = json_text::blanks(self.bytes, position);
            match self.bytes.get(position)? {
                b',' => position = json_text::blanks(self.bytes, position + 1),
                b'}' => break,
                _ => return None,
            }
        }
        self.keep.settle(gathered, &node.every_name);
        Some(position + 1)
    }

    /// The array whose opening bracket is before that position.
    fn array(&mut self, node: &Node, position: usize, room: u32) -> Option<usize> {
        let mut gathered = K::Collected::default();
        let mut position = json_text::blanks(self.bytes, position);
        if self.bytes.get(position) == Some(&b']') {
            return Some(position + 1);
        }
        for index in 0_u32.. {
            position = match node.element(index) {
                Some(inner) => self.member(inner, position, room, &node.every_index, &mut gathered)?,
                None => json_text::skip(self.bytes, position, room)?,
            };
            position = json_text::blanks(self.bytes, position);
            match self.bytes.get(position)? {
                b',' => position = json_text::blanks(self.bytes, position + 1),
                b']' => break,
                _ => return None,
            }
        }
        self.keep.settle(gathered, &node.every_index);
        Some(position + 1)
    }

    /// A property or an element that selectors reach; some of them look at each of its siblings too.
    fn member(&mut self, inner: usize, position: usize, room: u32, every: &Bits, gathered: &mut K::Collected) -> Option<usize> {
        let selectors = self.selectors;
        let inner = selectors.node(inner)?;
        self.keep.forget(&inner.alive);
        let position = self.value(inner, position, room)?;
        self.keep.gather(gathered, every);
        Some(position)
    }
}
