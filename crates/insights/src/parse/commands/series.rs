//! Commands over the rows of a result.
//!
//! - `filldown [field …]`: fields without commas, `*` in them stands for any characters
//! - `fillmissing [with value for field, value for field, …]`
//! - `addtotals [fieldname=name] [row=bool] [col=bool] [field, …]`
//! - `accum field [as name]`
//! - `autoregress field [as name] [p=number|p=number-number]`
//!
//! Pages: CWL_QuerySyntax-Filldown, -Fillmissing, -Addtotals, -Accum, -Autoregress.

use logmark_diagnostics::{Kind, Spanned};

use super::super::names;
use super::super::option::{Options, boolean};
use super::analyse::no_comma;
use crate::ast::{Accum, AddTotals, AutoRegress, Fill, FillDown, FillMissing, FillTarget, Wildcard};
use crate::parse::cursor::{Cursor, Parsed};
use crate::token::TokenKind;

/// As many rows as a result can have. Page: CWL_QuerySyntax-Limit; that of `autoregress` gives no bound.
const MOST_LAGS: u32 = 100_000;

pub(super) fn fill_down(cursor: &mut Cursor<'_>) -> Parsed<FillDown> {
    let mut targets = Vec::new();
    while matches!(cursor.peek().kind, TokenKind::Word | TokenKind::QuotedName | TokenKind::Star) {
        targets.push(fill_target(cursor)?);
    }
    no_comma(cursor, "filldown")?;
    Ok(FillDown { targets })
}

/// `host`, `cpu*`
fn fill_target(cursor: &mut Cursor<'_>) -> Parsed<Spanned<FillTarget>> {
    let start = cursor.peek().span;
    let mut wildcard = String::new();
    let mut count = 0;
    // A wildcard is the words, points and stars that touch each other.
    loop {
        let token = cursor.ahead(count);
        if !matches!(token.kind, TokenKind::Word | TokenKind::Star | TokenKind::Dot | TokenKind::Number | TokenKind::NumberWord) {
            break;
        }
        wildcard.push_str(cursor.text(token));
        count += 1;
        if token.span.end != cursor.ahead(count).span.start {
            break;
        }
    }
    if !wildcard.contains('*') {
        return Ok(names::path(cursor, "a field")?.map(FillTarget::Field));
    }
    let Ok(target) = Wildcard::new(wildcard) else {
        return Err(cursor.fail(
            Kind::Value,
            "a field, perhaps with `*`",
            Some("a name with `*` is letters, digits, `_`, `@` and `.`".to_owned()),
        ));
    };
    for _ in 0..count {
        cursor.advance();
    }
    Ok(Spanned::new(FillTarget::Wildcard(target), start.to(cursor.previous().span)))
}

pub(super) fn fill_missing(cursor: &mut Cursor<'_>) -> Parsed<FillMissing> {
    if !cursor.take_word("with") {
        return Ok(FillMissing { fills: Vec::new() });
    }
    let fills = names::comma_list(cursor, |cursor| {
        if cursor.at_word("with") {
            return Err(cursor.fail(
                Kind::Syntax,
                "a text or a number",
                Some("`with` stands once: with 0 for a, 0 for b".to_owned()),
            ));
        }
        let value = names::literal(cursor)?;
        cursor.expect_word("for")?;
        Ok(Fill { value, field: names::path(cursor, "a field")? })
    })?;
    Ok(FillMissing { fills })
}

pub(super) fn add_totals(cursor: &mut Cursor<'_>) -> Parsed<AddTotals> {
    let mut totals = AddTotals { field_name: None, row: true, column: false, fields: Vec::new() };
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
        return Err(cursor.fail(
            Kind::Syntax,
            "`,`, `|` or the end of the query",
            Some("options stand before the fields".to_owned()),
        ));
    }
    Ok(totals)
}

pub(super) fn accum(cursor: &mut Cursor<'_>) -> Parsed<Accum> {
    let field = names::path(cursor, "a field")?;
    Ok(Accum { field, alias: names::alias(cursor)? })
}

pub(super) fn auto_regress(cursor: &mut Cursor<'_>) -> Parsed<AutoRegress> {
    let field = names::path(cursor, "a field")?;
    let alias = names::alias(cursor)?;
    let mut options = Options::new(&["p"]);
    let lags = match options.next(cursor)? {
        None => None,
        Some(_) => {
            let first = names::whole_number(cursor, "a number of rows", 1, MOST_LAGS)?;
            let last = if cursor.take(TokenKind::Minus) {
                names::whole_number(cursor, "a number of rows", first.node, MOST_LAGS)?
            } else {
                first
            };
            Some(Spanned::new((first.node, last.node), first.span.to(last.span)))
        }
    };
    if cursor.at_word("as") {
        return Err(cursor.fail_behind("`as` stands before `p=`"));
    }
    Ok(AutoRegress { field, alias, lags })
}
