//! `accum`: a running sum.
//!
//! - `accum field [as name]`
//!
//! Page: CWL_QuerySyntax-Accum.

use std::fmt;

use logmark_diagnostics::{Span, Spanned};

use super::{CommandRules, RowEffect};
use crate::ast::FieldPath;
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::names;
use crate::print::with;
use crate::reach::SERIES;
use crate::reach::scope::{Replaces, Scope};
use crate::reach::walk::Walker;

/// `accum bytes as total`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accum {
    /// The field that is summed.
    pub field: Spanned<FieldPath>,
    /// The new field.
    pub alias: Option<Spanned<FieldPath>>,
}

impl CommandRules for Accum {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let field = names::path(cursor, "a field")?;
        Ok(Self { field, alias: names::alias(cursor)? })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.field)?;
        with(f, " as ", self.alias.as_ref())
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, _word: Span) {
        let Self { field, alias } = self;
        let source = walker.field(scope, field, SERIES);
        if let Some(alias) = alias {
            walker.define(scope, alias, vec![source], Replaces::InSomeRows);
        }
    }

    fn rows(&self) -> RowEffect {
        RowEffect::OneToOne
    }
}
