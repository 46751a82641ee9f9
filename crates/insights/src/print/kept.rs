//! The text of a rewritten query, in which the written parts keep their original text.
//!
//! AWS documents no precedence of operators and not every spelling of a function, so CloudWatch gets the original text:
//! brackets, spellings, upper and lower case. Only commands that the rewriting added or changed are printed.
//!
//! - comments are left out, because AWS does not document whether `#` begins one everywhere
//! - line breaks between tokens become blanks when a literal contains `#`: a reader that takes the `#` for a comment would end
//!   the comment at a line break. White space other than blanks, tabs and line feeds always becomes blanks
//! - a text that is too long loses the blanks that separate nothing, except in columns without an alias: their text is their
//!   name
//!
//! INVARIANT: the text is returned only if it parses to the same tree.

use std::borrow::Cow;

use logmark_diagnostics::{Span, Spanned};

use super::TooLong;
use crate::ast::{Command, Expression, Query};
use crate::check::walk;
use crate::commands::Part;
use crate::lexer;
use crate::parse::MAX_LENGTH;
use crate::token::{Token, TokenKind};

/// Why a query has no text with its original parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotKept {
    /// The text is too long even without needless blanks.
    TooLong(TooLong),
    /// The text would parse to another query.
    Differs,
}

/// A token of the text, and the white space before it.
struct Piece<'a> {
    kind: TokenKind,
    text: Cow<'a, str>,
    /// The white space before it.
    gap: Cow<'a, str>,
    /// Whether the gap is part of a column's name.
    is_fixed: bool,
}

impl Query {
    /// The text of this query, which is a rewriting of the query in `source`. Commands that the rewriting did not change keep
    /// their original text.
    ///
    /// # Errors
    ///
    /// [`NotKept`].
    ///
    /// ```
    /// use logmark_insights::ast::Query;
    ///
    /// let source = "FIELDS 2 ^ (3 ^ 2) AS p # a comment\n| filter not (a == 1);";
    /// let bounded = Query::parse(source).unwrap().bound_limit(5).unwrap();
    /// assert_eq!(bounded.to_kept_text(source).unwrap(), "FIELDS 2 ^ (3 ^ 2) AS p \n| filter not (a == 1) | limit 5");
    /// ```
    pub fn to_kept_text(&self, source: &str) -> Result<String, NotKept> {
        self.to_kept_text_within(source, MAX_LENGTH)
    }

    /// The same with at most `most` characters, and at most [`MAX_LENGTH`].
    ///
    /// # Errors
    ///
    /// [`NotKept`].
    pub fn to_kept_text_within(&self, source: &str, most: usize) -> Result<String, NotKept> {
        let (tokens, _) = lexer::tokens(source);
        let pieces = pieces(self, source, &tokens);
        let mut text = written(&pieces);
        if text.chars().count() > most {
            text = compact(&pieces);
        }
        let length = text.chars().count();
        if length > most.min(MAX_LENGTH) {
            return Err(NotKept::TooLong(TooLong { length }));
        }
        if Self::parse(&text).as_ref() == Ok(self) { Ok(text) } else { Err(NotKept::Differs) }
    }
}

impl std::fmt::Display for NotKept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLong(error) => error.fmt(f),
            Self::Differs => f.write_str("the rewritten text would be read as another query"),
        }
    }
}

impl std::error::Error for NotKept {}

/// The text without the blanks that separate nothing. Columns keep their names.
pub(super) fn compacted(query: &Query, source: &str) -> String {
    let (tokens, _) = lexer::tokens(source);
    compact(&pieces(query, source, &tokens))
}

/// All tokens of the query in order: from the source for commands that were written, from the printed text for others.
fn pieces<'a>(query: &Query, source: &'a str, tokens: &[Token]) -> Vec<Piece<'a>> {
    let fixed = unnamed_columns(query);
    let mut pieces: Vec<Piece<'a>> = Vec::new();
    let mut before: Option<&Spanned<Command>> = None;
    for command in &query.commands {
        // The text between two commands that are adjacent in the source is kept, too.
        let from = before.filter(|before| is_written(before) && are_adjacent(before.span, command.span, tokens));
        if before.is_some() && from.is_none() {
            pieces.push(Piece { kind: TokenKind::Pipe, text: "|".into(), gap: " ".into(), is_fixed: false });
        }
        if is_written(command) {
            let span = from.map_or(command.span, |before| Span::new(before.span.end, command.span.end));
            let first = pieces.len();
            pieces.extend(of_source(source, tokens, span, &fixed));
            if let (Some(piece), None) = (pieces.get_mut(first), from) {
                piece.gap = " ".into();
            }
        } else {
            pieces.extend(of_print(&command.node));
        }
        before = Some(command);
    }
    if let Some(first) = pieces.first_mut() {
        first.gap = "".into();
    }
    // A reader that takes a `#` in a literal for a comment must not find a line break after it.
    if pieces.iter().any(|piece| piece.text.contains('#')) {
        for piece in &mut pieces {
            if piece.gap.contains('\n') {
                piece.gap = piece.gap.replace('\n', " ").into();
            }
        }
    }
    pieces
}

