//! `filterIndex`: the events that a field index finds.
//!
//! - `filterIndex field = value`, with `==` too
//! - `filterIndex field in [value, …]`, with `( … )` too
//!
//! Page: CWL_QuerySyntax-FilterIndex.

use std::fmt;

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{CommandRules, RowEffect};
use crate::ast::{FieldPath, Literal};
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::names;
use crate::print::separated;
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::reach::{Beyond, Use, Uses, constant};
use crate::token::TokenKind;

/// `filterIndex f = "v"`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterIndex {
    /// The indexed field.
    pub field: Spanned<FieldPath>,
    /// The values that it may have.
    pub values: Spanned<IndexValues>,
}

/// The values that an indexed field may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexValues {
    /// `= "v"`
    Equal(Spanned<Literal>),
    /// `in ["v", "w"]`: at least one.
    In(Vec<Spanned<Literal>>),
}

impl CommandRules for FilterIndex {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let field = names::path(cursor, "an indexed field")?;
        let start = cursor.peek().span;
        let is_doubled = cursor.at(TokenKind::DoubleEqual);
        if is_doubled {
            cursor.advance();
        }
        let values = if is_doubled || cursor.take(TokenKind::Equal) {
            IndexValues::Equal(names::literal(cursor)?)
        } else if cursor.take_word("in") {
            IndexValues::In(list(cursor)?)
        } else {
            let hint = "an index supports only `=` and `in`; put other conditions in a `filter` after it";
            return Err(cursor.fail_here(Kind::Syntax, Some(hint.to_owned())));
        };
        Ok(Self { field, values: Spanned::new(values, start.to(cursor.previous().span)) })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {} {}", self.field, self.values)
    }

    #[deny(clippy::wildcard_enum_match_arm)]
    fn reach(&self, walker: &mut Walker, scope: &mut Scope, word: Span) {
        let Self { field, values } = self;
        walker.reaches(Beyond::FieldIndex { field: field.node.clone() }, word);
        walker.field(scope, field, Uses::of(Use::Filtered));
        match &values.node {
            IndexValues::Equal(value) => constant(value),
            IndexValues::In(values) => values.iter().for_each(constant),
        }
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Other
    }
}

/// `[value, …]`, `(value, …)`
fn list(cursor: &mut Cursor<'_>) -> Parsed<Vec<Spanned<Literal>>> {
    let close = if cursor.at(TokenKind::OpenParenthesis) {
        cursor.advance();
        TokenKind::CloseParenthesis
    } else {
        cursor.expect(TokenKind::OpenBracket)?;
        TokenKind::CloseBracket
    };
    let list = names::comma_list(cursor, names::literal)?;
    cursor.expect(close)?;
    Ok(list)
}

impl fmt::Display for IndexValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equal(value) => write!(f, "= {value}"),
            Self::In(values) => {
                f.write_str("in [")?;
                separated(f, values, ", ")?;
                f.write_str("]")
            }
        }
    }
}
