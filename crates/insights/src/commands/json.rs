//! `json`: a new field from a text of JSON.
//!
//! - `json [field=name] "path" as name`
//! - without `field=` it reads `@message`
//!
//! Page: CWL_QuerySyntax-Parse.

use std::fmt;

use logmark_diagnostics::{Span, Spanned};

use super::{CommandRules, NewFields, RowEffect};
use crate::ast::{FieldPath, Text};
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::names;
use crate::parse::option::Options;
use crate::print::with;
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;

/// `json field=f "k.sub" as a`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json {
    /// The field whose text is JSON; `@message` by default.
    pub input: Option<Spanned<FieldPath>>,
    /// The path to the value.
    pub path: Spanned<Text>,
    /// The new field.
    pub alias: Spanned<FieldPath>,
}

impl CommandRules for Json {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut options = Options::new(&["field"]);
        let input = match options.next(cursor)? {
            Some(_) => Some(names::path(cursor, "a field")?),
            None => None,
        };
        let path = names::text(cursor, "the path to a value in quotes, such as \"user.name\"")?;
        cursor.expect_word("as")?;
        Ok(Self { input, path, alias: names::new_field(cursor)? })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        with(f, " field=", self.input.as_ref())?;
        write!(f, " {} as {}", self.path, self.alias)
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, word: Span) {
        let Self { input, path: _, alias } = self;
        let input = walker.field_or_message(scope, input.as_ref(), word);
        walker.define_shown(scope, alias, vec![input]);
    }

    fn rows(&self) -> RowEffect {
        RowEffect::OneToOne
    }

    fn new_fields(&self) -> NewFields {
        NewFields::Added(vec![self.alias.node.flat_name()])
    }
}
