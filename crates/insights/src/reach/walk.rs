//! The walk over a query that collects its references, its definitions and its reach.

use logmark_diagnostics::{Span, Spanned};

use crate::ast::{FieldPath, Name, Query, Segment};

use super::DEEPEST;
use super::beyond::{Beyond, Nesting};
use super::field::{DefinedName, Origin, Reference, Referent, without_side};
use super::graph::{Node, NodeKind, word_span};
use super::scope::{AddedColumns, NodeId, Replaces, Rows, Scope};
use super::uses::{Use, Uses};

/// The results so far.
#[derive(Debug, Default)]
pub(crate) struct Walker {
    beyond: Vec<Spanned<Beyond>>,
    nodes: Vec<Node>,
    /// The number of expressions and queries around the current one.
    depth: usize,
}

impl Walker {
    /// The reach and the data flow.
    pub(super) fn found(self) -> (Vec<Spanned<Beyond>>, Vec<Node>) {
        (self.beyond, self.nodes)
    }

    /// Walks a query whose result has these uses. Returns the state at its end.
    pub(crate) fn query(&mut self, query: &Query, span: Span, nesting: usize, uses: Uses) -> Scope {
        let mut scope = Scope::new(nesting);
        if !self.enter(&scope, span) {
            return scope;
        }
        let Query { commands } = query;
        for (number, command) in commands.iter().enumerate() {
            scope.command = number;
            let word = word_span(command.span, command.node.name().spelling());
            command.node.rules().reach(self, &mut scope, word);
        }
        if scope.rows == Rows::Events && !scope.selects_fields {
            let end = Span::at(commands.last().map_or(span.start, |command| command.span.end));
            for system in ["@timestamp", "@message"] {
                let node = self.system_field(&scope, system, end, Uses::NONE);
                scope.shown.push(node);
            }
        }
        for node in &scope.shown {
            if let Some(node) = self.nodes.get_mut(*node) {
                node.add(uses);
            }
        }
        self.depth -= 1;
        scope
    }

    /// Enters a nested part. Returns false when it is too deep; the part then counts as reaching everything.
    pub(crate) fn enter(&mut self, scope: &Scope, span: Span) -> bool {
        if self.depth >= DEEPEST {
            self.reaches(Beyond::TooDeep, span);
            self.refer(scope, Referent::All, span, Uses::all());
            return false;
        }
        self.depth += 1;
        true
    }

    /// Leaves a nested part.
    pub(crate) const fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Adds to the reach.
    pub(crate) fn reaches(&mut self, beyond: Beyond, span: Span) {
        self.beyond.push(Spanned::new(beyond, span));
    }

    /// Walks a nested query whose columns are added to the columns of this one.
    pub(crate) fn add_columns(&mut self, scope: &mut Scope, query: &Spanned<Query>, sides: Option<(&Name, &Name)>) {
        let other = self.query(&query.node, query.span, scope.nesting + 1, Uses::of(Use::Shown));
        let sides = sides.map(|(left, right)| (left.as_str().to_lowercase(), right.as_str().to_lowercase()));
        // The added columns can be events, with their pointers, although the own rows are computed.
        if scope.rows == Rows::Computed && other.rows != Rows::Computed {
            scope.rows = Rows::ComputedWithEvents;
        }
        scope.added.push(AddedColumns { sides, scope: other });
    }

    /// Walks a query in an expression. Returns the nodes that it shows.
    pub(crate) fn subquery(&mut self, scope: &Scope, query: &Query, span: Span, uses: Uses) -> Vec<NodeId> {
        self.reaches(Beyond::OtherQuery(Nesting::In), span);
        self.query(query, span, scope.nesting + 1, uses.and(Uses::of(Use::Shown))).shown
    }

    /// Adds a reference to a field.
    pub(crate) fn field(&mut self, scope: &Scope, field: &Spanned<FieldPath>, uses: Uses) -> NodeId {
        self.refer(scope, Referent::Field(field.node.clone()), field.span, uses)
    }

    /// Adds an implicit reference to a field of CloudWatch.
    pub(crate) fn system_field(&mut self, scope: &Scope, name: &str, span: Span, uses: Uses) -> NodeId {
        let what = match Name::new(name) {
            Ok(name) => Referent::Field(FieldPath::field(name)),
            Err(_) => Referent::All,
        };
        self.refer(scope, what, span, uses)
    }

