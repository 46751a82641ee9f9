//! The layers of every request: an id, limits, a time limit, headers, and one line in the log.
//!
//! Owns [`RequestInfo`]. Never depends on the request's operation.

use std::any::Any;
use std::num::NonZeroU32;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::{Extensions, HeaderName, HeaderValue, Method, StatusCode, header};
use logmark_quota::Share;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::AppState;
use super::client_address::{ClientAddress, FrontDoorPeer, Peer, block_of};
use super::encode::compress;
use super::host;
use super::problem::ApiError;
use super::rate_limit;
use super::response_budget::ResponseBudget;
use super::route_names::{RouteName, RouteNames, UNMATCHED};
use super::sent_budget;
use crate::auth::tenant::Caller;
use crate::domain::name::TenantId;
use crate::limits::lease::ByteReservation;
use crate::limits::limit::LimitState;
use crate::telemetry::audit::AuditContext;
use crate::telemetry::metrics;
use crate::telemetry::trace::TraceContext;

/// The data of a request for its log line and its answer's headers. The layers and the handler fill it in.
#[derive(Debug)]
pub struct RequestInfo {
    id: String,
    trace: TraceContext,
    tenant: OnceLock<TenantId>,
    /// The states of the tenant's limits, one for each checked limit.
    limits: Mutex<Vec<LimitState>>,
    /// Counts the bytes of the answer.
    sent: Mutex<Option<ByteReservation>>,
    error: OnceLock<String>,
    hint: OnceLock<String>,
    response_budget: Option<ResponseBudget>,
    /// The account for memory: the tenant's once it is known, the address's until then.
    share: OnceLock<Share>,
    client: Option<ClientAddress>,
    /// Dropped when the answer is sent.
    held_values: Mutex<Vec<Box<dyn Any + Send>>>,
    audit_context: AuditContext,
}

impl RequestInfo {
    /// Continues the request's trace, or begins one.
    #[must_use]
    pub fn new(headers: &http::HeaderMap, response_budget: Option<ResponseBudget>, client: Option<ClientAddress>) -> Arc<Self> {
        let trace = TraceContext::from_header(headers.get("traceparent").and_then(|value| value.to_str().ok()));
        let id = crate::telemetry::trace::random_hex::<16>();
        let audit_context = AuditContext::new(&id);
        if let Some(ClientAddress(client)) = client {
            audit_context.set_peer(client);
        }
        Arc::new(Self {
            id,
            trace,
            tenant: OnceLock::new(),
            limits: Mutex::default(),
            sent: Mutex::default(),
            error: OnceLock::new(),
            hint: OnceLock::new(),
            response_budget,
            share: OnceLock::new(),
            client,
            held_values: Mutex::default(),
            audit_context,
        })
    }

    /// Sets the account for memory.
    pub fn set_share(&self, share: Share) {
        let _first = self.share.set(share);
    }

    /// The account for memory.
    #[must_use]
    pub fn share(&self) -> Share {
        self.share.get().cloned().unwrap_or_else(|| {
            // A tenant id has no colon, so no tenant shares an account with an address.
            let address = self.client.map_or_else(String::new, |ClientAddress(client)| block_of(client).to_string());
            Share::new(format!("address:{address}"), NonZeroU32::MIN)
        })
    }

    /// Keeps a value until the last byte of the answer is sent, or the answer is aborted.
    pub fn hold_until_sent(&self, thing: impl Any + Send) {
        self.held_values.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(thing));
    }

    /// Releases the values of this type that are kept until the answer is sent.
    pub fn release<T: Any>(&self) {
        self.held_values.lock().unwrap_or_else(PoisonError::into_inner).retain(|value| !(**value).is::<T>());
    }

    /// The data of the request; new data if no layer added any.
    #[must_use]
    pub fn from_extensions(extensions: &Extensions) -> Arc<Self> {
        extensions.get::<Arc<Self>>().cloned().unwrap_or_else(|| Self::new(&http::HeaderMap::new(), None, None))
    }

    /// The request's id. It is never the client's, so a client cannot make two requests look like one.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Sets the caller.
    pub fn set_caller(&self, caller: &Caller) {
        let _first = self.tenant.set(caller.tenant.id.clone());
        self.audit_context.set_caller(caller);
    }

    /// The caller and the target, for audit lines.
    #[must_use]
    pub fn audit_context(&self) -> &AuditContext {
        &self.audit_context
    }

    /// Adds states of the tenant's limits, in place of earlier states of these limits.
    pub fn add_limits(&self, states: impl IntoIterator<Item = LimitState>) {
        let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        for state in states {
            limits.retain(|known| known.limit != state.limit);
            limits.push(state);
        }
    }

    /// The states of the tenant's limits.
    #[must_use]
    pub fn limits(&self) -> Vec<LimitState> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets the reservation that counts the bytes of the answer.
    pub fn set_sent(&self, sent: ByteReservation) {
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner) = Some(sent);
    }

    /// Takes the reservation that counts the bytes of the answer. Who takes it counts them.
    #[must_use]
    pub fn take_sent(&self) -> Option<ByteReservation> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Sets the hint for an answer `not_found`.
    pub(super) fn set_hint(&self, hint: String) {
        let _first = self.hint.set(hint);
    }

    /// The limits of the front door, if the request did not come from a socket.
    #[must_use]
    pub fn response_budget(&self) -> Option<ResponseBudget> {
        self.response_budget
    }

    /// The deadline of work that begins now and may take `time`.
    #[must_use]
    pub fn work_until(&self, time: Duration) -> Instant {
        let until = Instant::now() + time;
        self.response_budget.map_or(until, |response_budget| until.min(response_budget.work_until()))
    }
}

