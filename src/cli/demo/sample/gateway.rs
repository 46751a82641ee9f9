//! API Gateway's access logs, one line for each request.
//!
//! - JSON: the keys of the console's REST template, then those of the usage dashboard (aws-samples/serverless-samples,
//!   `apigw-log-analytic`) that the reports need; every value is a string and a missing one is `-`, as API Gateway writes.
//! - CLF: the console's REST template.
//! - The event's time is that of the request; the line has it in whole seconds.

use super::json::object;
use super::people::{Caller, Tenant};
use super::random::Random;
use super::traffic::{clf, incident};

/// Which of API Gateway's formats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Format {
    Json,
    Clf,
}

/// A route: method, resource, usual milliseconds, usual bytes.
#[derive(Clone, Copy)]
struct Route {
    method: &'static str,
    resource: &'static str,
    median_ms: u32,
    bytes: u32,
}

const fn route(method: &'static str, resource: &'static str, median_ms: u32, bytes: u32) -> Route {
    Route { method, resource, median_ms, bytes }
}

const ACME: [Route; 9] = [
    route("GET", "/products", 38, 18_400),
    route("GET", "/products/{id}", 22, 2_900),
    route("GET", "/cart", 31, 1_300),
    route("POST", "/cart/items", 54, 420),
    route("GET", "/search", 120, 9_600),
    route("POST", "/checkout", 310, 760),
    route("GET", "/orders/{id}", 47, 1_900),
    route("DELETE", "/cart/items/{id}", 40, 2),
    route("GET", "/health", 4, 15),
];

const GLOBEX: [Route; 7] = [
    route("GET", "/invoices", 66, 7_200),
    route("GET", "/invoices/{id}", 35, 3_100),
    route("GET", "/invoices/{id}/pdf", 240, 86_000),
    route("POST", "/invoices", 180, 640),
    route("GET", "/customers/{id}", 29, 1_100),
    route("PUT", "/customers/{id}", 75, 1_100),
    route("GET", "/health", 4, 15),
];

/// The end of a request: the status, and API Gateway's error text, if the error is its own.
#[derive(Clone, Copy)]
struct Outcome {
    status: u16,
    response_type: &'static str,
    message: &'static str,
}

const fn outcome(status: u16, response_type: &'static str, message: &'static str) -> Outcome {
    Outcome { status, response_type, message }
}

const CLIENT_ERRORS: [Outcome; 7] = [
    outcome(404, "-", "-"),
    outcome(400, "-", "-"),
    outcome(401, "UNAUTHORIZED", "Unauthorized"),
    outcome(403, "EXPIRED_TOKEN", "The incoming token has expired"),
    outcome(429, "QUOTA_EXCEEDED", "Limit Exceeded"),
    outcome(429, "THROTTLED", "Too Many Requests"),
    outcome(403, "ACCESS_DENIED", "User is not authorized to access this resource"),
];

const SERVER_ERRORS: [Outcome; 3] = [
    outcome(500, "-", "-"),
    outcome(502, "DEFAULT_5XX", "Internal server error"),
    outcome(504, "INTEGRATION_TIMEOUT", "Endpoint request timed out"),
];

/// One request's line.
pub(super) fn line(at: i64, tenant: Tenant, format: Format, random: &mut Random) -> String {
    let request = Request::new(at, tenant, random);
    match format {
        Format::Json => request.json(at, random),
        Format::Clf => request.clf(at, random),
    }
}

struct Request {
    tenant: Tenant,
    caller: Caller,
    route: Route,
    outcome: Outcome,
    latency_ms: u32,
    bytes: u32,
}

impl Request {
    fn new(at: i64, tenant: Tenant, random: &mut Random) -> Self {
        let route = match tenant {
            Tenant::Acme => random.pick_early(&ACME),
            Tenant::Globex => random.pick_early(&GLOBEX),
        };
        let outcome = ending(route, incident(at), random);
        let slowed = if incident(at) { 6 } else { 1 };
        let answered = outcome.response_type == "-";
        let latency_ms = match outcome.status {
            504 => 29_000 + random.below(12),
            _ if answered => random.latency(route.median_ms * slowed),
            _ => random.between(2, 14),
        };
        let bytes = match outcome.status {
            200 | 201 => route.bytes / 2 + random.below(route.bytes),
            204 | 304 => 0,
            _ => 20 + random.below(60),
        };
        Self { tenant, caller: tenant.caller(random), route, outcome, latency_ms, bytes }
    }

    fn json(&self, at: i64, random: &mut Random) -> String {
        let user = self.caller.user();
        let integration = match self.outcome.response_type {
            "-" => (self.latency_ms - self.latency_ms / 12).to_string(),
            "INTEGRATION_TIMEOUT" => "29000".to_owned(),
            _ => "-".to_owned(),
        };
        let path = self.route.resource.replace("{id}", &random.between(1, 900).to_string());
        object(&[
            ("requestId", random.uuid().into()),
            ("extendedRequestId", extended_id(random).into()),
            ("ip", self.caller.ip().into()),
            ("caller", "-".into()),
            ("user", user.into()),
            ("requestTime", clf(at).into()),
            ("httpMethod", self.route.method.into()),
            ("resourcePath", self.route.resource.into()),
            ("status", self.outcome.status.to_string().into()),
            ("protocol", "HTTP/1.1".into()),
            ("responseLength", self.bytes.to_string().into()),
            ("tenant", self.tenant.name().into()),
            ("stage", "prod".into()),
            ("domainName", format!("api.{}.example.com", self.tenant.name()).into()),
            ("path", format!("/prod{path}").into()),
            ("identityApiKeyId", self.caller.key_id().into()),
            ("identityUserAgent", self.caller.agent().into()),
            ("errorMessage", self.outcome.message.into()),
            ("errorResponseType", self.outcome.response_type.into()),
            ("integrationLatency", integration.into()),
            ("responseLatency", self.latency_ms.to_string().into()),
        ])
    }

    fn clf(&self, at: i64, random: &mut Random) -> String {
        format!(
            "{} - {} [{}] \"{} {} HTTP/1.1\" {} {} {} {}",
            self.caller.ip(),
            self.caller.user(),
            clf(at),
            self.route.method,
            self.route.resource,
            self.outcome.status,
            self.bytes,
            random.uuid(),
            extended_id(random)
        )
    }
}

fn ending(route: Route, incident: bool, random: &mut Random) -> Outcome {
    let (client_errors, server_errors) = if incident { (70, 280) } else { (55, 6) };
    if random.chance(server_errors) {
        random.pick_early(&SERVER_ERRORS)
    } else if random.chance(client_errors) && route.resource != "/health" {
        random.pick_early(&CLIENT_ERRORS)
    } else {
        let status = match route.method {
            "POST" => 201,
            "DELETE" => 204,
            "GET" if random.chance(60) => 304,
            _ => 200,
        };
        outcome(status, "-", "-")
    }
}

/// Fifteen characters of base64 and a `=`, as API Gateway has them.
fn extended_id(random: &mut Random) -> String {
    const ALPHABET: [char; 64] = {
        let mut alphabet = ['-'; 64];
        let mut at = 0;
        while at < 64 {
            alphabet[at] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[at] as char;
            at += 1;
        }
        alphabet
    };
    (0..15).map(|_| random.pick(&ALPHABET)).chain(['=']).collect()
}
