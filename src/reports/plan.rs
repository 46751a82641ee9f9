//! The query of a report over log groups of one format.
//!
//! Owns the choice of keys and measures by the fields of the format. A key without which the report has no meaning is required; other
//! keys, and measures, are left out. The text of the query is made of constants and of printed expressions ([`super::condition`]).

use jiff::tz::TimeZone;
use logmark_access_log::Prelude;

use super::bins::Bin;
use super::catalogue;
use super::definition::{CUSTOMER_FIELDS, Column, Definition, Key, Phase, RESPONSE, RequestOrder, Shape, WAF, route_fields};
use super::fields::{self, Field};
use super::filters::UnusableFilter;
use super::format::{EXECUTION_LINE, LogFormat};
use super::request::{Dimension, ErrorClass, ReportRequest};

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

    fn query(&self, request: &ReportRequest, offset: usize) -> Result<String, Unanswerable> {
        let mut commands = self.format.access_lines(&self.used_fields(request));
        if let Some(only) = self.definition.only {
            let condition = only.condition(&self.format);
            let condition = condition.ok_or_else(|| Unanswerable::MissingFields(vec![only_fields(self.definition)]))?;
            commands.push(format!("filter {condition}"));
        }
        if self.definition.name == catalogue::ERRORS_BY_ROUTE {
            commands.push(format!(
                "filter {}",
                match request.class {
                    Some(ErrorClass::Server) => "status >= 500 and status <= 599",
                    Some(ErrorClass::Client) | None => "status >= 400 and status <= 499",
                }
            ));
        }
        let conditions = request.filters.conditions(&self.format).map_err(Unanswerable::Filters)?;
        commands.extend(conditions.into_iter().map(|condition| format!("filter {condition}")));
        match self.definition.shape {
            Shape::Requests(order) => commands.extend(self.single_requests(order, request, offset)),
            _ => commands.extend(self.grouped()),
        }
        Ok(commands.join(" | "))
    }

    /// The fields that the query can use.
    fn used_fields(&self, request: &ReportRequest) -> Vec<Field> {
        let measured = [fields::STATUS, fields::RESPONSE_LENGTH, fields::IP, fields::USER_AGENT, fields::RESPONSE_LATENCY];
        let mut used: Vec<Field> = measured.into_iter().chain(request.filters.fields()).collect();
        used.extend(self.by.iter().filter_map(|column| match column {
            Column::Field(field) => Some(*field),
            Column::Time | Column::Expression(_) => None,
        }));
        used.extend(self.phases.iter().flat_map(|phase| phase.needs).copied());
        used.extend(self.definition.only.iter().flat_map(|only| only.fields()));
        if self.keys.contains(&Key::AuthMethod) {
            used.extend(Key::AuthMethod.needs());
        }
        if self.keys.contains(&Key::Origin) {
            used.extend([
                fields::INTEGRATION_STATUS,
                fields::ERROR_RESPONSE_TYPE,
                fields::INTEGRATION_LATENCY,
                fields::BACKEND_STATUS,
            ]);
        }
        if matches!(self.definition.shape, Shape::Requests(_)) {
            used.push(fields::REQUEST_ID);
        }
        used
    }

    fn grouped(&self) -> [String; 3] {
        let by: Vec<String> = self.by.iter().map(|column| self.column_text(*column)).collect();
        let by = if by.is_empty() { String::new() } else { format!(" by {}", by.join(", ")) };
        let limit = format!("limit {MAX_QUERY_ROWS}");
        [format!("stats {}{by}", self.aggregates().join(", ")), "sort requests desc".to_owned(), limit]
    }

    fn column_text(&self, column: Column) -> String {
        match column {
            Column::Field(field) => field.name().to_owned(),
            Column::Time => format!("bin({}) as time", self.query_bin.as_str()),
            Column::Expression(name) if name == ORIGIN => format!("{} as {name}", self.origin()),
            Column::Expression(name) => format!("{} as {name}", self.auth_method()),
        }
    }

    fn aggregates(&self) -> Vec<String> {
        let mut found = vec!["count(*) as requests".to_owned()];
        let class = |name: &str, first: u16| format!("sum(if(status >= {first} and status <= {}, 1, 0)) as {name}", first + 99);
        if !matches!(self.definition.shape, Shape::Phases(_)) {
            found.extend([class("errors4xx", 400), class("errors5xx", 500)]);
            if self.keys.is_empty() {
                found.extend([class("status1xx", 100), class("status2xx", 200), class("status3xx", 300)]);
            }
            if self.format.has(fields::RESPONSE_LENGTH) {
                found.push("sum(responseLength) as bytes".to_owned());
            }
            if let Some(visitor) = self.visitor() {
                found.push(format!("count_distinct({visitor}) as visitors"));
            }
        }
        for (index, phase) in self.phases.iter().enumerate() {
            let of = phase.of;
            found.push(format!("sum(isNumeric({of})) as n{index}, avg({of}) as avg{index}, max({of}) as max{index}"));
            found.extend([50, 90, 95, 99].map(|percent| format!("pct({of}, {percent}) as p{percent}_{index}")));
        }
        found.push("min(toMillis(@timestamp)) as firstSeen, max(toMillis(@timestamp)) as lastSeen".to_owned());
        found
    }

    fn visitor(&self) -> Option<String> {
        match (self.format.has(fields::IP), self.format.has(fields::USER_AGENT)) {
            (true, true) => Some(r#"concat(ip, " ", coalesce(identityUserAgent, "-"))"#.to_owned()),
            (true, false) => Some("ip".to_owned()),
            (false, _) => None,
        }
    }

    fn single_requests(&self, order: RequestOrder, request: &ReportRequest, offset: usize) -> Vec<String> {
        let sort = match order {
            RequestOrder::Newest if self.format.has(fields::REQUEST_ID) => "sort @timestamp desc, @logStream, requestId",
            RequestOrder::Newest => "sort @timestamp desc, @logStream",
            RequestOrder::Slowest => "sort responseLatency desc, @timestamp desc",
        };
        let more = [fields::RESPONSE_LENGTH, fields::RESPONSE_LATENCY].into_iter().filter(|field| self.format.has(*field));
        let names: Vec<&str> = self
            .by
            .iter()
            .filter_map(|column| match column {
                Column::Field(field) => Some(field.name()),
                Column::Time | Column::Expression(_) => None,
            })
            .chain(more.map(Field::name))
            .collect();
        let fields = format!("fields toMillis(@timestamp) as time, {}", names.join(", "));
        // One more than the rows, to know whether there are more.
        let limit = if request.filters.is_enriched() { MAX_QUERY_ROWS } else { limit_of(self.definition, request) + offset + 1 };
        vec![fields, sort.to_owned(), format!("limit {}", limit.min(MAX_QUERY_ROWS))]
    }

    /// The way in which the caller was authenticated; the strongest one, if there are several.
    fn auth_method(&self) -> String {
        let ways = [
            (fields::USER_ARN, "iam"),
            (fields::SUB, "cognito_pool"),
            (fields::COGNITO_IDENTITY_ID, "cognito_identity"),
            (fields::AUTHORIZER_PRINCIPAL_ID, "lambda"),
            (fields::CLIENT_CERT_SUBJECT, "mtls"),
            (fields::API_KEY_ID, "api_key"),
        ];
        let known = ways.into_iter().filter(|(field, _)| self.format.has(*field));
        let parts: Vec<String> = known.map(|(field, way)| format!("{}, \"{way}\", ", present(field))).collect();
        format!("case({}\"none\")", parts.concat())
    }

    /// Whether the backend made an error: the integration answered with one, did not answer, or its answer was passed on.
    fn origin(&self) -> String {
        let mut ways = Vec::new();
        if self.format.has(fields::INTEGRATION_STATUS) {
            ways.push("integrationStatus >= 500".to_owned());
        }
        if self.format.has(fields::BACKEND_STATUS) {
            ways.push("backendStatus >= 500".to_owned());
        }
        if self.format.has(fields::ERROR_RESPONSE_TYPE) {
            ways.push(r#"errorResponseType in ["INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT"]"#.to_owned());
            if self.format.has(fields::INTEGRATION_LATENCY) {
                ways.push(format!("(isNumeric(integrationLatency) and not ({}))", present(fields::ERROR_RESPONSE_TYPE)));
            }
        }
        if ways.is_empty() { "\"unknown\"".to_owned() } else { format!("if({}, \"backend\", \"gateway\")", ways.join(" or ")) }
    }
}

/// The column of [`Key::AuthMethod`].
pub(super) const AUTH_METHOD: Field = Field::computed("authMethod");
/// The column of [`Key::Origin`].
pub(super) const ORIGIN: Field = Field::computed("origin");

/// Whether the event has the field: a missing value is written as `-`.
fn present(field: Field) -> String {
    format!("ispresent({field}) and {field} != \"-\"")
}

/// Counts the lines of each kind, for `meta` and for the report `parse-health`.
#[must_use]
pub fn line_kinds(format: &LogFormat) -> String {
    let Prelude { mut commands, is_access } = format.all_lines();
    let seen = "min(toMillis(@timestamp)) as firstSeen, max(toMillis(@timestamp)) as lastSeen";
    commands.push(format!("stats count(*) as requests, {seen} by {} as kind", kind(&is_access)));
    commands.join(" | ")
}

/// Lines of each kind except for the access lines, the newest first.
#[must_use]
pub fn line_samples(format: &LogFormat) -> String {
    let Prelude { mut commands, is_access } = format.all_lines();
    commands.push(format!("fields {} as kind, @message", kind(&is_access)));
    commands.push("filter kind != \"access\"".to_owned());
    commands.push("sort @timestamp desc | limit 200".to_owned());
    commands.join(" | ")
}

fn kind(is_access: &str) -> String {
    let is_cut = [
        r"(@message like /^\s*\{/ and @message not like /\}\s*$/)",
        r"(@message like /^\s*<request/ and @message not like /<\/request>\s*$/)",
    ];
    let is_cut = is_cut.join(" or ");
    format!("case({is_access}, \"access\", {EXECUTION_LINE}, \"execution\", {is_cut}, \"truncated\", \"unparsed\")")
}

/// The fields, one of which the requests of the report need.
fn only_fields(definition: &Definition) -> &'static [Field] {
    let first = definition.only.and_then(|only| only.0.first()).map(|(field, _)| *field);
    first.map_or(&[], |field| Key::Field(field).needs())
}

/// The rows of a report at most.
#[must_use]
pub fn limit_of(definition: &Definition, request: &ReportRequest) -> usize {
    let is_series = matches!(definition.keys.first(), Some(Key::Time | Key::Hour)) && definition.keys.len() <= 2;
    request.limit.unwrap_or(match (is_series, request.dimension) {
        _ if matches!(definition.shape, Shape::Requests(_)) => 100,
        (true, Some(_)) if definition.keys.contains(&Key::Dimension) => 10,
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
