//! An error for every code that a client can see, as examples.
//!
//! Owns the choice of examples. What a document says of an error is [`crate::http::problem`]'s.

use std::time::Duration;

use crate::auth::policy::Denied;
use crate::domain::filter::EventFilter;
use crate::domain::query::run::QueryStatus;
use crate::domain::query::{LogQuery, QueryFault};
use crate::http::fault::{FieldError, Language, Place};
use crate::http::problem::{ApiError, CURSOR};
use crate::sources::SourceError;
use crate::sources::budget::Budget;

type Make = fn() -> ApiError;

/// By code.
pub(super) const PROBLEMS: [(&str, Make); 25] = [
    ("invalid_parameter", || ApiError::parameter("limit", "`0` is no whole number from 1 to 10000")),
    ("invalid_filter", invalid_filter),
    ("invalid_query", invalid_query),
    ("invalid_cursor", || ApiError::InvalidCursor(CURSOR.into())),
    ("missing_token", || ApiError::MissingToken),
    ("invalid_token", || ApiError::InvalidToken(String::new())),
    ("expired_token", || ApiError::ExpiredToken),
    ("insufficient_scope", || ApiError::Denied(Denied::InsufficientScope { scope: "logs:read:/acme/api".to_owned() })),
    ("not_found", || ApiError::Denied(Denied::NotGranted)),
    ("not_acceptable", || ApiError::NotAcceptable { available: "`application/json`" }),
    ("query_incomplete", || ApiError::QueryIncomplete(QueryStatus::Running)),
    ("body_too_large", || ApiError::BodyTooLarge(1_048_576)),
    ("target_too_long", || ApiError::TargetTooLong(16_384)),
    ("unsupported_media_type", || ApiError::NotJson),
    ("query_forbidden", query_forbidden),
    ("unknown_host", || ApiError::UnknownHost),
    ("rate_limited", || ApiError::RateLimited { retry_after: Duration::from_secs(1) }),
    ("budget_exceeded", || ApiError::BudgetExceeded { budget: Budget::Queries(3), retry_after: Duration::from_secs(1) }),
    ("headers_too_large", || ApiError::HeadersTooLarge(32_768)),
    ("internal_error", || ApiError::Internal(String::new())),
    ("not_supported", || ApiError::Source(SourceError::NotSupported("Logs Insights queries"))),
    ("upstream_error", || ApiError::Source(SourceError::Upstream(String::new()))),
    ("overloaded", || ApiError::Source(SourceError::Throttled { retry_after: Duration::from_secs(1) })),
    ("keys_unavailable", || ApiError::KeysUnavailable(String::new())),
    ("upstream_timeout", || ApiError::TimedOut),
];

fn invalid_filter() -> ApiError {
    let text = "{ $.status == 500 }";
    let faults = EventFilter::parse(text).err().unwrap_or_default();
    let errors = FieldError::of_text(&Place::Parameter("filter".into()), Language::Filter, text, &faults);
    ApiError::InvalidText { language: Language::Filter, errors }
}

fn invalid_query() -> ApiError {
    let text = "stats count(* by bin(5m)";
    let faults = match LogQuery::parse(text) {
        Err(QueryFault::Invalid(faults)) => faults,
        _ => Vec::new(),
    };
    let errors = FieldError::of_text(&Place::Pointer("/query".into()), Language::Query, text, &faults);
    ApiError::InvalidText { language: Language::Query, errors }
}

fn query_forbidden() -> ApiError {
    let text = "SOURCE logGroups(namePrefix: ['/globex']) | limit 5";
    let faults = match LogQuery::parse(text) {
        Err(QueryFault::Forbidden(faults)) => faults,
        _ => Vec::new(),
    };
    ApiError::QueryForbidden(FieldError::of_text(&Place::Pointer("/query".into()), Language::Query, text, &faults))
}