/// Whether the command was written. A command that a rewriting made has an empty span.
const fn is_written(command: &Spanned<Command>) -> bool {
    command.span.start < command.span.end
}

/// Whether only one `|` separates the two commands in the source.
fn are_adjacent(before: Span, command: Span, tokens: &[Token]) -> bool {
    command.start < command.end && before.end <= command.start && inside(tokens, Span::new(before.end, command.start)).len() == 1
}

/// The tokens of a part of the source.
fn inside(tokens: &[Token], span: Span) -> &[Token] {
    let first = tokens.partition_point(|token| token.span.start < span.start);
    let end = tokens.partition_point(|token| token.span.end <= span.end);
    tokens.get(first..end).unwrap_or_default()
}

/// The pieces of a part of the source.
fn of_source<'a>(source: &'a str, tokens: &[Token], span: Span, fixed: &[Span]) -> Vec<Piece<'a>> {
    let mut end = span.start;
    inside(tokens, span)
        .iter()
        .filter(|token| token.kind != TokenKind::End)
        .map(|token| {
            let gap = Span::new(end, token.span.start);
            end = token.span.end;
            let column = fixed.partition_point(|column| column.start < token.span.start).checked_sub(1);
            let is_fixed = column.and_then(|at| fixed.get(at)).is_some_and(|column| token.span.end <= column.end);
            Piece { kind: token.kind, text: token.span.of(source).into(), gap: white_space(gap.of(source)), is_fixed }
        })
        .collect()
}

/// The pieces of a command as it is printed, with a blank before them.
fn of_print(command: &Command) -> Vec<Piece<'static>> {
    let text = command.to_string();
    let (tokens, _) = lexer::tokens(&text);
    let pieces = of_source(&text, &tokens, Span::new(0, text.len()), &[]);
    let owned = |piece: Piece<'_>| Piece {
        kind: piece.kind,
        text: piece.text.into_owned().into(),
        gap: piece.gap.into_owned().into(),
        is_fixed: false,
    };
    let mut pieces: Vec<Piece<'static>> = pieces.into_iter().map(owned).collect();
    if let Some(first) = pieces.first_mut() {
        first.gap = " ".into();
    }
    pieces
}

/// The white space between two tokens, without comments.
fn white_space(gap: &str) -> Cow<'_, str> {
    if gap.chars().all(|character| matches!(character, ' ' | '\t' | '\n')) {
        return gap.into();
    }
    let mut space = String::with_capacity(gap.len());
    for line in gap.split_inclusive('\n') {
        let (blank, comment) = line.split_once('#').unwrap_or((line, ""));
        space.extend(blank.chars().map(|character| if matches!(character, '\t' | '\n') { character } else { ' ' }));
        if comment.ends_with('\n') {
            space.push('\n');
        }
    }
    space.into()
}

/// The spans of columns without an alias, whose text is their name; in order, without overlaps.
fn unnamed_columns(query: &Query) -> Vec<Span> {
    let mut spans = Vec::new();
    walk::queries(query, &mut |query| {
        for part in query.commands.iter().flat_map(|command| command.node.rules().parts()) {
            let Part::Column(column) = part else { continue };
            // An alias with the span of the expression itself was added by the parser.
            let is_named = column.alias.as_ref().is_some_and(|alias| alias.span != column.expression.span);
            if !is_named && !matches!(column.expression.node, Expression::Field(_)) {
                spans.push(column.expression.span);
            }
        }
    });
    spans.sort_unstable_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    spans.dedup_by(|inner, outer| inner.end <= outer.end);
    spans
}

fn written(pieces: &[Piece<'_>]) -> String {
    pieces.iter().flat_map(|piece| [piece.gap.as_ref(), piece.text.as_ref()]).collect()
}

/// The text with one blank where a separator is needed.
fn compact(pieces: &[Piece<'_>]) -> String {
    let mut text = String::new();
    let mut before: Option<TokenKind> = None;
    for piece in pieces {
        match before {
            None => {}
            Some(_) if piece.is_fixed => text.push_str(&piece.gap),
            Some(_) if piece.gap.is_empty() => {}
            Some(before) if separates(before, piece.kind) => {}
            Some(_) => text.push(' '),
        }
        text.push_str(&piece.text);
        before = Some(piece.kind);
    }
    text
}

/// Whether two tokens need no blank between them: one of them is a `|`, a comma, the inner side of a bracket, or a comparison
/// operator next to a name or a constant.
const fn separates(before: TokenKind, next: TokenKind) -> bool {
    use TokenKind as T;
    matches!(before, T::Pipe | T::Comma | T::OpenParenthesis | T::OpenBracket)
        || matches!(next, T::Pipe | T::Comma | T::CloseParenthesis | T::CloseBracket)
        || is_comparison(before) && is_operand(next)
        || is_operand(before) && is_comparison(next)
}

const fn is_comparison(kind: TokenKind) -> bool {
    use TokenKind as T;
    matches!(kind, T::Equal | T::DoubleEqual | T::NotEqual | T::Less | T::LessOrEqual | T::Greater | T::GreaterOrEqual)
}

const fn is_operand(kind: TokenKind) -> bool {
    use TokenKind as T;
    matches!(kind, T::Word | T::QuotedName | T::Text | T::Number | T::CloseParenthesis)
}
