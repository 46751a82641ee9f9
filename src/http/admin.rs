//! The admin listener: health, readiness, metrics.
//!
//! Owns its routes. They are never on the public listener, and never have log data.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::AppState;
use super::config_status::ConfigReport;
use super::host;
use super::problem::{ApiError, Problem};
use crate::limits::StoreState;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::trace::random_hex;

/// The state of the admin listener.
#[derive(Debug, Clone)]
pub struct Admin {
    /// The service.
    pub app: AppState,
    /// The metrics.
    pub metrics: Metrics,
    /// True while the service stops. It is alive then, but not ready.
    pub draining: Arc<AtomicBool>,
}

#[derive(Debug, Serialize)]
struct Check {
    name: String,
    ok: bool,
    /// Whether the service can be ready without it.
    #[serde(skip)]
    is_optional: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

#[derive(Debug, Serialize)]
struct Readiness {
    status: &'static str,
    checks: Vec<Check>,
    configuration: ConfigReport,
}

/// The admin listener does not have the API's routes.
const NO_SUCH_PATH: &str = "The path does not exist on the admin listener, which has `/healthz`, `/readyz` and `/metrics`.";

/// The admin routes.
pub fn router(admin: Admin) -> Router {
    let unknown = || async { answered(ApiError::NoSuchPath.problem().with_detail(NO_SUCH_PATH)) };
    Router::new()
        .route("/healthz", get(|| async { axum::Json(serde_json::json!({ "status": "ok" })) }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .fallback(unknown)
        .method_not_allowed_fallback(|| async { answered(ApiError::MethodNotAllowed.problem()) })
        .with_state(admin)
        .layer(axum::middleware::from_fn(one_host))
        .layer(axum::middleware::map_response(|mut response: Response| async move {
            if let Ok(id) = HeaderValue::try_from(random_hex::<16>()) {
                response.headers_mut().entry("x-request-id").or_insert(id);
            }
            response
        }))
}

/// The problem as an answer, with a request id.
fn answered(mut problem: Problem) -> Response {
    problem.instance = random_hex::<16>();
    let id = HeaderValue::try_from(&problem.instance);
    let mut response = problem.into_http("");
    if let Ok(id) = id {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// Ready when the keys of one issuer at least and every source are available, and the service is not stopping. An issuer without
/// keys is reported and fails alone: its tokens are answered 503, and customers of the other issuers are served. A changed configuration
/// with errors is reported too: the service runs with the former one.
async fn ready(State(admin): State<Admin>) -> Response {
    let mut checks = vec![Check {
        name: "serving".to_owned(),
        ok: !admin.draining.load(Ordering::Relaxed),
        is_optional: false,
        problem: None,
    }];
    let issuers = admin.app.policy().verifier.ready();
    let has_keys = issuers.iter().any(|issuer| issuer.keys > 0);
    for issuer in issuers {
        let ok = issuer.keys > 0;
        let problem = (!ok).then(|| format!("no keys after {} attempts", issuer.failures));
        checks.push(Check { name: format!("issuer {}", issuer.issuer), ok, is_optional: true, problem });
    }
    if admin.app.audit.is_enabled() {
        let problem = admin.app.audit.problem();
        checks.push(Check { name: "audit".to_owned(), ok: problem.is_none(), is_optional: false, problem });
    }
    for (source, answer) in admin.app.sources.ready().await {
        let problem = answer.err().map(|error| error.to_string());
        checks.push(Check { name: format!("source {source}"), ok: problem.is_none(), is_optional: false, problem });
    }
    let configuration = admin.app.config_status().report();
    let problem = configuration.problem();
    checks.push(Check { name: "configuration".to_owned(), ok: problem.is_none(), is_optional: true, problem });
    checks.extend(limit_store(&admin));
    let ok = has_keys && checks.iter().all(|check| check.ok || check.is_optional);
    let (code, status) = if ok { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready") };
    (code, axum::Json(Readiness { status, checks, configuration })).into_response()
}

/// The store of shared limits, if one is configured. The service is ready without it: it allows a share of each limit by itself.
fn limit_store(admin: &Admin) -> Option<Check> {
    let problem = match admin.app.tenant_limits.store_state() {
        StoreState::InMemory => return None,
        StoreState::Shared => None,
        StoreState::Away { problem, share } => {
            Some(format!("{problem}; this replica allows {}% of each tenant limit by itself", (share * 1e4).round() / 1e2))
        }
    };
    Some(Check { name: "limit store".to_owned(), ok: problem.is_none(), is_optional: true, problem })
}

/// The admin listener answers for any host, but the request must name one exactly once.
async fn one_host(request: Request, next: Next) -> Response {
    match host::check(request.version(), request.uri(), request.headers(), &None) {
        Ok(()) => next.run(request).await,
        Err(error) => error.problem().into_http(""),
    }
}

async fn metrics(State(admin): State<Admin>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], admin.metrics.render()).into_response()
}
