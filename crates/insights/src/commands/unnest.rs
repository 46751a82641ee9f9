//! `unnest`: one row for each element of a list.
//!
//! - `unnest field into name`
//!
//! Page: CWL_QuerySyntax-Unnest.

use std::fmt;

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{CommandRules, RowEffect};
use crate::ast::FieldPath;
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::names;
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::reach::{Use, Uses};

/// `unnest list into item`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unnest {
    /// The field whose list becomes rows.
    pub field: Spanned<FieldPath>,
    /// The new field.
    pub alias: Spanned<FieldPath>,
}

impl CommandRules for Unnest {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let field = names::path(cursor, "a field")?;
        if cursor.at_word("as") {
            return Err(cursor.fail(Kind::Syntax, "`into`", Some("such as: unnest items into item".to_owned())));
        }
        cursor.expect_word("into")?;
        Ok(Self { field, alias: names::new_field(cursor)? })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {} into {}", self.field, self.alias)
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, _word: Span) {
        let Self { field, alias } = self;
        let list = walker.field(scope, field, Uses::of(Use::Expanded));
        walker.define_shown(scope, alias, vec![list]);
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Other
    }
}
