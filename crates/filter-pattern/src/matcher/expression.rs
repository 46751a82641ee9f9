//! Compiles the regular expressions of filter patterns.
//!
//! Owns the translation from CloudWatch's subset (User Guide, "Supported regular expressions (regex) syntax") to the syntax
//! of the `regex` crate, whose search takes time linear in the message. The parser checks the subset.

use regex::{Regex as Automaton, RegexBuilder};

use super::error::CompileError;
use crate::ast::Regex;

/// The maximum size of a compiled expression in bytes. Only large repetitions exceed it.
const SIZE_LIMIT: usize = 8 << 20;

/// Bytes of the states that a search may keep: the `regex` crate's own default.
const CACHE_LIMIT: usize = 2 << 20;

/// Compiles an expression.
pub(crate) fn compile(expression: &Regex) -> Result<Automaton, CompileError> {
    RegexBuilder::new(&translate(&expression.0))
        .size_limit(SIZE_LIMIT)
        .dfa_size_limit(CACHE_LIMIT)
        .build()
        .map_err(|error| CompileError::Regex { expression: expression.0.clone(), reason: reason(&error) })
}

/// `\d`, `\s` and `\w` are ASCII's in the subset, Unicode's in the crate, and the crate does not know `{,n}`; the rest means the
/// same in both.
fn translate(expression: &str) -> String {
    let mut translated = String::with_capacity(expression.len() + 16);
    let mut characters = expression.chars().peekable();
    let mut in_class = false;
    while let Some(character) = characters.next() {
        if character != '\\' {
            translated.push(character);
            in_class = (in_class || character == '[') && character != ']';
            if character == '{' && !in_class && characters.peek() == Some(&',') {
                translated.push('0');
            }
            continue;
        }
        match characters.next() {
            Some('d') => translated.push_str("[0-9]"),
            Some('D') => translated.push_str("[^0-9]"),
            Some('s') => translated.push_str(r"[\t\n\x0B\x0C\r\x20]"),
            Some('S') => translated.push_str(r"[^\t\n\x0B\x0C\r\x20]"),
            Some('w') => translated.push_str("[0-9A-Za-z_]"),
            Some('W') => translated.push_str("[^0-9A-Za-z_]"),
            // The crate knows `\<` and `\>` as word boundaries and refuses `\_`, `\@` and their like only where a letter
            // follows; a symbol that is escaped is itself.
            Some(symbol) if symbol.is_ascii_punctuation() => translated.push_str(&regex::escape(symbol.encode_utf8(&mut [0; 4]))),
            Some(other) => translated.extend(['\\', other]),
            None => translated.push('\\'),
        }
    }
    translated
}

/// The error of an expression, in one line.
pub(crate) fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "it is too large when its repetitions are written out".to_owned(),
        // The crate renders an error over several lines. The last line is the message.
        other => other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::compile;
    use crate::ast::Regex;

    #[test]
    fn classes_are_ascii_and_a_dot_is_one_character() {
        for (expression, message, found) in [
            (r"^\d+$", "42", true),
            (r"^\d$", "\u{0663}", false),
            (r"^\w$", "é", false),
            (r"^[\w-]+$", "a-b_c", true),
            (r"^[^\d\s]+$", "ab", true),
            (r"^[^\d\s]+$", "a b", false),
            ("^.$", "é", true),
            (r"\x41", "A", true),
            (r"10\.10\.0\.1", "10010,051", false),
            (r"\#\@\/\;\,\-\:\_\=", "#@/;,-:_=", true),
            ("gra|ey", "grey", true),
            ("^a{,2}$", "aa", true),
            ("^a{,2}$", "aaa", false),
            ("^[a{,2}]+$", "{,}", true),
        ] {
            let automaton = compile(&Regex(expression.to_owned())).unwrap();
            assert_eq!(automaton.is_match(message), found, "{expression} in {message}");
        }
    }

    #[test]
    fn what_would_be_huge_is_refused_with_a_reason() {
        let error = compile(&Regex("a{1000}{1000}{1000}".to_owned())).unwrap_err();
        assert!(error.to_string().contains("too large"), "{error}");
        let error = compile(&Regex("[a".to_owned())).unwrap_err();
        assert!(error.to_string().contains("unclosed character class"), "{error}");
    }
}
