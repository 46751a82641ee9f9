//! The start page as HTML.
//!
//! Owns its text. INVARIANT: it has no data of a request, a tenant or a log, only the operator's URL.

use axum::response::Response;

use crate::http::ops::page::{escaped, page};

const BODY: &str = include_str!("page.html");

/// The page of the service at `url`. `has_queries`: whether a source runs Logs Insights queries.
pub(super) fn of(url: &str, has_queries: bool) -> Response {
    let queries = if has_queries { ", and results of Logs Insights queries" } else { "" };
    let body =
        BODY.replace("{{version}}", env!("CARGO_PKG_VERSION")).replace("{{queries}}", queries).replace("{{url}}", &escaped(url));
    page("Logmark: your own logs over HTTPS", "Your own logs over HTTPS", &body)
}
