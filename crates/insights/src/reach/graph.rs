//! The data flow of a query: references and names, each with links to the nodes that it is computed from. Links point to earlier
//! nodes only, so that one pass from the end computes all uses.

use logmark_diagnostics::Span;

use super::field::{DefinedName, Reference};
use super::scope::NodeId;
use super::uses::Uses;

/// A reference, a name, or a group of nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// The kind of node.
    pub(super) kind: NodeKind,
    /// The nodes that its value is computed from.
    pub(super) links: Vec<NodeId>,
}

/// The kind of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NodeKind {
    /// A reference to a field.
    Reference(Reference),
    /// A name that the query defines.
    Name(DefinedName),
    /// All nodes that it is linked to.
    Several(Uses),
}

impl Node {
    /// Its uses.
    pub(super) const fn uses(&self) -> Uses {
        match &self.kind {
            NodeKind::Reference(reference) => reference.uses,
            NodeKind::Name(name) => name.uses,
            NodeKind::Several(uses) => *uses,
        }
    }

    /// Adds uses.
    pub(super) const fn add(&mut self, more: Uses) {
        let uses = match &mut self.kind {
            NodeKind::Reference(reference) => &mut reference.uses,
            NodeKind::Name(name) => &mut name.uses,
            NodeKind::Several(uses) => uses,
        };
        *uses = uses.and(more);
    }
}

/// Adds to every node the uses of the nodes that are computed from it.
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

/// The position of a command's name, for errors; empty when the command was not written.
pub(super) fn word_span(whole: Span, spelling: &str) -> Span {
    Span::new(whole.start, whole.end.min(whole.start.saturating_add(spelling.len())))
}
