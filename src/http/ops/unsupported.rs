//! Paths of the API that this version does not support. Each returns an error that names the feature.

use axum::Router;
use axum::routing::post;

use crate::http::AppState;
use crate::http::authorized::Authenticated;
use crate::http::problem::ApiError;

/// The paths with their features. The OpenAPI document does not contain them.
pub fn routes() -> Router<AppState> {
    let refuse = |what: &'static str| move |_caller: Authenticated| async move { ApiError::NotSupported(what) };
    Router::new().route("/tickets", post(refuse("tickets for live tail")))
}
