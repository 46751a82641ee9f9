//! `GET /`: the start page, as HTML for people and as JSON for programs. It needs no token, and has no data of tenants.

mod page;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use serde::Serialize;

use crate::http::AppState;
use crate::http::encode::negotiate;
use crate::http::openapi::failures::{CommonFailures, Negotiated};
use crate::http::problem::ApiError;

const JSON: &str = "application/json";
const HTML: &str = "text/html";

/// The service, with links.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Index)]
pub struct IndexBody {
    /// The service.
    #[schema(example = "Logmark")]
    name: &'static str,
    /// Its version.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// `ok`: the service answers.
    #[schema(example = "ok")]
    status: &'static str,
    /// Links to the other paths.
    links: LinksBody,
}

/// Links, ready to be called.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Links)]
pub struct LinksBody {
    /// The log groups that a token can see.
    #[schema(example = "https://logs.example.com/groups")]
    groups: String,
    /// The caller's identity and permissions.
    #[schema(example = "https://logs.example.com/me")]
    me: String,
    /// The OpenAPI document.
    #[schema(example = "https://logs.example.com/openapi.json")]
    openapi: String,
    /// Documentation for people, with a form for each call.
    #[schema(example = "https://logs.example.com/docs/")]
    docs: String,
    /// The meaning and the fix of each problem code.
    #[schema(example = "https://logs.example.com/problems")]
    problems: String,
    /// The accepted issuers (RFC 9728).
    #[schema(example = "https://logs.example.com/.well-known/oauth-protected-resource")]
    resource_metadata: String,
}

impl IndexBody {
    fn new(url: &str) -> Self {
        let at = |path: &str| format!("{url}{path}");
        let links = LinksBody {
            groups: at("/groups"),
            me: at("/me"),
            openapi: at("/openapi.json"),
            docs: at("/docs/"),
            problems: at("/problems"),
            resource_metadata: at("/.well-known/oauth-protected-resource"),
        };
        Self { name: "Logmark", version: env!("CARGO_PKG_VERSION"), status: "ok", links }
    }
}

/// Get the start page
///
/// Returns a page for clients that accept `text/html`, and links as JSON for others.
#[utoipa::path(
    get,
    path = "/",
    operation_id = "index",
    tag = "service",
    responses(
        (status = 200, description = "The service, with links", content(
            (IndexBody = "application/json"), (String = "text/html"),
        )),
        Negotiated,
        CommonFailures,
    ),
    security(()),
)]
pub(crate) async fn index(State(app): State<AppState>, headers: HeaderMap) -> Result<Response, ApiError> {
    match negotiate(&headers, &[JSON, HTML]) {
        Some(JSON) => Ok(Json(IndexBody::new(&app.public_url)).into_response()),
        Some(_) => Ok(page::of(&app.public_url, app.sources.all_queries().next().is_some())),
        None => Err(ApiError::NotAcceptable { available: "`application/json` and `text/html`" }),
    }
}
