//! `join`, page CWL_QuerySyntax-Join.
//!
//! - Returns a row for each pair of a left and a right row with equal keys. `type=inner`, the default, drops left rows
//!   without a match; `type=left` keeps them without right fields.
//! - Keys are equal if `by` would put them into one group. A missing key, a map and a list equal nothing.
//! - After the join, `left.name` and `name` are left fields and `right.name` are right fields: fields of the right events, or
//!   columns of the right query's commands.
//! - Without `fields` the columns of the result do not change.
//! - More than [`MOST_KEYS`] different keys on the right are an error. The right rows count against the query's memory.

use std::collections::HashMap;
use std::sync::Arc;

use logmark_diagnostics::{Diagnostic, Kind, Span, Spanned};
use logmark_insights::ast::{FieldPath, Join as JoinTree, JoinKind};

use super::key::{self, ENTRY};
use crate::budget::Reservation;
use crate::control::Env;
use crate::error::QueryError;
use crate::input::Source;
use crate::operator::{Flow, Next, Operator};
use crate::plan::{Builder, Joined};
use crate::row::{Access, Row};
use crate::values::coerce;
use crate::values::value::Value;

/// Most different keys of the right side. Page: CWL_QuerySyntax-Join.
const MOST_KEYS: usize = 50_000;

pub(super) fn compile(join: &JoinTree, span: Span, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let (left, right) = (join.left.node.as_str(), join.right.node.as_str());
    if left == right {
        let fault =
            Diagnostic::new(Kind::Value, join.right.span, "another name than that of the left side", format!("`{right}`"));
        return Err(fault.hint("such as: join left=a right=b where a.id=b.id (SOURCE 'group')"));
    }
    let mut pairs = Vec::with_capacity(join.keys.len());
    for key in &join.keys {
        let pair = match (side(&key.first, left), side(&key.second, right)) {
            (Some(first), Some(second)) => Some((first, second)),
            _ => side(&key.second, left).zip(side(&key.first, right)),
        };
        pairs.push(pair.ok_or_else(|| {
            let expected = format!("a field of `{left}` and one of `{right}`");
            Diagnostic::new(Kind::UnknownName, key.first.span.to(key.second.span), expected, "other fields")
        })?);
    }
    // Compiled before the names of the sides are defined, so that they keep their meaning from before the join.
    let left_keys = pairs.iter().map(|(path, _)| builder.access(path)).collect();
    let joined = builder.join(&join.query.node, left, right)?;
    let right_keys = pairs.iter().map(|(_, path)| builder.joined_column(path)).collect();
    let keys = Keys { left: left_keys, right: right_keys };
    let rows = Arc::default();
    builder.add(Join { kind: join.kind, span, joined, keys, rows, key: Vec::new(), memory: Reservation::default() });
    Ok(())
}

/// The field after the name of a side.
fn side(path: &Spanned<FieldPath>, name: &str) -> Option<FieldPath> {
    path.node.behind(name)
}

#[derive(Debug, Clone)]
struct Keys {
    left: Vec<Access>,
    /// The columns of the right rows.
    right: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Join {
    kind: JoinKind,
    span: Span,
    joined: Arc<Joined>,
    keys: Keys,
    /// The right rows of each key.
    rows: Arc<HashMap<Box<[u8]>, Vec<u32>>>,
    key: Vec<u8>,
    memory: Reservation,
}

impl Join {
    /// The key of these values, and whether each of them can equal another.
    fn read<'v>(key: &mut Vec<u8>, values: impl Iterator<Item = std::borrow::Cow<'v, Value>>) -> bool {
        key.clear();
        for value in values {
            if value.is_structure() || coerce::identity(&value).is_none() {
                return false;
            }
            key::push(key, &value);
        }
        true
    }
}

impl Operator for Join {
    fn open(&mut self, _source: &dyn Source, env: &Env) -> Result<(), QueryError> {
        let mut rows: HashMap<Box<[u8]>, Vec<u32>> = HashMap::new();
        for (index, values) in (0_u32..).zip(self.joined.rows()) {
            env.tick()?;
            let of_column = |column: &usize| std::borrow::Cow::Borrowed(values.get(*column).unwrap_or(&Value::Missing));
            if !Self::read(&mut self.key, self.keys.right.iter().map(of_column)) {
                continue;
            }
            self.memory.grow(&env.budget, size_of::<u32>())?;
            let known = rows.len();
            match rows.get_mut(self.key.as_slice()) {
                Some(indexes) => indexes.push(index),
                None if known == MOST_KEYS => {
                    let message = format!(
                        "the right side of `join` has more than {MOST_KEYS} different keys: filter it, or aggregate it with `stats`"
                    );
                    return Err(QueryError::Limit { message, span: Some(self.span) });
                }
                None => {
                    self.memory.grow(&env.budget, self.key.len() + ENTRY + size_of::<Vec<u32>>())?;
                    rows.insert(self.key.as_slice().into(), vec![index]);
                }
            }
        }
        self.rows = Arc::new(rows);
        Ok(())
    }

    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let is_key = Self::read(&mut self.key, self.keys.left.iter().map(|access| row.get(access)));
        let rows = Arc::clone(&self.rows);
        let partners = if is_key { rows.get(self.key.as_slice()).map_or(&[][..], Vec::as_slice) } else { &[] };
        if partners.is_empty() {
            if self.kind == JoinKind::Inner {
                return Ok(Flow::Continue);
            }
            self.joined.set(row, None);
            return next.push(row);
        }
        for partner in partners {
            next.env().tick()?;
            let mut copy = row.copy();
            self.joined.set(&mut copy, usize::try_from(*partner).ok());
            if next.push(&mut copy)? == Flow::Done {
                return Ok(Flow::Done);
            }
        }
        Ok(Flow::Continue)
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
