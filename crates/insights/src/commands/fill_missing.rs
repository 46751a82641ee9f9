//! `fillmissing`: rows for periods without rows.
//!
//! - `fillmissing [with value for field, value for field, …]`
//!
//! Page: CWL_QuerySyntax-Fillmissing.

use std::fmt;

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{CommandRules, RowEffect};
use crate::ast::{FieldPath, Literal};
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::names;
use crate::reach::SERIES;
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;

/// `fillmissing with 0 for a, "none" for b`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FillMissing {
    /// The values of the new rows; none: only their periods are filled.
    pub fills: Vec<Fill>,
}

/// `0 for a`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fill {
    /// The value.
    pub value: Spanned<Literal>,
    /// The field.
    pub field: Spanned<FieldPath>,
}

impl CommandRules for FillMissing {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        if !cursor.take_word("with") {
            return Ok(Self { fills: Vec::new() });
        }
        let fills = names::comma_list(cursor, |cursor| {
            if cursor.at_word("with") {
                let hint = "write `with` once: with 0 for a, 0 for b";
                return Err(cursor.fail(Kind::Syntax, "a text or a number", Some(hint.to_owned())));
            }
            let value = names::literal(cursor)?;
            cursor.expect_word("for")?;
            Ok(Fill { value, field: names::path(cursor, "a field")? })
        })?;
        Ok(Self { fills })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fill) in self.fills.iter().enumerate() {
            write!(f, "{} {} for {}", if index == 0 { " with" } else { "," }, fill.value, fill.field)?;
        }
        Ok(())
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, _word: Span) {
        let Self { fills } = self;
        for fill in fills {
            let Fill { value: _, field } = fill;
            walker.field(scope, field, SERIES);
        }
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Other
    }
}
