//! The reach of a query: everything that it reads beyond the log groups and the time range that it was started with, and all
//! fields that it refers to.
//!
//! The query guard depends on it, so it is complete by construction:
//!
//! - every command defines its reach (`CommandRules::reach`, in its file in `commands`); every `match` over a part of the tree
//!   names all variants, and every struct is taken apart field by field, without `..`, so that a new part of the language does
//!   not compile until its reach is defined
//! - in doubt the reach is larger: a name whose meaning the documentation leaves open is also a field of the events
//! - parts deeper than [`DEEPEST`] are not analysed and count as unlimited reach ([`Beyond::TooDeep`])
//!
//! Never decides what is allowed. Reads only the tree, never the text. Time and memory grow with the length of the query, not
//! with the data flow between its names. Page: `CWL_QuerySyntax` and the pages of the commands.

#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

mod beyond;
mod field;
mod uses;
pub(crate) mod walk;
mod fields;
mod expression;
mod function;
pub(crate) mod scope;
mod graph;

use logmark_diagnostics::{Span, Spanned};

use crate::ast::{Expression, FieldPath, Query};

pub use beyond::{Beyond, Nesting, Window};
pub use field::{DefinedName, Origin, Reference, Referent};
pub use uses::{Use, Uses};

pub(crate) use fields::constant;
pub(crate) use uses::{COMPARED, SERIES};

use graph::{Node, NodeKind};
use scope::{Rows, Scope};
use walk::Walker;

/// The deepest nesting of expressions and queries that is analysed: more than the parser accepts.
pub const DEEPEST: usize = 256;

/// The reach of a query.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use logmark_diagnostics::{Span, Spanned};
/// use logmark_insights::ast::{Command, Lookup, LookupKey, LookupMode, LookupOutput, Name, Query};
/// use logmark_insights::reach::Reach;
///
/// // lookup users id OUTPUT name
/// let name = |text| Name::new(text).map(Spanned::made);
/// let lookup = Lookup {
///     table: name("users")?,
///     keys: vec![LookupKey { column: name("id")?.map(Into::into), field: None }],
///     mode: LookupMode::Output,
///     outputs: vec![LookupOutput { column: name("name")?.map(Into::into), alias: None }],
/// };
/// let query = Query { commands: vec![Spanned::new(Command::Lookup(lookup), Span::new(0, 27))] };
///
/// let reach = Reach::of(&query);
/// assert!(!reach.is_within_its_groups());
/// assert!(reach.stays_in_its_time_range());
/// assert_eq!(reach.beyond()[0].node.to_string(), "`lookup` reads the lookup table `users`");
/// assert_eq!(reach.beyond()[0].span, Span::new(0, 6));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    beyond: Vec<Spanned<Beyond>>,
    nodes: Vec<Node>,
    shows_pointers: bool,
}

impl Reach {
    /// The reach of a query, with the queries nested in it.
    #[must_use]
    pub fn of(query: &Query) -> Self {
        let mut walker = Walker::default();
        let scope = walker.query(query, Span::at(0), 0, Uses::of(Use::Shown));
        Self::found(walker, scope.rows != Rows::Computed)
    }

    /// The reach of a condition that is not part of a query.
    pub(crate) fn of_condition(condition: &Expression) -> Self {
        let mut walker = Walker::default();
        walker.value(&Scope::new(0), condition, Span::at(0), Uses::of(Use::Filtered));
        Self::found(walker, false)
    }

    fn found(walker: Walker, shows_pointers: bool) -> Self {
        let (beyond, mut nodes) = walker.found();
        graph::spread_uses(&mut nodes);
        Self { beyond, nodes, shows_pointers }
    }

    /// Everything that it reaches beyond its log groups and its time range, in the order of the text, each at its word.
    #[must_use]
    pub fn beyond(&self) -> &[Spanned<Beyond>] {
        &self.beyond
    }

    /// Whether it reads only the log groups that it was started with.
    #[must_use]
    pub fn is_within_its_groups(&self) -> bool {
        !self.beyond.iter().any(|beyond| beyond.node.leaves_its_groups())
    }

    /// Whether it reads only events in the time range that it was started with.
    #[must_use]
    pub fn stays_in_its_time_range(&self) -> bool {
        !self.beyond.iter().any(|beyond| beyond.node.leaves_its_time_range())
    }

    /// Every reference to a field, a name or a column of a table, written or implicit.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::Reference(reference) => Some(reference),
            NodeKind::Name(_) | NodeKind::Several(_) => None,
        })
    }

    /// Every reference that is, or may be, to a field of the events. References to names that the query certainly defined earlier
    /// are left out, although an event that a `parse` does not match may keep its own field of that name. To find out whether a
    /// field is read, use [`Reach::reads_field`], which counts such names.
    pub fn fields(&self) -> impl Iterator<Item = &Reference> {
        self.references().filter(|reference| reference.origin.is_of_events())
    }

    /// Every name that it defines.
    pub fn names(&self) -> impl Iterator<Item = &DefinedName> {
        self.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::Name(name) => Some(name),
            NodeKind::Reference(_) | NodeKind::Several(_) => None,
        })
    }

    /// The references that the values of a defined name are computed from, through all names between, in the order of the
    /// references. All definitions of the name count. Empty when the query does not define the name.
    #[must_use]
    pub fn origins(&self, name: &FieldPath) -> Vec<&Reference> {
        let mut wanted = vec![false; self.nodes.len()];
        for (node, wanted) in self.nodes.iter().zip(&mut wanted) {
            *wanted = matches!(&node.kind, NodeKind::Name(defined) if defined.name == *name);
        }
        let mut origins = Vec::new();
        for (id, node) in self.nodes.iter().enumerate().rev() {
            if !wanted.get(id).is_some_and(|wanted| *wanted) {
                continue;
            }
            for link in &node.links {
                if let Some(wanted) = wanted.get_mut(*link) {
                    *wanted = true;
                }
            }
            if let NodeKind::Reference(reference) = &node.kind {
                origins.push(reference);
            }
        }
        origins.reverse();
        origins
    }

    /// Whether it refers to something that can hold the value of the field, a part of it, or a value that contains it. The whole
    /// event can, and names that the query itself defines count. The field is meant in the events of all nested queries, too.
    #[must_use]
    pub fn reads_field(&self, field: &FieldPath) -> bool {
        self.fields().any(|reference| reference.what.may_hold(field)) || self.names().any(|name| name.may_be(field))
    }

    /// The uses of the field by everything that [`Reach::reads_field`] counts; none when it is not read.
    #[must_use]
    pub fn uses_of(&self, field: &FieldPath) -> Uses {
        let fields = self.fields().filter(|reference| reference.what.may_hold(field)).map(|reference| reference.uses);
        let names = self.names().filter(|name| name.may_be(field)).map(|name| name.uses);
        fields.chain(names).fold(Uses::NONE, Uses::and)
    }

    /// Whether it refers to something that is the whole event or leads to it: `@message`, `@ptr`, all fields.
    #[must_use]
    pub fn reads_whole_event(&self) -> bool {
        self.fields().any(|reference| reference.what.is_whole_event())
    }

    /// Whether its rows are events. CloudWatch adds to each of them `@ptr`, a handle for the whole event.
    #[must_use]
    pub const fn shows_pointers(&self) -> bool {
        self.shows_pointers
    }
}
