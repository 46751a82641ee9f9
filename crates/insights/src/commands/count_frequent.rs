//! `countFrequent`: the most frequent values, counted approximately.
//!
//! - `countFrequent field, …`, `count_frequent field, …`
//!
//! Page: CWL_QuerySyntax-Countfrequent.

use std::fmt;

use logmark_diagnostics::{Span, Spanned};

use super::{CommandRules, RowEffect};
use crate::ast::FieldPath;
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::names;
use crate::print::after;
use crate::reach::scope::{Rows, Scope};
use crate::reach::walk::Walker;
use crate::reach::{Use, Uses};

/// `countFrequent a, b`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountFrequent {
    /// The fields whose values are counted; at least one.
    pub fields: Vec<Spanned<FieldPath>>,
}

impl CommandRules for CountFrequent {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        Ok(Self { fields: names::fields(cursor)? })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        after(f, " ", &self.fields)
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, word: Span) {
        let Self { fields } = self;
        let sources = walker.fields(scope, fields, Uses::of(Use::Aggregated).and(Uses::of(Use::Shown)));
        walker.define_columns(scope, &["_approxcount"], word, sources);
        scope.rows = Rows::Computed;
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Other
    }
}
