//! `GET /me`: who the service takes the caller for, and what it may.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::list;
use crate::auth::tenant::{Grant, Limits};
use crate::domain::time::Millis;
use crate::http::AppState;
use crate::http::authorized::{Authenticated, RequestContext};
use crate::http::layers::RequestInfo;
use crate::http::openapi::failures::{CommonFailures, InvalidParameter, Negotiated, TokenFailures};
use crate::http::openapi::parameters::JsonOnly;
use crate::http::problem::ApiError;
use crate::sources::budget::RemainingBudget;

/// The caller.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Me)]
pub struct MeBody {
    /// The tenant that the token names.
    #[schema(example = "acme")]
    tenant: String,
    /// The token's subject.
    #[schema(example = "user-17")]
    subject: String,
    /// The token's issuer.
    #[schema(example = "https://login.example.com")]
    issuer: String,
    /// When the token ends.
    #[schema(value_type = String, format = DateTime, example = "2026-11-20T11:00:00.000Z")]
    expires_at: Millis,
    /// The token's scopes that are about logs.
    #[schema(example = json!(["logs:read:/acme/*"]))]
    scopes: Vec<String>,
    /// The tenant's grants. What the caller may do is what a scope and a grant both allow.
    grants: Vec<GrantBody>,
    /// The tenant's limits.
    limits: LimitsBody,
}

/// A grant.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Grant)]
pub struct GrantBody {
    /// Patterns of groups.
    #[schema(example = json!(["/acme/*"]))]
    groups: Vec<String>,
    /// Patterns of streams; absent: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["prod-*"]))]
    streams: Option<Vec<String>>,
    /// What may be done.
    #[schema(example = json!(["read"]))]
    actions: Vec<&'static str>,
}

/// Limits; an absent one is none.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Limits)]
pub struct LimitsBody {
    /// Requests per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 20)]
    requests_per_second: Option<u32>,
    /// Requests left at this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 19)]
    requests_remaining: Option<u32>,
    /// Requests at a time, until their answers are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 10)]
    concurrent_requests: Option<u32>,
    /// Requests that may begin beside those under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 9)]
    concurrent_requests_remaining: Option<u32>,
    /// Logs Insights queries at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 3)]
    concurrent_queries: Option<u32>,
    /// Queries that may be started at this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2)]
    queries_remaining: Option<u32>,
    /// Gigabytes that queries may scan in a day of UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 50.0)]
    scanned_gb_per_day: Option<f64>,
    /// Gigabytes that they may still scan today. Absent also after a query over log groups of which you may see only some
    /// streams, until midnight UTC: the figure counts all streams.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 48.5)]
    scanned_gb_remaining: Option<f64>,
    /// Live tails at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 5)]
    tails: Option<u32>,
    /// The longest range that one request may read, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2_678_400)]
    max_range_seconds: Option<u64>,
}

impl From<&Grant> for GrantBody {
    fn from(grant: &Grant) -> Self {
        let words = |patterns: &[crate::domain::pattern::Pattern]| patterns.iter().map(ToString::to_string).collect();
        Self {
            groups: words(&grant.groups),
            streams: grant.streams.as_deref().map(words),
            actions: grant.actions.iter().map(|action| action.as_str()).collect(),
        }
    }
}

impl LimitsBody {
    fn new(limits: &Limits, info: &RequestInfo, queries: RemainingBudget) -> Self {
        Self {
            requests_per_second: limits.requests_per_second.map(std::num::NonZeroU32::get),
            requests_remaining: info.rate_limit().map(|state| state.remaining),
            concurrent_requests: limits.concurrent_requests.map(std::num::NonZeroU32::get),
            concurrent_requests_remaining: info.concurrency(),
            concurrent_queries: limits.concurrent_queries,
            queries_remaining: queries.queries,
            scanned_gb_per_day: limits.scanned_gb_per_day,
            scanned_gb_remaining: queries.scanned_gb,
            tails: limits.tails,
            max_range_seconds: limits.max_range.map(|max| max.as_secs()),
        }
    }
}

/// Who you are here, and what you may
///
/// The tenant, the scopes of the token, the grants of the tenant, and its limits.
#[utoipa::path(
    get,
    path = "/me",
    operation_id = "me",
    tag = "caller",
    params(JsonOnly),
    responses(
        (status = 200, description = "The caller", body = MeBody),
        InvalidParameter,
        Negotiated,
        TokenFailures,
        CommonFailures,
    ),
    security(("token" = [])),
)]
pub(crate) async fn me(
    State(app): State<AppState>,
    headers: http::HeaderMap,
    Authenticated { caller, mut input, now, info }: Authenticated,
) -> Result<Json<MeBody>, ApiError> {
    list::json_only(
        &mut input,
        RequestContext { caller: &caller, now, headers: &headers, app: &app, work_time: app.limits.work_time },
    )?;
    Ok(Json(MeBody {
        tenant: caller.tenant.id.to_string(),
        subject: caller.claims.subject.clone(),
        issuer: caller.claims.issuer.clone(),
        expires_at: Millis(caller.claims.expires_at.saturating_mul(1000)),
        scopes: caller.scopes.iter().map(ToString::to_string).collect(),
        grants: caller.tenant.grants.iter().map(GrantBody::from).collect(),
        limits: LimitsBody::new(&caller.tenant.limits, &info, app.query_budgets.left(&caller.tenant.id, &caller.tenant.limits)),
    }))
}
