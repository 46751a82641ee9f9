//! `appendcols`: the columns of another query, added to the columns of this one.
//!
//! - `appendcols [override=bool] [max=number] (query)`, the number from 1 to 100,000
//!
//! Page: CWL_QuerySyntax-Appendcols.

use std::fmt;

use logmark_diagnostics::{Span, Spanned};

use super::limit::MAX_ROWS;
use super::{CommandRules, Part, PartMut, RowEffect};
use crate::ast::Query;
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::option::{Options, boolean};
use crate::parse::{names, query_in_parentheses};
use crate::print::with;
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::reach::{Beyond, Nesting};

/// `appendcols override=true max=500 ( SOURCE 'g' | stats count(*) )`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendCols {
    /// `override=true`: its columns replace columns of the same name.
    pub overrides: bool,
    /// `max=`: how many rows are read, 1 to 100,000; 10,000 by default.
    pub max: Option<Spanned<u32>>,
    /// The other query.
    pub query: Spanned<Query>,
}

impl CommandRules for AppendCols {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let (mut overrides, mut max) = (false, None);
        let mut options = Options::new(&["override", "max"]);
        while let Some(option) = options.next(cursor)? {
            match option.node {
                "override" => overrides = boolean(cursor)?,
                _ => max = Some(names::whole_number(cursor, "a number of rows", 1, MAX_ROWS)?),
            }
        }
        Ok(Self { overrides, max, query: query_in_parentheses(cursor)? })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.overrides { " override=true" } else { "" })?;
        with(f, " max=", self.max.as_ref())?;
        write!(f, " ({})", self.query)
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, word: Span) {
        let Self { overrides: _, max: _, query } = self;
        walker.reaches(Beyond::OtherQuery(Nesting::AppendCols), word);
        walker.add_columns(scope, query, None);
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Other
    }

    fn parts(&self) -> Vec<Part<'_>> {
        vec![Part::Query(&self.query)]
    }

    fn parts_mut(&mut self) -> Vec<PartMut<'_>> {
        vec![PartMut::Query(&mut self.query)]
    }
}
