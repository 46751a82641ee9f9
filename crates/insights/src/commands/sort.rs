//! `sort`: the order of the rows.
//!
//! - `sort expression [asc|desc], …`
//! - `sort by` and `order by` are older names. They are not documented, but queries in use have them
//!
//! Page: CWL_QuerySyntax-Sort.

use std::fmt;

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{CommandRules, NewFields, Part, PartMut, RowEffect};
use crate::ast::Expression;
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::{expression, names};
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::reach::{Use, Uses};

/// `sort a desc, b`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The keys, the most significant first; at least one.
    pub keys: Vec<SortKey>,
}

/// `a desc`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    /// The expression whose values are compared.
    pub expression: Spanned<Expression>,
    /// The direction. The documentation does not give the default.
    pub direction: Option<Direction>,
}

/// The direction of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// `asc`: the smallest first.
    Ascending,
    /// `desc`: the greatest first.
    Descending,
}

impl CommandRules for Sort {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        if cursor.at_word("by") {
            cursor.advance();
        }
        let keys = names::comma_list(cursor, sort_key)?;
        let direction = cursor.meant(&["ascending", "descending"]).filter(|_| !cursor.at_word("desc"));
        if direction.is_some() {
            return Err(cursor.fail_after_command("directions are `asc` and `desc`"));
        }
        Ok(Self { keys })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, key) in self.keys.iter().enumerate() {
            write!(f, "{} {}", if index > 0 { "," } else { "" }, key.expression)?;
            f.write_str(match key.direction {
                None => "",
                Some(Direction::Ascending) => " asc",
                Some(Direction::Descending) => " desc",
            })?;
        }
        Ok(())
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, _word: Span) {
        let Self { keys } = self;
        for key in keys {
            let SortKey { expression, direction: _ } = key;
            walker.value(scope, &expression.node, expression.span, Uses::of(Use::Sorted));
        }
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Subset
    }

    fn parts(&self) -> Vec<Part<'_>> {
        self.keys.iter().map(|key| Part::Expression(&key.expression)).collect()
    }

    fn parts_mut(&mut self) -> Vec<PartMut<'_>> {
        self.keys.iter_mut().map(|key| PartMut::Expression(&mut key.expression)).collect()
    }

    fn new_fields(&self) -> NewFields {
        NewFields::Added(Vec::new())
    }
}

/// `expression [asc|desc]`
fn sort_key(cursor: &mut Cursor<'_>) -> Parsed<SortKey> {
    if cursor.at_word("asc") || cursor.at_word("desc") {
        let hint = "write the direction after the field: sort @timestamp desc";
        return Err(cursor.fail(Kind::Syntax, "an expression to sort by", Some(hint.to_owned())));
    }
    let expression = expression::expression(cursor)?;
    cursor.expect_also("an operator");
    let direction = if cursor.take_word("asc") {
        Some(Direction::Ascending)
    } else if cursor.take_word("desc") {
        Some(Direction::Descending)
    } else {
        None
    };
    Ok(SortKey { expression, direction })
}