    /// Adds a reference.
    pub(crate) fn refer(&mut self, scope: &Scope, what: Referent, span: Span, uses: Uses) -> NodeId {
        let (mut links, origin) = match &what {
            Referent::Field(path) => {
                let meaning = scope.meaning(path);
                let origin = match (meaning.certain, meaning.definitions.is_empty()) {
                    (true, _) => Origin::Query,
                    (false, true) => Origin::Events,
                    (false, false) => Origin::Either,
                };
                (meaning.definitions, origin)
            }
            Referent::Like(_) | Referent::All => (scope.everything.into_iter().collect(), Origin::Either),
        };
        if let Referent::Field(path) = &what {
            self.of_sides(scope, path, span, &mut links);
        }
        let nesting = scope.nesting;
        self.push(NodeKind::Reference(Reference { what, span, origin, uses, nesting }), links)
    }

    /// After a `join`, `a.k` also refers to the `k` of one side.
    fn of_sides(&mut self, scope: &Scope, path: &FieldPath, span: Span, links: &mut Vec<NodeId>) {
        let mut path = path.clone();
        // The left side of a second `join` is the result of the first, so there can be a step for each.
        for _ in 0..scope.added.len() {
            let mut of_left = None;
            for added in &scope.added {
                let Some((left, right)) = &added.sides else { continue };
                if let Some(inner) = without_side(&path, right) {
                    links.push(self.refer(&added.scope, Referent::Field(inner), span, Uses::NONE));
                }
                of_left = of_left.or_else(|| without_side(&path, left));
            }
            let Some(inner) = of_left else { return };
            links.push(self.left_side(scope, inner.clone(), span));
            path = inner;
        }
    }

    /// A field of the left side of a `join`.
    fn left_side(&mut self, scope: &Scope, path: FieldPath, span: Span) -> NodeId {
        let meaning = scope.meaning(&path);
        let origin = if meaning.certain { Origin::Query } else { Origin::Either };
        let reference = Reference { what: Referent::Field(path), span, origin, uses: Uses::NONE, nesting: scope.nesting };
        self.push(NodeKind::Reference(reference), meaning.definitions)
    }

    /// Adds a reference to a column of a lookup table.
    pub(crate) fn table_column(&mut self, scope: &Scope, column: &Spanned<FieldPath>, uses: Uses) -> NodeId {
        let what = Referent::Field(column.node.clone());
        let reference = Reference { what, span: column.span, origin: Origin::Table, uses, nesting: scope.nesting };
        self.push(NodeKind::Reference(reference), Vec::new())
    }

    /// Defines a name that is computed from `links`.
    pub(crate) fn define(
        &mut self,
        scope: &mut Scope,
        name: &Spanned<FieldPath>,
        mut links: Vec<NodeId>,
        replaces: Replaces,
    ) -> NodeId {
        links.extend(scope.kept(&name.node, replaces));
        let defined = DefinedName { name: name.node.clone(), span: name.span, uses: Uses::NONE, nesting: scope.nesting };
        let node = self.push(NodeKind::Name(defined), links);
        for index in scope.define(&name.node, node) {
            let Some(below) = scope.below(index) else { continue };
            *below = Some(self.join(*below, node));
        }
        scope.everything = Some(self.join(scope.everything, node));
        node
    }

    /// Defines a name that is not written in the query.
    pub(crate) fn define_word(&mut self, scope: &mut Scope, word: &str, span: Span, links: Vec<NodeId>) -> Option<NodeId> {
        let name = Name::new(word).ok()?;
        Some(self.define(scope, &Spanned::new(FieldPath::field(name), span), links, Replaces::InSomeRows))
    }

    /// Defines a column without an alias that is not a field. Its name is its text.
    pub(crate) fn define_unnamed(&mut self, scope: &mut Scope, links: Vec<NodeId>) -> NodeId {
        let mut links = links;
        links.extend(scope.unnamed);
        let node = self.push(NodeKind::Several(Uses::NONE), links);
        scope.unnamed = Some(node);
        scope.everything = Some(self.join(scope.everything, node));
        node
    }

    /// A node that is linked to all of them.
    pub(crate) fn several(&mut self, links: Vec<NodeId>) -> NodeId {
        self.push(NodeKind::Several(Uses::NONE), links)
    }

    /// A node that is linked to both.
    fn join(&mut self, one: Option<NodeId>, other: NodeId) -> NodeId {
        match one {
            Some(one) => self.push(NodeKind::Several(Uses::NONE), vec![one, other]),
            None => other,
        }
    }

    fn push(&mut self, kind: NodeKind, links: Vec<NodeId>) -> NodeId {
        self.nodes.push(Node { kind, links });
        self.nodes.len() - 1
    }
}

/// A path with a suffix, in lower case: the names that `autoregress` defines.
pub(crate) fn with_suffix(path: &FieldPath, suffix: &str) -> String {
    let FieldPath { head, rest } = path;
    let steps = rest.iter().map(|step| match step {
        Segment::Name(name) => format!(".{}", name.as_str()),
        Segment::Index(index) => format!(".{index}"),
    });
    format!("{}{}{suffix}", head.as_str(), steps.collect::<String>()).to_lowercase()
}
