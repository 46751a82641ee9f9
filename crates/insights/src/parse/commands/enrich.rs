//! `expand`, `unnest`, `lookup`, `cidrlookup`.
//!
//! - `expand field`
//! - `unnest field into name`
//! - `lookup table column [as field], … OUTPUT|OUTPUTNEW column [as name], …`
//! - `cidrlookup table field [as column] OUTPUT|OUTPUTNEW column [as name], …`
//!
//! Pages: CWL_QuerySyntax-Expand, -Unnest, -Lookup, -Cidrlookup. The name of a table is letters, digits, `_` and `-`; with
//! `-` it stands bare too.

use logmark_diagnostics::{Kind, Spanned};

use super::super::names;
use crate::ast::{CidrLookup, Expand, Lookup, LookupKey, LookupMode, LookupOutput, Name, Unnest};
use crate::parse::cursor::{Cursor, Parsed};
use crate::token::TokenKind;

pub(super) fn expand(cursor: &mut Cursor<'_>) -> Parsed<Expand> {
    Ok(Expand { field: names::path(cursor, "a field")? })
}

pub(super) fn unnest(cursor: &mut Cursor<'_>) -> Parsed<Unnest> {
    let field = names::path(cursor, "a field")?;
    if cursor.at_word("as") {
        return Err(cursor.fail(Kind::Syntax, "`into`", Some("such as: unnest items into item".to_owned())));
    }
    cursor.expect_word("into")?;
    Ok(Unnest { field, alias: names::new_field(cursor)? })
}

pub(super) fn lookup(cursor: &mut Cursor<'_>) -> Parsed<Lookup> {
    let table = table(cursor)?;
    let keys = names::comma_list(cursor, |cursor| {
        no_output(cursor, "a column of the table")?;
        let column = names::path(cursor, "a column of the table")?;
        Ok(LookupKey { column, field: names::alias(cursor)? })
    })?;
    let (mode, outputs) = outputs(cursor)?;
    Ok(Lookup { table, keys, mode, outputs })
}

pub(super) fn cidr_lookup(cursor: &mut Cursor<'_>) -> Parsed<CidrLookup> {
    let table = table(cursor)?;
    no_output(cursor, "a field that holds an address")?;
    let field = names::path(cursor, "a field that holds an address")?;
    let column = names::alias(cursor)?;
    let (mode, outputs) = outputs(cursor)?;
    Ok(CidrLookup { table, field, column, mode, outputs })
}

/// Fails at an `OUTPUT` before which something is missing.
fn no_output(cursor: &mut Cursor<'_>, missing: &str) -> Parsed<()> {
    if cursor.at_word("OUTPUT") || cursor.at_word("OUTPUTNEW") {
        return Err(cursor.fail(Kind::Syntax, missing, Some("such as: lookup users id as user_id OUTPUT name".to_owned())));
    }
    Ok(())
}

/// The name of a table, of parts with `-` between them.
fn table(cursor: &mut Cursor<'_>) -> Parsed<Spanned<Name>> {
    let first = names::name(cursor, "the name of a lookup table")?;
    let touching = |cursor: &Cursor<'_>| cursor.previous().span.end == cursor.peek().span.start;
    let mut name = first.node.as_str().to_owned();
    while cursor.at(TokenKind::Minus) && touching(cursor) && cursor.touches_next() {
        cursor.advance();
        let part = cursor.peek();
        if !matches!(part.kind, TokenKind::Word | TokenKind::Number | TokenKind::NumberWord) {
            break;
        }
        cursor.advance();
        name.push('-');
        name.push_str(cursor.text(part));
    }
    let span = first.span.to(cursor.previous().span);
    let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    match Name::new(name).ok().filter(|name| name.as_str().chars().all(plain)) {
        Some(name) => Ok(Spanned::new(name, span)),
        None => {
            let hint = Some("the name of a lookup table is letters, digits, `_` and `-`".to_owned());
            Err(cursor.fail_at(Kind::Value, span, "the name of a lookup table", "other characters", hint))
        }
    }
}

/// `OUTPUT column [as name], …`
fn outputs(cursor: &mut Cursor<'_>) -> Parsed<(LookupMode, Vec<LookupOutput>)> {
    let mode = if cursor.take_word("OUTPUT") {
        LookupMode::Output
    } else if cursor.take_word("OUTPUTNEW") {
        LookupMode::OutputNew
    } else {
        let hint = cursor.meant(&["OUTPUT", "OUTPUTNEW"]);
        return Err(cursor.fail_here(Kind::Syntax, hint));
    };
    let outputs = names::comma_list(cursor, |cursor| {
        let column = names::path(cursor, "a column of the table")?;
        Ok(LookupOutput { column, alias: names::alias(cursor)? })
    })?;
    Ok((mode, outputs))
}
