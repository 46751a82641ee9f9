//! The paths of one mask or of several as a tree of steps, and sets of its nodes.
//!
//! Owns which nodes a member or an element of a value leads to. A name is taken in pieces between its points, as it appears in
//! flattened names.

use super::path::{MaskPath, Step};

/// The maximum number of nodes.
pub(super) const MAX_NODES: usize = 256;

/// The maximum number of masks in one tree: one bit each.
const MAX_MASKS: usize = 64;

/// The steps of all paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// The first node of each mask.
    roots: Vec<usize>,
    /// One bit for each mask.
    all: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    members: Vec<(Box<str>, usize)>,
    indexes: Vec<(u32, usize)>,
    any_index: Option<usize>,
    /// Whether a path ends here.
    hides: bool,
    /// The bit of its mask.
    mask: u64,
    /// The first path through this node, by its number in all paths.
    path: usize,
}

/// What the masks say about one value of a message.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct State {
    nodes: [u64; MAX_NODES / 64],
    /// Nodes of arrays around the value: their members are looked for in the value, their elements are not.
    lifted: [u64; MAX_NODES / 64],
    /// The masks that hide the value or a value around it.
    hidden: u64,
}

impl State {
    /// Whether no path leads further into the value.
    pub(super) fn is_final(&self) -> bool {
        self.nodes.iter().chain(&self.lifted).all(|word| *word == 0)
    }

    /// A state in which only what is hidden is known.
    fn only_hidden(hidden: u64) -> Self {
        Self { hidden, ..Self::default() }
    }
}

fn insert(set: &mut [u64; MAX_NODES / 64], node: usize) {
    if let Some(word) = set.get_mut(node / 64) {
        *word |= 1 << (node % 64);
    }
}

fn numbers(set: [u64; MAX_NODES / 64]) -> impl Iterator<Item = usize> {
    set.into_iter().enumerate().flat_map(|(place, mut word)| {
        std::iter::from_fn(move || {
            let bit = usize::try_from(word.trailing_zeros()).ok().filter(|bit| *bit < 64)?;
            word &= word - 1;
            Some(place * 64 + bit)
        })
    })
}

/// One piece of a flattened name.
#[derive(Debug, Clone, Copy)]
struct Piece<'n> {
    /// `None` for an element of an array.
    name: Option<&'n str>,
    /// For an element and for a name of digits.
    index: Option<u64>,
}

impl<'n> Piece<'n> {
    fn named(name: &'n str) -> Self {
        Self { name: Some(name), index: index_of(name) }
    }

    fn is_member(self, member: &str) -> bool {
        match self.name {
            Some(name) => name == member,
            None => self.index.is_some() && index_of(member) == self.index,
        }
    }
}

/// The index that a numeric name denotes; an index beyond every array when it does not fit.
fn index_of(name: &str) -> Option<u64> {
    let is_index = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    is_index.then(|| name.parse().unwrap_or(u64::MAX))
}

impl Tree {
    /// Adds the paths of another mask; `None`, and no change, when the tree would be too large.
    pub(super) fn add(&mut self, paths: &[MaskPath]) -> Option<()> {
        if self.roots.len() == MAX_MASKS || self.nodes.len() == MAX_NODES {
            return None;
        }
        let mut grown = self.clone();
        let mask = 1 << grown.roots.len();
        let known_paths = grown.nodes.iter().map(|node| node.path + 1).max().unwrap_or(0);
        let root = grown.node(mask, known_paths);
        grown.roots.push(root);
        grown.all |= mask;
        for (number, path) in paths.iter().enumerate() {
            let mut node = root;
            for step in &path.steps {
                node = grown.follow(node, step, known_paths + number)?;
            }
            grown.nodes.get_mut(node)?.hides = true;
        }
        *self = grown;
        Some(())
    }

    fn node(&mut self, mask: u64, path: usize) -> usize {
        self.nodes.push(Node { members: Vec::new(), indexes: Vec::new(), any_index: None, hides: false, mask, path });
        self.nodes.len() - 1
    }

    /// The node after a step, added if new. The pieces of a name are separate steps.
    fn follow(&mut self, mut from: usize, step: &Step, path: usize) -> Option<usize> {
        match step {
            Step::Member(name) => {
                for piece in name.split('.') {
                    let members = &self.nodes.get(from)?.members;
                    let known = members.iter().find(|(known, _)| &**known == piece).map(|(_, node)| *node);
                    from = match known {
                        Some(node) => node,
                        None => self.grow(from, path, |node, new| node.members.push((piece.into(), new)))?,
                    };
                }
                Some(from)
            }
            Step::Index(index) => {
                let indexes = &self.nodes.get(from)?.indexes;
                let known = indexes.iter().find(|(known, _)| known == index).map(|(_, node)| *node);
                known.or_else(|| self.grow(from, path, |node, new| node.indexes.push((*index, new))))
            }
            Step::AnyIndex => {
                let known = self.nodes.get(from)?.any_index;
                known.or_else(|| self.grow(from, path, |node, new| node.any_index = Some(new)))
            }
        }
    }

