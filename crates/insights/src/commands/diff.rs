//! `diff`: patterns now and in an earlier period.
//!
//! - `diff [previousDay|previousWeek|previousMonth]`
//! - without a period it compares with the period before, of the same length
//!
//! Page: CWL_QuerySyntax-Diff.

use std::fmt;

use logmark_diagnostics::{Span, Spanned};

use super::{CommandRules, RowEffect};
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::option::choice;
use crate::print::with;
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::reach::{Beyond, COMPARED, Referent, Window};
use crate::token::TokenKind;

/// `diff`, `diff previousDay`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// The earlier period; by default the one just before, of the same length.
    pub against: Option<Spanned<DiffPeriod>>,
}

/// A period of the same length, earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiffPeriod {
    /// `previousDay`
    PreviousDay,
    /// `previousWeek`
    PreviousWeek,
    /// `previousMonth`
    PreviousMonth,
}

impl DiffPeriod {
    /// All periods.
    pub const ALL: [Self; 3] = [Self::PreviousDay, Self::PreviousWeek, Self::PreviousMonth];

    /// The period as it is written.
    #[must_use]
    pub const fn spelling(self) -> &'static str {
        match self {
            Self::PreviousDay => "previousDay",
            Self::PreviousWeek => "previousWeek",
            Self::PreviousMonth => "previousMonth",
        }
    }
}

impl CommandRules for Diff {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        if !cursor.at(TokenKind::Word) {
            DiffPeriod::ALL.iter().for_each(|period| cursor.expect_also(format!("`{}`", period.spelling())));
            return Ok(Self { against: None });
        }
        let (word, span) = choice(cursor, &DiffPeriod::ALL.map(DiffPeriod::spelling))?;
        let against = DiffPeriod::ALL.into_iter().find(|period| period.spelling() == word);
        Ok(Self { against: against.map(|period| Spanned::new(period, span)) })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        with(f, " ", self.against.map(|period| period.node.spelling()).as_ref())
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, word: Span) {
        let Self { against: _ } = self;
        walker.reaches(Beyond::TimeRange(Window::Diff), word);
        walker.refer(scope, Referent::All, word, COMPARED);
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Other
    }
}
