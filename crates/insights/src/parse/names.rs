//! The grammar of names, paths and literals, which commands and expressions share.

use logmark_diagnostics::{Kind, Spanned};

use super::cursor::{Cursor, Parsed};
use crate::ast::{FieldPath, Literal, Name, Number, Period, PeriodError, Segment, Text};
use crate::lexer::decode_text;
use crate::token::{Token, TokenKind};

/// Words that are names of fields only in backticks: without them the grammar would be ambiguous.
pub(crate) const RESERVED: &[&str] = &["and", "or", "not", "in", "like", "as", "by", "asc", "desc", "null"];

/// A field, or a step into one: `a.items.0.id`, `list[0]`.
pub(crate) fn path(cursor: &mut Cursor<'_>, what: &str) -> Parsed<Spanned<FieldPath>> {
    let head = name(cursor, what)?;
    let start = head.span;
    let mut rest = Vec::new();
    loop {
        let touches = cursor.previous().span.end == cursor.peek().span.start;
        match cursor.peek().kind {
            TokenKind::Dot if touches => {
                cursor.advance();
                rest.push(Segment::Name(step(cursor)?));
            }
            TokenKind::OpenBracket if touches => {
                cursor.advance();
                rest.push(Segment::Index(index(cursor)?));
                cursor.expect(TokenKind::CloseBracket)?;
            }
            _ => break,
        }
    }
    Ok(Spanned::new(FieldPath { head: head.node, rest }, start.to(cursor.previous().span)))
}

/// The name after a point.
fn step(cursor: &mut Cursor<'_>) -> Parsed<Name> {
    let token = cursor.peek();
    let touches = cursor.previous().span.end == token.span.start;
    if touches
        && matches!(token.kind, TokenKind::Word | TokenKind::QuotedName)
        && let Some(name) = named(cursor, token)
    {
        cursor.advance();
        return Ok(name);
    }
    Err(cursor.fail(
        Kind::Syntax,
        "a name after the `.`",
        Some("put a name with other characters than letters, digits, `_` and `@` in backticks".to_owned()),
    ))
}

/// The index between `[` and `]`.
fn index(cursor: &mut Cursor<'_>) -> Parsed<u32> {
    if cursor.at(TokenKind::Number)
        && let Ok(index) = cursor.text(cursor.peek()).parse()
    {
        cursor.advance();
        return Ok(index);
    }
    let hint = "indexes begin at 0; put a key with special characters in backticks after a point: a.`the key`";
    Err(cursor.fail(Kind::Syntax, "the index of an element", Some(hint.to_owned())))
}

/// The name of a field, a table or an alias.
pub(crate) fn name(cursor: &mut Cursor<'_>, what: &str) -> Parsed<Spanned<Name>> {
    let token = cursor.peek();
    cursor.expect_also(what);
    match token.kind {
        TokenKind::Word if is_reserved(cursor.text(token)) => {
            let hint = match cursor.text(token).to_ascii_lowercase().as_str() {
                "and" | "or" => "`and` and `or` need a condition on both sides",
                _ => "it is a keyword: put a field of that name in backticks",
            };
            Err(cursor.fail_here(Kind::Syntax, Some(hint.to_owned())))
        }
        TokenKind::NumberWord if Period::parse(cursor.text(token)).is_ok() => {
            let hint = "a period of time is not allowed here; put a field of that name in backticks";
            Err(cursor.fail_here(Kind::Syntax, Some(hint.to_owned())))
        }
        TokenKind::Word | TokenKind::QuotedName | TokenKind::NumberWord => match named(cursor, token) {
            Some(name) => {
                cursor.advance();
                Ok(Spanned::new(name, token.span))
            }
            None => Err(cursor.fail_here(Kind::Syntax, Some("a name follows the `@`".to_owned()))),
        },
        TokenKind::Text => {
            let hint = "quotes are for texts; write a name bare or in backticks";
            Err(cursor.fail_here(Kind::Syntax, Some(hint.to_owned())))
        }
        _ => Err(cursor.fail_here(Kind::Syntax, None)),
    }
}

/// The name that a token contains.
fn named(cursor: &Cursor<'_>, token: Token) -> Option<Name> {
    // A name contains no backtick, so all backticks are quotes.
    Name::new(cursor.text(token).replace('`', "")).ok()
}

/// Whether a word is a name only in backticks.
pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word))
}

/// Whether a word after a regular expression looks like its flags: `/error/i`.
pub(crate) fn is_flags(cursor: &Cursor<'_>, regex: Token, after: Token) -> bool {
    let flags = |word: &str| word.bytes().all(|byte| b"gimsuxy".contains(&byte));
    after.kind == TokenKind::Word && after.span.start == regex.span.end && flags(cursor.text(after))
}

/// Fails at a comma in a list of fields without commas.
pub(crate) fn no_comma(cursor: &mut Cursor<'_>, command: &str) -> Parsed<()> {
    if !cursor.at(TokenKind::Comma) {
        return Ok(());
    }
    let hint = format!("write the fields of `{command}` without commas");
    Err(cursor.fail(Kind::Syntax, "a field, `|` or the end of the query", Some(hint)))
}

/// An optional `as a`.
pub(crate) fn alias(cursor: &mut Cursor<'_>) -> Parsed<Option<Spanned<FieldPath>>> {
    if cursor.take_word("as") { Ok(Some(new_field(cursor)?)) } else { Ok(None) }
}

