//! What a report is: a name, keys, the requests that it counts, and the step that makes its rows of a query's rows.
//!
//! Owns the types of definitions. [`super::catalogue`] has the 32 reports as data.

use super::fields::{self, Field};
use super::format::LogFormat;

/// A report.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// The name in requests.
    pub name: &'static str,
    /// The title.
    pub title: &'static str,
    /// What it answers, in one or two sentences.
    pub description: &'static str,
    /// The keys of its rows.
    pub keys: &'static [Key],
    /// The requests that it counts; `None`: all.
    pub only: Option<Only>,
    /// How its rows are made.
    pub shape: Shape,
}

/// How the rows of a report are made of the rows of its query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A row for each group of equal keys, with all measures.
    Grouped,
    /// The same, with `pct` of the requests of the rows with this first key.
    PivotOf(Key),
    /// A row for each group and each of these latencies, which has no other measures.
    Phases(&'static [Phase]),
    /// Rows for each of the keys by itself.
    Each,
    /// Single requests.
    Requests(RequestOrder),
    /// Another report, compared with the period before.
    Compare,
    /// With amounts by the price model.
    Billing,
    /// Lines by their kind.
    LineKinds,
}

/// The order of single requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestOrder {
    /// The newest first.
    Newest,
    /// The slowest first.
    Slowest,
}

/// A key of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A field without which the report has no meaning.
    Field(Field),
    /// A field that is left out if the log format lacks it.
    Also(Field),
    /// The path of the request, else of the resource.
    Path,
    /// The route: `resourcePath` of REST APIs, `routeKey` of HTTP APIs; `path` if the format has neither.
    Route,
    /// The issuer of the token. The dashboard's format has it as `clientId`.
    Issuer,
    /// The begin of the period.
    Time,
    /// The day.
    Day,
    /// The hour of the day, `00` to `23`.
    Hour,
    /// The day of the week.
    Weekday,
    /// What the caller chose by `dimension`.
    Dimension,
    /// The class of the status, such as `4xx`.
    StatusClass,
    /// How the caller was authenticated.
    AuthMethod,
    /// Whether the gateway or the backend made the error.
    Origin,
    /// The usage plan.
    Plan,
    /// The customer, else the id of its API key.
    Customer,
    /// The family of the user agent.
    AgentFamily,
    /// The operating system of the user agent.
    AgentOs,
    /// The class of the user agent.
    AgentClass,
    /// The country of the address.
    Country,
    /// The kind of latency.
    Phase,
    /// The kind of line.
    LineKind,
}

/// A column of the query that a key is computed of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// A field.
    Field(Field),
    /// The period of [`super::bins`].
    Time,
    /// An expression, under a name of its own.
    Expression(Field),
}

/// The fields of API keys, by which plan and customer are found.
pub(super) const CUSTOMER_FIELDS: [Field; 3] = [fields::API_ID, fields::STAGE, fields::API_KEY_ID];

impl Key {
    /// The name in rows.
    #[must_use]
    pub fn name(self, format: Option<&LogFormat>) -> &'static str {
        let has = |field| format.is_none_or(|format| format.has(field));
        match self {
            Self::Field(field) | Self::Also(field) => field.name(),
            Self::Path if has(fields::PATH) => "path",
            Self::Path => "resourcePath",
            Self::Route => route_fields(has).first().map_or(fields::RESOURCE_PATH, |field| *field).name(),
            Self::Issuer => "iss",
            Self::Time => "time",
            Self::Day => "day",
            Self::Hour => "hour",
            Self::Weekday => "weekday",
            Self::Dimension => "dimension",
            Self::StatusClass => "statusClass",
            Self::AuthMethod => "authMethod",
            Self::Origin => "origin",
            Self::Plan => "planName",
            Self::Customer => "customer",
            Self::AgentFamily => "family",
            Self::AgentOs => "os",
            Self::AgentClass => "class",
            Self::Country => "country",
            Self::Phase => "phase",
            Self::LineKind => "kind",
        }
    }

    /// The fields without which the key cannot be computed, one of which is needed; empty: it needs none.
    #[must_use]
    pub fn needs(self) -> &'static [Field] {
        match self {
            Self::Field(field) => one_of(field),
            Self::Path => &[fields::PATH, fields::RESOURCE_PATH],
            Self::Route => &[fields::RESOURCE_PATH, fields::ROUTE_KEY, fields::PATH],
            Self::StatusClass => &[fields::STATUS],
            Self::AuthMethod => AUTH_FIELDS,
            Self::Customer => &[fields::API_KEY_ID],
            Self::AgentFamily | Self::AgentOs | Self::AgentClass => &[fields::USER_AGENT],
            Self::Country => &[fields::IP],
            Self::Also(_)
            | Self::Issuer
            | Self::Plan
            | Self::Time
            | Self::Day
            | Self::Hour
            | Self::Weekday
            | Self::Dimension
            | Self::Origin
            | Self::Phase
            | Self::LineKind => &[],
        }
    }
}

