//! `/docs/`: Swagger UI, from files in the binary, with a page and a script of this project.
//!
//! Owns the page, its script (`docs.js`: code samples, short errors, the token in session storage, dark colours), and its content
//! security policy. [`crate::http::openapi`] makes the document.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use axum::Router;
use axum::extract::Path;
use axum::response::{Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderMap, HeaderValue};
use utoipa_swagger_ui::Config;

use crate::http::AppState;
use crate::http::assets::Asset;
use crate::http::problem::ApiError;
use crate::http::route_names::{Pages, RouteName};

const PAGE: &str = include_str!("docs.html");

/// Swagger UI loads only its own files, but it sets `style` attributes, and its icons are data URLs.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Swagger UI's own initializer is not used: `docs.js` configures it.
static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| Arc::new(Config::from("../openapi.json")));

/// The files of this project in addition to those of Swagger UI: name, type, text.
const OURS: [(&str, &str, &str); 2] = [
    ("logmark.js", "text/javascript; charset=utf-8", include_str!("docs.js")),
    ("logmark.css", "text/css; charset=utf-8", include_str!("docs.css")),
];

/// The page itself.
static INDEX: LazyLock<Asset> =
    LazyLock::new(|| Asset::new(HeaderValue::from_static("text/html; charset=utf-8"), Bytes::from_static(PAGE.as_bytes())));

/// The files of Swagger UI that were requested, by name. Only names of files in the binary are kept.
static FILES: LazyLock<Mutex<HashMap<String, Arc<Asset>>>> = LazyLock::new(Mutex::default);

const REDIRECT: &str = "/docs";
const START: &str = "/docs/";
const FILE: &str = "/docs/{*rest}";

/// The names of the pages in logs and metrics.
pub const PAGES: Pages = &[
    (REDIRECT, RouteName { template: REDIRECT, operation: "docs" }),
    (START, RouteName { template: REDIRECT, operation: "docs" }),
    (FILE, RouteName { template: FILE, operation: "docs" }),
];

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route(REDIRECT, get(|| async { Redirect::to(START) }))
        .route(START, get(|headers: HeaderMap| async move { INDEX.respond(&headers).await.map(shown) }))
        .route(
            FILE,
            get(|Path(rest): Path<String>, headers: HeaderMap| async move { file(&rest)?.respond(&headers).await.map(shown) }),
        )
}

/// The file of that name. The files are compressed in the binary, which saves 3 MB of it.
fn file(path: &str) -> Result<Arc<Asset>, ApiError> {
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(asset) = files.get(path) {
        return Ok(Arc::clone(asset));
    }
    if let Some((_, content_type, text)) = OURS.iter().find(|(name, ..)| *name == path) {
        let asset = Arc::new(Asset::new(HeaderValue::from_static(content_type), Bytes::from_static(text.as_bytes())));
        files.insert(path.to_owned(), Arc::clone(&asset));
        return Ok(asset);
    }
    let found = utoipa_swagger_ui::serve(path, Arc::clone(&CONFIG)).map_err(|error| ApiError::Internal(error.to_string()))?;
    let file = found.ok_or(ApiError::NoSuchPath)?;
    let content_type = HeaderValue::try_from(&file.content_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let bytes = match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    let asset = Arc::new(if file.gzpipped { Asset::of_gzip(content_type, bytes) } else { Asset::new(content_type, bytes) });
    files.insert(path.to_owned(), Arc::clone(&asset));
    Ok(asset)
}

fn shown(mut response: Response) -> Response {
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    response
}