/// The name of a new field.
pub(crate) fn new_field(cursor: &mut Cursor<'_>) -> Parsed<Spanned<FieldPath>> {
    let path = path(cursor, "a name for the new field")?;
    if path.node.rest.iter().any(|segment| matches!(segment, Segment::Index(_))) {
        let hint = Some("a new field has no index".to_owned());
        return Err(cursor.fail_at(Kind::Syntax, path.span, "a name for the new field", "an element of a list", hint));
    }
    Ok(path)
}

/// Things between commas; at least one.
pub(crate) fn comma_list<T>(cursor: &mut Cursor<'_>, mut one: impl FnMut(&mut Cursor<'_>) -> Parsed<T>) -> Parsed<Vec<T>> {
    let mut list = vec![one(cursor)?];
    while cursor.take(TokenKind::Comma) {
        list.push(one(cursor)?);
    }
    Ok(list)
}

/// Fields between commas; at least one.
pub(crate) fn fields(cursor: &mut Cursor<'_>) -> Parsed<Vec<Spanned<FieldPath>>> {
    comma_list(cursor, |cursor| path(cursor, "a field"))
}

/// `"text"`
pub(crate) fn text(cursor: &mut Cursor<'_>, what: &str) -> Parsed<Spanned<Text>> {
    let token = cursor.peek();
    if token.kind != TokenKind::Text {
        let hint = matches!(token.kind, TokenKind::Word | TokenKind::QuotedName).then(|| "write a text in quotes".to_owned());
        cursor.expect_also(what);
        return Err(cursor.fail_here(Kind::Syntax, hint));
    }
    cursor.advance();
    let written = cursor.text(token);
    Ok(Spanned::new(Text::written(decode_text(written), written), token.span))
}

/// `200`
pub(crate) fn number(cursor: &mut Cursor<'_>, what: &str) -> Parsed<Spanned<Number>> {
    let token = cursor.peek();
    if token.kind != TokenKind::Number {
        cursor.expect_also(what);
        return Err(cursor.fail_here(Kind::Syntax, None));
    }
    match Number::new(cursor.text(token)) {
        Ok(number) => {
            cursor.advance();
            Ok(Spanned::new(number, token.span))
        }
        Err(_) => Err(cursor.fail(Kind::Value, "a number up to 1.7e308", None)),
    }
}

/// A whole number from one bound to another.
pub(crate) fn whole_number(cursor: &mut Cursor<'_>, what: &str, least: u32, most: u32) -> Parsed<Spanned<u32>> {
    let expected = format!("{what} from {least} to {most}");
    let negative = cursor.at(TokenKind::Minus) && cursor.ahead(1).kind == TokenKind::Number;
    let kind = if cursor.at(TokenKind::Number) || negative { Kind::Value } else { Kind::Syntax };
    let token = cursor.peek();
    let plain = cursor.at(TokenKind::Number).then(|| cursor.text(token).parse().ok()).flatten();
    match plain.filter(|number| (least..=most).contains(number)) {
        Some(number) => {
            cursor.advance();
            Ok(Spanned::new(number, token.span))
        }
        None if negative => {
            let span = token.span.to(cursor.ahead(1).span);
            Err(cursor.fail_at(kind, span, expected, "a negative number", None))
        }
        None => Err(cursor.fail(kind, expected, None)),
    }
}

/// A period of time.
pub(crate) fn period(cursor: &mut Cursor<'_>) -> Parsed<Spanned<Period>> {
    let token = cursor.peek();
    let expected = "a period of time such as `5m`";
    match token.kind {
        TokenKind::NumberWord | TokenKind::Number => match Period::parse(cursor.text(token)) {
            Ok(period) => {
                cursor.advance();
                Ok(Spanned::new(period, token.span))
            }
            Err(why) => {
                let spaced = cursor.ahead(1);
                let unit = spaced.kind == TokenKind::Word && Period::parse(&format!("1{}", cursor.text(spaced))).is_ok();
                let hint = match why {
                    _ if unit => "write number and unit without a blank".to_owned(),
                    PeriodError::NoUnit | PeriodError::UnknownUnit => {
                        format!("{why}: ms, s, m, h, d, w, mo, q or y, and one of them")
                    }
                    _ => why.to_string(),
                };
                Err(cursor.fail(Kind::Value, expected, Some(hint)))
            }
        },
        TokenKind::Text => Err(cursor.fail(Kind::Syntax, expected, Some("write a period without quotes".to_owned()))),
        _ => Err(cursor.fail(Kind::Syntax, expected, None)),
    }
}

/// A constant: text, a number with its sign, `true` or `false`.
pub(crate) fn literal(cursor: &mut Cursor<'_>) -> Parsed<Spanned<Literal>> {
    let start = cursor.peek().span;
    let node = match cursor.peek().kind {
        TokenKind::Text => Literal::Text(text(cursor, "a text")?.node),
        TokenKind::Number => Literal::Number(number(cursor, "a number")?.node),
        TokenKind::Minus => {
            cursor.advance();
            Literal::Negative(number(cursor, "a number")?.node)
        }
        TokenKind::Word if cursor.at_word("true") || cursor.at_word("false") => {
            let value = cursor.at_word("true");
            cursor.advance();
            Literal::Boolean(value)
        }
        kind => {
            let hint = (kind == TokenKind::Word).then(|| "write a text in quotes".to_owned());
            return Err(cursor.fail(Kind::Syntax, "a text or a number", hint));
        }
    };
    Ok(Spanned::new(node, start.to(cursor.previous().span)))
}
