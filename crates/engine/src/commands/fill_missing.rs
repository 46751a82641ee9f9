//! `fillmissing`, page CWL_QuerySyntax-Fillmissing.
//!
//! - After `stats … by bin(…)`: adds a row for each bin without a row, between the first and the last bin of the result.
//! - With more columns after `by`, adds these rows for each combination of their values.
//! - `with value for field` sets a constant in the new rows. Their other fields are missing.
//! - Orders the rows by bin: descending if the first row has a later bin than the last, else ascending.
//! - More than [`MOST_ROWS`] rows are an error.

use std::collections::HashMap;

use logmark_diagnostics::{Diagnostic, Kind, Span, Spanned};
use logmark_insights::ast::{
    Argument, Column, Command, Expression, FieldPath, FillMissing as FillMissingTree, Literal, Name, Stats,
};
use logmark_insights::functions::Function;
use logmark_insights::period::Period;

use super::key;
use crate::budget::Reservation;
use crate::error::QueryError;
use crate::operator::{Flow, Next, Operator};
use crate::plan::{Builder, Keep, MOST_ROWS};
use crate::row::{Access, Row, Slot, StoredRow};
use crate::values::number::Number;
use crate::values::value::Value;
use crate::values::{arithmetic, bucket};

pub(super) fn compile(
    fill: &FillMissingTree,
    span: Span,
    preceding: &[Spanned<Command>],
    builder: &mut Builder<'_>,
) -> Result<(), Diagnostic> {
    let bins = bins_before(preceding).ok_or_else(|| {
        let fault = Diagnostic::new(Kind::Syntax, span, "`stats … by bin(…)` before `fillmissing`", "none");
        fault.hint("such as: stats count(*) as n by bin(5m) | fillmissing with 0 for n")
    })?;
    let offset = match bins.stats.offset.as_ref().map(|offset| (offset.node.millis(), offset.span)) {
        None => 0,
        Some((Some(millis), _)) => millis,
        Some((None, span)) => {
            return Err(Diagnostic::new(Kind::Unsupported, span, "an offset of a fixed length", "months, quarters or years"));
        }
    };
    let bin = place(bins.column, builder, span)?;
    let others = bins.stats.by.iter().filter(|column| !std::ptr::eq(*column, bins.column));
    let keys = others.map(|column| place(column, builder, span)).collect::<Result<Vec<_>, _>>()?;
    let mut fills = Vec::with_capacity(fill.fills.len());
    for each in &fill.fills {
        let Access::Slot(slot) = builder.access(&each.field.node) else {
            let fault = Diagnostic::new(Kind::UnknownName, each.field.span, "a column of the `stats` before", "none of them");
            return Err(fault.hint("after `stats` only its columns exist"));
        };
        fills.push((slot, constant(&each.value.node)));
    }
    let bins = Bins { period: bins.period, offset };
    let keep = builder.keep_rows();
    builder.add(FillMissing { bins, bin, keys, fills, keep, rows: Vec::new(), memory: Reservation::default() });
    Ok(())
}

/// The last `stats`, and its column of bins.
struct BinsBefore<'q> {
    stats: &'q Stats,
    column: &'q Column,
    period: Period,
}

fn bins_before(preceding: &[Spanned<Command>]) -> Option<BinsBefore<'_>> {
    let stats = preceding.iter().rev().find_map(|command| match &command.node {
        Command::Stats(stats) => Some(stats),
        _ => None,
    })?;
    stats.by.iter().find_map(|column| period(column).map(|period| BinsBefore { stats, column, period }))
}

/// The period of `bin(5m)`.
fn period(column: &Column) -> Option<Period> {
    let Expression::Call(call) = &column.expression.node else { return None };
    let period = call.arguments.iter().find_map(|argument| match &argument.node {
        Argument::Period(period) => Some(*period),
        _ => None,
    });
    period.filter(|_| matches!(call.function.node, Function::Bin | Function::DateFloor | Function::DateCeil))
}

/// The place of a column of the `stats`.
fn place(column: &Column, builder: &mut Builder<'_>, span: Span) -> Result<Slot, Diagnostic> {
    let (name, _) = builder.column_name(column);
    let access = Name::new(name).ok().map(|name| builder.access(&FieldPath::field(name)));
    match access {
        Some(Access::Slot(slot)) => Ok(slot),
        _ => {
            let fault = Diagnostic::new(Kind::Syntax, span, "the columns of the `stats` before", "other columns");
            Err(fault.hint("put `fillmissing` directly after `stats`"))
        }
    }
}

