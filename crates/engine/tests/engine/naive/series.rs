//! The commands over rows, each over all rows.

use logmark_diagnostics::Spanned;
use logmark_engine::values::{aggregate, coerce, order, value::Value};
use logmark_insights::ast::{
    Accum, AddTotals, AutoRegress, Command, CountFrequent, FieldPath, FillDown, FillTarget, Outlier, OutlierAction, Sessionize,
};

use super::{Binding, Naive, Name, Row, put};

impl Naive {
    pub(super) fn series(&mut self, command: &Command) -> Option<()> {
        match command {
            Command::Accum(accum) => self.accum(accum),
            Command::AutoRegress(regress) => self.auto_regress(regress),
            Command::FillDown(fill) => self.fill_down(fill),
            Command::AddTotals(totals) => self.add_totals(totals),
            Command::CountFrequent(frequent) => self.count_frequent(frequent),
            Command::Outlier(outlier) => self.outlier(outlier),
            Command::Sessionize(sessionize) => return self.sessionize(sessionize),
            _ => return None,
        }
        Some(())
    }

    fn values_of(&self, binding: &Binding) -> Vec<Value> {
        self.rows.iter().map(|row| self.value(row, binding)).collect()
    }

    fn of(&self, path: &Spanned<FieldPath>) -> Vec<Value> {
        self.values_of(&self.bind(&path.node))
    }

    fn define_and_show(&mut self, name: &str, values: Vec<Value>) {
        let binding = self.define(name, None, values);
        self.show(name, binding.clone());
        // `display` ignores new columns, but shows the new values of its own.
        self.added.iter_mut().filter(|(known, _)| known == name).for_each(|(_, place)| *place = binding.clone());
    }

    fn accum(&mut self, accum: &Accum) {
        let values = self.of(&accum.field);
        let sum = |place: usize| match coerce::number(&values[place]) {
            Some(_) => aggregate::sum(&values[..=place]),
            None => Value::Missing,
        };
        let sums = (0..values.len()).map(sum).collect();
        self.define_and_show(&accum.alias.as_ref().unwrap_or(&accum.field).node.flat_name(), sums);
    }

    fn auto_regress(&mut self, regress: &AutoRegress) {
        let values = self.of(&regress.field);
        let (first, last) = regress.lags.as_ref().map_or((1, 1), |lags| lags.node);
        let base = regress.alias.as_ref().unwrap_or(&regress.field).node.flat_name();
        for lag in first..=last {
            let before = |place: usize| place.checked_sub(lag as usize).map(|place| values[place].clone()).unwrap_or_default();
            let is_named = regress.alias.is_some() && first == last;
            let name = if is_named { base.clone() } else { format!("{base}_p{lag}") };
            self.define_and_show(&name, (0..values.len()).map(before).collect());
        }
    }

    fn fill_down(&mut self, fill: &FillDown) {
        let visible = self.visible();
        let mut targets: Vec<(String, Binding)> = Vec::new();
        for target in &fill.targets {
            let more = match &target.node {
                FillTarget::Field(path) => vec![(path.flat_name(), self.bind(path))],
                // Generated wildcards have one star, at their end.
                FillTarget::Wildcard(wildcard) => {
                    let begin = wildcard.as_str().trim_end_matches('*');
                    visible.iter().filter(|(name, _)| name.starts_with(begin)).cloned().collect()
                }
            };
            for (name, binding) in more {
                if targets.iter().all(|(known, _)| *known != name) {
                    targets.push((name, binding));
                }
            }
        }
        for (name, binding) in if fill.targets.is_empty() { visible } else { targets } {
            let values = self.values_of(&binding);
            let filled =
                |place: usize| values[..=place].iter().rev().find(|value| !value.is_missing()).cloned().unwrap_or_default();
            self.define_and_show(&name, (0..values.len()).map(filled).collect());
        }
    }

    fn add_totals(&mut self, totals: &AddTotals) {
        let mut fields: Vec<(String, Binding)> = Vec::new();
        for field in &totals.fields {
            put(&mut fields, &field.node.flat_name(), self.bind(&field.node));
        }
        if totals.fields.is_empty() {
            let systems = logmark_engine::row::System::find;
            fields = self.visible().into_iter().filter(|(name, _)| systems(name).is_none()).collect();
        }
        let numeric = |value: Value| match value {
            Value::Integer(_) | Value::Double(_) | Value::Text(_) => value,
            _ => Value::Missing,
        };
        let columns: Vec<Vec<Value>> =
            fields.iter().map(|(_, binding)| self.values_of(binding).into_iter().map(numeric).collect()).collect();
        let of_row = |place: usize| aggregate::sum(&columns.iter().map(|column| column[place].clone()).collect::<Vec<_>>());
        let sums: Vec<Value> = (0..self.rows.len()).map(of_row).collect();
        if totals.column {
            for (name, binding) in &fields {
                let values = self.values_of(binding);
                self.define_and_show(name, values);
            }
        }
        let place = self.names.len();
        if totals.row {
            let name = totals.field_name.as_ref().map_or("Total", |name| name.node.as_str()).to_owned();
            self.define_and_show(&name, sums.clone());
        }
        if totals.column {
            let mut values = vec![Value::Missing; self.names.len()];
            for (number, column) in columns.iter().enumerate() {
                values[place - columns.len() + number] = aggregate::sum(column);
            }
            if totals.row {
                values[place] = aggregate::sum(&sums);
            }
            self.rows.push(Row { event: None, values, position: 0 });
        }
    }

