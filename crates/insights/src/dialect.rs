//! Recognises texts in other languages, and commands of other languages.
//!
//! CloudWatch takes SQL and PPL, in the forms of `OpenSearch`, and Logs Insights QL. A parameter of the call selects the
//! language. Other languages are recognised and not parsed.

use logmark_diagnostics::{Diagnostic, Kind, Span};

use crate::lexer;
use crate::token::TokenKind;

/// The error for a text that begins like SQL or PPL.
pub(crate) fn other_language(source: &str) -> Option<Diagnostic> {
    let (tokens, _) = lexer::tokens(source);
    let first = tokens.iter().find(|token| token.kind != TokenKind::OpenParenthesis)?;
    let second = tokens.iter().find(|token| token.span.start >= first.span.end)?;
    let word = first.span.of(source).to_ascii_lowercase();
    let (language, hint) = match word.as_str() {
        "select" | "with" | "explain" | "insert" | "update" | "delete" | "create" | "drop" | "alter" | "truncate" | "merge" => {
            ("SQL", SQL)
        }
        "source" | "search" if second.kind == TokenKind::Equal => ("PPL", PPL),
        "search" if second.span.of(source).eq_ignore_ascii_case("source") => ("PPL", PPL),
        "describe" | "show" => ("PPL", PPL),
        _ => return None,
    };
    let span = Span::new(first.span.start, first.span.end);
    Some(Diagnostic::new(Kind::OtherLanguage, span, "a query in Logs Insights QL", format!("a query in {language}")).hint(hint))
}

const SQL: &str = "write it as commands with `|` between them, such as: fields @timestamp | filter level = \"ERROR\" | limit 20";
const PPL: &str = "the log groups are chosen outside of the query; begin with a command such as `fields` or `filter`";

/// The error kind and the hint for a command of another language, or a command of this language without a documented form.
pub(crate) fn known_elsewhere(word: &str) -> Option<(Kind, &'static str)> {
    let unsupported = |hint| Some((Kind::Unsupported, hint));
    let unknown = |hint| Some((Kind::UnknownName, hint));
    match word.to_ascii_lowercase().as_str() {
        "search" => unsupported("its form is not documented; write `filter @message like \"text\"`"),
        "tail" => unsupported("it is an older command whose form is not documented; write `sort @timestamp desc | limit 20`"),
        "unmask" => unsupported("it is written as a function: fields unmask(@message)"),
        "subquery" | "subqueries" => unknown("a query in parentheses follows `in`: filter id in (SOURCE 'group' | fields id)"),
        "eval" | "let" | "extend" => unknown("write `fields expression as name`"),
        "select" | "project" | "table" => unknown("write `fields a, b` or `display a, b`"),
        "group" | "groupby" | "summarize" | "summarise" | "aggregate" => unknown("write `stats count(*) by field`"),
        "top" | "rare" => unknown("write `stats count(*) as n by field | sort n desc | limit 10`"),
        "take" => unknown("write `limit 20`"),
        "rename" => unknown("write `fields old as new`"),
        "rex" | "grok" | "extract" => unknown("write `parse @message /(?<name>\\w+)/`"),
        "distinct" | "uniq" | "unique" => unknown("write `dedup field` or `stats count(*) by field`"),
        "timechart" => unknown("write `stats count(*) by bin(5m)`"),
        "mvexpand" | "flatten" | "explode" => unknown("write `unnest list into item` or `expand field`"),
        "having" => unknown("write `filter` after the `stats`"),
        "orderby" => unknown("write `sort field desc`"),
        _ => None,
    }
}
