//! `dedup`: one row for each combination of values.
//!
//! - `dedup field, …`
//! - only `limit` may follow it
//!
//! Page: CWL_QuerySyntax-Dedup.

use std::fmt;

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{CommandName, CommandRules, NewFields, RowEffect};
use crate::ast::{FieldPath, Query};
use crate::check::Faults;
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::{ParseOptions, names};
use crate::print::after;
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::reach::{Use, Uses};

/// `dedup a, b`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dedup {
    /// The fields whose values are compared; at least one.
    pub fields: Vec<Spanned<FieldPath>>,
}

impl CommandRules for Dedup {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        Ok(Self { fields: names::fields(cursor)? })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        after(f, " ", &self.fields)
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, _word: Span) {
        let Self { fields } = self;
        walker.fields(scope, fields, Uses::of(Use::Deduplicated));
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Subset
    }

    fn new_fields(&self) -> NewFields {
        NewFields::Added(Vec::new())
    }

    fn check(query: &Query, _options: ParseOptions, faults: &mut Faults) {
        let after = query.commands.iter().skip_while(|command| command.node.name() != CommandName::Dedup).skip(1);
        for command in after.filter(|command| command.node.name() != CommandName::Limit) {
            let hint = "put everything else before `dedup`: sort @timestamp desc | dedup server | limit 20";
            let found = format!("`{}`", command.node.name());
            faults.note(Kind::Syntax, command.span, "only `limit` after `dedup`", found, hint);
        }
    }
}
