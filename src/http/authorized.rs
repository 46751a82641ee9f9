//! Authentication and authorization of a request: token → caller → body → typed request → permit, in this order.
//!
//! Owns that order. INVARIANT: [`Authorized`] is the only way in which a handler gets a permit, and no part of the request is parsed
//! before its caller is known.

use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Request};
use http::header::{AUTHORIZATION, CONTENT_LENGTH};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
use logmark_quota::Share;
use tokio::time::Instant;

use super::body::{Body, ExpectedBody};
use super::field_error::ErrorLocation;
use super::hint;
use super::input::Input;
use super::layers::RequestInfo;
use super::parameter::RequestParameters;
use super::problem::ApiError;
use super::tickets;
use super::{App, AppState};
use crate::auth::permit::Permit;
use crate::auth::policy::{self, Denied};
use crate::auth::tenant::Caller;
use crate::auth::token::{self, CredentialError, TokenError, UnverifiedToken};
use crate::domain::operation::Operation;
use crate::domain::time::Millis;
use crate::limits::lease::Lease;
use crate::limits::limit::{Budget, bytes_of};
use crate::limits::{Admission, Need};
use crate::sources::page_pool::memory_error;

/// What parsing a request needs besides its input.
#[derive(Debug, Clone, Copy)]
pub struct RequestContext<'a> {
    /// The caller.
    pub caller: &'a Caller,
    /// The time of the request.
    pub now: Millis,
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The service's state.
    pub app: &'a App,
    /// The time left for work on the answer.
    pub work_time: Duration,
}

impl App {
    /// The time left for work on the answer.
    pub(in crate::http) fn work_time(&self, info: &RequestInfo) -> Duration {
        let left =
            info.response_budget().map(|response_budget| response_budget.work_until().saturating_duration_since(Instant::now()));
        left.unwrap_or(Duration::MAX).min(self.limits.work_time)
    }
}

/// The request of an endpoint: it parses itself into an operation and the rest of the request, which the answer needs.
pub trait ParseRequest: RequestParameters + Sized + Send {
    /// The operation that needs a permit.
    type Op: Operation;

    /// The body that the endpoint expects.
    const BODY: ExpectedBody = ExpectedBody::Nothing;

    /// Reads all parameters, and calls [`Input::finish`], which refuses the others.
    ///
    /// # Errors
    /// Every fault of the input at once.
    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(Self::Op, Self), ApiError>;
}

/// Marks a request that is only authorized, and not carried out: the check of a URL for which a ticket is requested.
#[derive(Debug, Clone, Default)]
pub struct DryRun(Arc<OnceLock<()>>);

impl DryRun {
    /// Whether the request got its permit.
    #[must_use]
    pub fn is_authorized(&self) -> bool {
        self.0.get().is_some()
    }
}

/// An authorized request.
#[derive(Debug)]
pub struct Authorized<A: ParseRequest> {
    /// The caller.
    pub caller: Caller,
    /// The permit for the operation.
    pub permit: Permit<A::Op>,
    /// The rest of the request.
    pub request: A,
    /// When the request began.
    pub now: Millis,
    /// The request's id, trace and log fields.
    pub info: Arc<RequestInfo>,
}

impl<A: ParseRequest> FromRequest<AppState> for Authorized<A> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let dry_run = parts.extensions.get::<DryRun>().cloned();
        let Authenticated { caller, input, now, info } = Authenticated::from_request_parts(&mut parts, app).await?;
        if dry_run.is_none() {
            reserve_sent(app, &caller, &info).await?;
        }
        let mut input = input.accepting(A::PARAMETERS);
        let headers = match A::BODY {
            ExpectedBody::Nothing => parts.headers,
            ExpectedBody::Json => {
                let headers = parts.headers.clone();
                input.body = read_body(Request::from_parts(parts, body), &info, app).await?;
                headers
            }
        };
        let context = RequestContext { caller: &caller, now, headers: &headers, app, work_time: app.work_time(&info) };
        let (op, request) = A::parse(&mut input, context)?;
        info.audit_context().set_target(op.target());
        if let Some(hint) = hint::of_target(op.target()) {
            info.set_hint(hint);
        }
        let permit = policy::authorize(&caller, op, now).map_err(|denied| located(denied, A::BODY))?;
        if let Some(DryRun(authorized)) = dry_run {
            let _first = authorized.set(());
            return Err(ApiError::Internal("a request that is only authorized".to_owned()));
        }
        info.audit_context().set_permit(&permit);
        Ok(Self { caller, permit, request, now, info })
    }
}

