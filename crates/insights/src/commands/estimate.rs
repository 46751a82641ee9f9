//! `estimate`: how many bytes the query would read.
//!
//! - `estimate`, without arguments
//! - it ends the query
//!
//! Page: CWL_QuerySyntax-Estimate.

use std::fmt;

use logmark_diagnostics::{Kind, Span};

use super::{CommandName, CommandRules, RowEffect};
use crate::ast::Query;
use crate::check::Faults;
use crate::parse::ParseOptions;
use crate::parse::cursor::{Cursor, Parsed};
use crate::reach::scope::{Rows, Scope};
use crate::reach::walk::Walker;

/// `estimate`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate;

impl CommandRules for Estimate {
    fn parse(_cursor: &mut Cursor<'_>) -> Parsed<Self> {
        Ok(Self)
    }

    fn print(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }

    fn reach(&self, _walker: &mut Walker, scope: &mut Scope, _word: Span) {
        let Self = self;
        scope.rows = Rows::Computed;
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Other
    }

    fn check(query: &Query, _options: ParseOptions, faults: &mut Faults) {
        let before_last = query.commands.len().saturating_sub(1);
        let early = query.commands.iter().take(before_last);
        for command in early.filter(|command| command.node.name() == CommandName::Estimate) {
            faults.note(Kind::Syntax, command.span, "`estimate` at the end of the query", "more commands after it", "");
        }
    }
}
