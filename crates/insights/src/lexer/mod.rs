//! Turns the text of a query into tokens.
//!
//! - blanks and line breaks only separate tokens; `#` begins a comment to the end of the line, except inside quotes or `/…/`
//! - `"…"` and `'…'` are text, `` `…` `` is a name, `@` before the backtick belongs to the name
//! - `/` begins a regular expression in place of an operand, after `like` and `=~`, and anywhere in `parse`; elsewhere it is
//!   the division operator
//! - digits are a number; digits followed by letters are a period of time or a name, which the grammar decides
//!
//! Pages: `CWL_QuerySyntax`, CWL_QuerySyntax-alias (comments), CWL_QuerySyntax-Guidelines (names). Reads every character once,
//! or twice in a literal without an end. Does not decode literals.

mod literal;

use logmark_diagnostics::{Diagnostic, Kind, Span, quoted};

use crate::token::{Token, TokenKind};

pub(crate) use literal::decode_text;

/// The tokens of a text, [`TokenKind::End`] last, and the errors in its literals.
pub(crate) fn tokens(source: &str) -> (Vec<Token>, Vec<Diagnostic>) {
    let mut lexer = Lexer {
        source,
        position: 0,
        depth: 0,
        tokens: Vec::new(),
        faults: Vec::new(),
        in_parse: None,
        unclosed: Vec::new(),
        number_sign: false,
    };
    while lexer.step() {}
    (lexer.tokens, lexer.faults)
}

struct Lexer<'a> {
    source: &'a str,
    /// The next byte.
    position: usize,
    /// How many brackets are open.
    depth: usize,
    tokens: Vec<Token>,
    faults: Vec<Diagnostic>,
    /// Set inside a `parse` command, where `/` never divides: the number of brackets around the command.
    in_parse: Option<usize>,
    /// The characters that close no literal from here on, so that they are not searched again.
    unclosed: Vec<char>,
    /// Whether an earlier literal or name contains a `#`.
    number_sign: bool,
}

impl<'a> Lexer<'a> {
    /// Reads one token, or blanks, or a comment; false at the end.
    fn step(&mut self) -> bool {
        let Some(character) = self.rest().chars().next() else {
            // After the last token, before any blanks that follow it.
            self.position = self.tokens.last().map_or(0, |token| token.span.end);
            self.push(TokenKind::End, 0);
            return false;
        };
        match character {
            _ if character.is_whitespace() => self.position += character.len_utf8(),
            '#' => self.comment(),
            '"' | '\'' => self.text(character),
            '`' => self.quoted_name(),
            '@' if self.rest().trim_start_matches('@').starts_with('`') => self.quoted_name(),
            '/' if self.regex_may_stand() => self.regex(),
            _ if self.in_path() && is_name(character) => self.name(),
            '0'..='9' => self.number(),
            '.' if self.rest().as_bytes().get(1).is_some_and(u8::is_ascii_digit) && !self.after_name() => self.number(),
            _ if is_name(character) => self.name(),
            _ => self.sign(character),
        }
        true
    }

