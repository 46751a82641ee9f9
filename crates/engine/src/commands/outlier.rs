//! `outlier`, page CWL_QuerySyntax-Outlier.
//!
//! - A value is an outlier if it exceeds the third quartile by more than `param` (default 2.5) times the interquartile range.
//!   With `uselower=true` a value as far below the first quartile is an outlier too.
//! - `action=transform`, the default, replaces an outlier by that bound; `action=remove` drops its row.
//! - `mark=true` adds a field `<field>_outlier` for each field, true for outliers. The page does not name the field.
//! - Quartiles use the nearest rank, as `pct`, over all rows with a number in the field.
//! - Other values than numbers are not outliers and stay unchanged.

use logmark_diagnostics::Diagnostic;
use logmark_insights::ast::{Outlier as OutlierTree, OutlierAction};

use crate::budget::Reservation;
use crate::error::QueryError;
use crate::operator::{Flow, Next, Operator};
use crate::plan::{Builder, Keep};
use crate::row::{Access, Row, Slot, StoredRow};
use crate::values::coerce;
use crate::values::number::Number;
use crate::values::value::Value;

/// The default distance of an outlier from the quartiles.
const DEFAULT_PARAM: f64 = 2.5;

pub(super) fn compile(outlier: &OutlierTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let mut fields = Vec::with_capacity(outlier.fields.len());
    for field in &outlier.fields {
        let name = field.node.flat_name();
        let access = builder.access(&field.node);
        let slot = builder.define_shown(&name);
        let mark = outlier.mark.then(|| builder.define_shown(&format!("{name}_outlier")));
        fields.push(Field { access, slot, mark, numbers: Vec::new() });
    }
    let param = outlier.param.as_ref().map_or(DEFAULT_PARAM, |param| param.node.value());
    let keep = builder.keep_rows();
    let (removes, uses_lower) = (outlier.action == OutlierAction::Remove, outlier.use_lower);
    builder.add(Outlier { fields, param, removes, uses_lower, keep, rows: Vec::new(), memory: Reservation::default() });
    Ok(())
}

#[derive(Debug, Clone)]
struct Outlier {
    fields: Vec<Field>,
    param: f64,
    removes: bool,
    uses_lower: bool,
    keep: Keep,
    rows: Vec<StoredRow>,
    memory: Reservation,
}

#[derive(Debug, Clone)]
struct Field {
    access: Access,
    slot: Slot,
    mark: Option<Slot>,
    /// The numbers of all rows.
    numbers: Vec<Number>,
}

/// The range of values of a field that are not outliers.
#[derive(Debug, Clone, Copy)]
struct Borders {
    lower: f64,
    upper: f64,
}

impl Field {
    /// The bounds; `None` without any number.
    fn borders(&mut self, param: f64, uses_lower: bool) -> Option<Borders> {
        let first = quantile(&mut self.numbers, 1, 4)?;
        let third = quantile(&mut self.numbers, 3, 4)?;
        let distance = param * (third - first);
        Some(Borders { lower: if uses_lower { first - distance } else { f64::NEG_INFINITY }, upper: third + distance })
    }
}

/// The nearest rank of `part` of `parts`, as in `pct`. Reorders the numbers.
fn quantile(numbers: &mut [Number], part: usize, parts: usize) -> Option<f64> {
    let rank = numbers.len().checked_mul(part)?.div_ceil(parts).checked_sub(1)?;
    let (_, number, _) = numbers.select_nth_unstable(rank);
    Some(number.as_f64())
}

impl Borders {
    /// The bound that a value exceeds.
    fn beyond(self, number: f64) -> Option<f64> {
        if number > self.upper {
            Some(self.upper)
        } else if number < self.lower {
            Some(self.lower)
        } else {
            None
        }
    }
}

impl Operator for Outlier {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let mut bytes = 0;
        for field in &mut self.fields {
            let value = row.get(&field.access).into_owned();
            if let Some(number) = coerce::number(&value) {
                field.numbers.push(number);
                bytes += size_of::<Number>();
            }
            row.set(field.slot, value);
        }
        let row = self.keep.store(row);
        self.memory.grow(&next.env().budget, row.bytes() + bytes)?;
        self.rows.push(row);
        Ok(Flow::Continue)
    }

    fn finish(&mut self, next: &mut Next<'_>) -> Result<(), QueryError> {
        let mut borders = Vec::with_capacity(self.fields.len());
        for field in &mut self.fields {
            borders.push(field.borders(self.param, self.uses_lower));
            next.env().check()?;
        }
        for stored in std::mem::take(&mut self.rows) {
            next.env().tick()?;
            let mut row = Row::from(stored);
            let mut is_outlier = false;
            for (field, borders) in self.fields.iter().zip(&borders) {
                let number = coerce::number(row.value(field.slot)).map(Number::as_f64);
                let border = number.zip(*borders).and_then(|(number, borders)| borders.beyond(number));
                is_outlier |= border.is_some();
                if let Some(mark) = field.mark {
                    row.set(mark, border.is_some().into());
                }
                if let Some(border) = border {
                    row.set(field.slot, shown(border));
                }
            }
            if !(self.removes && is_outlier) && next.push(&mut row)? == Flow::Done {
                break;
            }
        }
        self.memory = Reservation::default();
        Ok(())
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

/// A bound as a value; a whole number is an integer.
#[expect(clippy::cast_possible_truncation, reason = "only whole numbers that a double holds exactly")]
fn shown(border: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if border.fract() == 0.0 && border.abs() <= EXACT { Value::Integer(border as i64) } else { Value::double(border) }
}
