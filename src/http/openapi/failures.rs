//! What operations may answer with instead: every status with its codes, and for each code the problem document itself.
//!
//! Owns which operation fails in which ways. The documents are made by [`crate::http::problem`], as the service makes them; what
//! they say is not written here a second time.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::headers;
use super::problems;
use crate::http::problem_code::{ProblemCode as C, ProblemDescription};

/// A failure that several operations share.
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
        "A parameter is wrong, unknown or given twice: says where, and what instead",
        &[C::InvalidParameter],
    ),
    failure(
        "InvalidListRequest",
        "400",
        "A parameter or the cursor is wrong: says where, and what instead",
        &[C::InvalidParameter, C::InvalidCursor],
    ),
    failure(
        "InvalidEventsRequest",
        "400",
        "A parameter, the filter or the cursor is wrong: says where, and what instead",
        &[C::InvalidParameter, C::InvalidFilter, C::InvalidCursor],
    ),
    failure(
        "InvalidQueryRequest",
        "400",
        "A parameter, a member of the body or the query is wrong: says where, and what instead",
        &[C::InvalidParameter, C::InvalidQuery],
    ),
    failure(
        "Unauthorized",
        "401",
        "There is no token, it is not valid here, or it has expired; see `WWW-Authenticate`",
        &[C::MissingToken, C::InvalidToken, C::ExpiredToken],
    )
    .with(&["WWW-Authenticate"]),
    failure("Forbidden", "403", "The tenant may, the token may not; names the scope that would do", &[C::InsufficientScope])
        .with(&["WWW-Authenticate"]),
    failure("NotFound", "404", "It does not exist, or the caller may not know that it does", &[C::NotFound]),
    failure("NotAcceptable", "406", "None of the formats in `Accept` can be had here", &[C::NotAcceptable]),
    failure(
        "QueryIncomplete",
        "409",
        "CSV and NDJSON are given of a complete query alone; see `Retry-After` while it runs",
        &[C::QueryIncomplete],
    )
    .with(TOO_OFTEN),
    failure("BodyTooLarge", "413", "The body is over the limit", &[C::BodyTooLarge]),
    failure("TargetTooLong", "414", "Path and query together are over the limit", &[C::TargetTooLong]),
    failure("UnsupportedMediaType", "415", "The body must be JSON", &[C::UnsupportedMediaType]),
    failure("UnknownHost", "421", "The service does not answer for the host in `Host`", &[C::UnknownHost]),
    failure("QueryForbidden", "422", "Well-formed, but the tenant's rules do not allow it", &[C::QueryForbidden]),
    failure(
        "RateLimited",
        "429",
        "The tenant asks too often; see `Retry-After`, `RateLimit` and `RateLimit-Policy`",
        &[C::RateLimited],
    )
    .with(TOO_OFTEN),
    failure(
        "BudgetExceeded",
        "429",
        "The tenant asks too often, or has used up what its queries may cost; see `Retry-After`",
        &[C::RateLimited, C::BudgetExceeded],
    )
    .with(TOO_OFTEN),
    failure("HeadersTooLarge", "431", "The headers together are over the limit", &[C::HeadersTooLarge]),
    failure("InternalError", "500", "A fault of the service", &[C::InternalError]),
    failure("NotSupported", "501", "The source that holds the group has no such thing", &[C::NotSupported]),
    failure("UpstreamError", "502", "The source of the logs gave no usable answer", &[C::UpstreamError]),
    failure("KeysUnavailable", "503", "The issuer's keys can't be had at the moment; see `Retry-After`", &[C::KeysUnavailable])
        .with(TOO_OFTEN),
    failure(
        "Unavailable",
        "503",
        "The source of the logs or the issuer's keys can't be had at the moment; see `Retry-After`",
        &[C::Overloaded, C::KeysUnavailable],
    )
    .with(TOO_OFTEN),
    failure("UpstreamTimeout", "504", "The source of the logs did not answer in time", &[C::UpstreamTimeout]),
];

/// The failures by their names, for the document's components.
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

/// The service of the examples.
const EXAMPLE_URL: &str = "https://logs.example.com";

/// The problem documents by their codes, each with what its page says, for the document's components.
pub(super) fn examples() -> impl Iterator<Item = (&'static str, utoipa::openapi::example::Example)> {
    // Only those that an operation answers with: the rest stand in the description of `Problem.code`.
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
