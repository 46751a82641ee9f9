//! `/problems` and `/problems/{code}`: meaning, cause and fix of each problem code. `type` of every problem links to them.
//!
//! Owns the form of the pages; [`ProblemCode`] has the texts. The pages need no token, since they contain nothing about requests.

use axum::extract::{RawPathParams, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::HeaderMap;
use serde::Serialize;

use super::page::{marked, page};
use crate::http::AppState;
use crate::http::encode::negotiate;
use crate::http::problem::ApiError;
use crate::http::problem_code::{ProblemCode, ProblemDescription};
use crate::http::route_names::{Pages, RouteName};

const JSON: &str = "application/json";
const HTML: &str = "text/html";
const NAVIGATION: &str = "<nav aria-label=\"More\"><ul>\n<li><a href=\"{{up}}docs/\">Documentation</a></li>\n\
    <li><a href=\"{{up}}problems\">All problem codes</a></li>\n<li><a href=\"{{up}}\">Start page</a></li>\n</ul></nav>";

/// One code, for programs.
#[derive(Debug, Serialize)]
struct CodeBody {
    #[serde(rename = "type")]
    kind: String,
    code: &'static str,
    status: u16,
    title: &'static str,
    meaning: &'static str,
    cause: &'static str,
    fix: &'static str,
}

impl CodeBody {
    fn new(code: ProblemCode, service_url: &str) -> Self {
        let ProblemDescription { code: name, status, title, meaning, cause, fix } = code.about();
        Self { kind: format!("{service_url}{}", code.path()), code: name, status, title, meaning, cause, fix }
    }
}

const LIST: &str = "/problems";
const PAGE: &str = "/problems/{code}";

/// The names of the pages in logs and metrics.
pub const PAGES: Pages =
    &[(LIST, RouteName { template: LIST, operation: "problems" }), (PAGE, RouteName { template: PAGE, operation: "problems" })];

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new().route(LIST, get(all)).route(PAGE, get(one))
}

async fn all(State(app): State<AppState>, headers: HeaderMap) -> Result<Response, ApiError> {
    let service_url = app.problem_url();
    answer(
        &headers,
        || Json(ProblemCode::ALL.map(|code| CodeBody::new(code, service_url)).as_slice()).into_response(),
        || page("Problem codes of Logmark", "What each error of the API means, what causes it, and what to do", &list()),
    )
}

async fn one(State(app): State<AppState>, path: RawPathParams, headers: HeaderMap) -> Result<Response, ApiError> {
    let code = path.iter().next().and_then(|(_, code)| code.parse::<ProblemCode>().ok()).ok_or(ApiError::NoSuchPath)?;
    let title = format!("{}: {}", code.as_str(), code.about().title);
    answer(
        &headers,
        || Json(CodeBody::new(code, app.problem_url())).into_response(),
        || page(&title, code.about().meaning, &details(code)),
    )
}

/// The form that the client prefers.
fn answer(headers: &HeaderMap, json: impl FnOnce() -> Response, html: impl FnOnce() -> Response) -> Result<Response, ApiError> {
    match negotiate(headers, &[JSON, HTML]) {
        Some(JSON) => Ok(json()),
        Some(_) => Ok(html()),
        None => Err(ApiError::NotAcceptable { available: "`application/json` and `text/html`" }),
    }
}

fn list() -> String {
    let rows: String = ProblemCode::ALL
        .into_iter()
        .map(|code| {
            let ProblemDescription { code, status, title, .. } = code.about();
            // Long codes break at their underscores on small screens.
            let breakable = code.replace('_', "_<wbr>");
            format!(
                "<tr><td>{status}</td><td><a href=\"problems/{code}\"><code>{breakable}</code></a></td><td>{}</td></tr>\n",
                marked(title)
            )
        })
        .collect();
    format!(
        "<header>\n<h1>Problem codes</h1>\n<p>What each error of the API means, and what to do.</p>\n</header>\n<main>\n\
         <p>Every error is a problem document (RFC 9457). Its <code>code</code> is stable, <code>detail</code> says what is wrong with \
         this request, and <code>instance</code> is the request’s id, by which the operator finds it in the log.</p>\n\
         <table>\n<thead><tr><th scope=\"col\">Status</th><th scope=\"col\">Code</th><th scope=\"col\">Title</th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n{}\n</main>",
        navigation(""),
    )
}

fn details(code: ProblemCode) -> String {
    let ProblemDescription { code, status, title, meaning, cause, fix } = code.about();
    let section = |id: &str, heading: &str, text: &str| {
        format!("<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{heading}</h2>\n<p>{}</p>\n</section>\n", marked(text))
    };
    format!(
        "<header>\n<h1>{}</h1>\n<p>Problem code <code>{code}</code>, HTTP status {status}</p>\n</header>\n<main>\n{}{}{}{}\n</main>",
        marked(title),
        section("meaning", "What it means", meaning),
        section("cause", "What causes it", cause),
        section("fix", "What to do", fix),
        navigation("../"),
    )
}

/// Links to the other pages; `up` leads from this page to the service's first. They are relative, so that they hold behind a
/// front door that adds a path.
fn navigation(up: &str) -> String {
    let up = if up.is_empty() { "./" } else { up };
    NAVIGATION.replace("{{up}}", up)
}
