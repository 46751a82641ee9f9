//! API Gateway's templates: text with `$context` variables.
//!
//! [`Template::read`] splits a template into literals and variables and checks the rules of API Gateway; [`json`] reads the
//! structure of a JSON template. Neither knows how lines are parsed.

mod error;
mod json;
mod split;

pub use error::{TemplateError, TemplateErrors};
pub(crate) use json::{JsonValue, Leaf};
pub(crate) use split::{Piece, pieces};

use std::ops::Range;

use crate::variable::{PREFIX, Variable, same_but_case};

/// The greatest length that API Gateway accepts, in bytes.
pub(crate) const MAX_LENGTH: usize = 3 * 1024;

/// A template that API Gateway accepts.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    /// Literals and variables, in order.
    pub(crate) pieces: Vec<(Piece, Range<usize>)>,
    /// The structure, if the template is JSON.
    pub(crate) json: Option<JsonValue>,
    /// Valid, but probably not meant.
    pub(crate) warnings: Vec<String>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// All errors found.
    pub(crate) fn read(source: &str) -> Result<Self, TemplateErrors> {
        let text = without_line_end(source);
        let mut errors = Vec::new();
        let pieces = pieces(text, &mut errors);
        errors.extend(rules(text, &pieces));
        let json = if text.trim_start().starts_with('{') {
            match json::read(text) {
                Ok(tree) => Some(tree),
                Err(error) => {
                    errors.push(error);
                    None
                }
            }
        } else {
            None
        };
        if !errors.is_empty() {
            errors.sort_by_key(|error| error.place.start);
            return Err(TemplateErrors(errors));
        }
        let warnings = warnings(&pieces, json.as_ref());
        Ok(Self { pieces, json, warnings })
    }

    /// The variables, in order.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.pieces.iter().filter_map(|(piece, _)| match piece {
            Piece::Variable(variable) => Some(variable),
            Piece::Literal(_) => None,
        })
    }
}

/// A line end is allowed at the end of a template; configuration files often spell it `\n`.
fn without_line_end(source: &str) -> &str {
    let text = source.trim_end_matches(['\n', '\r']);
    text.strip_suffix(r"\n").unwrap_or(text)
}

/// The rules of API Gateway.
fn rules(text: &str, pieces: &[(Piece, Range<usize>)]) -> Vec<TemplateError> {
    let mut errors = Vec::new();
    let whole = 0..text.len();
    if text.len() > MAX_LENGTH {
        let problem = format!("the template has {} bytes, API Gateway accepts {MAX_LENGTH}", text.len());
        errors.push(TemplateError::new(MAX_LENGTH..text.len(), problem, "remove variables or shorten the keys"));
    }
    if let Some(at) = text.find(['\n', '\r']) {
        let hint = "write the template in one line; a line end is allowed only at its end";
        errors.push(TemplateError::new(at..at + 1, "line end inside the template", hint));
    }
    let names = || {
        pieces.iter().filter_map(|(piece, _)| match piece {
            Piece::Variable(variable) => Some(variable.name()),
            Piece::Literal(_) => None,
        })
    };
    if names().next().is_none() && !text.contains(PREFIX) {
        let hint = "write variables such as `$context.requestId`";
        errors.push(TemplateError::new(whole, "no variable", hint));
    } else if !names().any(|name| matches!(name, "requestId" | "extendedRequestId")) {
        let hint = "API Gateway requires one of them: add `$context.requestId`";
        errors.push(TemplateError::new(whole, "neither `$context.requestId` nor `$context.extendedRequestId`", hint));
    }
    errors
}

/// What is valid, but probably not meant.
fn warnings(pieces: &[(Piece, Range<usize>)], json: Option<&JsonValue>) -> Vec<String> {
    let mut warnings = Vec::new();
    for (piece, place) in pieces {
        let Piece::Variable(variable) = piece else { continue };
        if let Some(known) = same_but_case(variable.name()) {
            let name = variable.name();
            warnings.push(format!(
                "at byte {}: `{PREFIX}{name}` is not `{PREFIX}{known}`: check the upper and lower case",
                place.start
            ));
        }
        if variable.name() == "identity.apiKey" {
            let hint = "log `$context.identity.apiKeyId` instead, or mask the field";
            warnings.push(format!("at byte {}: `{PREFIX}identity.apiKey` writes the secret key to the log: {hint}", place.start));
        }
    }
    if json.is_some_and(JsonValue::has_bare_variable) {
        let hint = "put the variables in quotes";
        warnings.push(format!("a variable without quotes: a missing value (`-`) makes the line invalid JSON: {hint}"));
    }
    warnings
}