    fn count_frequent(&mut self, frequent: &CountFrequent) {
        let columns: Vec<Vec<Value>> = frequent.fields.iter().map(|field| self.of(field)).collect();
        let identity =
            |key: &[Value]| key.iter().map(|value| coerce::identity(value).map(|text| text.into_owned())).collect::<Vec<_>>();
        let mut counts: Vec<(Vec<Value>, i64)> = Vec::new();
        for place in 0..self.rows.len() {
            let key: Vec<Value> = columns.iter().map(|column| column[place].clone()).collect();
            match counts.iter_mut().find(|(known, _)| identity(known) == identity(&key)) {
                Some((_, count)) => *count += 1,
                None => counts.push((key, 1)),
            }
        }
        counts.sort_by(|(left, first), (right, second)| {
            let each = left.iter().zip(right).map(|(left, right)| {
                order::value_cmp(left, right).then_with(|| coerce::identity(left).cmp(&coerce::identity(right)))
            });
            second.cmp(first).then_with(|| each.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then))
        });
        let mut names: Vec<(String, Option<String>)> =
            frequent.fields.iter().map(|field| (field.node.flat_name(), None)).collect();
        names.push(("_approxcount".to_owned(), None));
        let row = |(position, (mut values, count)): (i64, (Vec<Value>, i64))| {
            values.push(Value::Integer(count));
            Row { event: None, values, position }
        };
        let rows = (0..).zip(counts).map(row).collect();
        let mut defaults: Vec<(String, Binding)> = Vec::new();
        for (place, (name, _)) in names.iter().enumerate() {
            put(&mut defaults, name, Binding::Defined(place));
        }
        *self = Self { rows, names, defaults, is_computed: true, ..Self::default() };
    }

    fn outlier(&mut self, outlier: &Outlier) {
        let param = outlier.param.as_ref().map_or(2.5, |param| param.node.value());
        let mut is_outlier = vec![false; self.rows.len()];
        for field in &outlier.fields {
            let values = self.of(field);
            let quartile = |percent| coerce::number(&aggregate::pct(&values, percent)).map(|number| number.as_f64());
            let borders = quartile(25.0).zip(quartile(75.0)).map(|(first, third)| {
                let distance = param * (third - first);
                (if outlier.use_lower { first - distance } else { f64::NEG_INFINITY }, third + distance)
            });
            let (mut moved, mut marks) = (values.clone(), vec![Value::Boolean(false); values.len()]);
            for (place, value) in values.iter().enumerate() {
                let Some((number, (lower, upper))) = coerce::number(value).map(|number| number.as_f64()).zip(borders) else {
                    continue;
                };
                if number > upper || number < lower {
                    is_outlier[place] = true;
                    marks[place] = Value::Boolean(true);
                    moved[place] = Value::double(if number > upper { upper } else { lower });
                }
            }
            let name = field.node.flat_name();
            self.define_and_show(&name, moved);
            if outlier.mark {
                self.define_and_show(&format!("{name}_outlier"), marks);
            }
        }
        if outlier.action == OutlierAction::Remove {
            let mut is_outlier = is_outlier.into_iter();
            self.rows.retain(|_| !is_outlier.next().unwrap_or_default());
        }
    }

    fn sessionize(&mut self, sessionize: &Sessionize) -> Option<()> {
        let span = sessionize.max_span.as_ref().map_or(Some(30 * 60_000), |span| span.node.millis())?;
        let time = Name::new("@timestamp").ok().map(FieldPath::field)?;
        let times = self.values_of(&if self.is_computed { self.bind(&time) } else { Binding::OfEvent("@timestamp".to_owned()) });
        let columns: Vec<Vec<Value>> = sessionize.fields.iter().map(|field| self.of(field)).collect();
        let key = |place: usize| {
            let key = columns.iter().map(|column| coerce::identity(&column[place]).map(|text| text.into_owned()));
            Some((key.collect::<Option<Vec<_>>>()?, coerce::moment(&times[place])?))
        };
        let keys: Vec<Option<(Vec<String>, i64)>> = (0..self.rows.len()).map(key).collect();
        // The first moment identifies a session: the chain of the key's events in which none is too far from the next.
        let begin = |key: &(Vec<String>, i64)| {
            let mut begin = key.1;
            loop {
                let of_key = keys.iter().flatten().filter(|(known, _)| *known == key.0).map(|(_, time)| *time);
                match of_key.filter(|time| *time < begin && begin - *time <= span).min() {
                    Some(earlier) => begin = earlier,
                    None => return (key.0.clone(), begin),
                }
            }
        };
        let mut met: Vec<(Vec<String>, i64)> = Vec::new();
        let mut sessions = Vec::new();
        for key in &keys {
            let Some(key) = key else {
                sessions.push(Value::Missing);
                continue;
            };
            let session = begin(key);
            let number = met.iter().position(|known| *known == session).unwrap_or_else(|| {
                met.push(session);
                met.len() - 1
            });
            sessions.push(Value::Integer(number as i64 + 1));
        }
        let name = sessionize.alias.as_ref().map_or_else(|| "session_id".to_owned(), |alias| alias.node.flat_name());
        self.define_and_show(&name, sessions);
        Some(())
    }
}
