//! `/docs/`: Swagger UI, from files in the binary, with a page and a configuration of our own.
//!
//! Owns that page and the policy it is shown under. The document that it shows is [`crate::http::openapi`]'s.

use std::io::Read as _;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::Path;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use flate2::read::GzDecoder;
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use utoipa_swagger_ui::{Config, SwaggerFile};

use crate::http::AppState;
use crate::http::problem::ApiError;

const PAGE: &str = include_str!("docs.html");

/// Swagger UI is all its own files, but it shows styles of its own making as attributes, and its icons are data URLs.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Without the bar of another's logo, without a validator elsewhere, and with every operation in sight.
static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    Arc::new(
        Config::from("/openapi.json")
            .use_base_layout()
            .validator_url("none")
            .deep_linking(true)
            .try_it_out_enabled(true)
            .display_request_duration(true)
            .display_operation_id(true)
            .default_models_expand_depth(-1)
            .filter(true),
    )
});

/// The paths.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/docs", get(|| async { Redirect::to("/docs/") }))
        .route("/docs/", get(|| async { shown(Html(PAGE).into_response()) }))
        .route("/docs/{*rest}", get(|Path(rest): Path<String>| async move { file(&rest).map(shown) }))
}

fn file(path: &str) -> Result<Response, ApiError> {
    let found = utoipa_swagger_ui::serve(path, Arc::clone(&CONFIG)).map_err(|error| ApiError::Internal(error.to_string()))?;
    let file = found.ok_or(ApiError::NoSuchPath)?;
    let content_type = HeaderValue::try_from(&file.content_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    Ok(([(CONTENT_TYPE, content_type)], unpacked(file)?).into_response())
}

/// The file's own bytes. They lie packed in the binary, which saves 3 MB of it; what a client takes packed the layers pack anew.
fn unpacked(file: SwaggerFile<'_>) -> Result<Vec<u8>, ApiError> {
    if !file.gzpipped {
        return Ok(file.bytes.into_owned());
    }
    let mut bytes = Vec::new();
    let read = GzDecoder::new(file.bytes.as_ref()).read_to_end(&mut bytes);
    read.map(|_| bytes).map_err(|error| ApiError::Internal(error.to_string()))
}

fn shown(mut response: Response) -> Response {
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    response
}
