//! A template as literals and variables.

use std::ops::Range;

use super::TemplateError;
use crate::variable::{PREFIX, Variable};

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text that every line has.
    Literal(String),
    /// A value.
    Variable(Variable),
}

/// The parts of a template, each with its place. Errors are added to `errors`.
pub(crate) fn pieces(text: &str, errors: &mut Vec<TemplateError>) -> Vec<(Piece, Range<usize>)> {
    let mut pieces: Vec<(Piece, Range<usize>)> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let Some(found) = rest.find('$') else {
            add_literal(&mut pieces, rest, at);
            break;
        };
        add_literal(&mut pieces, &rest[..found], at);
        at += found;
        let length = variable_length(&text[at..]);
        let place = at..at + length;
        let written = &text[place.clone()];
        if length == 1 {
            add_literal(&mut pieces, written, at);
        } else {
            match variable(written, place.clone()) {
                Ok(variable) => pieces.push((Piece::Variable(variable), place.clone())),
                Err(error) => errors.push(error),
            }
        }
        at = place.end;
    }
    pieces
}

fn add_literal(pieces: &mut Vec<(Piece, Range<usize>)>, text: &str, at: usize) {
    if text.is_empty() {
        return;
    }
    match pieces.last_mut() {
        Some((Piece::Literal(before), place)) => {
            before.push_str(text);
            place.end = at + text.len();
        }
        _ => pieces.push((Piece::Literal(text.to_owned()), at..at + text.len())),
    }
}

fn variable(written: &str, place: Range<usize>) -> Result<Variable, TemplateError> {
    let Some(name) = written.strip_prefix(PREFIX) else {
        let hint = "access logs have `$context` variables only, such as `$context.stage`";
        return Err(TemplateError::new(place, format!("unknown variable `{written}`"), hint));
    };
    Variable::new(name).map_err(|similar| {
        let hint = match similar {
            Some(known) => format!("did you mean `{PREFIX}{known}`?"),
            None => "see the page \"Variables for access logging\" of API Gateway's guide".to_owned(),
        };
        TemplateError::new(place, format!("unknown variable `{written}`"), hint)
    })
}

/// The length of the variable at the start of a text that begins with `$`; 1 if there is only the sign.
pub(super) fn variable_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let mut end = 1;
    if bytes.get(1) == Some(&b'{') {
        // `${context.stage}` is not a variable of access logs; the error names it as written.
        return text.find('}').map_or(1, |at| at + 1);
    }
    while let Some(byte) = bytes.get(end) {
        let joins = match byte {
            _ if is_word(Some(byte)) => true,
            b'.' => end > 1 && is_word(bytes.get(end + 1)),
            // A hyphen is part of the names of headers and claims, and a separator behind other variables.
            b'-' => is_word(bytes.get(end + 1)) && !is_complete(&text[..end]),
            _ => false,
        };
        if !joins {
            break;
        }
        end += 1;
    }
    end
}

/// Whether a variable is known without more characters.
fn is_complete(written: &str) -> bool {
    written.strip_prefix(PREFIX).is_none_or(|name| crate::Field::of_variable(name).is_some())
}
