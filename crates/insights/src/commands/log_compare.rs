//! `logcompare`: this period and an earlier one.
//!
//! - `logcompare timeshift period`
//!
//! Page: CWL_QuerySyntax-Logcompare.

use std::fmt;

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{CommandRules, RowEffect};
use crate::ast::Period;
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::names;
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::reach::{Beyond, COMPARED, Referent, Window};
use crate::token::TokenKind;

/// `logcompare timeshift 7d`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogCompare {
    /// How much earlier the other period is.
    pub timeshift: Spanned<Period>,
}

impl CommandRules for LogCompare {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.expect_word("timeshift")?;
        if cursor.at(TokenKind::Equal) || cursor.at(TokenKind::Minus) {
            let hint = "such as: logcompare timeshift 7d";
            return Err(cursor.fail(Kind::Syntax, "a period of time such as `7d`", Some(hint.to_owned())));
        }
        Ok(Self { timeshift: names::period(cursor)? })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " timeshift {}", self.timeshift)
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, word: Span) {
        let Self { timeshift: _ } = self;
        walker.reaches(Beyond::TimeRange(Window::LogCompare), word);
        walker.refer(scope, Referent::All, word, COMPARED);
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Other
    }
}
