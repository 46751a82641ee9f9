//! `key=value` options of commands.

use logmark_diagnostics::{Kind, Span, Spanned, closest};

use super::cursor::{Cursor, Parsed, list_of};
use crate::token::TokenKind;

/// The options of one command: each at most once, in any order.
pub(crate) struct Options<'a> {
    names: &'a [&'a str],
    seen: Vec<&'a str>,
}

impl<'a> Options<'a> {
    /// The options with these names.
    pub(crate) const fn new(names: &'a [&'a str]) -> Self {
        Self { names, seen: Vec::new() }
    }

    /// Reads the key and the `=` of the next option; `None` when the current token is not an option.
    pub(crate) fn next(&mut self, cursor: &mut Cursor<'_>) -> Parsed<Option<Spanned<&'a str>>> {
        let token = cursor.peek();
        let unused = self.names.iter().filter(|name| !self.seen.contains(name));
        unused.for_each(|name| cursor.expect_also(format!("`{name}=`")));
        if token.kind != TokenKind::Word || cursor.ahead(1).kind != TokenKind::Equal {
            return Ok(None);
        }
        let word = cursor.text(token);
        let Some(name) = self.names.iter().copied().find(|name| name.eq_ignore_ascii_case(word)) else {
            return Err(self.unknown(cursor, word));
        };
        if self.seen.contains(&name) {
            return Err(cursor.fail(Kind::Syntax, format!("`{name}=` once"), None));
        }
        self.seen.push(name);
        cursor.advance();
        cursor.advance();
        Ok(Some(Spanned::new(name, token.span)))
    }

    /// The error for an unknown option.
    fn unknown(&self, cursor: &mut Cursor<'_>, word: &str) -> super::Failed {
        let names: Vec<String> = self.names.iter().map(|name| format!("`{name}=`")).collect();
        let hint = closest(word, self.names.iter().copied()).map(|name| format!("did you mean `{name}=`?"));
        cursor.fail(Kind::UnknownName, list_of(&names, "or"), hint)
    }
}

/// One of some words, in any case, as the value of an option.
pub(crate) fn choice<'w>(cursor: &mut Cursor<'_>, words: &[&'w str]) -> Parsed<(&'w str, Span)> {
    let token = cursor.peek();
    let found = words.iter().copied().find(|word| cursor.at_word(word));
    match found {
        Some(word) => {
            cursor.advance();
            Ok((word, token.span))
        }
        None => {
            let names: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            let quoted = (token.kind == TokenKind::Text).then(|| "write it without quotes".to_owned());
            Err(cursor.fail(Kind::Value, list_of(&names, "or"), quoted.or_else(|| cursor.meant(words))))
        }
    }
}

/// `true` or `false`.
pub(crate) fn boolean(cursor: &mut Cursor<'_>) -> Parsed<bool> {
    choice(cursor, &["true", "false"]).map(|(word, _)| word == "true")
}
