//! `filter`, `where`, `filterIndex`.
//!
//! - `filter condition`, `where condition`
//! - `filterIndex field = value`, `filterIndex field in [value, …]`, with `==` and `( … )` as in `filter`
//!
//! Pages: CWL_QuerySyntax-Filter, CWL_QuerySyntax-Where, CWL_QuerySyntax-FilterIndex.

use logmark_diagnostics::{Kind, Spanned};

use super::super::{expression, names};
use crate::ast::{Filter, FilterIndex, IndexValues};
use crate::parse::cursor::{Cursor, Parsed};
use crate::token::TokenKind;

pub(super) fn filter(cursor: &mut Cursor<'_>) -> Parsed<Filter> {
    let condition = expression::expression(cursor)?;
    cursor.expect_also("an operator");
    if cursor.at_word("exists") {
        return Err(cursor.fail_behind("write ispresent(field)"));
    }
    if cursor.at_word("is") {
        return Err(cursor.fail_behind("write ispresent(field) or not ispresent(field)"));
    }
    if cursor.at(TokenKind::Comma) {
        return Err(cursor.fail_behind("join conditions by `and` or `or`"));
    }
    Ok(Filter { condition })
}

pub(super) fn filter_index(cursor: &mut Cursor<'_>) -> Parsed<FilterIndex> {
    let field = names::path(cursor, "an indexed field")?;
    let start = cursor.peek().span;
    let is_doubled = cursor.at(TokenKind::DoubleEqual);
    if is_doubled {
        cursor.advance();
    }
    let values = if is_doubled || cursor.take(TokenKind::Equal) {
        IndexValues::Equal(names::literal(cursor)?)
    } else if cursor.take_word("in") {
        let close = if cursor.at(TokenKind::OpenParenthesis) {
            cursor.advance();
            TokenKind::CloseParenthesis
        } else {
            cursor.expect(TokenKind::OpenBracket)?;
            TokenKind::CloseBracket
        };
        let list = names::comma_list(cursor, names::literal)?;
        cursor.expect(close)?;
        IndexValues::In(list)
    } else {
        let hint = "an index is asked by `=` and `in` only; put other conditions in a `filter` behind it";
        return Err(cursor.fail_here(Kind::Syntax, Some(hint.to_owned())));
    };
    Ok(FilterIndex { field, values: Spanned::new(values, start.to(cursor.previous().span)) })
}
