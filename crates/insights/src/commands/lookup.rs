//! `lookup`: fields from a lookup table.
//!
//! - `lookup table column [as field], … OUTPUT|OUTPUTNEW column [as name], …`
//! - the name of a table consists of letters, digits, `_` and `-`, and needs no quotes for its `-`
//! - the table belongs to the account, not to a log group
//!
//! Page: CWL_QuerySyntax-Lookup.

use std::fmt;

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{CommandRules, RowEffect};
use crate::ast::{FieldPath, Name};
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::names;
use crate::print::with;
use crate::reach::scope::{NodeId, Scope};
use crate::reach::walk::Walker;
use crate::reach::{Beyond, Use, Uses};
use crate::token::TokenKind;

/// `lookup users id as user_id OUTPUT name`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The table: letters, digits, `_` and `-`. It belongs to the account, not to a log group.
    pub table: Spanned<Name>,
    /// The columns and fields whose values must be equal; at least one pair.
    pub keys: Vec<LookupKey>,
    /// Whether fields that exist already are overwritten.
    pub mode: LookupMode,
    /// The columns that are read from the table; at least one.
    pub outputs: Vec<LookupOutput>,
}

/// `id as user_id`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupKey {
    /// The column of the table.
    pub column: Spanned<FieldPath>,
    /// The field of the event; by default the field with the column's name.
    pub field: Option<Spanned<FieldPath>>,
}

/// Whether a lookup overwrites fields that exist already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LookupMode {
    /// `OUTPUT`: they are overwritten.
    Output,
    /// `OUTPUTNEW`: they stay.
    OutputNew,
}

/// `name as user_name`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupOutput {
    /// The column of the table.
    pub column: Spanned<FieldPath>,
    /// The new field; by default it has the column's name.
    pub alias: Option<Spanned<FieldPath>>,
}

impl LookupMode {
    /// The keyword.
    #[must_use]
    pub const fn spelling(self) -> &'static str {
        match self {
            Self::Output => "OUTPUT",
            Self::OutputNew => "OUTPUTNEW",
        }
    }
}

impl CommandRules for Lookup {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let table = table(cursor)?;
        let keys = names::comma_list(cursor, |cursor| {
            no_output(cursor, "a column of the table")?;
            let column = names::path(cursor, "a column of the table")?;
            Ok(LookupKey { column, field: names::alias(cursor)? })
        })?;
        let (mode, outputs) = outputs(cursor)?;
        Ok(Self { table, keys, mode, outputs })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.table.node.as_str())?;
        for (index, key) in self.keys.iter().enumerate() {
            write!(f, "{} {}", if index > 0 { "," } else { "" }, key.column)?;
            with(f, " as ", key.field.as_ref())?;
        }
        print_outputs(f, self.mode, &self.outputs)
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, word: Span) {
        let Self { table, keys, mode, outputs } = self;
        walker.reaches(Beyond::Lookup { table: table.node.as_str().to_owned() }, word);
        let uses = Uses::of(Use::LookedUp);
        let mut sources = Vec::new();
        for key in keys {
            let LookupKey { column, field } = key;
            walker.table_column(scope, column, uses);
            sources.push(walker.field(scope, field.as_ref().unwrap_or(column), uses));
        }
        reach_outputs(walker, scope, *mode, outputs, sources);
    }

    /// The documentation does not say how many rows a key gives that the table has more than once.
    fn rows(&self) -> RowEffect {
        RowEffect::Other
    }
}

/// Fails at an `OUTPUT` before which something is missing.
pub(super) fn no_output(cursor: &mut Cursor<'_>, missing: &str) -> Parsed<()> {
    if cursor.at_word("OUTPUT") || cursor.at_word("OUTPUTNEW") {
        return Err(cursor.fail(Kind::Syntax, missing, Some("such as: lookup users id as user_id OUTPUT name".to_owned())));
    }
    Ok(())
}

/// The name of a table. The lexer splits it at each `-`.
pub(super) fn table(cursor: &mut Cursor<'_>) -> Parsed<Spanned<Name>> {
    let first = names::name(cursor, "the name of a lookup table")?;
    let touching = |cursor: &Cursor<'_>| cursor.previous().span.end == cursor.peek().span.start;
    let mut name = first.node.as_str().to_owned();
    while cursor.at(TokenKind::Minus) && touching(cursor) && cursor.touches_next() {
        cursor.advance();
        let part = cursor.peek();
        if !matches!(part.kind, TokenKind::Word | TokenKind::Number | TokenKind::NumberWord) {
            break;
        }
        cursor.advance();
        name.push('-');
        name.push_str(cursor.text(part));
    }
    let span = first.span.to(cursor.previous().span);
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    match Name::new(name).ok().filter(|name| name.as_str().chars().all(is_allowed)) {
        Some(name) => Ok(Spanned::new(name, span)),
        None => {
            let hint = Some("the name of a lookup table consists of letters, digits, `_` and `-`".to_owned());
            Err(cursor.fail_at(Kind::Value, span, "the name of a lookup table", "other characters", hint))
        }
    }
}

/// `OUTPUT column [as name], …`
pub(super) fn outputs(cursor: &mut Cursor<'_>) -> Parsed<(LookupMode, Vec<LookupOutput>)> {
    let mode = if cursor.take_word("OUTPUT") {
        LookupMode::Output
    } else if cursor.take_word("OUTPUTNEW") {
        LookupMode::OutputNew
    } else {
        let hint = cursor.meant(&["OUTPUT", "OUTPUTNEW"]);
        return Err(cursor.fail_here(Kind::Syntax, hint));
    };
    let outputs = names::comma_list(cursor, |cursor| {
        let column = names::path(cursor, "a column of the table")?;
        Ok(LookupOutput { column, alias: names::alias(cursor)? })
    })?;
    Ok((mode, outputs))
}

pub(super) fn print_outputs(f: &mut fmt::Formatter<'_>, mode: LookupMode, outputs: &[LookupOutput]) -> fmt::Result {
    write!(f, " {}", mode.spelling())?;
    for (index, output) in outputs.iter().enumerate() {
        write!(f, "{} {}", if index > 0 { "," } else { "" }, output.column)?;
        with(f, " as ", output.alias.as_ref())?;
    }
    Ok(())
}

/// The new fields, which are computed from the keys and the columns of the table.
#[deny(clippy::wildcard_enum_match_arm)]
pub(super) fn reach_outputs(
    walker: &mut Walker,
    scope: &mut Scope,
    mode: LookupMode,
    outputs: &[LookupOutput],
    keys: Vec<NodeId>,
) {
    let keys = walker.several(keys);
    for output in outputs {
        let LookupOutput { column, alias } = output;
        let mut sources = vec![keys, walker.table_column(scope, column, Uses::of(Use::LookedUp))];
        let name = alias.as_ref().unwrap_or(column);
        match mode {
            LookupMode::Output => {}
            // A field that the event has already stays.
            LookupMode::OutputNew => sources.push(walker.field(scope, name, Uses::NONE)),
        }
        walker.define_shown(scope, name, sources);
    }
}
