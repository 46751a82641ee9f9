//! `stats`, `sort`, `limit`, `dedup`.
//!
//! - `stats aggregate [as name], … [by expression [as name], …] [offset period]`; `group by` is read as `by`
//! - `sort expression [asc|desc], …`; `sort by` and `order by` are older names of it
//! - `limit number`, `limit any number`, from 1 to 100,000; `head` is an older name of it
//! - `dedup field, …`
//!
//! Pages: CWL_QuerySyntax-Stats, -Sort, -Limit, -Dedup, -timeseries-functions.

use logmark_diagnostics::{Kind, Spanned};

use super::super::{expression, names};
use super::select::columns;
use crate::ast::{Dedup, Direction, Limit, LimitMode, Sort, SortKey, Stats};
use crate::parse::cursor::{Cursor, Parsed};
use crate::token::TokenKind;

/// The most rows of a result. Page: CWL_QuerySyntax-Limit.
pub(super) const MOST_ROWS: u32 = 100_000;

pub(super) fn stats(cursor: &mut Cursor<'_>) -> Parsed<Stats> {
    if cursor.at_word("by") {
        let hint = "say what to compute of each group: stats count(*) by field";
        return Err(cursor.fail(Kind::Syntax, "an aggregate", Some(hint.to_owned())));
    }
    let aggregates = columns(cursor)?;
    // `group by` is on no page; queries that use it run.
    let next = cursor.ahead(1);
    if cursor.at_word("group") && next.kind == TokenKind::Word && cursor.text(next).eq_ignore_ascii_case("by") {
        cursor.advance();
    }
    let by = if cursor.take_word("by") { columns(cursor)? } else { Vec::new() };
    if cursor.at_word("by") {
        return Err(cursor.fail(Kind::Syntax, "`by` once", Some("groups stand between commas: by a, b".to_owned())));
    }
    if cursor.at_word("where") || cursor.at_word("having") {
        return Err(cursor.fail_behind("put a condition in a `filter` behind a `|`"));
    }
    if cursor.at_word("group") {
        return Err(cursor.fail_behind("groups stand behind `by`: stats count(*) by host"));
    }
    let offset = if cursor.take_word("offset") { Some(names::period(cursor)?) } else { None };
    Ok(Stats { aggregates, by, offset })
}

pub(super) fn sort(cursor: &mut Cursor<'_>) -> Parsed<Sort> {
    // `sort by a` and `order by a` are not in the pages, and in use.
    if cursor.at_word("by") {
        cursor.advance();
    }
    let keys = names::comma_list(cursor, |cursor| {
        if cursor.at_word("asc") || cursor.at_word("desc") {
            let hint = "the direction stands behind the field: sort @timestamp desc";
            return Err(cursor.fail(Kind::Syntax, "what to sort by", Some(hint.to_owned())));
        }
        let expression = expression::expression(cursor)?;
        cursor.expect_also("an operator");
        let direction = if cursor.take_word("asc") {
            Some(Direction::Ascending)
        } else if cursor.take_word("desc") {
            Some(Direction::Descending)
        } else {
            None
        };
        Ok(SortKey { expression, direction })
    })?;
    let direction = cursor.meant(&["ascending", "descending"]).filter(|_| !cursor.at_word("desc"));
    if direction.is_some() {
        return Err(cursor.fail_behind("directions are `asc` and `desc`"));
    }
    Ok(Sort { keys })
}

pub(super) fn limit(cursor: &mut Cursor<'_>) -> Parsed<Limit> {
    let mode = if cursor.take_word("any") { LimitMode::Any } else { LimitMode::First };
    let count: Spanned<u32> = names::whole_number(cursor, "a number of rows", 1, MOST_ROWS)?;
    if cursor.at(TokenKind::Comma) {
        return Err(cursor.fail(
            Kind::Syntax,
            "`|` or the end of the query",
            Some("a number has no comma, and a limit no offset".to_owned()),
        ));
    }
    Ok(Limit { count, mode })
}

pub(super) fn dedup(cursor: &mut Cursor<'_>) -> Parsed<Dedup> {
    Ok(Dedup { fields: names::fields(cursor)? })
}
