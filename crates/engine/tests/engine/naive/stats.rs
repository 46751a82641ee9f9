//! `stats`: rows in groups, and the aggregates of each group.

use logmark_diagnostics::Spanned;
use logmark_engine::values::value::Value;
use logmark_engine::values::{aggregate, coerce};
use logmark_insights::ast::{Argument, Call, Expression, FieldPath, Name, Stats};
use logmark_insights::functions::Function;

use super::tree::{field, replaced};
use super::{Binding, Naive, Row, put};

impl Naive {
    pub(super) fn stats(&mut self, stats: &Stats, text: &str) -> Option<()> {
        let by: Vec<(String, Option<String>)> = stats.by.iter().map(|column| self.name(column, text)).collect();
        let mut keys: Vec<Vec<Value>> = vec![Vec::new(); self.rows.len()];
        for column in &stats.by {
            let values = self.rows.iter().map(|row| self.evaluate(row, &column.expression)).collect::<Option<Vec<_>>>()?;
            keys.iter_mut().zip(&values).for_each(|(key, value)| key.push(value.clone()));
            if let Some(alias) = &column.alias {
                self.define(&alias.node.flat_name(), None, values);
            }
        }
        let identity =
            |key: &[Value]| key.iter().map(|value| coerce::identity(value).map(|text| text.into_owned())).collect::<Vec<_>>();
        let mut groups: Vec<(Vec<Value>, Vec<Row>)> = Vec::new();
        for (row, key) in self.rows.iter().zip(keys) {
            match groups.iter_mut().find(|(known, _)| identity(known) == identity(&key)) {
                Some((_, rows)) => rows.push(row.clone()),
                None => groups.push((key, vec![row.clone()])),
            }
        }
        if groups.is_empty() && by.is_empty() {
            groups.push((Vec::new(), Vec::new()));
        }
        let mut names = by;
        names.extend(stats.aggregates.iter().map(|column| self.name(column, text)));
        let mut rows = Vec::new();
        for (position, (key, members)) in (0_i64..).zip(groups) {
            let mut group = Self { is_computed: true, names: names[..key.len()].to_vec(), ..Self::default() };
            let mut row = Row { event: None, values: key, position };
            for column in &stats.aggregates {
                let mut computed: Vec<Value> = Vec::new();
                let mut failed = false;
                let expression = replaced(&column.expression.node, &mut |part| match part {
                    Expression::Call(call) if call.function.node.is_aggregate() => {
                        match self.aggregate(call, &members) {
                            Some(value) => computed.push(value),
                            None => failed = true,
                        }
                        field(&format!("aggregate#{}", computed.len()))
                    }
                    _ => None,
                });
                if failed {
                    return None;
                }
                let mut inner = Self { is_computed: true, names: group.names.clone(), ..Self::default() };
                let mut with = row.clone();
                for (number, value) in computed.into_iter().enumerate() {
                    inner.names.push((format!("aggregate#{}", number + 1), None));
                    with.values.push(value);
                }
                row.values.push(inner.evaluate(&with, &Spanned::new(expression, column.expression.span))?);
                group.names.push(names[row.values.len() - 1].clone());
            }
            rows.push(row);
        }
        let mut defaults: Vec<(String, Binding)> = Vec::new();
        for (place, (name, _)) in names.iter().enumerate() {
            put(&mut defaults, name, Binding::Defined(place));
        }
        *self = Self { rows, names, defaults, is_computed: true, ..Self::default() };
        Some(())
    }

    fn aggregate(&self, call: &Call, rows: &[Row]) -> Option<Value> {
        let argument = call.arguments.first().and_then(|argument| match &argument.node {
            Argument::Expression(expression) => Some(Spanned::new(expression.clone(), argument.span)),
            _ => None,
        });
        let Some(argument) = argument else { return Some(Value::from(rows.len() as i64)) };
        let values = rows.iter().map(|row| self.evaluate(row, &argument)).collect::<Option<Vec<_>>>()?;
        // In the order of time, for `earliest` and `latest`.
        let timed = || {
            let mut timed: Vec<(i64, i64, Value)> = Vec::new();
            for (row, value) in rows.iter().zip(&values) {
                let moment = match &row.event {
                    Some(event) => event.timestamp,
                    None => coerce::moment(&self.value(row, &self.bind(&FieldPath::field(Name::new("@timestamp").ok()?))))?,
                };
                timed.push((moment, row.position, value.clone()));
            }
            timed.sort_by_key(|(moment, position, _)| (*moment, *position));
            Some(timed.into_iter().map(|(moment, _, value)| (moment, value)).collect::<Vec<_>>())
        };
        Some(match call.function.node {
            Function::Count | Function::CountOverTime => aggregate::count(&values),
            Function::CountDistinct => aggregate::count_distinct(&values),
            Function::Sum | Function::SumOverTime => aggregate::sum(&values),
            Function::Avg => aggregate::avg(&values),
            Function::StdDev => aggregate::stddev(&values),
            Function::Min => aggregate::min(&values),
            Function::Max => aggregate::max(&values),
            Function::SortsFirst => aggregate::sorts_first(&values),
            Function::SortsLast => aggregate::sorts_last(&values),
            Function::Earliest => aggregate::earliest(&timed()?),
            Function::Latest => aggregate::latest(&timed()?),
            Function::Pct => match &call.arguments.get(1)?.node {
                Argument::Expression(Expression::Number(percent)) => aggregate::pct(&values, percent.value()),
                _ => return None,
            },
            _ => return None,
        })
    }
}
