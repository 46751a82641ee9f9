//! The words and signs that a query is made of.

use logmark_diagnostics::{Span, quoted};

/// One word or sign, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: TokenKind,
    /// Where it stands.
    pub(crate) span: Span,
    /// How many brackets are open before it.
    pub(crate) depth: usize,
}

/// What a token is. What it says is looked up in the text, by its span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// `stats`, `@message`: a name or a keyword.
    Word,
    /// `` `a b` ``, ``@`a b` ``
    QuotedName,
    /// `"text"` or `'text'`
    Text,
    /// `200`, `0.5`, `1e3`
    Number,
    /// `5m`, `4xx`: digits and then letters.
    NumberWord,
    /// `/re/`
    Regex,
    /// `|`
    Pipe,
    /// `,`
    Comma,
    /// `.` between the steps of a path
    Dot,
    /// `:`
    Colon,
    /// `;` behind the last command
    Semicolon,
    /// `(`
    OpenParenthesis,
    /// `)`
    CloseParenthesis,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// `{`
    OpenBrace,
    /// `}`
    CloseBrace,
    /// `=`
    Equal,
    /// `==`
    DoubleEqual,
    /// `=~`
    Matches,
    /// `!=`
    NotEqual,
    /// `!`
    Bang,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Star,
    /// `/`
    Slash,
    /// `%`
    Percent,
    /// `^`
    Caret,
    /// `$`
    Dollar,
    /// What is no part of the language; its fault is reported already.
    Bad,
    /// The end of the text.
    End,
}

impl Token {
    /// The token as a diagnostic names what it found.
    pub(crate) fn found(self, source: &str) -> String {
        let text = quoted(self.span.of(source));
        match self.kind {
            TokenKind::End => "the end of the query".to_owned(),
            TokenKind::Text => format!("the text {text}"),
            TokenKind::Number => format!("the number {text}"),
            TokenKind::Regex => format!("the regular expression {text}"),
            _ => text,
        }
    }
}
