//! The query of a report over log groups of one format.
//!
//! Owns the choice of keys and measures by the fields of the format. A key without which the report has no meaning is required; other
//! keys, and measures, are left out. See also [`super::query_text`] (its text).

use jiff::tz::TimeZone;

use super::bins::Bin;
use super::catalogue;
use super::definition::{CUSTOMER_FIELDS, Column, Definition, Key, Phase, RESPONSE, Shape, WAF, route_fields};
use super::fields::{self, Field};
use super::filters::UnusableFilter;
use super::format::LogFormat;
use super::query_text::{AUTH_METHOD, ORIGIN};
use super::request::{Dimension, ReportRequest};

/// Rows of a query at most: the default limit of CloudWatch, and a page of its results.
pub const MAX_QUERY_ROWS: usize = 10_000;

/// Why a report cannot be computed from logs of a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unanswerable {
    /// The format lacks fields; of each group one is needed.
    MissingFields(Vec<&'static [Field]>),
    /// The format lacks the fields of filters.
    Filters(Vec<UnusableFilter>),
}

/// A planned query.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The report.
    pub definition: &'static Definition,
    /// The keys of rows, those that the format has.
    pub keys: Vec<Key>,
    /// The columns that the query groups by.
    pub by: Vec<Column>,
    /// The latencies.
    pub phases: Vec<Phase>,
    /// The period of rows; `None`: the report is no time series.
    pub bin: Option<Bin>,
    /// The period of the query's rows.
    pub query_bin: Bin,
    /// The time zone.
    pub zone: TimeZone,
    /// The format.
    pub format: LogFormat,
    /// The text of the query.
    pub text: String,
}

impl Plan {
    /// Plans the query of a report. `offset`: rows of single requests that the cursor has passed at its last millisecond.
    ///
    /// # Errors
    /// [`Unanswerable`].
    pub fn new(
        definition: &'static Definition,
        request: &ReportRequest,
        zone: &TimeZone,
        format: &LogFormat,
        offset: usize,
    ) -> Result<Self, Unanswerable> {
        let keys = keys(definition, request, format)?;
        let has_time = keys.iter().any(|key| matches!(key, Key::Time | Key::Day | Key::Hour | Key::Weekday));
        let is_series = has_time && !matches!(definition.shape, Shape::Requests(_));
        let bin = is_series.then(|| row_bin(&keys, request));
        let query_bin = bin.unwrap_or(Bin::D1).of_query(zone, request.start, request.end);
        let mut plan = Self {
            definition,
            by: Vec::new(),
            phases: phases(definition, format),
            keys,
            bin: bin.filter(|bin| *bin != Bin::H1 || request.bin.is_some() || !only_hours(definition)),
            query_bin,
            zone: zone.clone(),
            format: format.clone(),
            text: String::new(),
        };
        plan.by = plan.columns(request);
        plan.text = plan.query(request, offset)?;
        Ok(plan)
    }

    /// Whether rows are merged by something that a visitor can have several of: then distinct visitors cannot be added.
    pub(super) fn visitors_add(&self) -> bool {
        let is_key = |field: Field| self.keys.iter().any(|key| key.name(Some(&self.format)) == field.name());
        self.by.iter().all(|column| match *column {
            Column::Field(fields::IP | fields::USER_AGENT) => true,
            Column::Field(fields::RESOURCE_PATH | fields::ROUTE_KEY) if self.keys.contains(&Key::Route) => true,
            Column::Field(fields::CLIENT_ID) if self.keys.contains(&Key::Issuer) => true,
            Column::Field(field) | Column::Expression(field) => is_key(field),
            Column::Time if self.keys.contains(&Key::Time) => self.bin == Some(self.query_bin),
            Column::Time => self.keys.contains(&Key::Day) && self.query_bin == Bin::D1,
        })
    }

