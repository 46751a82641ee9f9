//! Operands: fields, values, calls of functions, and expressions in parentheses.

use logmark_diagnostics::{Kind, Span, Spanned, closest};

use super::cursor::{Cursor, Failed, Parsed};
use super::expression::{Node, check_level, deeper, disjunction};
use super::names;
use crate::ast::{Argument, Call, Expression};
use crate::functions::{Function, Parameter};
use crate::token::TokenKind;

/// An operand.
pub(super) fn operand(cursor: &mut Cursor<'_>, level: usize) -> Parsed<Node> {
    let token = cursor.peek();
    let next = cursor.ahead(1);
    let hint = match token.kind {
        TokenKind::OpenParenthesis => return parenthesised(cursor, level),
        TokenKind::Text => return leaf(names::text(cursor, "an expression")?.map(Expression::Text)),
        TokenKind::Number => return leaf(names::number(cursor, "an expression")?.map(Expression::Number)),
        TokenKind::Word if next.kind == TokenKind::OpenParenthesis && !names::is_reserved(cursor.text(token)) => {
            return call(cursor, level);
        }
        TokenKind::Word if is_boolean(cursor) => {
            let value = cursor.at_word("true");
            cursor.advance();
            return leaf(Spanned::new(Expression::Boolean(value), token.span));
        }
        TokenKind::Word if cursor.at_word("null") => {
            cursor.advance();
            return leaf(Spanned::new(Expression::Null, token.span));
        }
        TokenKind::NumberWord if is_number_elsewhere(cursor.text(token)) => {
            let hint = "write a number in digits, such as 31 or 10000000; put a field of that name in backticks";
            return Err(cursor.fail(Kind::Value, "an expression", Some(hint.to_owned())));
        }
        TokenKind::Word | TokenKind::QuotedName | TokenKind::NumberWord => {
            return leaf(names::path(cursor, "an expression")?.map(Expression::Field));
        }
        TokenKind::Regex => Some("a regular expression follows `like` or `=~`, or is in `parse`"),
        TokenKind::OpenBracket => Some("a list follows `in`"),
        TokenKind::Star => Some("`*` alone is allowed only in count(*)"),
        TokenKind::CloseBracket if cursor.previous().kind == TokenKind::OpenBracket => Some("a list has at least one value"),
        TokenKind::CloseBracket | TokenKind::CloseParenthesis | TokenKind::Pipe | TokenKind::End
            if cursor.previous().kind == TokenKind::Comma =>
        {
            Some("nothing follows the last comma")
        }
        TokenKind::Dollar => Some("`$` begins a saved query, in place of a command"),
        _ => None,
    };
    cursor.expect_also("an expression");
    Err(cursor.fail_here(Kind::Syntax, hint.map(str::to_owned)))
}

/// Whether other languages write a number like this: `0x1F`, `1_000`, `10MB`. As a field it would be missing in every event.
fn is_number_elsewhere(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let behind = word.trim_start_matches(|character: char| character.is_ascii_digit() || character == '_');
    let is_hexadecimal = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    behind.is_empty()
        || matches!(behind, "k" | "b" | "kb" | "mb" | "gb" | "tb" | "kib" | "mib" | "gib" | "tib")
        || word.strip_prefix("0x").is_some_and(is_hexadecimal)
}

/// A node without children.
#[expect(clippy::unnecessary_wraps, reason = "every operand is parsed to the same type")]
fn leaf(expression: Spanned<Expression>) -> Parsed<Node> {
    Ok(Node { expression, depth: 1 })
}

/// Whether the current token is `true` or `false` as a value, and not the beginning of a path.
fn is_boolean(cursor: &Cursor<'_>) -> bool {
    let path_goes_on = cursor.touches_next() && matches!(cursor.ahead(1).kind, TokenKind::Dot | TokenKind::OpenBracket);
    (cursor.at_word("true") || cursor.at_word("false")) && !path_goes_on
}

/// `(a + b)`. The parentheses are part of the span, not of the tree.
fn parenthesised(cursor: &mut Cursor<'_>, level: usize) -> Parsed<Node> {
    check_level(cursor, level)?;
    let start = cursor.advance().span;
    if cursor.at_word("SOURCE") {
        let hint = "a query in parentheses is allowed after `in`, and in `join` and `appendcols`";
        return Err(cursor.fail(Kind::Syntax, "an expression", Some(hint.to_owned())));
    }
    let inner = disjunction(cursor, level + 1)?;
    cursor.expect_also("an operator");
    let end = cursor.expect(TokenKind::CloseParenthesis)?;
    Ok(Node { expression: Spanned::new(inner.expression.node, start.to(end)), depth: inner.depth })
}

/// `strlen(a)`
fn call(cursor: &mut Cursor<'_>, level: usize) -> Parsed<Node> {
    check_level(cursor, level)?;
    let token = cursor.peek();
    let Some(function) = Function::find(cursor.text(token)) else {
        return Err(unknown_function(cursor));
    };
    cursor.advance();
    cursor.advance();
    let mut arguments = Vec::new();
    let mut depth = 0;
    while arguments.is_empty() && !cursor.at(TokenKind::CloseParenthesis)
        || !arguments.is_empty() && cursor.take(TokenKind::Comma)
    {
        if function == Function::Bin && arguments.is_empty() {
            names_timestamp(cursor);
        }
        let (argument, below) = argument(cursor, function, arguments.len(), level)?;
        depth = depth.max(below);
        arguments.push(argument);
    }
    cursor.expect_also("an operator");
    let end = cursor.expect(TokenKind::CloseParenthesis)?;
    let span = token.span.to(end);
    check_count(cursor, function, arguments.len(), span)?;
    let call = Call { function: Spanned::new(function, token.span), arguments };
    deeper(cursor, Spanned::new(Expression::Call(call), span), depth)
}

