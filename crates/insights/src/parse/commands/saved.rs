//! `$name(parameter = value, …)`: a saved query in the place of a command.
//!
//! - the name stands bare, or in backticks
//! - values are text or numbers
//!
//! Page: CWL_Insights-Saving-Queries.

use logmark_diagnostics::{Kind, Spanned};

use super::super::names;
use crate::ast::{Literal, SavedQuery, SavedQueryArgument};
use crate::parse::cursor::{Cursor, Parsed};
use crate::token::TokenKind;

pub(super) fn saved_query(cursor: &mut Cursor<'_>) -> Parsed<SavedQuery> {
    cursor.expect(TokenKind::Dollar)?;
    let name = names::name(cursor, "the name of a saved query")?;
    cursor.expect(TokenKind::OpenParenthesis)?;
    let mut arguments = Vec::new();
    if !cursor.at(TokenKind::CloseParenthesis) {
        arguments = names::comma_list(cursor, argument)?;
    }
    cursor.expect(TokenKind::CloseParenthesis)?;
    Ok(SavedQuery { name, arguments })
}

/// `parameter = value`
fn argument(cursor: &mut Cursor<'_>) -> Parsed<SavedQueryArgument> {
    let parameter = names::name(cursor, "a parameter")?;
    cursor.expect(TokenKind::Equal)?;
    let value: Spanned<Literal> = names::literal(cursor)?;
    if matches!(value.node, Literal::Boolean(_)) {
        let hint = Some("values of saved queries are text and numbers".to_owned());
        return Err(cursor.fail_at(Kind::Value, value.span, "a text or a number", "a truth value", hint));
    }
    Ok(SavedQueryArgument { parameter, value })
}
