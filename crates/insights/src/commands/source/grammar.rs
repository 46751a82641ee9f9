//! The grammar of the selectors and time points of `SOURCE`.

use logmark_diagnostics::{Kind, Spanned, closest};

use super::{LogClass, LogGroups, Selector, TagFilter, TimePoint};
use crate::ast::{Period, Text};
use crate::parse::cursor::{Cursor, Failed, Parsed, list_of};
use crate::parse::names;
use crate::token::TokenKind;

/// What can follow `SOURCE`, for error messages.
const FORMS: &str = "a log group in quotes, `logGroups(…)`, `logGroupTags(…)` or `dataSource(…)`";

/// One selector.
pub(super) fn selector(cursor: &mut Cursor<'_>) -> Parsed<Spanned<Selector>> {
    let token = cursor.peek();
    let node = match token.kind {
        TokenKind::Text => Selector::Group(written_plainly(cursor, "a log group")?.node),
        TokenKind::Word if cursor.ahead(1).kind == TokenKind::OpenParenthesis => function(cursor)?,
        TokenKind::Word | TokenKind::QuotedName => bare_group(cursor)?,
        _ => {
            let hint = "put the name of a log group in quotes: SOURCE '/aws/lambda/name'";
            return Err(cursor.fail(Kind::Syntax, FORMS, Some(hint.to_owned())));
        }
    };
    Ok(Spanned::new(node, token.span.to(cursor.previous().span)))
}

/// A text without `\`. No name contains one and its meaning is not documented, and the check whether the name is allowed must see
/// the same name as CloudWatch.
fn written_plainly(cursor: &mut Cursor<'_>, what: &str) -> Parsed<Spanned<Text>> {
    let token = cursor.peek();
    if token.kind == TokenKind::Text && cursor.text(token).contains('\\') {
        return Err(cursor.fail(Kind::Value, what, Some("a name has no `\\` in it".to_owned())));
    }
    names::text(cursor, what)
}

/// `SOURCE group`
fn bare_group(cursor: &mut Cursor<'_>) -> Parsed<Selector> {
    let token = cursor.peek();
    let next = cursor.ahead(1);
    let continues = cursor.touches_next() && !matches!(next.kind, TokenKind::Pipe | TokenKind::CloseParenthesis | TokenKind::End);
    if continues || token.kind == TokenKind::QuotedName {
        let hint = "put the name of a log group in quotes: SOURCE '/aws/lambda/name'";
        return Err(cursor.fail(Kind::Syntax, FORMS, Some(hint.to_owned())));
    }
    cursor.advance();
    Ok(Selector::Group(Text::new(cursor.text(token))))
}

/// `logGroups(…)`, `logGroupTags(…)`, `dataSource(…)`
fn function(cursor: &mut Cursor<'_>) -> Parsed<Selector> {
    const NAMES: [&str; 3] = ["logGroups", "logGroupTags", "dataSource"];
    let word = cursor.text(cursor.peek());
    let Some(name) = NAMES.into_iter().find(|name| name.eq_ignore_ascii_case(word)) else {
        let hint = closest(word, NAMES).map(|name| format!("did you mean `{name}`?"));
        return Err(cursor.fail(Kind::UnknownName, FORMS, hint));
    };
    cursor.advance();
    cursor.expect(TokenKind::OpenParenthesis)?;
    let selector = match name {
        "logGroups" => Selector::LogGroups(log_groups(cursor)?),
        "logGroupTags" => Selector::Tags(list(cursor, tag_filter)?),
        _ => Selector::DataSources(list(cursor, |cursor| written_plainly(cursor, "a data source in quotes"))?),
    };
    cursor.expect(TokenKind::CloseParenthesis)?;
    Ok(selector)
}

/// The arguments of `logGroups`.
fn log_groups(cursor: &mut Cursor<'_>) -> Parsed<LogGroups> {
    let mut groups = LogGroups::default();
    if cursor.at(TokenKind::CloseParenthesis) {
        return Ok(groups);
    }
    names::comma_list(cursor, |cursor| {
        let token = cursor.peek();
        let key = key(cursor, &["namePrefix", "accountIdentifiers", "accountIdentifier", "class", "logGroupClass"])?;
        let again = match key {
            "namePrefix" => !groups.name_prefixes.is_empty(),
            "class" | "logGroupClass" => !groups.classes.is_empty(),
            _ => !groups.account_identifiers.is_empty(),
        };
        if again {
            return Err(cursor.fail_at(Kind::Syntax, token.span, format!("`{key}` once"), "it again", None));
        }
        match key {
            "namePrefix" => groups.name_prefixes = list(cursor, |cursor| written_plainly(cursor, "a prefix in quotes"))?,
            "class" | "logGroupClass" => groups.classes = list(cursor, log_class)?,
            _ => groups.account_identifiers = list(cursor, |cursor| written_plainly(cursor, "an account in quotes"))?,
        }
        Ok(())
    })?;
    Ok(groups)
}

