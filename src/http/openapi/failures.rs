//! What operations may answer with instead: every status with its codes, and for each code the problem document itself.
//!
//! Owns which operation fails in which ways. The documents are made by [`crate::http::problem`], as the service makes them; what
//! they say is not written here a second time.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::headers;
use super::problems::PROBLEMS;

/// A failure that several operations share.
struct Failure {
    name: &'static str,
    status: &'static str,
    says: &'static str,
    codes: &'static [&'static str],
    headers: &'static [&'static str],
}

const fn failure(name: &'static str, status: &'static str, says: &'static str, codes: &'static [&'static str]) -> Failure {
    Failure { name, status, says, codes, headers: &[] }
}

impl Failure {
    const fn with(self, headers: &'static [&'static str]) -> Self {
        Self { headers, ..self }
    }
}

const TOO_OFTEN: &[&str] = &["Retry-After"];

const FAILURES: [Failure; 23] = [
    failure(
        "InvalidParameter",
        "400",
        "A parameter is wrong, unknown or given twice: says where, and what instead",
        &["invalid_parameter"],
    ),
    failure(
        "InvalidListRequest",
        "400",
        "A parameter or the cursor is wrong: says where, and what instead",
        &["invalid_parameter", "invalid_cursor"],
    ),
    failure(
        "InvalidEventsRequest",
        "400",
        "A parameter, the filter or the cursor is wrong: says where, and what instead",
        &["invalid_parameter", "invalid_filter", "invalid_cursor"],
    ),
    failure(
        "InvalidQueryRequest",
        "400",
        "A parameter, a member of the body or the query is wrong: says where, and what instead",
        &["invalid_parameter", "invalid_query"],
    ),
    failure(
        "Unauthorized",
        "401",
        "There is no token, it is not valid here, or it has expired; see `WWW-Authenticate`",
        &["missing_token", "invalid_token", "expired_token"],
    )
    .with(&["WWW-Authenticate"]),
    failure("Forbidden", "403", "The tenant may, the token may not; names the scope that would do", &["insufficient_scope"])
        .with(&["WWW-Authenticate"]),
    failure("NotFound", "404", "It does not exist, or the caller may not know that it does", &["not_found"]),
    failure("NotAcceptable", "406", "None of the formats in `Accept` can be had here", &["not_acceptable"]),
    failure(
        "QueryIncomplete",
        "409",
        "CSV and NDJSON are given of a complete query alone; see `Retry-After` while it runs",
        &["query_incomplete"],
    )
    .with(TOO_OFTEN),
    failure("BodyTooLarge", "413", "The body is over the limit", &["body_too_large"]),
    failure("TargetTooLong", "414", "Path and query together are over the limit", &["target_too_long"]),
    failure("UnsupportedMediaType", "415", "The body must be JSON", &["unsupported_media_type"]),
    failure("UnknownHost", "421", "The service does not answer for the host in `Host`", &["unknown_host"]),
    failure("QueryForbidden", "422", "Well-formed, but the tenant's rules do not allow it", &["query_forbidden"]),
    failure(
        "RateLimited",
        "429",
        "The tenant asks too often; see `Retry-After`, `RateLimit` and `RateLimit-Policy`",
        &["rate_limited"],
    )
    .with(TOO_OFTEN),
    failure(
        "BudgetExceeded",
        "429",
        "The tenant asks too often, or has used up what its queries may cost; see `Retry-After`",
        &["rate_limited", "budget_exceeded"],
    )
    .with(TOO_OFTEN),
    failure("HeadersTooLarge", "431", "The headers together are over the limit", &["headers_too_large"]),
    failure("InternalError", "500", "A fault of the service", &["internal_error"]),
    failure("NotSupported", "501", "The source that holds the group has no such thing", &["not_supported"]),
    failure("UpstreamError", "502", "The source of the logs gave no usable answer", &["upstream_error"]),
    failure("KeysUnavailable", "503", "The issuer's keys can't be had at the moment; see `Retry-After`", &["keys_unavailable"])
        .with(TOO_OFTEN),
    failure(
        "Unavailable",
        "503",
        "The source of the logs or the issuer's keys can't be had at the moment; see `Retry-After`",
        &["overloaded", "keys_unavailable"],
    )
    .with(TOO_OFTEN),
    failure("UpstreamTimeout", "504", "The source of the logs did not answer in time", &["upstream_timeout"]),
];

/// The failures by their names, for the document's components.
pub(super) fn components() -> impl Iterator<Item = (&'static str, Response)> {
    FAILURES.iter().map(|failure| (failure.name, response(failure)))
}

fn response(Failure { says, codes, headers, .. }: &Failure) -> Response {
    let example = |code: &&'static str| (*code, RefOr::Ref(Ref::new(format!("#/components/examples/{code}"))));
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .examples_from_iter(codes.iter().map(example))
        .build();
    let words: Vec<_> = codes.iter().map(|code| format!("`{code}`")).collect();
    let mut response = ResponseBuilder::new()
        .description(format!("{}: {says}", words.join(" or ")))
        .content("application/problem+json", content)
        .build();
    response.headers.extend(headers::named(headers));
    response
}

/// The problem documents by their codes, for the document's components.
pub(super) fn examples() -> impl Iterator<Item = (&'static str, utoipa::openapi::example::Example)> {
    PROBLEMS.iter().map(|(code, error)| {
        let mut problem = error().problem();
        "0192f3c1a5b87e43b6e0c9d2f1a4e857".clone_into(&mut problem.instance);
        let value = serde_json::to_value(&problem).unwrap_or_default();
        (*code, ExampleBuilder::new().summary(problem.title).value(Some(value)).build())
    })
}

fn by_status(names: &[&str]) -> BTreeMap<String, RefOr<Response>> {
    let named = FAILURES.iter().filter(|failure| names.contains(&failure.name));
    let reference = |failure: &Failure| RefOr::Ref(Ref::from_response_name(failure.name));
    named.map(|failure| (failure.status.to_owned(), reference(failure))).collect()
}

macro_rules! group {
    ($(#[$meta:meta])* $name:ident, $($failure:literal),+) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                by_status(&[$($failure),+])
            }
        }
    };
}

group!(
    /// Of every operation, those that need no token too.
    CommonFailures,
    "BodyTooLarge", "TargetTooLong", "UnknownHost", "HeadersTooLarge", "InternalError", "UpstreamTimeout"
);
group!(
    /// Of every operation that needs a token.
    TokenFailures,
    "Unauthorized", "RateLimited", "KeysUnavailable"
);
group!(
    /// Of every operation that needs leave, and a source; stands behind [`TokenFailures`].
    SourceFailures,
    "Forbidden", "NotFound", "UpstreamError", "Unavailable"
);
group!(
    /// Of operations whose answer has formats.
    Negotiated,
    "NotAcceptable"
);
group!(
    /// Of operations with parameters.
    InvalidParameter,
    "InvalidParameter"
);
group!(
    /// Of lists.
    InvalidListRequest,
    "InvalidListRequest"
);
group!(
    /// Of reading events.
    InvalidEventsRequest,
    "InvalidEventsRequest", "QueryForbidden"
);
group!(
    /// Of starting a query.
    InvalidQueryRequest,
    "InvalidQueryRequest", "UnsupportedMediaType", "QueryForbidden", "BudgetExceeded"
);
group!(
    /// Of rows as a file.
    QueryIncomplete,
    "QueryIncomplete"
);
group!(
    /// Of what not every source has.
    NotSupported,
    "NotSupported"
);