/// The outermost layer: adds [`RequestInfo`], and writes the request's log line when the answer's head is ready.
pub async fn observe(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    let extensions = request.extensions();
    // The listener has resolved the client's address; a front door on Lambda only names its peer.
    let client = extensions.get::<ClientAddress>().copied().or_else(|| {
        let FrontDoorPeer(peer) = *extensions.get()?;
        Some(ClientAddress(app.proxies.client(peer, request.headers())))
    });
    let context = RequestInfo::new(request.headers(), extensions.get().copied(), client);
    context.audit_context.set_log(&app.audit);
    request.extensions_mut().insert(Arc::clone(&context));
    let method = method_for_log(request.method());
    let begun = Instant::now();
    let span = tracing::info_span!("request", request.id = context.id, trace.id = context.trace.trace_id());
    let trace = context.trace.clone();
    let answer = crate::telemetry::trace::scope(trace, next.run(request).instrument(span));
    let mut response = answer.await;
    let RouteName { template: route, operation } = response.extensions().get().copied().unwrap_or(UNMATCHED);
    let elapsed = begun.elapsed();
    metrics::request(operation, response.status(), elapsed);
    if let Ok(value) = HeaderValue::try_from(&context.id) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    tracing::info!(
        target: "request",
        { request.id = context.id,
        trace.id = context.trace.trace_id(),
        tenant.id = context.tenant.get().map(tracing::field::display),
        client.address = client.map(|ClientAddress(address)| tracing::field::display(address)),
        http.method = method,
        http.route = route,
        operation,
        http.status = response.status().as_u16(),
        duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        error = context.error.get().map(tracing::field::display) },
        "{method} {route} {}", response.status().as_u16(),
    );
    super::memory::hold_until_sent(response, &context)
}

