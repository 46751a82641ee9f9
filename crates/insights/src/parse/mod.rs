//! Turns the text of a query into its tree, by recursive descent.
//!
//! Owns queries, expressions (`expression`, `operand`) and names and literals (`names`). The grammar of a command is in its file
//! in `commands`. [`crate::check`] has the rules beyond the grammar.
//!
//! After an error the parser continues at the next pipe, so that several errors are reported. The depth of the tree is bounded
//! ([`MAX_DEPTH`]), and with it every recursion here, in the printer, and in dropping the tree.

pub(crate) mod cursor;
pub(crate) mod names;
pub(crate) mod option;
pub(crate) mod expression;
mod operand;
mod command;
mod column_names;

use logmark_diagnostics::{Diagnostic, Kind, Span, Spanned};

use crate::ast::{Command, Query};
use crate::token::{Token, TokenKind};
use crate::{check, dialect, lexer};

use cursor::{Cursor, Failed, Parsed};

/// The maximum number of characters of a query. Page: `StartQuery`, `queryString`.
pub const MAX_LENGTH: usize = 10_000;

/// The maximum depth of the tree of an expression, with parentheses, arguments and long sums counted. CloudWatch documents no
/// limit; queries in use are far below it.
pub const MAX_DEPTH: usize = 100;

/// The maximum nesting of queries. CloudWatch allows one nested query; deeper ones are parsed for a better message.
const MAX_QUERY_DEPTH: usize = 4;

/// The limits of a parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseOptions {
    /// The maximum number of `stats` commands: 10 in log groups of the Standard class since June 2026, 2 in others.
    pub max_stats: usize,
    /// The maximum number of errors that are reported for one text.
    pub max_faults: usize,
}

impl Default for ParseOptions {
    fn default() -> Self {
        Self { max_stats: 10, max_faults: 20 }
    }
}

impl Query {
    /// Parses a query.
    ///
    /// # Errors
    ///
    /// The errors in the order of the text: at least one, at most [`ParseOptions::max_faults`].
    pub fn parse(source: &str) -> Result<Self, Vec<Diagnostic>> {
        Self::parse_with(source, ParseOptions::default())
    }

    /// Parses a printed query. Its length is not bounded, because the tree bounds it.
    pub(crate) fn parse_printed(text: &str) -> Option<Self> {
        let (tokens, faults) = lexer::tokens(text);
        let mut cursor = Cursor::new(text, &tokens);
        let query = whole(&mut cursor);
        let is_right = faults.is_empty() && cursor.has_no_faults();
        query.filter(|_| is_right)
    }

    /// Parses a query with other limits.
    ///
    /// # Errors
    ///
    /// As [`Query::parse`].
    pub fn parse_with(source: &str, options: ParseOptions) -> Result<Self, Vec<Diagnostic>> {
        // The length is checked first: it bounds the cost of everything below.
        if let Some(fault) = too_long(source) {
            return Err(vec![fault]);
        }
        if let Some(fault) = dialect::other_language(source) {
            return Err(vec![fault]);
        }
        let (tokens, mut faults) = lexer::tokens(source);
        let mut cursor = Cursor::new(source, &tokens);
        let mut query = whole(&mut cursor);
        faults.append(&mut cursor.into_faults());
        if let Some(query) = query.as_mut().filter(|_| faults.is_empty()) {
            column_names::keep(query, source);
            faults = check::faults(query, options);
        }
        faults.sort_by_key(|fault| (fault.span.start, fault.span.end));
        if query.is_none() {
            first_of_each_command(&mut faults, &tokens);
        }
        faults.truncate(options.max_faults.max(1));
        match query {
            Some(query) if faults.is_empty() => Ok(query),
            _ => Err(faults),
        }
    }
}

/// The error for a text above [`MAX_LENGTH`].
fn too_long(source: &str) -> Option<Diagnostic> {
    // Counting stops at the limit, so that a long text is not read to its end.
    let length = source.chars().take(MAX_LENGTH + 1).count();
    (length > MAX_LENGTH).then(|| {
        let start = source.char_indices().nth(MAX_LENGTH).map_or(source.len(), |(offset, _)| offset);
        let expected = format!("at most {MAX_LENGTH} characters");
        Diagnostic::new(Kind::Limit, Span::at(start), expected, "more")
    })
}

