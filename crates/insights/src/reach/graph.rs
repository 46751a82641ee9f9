//! What is computed from what: references and names, each with links to earlier ones only, so that one pass from the end
//! tells how everything is used.

use logmark_diagnostics::Span;

use super::field::{DefinedName, Reference};
use super::scope::NodeId;
use super::uses::Uses;

/// A reference, a name, or several of them in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// What it is.
    pub(super) kind: NodeKind,
    /// What its value is computed from.
    pub(super) links: Vec<NodeId>,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NodeKind {
    /// A place where a field is referred to.
    Reference(Reference),
    /// A name that the query defines.
    Name(DefinedName),
    /// All that it is linked to.
    Several(Uses),
}

impl Node {
    /// How it is used.
    pub(super) const fn uses(&self) -> Uses {
        match &self.kind {
            NodeKind::Reference(reference) => reference.uses,
            NodeKind::Name(name) => name.uses,
            NodeKind::Several(uses) => *uses,
        }
    }

    /// It is used in this way too.
    pub(super) const fn add(&mut self, more: Uses) {
        let uses = match &mut self.kind {
            NodeKind::Reference(reference) => &mut reference.uses,
            NodeKind::Name(name) => &mut name.uses,
            NodeKind::Several(uses) => uses,
        };
        *uses = uses.and(more);
    }
}

/// Tells every node how what is computed from it is used.
pub(super) fn spread_uses(nodes: &mut [Node]) {
    for id in (0..nodes.len()).rev() {
        let (earlier, rest) = nodes.split_at_mut(id);
        let Some(node) = rest.first() else { continue };
        for link in &node.links {
            if let Some(source) = earlier.get_mut(*link) {
                source.add(node.uses());
            }
        }
    }
}

/// The words of a command that a fault is shown at: its name, when it was written.
pub(super) fn word_span(whole: Span, spelling: &str) -> Span {
    Span::new(whole.start, whole.end.min(whole.start.saturating_add(spelling.len())))
}