fn constant(literal: &Literal) -> Value {
    let number = |written: &str| Number::parse(written).into();
    match literal {
        Literal::Text(text) => text.as_str().into(),
        Literal::Number(written) => number(written.as_str()),
        Literal::Negative(written) => arithmetic::negate(&number(written.as_str())),
        Literal::Boolean(truth) => Value::Boolean(*truth),
    }
}

/// The bins.
#[derive(Debug, Clone, Copy)]
struct Bins {
    period: Period,
    /// The shift of the bins by `offset`, in milliseconds.
    offset: i64,
}

impl Bins {
    fn after(self, bin: i64) -> Option<i64> {
        bucket::next(bin.checked_sub(self.offset)?, self.period)?.checked_add(self.offset)
    }
}

#[derive(Debug, Clone)]
struct FillMissing {
    bins: Bins,
    bin: Slot,
    keys: Vec<Slot>,
    fills: Vec<(Slot, Value)>,
    keep: Keep,
    rows: Vec<StoredRow>,
    memory: Reservation,
}

/// The rows of one combination of groups.
#[derive(Debug)]
struct Series {
    /// The values of the groups.
    keys: Vec<Value>,
    /// For each bin, the index of its row.
    rows: HashMap<i64, usize>,
}

impl FillMissing {
    /// The combinations in the order of their first row, and the rows without a bin.
    fn series(&self, next: &Next<'_>) -> Result<(Vec<Series>, Vec<usize>), QueryError> {
        let mut series: Vec<Series> = Vec::new();
        let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut outside = Vec::new();
        for (place, row) in self.rows.iter().enumerate() {
            next.env().tick()?;
            let value = |slot: &Slot| row.values.get(slot.index()).cloned().unwrap_or_default();
            let Value::Timestamp(bin) = value(&self.bin) else {
                outside.push(place);
                continue;
            };
            let mut bytes = Vec::new();
            let keys: Vec<Value> = self.keys.iter().map(value).collect();
            keys.iter().for_each(|value| key::push(&mut bytes, value));
            let index = *places.entry(bytes).or_insert(series.len());
            if index == series.len() {
                series.push(Series { keys, rows: HashMap::new() });
            }
            if let Some(series) = series.get_mut(index) {
                series.rows.insert(bin, place);
            }
        }
        Ok((series, outside))
    }

    /// All bins from the first to the last of the rows.
    fn all_bins(&self, series: &[Series], next: &Next<'_>) -> Result<Vec<i64>, QueryError> {
        let found = || series.iter().flat_map(|series| series.rows.keys().copied());
        let (Some(first), Some(last)) = (found().min(), found().max()) else { return Ok(Vec::new()) };
        let mut bins = vec![first];
        let mut bin = first;
        while let Some(after) = self.bins.after(bin).filter(|after| *after <= last) {
            next.env().tick()?;
            bins.push(after);
            bin = after;
            if bins.len().saturating_mul(series.len()) > MOST_ROWS {
                let message =
                    format!("`fillmissing` would give more than {MOST_ROWS} rows: use longer bins or a shorter time range");
                return Err(QueryError::Limit { message, span: None });
            }
        }
        let is_descending = self.bin_of(self.rows.first()) > self.bin_of(self.rows.last());
        if is_descending {
            bins.reverse();
        }
        Ok(bins)
    }

    fn bin_of(&self, row: Option<&StoredRow>) -> i64 {
        match row.and_then(|row| row.values.get(self.bin.index())) {
            Some(Value::Timestamp(bin)) => *bin,
            _ => i64::MIN,
        }
    }

    /// The row of a bin without rows.
    fn new_row(&self, bin: i64, keys: &[Value]) -> Row<'static> {
        let mut row = Row::default();
        row.set(self.bin, Value::Timestamp(bin));
        for (slot, value) in self.keys.iter().zip(keys) {
            row.set(*slot, value.clone());
        }
        for (slot, value) in &self.fills {
            row.set(*slot, value.clone());
        }
        row
    }
}

impl Operator for FillMissing {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let row = self.keep.store(row);
        // The row, and its place in a series.
        self.memory.grow(&next.env().budget, row.bytes() + key::ENTRY)?;
        self.rows.push(row);
        Ok(Flow::Continue)
    }

    fn finish(&mut self, next: &mut Next<'_>) -> Result<(), QueryError> {
        let (series, outside) = self.series(next)?;
        let bins = self.all_bins(&series, next)?;
        let stored = |place: &usize| self.rows.get(*place).cloned().map(Row::from);
        for bin in &bins {
            for each in &series {
                next.env().tick()?;
                let found = each.rows.get(bin).and_then(stored);
                let mut row = found.unwrap_or_else(|| self.new_row(*bin, &each.keys));
                if next.push(&mut row)? == Flow::Done {
                    return Ok(());
                }
            }
        }
        next.push_all(outside.iter().filter_map(stored))
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
