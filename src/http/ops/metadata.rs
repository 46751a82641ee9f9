//! `GET /.well-known/oauth-protected-resource` (RFC 9728) and `GET /openapi.json`: what needs no token.

use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde::Serialize;

use crate::http::assets::Asset;
use crate::http::openapi::failures::CommonFailures;
use crate::http::problem::ApiError;
use crate::http::{AppState, openapi};

/// RFC 9728 metadata.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ResourceMetadata)]
pub struct MetadataBody {
    /// The service's own URL.
    #[schema(example = "https://logs.example.com")]
    resource: String,
    /// The accepted issuers.
    #[schema(example = json!(["https://login.example.com"]))]
    authorization_servers: Vec<String>,
    /// The ways to send a token.
    #[schema(example = json!(["header"]))]
    bearer_methods_supported: [&'static str; 1],
    /// Examples of scopes.
    #[schema(example = json!(["logs:read:*"]))]
    scopes_supported: Vec<&'static str>,
    /// Documentation for people.
    #[schema(example = "https://logs.example.com/docs/")]
    resource_documentation: String,
}

/// Get the accepted issuers
///
/// Returns the metadata of RFC 9728. Every `401` has its URL.
#[utoipa::path(
    get,
    path = "/.well-known/oauth-protected-resource",
    operation_id = "resourceMetadata",
    tag = "service",
    responses((status = 200, description = "RFC 9728 metadata", body = MetadataBody), CommonFailures),
    security(()),
)]
pub(crate) async fn resource_metadata(State(app): State<AppState>) -> Json<MetadataBody> {
    // Only scopes of actions that a source supports.
    let has_queries = app.sources.all_queries().next().is_some();
    let has_tails = app.sources.any_tails();
    let is_supported = |scope: &&str| match *scope {
        "logs:query:*" => has_queries,
        "logs:tail:*" => has_tails,
        _ => true,
    };
    let scopes = ["logs:read:*", "logs:query:*", "logs:tail:*", "logs:describe:*", "logs:*:*"];
    Json(MetadataBody {
        resource: app.public_url.clone(),
        authorization_servers: app.policy().issuers.clone(),
        bearer_methods_supported: ["header"],
        scopes_supported: scopes.into_iter().filter(is_supported).collect(),
        resource_documentation: format!("{}/docs/", app.public_url),
    })
}

/// Get this document
///
/// Returns the OpenAPI 3.1 document of this service.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "openapi",
    tag = "service",
    responses((status = 200, description = "The OpenAPI 3.1 document", content_type = "application/json", body = Object), CommonFailures),
    security(()),
)]
pub(crate) async fn openapi(headers: HeaderMap) -> Result<Response, ApiError> {
    static ASSET: LazyLock<Asset> = LazyLock::new(|| {
        Asset::new(HeaderValue::from_static("application/json"), Bytes::from_static(openapi::DOCUMENT.as_bytes()))
    });
    ASSET.respond(&headers).await
}
