//! Handles one request, from its head to its answer.
//!
//! Owns the order: head, signature, body, operation, answer; and the single log line. Nothing is decompressed or parsed before
//! the signature has been verified over the received bytes.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use logmark_quota::Share;
use tokio::time::Instant;

use super::endpoint::{Call, Endpoint};
use super::error::ServiceError;
use super::route::{Protocol, RequestedOperation, Route};
use super::{body, identity, logs, other_services};
use crate::http::client_address::ClientAddress;
use crate::http::layers::RequestInfo;
use crate::http::memory;
use crate::sources::page_pool::memory_error;
use crate::telemetry::metrics;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");
const RETRY_MILLIS: HeaderName = HeaderName::from_static("x-amz-retry-after");
const SMITHY: HeaderName = HeaderName::from_static("smithy-protocol");
/// Longest request target. No protocol here uses long ones.
const TARGET_BYTES: usize = 8 * 1024;

/// Answers a request.
pub async fn handle(State(endpoint): State<Arc<Endpoint>>, request: Request) -> Response {
    let begun = Instant::now();
    let (parts, body) = request.into_parts();
    let client = parts.extensions.get::<ClientAddress>().copied();
    let context = RequestInfo::new(&parts.headers, None, client);
    context.audit_context().set_log(&endpoint.audit);
    let route = Route::of(&parts);
    let answer = tokio::time::timeout(endpoint.request_time, answer(&endpoint, &parts, body, route, &context)).await;
    let answer = answer.unwrap_or_else(|_elapsed| Err(ServiceError::unavailable("the request took too long")));
    let (response, fault) = match answer {
        Ok(Answer::Whole(bytes)) => (written(route.protocol, StatusCode::OK, bytes), None),
        Ok(Answer::Events(events)) => (event_stream(events), None),
        Err(fault) => (refused(route.protocol, &fault, context.id()), Some(fault)),
    };
    let elapsed = begun.elapsed();
    metrics::request(route.name(), response.status(), elapsed);
    let operation = route.name();
    context.audit_context().set_operation(operation);
    match &fault {
        Some(fault) => note(&context, route, fault),
        None => context.audit_context().set_ended(None),
    }
    tracing::info!(
        target: "request",
        { request.id = context.id(),
        client.address = client.map(|ClientAddress(address)| tracing::field::display(address)),
        http.method = if parts.method == Method::POST { "POST" } else { "other" },
        http.route = "aws",
        operation,
        http.status = response.status().as_u16(),
        duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        error = fault.as_ref().map(|fault| fault.code) },
        "{operation} {}", response.status().as_u16(),
    );
    finished(response, &context)
}

/// The body of an answer without an error.
enum Answer {
    Whole(Bytes),
    /// An event stream.
    Events(Body),
}

async fn answer(
    endpoint: &Endpoint,
    parts: &Parts,
    body: Body,
    route: Route,
    context: &Arc<RequestInfo>,
) -> Result<Answer, ServiceError> {
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let headers: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if target > TARGET_BYTES || headers > endpoint.header_bytes {
        return Err(ServiceError::new("RequestHeaderSectionTooLarge", "The head of the request is too large."));
    }
    endpoint.audit.admit().map_err(|_| ServiceError::unavailable("audit lines cannot be written"))?;
    let now = endpoint.clock.now();
    let decoded = identity::query_of(parts);
    let signed_head = identity::signed_head(identity::head(parts), &decoded, route.services, now)?;
    let pool = endpoint.sources.page_pool();
    let max_bytes = if route.has_table() { body::MAX_TABLE_BYTES } else { body::MAX_BYTES };
    let received = body::receive(&parts.headers, body, max_bytes, pool, &context.share()).await?;
    let caller = signed_head.verify(&received.bytes, &endpoint.keys)?;
    context.set_caller(caller);
    // From here on, memory counts for the operator and not for an address, which anyone may use.
    context.set_share(Share::new(caller.tenant.id.as_str(), NonZeroU32::MIN));
    let (body, room) = received.unpacked(&parts.headers, pool, &context.share()).await?;
    let call = Call { endpoint, caller, context, region: signed_head.region(), now };
    let answer = match route.operation {
        RequestedOperation::Logs(logs::live_tail::NAME) => return logs::live_tail::start(call, &body).await.map(Answer::Events),
        RequestedOperation::Logs(operation) => logs::answer(call, operation, &body).await,
        RequestedOperation::ListMetrics => Ok(other_services::no_metrics(route.protocol)),
        RequestedOperation::ListSinks => Ok(other_services::no_sinks()),
        RequestedOperation::Form => other_services::form(call, signed_head.service(), &body),
        RequestedOperation::Unknown => Err(ServiceError::unknown_operation()),
    };
    drop(room);
    counted(Bytes::from(answer?), endpoint, context).map(Answer::Whole)
}

