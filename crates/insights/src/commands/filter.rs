//! `filter`: the events for which a condition holds.
//!
//! - `filter condition`, `where condition`
//!
//! Pages: CWL_QuerySyntax-Filter, CWL_QuerySyntax-Where.

use std::fmt;

use logmark_diagnostics::{Span, Spanned};

use super::{CommandRules, NewFields, Part, PartMut, RowEffect};
use crate::ast::Expression;
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::expression;
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::reach::{Use, Uses};
use crate::token::TokenKind;

/// `filter a = 1 and b like /x/`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The condition.
    pub condition: Spanned<Expression>,
}

impl CommandRules for Filter {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let condition = expression::expression(cursor)?;
        cursor.expect_also("an operator");
        if cursor.at_word("exists") {
            return Err(cursor.fail_after_command("write ispresent(field)"));
        }
        if cursor.at_word("is") {
            return Err(cursor.fail_after_command("write ispresent(field) or not ispresent(field)"));
        }
        if cursor.at(TokenKind::Comma) {
            return Err(cursor.fail_after_command("join conditions by `and` or `or`"));
        }
        Ok(Self { condition })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.condition)
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, _word: Span) {
        let Self { condition } = self;
        walker.value(scope, &condition.node, condition.span, Uses::of(Use::Filtered));
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Subset
    }

    fn parts(&self) -> Vec<Part<'_>> {
        vec![Part::Expression(&self.condition)]
    }

    fn parts_mut(&mut self) -> Vec<PartMut<'_>> {
        vec![PartMut::Expression(&mut self.condition)]
    }

    fn new_fields(&self) -> NewFields {
        NewFields::Added(Vec::new())
    }
}
