//! `fields`, `display`.
//!
//! - `fields expression [as name], …`
//! - `display expression [as name], …`: the same form
//!
//! Pages: CWL_QuerySyntax-Fields, CWL_QuerySyntax-Display; expressions in `display` are in the page of sample queries.

use super::super::{expression, names};
use crate::ast::{Column, Display, Fields};
use crate::parse::cursor::{Cursor, Parsed};

pub(super) fn fields(cursor: &mut Cursor<'_>) -> Parsed<Fields> {
    Ok(Fields { columns: columns(cursor)? })
}

pub(super) fn display(cursor: &mut Cursor<'_>) -> Parsed<Display> {
    Ok(Display { columns: columns(cursor)? })
}

/// Expressions with names; at least one.
pub(super) fn columns(cursor: &mut Cursor<'_>) -> Parsed<Vec<Column>> {
    names::comma_list(cursor, |cursor| {
        let expression = expression::expression(cursor)?;
        cursor.expect_also("an operator");
        Ok(Column { expression, alias: names::alias(cursor)? })
    })
}
