//! Reports on latency, on single requests, and on the log itself.

use crate::reports::definition::{
    AUTHORIZE, AUTHORIZER, Definition, INTEGRATION, Key, OVERHEAD, Only, RESPONSE, RequestOrder, Shape, WAF,
};
use crate::reports::fields;

pub(super) const LATENCY_OVERVIEW: Definition = Definition {
    name: "latency-overview",
    title: "Latency",
    description: "Latency of the response, the integration, the authorizer, the authorization and the firewall, each over the requests \
        that have a number.",
    keys: &[Key::Phase],
    only: None,
    shape: Shape::Phases(&[RESPONSE, INTEGRATION, AUTHORIZER, AUTHORIZE, WAF]),
};

pub(super) const LATENCY_SERIES: Definition = Definition {
    name: "latency-series",
    title: "Latency over time",
    description: "Latency over time. `overhead` is response minus integration, over the requests that have both.",
    keys: &[Key::Time, Key::Phase],
    only: None,
    shape: Shape::Phases(&[RESPONSE, INTEGRATION, AUTHORIZER, OVERHEAD]),
};

pub(super) const LATENCY_BY_ROUTE: Definition = Definition {
    name: "latency-by-route",
    title: "Latency by route",
    description: "Latency by domain, path, usage plan and status, with the errors of authorizers.",
    keys: &[
        Key::Also(fields::DOMAIN_NAME),
        Key::Path,
        Key::Plan,
        Key::Field(fields::STATUS),
        Key::Also(fields::AUTHORIZER_ERROR),
        Key::Also(fields::ERROR_RESPONSE_TYPE),
        Key::Also(fields::AUTHORIZE_STATUS),
        Key::Also(fields::AUTHORIZER_INTEGRATION_STATUS),
        Key::Phase,
    ],
    only: None,
    shape: Shape::Phases(&[RESPONSE, INTEGRATION, AUTHORIZER]),
};

pub(super) const REQUESTS: Definition = Definition {
    name: "requests",
    title: "Requests",
    description: "Single requests, the newest first. `nextCursor` leads to older ones.",
    keys: REQUEST_KEYS,
    only: None,
    shape: Shape::Requests(RequestOrder::Newest),
};

pub(super) const SLOWEST: Definition = Definition {
    name: "slowest",
    title: "Slowest requests",
    description: "The requests with the longest response latency.",
    keys: REQUEST_KEYS,
    only: Some(Only(&[(fields::RESPONSE_LATENCY, "isNumeric(responseLatency)")])),
    shape: Shape::Requests(RequestOrder::Slowest),
};

/// The time, and the fields of a request in the order of the dashboard's table.
const REQUEST_KEYS: &[Key] = &[
    Key::Time,
    Key::Also(fields::HTTP_METHOD),
    Key::Also(fields::DOMAIN_NAME),
    Key::Also(fields::PATH),
    Key::Also(fields::RESOURCE_PATH),
    Key::Also(fields::ROUTE_KEY),
    Key::Field(fields::STATUS),
    Key::Also(fields::IP),
    Key::Plan,
    Key::Also(fields::API_KEY_ID),
    Key::Also(fields::REQUEST_ID),
    Key::Also(fields::EXTENDED_REQUEST_ID),
    Key::Also(fields::SUB),
    Key::Also(fields::USER),
    Key::Also(fields::USER_AGENT),
    Key::Also(fields::STAGE),
    Key::Also(fields::API_ID),
    Key::Also(fields::ERROR_RESPONSE_TYPE),
    Key::Also(fields::ERROR_MESSAGE),
    Key::Also(fields::AUTHORIZE_ERROR),
    Key::Also(fields::AUTHORIZER_ERROR),
    Key::Also(fields::INTEGRATION_LATENCY),
    Key::Also(fields::AUTHORIZER_LATENCY),
    Key::Also(fields::AUTHORIZER_INTEGRATION_LATENCY),
    Key::Also(fields::AUTHORIZE_LATENCY),
];

pub(super) const COMPARE: Definition = Definition {
    name: "compare",
    title: "Two periods compared",
    description: "Another report, given by `report`, with the measures of the period before: `previous`, `delta` and `deltaPct`.",
    keys: &[],
    only: None,
    shape: Shape::Compare,
};

pub(super) const PARSE_HEALTH: Definition = Definition {
    name: "parse-health",
    title: "Health of the log",
    description: "Log lines by kind: `access`, `execution`, `truncated` and `unparsed`, with examples. `requests` is the number of lines.",
    keys: &[Key::LineKind],
    only: None,
    shape: Shape::LineKinds,
};
