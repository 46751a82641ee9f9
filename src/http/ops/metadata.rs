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
    /// Issuers whose tokens are taken.
    #[schema(example = json!(["https://login.example.com"]))]
    authorization_servers: Vec<String>,
    /// How a token is presented.
    #[schema(example = json!(["header"]))]
    bearer_methods_supported: [&'static str; 1],
    /// The forms of scopes.
    #[schema(example = json!(["logs:read:*"]))]
    scopes_supported: Vec<&'static str>,
    /// For people.
    #[schema(example = "https://logs.example.com/docs/")]
    resource_documentation: String,
}

/// Which issuers' tokens are taken here
///
/// The metadata of RFC 9728, to which every `401` leads.
#[utoipa::path(
    get,
    path = "/.well-known/oauth-protected-resource",
    operation_id = "resourceMetadata",
    tag = "service",
    responses((status = 200, description = "RFC 9728 metadata", body = MetadataBody), CommonFailures),
    security(()),
)]
pub(crate) async fn resource_metadata(State(app): State<AppState>) -> Json<MetadataBody> {
    // Only what this service can do: queries need a source that runs them, and live tail does not exist yet.
    let has_queries = app.sources.all_queries().next().is_some();
    let scopes = ["logs:read:*", "logs:query:*", "logs:describe:*", "logs:*:*"];
    Json(MetadataBody {
        resource: app.public_url.clone(),
        authorization_servers: app.issuers.clone(),
        bearer_methods_supported: ["header"],
        scopes_supported: scopes.into_iter().filter(|scope| has_queries || *scope != "logs:query:*").collect(),
        resource_documentation: format!("{}/docs/", app.public_url),
    })
}

/// This document
///
/// The OpenAPI 3.1 document of the service that answers.
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
