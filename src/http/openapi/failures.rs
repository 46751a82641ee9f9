//! The error responses of operations: each status with its codes, and an example of each code.
//!
//! Owns the choice of errors for each operation. [`crate::http::problem`] makes the examples, as it makes the answers of the service.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::headers;
use super::problems;
use crate::http::problem_code::{ProblemCode as C, ProblemDescription};

/// An error response that several operations share.
struct Failure {
    name: &'static str,
    status: &'static str,
    says: &'static str,
    codes: &'static [C],
    headers: &'static [&'static str],
}

const fn failure(name: &'static str, status: &'static str, says: &'static str, codes: &'static [C]) -> Failure {
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
        "A parameter is not valid, unknown or given twice. `errors` names it and says what to use instead",
        &[C::InvalidParameter],
    ),
    failure(
        "InvalidListRequest",
        "400",
        "A parameter or the cursor is not valid. `errors` names it and says what to use instead",
        &[C::InvalidParameter, C::InvalidCursor],
    ),
    failure(
        "InvalidEventsRequest",
        "400",
        "A parameter, the filter or the cursor is not valid. `errors` names it and says what to use instead",
        &[C::InvalidParameter, C::InvalidFilter, C::InvalidCursor],
    ),
    failure(
        "InvalidQueryRequest",
        "400",
        "A parameter, a member of the body or the query is not valid. `errors` names it and says what to use instead",
        &[C::InvalidParameter, C::InvalidQuery],
    ),
    failure(
        "Unauthorized",
        "401",
        "The token is missing, not valid, or has expired, or the ticket is not valid. See `WWW-Authenticate`",
        &[C::MissingToken, C::InvalidToken, C::ExpiredToken, C::InvalidTicket],
    )
    .with(&["WWW-Authenticate"]),
    failure(
        "Forbidden",
        "403",
        "The tenant is allowed to, but the token lacks the scope that `detail` names",
        &[C::InsufficientScope],
    )
    .with(&["WWW-Authenticate"]),
    failure("NotFound", "404", "Not found, or you have no access to it", &[C::NotFound]),
    failure("NotAcceptable", "406", "None of the formats in `Accept` is available here", &[C::NotAcceptable]),
    failure(
        "QueryIncomplete",
        "409",
        "CSV and NDJSON need a complete query. While it runs, see `Retry-After`",
        &[C::QueryIncomplete],
    )
    .with(TOO_OFTEN),
    failure("BodyTooLarge", "413", "The body is larger than the limit", &[C::BodyTooLarge]),
    failure("TargetTooLong", "414", "The path and the query string are longer than the limit", &[C::TargetTooLong]),
    failure("UnsupportedMediaType", "415", "The body is not declared as JSON", &[C::UnsupportedMediaType]),
    failure("UnknownHost", "421", "The service does not answer for the host in `Host`", &[C::UnknownHost]),
    failure("QueryForbidden", "422", "The request is well-formed, but the tenant's rules do not allow it", &[C::QueryForbidden]),
    failure(
        "RateLimited",
        "429",
        "A limit of the tenant is reached. See `Retry-After`, `RateLimit` and `RateLimit-Policy`",
        &[C::RateLimited],
    )
    .with(TOO_OFTEN),
    failure(
        "BudgetExceeded",
        "429",
        "A limit of the tenant is reached, or a daily budget is used up. See `Retry-After`, `RateLimit` and `RateLimit-Policy`",
        &[C::RateLimited, C::BudgetExceeded],
    )
    .with(TOO_OFTEN),
    failure("HeadersTooLarge", "431", "The headers are larger than the limit", &[C::HeadersTooLarge]),
    failure("InternalError", "500", "The service failed", &[C::InternalError]),
    failure("NotSupported", "501", "The source that has the log group does not support this", &[C::NotSupported]),
    failure("UpstreamError", "502", "The source of the logs returned no usable answer", &[C::UpstreamError]),
    failure(
        "KeysUnavailable",
        "503",
        "The issuer's keys are not available at the moment. See `Retry-After`",
        &[C::KeysUnavailable],
    )
    .with(TOO_OFTEN),
    failure(
        "Unavailable",
        "503",
        "The source of the logs or the issuer's keys are not available at the moment. See `Retry-After`",
        &[C::Overloaded, C::KeysUnavailable],
    )
    .with(TOO_OFTEN),
    failure("UpstreamTimeout", "504", "The source of the logs did not answer in time", &[C::UpstreamTimeout]),
];

