//! The page for people.
//!
//! Owns its text. INVARIANT: nothing of a request, a tenant or a log is in it, only the operator's own URL.

use axum::response::Response;

use crate::http::ops::page::{escaped, page};

const BODY: &str = include_str!("page.html");

/// The page of the service at `url`. `has_queries`: a source of it runs Logs Insights queries.
pub(super) fn of(url: &str, has_queries: bool) -> Response {
    let queries = if has_queries { ", and results of Logs Insights queries" } else { "" };
    let body =
        BODY.replace("{{version}}", env!("CARGO_PKG_VERSION")).replace("{{queries}}", queries).replace("{{url}}", &escaped(url));
    page("Logmark: your own logs over HTTPS", "Your own logs over HTTPS", &body)
}
