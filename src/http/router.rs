//! What there is: every route, in the order of the documentation.
//!
//! Owns the list. A path is written once, on its handler; the OpenAPI document and the router come from the same place.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware;
use http::{HeaderName, HeaderValue, Method, header};
use tower::util::option_layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::encode::compress;
use super::encode::stream::CURSOR_TRAILER;
use super::layers::RequestInfo;
use super::problem::ApiError;
use super::{AppState, hint, layers, memory, openapi, ops};

/// The routes and their description.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::head())
        .routes(routes!(ops::read_stream::read_stream))
        .routes(routes!(ops::read_group::read_group))
        .routes(routes!(ops::read_logs::read_logs))
        .routes(routes!(ops::list_groups::list_groups))
        .routes(routes!(ops::describe_group::describe_group))
        .routes(routes!(ops::list_streams::list_streams))
        .routes(routes!(ops::describe_fields::describe_fields))
        .routes(routes!(ops::queries::start::start_query))
        .routes(routes!(ops::queries::read::read_query, ops::queries::stop::stop_query))
        .routes(routes!(ops::read_record::read_record))
        .routes(routes!(ops::me::me))
        .routes(routes!(ops::explain::explain))
        .routes(routes!(ops::index::index))
        .routes(routes!(ops::metadata::resource_metadata))
        .routes(routes!(ops::metadata::openapi))
}

/// The public service: routes, documentation pages, and what every request passes.
///
/// `origins` are those whose pages may call us from a browser, exactly; none: no CORS at all.
pub fn router(app: &AppState, origins: &[HeaderValue]) -> Router {
    let (router, _) = routes().split_for_parts();
    let router = router
        .merge(ops::docs::routes())
        .merge(ops::problems::routes())
        .merge(ops::unsupported::routes())
        .fallback(no_such_path)
        .method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
        .layer(DefaultBodyLimit::max(app.limits.body_bytes))
        .with_state(app.clone());
    // From the outside in: a panic becomes an answer, which is counted, headed, compressed like any other, and logged. It is one
    // stack, because axum boxes what each call of `layer` makes and clones all of these boxes for every request.
    router.layer((
        middleware::from_fn_with_state(app.clone(), layers::observe),
        option_layer(cors(origins)),
        middleware::from_fn_with_state(app.clone(), compress::compress),
        middleware::from_fn_with_state(app.clone(), layers::finish),
        middleware::from_fn_with_state(app.clone(), memory::count),
        CatchPanicLayer::custom(layers::panicked),
        middleware::from_fn_with_state(app.clone(), layers::within_limits),
    ))
}

async fn no_such_path(request: Request) -> ApiError {
    if let Some(hint) = hint::of_path(request.uri().path()) {
        RequestInfo::from_extensions(request.extensions()).set_hint(hint.to_owned());
    }
    ApiError::NoSuchPath
}

fn cors(origins: &[HeaderValue]) -> Option<CorsLayer> {
    const EXPOSED: [&str; 7] =
        ["x-request-id", "retry-after", "ratelimit", "ratelimit-policy", "location", "preference-applied", CURSOR_TRAILER];
    if origins.is_empty() {
        return None;
    }
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::ACCEPT, header::CONTENT_TYPE, HeaderName::from_static("prefer")])
        .expose_headers(EXPOSED.map(HeaderName::from_static))
        .max_age(std::time::Duration::from_secs(600));
    Some(layer)
}