/// The fields that show how a caller was authenticated.
const AUTH_FIELDS: &[Field] = &[
    fields::USER_ARN,
    fields::SUB,
    fields::COGNITO_IDENTITY_ID,
    fields::AUTHORIZER_PRINCIPAL_ID,
    fields::CLIENT_CERT_SUBJECT,
    fields::API_KEY_ID,
];

/// The fields of the route, one of which an event has.
pub(super) fn route_fields(has: impl Fn(Field) -> bool) -> Vec<Field> {
    let routes: Vec<Field> = [fields::RESOURCE_PATH, fields::ROUTE_KEY].into_iter().filter(|field| has(*field)).collect();
    if routes.is_empty() { vec![fields::PATH] } else { routes }
}

/// The field as a list of one, for [`Key::needs`].
fn one_of(field: Field) -> &'static [Field] {
    let index = fields::ALL.iter().position(|known| *known == field);
    index.and_then(|index| fields::ALL.get(index..=index)).unwrap_or(&[])
}

/// The requests that a report counts: those for which one of the parts holds. A part of a field that the format lacks is left out.
#[derive(Debug, Clone, Copy)]
pub struct Only(pub &'static [(Field, &'static str)]);

impl Only {
    /// The condition; `None`: the format has none of the fields.
    #[must_use]
    pub fn condition(self, format: &LogFormat) -> Option<String> {
        let parts: Vec<&str> = self.0.iter().filter(|(field, _)| format.has(*field)).map(|(_, part)| *part).collect();
        (!parts.is_empty()).then(|| parts.join(" or "))
    }

    /// The fields, one of which it needs.
    #[must_use]
    pub fn fields(self) -> Vec<Field> {
        let mut all: Vec<Field> = self.0.iter().map(|(field, _)| *field).collect();
        all.dedup();
        all
    }
}

/// A latency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phase {
    /// The name in rows.
    pub name: &'static str,
    /// The fields that it needs, all of them.
    pub needs: &'static [Field],
    /// The expression.
    pub of: &'static str,
}

/// The latency of the whole response, which is the measure `latency` of all reports.
pub const RESPONSE: Phase = Phase { name: "response", needs: &[fields::RESPONSE_LATENCY], of: "responseLatency" };
/// The integration's part.
pub const INTEGRATION: Phase = Phase { name: "integration", needs: &[fields::INTEGRATION_LATENCY], of: "integrationLatency" };
/// The authorizer's part.
pub const AUTHORIZER: Phase =
    Phase { name: "authorizer", needs: &[fields::AUTHORIZER_INTEGRATION_LATENCY], of: "authorizerIntegrationLatency" };
/// The part of the authorization.
pub const AUTHORIZE: Phase = Phase { name: "authorize", needs: &[fields::AUTHORIZE_LATENCY], of: "authorizeLatency" };
/// The firewall's part.
pub const WAF: Phase = Phase { name: "waf", needs: &[fields::WAF_LATENCY], of: "wafLatency" };
/// What the gateway itself takes: the difference, over the requests that have both numbers.
pub const OVERHEAD: Phase = Phase {
    name: "overhead",
    needs: &[fields::RESPONSE_LATENCY, fields::INTEGRATION_LATENCY],
    of: "responseLatency - integrationLatency",
};

impl Phase {
    /// Whether the format has its fields.
    #[must_use]
    pub fn is_in(self, format: &LogFormat) -> bool {
        self.needs.iter().all(|field| format.has(*field))
    }
}
