//! `cidrlookup`: fields from a lookup table of networks.
//!
//! - `cidrlookup table field [as column] OUTPUT|OUTPUTNEW column [as name], …`
//! - the table is named as in `lookup`
//!
//! Page: CWL_QuerySyntax-Cidrlookup.

use std::fmt;

use logmark_diagnostics::{Span, Spanned};

use super::lookup::{no_output, outputs, print_outputs, reach_outputs, table};
use super::{CommandRules, LookupMode, LookupOutput, RowEffect};
use crate::ast::{FieldPath, Name};
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::names;
use crate::print::with;
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::reach::{Beyond, Use, Uses};

/// `cidrlookup networks srcAddr as cidr OUTPUT owner`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CidrLookup {
    /// The table, as in [`Lookup::table`](super::Lookup::table).
    pub table: Spanned<Name>,
    /// The field of the event that holds an address.
    pub field: Spanned<FieldPath>,
    /// The column of the table that holds networks.
    pub column: Option<Spanned<FieldPath>>,
    /// Whether fields that exist already are overwritten.
    pub mode: LookupMode,
    /// The columns that are read from the table; at least one.
    pub outputs: Vec<LookupOutput>,
}

impl CommandRules for CidrLookup {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let table = table(cursor)?;
        no_output(cursor, "a field that holds an address")?;
        let field = names::path(cursor, "a field that holds an address")?;
        let column = names::alias(cursor)?;
        let (mode, outputs) = outputs(cursor)?;
        Ok(Self { table, field, column, mode, outputs })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {} {}", self.table.node.as_str(), self.field)?;
        with(f, " as ", self.column.as_ref())?;
        print_outputs(f, self.mode, &self.outputs)
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, word: Span) {
        let Self { table, field, column, mode, outputs } = self;
        walker.reaches(Beyond::CidrLookup { table: table.node.as_str().to_owned() }, word);
        let uses = Uses::of(Use::LookedUp);
        let address = walker.field(scope, field, uses);
        if let Some(column) = column {
            walker.table_column(scope, column, uses);
        }
        reach_outputs(walker, scope, *mode, outputs, vec![address]);
    }

    /// As for `lookup`.
    fn rows(&self) -> RowEffect {
        RowEffect::Other
    }
}
