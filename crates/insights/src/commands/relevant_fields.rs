//! `relevantfields`: the fields that correlate with a condition.
//!
//! - `relevantfields [field, …] where condition`
//!
//! Page: CWL_QuerySyntax-RelevantFields.

use std::fmt;

use logmark_diagnostics::{Span, Spanned};

use super::{CommandRules, Part, PartMut, RowEffect};
use crate::ast::{Expression, FieldPath};
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::{expression, names};
use crate::print::after;
use crate::reach::scope::{Rows, Scope};
use crate::reach::walk::Walker;
use crate::reach::{COMPARED, Use, Uses};

/// `relevantfields a, b where c > 1`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelevantFields {
    /// The candidates; none: all fields.
    pub fields: Vec<Spanned<FieldPath>>,
    /// Selects the events that are compared with the others.
    pub condition: Spanned<Expression>,
}

/// The columns of the result.
const COLUMNS: [&str; 5] =
    ["@fieldName", "@relevanceScore", "@topRelevanceContributors", "@conditionalMedian", "@baselineMedian"];

impl CommandRules for RelevantFields {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let fields = if cursor.at_word("where") { Vec::new() } else { names::fields(cursor)? };
        cursor.expect_word("where")?;
        Ok(Self { fields, condition: expression::expression(cursor)? })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        after(f, " ", &self.fields)?;
        write!(f, " where {}", self.condition)
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, word: Span) {
        let Self { fields, condition } = self;
        let mut sources = walker.fields_or_all(scope, fields, word, COMPARED);
        sources.extend(walker.value(scope, &condition.node, condition.span, COMPARED.and(Uses::of(Use::Filtered))));
        walker.define_columns(scope, &COLUMNS, word, sources);
        scope.rows = Rows::Computed;
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Other
    }

    fn parts(&self) -> Vec<Part<'_>> {
        vec![Part::Expression(&self.condition)]
    }

    fn parts_mut(&mut self) -> Vec<PartMut<'_>> {
        vec![PartMut::Expression(&mut self.condition)]
    }
}
