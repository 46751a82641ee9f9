//! The router: every route, in the order of the documentation.
//!
//! Owns the list. A path is written once, at its handler. The router, the OpenAPI document, and the names in logs and metrics come
//! from the same list.

use std::sync::OnceLock;

use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware;
use axum::{Extension, Router};
use http::{HeaderName, HeaderValue, Method, header};
use tower::util::option_layer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::encode::stream::CURSOR_TRAILER;
use super::layers::{LimitsState, RequestInfo};
use super::problem::ApiError;
use super::route_names::RouteNames;
use super::{AppState, hint, layers, openapi, ops};

/// The routes and their description.
pub fn routes() -> OpenApiRouter<AppState> {
    routes_without_tickets().merge(ticket_routes())
}

fn ticket_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(ops::create_ticket::create_ticket))
}

/// The routes for which there can be tickets.
fn routes_without_tickets() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::head())
        .routes(routes!(ops::read_stream::read_stream))
        .routes(routes!(ops::read_group::read_group))
        .routes(routes!(ops::read_logs::read_logs))
        .routes(routes!(ops::check_filter::check_filter))
        .routes(routes!(ops::list_groups::list_groups))
        .routes(routes!(ops::describe_group::describe_group))
        .routes(routes!(ops::list_streams::list_streams))
        .routes(routes!(ops::describe_fields::describe_fields))
        .routes(routes!(ops::queries::start::start_query))
        .routes(routes!(ops::queries::check::check_query))
        .routes(routes!(ops::queries::language::query_language))
        .routes(routes!(ops::queries::read::read_query, ops::queries::stop::stop_query))
        .routes(routes!(ops::read_record::read_record))
        .routes(routes!(ops::reports::list::list_reports))
        .routes(routes!(ops::reports::read::read_report))
        .routes(routes!(ops::me::me))
        .routes(routes!(ops::explain::explain))
        .routes(routes!(ops::index::index))
        .routes(routes!(ops::metadata::resource_metadata))
        .routes(routes!(ops::metadata::openapi))
}

/// The public service: routes, documentation pages, and layers.
///
/// `origins` are the exact origins whose pages can call the service from a browser. Without any there is no CORS.
pub fn router(app: &AppState, origins: &[HeaderValue]) -> Router {
    /// The names are the same for every router of the process.
    static NAMES: OnceLock<RouteNames> = OnceLock::new();
    let get_routes = routes_without_tickets().split_for_parts().0.with_state(app.clone());
    let tickets = ticket_routes().layer(Extension(ops::create_ticket::GetRoutes(get_routes)));
    let (router, document) = routes_without_tickets().merge(tickets).split_for_parts();
    let names = NAMES.get_or_init(|| RouteNames::new(&document, &[ops::docs::PAGES, ops::problems::PAGES]));
    let router = router
        .merge(ops::docs::routes())
        .merge(ops::problems::routes())
        .fallback(no_such_path)
        .method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
        .layer(DefaultBodyLimit::max(app.limits.body_bytes))
        .with_state(app.clone());
    // From the outside in. The layers are one tuple, since axum boxes the result of each call of `layer` and clones all of these
    // boxes for every request.
    router.layer((
        middleware::from_fn_with_state(app.clone(), layers::observe),
        option_layer(cors(origins)),
        middleware::from_fn_with_state(LimitsState { app: app.clone(), routes: names }, layers::answer),
    ))
}

async fn no_such_path(request: Request) -> ApiError {
    if let Some(hint) = hint::of_path(request.uri().path()) {
        RequestInfo::from_extensions(request.extensions()).set_hint(hint.to_owned());
    }
    ApiError::NoSuchPath
}

fn cors(origins: &[HeaderValue]) -> Option<CorsLayer> {
    const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
    const EXPOSED: [&str; 7] =
        ["x-request-id", "retry-after", "ratelimit", "ratelimit-policy", "location", "preference-applied", CURSOR_TRAILER];
    if origins.is_empty() {
        return None;
    }
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::ACCEPT,
            header::CONTENT_TYPE,
            HeaderName::from_static("prefer"),
            LAST_EVENT_ID,
        ])
        .expose_headers(EXPOSED.map(HeaderName::from_static))
        .max_age(std::time::Duration::from_secs(600));
    Some(layer)
}
