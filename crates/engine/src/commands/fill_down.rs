//! `filldown`, page CWL_QuerySyntax-Filldown.
//!
//! - A missing field gets its last value from the rows before.
//! - Fields are given by name, or by a wildcard that selects columns of the result at that point. Without fields, all of
//!   these columns are filled.
//! - Rows before the first value stay without one.

use logmark_diagnostics::{Diagnostic, Spanned};
use logmark_insights::ast::{FillDown as FillDownTree, FillTarget, Wildcard};

use crate::budget::Reservation;
use crate::error::QueryError;
use crate::operator::{Flow, Next, Operator};
use crate::plan::{Builder, Column};
use crate::row::{Access, Row, Slot, value_bytes};
use crate::values::value::Value;

pub(super) fn compile(fill: &FillDownTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let mut fields = Vec::new();
    for column in targets(fill, builder) {
        let slot = builder.define_shown(&column.name);
        fields.push(Filled { access: column.access, slot, last: Value::Missing });
    }
    builder.add(FillDown { fields, memory: Reservation::default() });
    Ok(())
}

/// The fields to fill, each once.
fn targets(fill: &FillDownTree, builder: &mut Builder<'_>) -> Vec<Column> {
    let visible = builder.columns();
    if fill.targets.is_empty() {
        return visible;
    }
    let mut targets: Vec<Column> = Vec::new();
    for Spanned { node, .. } in &fill.targets {
        let more = match node {
            FillTarget::Field(path) => vec![Column { name: path.flat_name(), access: builder.access(path) }],
            FillTarget::Wildcard(wildcard) => visible.iter().filter(|column| is_like(&column.name, wildcard)).cloned().collect(),
        };
        for column in more {
            if targets.iter().all(|known| known.name != column.name) {
                targets.push(column);
            }
        }
    }
    targets
}

/// Whether a name matches a wildcard, in which `*` matches any characters.
fn is_like(name: &str, wildcard: &Wildcard) -> bool {
    let mut parts = wildcard.as_str().split('*');
    let (Some(first), Some(last)) = (parts.next(), parts.next_back()) else { return false };
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    for part in parts {
        let Some(place) = rest.find(part) else { return false };
        rest = &rest[place + part.len()..];
    }
    rest.ends_with(last)
}

#[derive(Debug, Clone)]
struct FillDown {
    fields: Vec<Filled>,
    memory: Reservation,
}

#[derive(Debug, Clone)]
struct Filled {
    access: Access,
    slot: Slot,
    last: Value,
}

impl Operator for FillDown {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        for field in &mut self.fields {
            let value = row.get(&field.access).into_owned();
            let value = if value.is_missing() {
                field.last.clone()
            } else {
                self.memory.grow(&next.env().budget, value_bytes(&value))?;
                self.memory.shrink(value_bytes(&std::mem::replace(&mut field.last, value.clone())));
                value
            };
            row.set(field.slot, value);
        }
        next.push(row)
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::is_like;
    use logmark_insights::ast::Wildcard;

    #[test]
    fn a_wildcard_is_any_characters_between_its_parts() {
        for (wildcard, like, unlike) in [
            ("cpu*", vec!["cpu", "cpu_user"], vec!["xcpu", "CPU"]),
            ("*_ms", vec!["_ms", "read_ms"], vec!["ms", "read_ms2"]),
            ("a*b*c", vec!["abc", "axbxc", "abcbc"], vec!["ac", "acb", "ab"]),
            ("a*a", vec!["aa", "aba"], vec!["a"]),
            ("*", vec!["", "x"], vec![]),
        ] {
            let wildcard = Wildcard::new(wildcard).unwrap();
            assert!(like.iter().all(|name| is_like(name, &wildcard)), "{wildcard:?}");
            assert!(unlike.iter().all(|name| !is_like(name, &wildcard)), "{wildcard:?}");
        }
    }
}
