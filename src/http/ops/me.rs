//! `GET /me`: the caller, its grants and its limits.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::list;
use super::parameters::JSON_FORMAT;
use crate::auth::tenant::{Grant, Limits};
use crate::domain::rules::EventMask;
use crate::domain::time::Millis;
use crate::http::AppState;
use crate::http::authorized::{Authenticated, RequestContext};
use crate::http::openapi::failures::{CommonFailures, InvalidParameter, Negotiated, TokenFailures};
use crate::http::parameter::{ParameterList, ParametersOf, RequestParameters};
use crate::http::problem::ApiError;
use crate::limits::Remaining;
use crate::limits::limit::{Limit, LimitState, Work};

/// The request.
#[derive(Debug)]
pub struct MeRequest;

impl RequestParameters for MeRequest {
    const PARAMETERS: ParameterList = &[&[&JSON_FORMAT]];
}

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
    /// When the token expires.
    #[schema(value_type = String, format = DateTime, example = "2026-11-20T11:00:00.000Z")]
    expires_at: Millis,
    /// The token's scopes that are about logs.
    #[schema(example = json!(["logs:read:/acme/*"]))]
    scopes: Vec<String>,
    /// The tenant's grants. An action is allowed if a scope and a grant both allow it.
    grants: Vec<GrantBody>,
    /// The tenant's limits.
    limits: LimitsBody,
    /// What is left of the limits now, under the same names.
    remaining: RemainingBody,
}

/// A grant.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Grant)]
pub struct GrantBody {
    /// Patterns of groups.
    #[schema(example = json!(["/acme/*"]))]
    groups: Vec<String>,
    /// Patterns of streams. Absent if all are allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["prod-*"]))]
    streams: Option<Vec<String>>,
    /// The allowed actions.
    #[schema(example = json!(["read"]))]
    actions: Vec<&'static str>,
    /// The filter pattern that events must match. Absent if all are allowed.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    #[schema(example = "{ $.tenant = \"acme\" }")]
    rows: Option<String>,
    /// The JSON paths that are masked. Absent if none are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["$.card"]))]
    mask: Option<Vec<String>>,
    /// The text in place of a masked value. Absent if masked members are removed, or none are masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "***")]
    mask_with: Option<String>,
}

/// Limits. An absent member means no limit.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Limits)]
pub struct LimitsBody {
    /// Requests per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 20)]
    requests_per_second: Option<u32>,
    /// Requests left now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 19)]
    requests_remaining: Option<u32>,
    /// Concurrent requests. A request counts until its answer is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 10)]
    concurrent_requests: Option<u32>,
    /// Further requests that can start now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 9)]
    concurrent_requests_remaining: Option<u32>,
    /// Concurrent Logs Insights queries.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 3)]
    concurrent_queries: Option<u32>,
    /// Queries that can be started now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2)]
    queries_remaining: Option<u32>,
    /// Gigabytes that queries can scan in a day (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 50.0)]
    scanned_gb_per_day: Option<f64>,
    /// Gigabytes that queries can still scan today. Absent also after a query over log groups of which you can see only some
    /// events, until midnight UTC, since the figure counts all events.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 48.5)]
    scanned_gb_remaining: Option<f64>,
    /// Concurrent exports: answers with events as NDJSON, CSV or text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2)]
    concurrent_exports: Option<u32>,
    /// Concurrent live tails.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 5)]
    tails: Option<u32>,
    /// Gigabytes that answers can have in a day (UTC), before compression.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 10.0)]
    sent_gb_per_day: Option<f64>,
    /// The longest range of one request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "31d")]
    max_range: Option<String>,
    /// The longest range of one request, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2_678_400)]
    max_range_seconds: Option<u64>,
}

/// What is left of the limits. An absent member means no limit.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Remaining)]
pub struct RemainingBody {
    /// Requests that can be sent now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 19)]
    requests_per_second: Option<u32>,
    /// Further requests that can start now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 9)]
    concurrent_requests: Option<u32>,
    /// Queries that can be started now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2)]
    concurrent_queries: Option<u32>,
    /// Gigabytes that queries can still scan today. Absent also while the figure would count streams that you cannot see.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 48.5)]
    scanned_gb_per_day: Option<f64>,
    /// Exports that can be started now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2)]
    concurrent_exports: Option<u32>,
    /// Live tails that can be opened now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 4)]
    tails: Option<u32>,
    /// Gigabytes that answers can still have today, before compression.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 9.5)]
    sent_gb_per_day: Option<f64>,
}

