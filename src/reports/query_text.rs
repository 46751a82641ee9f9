//! The texts of queries: of a report, and of the lines of a log.
//!
//! A text is made of constants and of printed expressions (`super::condition`), never of text of a caller.

use logmark_access_log::Prelude;

use super::catalogue;
use super::definition::{Column, Definition, Key, RequestOrder, Shape};
use super::fields::{self, Field};
use super::format::{EXECUTION_LINE, LogFormat};
use super::plan::{MAX_QUERY_ROWS, Plan, Unanswerable, limit_of};
use super::request::{ErrorClass, ReportRequest};

impl Plan {
    /// The text of the report's query.
    pub(super) fn query(&self, request: &ReportRequest, offset: usize) -> Result<String, Unanswerable> {
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
