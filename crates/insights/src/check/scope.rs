//! The fields that a second `stats` can use. Page: CWL_QuerySyntax-Stats.
//!
//! After a `stats`, rows have only its columns. The rule applies only where the text of the query tells all fields: a command
//! whose fields are unknown ends it.

use super::Faults;
use crate::ast::{Command, Query};
use crate::commands::NewFields;

/// Checks one query, without the queries nested in it.
pub(super) fn check(query: &Query, faults: &mut Faults) {
    let mut known: Option<Vec<String>> = None;
    for command in &query.commands {
        if let (Command::Stats(stats), Some(names)) = (&command.node, &known) {
            stats.check_fields(names, faults);
        }
        match command.node.rules().new_fields() {
            NewFields::Added(names) => known.iter_mut().for_each(|known| known.extend(names.iter().cloned())),
            NewFields::Only(names) => known = Some(names),
            NewFields::Unknown => known = None,
        }
    }
}