/// Counts the answer against the memory for answers until it is sent. Some answers are larger than the reservation for their
/// making: a control character is six bytes in JSON.
fn counted(answer: Bytes, endpoint: &Endpoint, context: &RequestInfo) -> Result<Bytes, ServiceError> {
    let pool = endpoint.sources.page_pool().memory();
    let room = pool.try_reserve(&context.share(), answer.len() as u64).map_err(memory_error)?;
    context.hold_until_sent(room);
    Ok(answer)
}

/// Stores a refusal for the log.
fn note(context: &RequestInfo, route: Route, fault: &ServiceError) {
    metrics::problem(route.name(), fault.code);
    if let Some(cause) = &fault.cause {
        tracing::error!(request.id = context.id(), code = fault.code, cause, "request failed: {cause}");
    }
    let is_denial = matches!(
        fault.code,
        "MissingAuthenticationTokenException"
            | "IncompleteSignatureException"
            | "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "AccessDeniedException"
    );
    if is_denial {
        context.audit_context().denied(route.name(), fault.code, fault.code, false);
    }
    context.audit_context().set_ended(Some(fault.code));
}

fn content_type(protocol: Protocol) -> HeaderValue {
    HeaderValue::from_static(match protocol {
        Protocol::Json11 => "application/x-amz-json-1.1",
        Protocol::Json10 => "application/x-amz-json-1.0",
        Protocol::Query => "text/xml",
        Protocol::Cbor => "application/cbor",
        Protocol::Rest => "application/json",
    })
}

fn written(protocol: Protocol, status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type(protocol));
    if protocol == Protocol::Cbor {
        response.headers_mut().insert(SMITHY, HeaderValue::from_static("rpc-v2-cbor"));
    }
    response
}

fn event_stream(events: Body) -> Response {
    let mut response = Response::new(events);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/vnd.amazon.eventstream"));
    response
}

fn refused(protocol: Protocol, fault: &ServiceError, request_id: &str) -> Response {
    let (status, code, body) = other_services::error(protocol, fault, request_id);
    let mut response = written(protocol, status, body.into());
    let headers = response.headers_mut();
    if let (Ok(value), true) = (HeaderValue::try_from(&code), protocol != Protocol::Query) {
        headers.insert(ERROR_TYPE, value);
    }
    if let (Ok(value), Protocol::Json10 | Protocol::Cbor) = (HeaderValue::try_from(format!("{code};Sender")), protocol) {
        headers.insert(QUERY_ERROR, value);
    }
    if let Some(after) = fault.retry_after {
        headers.insert(RETRY_MILLIS, HeaderValue::from(u64::try_from(after.as_millis()).unwrap_or(u64::MAX)));
        headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
    }
    response
}

/// The headers of every answer. The request's memory is released when the answer has been sent.
fn finished(mut response: Response, context: &Arc<RequestInfo>) -> Response {
    if let Ok(id) = HeaderValue::try_from(context.id()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    memory::hold_until_sent(response, context)
}
