//! The same router as an AWS Lambda function, behind API Gateway (REST and HTTP), an ALB or a function URL.
//!
//! Owns the way from an event to a request of the router. Never takes anything of an event for an identity: not an
//! authorizer's claims, not a context header; the token in `Authorization` alone says who calls.

use axum::Router;
use axum::body::Body;
use http::{Request, Uri};
use lambda_http::RequestExt as _;
use lambda_http::tower::{ServiceBuilder, ServiceExt as _};

use crate::service::Service;
use crate::telemetry::metrics::Metrics;

/// Runs the function until the runtime ends it. Bodies are buffered, as all four front doors can take them.
///
/// # Errors
/// When the Runtime API can't be reached.
pub async fn run(service: Service) -> Result<(), lambda_http::Error> {
    let _counted = Metrics::install();
    service.warm_up();
    let router: Router = service.router();
    let handler =
        ServiceBuilder::new().map_request(request).service(router.into_service::<Body>().map_response(|response| response));
    lambda_http::run(handler).await
}

/// An event's request as the router takes it: with the path that the client sent, without the stage that `lambda_http`
/// puts before it, and with none of what the front door adds about who calls.
fn request(event: lambda_http::Request) -> Request<Body> {
    let path = event.raw_http_path().to_owned();
    let (mut parts, body) = event.into_parts();
    let query = parts.uri.query().map(str::to_owned);
    parts.uri = target(&path, query.as_deref()).unwrap_or_default();
    let context_headers: Vec<_> =
        parts.headers.keys().filter(|name| name.as_str().starts_with("x-amzn-request-context")).cloned().collect();
    for name in context_headers {
        parts.headers.remove(name);
    }
    Request::from_parts(parts, Body::new(body))
}

fn target(path: &str, query: Option<&str>) -> Option<Uri> {
    let text = match query {
        Some(query) if !query.is_empty() => format!("{path}?{query}"),
        _ => path.to_owned(),
    };
    text.parse().ok()
}
