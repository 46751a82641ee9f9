//! `parse`: new fields from a text.
//!
//! - `parse [field] "text with *" as name, …`: a name for each `*`
//! - `parse [field] /regular expression/ [as name, …] [multi]`: a name for each group, or groups with names and no `as`
//! - `parse [field] logfmt as name`
//! - `parse [field] csv as name, …`
//! - `parse [field] xml "XPath" as name`
//! - without a field it reads `@message`
//!
//! Page: CWL_QuerySyntax-Parse. The mode for XML is not documented; its form is the form of queries that CloudWatch runs.

use std::fmt;

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{Command, CommandRules, NewFields, RowEffect};
use crate::ast::{FieldPath, Name, Query, Regex, Text};
use crate::check::Faults;
use crate::check::patterns::check_regex;
use crate::parse::cursor::{Cursor, Failed, Parsed};
use crate::parse::{ParseOptions, names};
use crate::print::{after, with};
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::regex_syntax::shape::RegexShape;
use crate::token::TokenKind;

/// `parse @message "user=*" as user`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parse {
    /// The field whose text is parsed; `@message` by default.
    pub input: Option<Spanned<FieldPath>>,
    /// The format of the text.
    pub format: ParseFormat,
}

/// The format by which `parse` reads a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseFormat {
    /// `"user=*, id=*" as user, id`: as many aliases as `*`, at least one.
    Glob {
        /// The text, with `*` in place of the parts that become fields.
        pattern: Spanned<Text>,
        /// The new fields, in the order of the `*`.
        aliases: Vec<Spanned<FieldPath>>,
    },
    /// `/user=(?<user>\w+)/`, `/user=(\w+)/ as user`
    Regex {
        /// The expression.
        pattern: Spanned<Regex>,
        /// The new fields, in the order of the groups; none when the groups are named.
        aliases: Vec<Spanned<FieldPath>>,
        /// Which of its matches are used.
        matches: Matches,
    },
    /// `logfmt as m`: `key=value` pairs, into a map.
    Logfmt {
        /// The new field.
        alias: Spanned<FieldPath>,
    },
    /// `xml '/event/level' as level`: the text that an `XPath` finds in a document of XML.
    Xml {
        /// The `XPath`, as written: only CloudWatch interprets it.
        path: Spanned<Text>,
        /// The new field.
        alias: Spanned<FieldPath>,
    },
    /// `csv as a, b`: values between commas.
    Csv {
        /// The new fields, in order; at least one.
        aliases: Vec<Spanned<FieldPath>>,
    },
}

/// Which matches of a regular expression are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Matches {
    /// The first match.
    First,
    /// `multi`: all matches, each in its own row.
    All,
}

