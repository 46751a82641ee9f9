//! From the rows of queries to the rows of a report: keys that are computed here, equal keys joined, rates, order, limit.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::agents::{Agent, Agents};
use super::bins::{self, Bin};
use super::definition::{Column, Key, Shape, route_fields};
use super::enrich::ReportEnrichment;
use super::fields::{self, Field};
use super::filters::Filters;
use super::measures::{Measures, ratio};
use super::plan::{self, Plan};
use super::report::{Keys, Row};
use super::request::{ReportRequest, Sort};
use super::rows::QueryRow;
use crate::domain::query::operations::Row as Raw;
use crate::domain::time::Millis;

/// The value of a dimension for all values that have no series of their own.
pub const OTHER: &str = "other";

/// Rows of a report, while they are computed.
#[derive(Debug)]
pub struct Fold {
    request: Arc<ReportRequest>,
    additions: ReportEnrichment,
    agents: Agents,
    rows: HashMap<Keys, Measures>,
    /// The requests of all rows.
    total: u64,
    /// Milliseconds that are added to times: those of a period before are compared with those of this one.
    shift: i64,
    /// Queries whose rows were added.
    queries: usize,
}

impl Fold {
    /// No rows.
    #[must_use]
    pub fn new(request: Arc<ReportRequest>, additions: ReportEnrichment, shift: i64) -> Self {
        Self { request, additions, agents: Agents::default(), rows: HashMap::new(), total: 0, shift, queries: 0 }
    }

