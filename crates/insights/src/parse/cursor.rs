//! The cursor of the parser: the current token, the tokens that were expected there, and the errors so far.
//!
//! A check for a token that is not there records it as expected. An error at that position lists all expected tokens.

use logmark_diagnostics::{Diagnostic, Kind, Span, closest};

use crate::ast::{CommandName, Period};
use crate::token::{Token, TokenKind};

/// An error was added to the cursor's errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failed;

/// The result of parsing. On failure an error was added to the cursor's errors.
pub(crate) type Parsed<T> = Result<T, Failed>;

/// The current position in the tokens.
pub(crate) struct Cursor<'a> {
    source: &'a str,
    tokens: &'a [Token],
    position: usize,
    faults: Vec<Diagnostic>,
    /// The tokens that were expected at `expected_at`, in the order of the checks.
    expected: Vec<String>,
    expected_at: usize,
    /// The number of queries around the current token.
    pub(crate) queries: usize,
}

impl<'a> Cursor<'a> {
    /// The beginning of the tokens of a text; the last of them is [`TokenKind::End`].
    pub(crate) const fn new(source: &'a str, tokens: &'a [Token]) -> Self {
        Self { source, tokens, position: 0, faults: Vec::new(), expected: Vec::new(), expected_at: 0, queries: 0 }
    }

    /// The errors so far.
    pub(crate) fn into_faults(self) -> Vec<Diagnostic> {
        self.faults
    }

    /// Whether there are no errors so far.
    pub(crate) const fn has_no_faults(&self) -> bool {
        self.faults.is_empty()
    }

    /// The current token.
    pub(crate) fn peek(&self) -> Token {
        self.ahead(0)
    }

    /// The token `count` tokens after the current one.
    pub(crate) fn ahead(&self, count: usize) -> Token {
        let end = Token { kind: TokenKind::End, span: Span::at(self.source.len()), depth: 0 };
        let last = self.tokens.last().copied().unwrap_or(end);
        self.tokens.get(self.position + count).copied().unwrap_or(last)
    }

    /// The token before the current one; at the beginning the first.
    pub(crate) fn previous(&self) -> Token {
        self.tokens.get(self.position.saturating_sub(1)).copied().unwrap_or_else(|| self.peek())
    }

    /// Moves past the current token and returns it.
    pub(crate) fn advance(&mut self) -> Token {
        let token = self.peek();
        self.position = (self.position + 1).min(self.tokens.len());
        token
    }