impl From<&Grant> for GrantBody {
    fn from(grant: &Grant) -> Self {
        let words = |patterns: &[crate::domain::pattern::Pattern]| patterns.iter().map(ToString::to_string).collect();
        Self {
            groups: words(&grant.groups),
            streams: grant.streams.as_deref().map(words),
            actions: grant.actions.iter().map(|action| action.as_str()).collect(),
            rows: grant.rows.as_ref().map(ToString::to_string),
            mask: grant.mask.as_ref().map(EventMask::path_texts),
            mask_with: grant.mask.as_ref().and_then(EventMask::replacement_text).map(str::to_owned),
        }
    }
}

impl LimitsBody {
    fn new(limits: &Limits, remaining: &RemainingBody) -> Self {
        Self {
            requests_per_second: limits.requests_per_second.map(std::num::NonZeroU32::get),
            requests_remaining: remaining.requests_per_second,
            concurrent_requests: limits.concurrent_requests.map(std::num::NonZeroU32::get),
            concurrent_requests_remaining: remaining.concurrent_requests,
            concurrent_queries: limits.concurrent_queries,
            queries_remaining: remaining.concurrent_queries,
            scanned_gb_per_day: limits.scanned_gb_per_day,
            scanned_gb_remaining: remaining.scanned_gb_per_day,
            concurrent_exports: limits.concurrent_exports,
            tails: limits.tails,
            sent_gb_per_day: limits.sent_gb_per_day,
            max_range: limits.max_range.map(spelt),
            max_range_seconds: limits.max_range.map(|max| max.as_secs()),
        }
    }
}

/// A duration as in the configuration: whole days, hours, minutes or seconds.
fn spelt(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(86_400, "d"), (3600, "h"), (60, "m")];
    let unit = units.into_iter().find(|(length, _)| seconds > 0 && seconds.is_multiple_of(*length));
    unit.map_or_else(|| format!("{seconds}s"), |(length, unit)| format!("{}{unit}", seconds / length))
}

impl RemainingBody {
    /// Of the limits that the request was asked for, and of the others.
    fn new(asked: &[LimitState], remaining: Remaining) -> Self {
        let of = |limit| {
            let state = asked.iter().find(|state| state.limit == limit)?;
            Some(u32::try_from(state.remaining).unwrap_or(u32::MAX))
        };
        Self {
            requests_per_second: of(Limit::RequestsPerSecond),
            concurrent_requests: of(Limit::Work(Work::Requests)),
            concurrent_queries: remaining.queries,
            scanned_gb_per_day: remaining.scanned_gb,
            concurrent_exports: remaining.exports,
            tails: remaining.tails,
            sent_gb_per_day: remaining.sent_gb,
        }
    }
}

/// Get your permissions
///
/// Returns the tenant, the scopes of the token, the grants of the tenant, and its limits.
#[utoipa::path(
    get,
    path = "/me",
    operation_id = "me",
    tag = "caller",
    params(ParametersOf<MeRequest>),
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
    Authenticated { caller, input, now, info }: Authenticated,
) -> Result<Json<MeBody>, ApiError> {
    let mut input = input.accepting(MeRequest::PARAMETERS);
    list::json_only(
        &mut input,
        RequestContext { caller: &caller, now, headers: &headers, app: &app, work_time: app.limits.work_time },
    )?;
    let limits = &caller.tenant.limits;
    let remaining = app.tenant_limits.remaining(&caller.tenant.id, limits).await;
    let remaining = RemainingBody::new(&info.limits(), remaining);
    Ok(Json(MeBody {
        tenant: caller.tenant.id.to_string(),
        subject: caller.claims.subject.clone(),
        issuer: caller.claims.issuer.clone(),
        expires_at: Millis(caller.claims.expires_at.saturating_mul(1000)),
        scopes: caller.scopes.iter().map(ToString::to_string).collect(),
        grants: caller.tenant.grants.iter().map(GrantBody::from).collect(),
        limits: LimitsBody::new(limits, &remaining),
        remaining,
    }))
}