impl CommandRules for Parse {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let input = input(cursor)?;
        Ok(Self { input, format: format(cursor)? })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        with(f, " ", self.input.as_ref())?;
        match &self.format {
            ParseFormat::Glob { pattern, aliases } => {
                write!(f, " {pattern}")?;
                after(f, " as ", aliases)
            }
            ParseFormat::Regex { pattern, aliases, matches } => {
                write!(f, " {pattern}")?;
                after(f, " as ", aliases)?;
                f.write_str(if *matches == Matches::All { " multi" } else { "" })
            }
            ParseFormat::Logfmt { alias } => write!(f, " logfmt as {alias}"),
            ParseFormat::Xml { path, alias } => write!(f, " xml {path} as {alias}"),
            ParseFormat::Csv { aliases } => after(f, " csv as ", aliases),
        }
    }

    #[deny(clippy::wildcard_enum_match_arm)]
    fn reach(&self, walker: &mut Walker, scope: &mut Scope, word: Span) {
        let Self { input, format } = self;
        let input = walker.field_or_message(scope, input.as_ref(), word);
        let mut define = |aliases: &[Spanned<FieldPath>]| {
            aliases.iter().for_each(|alias| walker.define_shown(scope, alias, vec![input]));
        };
        match format {
            ParseFormat::Glob { pattern: _, aliases } | ParseFormat::Csv { aliases } => define(aliases),
            ParseFormat::Regex { pattern, aliases, matches: Matches::First | Matches::All } => {
                define(aliases);
                define(&named_groups(pattern));
            }
            ParseFormat::Logfmt { alias } | ParseFormat::Xml { path: _, alias } => define(std::slice::from_ref(alias)),
        }
    }

    fn rows(&self) -> RowEffect {
        match &self.format {
            ParseFormat::Regex { pattern: _, aliases: _, matches: Matches::All } => RowEffect::Other,
            ParseFormat::Glob { pattern: _, aliases: _ }
            | ParseFormat::Regex { pattern: _, aliases: _, matches: Matches::First }
            | ParseFormat::Logfmt { alias: _ }
            | ParseFormat::Xml { path: _, alias: _ }
            | ParseFormat::Csv { aliases: _ } => RowEffect::OneToOne,
        }
    }

    fn new_fields(&self) -> NewFields {
        match &self.format {
            ParseFormat::Glob { pattern: _, aliases } | ParseFormat::Csv { aliases } => {
                NewFields::Added(aliases.iter().map(|alias| alias.node.flat_name()).collect())
            }
            ParseFormat::Regex { pattern: _, aliases: _, matches: _ } => NewFields::Unknown,
            ParseFormat::Logfmt { alias } | ParseFormat::Xml { path: _, alias } => NewFields::Added(vec![alias.node.flat_name()]),
        }
    }

    fn check(query: &Query, _options: ParseOptions, faults: &mut Faults) {
        for command in &query.commands {
            match &command.node {
                Command::Parse(Self { input: _, format: ParseFormat::Glob { pattern, aliases } }) => {
                    check_glob(pattern, aliases, faults);
                }
                Command::Parse(Self { input: _, format: ParseFormat::Regex { pattern, aliases, matches: _ } }) => {
                    check_groups(pattern, aliases, faults);
                }
                _ => {}
            }
        }
    }
}

/// The field before the format.
fn input(cursor: &mut Cursor<'_>) -> Parsed<Option<Spanned<FieldPath>>> {
    let is_format = ["logfmt", "csv", "xml"].iter().any(|word| cursor.at_word(word))
        && (cursor.ahead(1).kind == TokenKind::Text || is_as_next(cursor));
    match cursor.peek().kind {
        TokenKind::Word | TokenKind::QuotedName | TokenKind::NumberWord if !is_format => names::path(cursor, "a field").map(Some),
        _ => Ok(None),
    }
}

/// Whether `as` follows the current token.
fn is_as_next(cursor: &Cursor<'_>) -> bool {
    let next = cursor.ahead(1);
    next.kind == TokenKind::Word && cursor.text(next).eq_ignore_ascii_case("as")
}

fn format(cursor: &mut Cursor<'_>) -> Parsed<ParseFormat> {
    match cursor.peek().kind {
        TokenKind::Text => glob(cursor),
        TokenKind::Regex => regex(cursor),
        TokenKind::Word if cursor.at_word("logfmt") => {
            cursor.advance();
            cursor.expect_word("as")?;
            Ok(ParseFormat::Logfmt { alias: names::new_field(cursor)? })
        }
        TokenKind::Word if cursor.at_word("csv") => {
            cursor.advance();
            cursor.expect_word("as")?;
            Ok(ParseFormat::Csv { aliases: names::comma_list(cursor, names::new_field)? })
        }
        TokenKind::Word if cursor.at_word("xml") => {
            cursor.advance();
            let path = names::text(cursor, "an XPath in quotes, such as '/event/level'")?;
            cursor.expect_word("as")?;
            Ok(ParseFormat::Xml { path, alias: names::new_field(cursor)? })
        }
        _ => Err(no_format(cursor)),
    }
}

fn no_format(cursor: &mut Cursor<'_>) -> Failed {
    let hint = match cursor.peek().kind {
        TokenKind::OpenParenthesis => "`parse` takes a field: give an expression a name by `fields … as name` first",
        TokenKind::Word if cursor.at_word("as") => "write what to extract before `as`: parse @message \"user=*\" as user",
        TokenKind::Word | TokenKind::QuotedName => "the format follows the field: parse @message logfmt as pairs",
        _ => "such as: parse @message \"user=*\" as user",
    };
    cursor.fail(Kind::Syntax, "a text with `*`, a regular expression, `logfmt`, `csv` or `xml`", Some(hint.to_owned()))
}

