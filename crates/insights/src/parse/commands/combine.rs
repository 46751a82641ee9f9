//! `join`, `appendcols`.
//!
//! - `join [type=inner|left] left=name right=name where a.field=b.field [and …] (query)`
//! - `appendcols [override=bool] [max=number] (query)`, the number from 1 to 100,000
//!
//! Pages: CWL_QuerySyntax-Join, CWL_QuerySyntax-Appendcols. A name bound by `left=` or `right=` begins every field of its
//! side; which fields those are is not asked here.

use logmark_diagnostics::{Kind, Spanned};

use super::super::option::{Options, boolean, choice};
use super::super::{names, query};
use super::stats::MOST_ROWS;
use crate::ast::{AppendCols, Join, JoinKey, JoinKind, Query};
use crate::parse::cursor::{Cursor, Parsed};
use crate::token::TokenKind;

pub(super) fn join(cursor: &mut Cursor<'_>) -> Parsed<Join> {
    let (mut kind, mut left, mut right) = (JoinKind::Inner, None, None);
    let mut options = Options::new(&["type", "left", "right"]);
    while let Some(option) = options.next(cursor)? {
        match option.node {
            "left" => left = Some(names::name(cursor, "a name for the events so far")?),
            "right" => right = Some(names::name(cursor, "a name for the joined events")?),
            _ if choice(cursor, &["inner", "left"])?.0 == "left" => kind = JoinKind::Left,
            _ => {}
        }
    }
    let (Some(left), Some(right)) = (left, right) else {
        let hint = "such as: join left=a right=b where a.id=b.id (SOURCE 'group')";
        return Err(cursor.fail_here(Kind::Syntax, Some(hint.to_owned())));
    };
    cursor.expect_word("where")?;
    let mut keys = vec![join_key(cursor)?];
    while cursor.take_word("and") {
        keys.push(join_key(cursor)?);
    }
    if cursor.at_word("or") {
        return Err(cursor.fail(Kind::Syntax, "`and` or `(`", Some("all pairs of a join must be equal".to_owned())));
    }
    Ok(Join { kind, left, right, keys, query: query_in_parentheses(cursor)? })
}

/// `a.k = b.k`
fn join_key(cursor: &mut Cursor<'_>) -> Parsed<JoinKey> {
    let first = names::path(cursor, "a field with the name of its side, such as `a.id`")?;
    if !cursor.at(TokenKind::Equal) {
        return Err(cursor.fail(Kind::Syntax, "`=`", Some("a join compares for equality only".to_owned())));
    }
    cursor.advance();
    let second = names::path(cursor, "a field with the name of its side, such as `b.id`")?;
    Ok(JoinKey { first, second })
}

pub(super) fn append_cols(cursor: &mut Cursor<'_>) -> Parsed<AppendCols> {
    let (mut overrides, mut max) = (false, None);
    let mut options = Options::new(&["override", "max"]);
    while let Some(option) = options.next(cursor)? {
        match option.node {
            "override" => overrides = boolean(cursor)?,
            _ => max = Some(names::whole_number(cursor, "a number of rows", 1, MOST_ROWS)?),
        }
    }
    Ok(AppendCols { overrides, max, query: query_in_parentheses(cursor)? })
}

/// `( SOURCE 'group' | … )`
fn query_in_parentheses(cursor: &mut Cursor<'_>) -> Parsed<Spanned<Query>> {
    cursor.expect(TokenKind::OpenParenthesis)?;
    let inner = query(cursor)?;
    cursor.expect(TokenKind::CloseParenthesis)?;
    Ok(inner)
}