    fn grow(&mut self, from: usize, path: usize, link: impl FnOnce(&mut Node, usize)) -> Option<usize> {
        if self.nodes.len() == MAX_NODES {
            return None;
        }
        let mask = self.nodes.get(from)?.mask;
        let new = self.node(mask, path);
        link(self.nodes.get_mut(from)?, new);
        Some(new)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// The whole message.
    pub(super) fn start(&self) -> State {
        let mut state = State::default();
        self.roots.iter().for_each(|root| insert(&mut state.nodes, *root));
        state
    }

    /// Whether every mask hides the value.
    pub(super) const fn hides(&self, state: &State) -> bool {
        state.hidden == self.all
    }

    /// Whether every mask hides the value or a part of it.
    pub(super) fn touched(&self, state: &State) -> bool {
        let parts = self.nodes(state).fold(0, |parts, node| parts | node.mask);
        state.hidden | parts == self.all
    }

    /// The first path through the nodes of a state.
    pub(super) fn path_in(&self, state: &State) -> Option<usize> {
        self.nodes(state).map(|node| node.path).min()
    }

    fn nodes(&self, state: &State) -> impl Iterator<Item = &Node> {
        numbers(state.nodes).chain(numbers(state.lifted)).filter_map(|number| self.nodes.get(number))
    }

    /// A member of an object, or the value that a caller names so. The second result is a path that hides it, if one does.
    pub(super) fn member(&self, state: &State, name: &str) -> (State, Option<usize>) {
        let (value, wrapping) = self.unwrapped(state);
        let (next, hiding) = self.member_of_object(&value, name);
        (next, wrapping.or(hiding))
    }

    /// The same, for a state that is unwrapped already.
    pub(super) fn member_of_object(&self, object: &State, name: &str) -> (State, Option<usize>) {
        let mut pieces = name.split('.');
        let (mut state, mut path) = self.step(object, Piece::named(pieces.next().unwrap_or_default()));
        for piece in pieces {
            if state.is_final() {
                break;
            }
            let (value, wrapping) = self.unwrapped(&state);
            let (next, hiding) = self.step(&value, Piece::named(piece));
            path = path.or(wrapping).or(hiding);
            state = next;
        }
        (state, path)
    }

    /// An element of an array.
    pub(super) fn element(&self, state: &State, index: u64) -> (State, Option<usize>) {
        self.step(state, Piece { name: None, index: Some(index) })
    }

    /// Any element of an array.
    pub(super) fn any_element(&self, state: &State) -> (State, Option<usize>) {
        let (mut next, mut path) = (State::only_hidden(state.hidden), None);
        for node in self.nodes(state) {
            let named = node.members.iter().filter(|(name, _)| index_of(name).is_some()).map(|(_, child)| *child);
            let indexed = node.indexes.iter().map(|(_, child)| *child);
            for child in named.chain(indexed).chain(node.any_index) {
                path = path.or(self.enter(&mut next, child));
            }
        }
        self.lift(state, &mut next);
        (next, path)
    }

    /// The state of a value that is not an array: it is its own only element.
    pub(super) fn unwrapped(&self, state: &State) -> (State, Option<usize>) {
        let has_elements =
            |number: usize| self.nodes.get(number).is_some_and(|node| node.any_index.is_some() || !node.indexes.is_empty());
        if !numbers(state.nodes).any(has_elements) {
            return (*state, None);
        }
        let (mut all, mut last, mut path) = (*state, *state, None);
        while last.nodes.iter().any(|word| *word != 0) {
            let mut next = State::default();
            for node in numbers(last.nodes).filter_map(|number| self.nodes.get(number)) {
                let first = node.indexes.iter().filter(|(index, _)| *index == 0).map(|(_, child)| *child);
                for child in first.chain(node.any_index) {
                    path = path.or(self.enter(&mut next, child));
                }
            }
            all.hidden |= next.hidden;
            numbers(next.nodes).for_each(|number| insert(&mut all.nodes, number));
            last = next;
        }
        (all, path)
    }

    fn step(&self, state: &State, piece: Piece<'_>) -> (State, Option<usize>) {
        let (mut next, mut path) = (State::only_hidden(state.hidden), None);
        for node in self.nodes(state) {
            let named = node.members.iter().filter(|(name, _)| piece.is_member(name));
            for (_, child) in named {
                path = path.or(self.enter(&mut next, *child));
            }
        }
        let Some(index) = piece.index else { return (next, path) };
        for node in numbers(state.nodes).filter_map(|number| self.nodes.get(number)) {
            let indexed = node.indexes.iter().filter(|(known, _)| u64::from(*known) == index).map(|(_, child)| *child);
            for child in indexed.chain(node.any_index) {
                path = path.or(self.enter(&mut next, child));
            }
        }
        self.lift(state, &mut next);
        (next, path)
    }

    /// The members of an array are those of each of its elements.
    fn lift(&self, state: &State, next: &mut State) {
        for number in numbers(state.nodes).chain(numbers(state.lifted)) {
            if self.nodes.get(number).is_some_and(|node| !node.members.is_empty()) {
                insert(&mut next.lifted, number);
            }
        }
    }

    /// Adds a node to a state; the path that ends there, if one does.
    fn enter(&self, state: &mut State, number: usize) -> Option<usize> {
        let node = self.nodes.get(number)?;
        if node.hides {
            state.hidden |= node.mask;
            return Some(node.path);
        }
        insert(&mut state.nodes, number);
        None
    }
}
