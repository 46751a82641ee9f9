//! The formats of a report.

use std::sync::LazyLock;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::domain::query::operations::Row as Cells;
use crate::http::encode::stream::CURSOR_TRAILER;
use crate::http::encode::{Format, negotiate, table};
use crate::http::problem::ApiError;
use crate::reports::html::{self, Page};
use crate::reports::report::{Report, Row};

/// The media type of pages.
const HTML: &str = "text/html";

/// No script and no other file; the one style by its digest.
static PAGE_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        html::style_digest()
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    /// `application/json`
    Json,
    /// `text/csv`
    Csv,
    /// `text/html`
    Html,
}

impl ReportFormat {
    /// The words of `?format=`.
    pub const WORDS: [(&'static str, Self); 3] = [("json", Self::Json), ("csv", Self::Csv), ("html", Self::Html)];

    fn content_type(self) -> &'static str {
        match self {
            Self::Json => Format::Json.content_type(),
            Self::Csv => Format::Csv.content_type(),
            Self::Html => "text/html; charset=utf-8",
        }
    }

    /// Chooses by `Accept`.
    ///
    /// # Errors
    /// [`ApiError::NotAcceptable`].
    pub(super) fn accepted(headers: &HeaderMap) -> Result<Self, ApiError> {
        let all = [(Format::Json.essence(), Self::Json), (Format::Csv.essence(), Self::Csv), (HTML, Self::Html)];
        let best = negotiate(headers, &all.map(|(essence, _)| essence));
        let found = all.into_iter().find(|(essence, _)| Some(*essence) == best).map(|(_, format)| format);
        found.ok_or(ApiError::NotAcceptable { available: "`application/json`, `text/csv` and `text/html`" })
    }
}

/// The report in the format.
pub(super) fn encoded(page: &Page<'_>, format: ReportFormat) -> Result<Response, ApiError> {
    let report = page.report;
    let body = match format {
        ReportFormat::Json => serde_json::to_vec(report).map_err(|error| ApiError::Internal(error.to_string()))?,
        ReportFormat::Csv => csv(report),
        ReportFormat::Html => page.html().into_bytes(),
    };
    let mut response = Body::from(body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    if format == ReportFormat::Html {
        headers.insert(CONTENT_SECURITY_POLICY, PAGE_POLICY.clone());
    }
    if format == ReportFormat::Csv {
        let file = format!("attachment; filename=\"{}.csv\"", report.report);
        headers.insert(CONTENT_DISPOSITION, HeaderValue::try_from(file).map_err(|error| ApiError::Internal(error.to_string()))?);
        if let Some(cursor) = report.next_cursor.as_deref().and_then(|cursor| HeaderValue::try_from(cursor).ok()) {
            headers.insert(HeaderName::from_static(CURSOR_TRAILER), cursor);
        }
    }
    Ok(response)
}

/// A table: a column for each key, and for each measure with its parts (`latency.p95`).
fn csv(report: &Report) -> Vec<u8> {
    let row = |row: &Row| -> Cells {
        let keys = row.keys.0.iter().map(|(name, value)| ((*name).to_owned(), value.clone().unwrap_or_default()));
        keys.chain(row.measures.cells()).collect()
    };
    table::csv(&report.rows.iter().map(row).collect::<Vec<_>>())
}