    /// `# …` to the end of its line. AWS does not document which other line breaks end a comment, so they are refused: the text
    /// after them could be a command or not.
    fn comment(&mut self) {
        let length = self.rest().find('\n').unwrap_or(self.rest().len());
        let comment = self.rest()[..length].trim_end_matches('\r');
        let line_breaks = ['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
        if let Some(offset) = comment.find(line_breaks) {
            let span = Span::at(self.position + offset);
            let fault = Diagnostic::new(Kind::Lexical, span, "a line feed at the end of a comment", "another line break");
            self.fault(fault.hint("whether it ends the comment is not documented"));
        }
        self.position += length;
    }

    /// A sign, or a character that the language does not have.
    fn sign(&mut self, character: char) {
        let two = self.rest().get(..2).and_then(|two| match two {
            "==" => Some(TokenKind::DoubleEqual),
            "=~" => Some(TokenKind::Matches),
            "!=" => Some(TokenKind::NotEqual),
            "<=" => Some(TokenKind::LessOrEqual),
            ">=" => Some(TokenKind::GreaterOrEqual),
            _ => None,
        });
        if let Some(kind) = two {
            return self.push(kind, 2);
        }
        let kind = match character {
            '|' => TokenKind::Pipe,
            ',' => TokenKind::Comma,
            '.' => TokenKind::Dot,
            ':' => TokenKind::Colon,
            ';' => TokenKind::Semicolon,
            '(' => TokenKind::OpenParenthesis,
            ')' => TokenKind::CloseParenthesis,
            '[' => TokenKind::OpenBracket,
            ']' => TokenKind::CloseBracket,
            '{' => TokenKind::OpenBrace,
            '}' => TokenKind::CloseBrace,
            '=' => TokenKind::Equal,
            '!' => TokenKind::Bang,
            '<' => TokenKind::Less,
            '>' => TokenKind::Greater,
            '+' => TokenKind::Plus,
            '-' => TokenKind::Minus,
            '*' => TokenKind::Star,
            '/' => TokenKind::Slash,
            '%' => TokenKind::Percent,
            '^' => TokenKind::Caret,
            '$' => TokenKind::Dollar,
            _ => return self.stray(character),
        };
        self.push(kind, 1);
    }

    /// A character that the language does not have.
    fn stray(&mut self, character: char) {
        let span = Span::new(self.position, self.position + character.len_utf8());
        let hint = match character {
            '&' => "write `and`",
            '~' if self.source.get(self.position + 1..).is_some_and(|rest| rest.starts_with('=')) => "write `=~`",
            '~' => "the operator of regular expressions is `=~`",
            '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}' => "write straight quotes: `\"` or `'`",
            '\\' => "`\\` is allowed only between quotes or in `/…/`",
            _ => "put a name with such a character in backticks, a text in quotes",
        };
        let found = quoted(span.of(self.source));
        self.fault(Diagnostic::new(Kind::Lexical, span, "a name, a value or an operator", found).hint(hint));
        self.push(TokenKind::Bad, character.len_utf8());
    }

    /// Whether a `/` here begins a regular expression.
    fn regex_may_stand(&self) -> bool {
        self.in_parse.is_some() || !self.after_operand()
    }

    /// Whether the previous token ends an operand, so that an operator follows.
    fn after_operand(&self) -> bool {
        self.tokens.last().is_some_and(|token| match token.kind {
            // A step of a path may have the name of a keyword: `latency.in / 1000`.
            TokenKind::Word if matches!(self.tokens.as_slice(), [.., dot, _] if dot.kind == TokenKind::Dot) => true,
            TokenKind::Word => {
                let is = |keyword: &&str| keyword.eq_ignore_ascii_case(token.span.of(self.source));
                !["like", "and", "or", "not", "in", "by", "as", "filter", "where", "fields", "display"].iter().any(is)
            }
            TokenKind::QuotedName
            | TokenKind::Text
            | TokenKind::Number
            | TokenKind::NumberWord
            | TokenKind::Regex
            | TokenKind::CloseParenthesis
            | TokenKind::CloseBracket
            | TokenKind::Bad => true,
            _ => false,
        })
    }

    /// Whether the previous token ends here and is a name or an index, so that a point continues its path.
    fn after_name(&self) -> bool {
        let ends_name =
            |kind| matches!(kind, TokenKind::Word | TokenKind::QuotedName | TokenKind::NumberWord | TokenKind::CloseBracket);
        self.tokens.last().is_some_and(|token| token.span.end == self.position && ends_name(token.kind))
    }

    /// Whether the previous token is the point of a path.
    fn in_path(&self) -> bool {
        let [.., name, dot] = self.tokens.as_slice() else { return false };
        let touching = name.span.end == dot.span.start && dot.span.end == self.position;
        touching && dot.kind == TokenKind::Dot && name.kind != TokenKind::CloseParenthesis
    }

    /// The rest of the text.
    fn rest(&self) -> &'a str {
        self.source.get(self.position..).unwrap_or_default()
    }

    /// Adds a token of that many bytes.
    fn push(&mut self, kind: TokenKind, length: usize) {
        let span = Span::new(self.position, self.position + length);
        match kind {
            TokenKind::CloseParenthesis | TokenKind::CloseBracket | TokenKind::CloseBrace => {
                self.depth = self.depth.saturating_sub(1);
                // The end of a nested query whose last command is `parse`.
                self.in_parse = self.in_parse.filter(|depth| self.depth >= *depth);
            }
            TokenKind::Pipe => self.in_parse = None,
            TokenKind::Word
                if self.tokens.last().is_none_or(|token| matches!(token.kind, TokenKind::Pipe | TokenKind::OpenParenthesis)) =>
            {
                self.in_parse = span.of(self.source).eq_ignore_ascii_case("parse").then_some(self.depth);
            }
            _ => {}
        }
        self.tokens.push(Token { kind, span, depth: self.depth });
        if matches!(kind, TokenKind::OpenParenthesis | TokenKind::OpenBracket | TokenKind::OpenBrace) {
            self.depth += 1;
        }
        self.position = span.end;
    }

    /// Adds an error.
    fn fault(&mut self, fault: Diagnostic) {
        self.faults.push(fault);
    }
}

/// A character of a name that needs no backticks.
fn is_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '@')
}
