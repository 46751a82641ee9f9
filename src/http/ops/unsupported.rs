//! Paths of the API that this version does not have: each is refused by name, so that nobody takes a 404 for an answer.

use axum::Router;
use axum::routing::post;

use crate::http::AppState;
use crate::http::authorized::Authenticated;
use crate::http::problem::ApiError;

/// The paths, and what they are for. They are not in the OpenAPI document: nothing can be had there.
pub fn routes() -> Router<AppState> {
    let refuse = |what: &'static str| move |_caller: Authenticated| async move { ApiError::NotSupported(what) };
    Router::new().route("/tickets", post(refuse("tickets for live tail")))
}
