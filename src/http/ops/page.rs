//! The frame of the HTML pages: head, style and content security policy.
//!
//! Owns the policy: no script, no other host. INVARIANT: a page has no data of a request, a tenant or a log.

use std::sync::LazyLock;

use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use http::header::CONTENT_SECURITY_POLICY;

const FRAME: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

/// No script, the one style by its digest, and the icon, which is in the page.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, STYLE.as_bytes());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        BASE64_STANDARD.encode(digest),
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// A page. `body` is HTML, the rest plain text.
pub(super) fn page(title: &str, description: &str, body: &str) -> Response {
    // The body is inserted last, so that no placeholder in it is replaced.
    let page = FRAME
        .replace("{{style}}", STYLE)
        .replace("{{title}}", &escaped(title))
        .replace("{{description}}", &escaped(&description.replace('`', "")))
        .replace("{{body}}", body);
    let mut response = Html(page).into_response();
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY.clone());
    response
}

/// Plain text as HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// Text with code between backticks, as HTML.
pub(super) fn marked(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = escaped(part);
        html += &if index % 2 == 1 { format!("<code>{part}</code>") } else { part };
    }
    html
}
