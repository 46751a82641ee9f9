//! Which command it is; the commands themselves, a file for a family.

mod source;
mod select;
mod filter;
mod extract;
mod stats;
mod analyse;
mod enrich;
mod combine;
mod series;
mod saved;

use logmark_diagnostics::{Kind, closest};

use super::cursor::{Cursor, Failed, Parsed};
use crate::ast::{Anomaly, Command, CommandName, Estimate};
use crate::dialect;
use crate::functions::Function;
use crate::token::TokenKind;

/// One command, without the pipe behind it.
pub(super) fn command(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let token = cursor.peek();
    if token.kind == TokenKind::Dollar {
        return saved::saved_query(cursor).map(Command::SavedQuery);
    }
    let word = if token.kind == TokenKind::Word { cursor.text(token) } else { "" };
    // Older names, which CloudWatch still takes: `head 20` is `limit 20`, `order by a` is `sort a`.
    match word.to_ascii_lowercase().as_str() {
        "head" => return after_name(cursor, CommandName::Limit),
        "order" => return after_name(cursor, CommandName::Sort),
        _ => {}
    }
    match CommandName::find(word) {
        Some(name) => after_name(cursor, name),
        None => Err(no_command(cursor)),
    }
}

/// The arguments of a command, behind its name.
fn after_name(cursor: &mut Cursor<'_>, name: CommandName) -> Parsed<Command> {
    cursor.advance();
    Ok(match name {
        CommandName::Source => Command::Source(source::source(cursor)?),
        CommandName::Fields => Command::Fields(select::fields(cursor)?),
        CommandName::Display => Command::Display(select::display(cursor)?),
        CommandName::Filter => Command::Filter(filter::filter(cursor)?),
        CommandName::FilterIndex => Command::FilterIndex(filter::filter_index(cursor)?),
        CommandName::Parse => Command::Parse(extract::parse(cursor)?),
        CommandName::Json => Command::Json(extract::json(cursor)?),
        CommandName::Stats => Command::Stats(stats::stats(cursor)?),
        CommandName::Sort => Command::Sort(stats::sort(cursor)?),
        CommandName::Limit => Command::Limit(stats::limit(cursor)?),
        CommandName::Dedup => Command::Dedup(stats::dedup(cursor)?),
        CommandName::Pattern => Command::Pattern(analyse::pattern(cursor)?),
        CommandName::Diff => Command::Diff(analyse::diff(cursor)?),
        CommandName::Anomaly => Command::Anomaly(Anomaly),
        CommandName::RelevantFields => Command::RelevantFields(analyse::relevant_fields(cursor)?),
        CommandName::Expand => Command::Expand(enrich::expand(cursor)?),
        CommandName::Unnest => Command::Unnest(enrich::unnest(cursor)?),
        CommandName::Lookup => Command::Lookup(enrich::lookup(cursor)?),
        CommandName::CidrLookup => Command::CidrLookup(enrich::cidr_lookup(cursor)?),
        CommandName::Join => Command::Join(combine::join(cursor)?),
        CommandName::AppendCols => Command::AppendCols(combine::append_cols(cursor)?),
        CommandName::LogCompare => Command::LogCompare(analyse::log_compare(cursor)?),
        CommandName::FillDown => Command::FillDown(series::fill_down(cursor)?),
        CommandName::FillMissing => Command::FillMissing(series::fill_missing(cursor)?),
        CommandName::AddTotals => Command::AddTotals(series::add_totals(cursor)?),
        CommandName::Accum => Command::Accum(series::accum(cursor)?),
        CommandName::AutoRegress => Command::AutoRegress(series::auto_regress(cursor)?),
        CommandName::Outlier => Command::Outlier(analyse::outlier(cursor)?),
        CommandName::Sessionize => Command::Sessionize(analyse::sessionize(cursor)?),
        CommandName::CountFrequent => Command::CountFrequent(analyse::count_frequent(cursor)?),
        CommandName::Estimate => Command::Estimate(Estimate),
        CommandName::SavedQuery => Command::SavedQuery(saved::saved_query(cursor)?),
    })
}

/// The fault of what is no command.
fn no_command(cursor: &mut Cursor<'_>) -> Failed {
    let token = cursor.peek();
    let word = cursor.text(token);
    if token.kind != TokenKind::Word {
        let hint = match token.kind {
            TokenKind::Pipe if cursor.previous().span.end == token.span.start && cursor.previous().kind == TokenKind::Pipe => {
                "write `or` between conditions, and one `|` between commands"
            }
            TokenKind::OpenBrace if cursor.ahead(1).kind == TokenKind::Dollar => {
                "a filter pattern is no query: write `filter field = \"value\"`"
            }
            TokenKind::Pipe => "a command stands before and behind every `|`",
            TokenKind::End if cursor.previous().kind == TokenKind::Pipe => "nothing follows the last `|`",
            _ => "a query is commands with `|` between them, such as: fields @timestamp, @message | limit 20",
        };
        return cursor.fail(Kind::Syntax, "a command", Some(hint.to_owned()));
    }
    if let Some((kind, hint)) = dialect::known_elsewhere(word) {
        return cursor.fail(kind, "a command of Logs Insights QL", Some(hint.to_owned()));
    }
    if let Some(hint) = out_of_place(cursor) {
        return cursor.fail(Kind::UnknownName, "a command", Some(hint));
    }
    let spellings = CommandName::ALL.iter().flat_map(|name| name.spellings().iter().copied()).filter(|spelling| *spelling != "$");
    let hint = closest(word, spellings).map(|name| format!("did you mean `{name}`?"));
    cursor.fail(Kind::UnknownName, "a command", hint)
}

/// What to say of a condition or a function in the place of a command.
fn out_of_place(cursor: &Cursor<'_>) -> Option<String> {
    let word = cursor.text(cursor.peek());
    let next = cursor.ahead(1);
    let next_word = cursor.text(next).to_ascii_lowercase();
    match next.kind {
        TokenKind::Equal | TokenKind::NotEqual | TokenKind::Matches | TokenKind::Less | TokenKind::Greater => {
            Some(format!("a condition stands in `filter`: filter {word} {next_word} …"))
        }
        TokenKind::Word if matches!(next_word.as_str(), "like" | "in" | "not") => {
            Some(format!("a condition stands in `filter`: filter {word} {next_word} …"))
        }
        TokenKind::Colon => Some(format!("a condition stands in `filter`: filter {word} = \"…\"")),
        TokenKind::OpenParenthesis => {
            let function = Function::find(word)?;
            let command = if function.is_aggregate() { "stats" } else { "fields" };
            Some(format!("functions stand in commands: {command} {function}(…)"))
        }
        _ => None,
    }
}
