//! `sessionize`: the session that an event belongs to.
//!
//! - `sessionize field, … [maxspan period] [as name]`
//!
//! Page: CWL_QuerySyntax-Sessionize.

use std::fmt;

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{CommandRules, RowEffect};
use crate::ast::{FieldPath, Period};
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::names;
use crate::print::{after, with};
use crate::reach::SERIES;
use crate::reach::scope::{Replaces, Scope};
use crate::reach::walk::Walker;
use crate::token::TokenKind;

/// `sessionize user maxspan 30m as session`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sessionize {
    /// The fields whose values are equal within a session; at least one.
    pub fields: Vec<Spanned<FieldPath>>,
    /// The longest pause within a session; 30 minutes by default.
    pub max_span: Option<Spanned<Period>>,
    /// The new field; `session_id` by default.
    pub alias: Option<Spanned<FieldPath>>,
}

impl CommandRules for Sessionize {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        if cursor.at_word("maxspan") && cursor.ahead(1).kind == TokenKind::NumberWord {
            return Err(cursor.fail(Kind::Syntax, "a field", Some("such as: sessionize user maxspan 1h".to_owned())));
        }
        let fields = names::fields(cursor)?;
        let max_span = if cursor.take_word("maxspan") { Some(names::period(cursor)?) } else { None };
        let alias = names::alias(cursor)?;
        if alias.is_some() && cursor.at_word("maxspan") {
            let hint = "write `maxspan` before `as`";
            return Err(cursor.fail(Kind::Syntax, "`|` or the end of the query", Some(hint.to_owned())));
        }
        Ok(Self { fields, max_span, alias })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        after(f, " ", &self.fields)?;
        with(f, " maxspan ", self.max_span.as_ref())?;
        with(f, " as ", self.alias.as_ref())
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, word: Span) {
        let Self { fields, max_span: _, alias } = self;
        let mut sources = walker.fields(scope, fields, SERIES);
        sources.push(walker.system_field(scope, "@timestamp", word, SERIES));
        match alias {
            Some(alias) => {
                walker.define(scope, alias, sources, Replaces::InSomeRows);
            }
            None => walker.define_columns(scope, &["session_id"], word, sources),
        }
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Subset
    }
}
