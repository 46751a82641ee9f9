//! `anomaly`: unusual patterns.
//!
//! - `anomaly`, without arguments
//! - a `pattern` precedes it. `diff` needs one too, but the console adds `diff` to queries without (page:
//!   `CWL_AnalyzeLogData_Compare`), so that is not checked
//!
//! Page: CWL_QuerySyntax-Anomaly.

use std::fmt;

use logmark_diagnostics::{Kind, Span};

use super::{CommandName, CommandRules, RowEffect};
use crate::ast::Query;
use crate::check::Faults;
use crate::parse::ParseOptions;
use crate::parse::cursor::{Cursor, Parsed};
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::reach::{COMPARED, Referent};

/// `anomaly`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anomaly;

impl CommandRules for Anomaly {
    fn parse(_cursor: &mut Cursor<'_>) -> Parsed<Self> {
        Ok(Self)
    }

    fn print(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, word: Span) {
        let Self = self;
        walker.refer(scope, Referent::All, word, COMPARED);
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Other
    }

    fn check(query: &Query, _options: ParseOptions, faults: &mut Faults) {
        let before = query.commands.iter().take_while(|command| command.node.name() != CommandName::Pattern);
        for command in before.filter(|command| command.node.name() == CommandName::Anomaly) {
            let hint = "write `pattern @message | anomaly`";
            faults.note(Kind::Syntax, command.span, "`pattern` before `anomaly`", "none", hint);
        }
    }
}