    /// What the format lacks for the keys and measures of the report.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let name = self.format.name();
        let mut notes = Vec::new();
        let left_out: Vec<String> = self
            .definition
            .keys
            .iter()
            .filter_map(|key| match key {
                Key::Also(field) if !self.format.has(*field) => Some(format!("`{field}`")),
                Key::Plan if !self.format.has(fields::API_KEY_ID) => Some("`planName`".to_owned()),
                _ => None,
            })
            .collect();
        if !left_out.is_empty() {
            notes.push(format!("the log format `{name}` has no {}, so the rows do not have these keys", left_out.join(", ")));
        }
        if self.counts_addresses() {
            notes.push(format!("the log format `{name}` has no `{}`: `visitors` are distinct addresses", fields::USER_AGENT));
        }
        notes
    }

    /// Whether visitors are counted by their address alone.
    #[must_use]
    pub fn counts_addresses(&self) -> bool {
        let is_counted = !matches!(self.definition.shape, Shape::Phases(_) | Shape::Requests(_) | Shape::LineKinds);
        is_counted && self.format.has(fields::IP) && !self.format.has(fields::USER_AGENT)
    }

    fn columns(&self, request: &ReportRequest) -> Vec<Column> {
        let has = |field: &Field| self.format.has(*field);
        let customer = || CUSTOMER_FIELDS.into_iter().filter(|field| has(field)).map(Column::Field).collect::<Vec<_>>();
        let mut columns: Vec<Column> = Vec::new();
        for key in &self.keys {
            let needed = match key {
                Key::Field(field) | Key::Also(field) => vec![Column::Field(*field)],
                Key::Path => vec![Column::Field(if has(&fields::PATH) { fields::PATH } else { fields::RESOURCE_PATH })],
                Key::Route => route_fields(|field| self.format.has(field)).into_iter().map(Column::Field).collect(),
                Key::Issuer => vec![Column::Field(fields::CLIENT_ID)],
                Key::Time | Key::Day | Key::Hour | Key::Weekday => vec![Column::Time],
                Key::StatusClass => vec![Column::Field(fields::STATUS)],
                Key::AuthMethod => vec![Column::Expression(AUTH_METHOD)],
                Key::Origin => vec![Column::Expression(ORIGIN)],
                Key::Plan | Key::Customer => customer(),
                Key::AgentFamily | Key::AgentOs | Key::AgentClass => vec![Column::Field(fields::USER_AGENT)],
                Key::Country => vec![Column::Field(fields::IP)],
                Key::Dimension | Key::Phase | Key::LineKind => Vec::new(),
            };
            columns.extend(needed);
        }
        if request.filters.needs_customer() {
            columns.extend(customer());
        }
        if request.filters.ignore_bots {
            columns.push(Column::Field(fields::USER_AGENT));
        }
        let mut once: Vec<Column> = Vec::new();
        columns.into_iter().for_each(|column| {
            if !once.contains(&column) {
                once.push(column);
            }
        });
        once
    }
}

/// The rows of a report at most.
#[must_use]
pub fn limit_of(definition: &Definition, request: &ReportRequest) -> usize {
    let is_series = matches!(definition.keys.first(), Some(Key::Time | Key::Hour)) && definition.keys.len() <= 2;
    request.limit.unwrap_or(match (is_series, request.dimension) {
        _ if matches!(definition.shape, Shape::Requests(_)) => 100,
        (true, Some(_)) if definition.keys.first() == Some(&Key::Time) => 10,
        (true, _) => 1000,
        (false, _) => 100,
    })
}

/// The latencies of a report.
fn phases(definition: &Definition, format: &LogFormat) -> Vec<Phase> {
    let all: &[Phase] = match definition.shape {
        Shape::Phases(phases) => phases,
        _ if definition.name == catalogue::WAF => &[WAF],
        _ => &[RESPONSE],
    };
    all.iter().copied().filter(|phase| phase.is_in(format)).collect()
}

/// The keys that the format has.
fn keys(definition: &'static Definition, request: &ReportRequest, format: &LogFormat) -> Result<Vec<Key>, Unanswerable> {
    let has_one = |needed: &[Field]| needed.is_empty() || needed.iter().any(|field| format.has(*field));
    let (mut keys, mut missing) = (Vec::new(), Vec::new());
    for key in definition.keys {
        let key = match key {
            Key::Dimension => match request.dimension.map(dimension) {
                Some(key) => key,
                None => continue,
            },
            key => *key,
        };
        match key {
            Key::Also(field) if !format.has(field) => {}
            Key::Plan if !format.has(fields::API_KEY_ID) => {}
            Key::Issuer if !format.has(fields::CLIENT_ID) => {}
            key if has_one(key.needs()) => keys.push(key),
            key => missing.push(key.needs()),
        }
    }
    if let Shape::Phases(phases) = definition.shape
        && !phases.iter().any(|phase| phase.is_in(format))
    {
        missing.push(RESPONSE.needs);
    }
    if missing.is_empty() { Ok(keys) } else { Err(Unanswerable::MissingFields(missing)) }
}

fn dimension(dimension: Dimension) -> Key {
    match dimension {
        Dimension::Domain => Key::Field(fields::DOMAIN_NAME),
        Dimension::Route => Key::Route,
        Dimension::Customer => Key::Customer,
        Dimension::Plan => Key::Plan,
        Dimension::UserAgent => Key::Field(fields::USER_AGENT),
        Dimension::Status => Key::Field(fields::STATUS),
        Dimension::Method => Key::Field(fields::HTTP_METHOD),
        Dimension::Stage => Key::Field(fields::STAGE),
        Dimension::Weekday => Key::Weekday,
    }
}

/// The period of rows.
fn row_bin(keys: &[Key], request: &ReportRequest) -> Bin {
    if keys.contains(&Key::Time) {
        request.bin.unwrap_or_else(|| Bin::for_range(request.start, request.end))
    } else if keys.contains(&Key::Day) {
        Bin::D1
    } else {
        Bin::H1
    }
}

fn only_hours(definition: &Definition) -> bool {
    definition.keys.first() == Some(&Key::Hour)
}