    /// Adds the rows of a query.
    pub fn add(&mut self, plan: &Plan, rows: &[Raw]) {
        let visitors_add = plan.visitors_add() && self.queries == 0;
        self.queries += 1;
        for raw in rows {
            let row = QueryRow(raw);
            let enriched = Enriched::of(&row, plan, &self.additions, &mut self.agents);
            if !enriched.is_admitted(&self.request.filters) {
                continue;
            }
            let values: Vec<(&'static str, Option<String>)> =
                plan.keys.iter().map(|key| self.named_value(*key, &row, plan, &enriched)).collect();
            self.total += row.count("requests").unwrap_or(0);
            match plan.definition.shape {
                Shape::Phases(_) => self.add_phases(plan, &row, &values),
                Shape::Each => values.into_iter().for_each(|value| self.merge(Keys(vec![value]), row.measures(), false)),
                _ => self.merge(Keys(values), row.measures(), visitors_add),
            }
        }
    }

    fn add_phases(&mut self, plan: &Plan, row: &QueryRow<'_>, keys: &[(&'static str, Option<String>)]) {
        for (index, phase) in plan.phases.iter().enumerate() {
            let mut keys = keys.to_vec();
            if let Some((_, value)) = keys.iter_mut().find(|(name, _)| *name == "phase") {
                *value = Some(phase.name.to_owned());
            }
            let latency = row.latency(index).filter(|latency| latency.n > 0);
            if latency.is_some() {
                self.merge(Keys(keys), Measures { latency, ..Measures::default() }, false);
            }
        }
    }

    fn merge(&mut self, keys: Keys, measures: Measures, visitors_add: bool) {
        match self.rows.get_mut(&keys) {
            Some(known) => known.merge(&measures, visitors_add),
            None => drop(self.rows.insert(keys, measures)),
        }
    }

    fn named_value(&self, key: Key, row: &QueryRow<'_>, plan: &Plan, enriched: &Enriched) -> (&'static str, Option<String>) {
        if key == Key::Route {
            // The name tells which of the two the route is.
            let fields = route_fields(|field| plan.format.has(field));
            let found = fields.into_iter().find_map(|field| Some((field.name(), Some(row.text(field.name())?.to_owned()))));
            return found.unwrap_or((key.name(Some(&plan.format)), None));
        }
        (key.name(Some(&plan.format)), self.value(key, row, plan, enriched))
    }

    fn value(&self, key: Key, row: &QueryRow<'_>, plan: &Plan, enriched: &Enriched) -> Option<String> {
        let time = || row.text("time").and_then(bins::parse_time);
        let shifted = |bin: Bin| {
            let time = time()?;
            Some(bin.start_of(Millis(time.0.saturating_add(self.shift)), &plan.zone))
        };
        let agent = || enriched.agent.as_ref();
        match key {
            Key::Time => Some(bins::print_time(shifted(plan.bin.unwrap_or(plan.query_bin))?, &plan.zone)),
            Key::Day => local(shifted(Bin::D1)?, &plan.zone, "%Y-%m-%d"),
            Key::Hour => local(time()?, &plan.zone, "%H"),
            Key::Weekday => local(time()?, &plan.zone, "%A"),
            Key::StatusClass => row.text("status").and_then(|status| Some(format!("{}xx", status.get(..1)?))),
            Key::Plan => enriched.plan.clone(),
            Key::Customer => enriched.customer.clone(),
            Key::AgentFamily => agent()?.family.clone(),
            Key::AgentOs => agent()?.os.clone(),
            Key::AgentClass => Some(agent()?.class.to_owned()),
            Key::Country => row.text(fields::IP.name()).and_then(|address| self.additions.country_of(address)),
            Key::Issuer => row.text(fields::CLIENT_ID.name()).map(str::to_owned),
            Key::Phase | Key::Dimension | Key::LineKind => None,
            _ => row.text(key.name(Some(&plan.format))).map(str::to_owned),
        }
    }

    /// The number of requests of all rows.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The rows with rates and amounts, in no order.
    #[must_use]
    pub fn into_rows(mut self, plan: &Plan) -> Vec<Row> {
        let totals = match plan.definition.shape {
            Shape::PivotOf(key) => self.totals_of(key.name(Some(&plan.format))),
            _ => HashMap::new(),
        };
        let pivot = match plan.definition.shape {
            Shape::PivotOf(key) => Some(key.name(Some(&plan.format))),
            _ => None,
        };
        if plan.definition.shape == Shape::Billing {
            self.add_amounts();
        }
        let total = self.total;
        let rows = self.rows.into_iter().map(|(keys, measures)| {
            let of = pivot.map_or(total, |name| totals.get(&keys.get(name).map(str::to_owned)).copied().unwrap_or(total));
            Row { measures: measures.with_rates(of), keys }
        });
        let mut rows: Vec<Row> = rows.collect();
        if rows.iter().all(|row| row.keys.get("country").is_none()) {
            rows.iter_mut().for_each(|row| row.keys.0.retain(|(name, _)| *name != "country"));
        }
        rows
    }

    fn totals_of(&self, key: &str) -> HashMap<Option<String>, u64> {
        let mut totals = HashMap::new();
        for (keys, measures) in &self.rows {
            *totals.entry(keys.get(key).map(str::to_owned)).or_insert(0) += measures.requests.unwrap_or(0);
        }
        totals
    }

    /// A price model is about all requests of a customer; its rows share the amount by their requests.
    fn add_amounts(&mut self) {
        let mut customers: HashMap<(Option<String>, Option<String>), (u64, u64)> = HashMap::new();
        let of = |keys: &Keys| (keys.get("planName").map(str::to_owned), keys.get("customer").map(str::to_owned));
        for (keys, measures) in &self.rows {
            let sum = customers.entry(of(keys)).or_default();
            sum.0 += measures.requests.unwrap_or(0);
            sum.1 += measures.bytes.unwrap_or(0);
        }
        for (keys, measures) in &mut self.rows {
            let customer = of(keys);
            let (requests, bytes) = customers.get(&customer).copied().unwrap_or_default();
            let bill = self.additions.prices().and_then(|prices| prices.bill(customer.0.as_deref(), requests, bytes));
            let amount = bill.map(|bill| bill.total().to_f64());
            let share = ratio(measures.requests.unwrap_or(0), requests);
            measures.amount = amount.zip(share).map(|(amount, share)| amount * share / 100.0);
        }
    }
}

/// The added values of a row.
#[derive(Debug)]
struct Enriched {
    plan: Option<String>,
    customer: Option<String>,
    agent: Option<Agent>,
}

impl Enriched {
    fn of(row: &QueryRow<'_>, plan: &Plan, additions: &ReportEnrichment, agents: &mut Agents) -> Self {
        let groups_by = |field: Field| plan.by.contains(&Column::Field(field));
        let text = |field: Field| row.text(field.name()).filter(|_| groups_by(field));
        let (name, customer) = row.customer(additions).filter(|_| groups_by(fields::API_KEY_ID)).unwrap_or_default();
        Self { plan: name, customer, agent: text(fields::USER_AGENT).map(|text| agents.get(text).clone()) }
    }

    fn is_admitted(&self, filters: &Filters) -> bool {
        let is_bot = self.agent.as_ref().is_some_and(|agent| agent.is_bot);
        filters.admits(self.plan.as_deref(), self.customer.as_deref(), is_bot)
    }
}

fn local(moment: Millis, zone: &TimeZone, format: &str) -> Option<String> {
    let time = Timestamp::from_millisecond(moment.0).ok()?;
    Some(time.to_zoned(zone.clone()).strftime(format).to_string())
}

