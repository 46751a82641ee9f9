//! `filldown`: the last value in place of a missing one.
//!
//! - `filldown [field …]`: fields without commas; `*` in a name stands for any characters
//!
//! Page: CWL_QuerySyntax-Filldown.

use std::fmt;

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{CommandRules, RowEffect};
use crate::ast::{FieldPath, Wildcard};
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::names;
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::reach::{Referent, SERIES};
use crate::token::TokenKind;

/// `filldown host cpu*`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FillDown {
    /// The fields; none: all fields.
    pub targets: Vec<Spanned<FillTarget>>,
}

/// One field, or all fields whose names match a wildcard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FillTarget {
    /// `host`
    Field(FieldPath),
    /// `cpu*`
    Wildcard(Wildcard),
}

impl CommandRules for FillDown {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut targets = Vec::new();
        while matches!(cursor.peek().kind, TokenKind::Word | TokenKind::QuotedName | TokenKind::Star) {
            targets.push(fill_target(cursor)?);
        }
        names::no_comma(cursor, "filldown")?;
        Ok(Self { targets })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.targets.iter().try_for_each(|target| write!(f, " {target}"))
    }

    #[deny(clippy::wildcard_enum_match_arm)]
    fn reach(&self, walker: &mut Walker, scope: &mut Scope, word: Span) {
        let Self { targets } = self;
        // After a `join` the names of columns are `side.name`: a wildcard does not tell which of them it matches.
        let sides = scope.added.iter().any(|added| added.sides.is_some());
        let wildcard = targets.iter().any(|target| matches!(target.node, FillTarget::Wildcard(_)));
        if targets.is_empty() || sides && wildcard {
            walker.refer(scope, Referent::All, word, SERIES);
        }
        for target in targets {
            let what = match &target.node {
                FillTarget::Field(field) => Referent::Field(field.clone()),
                FillTarget::Wildcard(wildcard) => Referent::Like(wildcard.clone()),
            };
            walker.refer(scope, what, target.span, SERIES);
        }
    }

    fn rows(&self) -> RowEffect {
        RowEffect::OneToOne
    }
}

/// `host`, `cpu*`
fn fill_target(cursor: &mut Cursor<'_>) -> Parsed<Spanned<FillTarget>> {
    let start = cursor.peek().span;
    let mut wildcard = String::new();
    let mut count = 0;
    // A wildcard consists of words, points and stars without blanks between them.
    loop {
        let token = cursor.ahead(count);
        if !matches!(token.kind, TokenKind::Word | TokenKind::Star | TokenKind::Dot | TokenKind::Number | TokenKind::NumberWord) {
            break;
        }
        wildcard.push_str(cursor.text(token));
        count += 1;
        if token.span.end != cursor.ahead(count).span.start {
            break;
        }
    }
    if !wildcard.contains('*') {
        return Ok(names::path(cursor, "a field")?.map(FillTarget::Field));
    }
    let Ok(target) = Wildcard::new(wildcard) else {
        let hint = "a name with `*` consists of letters, digits, `_`, `@` and `.`";
        return Err(cursor.fail(Kind::Value, "a field, perhaps with `*`", Some(hint.to_owned())));
    };
    for _ in 0..count {
        cursor.advance();
    }
    Ok(Spanned::new(FillTarget::Wildcard(target), start.to(cursor.previous().span)))
}

impl fmt::Display for FillTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => field.fmt(f),
            Self::Wildcard(wildcard) => wildcard.fmt(f),
        }
    }
}
