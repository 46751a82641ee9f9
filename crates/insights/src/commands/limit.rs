//! `limit`: the maximum number of rows.
//!
//! - `limit number`, `limit any number`, from 1 to 100,000
//! - `head` is an older name
//!
//! Page: CWL_QuerySyntax-Limit.

use std::fmt;

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{CommandRules, NewFields, RowEffect};
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::names;
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::token::TokenKind;

/// The most rows of a result. Page: CWL_QuerySyntax-Limit.
pub(super) const MAX_ROWS: u32 = 100_000;

/// `limit 20`, `limit any 20`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// How many rows; 1 to 100,000.
    pub count: Spanned<u32>,
    /// Which rows.
    pub mode: LimitMode,
}

/// Which rows a limit leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitMode {
    /// The first in the order of the result.
    First,
    /// `any`: those that are found first.
    Any,
}

impl CommandRules for Limit {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mode = if cursor.take_word("any") { LimitMode::Any } else { LimitMode::First };
        let count = names::whole_number(cursor, "a number of rows", 1, MAX_ROWS)?;
        if cursor.at(TokenKind::Comma) {
            let hint = "a number has no comma, and a limit no offset";
            return Err(cursor.fail(Kind::Syntax, "`|` or the end of the query", Some(hint.to_owned())));
        }
        Ok(Self { count, mode })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let any = if self.mode == LimitMode::Any { " any" } else { "" };
        write!(f, "{any} {}", self.count)
    }

    fn reach(&self, _walker: &mut Walker, _scope: &mut Scope, _word: Span) {
        let Self { count: _, mode: _ } = self;
    }

    fn rows(&self) -> RowEffect {
        RowEffect::OneToOne
    }

    fn new_fields(&self) -> NewFields {
        NewFields::Added(Vec::new())
    }
}
