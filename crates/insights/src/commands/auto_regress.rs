//! `autoregress`: the values of earlier rows.
//!
//! - `autoregress field [as name] [p=number|p=number-number]`
//! - the new fields are named `name_p1`, `name_p2`, …
//!
//! Page: CWL_QuerySyntax-Autoregress.

use std::fmt;

use logmark_diagnostics::{Span, Spanned};

use super::limit::MAX_ROWS;
use super::{CommandRules, RowEffect};
use crate::ast::FieldPath;
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::names;
use crate::parse::option::Options;
use crate::print::with;
use crate::reach::SERIES;
use crate::reach::scope::{Replaces, Scope};
use crate::reach::walk::{Walker, with_suffix};
use crate::token::TokenKind;

/// How many rows back a value may be. The page gives no bound: as many as a result can have.
const MAX_LAG: u32 = MAX_ROWS;

/// `autoregress bytes as b p=1-4`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoRegress {
    /// The field whose earlier values are read.
    pub field: Spanned<FieldPath>,
    /// The beginning of the names of the new fields; by default the field's own name.
    pub alias: Option<Spanned<FieldPath>>,
    /// `p=`: how many rows earlier, from the first to the last, at least 1; 1 to 1 by default.
    pub lags: Option<Spanned<(u32, u32)>>,
}

impl CommandRules for AutoRegress {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let field = names::path(cursor, "a field")?;
        let alias = names::alias(cursor)?;
        let mut options = Options::new(&["p"]);
        let lags = match options.next(cursor)? {
            None => None,
            Some(_) => Some(lags(cursor)?),
        };
        if cursor.at_word("as") {
            return Err(cursor.fail_after_command("write `as` before `p=`"));
        }
        Ok(Self { field, alias, lags })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.field)?;
        with(f, " as ", self.alias.as_ref())?;
        match self.lags.map(|lags| lags.node) {
            None => Ok(()),
            Some((first, last)) if first == last => write!(f, " p={first}"),
            Some((first, last)) => write!(f, " p={first}-{last}"),
        }
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, _word: Span) {
        let Self { field, alias, lags: _ } = self;
        let source = walker.field(scope, field, SERIES);
        let base = alias.as_ref().unwrap_or(field);
        if let Some(alias) = alias {
            walker.define(scope, alias, vec![source], Replaces::InSomeRows);
        }
        scope.numbered.push((with_suffix(&base.node, "_p"), source));
    }

    fn rows(&self) -> RowEffect {
        RowEffect::OneToOne
    }
}

/// `3`, `1-4`
fn lags(cursor: &mut Cursor<'_>) -> Parsed<Spanned<(u32, u32)>> {
    let first = names::whole_number(cursor, "a number of rows", 1, MAX_LAG)?;
    let last =
        if cursor.take(TokenKind::Minus) { names::whole_number(cursor, "a number of rows", first.node, MAX_LAG)? } else { first };
    Ok(Spanned::new((first.node, last.node), first.span.to(last.span)))
}