/// The method, if it is a known one. A client can send any text, as long as all headers together.
fn method_for_log(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// The default policy: the answer loads nothing, and no page frames it.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The inner layers, from the inside out: limits, panics, memory, errors and headers, compression. A panic becomes an answer before
/// answers are counted, compressed and logged. They are one layer of axum, which clones all inner layers and boxes a future for
/// each of its layers and each request.
pub async fn answer(State(state): State<LimitsState>, request: Request, next: Next) -> Response {
    let app = Arc::clone(&state.app);
    let context = RequestInfo::from_extensions(request.extensions());
    let coding = compress::accepted(request.headers());
    let response = AssertUnwindSafe(within_limits(state, request, next)).catch_unwind().await;
    // Only this request fails. The panic hook logs the text of the panic.
    let response = response.unwrap_or_else(|_payload| ApiError::Internal("a handler panicked".to_owned()).into_response());
    let response = super::memory::count(&app, &context, response);
    let response = sent_budget::count(&context, response).await;
    let response = finish(&app, &context, response);
    compress::compress(&app, &context, coding, response).await
}

/// Headers that answers get here and in [`observe`], at most.
const ADDED_HEADERS: usize = 10;

/// Writes problem documents for errors, and the headers of every answer.
fn finish(app: &AppState, context: &RequestInfo, mut response: Response) -> Response {
    let route = response.extensions().get::<RouteName>().copied();
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        if let ApiError::LimitExceeded(exceeded) = &error {
            metrics::limit_refused(exceeded.limit.key());
            context.add_limits([exceeded.state()]);
        }
        let operation = route.unwrap_or(UNMATCHED).operation;
        let mut answer = written(app, context, operation, &error);
        let code = error.problem().code;
        if error.is_denial() {
            context.audit_context.denied(operation, code, &error.to_string(), error.concerns_the_granted());
        }
        context.audit_context.set_ended(Some(code));
        // The router's headers, such as `Allow` for a wrong method.
        for (name, value) in response.headers() {
            answer.headers_mut().entry(name).or_insert_with(|| value.clone());
        }
        answer.headers_mut().remove(header::CONTENT_LENGTH);
        response = answer;
    }
    if let Some(route) = route {
        response.extensions_mut().insert(route);
        context.audit_context.set_operation(route.operation);
    }
    context.audit_context.set_ended(None);
    let headers = response.headers_mut();
    headers.reserve(ADDED_HEADERS);
    // Only an answer with a validator can be cached.
    if !(headers.contains_key(header::ETAG) && headers.contains_key(header::CACHE_CONTROL)) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    }
    let always = [
        (header::VARY, "Authorization, Accept, Accept-Encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in always {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // The HTML pages set their own.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    if app.public_url.starts_with("https://") {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if let Some(limits) = rate_limit::headers(&context.limits()) {
        for (name, value) in limits {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
    response
}

/// The problem document for an error. This is the only place that logs the cause.
fn written(app: &AppState, context: &RequestInfo, operation: &'static str, error: &ApiError) -> Response {
    let mut problem = error.problem().at(app.problem_url());
    problem.instance = context.id().to_owned();
    if let (Some(hint), "not_found") = (context.hint.get(), problem.code) {
        problem.detail = format!("{} {hint}", problem.detail);
    }
    let _first = context.error.set(error.to_string());
    metrics::problem(operation, problem.code);
    // The request's log line has the error too.
    if problem.status >= 500 && !error.is_logged_at_its_source() {
        tracing::error!(request.id = context.id(), problem.code, cause = %error, "request failed: {error}");
    }
    problem.into_http(&app.metadata_url())
}

/// The state of [`answer`].
#[derive(Debug, Clone)]
pub struct LimitsState {
    /// The service's state.
    pub app: AppState,
    /// The names of the routes.
    pub routes: &'static RouteNames,
}

/// Refuses requests over a limit before they are parsed, and answers in time.
async fn within_limits(state: LimitsState, request: Request, next: Next) -> Response {
    let LimitsState { app, routes } = state;
    let limits = app.limits;
    let route = routes.find(request.method(), request.extensions());
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let body = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    // Only requests from a socket: the front doors of AWS check `Host` themselves.
    let is_from_socket = request.extensions().get::<Peer>().is_some();
    let host = is_from_socket.then(|| host::check(request.version(), request.uri(), request.headers(), &app.hosts));
    let mut response = if target > limits.target_bytes {
        ApiError::TargetTooLong(limits.target_bytes).into_response()
    } else if let Some(Err(error)) = host {
        error.into_response()
    } else if headers > limits.header_bytes {
        ApiError::HeadersTooLarge(limits.header_bytes).into_response()
    } else if body.is_some_and(|length| length > limits.body_bytes as u64) {
        ApiError::BodyTooLarge(limits.body_bytes).into_response()
    } else {
        let in_time = Instant::now() + limits.request_time;
        let in_time = allowance_of(&request).map_or(in_time, |response_budget| in_time.min(response_budget.answer_by()));
        match tokio::time::timeout_at(in_time, next.run(request)).await {
            Ok(response) => response,
            Err(_elapsed) => ApiError::TimedOut.into_response(),
        }
    };
    // axum's own rejections are texts; they are replaced with problem documents.
    if response.extensions().get::<ApiError>().is_none()
        && let Some(error) = foreign_rejection(response.status(), limits.body_bytes)
    {
        response.extensions_mut().insert(error);
    }
    response.extensions_mut().insert(route);
    response
}

fn allowance_of(request: &Request) -> Option<ResponseBudget> {
    RequestInfo::from_extensions(request.extensions()).response_budget()
}

fn foreign_rejection(status: StatusCode, body_limit: usize) -> Option<ApiError> {
    match status {
        // 400: axum's own path extractor, which the documentation pages use, refuses a path that is not UTF-8.
        StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST => Some(ApiError::NoSuchPath),
        StatusCode::METHOD_NOT_ALLOWED => Some(ApiError::MethodNotAllowed),
        StatusCode::PAYLOAD_TOO_LARGE => Some(ApiError::BodyTooLarge(body_limit)),
        status if status.is_client_error() || status.is_server_error() => {
            Some(ApiError::Internal(format!("an answer {status} without a problem")))
        }
        _ => None,
    }
}
