//! `outlier`: values far from the others.
//!
//! - `outlier [action=remove|transform] [param=number] [uselower=bool] [mark=bool] field …`: fields without commas
//!
//! Page: CWL_QuerySyntax-Outlier.

use std::fmt;

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{CommandRules, RowEffect};
use crate::ast::{FieldPath, Number};
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::names;
use crate::parse::option::{Options, boolean, choice};
use crate::print::with;
use crate::reach::SERIES;
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::token::TokenKind;

/// `outlier action=remove param=3.0 f`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlier {
    /// `action=`: how a value far from the others is treated.
    pub action: OutlierAction,
    /// `param=`: how far, as a multiple of the interquartile range; 2.5 by default.
    pub param: Option<Spanned<Number>>,
    /// `uselower=true`: values that are too small count, too.
    pub use_lower: bool,
    /// `mark=true`: the changed values are marked.
    pub mark: bool,
    /// The fields; at least one.
    pub fields: Vec<Spanned<FieldPath>>,
}

/// How a value far from the others is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutlierAction {
    /// `transform`: it is moved to the limit. The default.
    Transform,
    /// `remove`: it is removed.
    Remove,
}

impl CommandRules for Outlier {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut outlier =
            Self { action: OutlierAction::Transform, param: None, use_lower: false, mark: false, fields: Vec::new() };
        let mut options = Options::new(&["action", "param", "uselower", "mark"]);
        while let Some(option) = options.next(cursor)? {
            match option.node {
                "action" if choice(cursor, &["transform", "remove"])?.0 == "remove" => outlier.action = OutlierAction::Remove,
                "param" => outlier.param = Some(names::number(cursor, "a number")?),
                "uselower" => outlier.use_lower = boolean(cursor)?,
                "mark" => outlier.mark = boolean(cursor)?,
                _ => {}
            }
        }
        outlier.fields.push(names::path(cursor, "a field")?);
        while matches!(cursor.peek().kind, TokenKind::Word | TokenKind::QuotedName) {
            outlier.fields.push(names::path(cursor, "a field")?);
        }
        if cursor.at(TokenKind::Equal) {
            return Err(cursor.fail(Kind::Syntax, "a field", Some("write options before the fields".to_owned())));
        }
        names::no_comma(cursor, "outlier")?;
        Ok(outlier)
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.action == OutlierAction::Remove { " action=remove" } else { "" })?;
        with(f, " param=", self.param.as_ref())?;
        f.write_str(if self.use_lower { " uselower=true" } else { "" })?;
        f.write_str(if self.mark { " mark=true" } else { "" })?;
        self.fields.iter().try_for_each(|field| write!(f, " {field}"))
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, _word: Span) {
        let Self { action: _, param: _, use_lower: _, mark: _, fields } = self;
        walker.fields(scope, fields, SERIES);
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Subset
    }
}
