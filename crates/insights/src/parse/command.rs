//! Finds the command at the current token. The grammars of the commands are in `commands`.

use logmark_diagnostics::{Kind, closest};

use super::cursor::{Cursor, Failed, Parsed};
use crate::ast::{Command, CommandName};
use crate::dialect;
use crate::functions::Function;
use crate::token::TokenKind;

/// One command, without the pipe after it.
pub(super) fn command(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let token = cursor.peek();
    if token.kind == TokenKind::Dollar {
        return arguments(cursor, CommandName::SavedQuery);
    }
    let word = if token.kind == TokenKind::Word { cursor.text(token) } else { "" };
    // Older names that CloudWatch still accepts: `head 20` is `limit 20`, `order by a` is `sort a`.
    match word.to_ascii_lowercase().as_str() {
        "head" => return arguments(cursor, CommandName::Limit),
        "order" => return arguments(cursor, CommandName::Sort),
        _ => {}
    }
    match CommandName::find(word) {
        Some(name) => arguments(cursor, name),
        None => Err(no_command(cursor)),
    }
}

/// The arguments of a command, after its name.
fn arguments(cursor: &mut Cursor<'_>, name: CommandName) -> Parsed<Command> {
    cursor.advance();
    name.parse_arguments(cursor)
}

/// The error for a text that is not a command.
fn no_command(cursor: &mut Cursor<'_>) -> Failed {
    let token = cursor.peek();
    let word = cursor.text(token);
    if token.kind != TokenKind::Word {
        let hint = match token.kind {
            TokenKind::Pipe if cursor.previous().span.end == token.span.start && cursor.previous().kind == TokenKind::Pipe => {
                "write `or` between conditions, and one `|` between commands"
            }
            TokenKind::OpenBrace if cursor.ahead(1).kind == TokenKind::Dollar => {
                "a filter pattern is not a query: write `filter field = \"value\"`"
            }
            TokenKind::Pipe => "every `|` has a command before and after it",
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

/// The hint for a condition or a function in place of a command.
fn out_of_place(cursor: &Cursor<'_>) -> Option<String> {
    let word = cursor.text(cursor.peek());
    let next = cursor.ahead(1);
    let next_word = cursor.text(next).to_ascii_lowercase();
    match next.kind {
        TokenKind::Equal | TokenKind::NotEqual | TokenKind::Matches | TokenKind::Less | TokenKind::Greater => {
            Some(format!("a condition is written in `filter`: filter {word} {next_word} …"))
        }
        TokenKind::Word if matches!(next_word.as_str(), "like" | "in" | "not") => {
            Some(format!("a condition is written in `filter`: filter {word} {next_word} …"))
        }
        TokenKind::Colon => Some(format!("a condition is written in `filter`: filter {word} = \"…\"")),
        TokenKind::OpenParenthesis => {
            let function = Function::find(word)?;
            let command = if function.is_aggregate() { "stats" } else { "fields" };
            Some(format!("functions are written in commands: {command} {function}(…)"))
        }
        _ => None,
    }
}
