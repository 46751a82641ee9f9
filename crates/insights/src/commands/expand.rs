//! `expand`: one row for each element of an array of JSON.
//!
//! - `expand field`
//!
//! Page: CWL_QuerySyntax-Expand.

use std::fmt;

use logmark_diagnostics::{Span, Spanned};

use super::{CommandRules, RowEffect};
use crate::ast::FieldPath;
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::names;
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::reach::{Use, Uses};

/// `expand items`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expand {
    /// The field whose array becomes rows.
    pub field: Spanned<FieldPath>,
}

impl CommandRules for Expand {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        Ok(Self { field: names::path(cursor, "a field")? })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.field)
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, _word: Span) {
        let Self { field } = self;
        walker.field(scope, field, Uses::of(Use::Expanded));
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Other
    }
}