/// The place of a request among its tenant's concurrent requests, until its answer is sent.
#[derive(Debug)]
pub struct RequestLease(#[expect(dead_code, reason = "held until it is dropped")] Lease);

/// Begins to count the bytes of the answer, if the tenant has a budget for them. A request that reads no logs is not refused, so that
/// `GET /me` shows a budget that is used up.
async fn reserve_sent(app: &App, caller: &Caller, info: &RequestInfo) -> Result<(), ApiError> {
    let Some(most) = caller.tenant.limits.sent_gb_per_day.map(bytes_of) else { return Ok(()) };
    let sent = app.tenant_limits.reserve(&caller.tenant.id, Budget::Sent, Some(most), Need::exactly(0)).await?;
    info.add_limits(sent.state());
    info.set_sent(sent);
    Ok(())
}

/// The denial with the place in the request that it is about.
fn located(denied: Denied, body: ExpectedBody) -> ApiError {
    if let (Denied::SeveralSources { .. }, ExpectedBody::Nothing) = (&denied, body) {
        return ApiError::parameter("group", format!("{denied}: a report runs over groups of one source"));
    }
    let Denied::RangeTooLong { .. } = &denied else { return denied.into() };
    ApiError::RangeTooLong {
        denied,
        location: match body {
            ExpectedBody::Nothing => ErrorLocation::Parameter("start".into()),
            ExpectedBody::Json => ErrorLocation::Pointer("/start".into()),
        },
    }
}

/// Reads the body. Memory for all of it is reserved first, since a slow sender can hold it for long.
async fn read_body(request: Request, info: &RequestInfo, app: &AppState) -> Result<Body, ApiError> {
    let memory = app.sources.page_pool().memory();
    let room = memory.try_reserve(&info.share(), body_bytes(request.headers(), app.limits.body_bytes));
    let _room = room.map_err(|refused| ApiError::Source(memory_error(refused)))?;
    Body::read(request, app).await
}

/// The largest size that the body can have, in bytes.
fn body_bytes(headers: &HeaderMap, limit: usize) -> u64 {
    let stated = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    stated.unwrap_or(u64::MAX).min(limit as u64)
}

/// A request with a valid token, for operations on the caller alone.
#[derive(Debug)]
pub struct Authenticated {
    /// The caller.
    pub caller: Caller,
    /// The parameters, not read yet. Call [`Input::accepting`] with those of the operation.
    pub input: Input,
    /// When the request began.
    pub now: Millis,
    /// The request's id, trace and log fields.
    pub info: Arc<RequestInfo>,
}

impl FromRequestParts<AppState> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let info = RequestInfo::from_extensions(&parts.extensions);
        app.audit.admit()?;
        let caller = app.caller(parts).await?;
        info.set_caller(&caller);
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let input = Input::new(route, &parts.uri);
        if parts.extensions.get::<DryRun>().is_some() {
            // The request for the ticket is counted.
            return Ok(Self { caller, input, now: app.clock.now(), info });
        }
        info.set_share(Share::new(caller.tenant.id.as_str(), NonZeroU32::new(caller.tenant.weight).unwrap_or(NonZeroU32::MIN)));
        match app.tenant_limits.admit(&caller.tenant).await {
            Ok(Admission { lease, states }) => {
                info.add_limits(states);
                if let Some(lease) = lease {
                    info.hold_until_sent(RequestLease(lease));
                }
            }
            Err((exceeded, states)) => {
                info.add_limits(states);
                return Err(exceeded.into());
            }
        }
        Ok(Self { caller, input, now: app.clock.now(), info })
    }
}

/// A request with a valid token and a body, for operations on the caller alone.
#[derive(Debug)]
pub struct AuthenticatedBody {
    /// The request. The input has the members of the body.
    pub authenticated: Authenticated,
    /// The headers.
    pub headers: HeaderMap,
}

impl FromRequest<AppState> for AuthenticatedBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let mut authenticated = Authenticated::from_request_parts(&mut parts, app).await?;
        let headers = parts.headers.clone();
        authenticated.input.body = read_body(Request::from_parts(parts, body), &authenticated.info, app).await?;
        Ok(Self { authenticated, headers })
    }
}

