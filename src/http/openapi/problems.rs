//! An example of every error code.
//!
//! Owns the choice of examples, and the list of codes in the document. [`crate::http::problem`] has the texts.

use std::time::Duration;

use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Components, RefOr};

use crate::auth::policy::Denied;
use crate::domain::filter::EventFilter;
use crate::domain::query::operations::QueryStatus;
use crate::domain::query::{LogQuery, QueryError};
use crate::http::field_error::{ErrorLocation, FieldError, Language};
use crate::http::problem::{ApiError, INVALID_CURSOR};
use crate::http::problem_code::ProblemCode as C;
use crate::limits::limit::{Budget, Limit, LimitExceeded};
use crate::sources::SourceError;

/// Lists every code in the description of `Problem.code`. The schema stays open: a later version may have more codes.
pub(super) fn describe_codes(components: &mut Components) {
    let Some(RefOr::T(Schema::Object(problem))) = components.schemas.get_mut("Problem") else { return };
    let Some(RefOr::T(Schema::Object(code))) = problem.properties.get_mut("code") else { return };
    let about = C::ALL.map(C::about).map(|about| format!("- `{}` ({}): {}", about.code, about.status, about.meaning));
    code.description = Some(format!("The code of the problem, for programs. Codes are stable.\n\n{}", about.join("\n")));
}

/// An error with the code.
pub(super) fn example(code: C) -> ApiError {
    match code {
        C::InvalidParameter => ApiError::parameter("limit", "`0` is not a whole number from 1 to 10000"),
        C::InvalidFilter => invalid_filter(),
        C::InvalidQuery => invalid_query(),
        C::InvalidCursor => ApiError::InvalidCursor(INVALID_CURSOR.into()),
        C::MissingToken => ApiError::MissingToken,
        C::InvalidToken => ApiError::InvalidToken(String::new()),
        C::ExpiredToken => ApiError::ExpiredToken,
        C::InvalidTicket => ApiError::InvalidTicket(""),
        C::InsufficientScope => ApiError::Denied(Denied::InsufficientScope { scope: "logs:read:/acme/api".to_owned() }),
        C::NotFound => ApiError::Denied(Denied::NotGranted),
        C::MethodNotAllowed => ApiError::MethodNotAllowed,
        C::NotAcceptable => ApiError::NotAcceptable { available: "`application/json`" },
        C::QueryIncomplete => ApiError::QueryIncomplete(QueryStatus::Running),
        C::BodyTooLarge => ApiError::BodyTooLarge(1_048_576),
        C::TargetTooLong => ApiError::TargetTooLong(16_384),
        C::UnsupportedMediaType => ApiError::NotJson,
        C::UnknownHost => ApiError::UnknownHost,
        C::QueryForbidden => query_forbidden(),
        C::RateLimited => limit_exceeded(Limit::RequestsPerSecond, 20, Duration::from_secs(1)),
        C::BudgetExceeded => limit_exceeded(Limit::Budget(Budget::Scanned), 50_000_000_000, Duration::from_secs(3600)),
        C::HeadersTooLarge => ApiError::HeadersTooLarge(32_768),
        C::InternalError => ApiError::Internal(String::new()),
        C::NotSupported => ApiError::Source(SourceError::NotSupported("live tail")),
        C::UpstreamError => ApiError::Source(SourceError::Upstream(String::new())),
        C::Overloaded => ApiError::Source(SourceError::Throttled { retry_after: Duration::from_secs(1) }),
        C::KeysUnavailable => ApiError::KeysUnavailable(String::new()),
        C::UpstreamTimeout => ApiError::TimedOut,
    }
}

fn limit_exceeded(limit: Limit, most: u64, retry_after: Duration) -> ApiError {
    LimitExceeded { limit, most, left: 0, retry_after }.into()
}

fn invalid_filter() -> ApiError {
    let text = "{ $.status == 500 }";
    let faults = EventFilter::parse(text).err().unwrap_or_default();
    let errors = FieldError::of_text(&ErrorLocation::Parameter("filter".into()), Language::Filter, text, &faults);
    ApiError::InvalidText { language: Language::Filter, errors }
}

fn invalid_query() -> ApiError {
    let text = "stats count(* by bin(5m)";
    let faults = match LogQuery::parse(text) {
        Err(QueryError::Invalid(faults)) => faults,
        _ => Vec::new(),
    };
    let errors = FieldError::of_text(&ErrorLocation::Pointer("/query".into()), Language::Query, text, &faults);
    ApiError::InvalidText { language: Language::Query, errors }
}

fn query_forbidden() -> ApiError {
    let text = "SOURCE logGroups(namePrefix: ['/globex']) | limit 5";
    let faults = match LogQuery::parse(text) {
        Err(QueryError::Forbidden(faults)) => faults,
        _ => Vec::new(),
    };
    ApiError::QueryForbidden(FieldError::of_text(&ErrorLocation::Pointer("/query".into()), Language::Query, text, &faults))
}