/// Keeps the first error of each command: later errors are mostly its consequences.
fn first_of_each_command(faults: &mut Vec<Diagnostic>, tokens: &[Token]) {
    let doubled = |pair: &&[Token]| pair[0].kind == TokenKind::Pipe && pair[0].span.end == pair[1].span.start;
    let pipe = |pair: &[Token]| (pair[1].kind == TokenKind::Pipe).then_some(pair[1].span.start);
    // In `||` the second pipe separates nothing.
    let pipes: Vec<usize> = tokens.windows(2).filter(|pair| !doubled(pair)).filter_map(pipe).collect();
    let command = |fault: &Diagnostic| pipes.partition_point(|pipe| *pipe < fault.span.start);
    faults.dedup_by_key(|fault| command(fault));
}

/// The whole text as a query; `None` on an error.
fn whole(cursor: &mut Cursor<'_>) -> Option<Query> {
    let query = query(cursor);
    // Texts that are copied from other tools may end in `;`. It is not part of the query.
    if query.is_ok() && cursor.at(TokenKind::Semicolon) {
        cursor.advance();
        if !cursor.at(TokenKind::End) {
            cursor.expect_also("the end of the query");
            let Failed =
                cursor.fail_here(Kind::Syntax, Some("commands are separated by `|`; one `;` may end the query".to_owned()));
            return None;
        }
    }
    if cursor.at(TokenKind::CloseParenthesis) && cursor.has_no_faults() {
        cursor.fault_here(Kind::Syntax, Some("it closes no `(`"));
        return None;
    }
    query.ok().map(|query| query.node)
}

/// A query, to the end of the text or to the parenthesis that closes it.
fn query(cursor: &mut Cursor<'_>) -> Parsed<Spanned<Query>> {
    if cursor.queries >= MAX_QUERY_DEPTH {
        return Err(cursor.fail(Kind::Limit, format!("at most {MAX_QUERY_DEPTH} nested queries"), None));
    }
    cursor.queries += 1;
    let query = commands_between_pipes(cursor);
    cursor.queries -= 1;
    query
}

/// Commands between pipes.
fn commands_between_pipes(cursor: &mut Cursor<'_>) -> Parsed<Spanned<Query>> {
    let start = cursor.peek().span;
    let level = cursor.peek().depth;
    let mut commands = Vec::new();
    let mut failed = false;
    loop {
        match spanned_command(cursor) {
            Ok(command) => commands.push(command),
            Err(Failed) => {
                failed = true;
                cursor.recover(level);
            }
        }
        if !cursor.take(TokenKind::Pipe) {
            break;
        }
    }
    if failed { Err(Failed) } else { Ok(Spanned::new(Query { commands }, start.to(cursor.previous().span))) }
}

/// One command, to the pipe or the end after it.
fn spanned_command(cursor: &mut Cursor<'_>) -> Parsed<Spanned<Command>> {
    let start = cursor.peek().span;
    let command = command::command(cursor)?;
    let end = cursor.previous().span;
    let nested = cursor.queries > 1;
    let ends_query = cursor.at(TokenKind::End) || cursor.at(TokenKind::Semicolon);
    if nested && cursor.at(TokenKind::CloseParenthesis) || cursor.at(TokenKind::Pipe) || ends_query && !nested {
        return Ok(Spanned::new(command, start.to(end)));
    }
    cursor.expect_also("`|`");
    cursor.expect_also(if nested { "`)`" } else { "the end of the query" });
    Err(cursor.fail_here(Kind::Syntax, cursor.hint_after_command()))
}

/// `( SOURCE 'group' | … )`
pub(crate) fn query_in_parentheses(cursor: &mut Cursor<'_>) -> Parsed<Spanned<Query>> {
    cursor.expect(TokenKind::OpenParenthesis)?;
    let inner = query(cursor)?;
    cursor.expect(TokenKind::CloseParenthesis)?;
    Ok(inner)
}
