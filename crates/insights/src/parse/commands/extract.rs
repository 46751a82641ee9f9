//! `parse`, `json`.
//!
//! - `parse [field] "text with *" as name, …`
//! - `parse [field] /regular expression/ [as name, …] [multi]`
//! - `parse [field] logfmt as name`
//! - `parse [field] csv as name, …`
//! - `parse [field] xml "XPath" as name`
//! - `json [field=name] "path" as name`
//!
//! Page: CWL_QuerySyntax-Parse. The mode for XML is on no page; its form is that of queries that run.

use logmark_diagnostics::{Kind, Spanned};

use super::super::names;
use super::super::option::Options;
use crate::ast::{FieldPath, Json, Matches, Parse, ParseFormat, Regex};
use crate::parse::cursor::{Cursor, Failed, Parsed};
use crate::token::TokenKind;

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Parse> {
    let input = input(cursor)?;
    let token = cursor.peek();
    let format = match token.kind {
        TokenKind::Text => glob(cursor)?,
        TokenKind::Regex => regex(cursor)?,
        TokenKind::Word if cursor.at_word("logfmt") => {
            cursor.advance();
            cursor.expect_word("as")?;
            ParseFormat::Logfmt { alias: names::new_field(cursor)? }
        }
        TokenKind::Word if cursor.at_word("csv") => {
            cursor.advance();
            cursor.expect_word("as")?;
            ParseFormat::Csv { aliases: names::comma_list(cursor, names::new_field)? }
        }
        TokenKind::Word if cursor.at_word("xml") => {
            cursor.advance();
            let path = names::text(cursor, "an XPath in quotes, such as '/event/level'")?;
            cursor.expect_word("as")?;
            ParseFormat::Xml { path, alias: names::new_field(cursor)? }
        }
        _ => return Err(no_format(cursor)),
    };
    Ok(Parse { input, format })
}

/// The field before the format.
fn input(cursor: &mut Cursor<'_>) -> Parsed<Option<Spanned<FieldPath>>> {
    let is_format = ["logfmt", "csv", "xml"].iter().any(|word| cursor.at_word(word))
        && (cursor.ahead(1).kind == TokenKind::Text || is_as(cursor));
    match cursor.peek().kind {
        TokenKind::Word | TokenKind::QuotedName | TokenKind::NumberWord if !is_format => names::path(cursor, "a field").map(Some),
        _ => Ok(None),
    }
}

/// Whether `as` follows the token here.
fn is_as(cursor: &Cursor<'_>) -> bool {
    let next = cursor.ahead(1);
    next.kind == TokenKind::Word && cursor.text(next).eq_ignore_ascii_case("as")
}

/// The fault of a `parse` without a format.
fn no_format(cursor: &mut Cursor<'_>) -> Failed {
    let hint = match cursor.peek().kind {
        TokenKind::OpenParenthesis => "`parse` takes a field: give an expression a name by `fields … as name` first",
        TokenKind::Word if cursor.at_word("as") => "say what to take out before `as`: parse @message \"user=*\" as user",
        TokenKind::Word | TokenKind::QuotedName => "the format follows the field: parse @message logfmt as pairs",
        _ => "such as: parse @message \"user=*\" as user",
    };
    cursor.fail(Kind::Syntax, "a text with `*`, a regular expression, `logfmt`, `csv` or `xml`", Some(hint.to_owned()))
}

/// `"text with *" as name, …`
fn glob(cursor: &mut Cursor<'_>) -> Parsed<ParseFormat> {
    let pattern = names::text(cursor, "a text with `*`")?;
    cursor.expect_word("as")?;
    let aliases = names::comma_list(cursor, names::new_field)?;
    if cursor.at_word("multi") {
        let hint = "`multi` goes with a regular expression";
        return Err(cursor.fail(Kind::Syntax, "`|` or the end of the query", Some(hint.to_owned())));
    }
    Ok(ParseFormat::Glob { pattern, aliases })
}

/// `/regular expression/ [as name, …] [multi]`
fn regex(cursor: &mut Cursor<'_>) -> Parsed<ParseFormat> {
    let token = cursor.advance();
    let written = cursor.text(token);
    // INVARIANT: the lexer ends a regular expression at its first bare `/` and takes none that is empty.
    let source = Regex::new(written.get(1..written.len() - 1).unwrap_or_default()).map_err(|_| Failed)?;
    if names::is_flags(cursor, token, cursor.peek()) {
        let hint = "flags stand inside, at the beginning: /(?i)error/";
        return Err(cursor.fail(Kind::Syntax, "nothing behind the last `/`", Some(hint.to_owned())));
    }
    let aliases = if cursor.take_word("as") { names::comma_list(cursor, names::new_field)? } else { Vec::new() };
    let matches = if cursor.take_word("multi") { Matches::All } else { Matches::First };
    Ok(ParseFormat::Regex { pattern: Spanned::new(source, token.span), aliases, matches })
}

pub(super) fn json(cursor: &mut Cursor<'_>) -> Parsed<Json> {
    let mut options = Options::new(&["field"]);
    let input = match options.next(cursor)? {
        Some(_) => Some(names::path(cursor, "a field")?),
        None => None,
    };
    let path = names::text(cursor, "the way to a value in quotes, such as \"user.name\"")?;
    cursor.expect_word("as")?;
    Ok(Json { input, path, alias: names::new_field(cursor)? })
}