/// The error responses by name, for the document's components.
pub(super) fn components() -> impl Iterator<Item = (&'static str, Response)> {
    FAILURES.iter().map(|failure| (failure.name, response(failure)))
}

fn response(Failure { says, codes, headers, .. }: &Failure) -> Response {
    let example = |code: &C| (code.as_str(), RefOr::Ref(Ref::new(format!("#/components/examples/{}", code.as_str()))));
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .examples_from_iter(codes.iter().map(example))
        .build();
    let words: Vec<_> = codes.iter().map(|code| format!("`{}`", code.as_str())).collect();
    let mut response = ResponseBuilder::new()
        .description(format!("{}: {says}", words.join(" or ")))
        .content("application/problem+json", content)
        .build();
    response.headers.extend(headers::named(headers));
    response
}

/// The URL of the service in the examples.
const EXAMPLE_URL: &str = "https://logs.example.com";

/// The problem documents by code, each with the texts of its page, for the document's components.
pub(super) fn examples() -> impl Iterator<Item = (&'static str, utoipa::openapi::example::Example)> {
    // Only the codes of operations. The description of `Problem.code` has the others too.
    let answered = |code: &C| FAILURES.iter().any(|failure| failure.codes.contains(code));
    C::ALL.into_iter().filter(answered).map(|code| {
        let ProblemDescription { meaning, cause, fix, title, .. } = code.about();
        let mut problem = problems::example(code).problem().at(EXAMPLE_URL);
        "0192f3c1a5b87e43b6e0c9d2f1a4e857".clone_into(&mut problem.instance);
        let value = serde_json::to_value(&problem).unwrap_or_default();
        let words = format!("{meaning}\n\n**Cause:** {cause}\n\n**What to do:** {fix}");
        (code.as_str(), ExampleBuilder::new().summary(title).description(words).value(Some(value)).build())
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
    /// Errors of every operation, with or without a token.
    CommonFailures,
    "BodyTooLarge", "TargetTooLong", "UnknownHost", "HeadersTooLarge", "InternalError", "UpstreamTimeout"
);
group!(
    /// Errors of every operation that needs a token.
    TokenFailures,
    "Unauthorized", "RateLimited", "KeysUnavailable"
);
group!(
    /// Errors of every operation that needs a permit and a source. Use it after [`TokenFailures`].
    SourceFailures,
    "Forbidden", "NotFound", "UpstreamError", "Unavailable"
);
group!(
    /// Errors of operations that negotiate a format.
    Negotiated,
    "NotAcceptable"
);
group!(
    /// Errors of operations with parameters.
    InvalidParameter,
    "InvalidParameter"
);
group!(
    /// Errors of operations with a body, without those of its contents.
    InvalidBody,
    "InvalidParameter", "UnsupportedMediaType"
);
group!(
    /// Errors of lists.
    InvalidListRequest,
    "InvalidListRequest"
);
group!(
    /// Errors of event requests.
    InvalidEventsRequest,
    "InvalidEventsRequest", "QueryForbidden"
);
group!(
    /// Errors of starting a query.
    InvalidQueryRequest,
    "InvalidQueryRequest", "UnsupportedMediaType", "QueryForbidden", "BudgetExceeded"
);
group!(
    /// Errors of requests with a body that the tenant's rules can forbid.
    ForbiddenBody,
    "InvalidParameter", "UnsupportedMediaType", "QueryForbidden"
);
group!(
    /// Errors of rows as a file.
    QueryIncomplete,
    "QueryIncomplete"
);
group!(
    /// Errors of operations that not every source supports.
    NotSupported,
    "NotSupported"
);
