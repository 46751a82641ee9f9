//! Many selectors as one automaton over a JSON message.
//!
//! Owns which selectors are still alive after each step into the message, worked out before any message is seen. Never
//! reads a message.

use super::bits::Bits;
use super::error::CompileError;
use crate::ast::{Selector, Step};

/// Nodes of an automaton. Selectors without wildcards make one a step; with the three wildcards that CloudWatch allows in a
/// pattern, a few times as many.
const MAX_NODES: usize = 1 << 12;

/// The actions at one position of a message.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// The selectors that end here.
    pub(super) ends: Vec<usize>,
    /// The selectors that end here or lead further.
    pub(super) alive: Bits,
    /// Where the properties of these names lead, and all others.
    names: Vec<(Box<str>, usize)>,
    any_name: Option<usize>,
    /// The selectors that look at every property; the selectors that look at every element.
    pub(super) every_name: Bits,
    pub(super) every_index: Bits,
    indexes: Vec<(u32, usize)>,
    any_index: Option<usize>,
}

impl Node {
    /// Whether selectors lead into an object at this position.
    pub(super) fn enters_objects(&self) -> bool {
        self.any_name.is_some() || !self.names.is_empty()
    }

    /// Whether selectors lead into an array at this position.
    pub(super) fn enters_arrays(&self) -> bool {
        self.any_index.is_some() || !self.indexes.is_empty()
    }

    /// The node for the property whose name satisfies `is`.
    #[inline]
    pub(super) fn property(&self, is: impl Fn(&str) -> bool) -> Option<usize> {
        self.names.iter().find(|(name, _)| is(name)).map(|(_, node)| *node).or(self.any_name)
    }

    /// The node for the element with that index.
    pub(super) fn element(&self, index: u32) -> Option<usize> {
        self.indexes.iter().find(|(known, _)| *known == index).map(|(_, node)| *node).or(self.any_index)
    }
}

/// The automaton; its first node is the whole message.
#[derive(Debug)]
pub(super) struct Automaton {
    nodes: Vec<Node>,
}

impl Automaton {
    /// The automaton of these selectors, which are identified by their index in the list.
    pub(super) fn new(selectors: &[&Selector]) -> Result<Self, CompileError> {
        if selectors.len() > Bits::CAPACITY {
            return Err(CompileError::TooManyTests);
        }
        let mut nodes = vec![Node::default()];
        // The nodes to fill: the number of steps to each, and the selectors that are still possible.
        let mut work = vec![(0, 0, (0..selectors.len()).collect::<Vec<_>>())];
        while let Some((node, depth, alive)) = work.pop() {
            let mut filled = Node::default();
            let mut child = |depth, alive: Vec<usize>| {
                nodes.push(Node::default());
                work.push((nodes.len() - 1, depth, alive));
                nodes.len() - 1
            };
            let step = |selector: usize| selectors.get(selector).and_then(|selector| selector.steps.get(depth));
            let of = |wanted: &dyn Fn(&Step) -> bool| -> Vec<usize> {
                alive.iter().copied().filter(|selector| step(*selector).is_some_and(wanted)).collect()
            };
            for selector in &alive {
                filled.alive.insert(*selector);
                match step(*selector) {
                    None => filled.ends.push(*selector),
                    Some(Step::Name(name)) if !filled.names.iter().any(|(known, _)| **known == **name) => {
                        let alive = of(&|step| matches!(step, Step::Name(other) if other == name) || *step == Step::AnyName);
                        filled.names.push((name.as_str().into(), child(depth + 1, alive)));
                    }
                    Some(Step::Index(index)) if !filled.indexes.iter().any(|(known, _)| known == index) => {
                        let alive = of(&|step| *step == Step::Index(*index) || *step == Step::AnyIndex);
                        filled.indexes.push((*index, child(depth + 1, alive)));
                    }
                    Some(Step::AnyName) => filled.every_name.insert(*selector),
                    Some(Step::AnyIndex) => filled.every_index.insert(*selector),
                    Some(Step::Name(_) | Step::Index(_)) => {}
                }
            }
            if !filled.every_name.is_empty() {
                filled.any_name = Some(child(depth + 1, of(&|step| *step == Step::AnyName)));
            }
            if !filled.every_index.is_empty() {
                filled.any_index = Some(child(depth + 1, of(&|step| *step == Step::AnyIndex)));
            }
            if nodes.len() > MAX_NODES {
                return Err(CompileError::TooComplex);
            }
            if let Some(index) = nodes.get_mut(node) {
                *index = filled;
            }
        }
        Ok(Self { nodes })
    }

    #[inline]
    pub(super) fn node(&self, node: usize) -> Option<&Node> {
        self.nodes.get(node)
    }
}
