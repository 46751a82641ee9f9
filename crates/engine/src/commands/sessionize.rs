//! `sessionize`, page CWL_QuerySyntax-Sessionize.
//!
//! - Events with the same values in all identity fields belong to one session. A gap longer than `maxspan` (default 30
//!   minutes) starts a new session.
//! - The new field, `session_id` or the alias, contains the number of the session, from 1 in the order of the rows. The page
//!   does not specify a format.
//! - An event without one of the fields or without `@timestamp` has no session.
//! - Rows in time order, which is the order without `sort`, are processed one by one. In any other order all rows are kept
//!   until the last one.

use std::collections::HashMap;

use logmark_diagnostics::{Diagnostic, Kind, Span, Spanned};
use logmark_insights::ast::{Command, CommandName, Sessionize as SessionizeTree};

use super::key::{self, ENTRY};
use crate::budget::Reservation;
use crate::collections::sort_in_pieces;
use crate::error::QueryError;
use crate::operator::{Flow, Next, Operator};
use crate::plan::{Builder, Keep};
use crate::row::{Access, Row, Slot, StoredRow, System};
use crate::values::value::Value;

/// The default longest pause, in milliseconds.
const DEFAULT_SPAN: i64 = 30 * 60_000;

const DEFAULT_NAME: &str = "session_id";

pub(super) fn compile(
    sessionize: &SessionizeTree,
    span_of_command: Span,
    preceding: &[Spanned<Command>],
    builder: &mut Builder<'_>,
) -> Result<(), Diagnostic> {
    let span = match &sessionize.max_span {
        None => DEFAULT_SPAN,
        Some(written) => written.node.millis().ok_or_else(|| {
            let expected = "a pause of a fixed length, such as `30m` or `2d`";
            Diagnostic::new(Kind::Value, written.span, expected, "months, quarters or years")
        })?,
    };
    let fields: Vec<Access> = sessionize.fields.iter().map(|field| builder.access(&field.node)).collect();
    let time = builder.system_access(System::Timestamp);
    if time == Access::Missing {
        let fault = Diagnostic::new(Kind::Syntax, span_of_command, "rows with `@timestamp`", "rows without it");
        return Err(fault.hint("put `sessionize` before `stats`"));
    }
    let name = sessionize.alias.as_ref().map_or_else(|| DEFAULT_NAME.to_owned(), |alias| alias.node.flat_name());
    let is_ordered = builder.has_events() && preceding.iter().all(|command| keeps_order(&command.node));
    let slot = builder.define_shown(&name);
    let key = Key { fields, time, bytes: Vec::new() };
    let memory = Reservation::default();
    if is_ordered {
        builder.add(Streamed { key, span, slot, open: HashMap::new(), sessions: 0, memory });
    } else {
        let keep = builder.keep_rows();
        builder.add(Kept { key, span, slot, keep, rows: Vec::new(), memory });
    }
    Ok(())
}

/// Whether rows in time order before a command are in time order after it.
fn keeps_order(command: &Command) -> bool {
    !matches!(command.name(), CommandName::Sort)
}

/// The identity of an event's session.
#[derive(Debug, Clone)]
struct Key {
    fields: Vec<Access>,
    time: Access,
    bytes: Vec<u8>,
}

impl Key {
    /// Reads the identity of a row into `bytes` and returns its time; `None` for a row without a session.
    fn read(&mut self, row: &Row<'_>) -> Option<i64> {
        self.bytes.clear();
        for field in &self.fields {
            let value = row.get(field);
            if value.is_missing() {
                return None;
            }
            key::push(&mut self.bytes, &value);
        }
        row.moment(&self.time)
    }
}

/// Sessions of rows in the order of time.
#[derive(Debug, Clone)]
struct Streamed {
    key: Key,
    span: i64,
    slot: Slot,
    /// For each identity, the time of its last row and the number of its session.
    open: HashMap<Box<[u8]>, (i64, i64)>,
    sessions: i64,
    memory: Reservation,
}

impl Operator for Streamed {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let session = match self.key.read(row) {
            None => Value::Missing,
            Some(time) => {
                if !self.open.contains_key(self.key.bytes.as_slice()) {
                    self.memory.grow(&next.env().budget, self.key.bytes.len() + ENTRY)?;
                }
                let sessions = &mut self.sessions;
                let (last, session) = self.open.entry(self.key.bytes.as_slice().into()).or_insert((time, 0));
                if *session == 0 || last.abs_diff(time) > self.span.unsigned_abs() {
                    *sessions += 1;
                    *session = *sessions;
                }
                *last = time;
                Value::Integer(*session)
            }
        };
        row.set(self.slot, session);
        next.push(row)
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

/// Sessions of rows in any order.
#[derive(Debug, Clone)]
struct Kept {
    key: Key,
    span: i64,
    slot: Slot,
    keep: Keep,
    rows: Vec<KeptRow>,
    memory: Reservation,
}

#[derive(Debug, Clone)]
struct KeptRow {
    row: StoredRow,
    /// The identity and the time; `None` for a row without a session.
    key: Option<(Box<[u8]>, i64)>,
}

impl Kept {
    /// The number of the session of each row; 0 without a session.
    fn sessions(&self, next: &Next<'_>) -> Result<Vec<i64>, QueryError> {
        let mut of_key: HashMap<&[u8], Vec<(i64, usize)>> = HashMap::new();
        for (place, row) in self.rows.iter().enumerate() {
            next.env().tick()?;
            if let Some((key, time)) = &row.key {
                of_key.entry(key).or_default().push((*time, place));
            }
        }
        // Numbered by key and time first, then renumbered in the order of the rows.
        let mut numbers = vec![0_usize; self.rows.len()];
        let mut sessions = 0;
        for rows in of_key.into_values() {
            let rows = sort_in_pieces(rows, Ord::cmp, || next.env().check())?;
            let mut last = None;
            for (time, place) in rows {
                next.env().tick()?;
                if last.is_none_or(|last: i64| last.abs_diff(time) > self.span.unsigned_abs()) {
                    sessions += 1;
                }
                last = Some(time);
                if let Some(number) = numbers.get_mut(place) {
                    *number = sessions;
                }
            }
        }
        let mut renumbered = vec![0_i64; sessions + 1];
        let mut met = 0;
        let renumber = |number: usize| {
            let place = renumbered.get_mut(number).filter(|_| number > 0)?;
            if *place == 0 {
                met += 1;
                *place = met;
            }
            Some(*place)
        };
        Ok(numbers.into_iter().map(renumber).map(Option::unwrap_or_default).collect())
    }
}

impl Operator for Kept {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let key = self.key.read(row).map(|time| (Box::from(self.key.bytes.as_slice()), time));
        // The key, its entry in the map of all keys, and the two numbers of a session.
        let bytes = key.as_ref().map_or(0, |(key, _): &(Box<[u8]>, i64)| key.len() + ENTRY) + 4 * size_of::<usize>();
        let kept = KeptRow { row: self.keep.store(row), key };
        self.memory.grow(&next.env().budget, kept.row.bytes() + size_of::<KeptRow>() + bytes)?;
        self.rows.push(kept);
        Ok(Flow::Continue)
    }

    fn finish(&mut self, next: &mut Next<'_>) -> Result<(), QueryError> {
        let sessions = self.sessions(next)?;
        let rows = std::mem::take(&mut self.rows).into_iter().zip(sessions).map(|(kept, session)| {
            let mut row = Row::from(kept.row);
            row.set(self.slot, if session == 0 { Value::Missing } else { Value::Integer(session) });
            row
        });
        next.push_all(rows)?;
        self.memory = Reservation::default();
        Ok(())
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
