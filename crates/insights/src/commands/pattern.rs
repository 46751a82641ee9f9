//! `pattern`: the patterns that the texts of a field have in common.
//!
//! - `pattern field`
//! - a `sort` may follow it and not precede it
//!
//! Page: CWL_QuerySyntax-Pattern.

use std::fmt;

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{CommandName, CommandRules, RowEffect};
use crate::ast::{FieldPath, Query};
use crate::check::Faults;
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::{ParseOptions, names};
use crate::reach::COMPARED;
use crate::reach::scope::{Rows, Scope};
use crate::reach::walk::Walker;

/// `pattern @message`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The field whose texts are compared.
    pub field: Spanned<FieldPath>,
}

/// The documented columns of the result.
const COLUMNS: [&str; 4] = ["@pattern", "@ratio", "@sampleCount", "@severityLabel"];

/// Columns that CloudWatch adds. `@logSamples` holds the `logEvent` of samples, whichever field is compared.
const ADDED_COLUMNS: [&str; 6] = ["@logSamples", "@tokens", "@regexString", "@relatedPattern", "@PatternId", "@visualization"];

impl CommandRules for Pattern {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        Ok(Self { field: names::path(cursor, "a field")? })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.field)
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, word: Span) {
        let Self { field } = self;
        let field = walker.field(scope, field, COMPARED);
        let message = walker.system_field(scope, "@message", word, COMPARED);
        walker.define_columns(scope, &COLUMNS, word, vec![field]);
        walker.define_columns(scope, &ADDED_COLUMNS, word, vec![field, message]);
        scope.rows = Rows::Computed;
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Other
    }

    fn check(query: &Query, _options: ParseOptions, faults: &mut Faults) {
        let after = query.commands.iter().skip_while(|command| command.node.name() != CommandName::Sort);
        for command in after.filter(|command| command.node.name() == CommandName::Pattern) {
            faults.note(Kind::Syntax, command.span, "`pattern` before `sort`", "`pattern` after it", "put the `sort` last");
        }
    }
}