/// `"text with *" as name, …`
fn glob(cursor: &mut Cursor<'_>) -> Parsed<ParseFormat> {
    let pattern = names::text(cursor, "a text with `*`")?;
    cursor.expect_word("as")?;
    let aliases = names::comma_list(cursor, names::new_field)?;
    if cursor.at_word("multi") {
        let hint = "`multi` is allowed only with a regular expression";
        return Err(cursor.fail(Kind::Syntax, "`|` or the end of the query", Some(hint.to_owned())));
    }
    Ok(ParseFormat::Glob { pattern, aliases })
}

/// `/regular expression/ [as name, …] [multi]`
fn regex(cursor: &mut Cursor<'_>) -> Parsed<ParseFormat> {
    let token = cursor.advance();
    let written = cursor.text(token);
    // INVARIANT: the lexer ends a regular expression at its first `/` without `\`, and accepts no empty one.
    let source = Regex::new(written.get(1..written.len() - 1).unwrap_or_default()).map_err(|_| Failed)?;
    if names::is_flags(cursor, token, cursor.peek()) {
        let hint = "write flags inside, at the beginning: /(?i)error/";
        return Err(cursor.fail(Kind::Syntax, "nothing after the last `/`", Some(hint.to_owned())));
    }
    let aliases = if cursor.take_word("as") { names::comma_list(cursor, names::new_field)? } else { Vec::new() };
    let matches = if cursor.take_word("multi") { Matches::All } else { Matches::First };
    Ok(ParseFormat::Regex { pattern: Spanned::new(source, token.span), aliases, matches })
}

/// The named groups of a regular expression, as fields. An expression that cannot be parsed was built by a program; it gives
/// no names, so that its names count as fields of the events.
fn named_groups(pattern: &Spanned<Regex>) -> Vec<Spanned<FieldPath>> {
    let Ok(shape) = RegexShape::of(pattern.node.as_str()) else { return Vec::new() };
    let names = shape.names.iter().filter_map(|name| Name::new(name.as_str()).ok());
    names.map(|name| Spanned::new(FieldPath::field(name), pattern.span)).collect()
}

/// Every `*` becomes one field.
fn check_glob(pattern: &Spanned<Text>, aliases: &[Spanned<FieldPath>], faults: &mut Faults) {
    let stars = pattern.node.as_str().matches('*').count();
    if stars == 0 {
        let hint = "`*` stands for the part that is extracted";
        faults.note(Kind::Value, pattern.span, "at least one `*` in the text", "none", hint);
    } else if stars != aliases.len() {
        let hint = "every `*` in the text becomes one field";
        let span = span_of(aliases).unwrap_or(pattern.span);
        faults.note(Kind::Arity, span, plural(stars, "name"), aliases.len().to_string(), hint);
    }
}

/// Every group becomes a field, named by the group or after `as`.
fn check_groups(pattern: &Spanned<Regex>, aliases: &[Spanned<FieldPath>], faults: &mut Faults) {
    check_regex(pattern.node.as_str(), pattern.span, faults);
    // An expression without a shape has been reported.
    let Ok(RegexShape { groups, names }) = RegexShape::of(pattern.node.as_str()) else { return };
    let hint = "name the part that is extracted: /user=(?<user>\\w+)/";
    let Some(span) = span_of(aliases) else {
        if names.is_empty() {
            let found = if groups == 0 { "no group" } else { "groups without names" };
            faults.note(Kind::Value, pattern.span, "a group with a name", found, hint);
        }
        return;
    };
    // `/(?<a>x)/ as a` gives the same name twice.
    let are_same = || aliases.iter().map(|alias| alias.node.flat_name()).eq(names.iter().cloned());
    if !names.is_empty() {
        if !are_same() {
            let hint = "the names of the groups become the fields";
            faults.note(Kind::Syntax, span, "no `as` after named groups", "names", hint);
        }
    } else if groups == 0 {
        faults.note(Kind::Value, pattern.span, "a group in `(` and `)` for each extracted part", "no group", hint);
    } else if groups != aliases.len() {
        let hint = "every group of the expression becomes one field, except `(?:` … `)`";
        faults.note(Kind::Arity, span, plural(groups, "name"), aliases.len().to_string(), hint);
    }
}

/// From the first to the last of some names.
fn span_of(aliases: &[Spanned<FieldPath>]) -> Option<Span> {
    Some(aliases.first()?.span.to(aliases.last()?.span))
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