/// Rows in their order, and whether the limit cut some.
#[must_use]
pub fn ordered(mut rows: Vec<Row>, plan: &Plan, request: &ReportRequest) -> (Vec<Row>, bool) {
    let limit = plan::limit_of(plan.definition, request);
    let series = series_key(plan, request);
    let mut is_cut = false;
    if let Some(name) = series {
        (rows, is_cut) = with_other(rows, name, limit);
    }
    let default = default_sort(plan);
    let set = |row: &Row| {
        row.keys.0.first().and_then(|(name, _)| plan.keys.iter().position(|key| key.name(Some(&plan.format)) == *name))
    };
    let is_each = plan.definition.shape == Shape::Each && request.sort.is_none();
    let sort = request.sort.as_ref().or(default.as_ref());
    rows.sort_by(|one, two| {
        let by_set = if is_each { set(one).cmp(&set(two)) } else { Ordering::Equal };
        by_set.then_with(|| compare(one, two, sort))
    });
    if series.is_none() && rows.len() > limit {
        rows.truncate(limit);
        is_cut = true;
    }
    (rows, is_cut)
}

/// The key that splits a time series.
fn series_key(plan: &Plan, request: &ReportRequest) -> Option<&'static str> {
    let splits = request.dimension.is_some() && plan.definition.keys.contains(&Key::Dimension) && plan.keys.contains(&Key::Time);
    splits.then(|| plan.keys.last().map(|key| key.name(Some(&plan.format)))).flatten()
}

/// Series of the `most` most frequent values; the rows of all other values are joined.
fn with_other(rows: Vec<Row>, name: &'static str, most: usize) -> (Vec<Row>, bool) {
    let mut totals: HashMap<Option<String>, u64> = HashMap::new();
    for row in &rows {
        *totals.entry(row.keys.get(name).map(str::to_owned)).or_default() += row.measures.requests.unwrap_or(0);
    }
    let mut values: Vec<_> = totals.into_iter().collect();
    if values.len() <= most {
        return (rows, false);
    }
    values.sort_by(|one, two| two.1.cmp(&one.1).then_with(|| one.0.cmp(&two.0)));
    let own: HashSet<Option<String>> = values.into_iter().take(most).map(|(value, _)| value).collect();
    let all: u64 = rows.iter().filter_map(|row| row.measures.requests).sum();
    let (mut kept, mut others): (Vec<Row>, HashMap<Keys, Measures>) = (Vec::new(), HashMap::new());
    for mut row in rows {
        if own.contains(&row.keys.get(name).map(str::to_owned)) {
            kept.push(row);
            continue;
        }
        row.keys.0.iter_mut().filter(|(known, _)| *known == name).for_each(|(_, value)| *value = Some(OTHER.to_owned()));
        match others.get_mut(&row.keys) {
            Some(other) => other.merge(&row.measures, false),
            None => drop(others.insert(row.keys, Measures { visitors: None, ..row.measures })),
        }
    }
    kept.extend(others.into_iter().map(|(keys, measures)| Row { keys, measures: measures.with_rates(all) }));
    (kept, true)
}

fn default_sort(plan: &Plan) -> Option<Sort> {
    let by_keys = plan.definition.keys.len() <= 2 && matches!(plan.keys.first(), Some(Key::Time | Key::Hour));
    let by = if matches!(plan.definition.shape, Shape::Phases(_)) { "latency.n" } else { "requests" };
    (!by_keys).then(|| Sort { by: by.to_owned(), descending: true })
}

/// By the measure or the key, then by all keys, so that the order never depends on chance. Rows without the value are last.
fn compare(one: &Row, two: &Row, sort: Option<&Sort>) -> Ordering {
    let by_value = sort.map_or(Ordering::Equal, |Sort { by, descending }| {
        let order = |first: Option<Ordering>| if *descending { first.map(Ordering::reverse) } else { first };
        match (one.measures.value(by), two.measures.value(by)) {
            (Some(one), Some(two)) => order(one.partial_cmp(&two)).unwrap_or(Ordering::Equal),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => match (one.keys.get(by), two.keys.get(by)) {
                (Some(one), Some(two)) => order(Some(one.cmp(two))).unwrap_or(Ordering::Equal),
                (one, two) => two.is_some().cmp(&one.is_some()),
            },
        }
    });
    by_value.then_with(|| {
        let keys = |row: &Row| {
            row.keys.0.iter().map(|(name, value)| (*name, weekday(name, value.as_deref()), value.clone())).collect::<Vec<_>>()
        };
        keys(one).cmp(&keys(two))
    })
}

/// The place of a day in the week.
fn weekday(name: &str, value: Option<&str>) -> usize {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let day = || DAYS.iter().position(|day| Some(*day) == value);
    if name == "weekday" { day().unwrap_or(DAYS.len()) } else { 0 }
}
