//! `$name(…)`: the commands of a saved query, inserted by CloudWatch.
//!
//! - `$name(parameter = value, …)`: the name stands bare or in backticks, values are texts or numbers
//! - the text does not tell what the saved query does, so it reaches everything
//!
//! Page: CWL_Insights-Saving-Queries.

use std::fmt;

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{CommandRules, RowEffect};
use crate::ast::{Literal, Name};
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::names;
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::reach::{Beyond, Referent, Uses, constant};
use crate::token::TokenKind;

/// `$ErrorsByLevel(level = "WARN")`: the commands of a query that is saved in the account. What they do is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedQuery {
    /// The name of the saved query.
    pub name: Spanned<Name>,
    /// The values of its parameters.
    pub arguments: Vec<SavedQueryArgument>,
}

/// `level = "WARN"`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedQueryArgument {
    /// The parameter: begins with a letter or `_`.
    pub parameter: Spanned<Name>,
    /// Its value: text or a number.
    pub value: Spanned<Literal>,
}

impl CommandRules for SavedQuery {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let name = names::name(cursor, "the name of a saved query")?;
        cursor.expect(TokenKind::OpenParenthesis)?;
        let mut arguments = Vec::new();
        if !cursor.at(TokenKind::CloseParenthesis) {
            arguments = names::comma_list(cursor, argument)?;
        }
        cursor.expect(TokenKind::CloseParenthesis)?;
        Ok(Self { name, arguments })
    }

    /// Without a blank: `$` is the name of the command.
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        for (index, argument) in self.arguments.iter().enumerate() {
            write!(f, "{}{} = {}", if index > 0 { ", " } else { "" }, argument.parameter, argument.value)?;
        }
        f.write_str(")")
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, _word: Span) {
        let Self { name, arguments } = self;
        walker.reaches(Beyond::SavedQuery { name: name.node.as_str().to_owned() }, name.span);
        for argument in arguments {
            let SavedQueryArgument { parameter: _, value } = argument;
            constant(value);
        }
        // It can read, show and define everything.
        walker.refer(scope, Referent::All, name.span, Uses::all());
        scope.certain_from = scope.command + 1;
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Other
    }
}

/// `parameter = value`
fn argument(cursor: &mut Cursor<'_>) -> Parsed<SavedQueryArgument> {
    let parameter = names::name(cursor, "a parameter")?;
    cursor.expect(TokenKind::Equal)?;
    let value = names::literal(cursor)?;
    if matches!(value.node, Literal::Boolean(_)) {
        let hint = Some("values of saved queries are text and numbers".to_owned());
        return Err(cursor.fail_at(Kind::Value, value.span, "a text or a number", "a truth value", hint));
    }
    Ok(SavedQueryArgument { parameter, value })
}