impl App {
    /// The caller of a request: of its token, or of the ticket in its URL, which is then taken out of the URL.
    async fn caller(&self, parts: &mut Parts) -> Result<Caller, ApiError> {
        let Some(ticket) = tickets::in_target(&parts.uri)? else { return self.authenticate(&parts.headers).await };
        if parts.headers.contains_key(AUTHORIZATION) {
            return Err(ApiError::parameter(tickets::PARAMETER, "can't be combined with `Authorization`: send one of the two"));
        }
        if parts.method != Method::GET {
            return Err(ApiError::InvalidTicket("it is for a GET"));
        }
        let claims = self.tickets.redeem(&self.sealer, &ticket, &parts.uri, self.clock.now())?;
        parts.uri = tickets::without(&parts.uri)?;
        let policy = self.policy();
        if !policy.verifier.still_trusts(&claims) {
            return Err(ApiError::InvalidTicket("its issuer is not accepted any more, or has other requirements"));
        }
        Ok(Caller::new(claims, &policy.tenants))
    }

    /// The permit that the caller would get now, for a long answer.
    ///
    /// # Errors
    /// If the request would be refused.
    pub(in crate::http) fn authorize_again<Op: Operation>(&self, caller: &Caller, op: Op) -> Result<Permit<Op>, ApiError> {
        Ok(policy::authorize(caller, op, self.clock.now())?)
    }

    /// The caller of a request with these headers.
    pub(in crate::http) async fn authenticate(&self, headers: &HeaderMap) -> Result<Caller, ApiError> {
        let token = bearer(headers)?;
        let policy = self.policy();
        let token = policy.verifier.authenticate(&token).await.map_err(refused)?;
        Ok(Caller::of_token(token, &policy.tenants))
    }

    /// The caller of a request that was accepted before and still runs, by the policy of now. `credential` is its `Authorization`.
    /// Without one, for a ticket, which is used once, the caller is known by the claims of the token that the ticket was made with.
    ///
    /// # Errors
    /// If the caller would be refused now.
    pub(in crate::http) async fn caller_again(
        &self,
        caller: &Caller,
        credential: Option<&HeaderValue>,
        time: TokenTime,
    ) -> Result<Caller, ApiError> {
        let policy = self.policy();
        let Some(credential) = credential else {
            if !policy.verifier.still_trusts(&caller.claims) {
                return Err(ApiError::InvalidToken("its issuer is not accepted any more, or has other requirements".to_owned()));
            }
            return match time {
                TokenTime::Now if self.has_expired(caller) => Err(ApiError::ExpiredToken),
                _ => Ok(Caller::new(Arc::clone(&caller.claims), &policy.tenants)),
            };
        };
        let headers = HeaderMap::from_iter([(AUTHORIZATION, credential.clone())]);
        let token = bearer(&headers)?;
        let verified = match time {
            TokenTime::Now => policy.verifier.authenticate(&token).await,
            TokenTime::Start => policy.verifier.authenticate_again(&token).await,
        };
        let now = Caller::of_token(verified.map_err(refused)?, &policy.tenants);
        let is_same = now.tenant.id == caller.tenant.id && now.claims.subject == caller.claims.subject;
        if is_same { Ok(now) } else { Err(ApiError::InvalidToken("the token names another caller than before".to_owned())) }
    }

    /// Whether the caller's token has expired, without leeway.
    pub(in crate::http) fn has_expired(&self, caller: &Caller) -> bool {
        self.clock.now().0 >= caller.claims.expires_at.saturating_mul(1000)
    }
}

/// The time at which a token must be valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum TokenTime {
    /// Now.
    Now,
    /// When its request was accepted.
    Start,
}

/// The `Authorization` of a request, to check it again while the request runs. A copy: the headers of a request share one buffer.
pub(in crate::http) fn credential_of(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut copy = HeaderValue::from_bytes(headers.get(AUTHORIZATION)?.as_bytes()).ok()?;
    copy.set_sensitive(true);
    Some(copy)
}

/// The token in the headers.
fn bearer(headers: &HeaderMap) -> Result<UnverifiedToken<'_>, ApiError> {
    let values = headers.get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes);
    token::bearer(values).map_err(|error| match error {
        CredentialError::Missing => ApiError::MissingToken,
        error if error.is_bad_request() => ApiError::parameter("Authorization", "is given more than once; send one token"),
        error => ApiError::InvalidToken(error.to_string()),
    })
}

fn refused(error: TokenError) -> ApiError {
    match error {
        TokenError::Expired => ApiError::ExpiredToken,
        error if error.is_unavailable() => ApiError::KeysUnavailable(error.to_string()),
        error => ApiError::InvalidToken(error.to_string()),
    }
}