    /// The text of a token.
    pub(crate) fn text(&self, token: Token) -> &'a str {
        token.span.of(self.source)
    }

    /// Whether the current token is of that kind. Does not record it as expected.
    pub(crate) fn at(&self, kind: TokenKind) -> bool {
        self.peek().kind == kind
    }

    /// Whether the current token is that word, in any case. Does not record it as expected.
    pub(crate) fn at_word(&self, word: &str) -> bool {
        self.at(TokenKind::Word) && self.text(self.peek()).eq_ignore_ascii_case(word)
    }

    /// Whether nothing separates the current token from the next: `cpu` and `*` in `cpu*`.
    pub(crate) fn touches_next(&self) -> bool {
        self.peek().span.end == self.ahead(1).span.start
    }

    /// Moves past the current token if it is of that kind.
    pub(crate) fn take(&mut self, kind: TokenKind) -> bool {
        let is = self.at(kind);
        if is {
            self.advance();
        } else if let Some(sign) = sign(kind) {
            self.expect_also(format!("`{sign}`"));
        }
        is
    }

    /// Moves past the current token if it is that word, in any case.
    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let is = self.at_word(word);
        if is {
            self.advance();
        } else {
            self.expect_also(format!("`{word}`"));
        }
        is
    }

    /// Moves past a token of that kind, or fails.
    pub(crate) fn expect(&mut self, kind: TokenKind) -> Parsed<Span> {
        if self.take(kind) { Ok(self.previous().span) } else { Err(self.fail_here(Kind::Syntax, None)) }
    }

    /// Moves past that word, or fails.
    pub(crate) fn expect_word(&mut self, word: &str) -> Parsed<Span> {
        if self.take_word(word) { Ok(self.previous().span) } else { Err(self.fail_here(Kind::Syntax, self.meant(&[word]))) }
    }

    /// Records something as expected at the current token.
    pub(crate) fn expect_also(&mut self, what: impl Into<String>) {
        if self.expected_at != self.position {
            self.expected.clear();
            self.expected_at = self.position;
        }
        let what = what.into();
        if !self.expected.contains(&what) {
            self.expected.push(what);
        }
    }

    /// An error at the current token, with everything that was expected there.
    pub(crate) fn fail_here(&mut self, kind: Kind, hint: Option<String>) -> Failed {
        let expected = if self.expected_at == self.position { list_of(&self.expected, "or") } else { String::new() };
        let expected = if expected.is_empty() { "something else".to_owned() } else { expected };
        self.fail(kind, expected, hint)
    }

    /// An error at the current token.
    pub(crate) fn fail(&mut self, kind: Kind, expected: impl Into<String>, hint: Option<String>) -> Failed {
        let token = self.peek();
        // The lexer has reported it.
        if token.kind == TokenKind::Bad {
            return Failed;
        }
        let hint = hint.or_else(|| self.hint_at(token));
        self.fail_at(kind, token.span, expected, token.found(self.source), hint)
    }

    /// An error at another position.
    pub(crate) fn fail_at(
        &mut self,
        kind: Kind,
        span: Span,
        expected: impl Into<String>,
        found: impl Into<String>,
        hint: Option<String>,
    ) -> Failed {
        let mut fault = Diagnostic::new(kind, span, expected, found);
        fault.hint = hint;
        self.faults.push(fault);
        Failed
    }

    /// An error at the current token, where the command could have ended.
    pub(crate) fn fail_after_command(&mut self, hint: &str) -> Failed {
        self.expect_also("`|`");
        self.expect_also(if self.queries > 1 { "`)`" } else { "the end of the query" });
        self.fail_here(Kind::Syntax, Some(hint.to_owned()))
    }

    /// Adds an error at the current token without failing.
    pub(crate) fn fault_here(&mut self, kind: Kind, hint: Option<&str>) {
        self.expect_also("`|`");
        self.expect_also("the end of the query");
        let Failed = self.fail_here(kind, hint.map(str::to_owned));
    }

    /// `did you mean …?`, when the current word is similar to one of the candidates.
    pub(crate) fn meant(&self, candidates: &[&str]) -> Option<String> {
        let token = self.peek();
        let word = matches!(token.kind, TokenKind::Word).then(|| self.text(token))?;
        closest(word, candidates.iter().copied()).map(|candidate| format!("did you mean `{candidate}`?"))
    }

    /// The hint for a token that is a frequent mistake.
    fn hint_at(&self, token: Token) -> Option<String> {
        let doubled = self.ahead(1).kind == token.kind && self.touches_next();
        let hint = match token.kind {
            TokenKind::Equal | TokenKind::DoubleEqual
                if matches!(self.previous().kind, TokenKind::Equal | TokenKind::DoubleEqual) =>
            {
                "equality is `=`"
            }
            TokenKind::Semicolon => "commands are separated by `|`; a `;` is allowed only at the end of the query",
            TokenKind::Greater if self.previous().kind == TokenKind::Less => "write `!=` for unequal",
            TokenKind::Pipe if doubled || self.previous().kind == TokenKind::Pipe => {
                "write `or` between conditions, and one `|` between commands"
            }
            TokenKind::OpenBrace if doubled => "placeholders of saved queries must be filled in before the query is run",
            TokenKind::NumberWord if Period::parse(self.text(token)).is_err() => {
                "put a name that begins with a digit in backticks"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// The hint for a token that follows a complete command.
    pub(crate) fn hint_after_command(&self) -> Option<String> {
        let token = self.peek();
        match token.kind {
            TokenKind::Word if CommandName::find(self.text(token)).is_some() => Some("commands are separated by `|`".to_owned()),
            TokenKind::Word if self.at_word("between") => Some("write `a >= 1 and a <= 5`".to_owned()),
            TokenKind::Word if self.at_word("not") => Some("write `not` before the condition: not (a = 1)".to_owned()),
            TokenKind::Word if self.text(token).len() > 2 && !self.at_word("desc") && !self.at_word("asc") => {
                self.meant(&["and", "like", "desc", "asc"])
            }
            TokenKind::CloseParenthesis => Some("it closes no `(`".to_owned()),
            _ => None,
        }
    }

    /// Moves to the next pipe or the end of the query with the error, which is inside `level` brackets.
    pub(crate) fn recover(&mut self, level: usize) {
        let ends = |token: &Token| match token.kind {
            TokenKind::End => true,
            TokenKind::Pipe => token.depth <= level,
            TokenKind::CloseParenthesis => token.depth < level,
            _ => false,
        };
        let rest = self.tokens.get(self.position..).unwrap_or_default();
        let ending = rest.iter().position(ends).unwrap_or(rest.len());
        // An unclosed bracket must not hide the commands after it.
        let unbalanced = self.tokens.last().is_some_and(|end| end.depth > 0);
        let reached_end = rest.get(ending).is_none_or(|token| token.kind == TokenKind::End);
        let pipe = rest.iter().position(|token| token.kind == TokenKind::Pipe);
        self.position += if unbalanced && reached_end { pipe.unwrap_or(ending) } else { ending };
    }
}

/// `a, b or c`
pub(crate) fn list_of(parts: &[String], last: &str) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

/// The text of a token that always has the same text.
const fn sign(kind: TokenKind) -> Option<&'static str> {
    Some(match kind {
        TokenKind::Pipe => "|",
        TokenKind::Comma => ",",
        TokenKind::Dot => ".",
        TokenKind::Colon => ":",
        TokenKind::Semicolon => ";",
        TokenKind::OpenParenthesis => "(",
        TokenKind::CloseParenthesis => ")",
        TokenKind::OpenBracket => "[",
        TokenKind::CloseBracket => "]",
        TokenKind::OpenBrace => "{",
        TokenKind::CloseBrace => "}",
        TokenKind::Equal => "=",
        TokenKind::DoubleEqual => "==",
        TokenKind::Matches => "=~",
        TokenKind::NotEqual => "!=",
        TokenKind::Star => "*",
        TokenKind::Slash => "/",
        TokenKind::Minus => "-",
        _ => return None,
    })
}
