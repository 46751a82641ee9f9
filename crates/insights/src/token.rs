//! Tokens: the words, literals and signs of a query.

use logmark_diagnostics::{Span, quoted};

/// A word, a literal or a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// The kind of token.
    pub(crate) kind: TokenKind,
    /// Its position in the text.
    pub(crate) span: Span,
    /// How many brackets are open before it.
    pub(crate) depth: usize,
}

/// The kind of a token. Its characters are found in the text by its span.
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
    /// `;` after the last command
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
    /// Characters that are not part of the language. The lexer has reported them.
    Bad,
    /// The end of the text.
    End,
}

impl Token {
    /// The token as a diagnostic names it after "found".
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
