//! `display`: selects the columns of the result.
//!
//! - `display expression [as name], …`
//! - the last `display` of a query alone selects what the result shows
//!
//! Page: CWL_QuerySyntax-Display. The page of sample queries shows that expressions are possible.

use std::fmt;

use logmark_diagnostics::Span;

use super::column::columns;
use super::{Column, CommandRules, NewFields, Part, PartMut, RowEffect};
use crate::parse::cursor::{Cursor, Parsed};
use crate::print::after;
use crate::reach::Uses;
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;

/// `display a, b`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Display {
    /// The columns; at least one.
    pub columns: Vec<Column>,
}

impl CommandRules for Display {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        Ok(Self { columns: columns(cursor)? })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        after(f, " ", &self.columns)
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, _word: Span) {
        let Self { columns } = self;
        scope.selects_fields = true;
        scope.shown.clear();
        walker.columns(scope, columns, Uses::NONE);
    }

    fn rows(&self) -> RowEffect {
        RowEffect::OneToOne
    }

    fn parts(&self) -> Vec<Part<'_>> {
        self.columns.iter().map(Part::Column).collect()
    }

    fn parts_mut(&mut self) -> Vec<PartMut<'_>> {
        self.columns.iter_mut().map(PartMut::Column).collect()
    }

    fn new_fields(&self) -> NewFields {
        NewFields::Added(Vec::new())
    }
}
