//! Terms: texts and regular expressions that a message must or must not contain.

use logmark_filter_pattern::ast::{Sign, Term, TermText};
use logmark_insights::ast::Expression;

use super::expression::{all, any, everything, like, not_like};
use super::spelling::literal;
use super::{Untranslatable, UntranslatableReason};

/// Terms are joined by `and`. Optional terms count when all are optional, and have no effect beside others.
pub(super) fn condition(terms: &[Term]) -> Result<Expression, Untranslatable> {
    let all_optional = terms.iter().all(|term| term.sign == Sign::Optional);
    let counts = |term: &&Term| all_optional || term.sign != Sign::Optional;
    let parts = terms.iter().filter(counts).map(|term| of(term).map_err(|reason| Untranslatable { part: term.span, reason }));
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    Ok(match parts.is_empty() {
        true => everything(),
        false if all_optional => any(parts),
        false => all(parts),
    })
}

fn of(term: &Term) -> Result<Expression, UntranslatableReason> {
    let regex = match &term.text {
        TermText::Literal(text) => literal(text),
        TermText::Regex(regex) => translated(&regex.0),
    };
    if term.sign == Sign::Excluded { not_like(&regex) } else { like(&regex) }
}

/// The expression in the dialect of queries: `$` is the end of the message, and `{,n}` needs a 0.
fn translated(expression: &str) -> String {
    let mut translated = String::with_capacity(expression.len() + 16);
    let mut characters = expression.chars().peekable();
    let mut in_class = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                // With a `\` before them they are boundaries of words.
                Some(symbol @ ('<' | '>')) => translated.push(symbol),
                Some(symbol) => translated.extend(['\\', symbol]),
                None => {}
            },
            '$' if !in_class => translated.push_str(r"\z"),
            '/' | '#' => translated.push_str(&literal(character.encode_utf8(&mut [0; 4]))),
            _ => {
                translated.push(character);
                in_class = (in_class || character == '[') && character != ']';
                if character == '{' && !in_class && characters.peek() == Some(&',') {
                    translated.push('0');
                }
            }
        }
    }
    translated
}
