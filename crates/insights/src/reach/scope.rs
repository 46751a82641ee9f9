//! The names that a query has defined so far, and what a name means at some place of it.
//!
//! Names stand in a tree of their steps, without case, so that one is found in as many steps as it has. A name is
//! *certain* when the documentation leaves no doubt that the definition is meant: it is spelt in the same way, was made by
//! an earlier command, and no command between them made all names doubtful. All others are doubtful, and then the events'
//! own field is read as well as the definition.

use std::collections::BTreeMap;

use crate::ast::FieldPath;

use super::field::{could_be_text, is_system, plain};

/// The place of a [`super::graph::Node`].
pub(crate) type NodeId = usize;

/// What the query knows at some place.
#[derive(Debug)]
pub(crate) struct Scope {
    /// In how many other queries this one is.
    pub(crate) nesting: usize,
    /// The number of the command.
    pub(crate) command: usize,
    /// Definitions of earlier commands than that are doubtful.
    pub(crate) certain_from: usize,
    /// What the result shows, as far as one knows.
    pub(crate) shown: Vec<NodeId>,
    /// What the rows of the result are.
    pub(crate) rows: Rows,
    /// Whether the query selects the fields that the result shows.
    pub(crate) selects_fields: bool,
    /// The queries whose columns stand beside those of this one.
    pub(crate) beside: Vec<Beside>,
    /// All columns without an alias that are not fields: they are called by their text.
    pub(crate) unnamed: Option<NodeId>,
    /// All definitions.
    pub(crate) everything: Option<NodeId>,
    /// `autoregress`: the beginnings of the names that it makes, and their definition.
    pub(crate) numbered: Vec<(String, NodeId)>,
    places: Vec<Place>,
}

/// What the rows of a result are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Events.
    Events,
    /// Something computed from many of them.
    Computed,
    /// The same, with the events of another query beside it.
    EventsBeside,
}

/// A query whose columns stand beside those of this one.
#[derive(Debug)]
pub(crate) struct Beside {
    /// `join`: what the events of the two sides are called.
    pub(crate) sides: Option<(String, String)>,
    /// What the other query knows at its end.
    pub(crate) scope: Scope,
}

/// One step in the tree of names.
#[derive(Debug, Default)]
struct Place {
    next: BTreeMap<String, usize>,
    definition: Option<Definition>,
    /// All definitions below.
    below: Option<NodeId>,
}

/// A name, defined.
#[derive(Debug, Clone)]
struct Definition {
    path: FieldPath,
    node: NodeId,
    command: usize,
    /// What the name was before.
    before: Option<Box<Self>>,
}

/// What a name means.
#[derive(Debug, Default)]
pub(crate) struct Meaning {
    /// All definitions that may be meant.
    pub(crate) definitions: Vec<NodeId>,
    /// Whether one of them is certainly meant, so that the events' own field is not.
    pub(crate) certain: bool,
}

/// Whether what a name was before can still be its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replaces {
    /// It cannot.
    Wholly,
    /// It can, in some rows.
    InSomeRows,
}

impl Scope {
    /// A query that has not begun.
    pub(crate) fn new(nesting: usize) -> Self {
        Self {
            nesting,
            command: 0,
            certain_from: 0,
            shown: Vec::new(),
            rows: Rows::Events,
            selects_fields: false,
            beside: Vec::new(),
            unnamed: None,
            everything: None,
            numbered: Vec::new(),
            places: vec![Place::default()],
        }
    }

    /// What a name means here, and in the queries whose columns stand beside.
    pub(crate) fn meaning(&self, path: &FieldPath) -> Meaning {
        let mut meaning = Meaning::default();
        self.look_up(path, &mut meaning);
        for beside in &self.beside {
            let mut other = beside.scope.meaning(path);
            meaning.definitions.append(&mut other.definitions);
        }
        meaning
    }

    /// What the name means among the definitions of this query itself.
    fn look_up(&self, path: &FieldPath, meaning: &mut Meaning) {
        let plain = plain(path);
        let system = is_system(&plain);
        let mut place = 0;
        let mut reached_end = true;
        for step in plain.split('.') {
            let Some(next) = self.places.get(place).and_then(|here| here.next.get(step)) else {
                reached_end = false;
                break;
            };
            place = *next;
            if let Some(definition) = self.places.get(place).and_then(|here| here.definition.as_ref()) {
                self.add(definition, path, system, meaning);
            }
        }
        if reached_end {
            meaning.definitions.extend(self.places.get(place).and_then(|here| here.below));
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

    /// What the name already stands for, so that a definition that replaces it in some rows only, or under another
    /// spelling, keeps it.
    pub(crate) fn kept(&self, path: &FieldPath, replaces: Replaces) -> Option<NodeId> {
        let mut place = 0;
        for step in plain(path).split('.') {
            place = *self.places.get(place)?.next.get(step)?;
        }
        let definition = self.places.get(place)?.definition.as_ref()?;
        (replaces == Replaces::InSomeRows || definition.path != *path).then_some(definition.node)
    }

    /// Defines a name. Gives the places above it, each with what is known to be below: the caller joins the new node to it.
    pub(crate) fn define(&mut self, path: &FieldPath, node: NodeId) -> Vec<usize> {
        let mut place = 0;
        let mut above = Vec::new();
        for step in plain(path).split('.') {
            above.push(place);
            place = self.step(place, step);
        }
        let command = self.command;
        if let Some(here) = self.places.get_mut(place) {
            let mut before = here.definition.take();
            // Of several definitions in one command the one before the command is kept, and no chain grows.
            if before.as_ref().is_some_and(|definition| definition.command == command) {
                before = before.and_then(|definition| definition.before).map(|definition| *definition);
            }
            let before = before.map(|definition| Box::new(Definition { before: None, ..definition }));
            here.definition = Some(Definition { path: path.clone(), node, command, before });
        }
        above
    }

    /// The way from a place to the next, made when there is none.
    fn step(&mut self, place: usize, step: &str) -> usize {
        if let Some(next) = self.places.get(place).and_then(|here| here.next.get(step)) {
            return *next;
        }
        let new = self.places.len();
        self.places.push(Place::default());
        if let Some(here) = self.places.get_mut(place) {
            here.next.insert(step.to_owned(), new);
        }
        new
    }

    /// All definitions below a place, to be replaced by a node that joins another to them.
    pub(crate) fn below(&mut self, place: usize) -> Option<&mut Option<NodeId>> {
        self.places.get_mut(place).map(|here| &mut here.below)
    }
}