/// `namePrefix:`
fn key<'w>(cursor: &mut Cursor<'_>, keys: &[&'w str]) -> Parsed<&'w str> {
    let token = cursor.peek();
    let word = cursor.text(token).trim_matches(['"', '\'']);
    let found = keys.iter().copied().find(|key| key.eq_ignore_ascii_case(word));
    let Some(key) = found.filter(|_| matches!(token.kind, TokenKind::Word | TokenKind::Text)) else {
        let kind = if token.kind == TokenKind::Word { Kind::UnknownName } else { Kind::Syntax };
        let shown: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        let hint = closest(word, keys.iter().copied()).map(|key| format!("did you mean `{key}`?"));
        return Err(cursor.fail(kind, list_of(&shown, "or"), hint));
    };
    cursor.advance();
    cursor.expect(TokenKind::Colon)?;
    Ok(key)
}

/// `['a', 'b']`: at least one.
fn list<T>(cursor: &mut Cursor<'_>, one: impl FnMut(&mut Cursor<'_>) -> Parsed<T>) -> Parsed<Vec<T>> {
    cursor.expect(TokenKind::OpenBracket)?;
    let list = names::comma_list(cursor, one)?;
    cursor.expect(TokenKind::CloseBracket)?;
    Ok(list)
}

/// `'STANDARD'`
fn log_class(cursor: &mut Cursor<'_>) -> Parsed<Spanned<LogClass>> {
    let classes = [LogClass::Standard, LogClass::InfrequentAccess];
    let token = cursor.peek();
    let written = cursor.text(token).trim_matches(['"', '\'']);
    match classes.into_iter().find(|class| token.kind == TokenKind::Text && class.spelling() == written) {
        Some(class) => {
            cursor.advance();
            Ok(Spanned::new(class, token.span))
        }
        None => {
            let hint = closest(written, classes.map(LogClass::spelling)).map(|class| format!("did you mean '{class}'?"));
            Err(cursor.fail(Kind::Value, "'STANDARD' or 'INFREQUENT_ACCESS'", hint))
        }
    }
}

/// `{"key": "k", "values": ["v"]}`
fn tag_filter(cursor: &mut Cursor<'_>) -> Parsed<Spanned<TagFilter>> {
    let start = cursor.expect(TokenKind::OpenBrace)?;
    let mut tag = None;
    let mut values = Vec::new();
    names::comma_list(cursor, |cursor| {
        let key = key(cursor, &["key", "values"])?;
        if key == "key" && tag.is_some() || key == "values" && !values.is_empty() {
            return Err(cursor.fail(Kind::Syntax, format!("`{key}` once"), None));
        }
        if key == "key" {
            tag = Some(written_plainly(cursor, "a tag in quotes")?);
        } else {
            values = list(cursor, |cursor| written_plainly(cursor, "a value in quotes"))?;
        }
        Ok(())
    })?;
    let Some(key) = tag else {
        return Err(cursor.fail(
            Kind::Syntax,
            "`key`",
            Some("a tag is written {\"key\": \"name\", \"values\": [\"value\"]}".to_owned()),
        ));
    };
    let end = cursor.expect(TokenKind::CloseBrace)?;
    Ok(Spanned::new(TagFilter { key, values }, start.to(end)))
}

/// `-1d`, `now`, `1700000000000`
pub(super) fn time_point(cursor: &mut Cursor<'_>) -> Parsed<Spanned<TimePoint>> {
    const FORM: &str = "`now`, a time before now such as `-1d`, or milliseconds since 1970";
    let start = cursor.peek().span;
    let point = match cursor.peek().kind {
        TokenKind::Word if cursor.at_word("now") => {
            cursor.advance();
            if cursor.at(TokenKind::OpenParenthesis) || cursor.at(TokenKind::Minus) {
                return Err(cursor.fail(
                    Kind::Syntax,
                    "nothing after `now`",
                    Some("write `-1d` for a day before now".to_owned()),
                ));
            }
            TimePoint::Now
        }
        TokenKind::Minus => {
            cursor.advance();
            TimePoint::Ago(names::period(cursor)?.node)
        }
        TokenKind::Number => match cursor.text(cursor.peek()).parse() {
            Ok(number) => {
                cursor.advance();
                TimePoint::Epoch(number)
            }
            Err(_) => return Err(cursor.fail(Kind::Value, FORM, None)),
        },
        kind => {
            let ago = kind == TokenKind::NumberWord && Period::parse(cursor.text(cursor.peek())).is_ok();
            let hint = ago.then(|| "a time before now begins with `-`".to_owned());
            let Failed = cursor.fail(Kind::Value, FORM, hint);
            return Err(Failed);
        }
    };
    Ok(Spanned::new(point, start.to(cursor.previous().span)))
}
