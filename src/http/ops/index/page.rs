//! The page for people.
//!
//! Owns its text and its policy. INVARIANT: nothing of a request, a tenant or a log is in it, only the operator's own URL.

use std::sync::LazyLock;

use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use http::header::CONTENT_SECURITY_POLICY;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

/// No script at all, the one style that is ours by its digest, and the icon, which is in the page.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, STYLE.as_bytes());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        BASE64_STANDARD.encode(digest),
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// The page of the service at `url`.
pub(super) fn of(url: &str) -> Response {
    let page =
        PAGE.replace("{{style}}", STYLE).replace("{{version}}", env!("CARGO_PKG_VERSION")).replace("{{url}}", &escaped(url));
    let mut response = Html(page).into_response();
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY.clone());
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
