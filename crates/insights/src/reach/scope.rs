//! The names that a query has defined so far, and the meaning of a name at some point of the query.
//!
//! Names are kept in a trie of their steps, in lower case, so that a lookup takes as many steps as the name has. A name is
//! *certain* when the documentation leaves no doubt that it means the definition: it has the same spelling, an earlier command
//! defined it, and no command between them made all names doubtful. A doubtful name refers to the field of the events and to
//! the definition.

use std::collections::BTreeMap;

use crate::ast::FieldPath;

use super::field::{could_be_text, is_system, plain};

/// The index of a [`super::graph::Node`].
pub(crate) type NodeId = usize;

/// The state of the analysis at some point of a query.
#[derive(Debug)]
pub(crate) struct Scope {
    /// The nesting of this query.
    pub(crate) nesting: usize,
    /// The number of the command.
    pub(crate) command: usize,
    /// Definitions of commands before this one are doubtful.
    pub(crate) certain_from: usize,
    /// The nodes that the result shows, as far as known.
    pub(crate) shown: Vec<NodeId>,
    /// The kind of rows of the result.
    pub(crate) rows: Rows,
    /// Whether the query selects the fields that the result shows.
    pub(crate) selects_fields: bool,
    /// The queries whose columns were added to the columns of this one.
    pub(crate) added: Vec<AddedColumns>,
    /// All columns without an alias that are not fields. Their names are their texts.
    pub(crate) unnamed: Option<NodeId>,
    /// All definitions.
    pub(crate) everything: Option<NodeId>,
    /// `autoregress`: the prefixes of the names that it defines, and their definition.
    pub(crate) numbered: Vec<(String, NodeId)>,
    trie: Vec<TrieNode>,
}

/// The kind of rows of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Events.
    Events,
    /// Values computed from several events.
    Computed,
    /// The same, with the columns of another query's events.
    ComputedWithEvents,
}

/// A query whose columns were added to the columns of this one.
#[derive(Debug)]
pub(crate) struct AddedColumns {
    /// `join`: the names of the left and the right side.
    pub(crate) sides: Option<(String, String)>,
    /// The state at the end of the other query.
    pub(crate) scope: Scope,
}

/// A node of the trie of names.
#[derive(Debug, Default)]
struct TrieNode {
    next: BTreeMap<String, usize>,
    definition: Option<Definition>,
    /// All definitions below this node.
    below: Option<NodeId>,
}

/// The definition of a name.
#[derive(Debug, Clone)]
struct Definition {
    path: FieldPath,
    node: NodeId,
    command: usize,
    /// The previous definition.
    before: Option<Box<Self>>,
}

/// The meaning of a name.
#[derive(Debug, Default)]
pub(crate) struct Meaning {
    /// All definitions that the name may mean.
    pub(crate) definitions: Vec<NodeId>,
    /// Whether the name certainly means one of them, and not the field of the events.
    pub(crate) certain: bool,
}

/// Whether a definition replaces the previous value of the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replaces {
    /// In all rows.
    Wholly,
    /// Only in some rows.
    InSomeRows,
}

impl Scope {
    /// The state before the first command.
    pub(crate) fn new(nesting: usize) -> Self {
        Self {
            nesting,
            command: 0,
            certain_from: 0,
            shown: Vec::new(),
            rows: Rows::Events,
            selects_fields: false,
            added: Vec::new(),
            unnamed: None,
            everything: None,
            numbered: Vec::new(),
            trie: vec![TrieNode::default()],
        }
    }

    /// The meaning of a name here, with the queries whose columns were added.
    pub(crate) fn meaning(&self, path: &FieldPath) -> Meaning {
        let mut meaning = Meaning::default();
        self.look_up(path, &mut meaning);
        for added in &self.added {
            let mut other = added.scope.meaning(path);
            meaning.definitions.append(&mut other.definitions);
        }
        meaning
    }

    /// The meaning of the name among the definitions of this query.
    fn look_up(&self, path: &FieldPath, meaning: &mut Meaning) {
        let plain = plain(path);
        let system = is_system(&plain);
        let mut index = 0;
        let mut reached_end = true;
        for step in plain.split('.') {
            let Some(next) = self.trie.get(index).and_then(|here| here.next.get(step)) else {
                reached_end = false;
                break;
            };
            index = *next;
            if let Some(definition) = self.trie.get(index).and_then(|here| here.definition.as_ref()) {
                self.add(definition, path, system, meaning);
            }
        }
        if reached_end {
            meaning.definitions.extend(self.trie.get(index).and_then(|here| here.below));
        }
        if could_be_text(&path.head) {
            meaning.definitions.extend(self.unnamed);
        }
        let made = self.numbered.iter().filter(|(beginning, _)| plain.starts_with(beginning.as_str()));
        meaning.definitions.extend(made.map(|(_, node)| *node));
    }

    fn add(&self, definition: &Definition, path: &FieldPath, system: bool, meaning: &mut Meaning) {
        meaning.definitions.push(definition.node);
        let made_here = definition.command == self.command;
        let before = definition.before.as_deref().filter(|_| made_here);
        let candidate = if made_here { before } else { Some(definition) };
        let certain = |found: &Definition| {
            let same = found.path.head == path.head && path.rest.starts_with(&found.path.rest);
            same && found.command >= self.certain_from && !system
        };
        meaning.definitions.extend(before.map(|found| found.node));
        meaning.certain |= candidate.is_some_and(certain);
    }

    /// The previous definition of the name, if a new definition keeps it: because it replaces it only in some rows, or has another
    /// spelling.
    pub(crate) fn kept(&self, path: &FieldPath, replaces: Replaces) -> Option<NodeId> {
        let mut index = 0;
        for step in plain(path).split('.') {
            index = *self.trie.get(index)?.next.get(step)?;
        }
        let definition = self.trie.get(index)?.definition.as_ref()?;
        (replaces == Replaces::InSomeRows || definition.path != *path).then_some(definition.node)
    }

    /// Defines a name. Returns the trie nodes above it, so that the caller adds the new definition to those below them.
    pub(crate) fn define(&mut self, path: &FieldPath, node: NodeId) -> Vec<usize> {
        let mut index = 0;
        let mut above = Vec::new();
        for step in plain(path).split('.') {
            above.push(index);
            index = self.step(index, step);
        }
        let command = self.command;
        if let Some(here) = self.trie.get_mut(index) {
            let mut before = here.definition.take();
            // When one command defines a name several times, the definition before the command is kept, so that no chain grows.
            if before.as_ref().is_some_and(|definition| definition.command == command) {
                before = before.and_then(|definition| definition.before).map(|definition| *definition);
            }
            let before = before.map(|definition| Box::new(Definition { before: None, ..definition }));
            here.definition = Some(Definition { path: path.clone(), node, command, before });
        }
        above
    }

    /// The child of a trie node for a step, which is created if it does not exist.
    fn step(&mut self, index: usize, step: &str) -> usize {
        if let Some(next) = self.trie.get(index).and_then(|here| here.next.get(step)) {
            return *next;
        }
        let new = self.trie.len();
        self.trie.push(TrieNode::default());
        if let Some(here) = self.trie.get_mut(index) {
            here.next.insert(step.to_owned(), new);
        }
        new
    }

    /// All definitions below a trie node, to be replaced by a node that adds another.
    pub(crate) fn below(&mut self, index: usize) -> Option<&mut Option<NodeId>> {
        self.trie.get_mut(index).map(|here| &mut here.below)
    }
}
