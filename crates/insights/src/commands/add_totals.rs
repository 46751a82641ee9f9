//! `addtotals`: sums of rows and columns.
//!
//! - `addtotals [fieldname=name] [row=bool] [col=bool] [field, …]`
//!
//! Page: CWL_QuerySyntax-Addtotals.

use std::fmt;

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{CommandRules, RowEffect};
use crate::ast::{FieldPath, Name};
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::names;
use crate::parse::option::{Options, boolean};
use crate::print::{after, with};
use crate::reach::SERIES;
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::token::TokenKind;

/// `addtotals fieldname=Sum row=true col=true a, b`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddTotals {
    /// `fieldname=`: the new field; `Total` by default.
    pub field_name: Option<Spanned<Name>>,
    /// `row=`: the sum of each row in a new field. The default is true.
    pub row: bool,
    /// `col=`: the sum of each column in a new row. The default is false.
    pub column: bool,
    /// The fields that are summed; none: all fields with numbers.
    pub fields: Vec<Spanned<FieldPath>>,
}

impl CommandRules for AddTotals {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut totals = Self { field_name: None, row: true, column: false, fields: Vec::new() };
        let mut options = Options::new(&["fieldname", "row", "col"]);
        while let Some(option) = options.next(cursor)? {
            match option.node {
                "fieldname" => totals.field_name = Some(names::name(cursor, "a name for the new field")?),
                "row" => totals.row = boolean(cursor)?,
                _ => totals.column = boolean(cursor)?,
            }
        }
        if matches!(cursor.peek().kind, TokenKind::Word | TokenKind::QuotedName) {
            totals.fields = names::fields(cursor)?;
        }
        if cursor.at(TokenKind::Equal) || cursor.at(TokenKind::Word) && cursor.ahead(1).kind == TokenKind::Equal {
            let hint = "write options before the fields";
            return Err(cursor.fail(Kind::Syntax, "`,`, `|` or the end of the query", Some(hint.to_owned())));
        }
        Ok(totals)
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        with(f, " fieldname=", self.field_name.as_ref())?;
        f.write_str(if self.row { "" } else { " row=false" })?;
        f.write_str(if self.column { " col=true" } else { "" })?;
        after(f, " ", &self.fields)
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, word: Span) {
        let Self { field_name, row: _, column: _, fields } = self;
        let sources = walker.fields_or_all(scope, fields, word, SERIES);
        let (name, span) = field_name.as_ref().map_or(("Total", word), |name| (name.node.as_str(), name.span));
        walker.define_columns(scope, &[name], span, sources);
    }

    /// Without `col=true`: a row of sums is refused before any limit is set.
    fn rows(&self) -> RowEffect {
        RowEffect::OneToOne
    }
}