/// Skips the `@timestamp,` of `bin(@timestamp, 1h)`. The form is not documented and means the same as `bin(1h)`.
fn names_timestamp(cursor: &mut Cursor<'_>) {
    let token = cursor.peek();
    let is_name = matches!(token.kind, TokenKind::Word | TokenKind::QuotedName);
    let is_timestamp = is_name && cursor.text(token).replace('`', "").eq_ignore_ascii_case("@timestamp");
    if is_timestamp && cursor.ahead(1).kind == TokenKind::Comma {
        cursor.advance();
        cursor.advance();
    }
}

/// One argument, and the depth of its tree.
fn argument(cursor: &mut Cursor<'_>, function: Function, index: usize, level: usize) -> Parsed<(Spanned<Argument>, usize)> {
    let token = cursor.peek();
    match function.signature().parameter(index).unwrap_or(Parameter::Value) {
        Parameter::Period => {
            if function == Function::Bin && matches!(token.kind, TokenKind::Word | TokenKind::QuotedName) {
                let hint = "bin takes @timestamp and a period: bin(5m); for another time write datefloor(field, 5m)";
                return Err(cursor.fail(Kind::Syntax, "a period of time such as `5m`", Some(hint.to_owned())));
            }
            Ok((names::period(cursor)?.map(Argument::Period), 0))
        }
        Parameter::Number if token.kind == TokenKind::Minus => Err(cursor.fail(Kind::Value, "a number from 0", None)),
        Parameter::Number => {
            Ok((names::number(cursor, "a number")?.map(|number| Argument::Expression(Expression::Number(number))), 0))
        }
        Parameter::ValueOrStar if token.kind == TokenKind::Star => {
            cursor.advance();
            Ok((Spanned::new(Argument::Star, token.span), 0))
        }
        Parameter::Value | Parameter::ValueOrStar => {
            let node = disjunction(cursor, level + 1)?;
            Ok((node.expression.map(Argument::Expression), node.depth))
        }
    }
}

/// Fails when a function has too few or too many arguments.
fn check_count(cursor: &mut Cursor<'_>, function: Function, count: usize, span: Span) -> Parsed<()> {
    let signature = function.signature();
    if (signature.least()..=signature.most()).contains(&count) {
        return Ok(());
    }
    let (least, most) = (signature.least(), signature.most());
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let expected = match (least, most) {
        (0, 0) => format!("no argument of `{function}`"),
        (least, most) if least == most => format!("{least} argument{} of `{function}`", plural(least)),
        (least, usize::MAX) => format!("at least {least} argument{} of `{function}`", plural(least)),
        (least, most) => format!("{least} to {most} arguments of `{function}`"),
    };
    let found = if count == 0 { "none".to_owned() } else { count.to_string() };
    let hint = match function {
        Function::Case => "`case` has at most 10 conditions, each with its value, and perhaps a default".to_owned(),
        _ => format!("{function}({})", signature.names),
    };
    Err(cursor.fail_at(Kind::Arity, span, expected, found, Some(hint)))
}

/// The error for an unknown function.
fn unknown_function(cursor: &mut Cursor<'_>) -> Failed {
    /// Functions of other languages, and the equivalent in this one.
    const ELSEWHERE: &[(&str, &str)] = &[
        ("len", "strlen(text)"),
        ("length", "strlen(text)"),
        ("upper", "toupper(text)"),
        ("lower", "tolower(text)"),
        ("substring", "substr(text, start, length)"),
        ("contains", "strcontains(text, part)"),
        ("mean", "avg(field)"),
        ("average", "avg(field)"),
        ("percentile", "pct(field, 95)"),
        ("p99", "pct(field, 99)"),
        ("median", "pct(field, 50)"),
        ("distinct", "count_distinct(field)"),
        ("dc", "count_distinct(field)"),
        ("isnull", "not ispresent(field)"),
        ("isnotnull", "ispresent(field)"),
        ("exists", "ispresent(field)"),
        ("first", "earliest(field)"),
        ("last", "latest(field)"),
        ("date_trunc", "datefloor(time, 5m)"),
        ("ifnull", "coalesce(field, value)"),
        ("ago", "now() * 1000 - 3600000"),
        ("iff", "if(condition, value, other)"),
    ];
    let word = cursor.text(cursor.peek());
    let elsewhere = ELSEWHERE.iter().find(|(other, _)| other.eq_ignore_ascii_case(word)).map(|(_, ours)| *ours);
    let near = || closest(word, Function::ALL.iter().flat_map(|function| function.spellings().iter().copied()));
    let hint = elsewhere.map(|form| format!("write `{form}`")).or_else(|| near().map(|name| format!("did you mean `{name}`?")));
    cursor.fail(Kind::UnknownName, "a function", hint)
}
