//! Finds the service and operation of a request from its head.
//!
//! Owns the five ways in which AWS's protocols name an operation. Does not read the body: a form names its operation there, which
//! is read after the signature has been verified.

use http::Method;
use http::header::CONTENT_TYPE;
use http::request::Parts;

use super::logs;

const LOGS_TARGET: &str = "Logs_20140328.";
/// The target of `logmark import`.
pub const IMPORT_TARGET: &str = "Logmark.ImportLogEvents";
/// CloudWatch's own name of its version for metrics.
const METRICS: &str = "GraniteServiceVersion20100801";

/// The protocol of a request and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// JSON 1.1 (CloudWatch Logs).
    Json11,
    /// JSON 1.0 (CloudWatch metrics, newer SDKs).
    Json10,
    /// A form, answered in XML (STS, and CloudWatch metrics in older SDKs).
    Query,
    /// CBOR (CloudWatch metrics, the newest SDKs).
    Cbor,
    /// JSON over paths (CloudWatch Observability Access Manager).
    Rest,
}

/// The operation of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedOperation {
    /// An operation of CloudWatch Logs.
    Logs(&'static str),
    /// `ListMetrics` of CloudWatch.
    ListMetrics,
    /// `ListSinks` of CloudWatch Observability Access Manager.
    ListSinks,
    /// A form, whose body names the operation.
    Form,
    /// An unknown operation.
    Unknown,
}

/// The protocol of a request, its operation, and the services that it may be signed for; empty: any.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The protocol.
    pub protocol: Protocol,
    /// The operation.
    pub operation: RequestedOperation,
    /// The services that it may be signed for.
    pub services: &'static [&'static str],
}

impl Route {
    /// The route of a request.
    #[must_use]
    pub fn of(parts: &Parts) -> Self {
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
        let path = parts.uri.path();
        let unknown = |protocol| Self { protocol, operation: RequestedOperation::Unknown, services: &[] };
        if path.starts_with("/service/") {
            let is_metrics = path == format!("/service/{METRICS}/operation/ListMetrics");
            let known = Self { protocol: Protocol::Cbor, operation: RequestedOperation::ListMetrics, services: &["monitoring"] };
            return if is_metrics && parts.method == Method::POST { known } else { unknown(Protocol::Cbor) };
        }
        if path == "/ListSinks" && parts.method == Method::POST {
            return Self { protocol: Protocol::Rest, operation: RequestedOperation::ListSinks, services: &["oam"] };
        }
        if path != "/" || parts.method != Method::POST {
            return unknown(Protocol::Json11);
        }
        let target = text("x-amz-target");
        if let Some(operation) = target.strip_prefix(LOGS_TARGET) {
            let operation = logs::named(operation).map_or(RequestedOperation::Unknown, RequestedOperation::Logs);
            return Self { protocol: Protocol::Json11, operation, services: &["logs"] };
        }
        if target == IMPORT_TARGET {
            return Self { protocol: Protocol::Json11, operation: RequestedOperation::Logs(logs::IMPORT), services: &["logs"] };
        }
        if let Some(operation) = target.strip_prefix(METRICS).and_then(|rest| rest.strip_prefix('.')) {
            let operation =
                if operation == "ListMetrics" { RequestedOperation::ListMetrics } else { RequestedOperation::Unknown };
            return Self { protocol: Protocol::Json10, operation, services: &["monitoring"] };
        }
        if target.is_empty() && text(CONTENT_TYPE.as_str()).starts_with("application/x-www-form-urlencoded") {
            return Self { protocol: Protocol::Query, operation: RequestedOperation::Form, services: &[] };
        }
        unknown(Protocol::Json11)
    }

    /// Whether the body contains a lookup table.
    #[must_use]
    pub fn has_table(&self) -> bool {
        matches!(self.operation, RequestedOperation::Logs("CreateLookupTable" | "UpdateLookupTable"))
    }

    /// The operation's name in log lines and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.operation {
            RequestedOperation::Logs(operation) => operation,
            RequestedOperation::ListMetrics => "ListMetrics",
            RequestedOperation::ListSinks => "ListSinks",
            RequestedOperation::Form => "form",
            RequestedOperation::Unknown => "unmatched",
        }
    }
}
