//! The one way into an operation: token → caller → body → typed request → permit, in this order.
//!
//! Owns that order. INVARIANT: an operation's handler gets its permit from [`Authorized`] and from nowhere else, and
//! nothing of the request is read before its caller is known.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Request};
use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_LENGTH};
use http::request::Parts;
use logmark_quota::Share;
use tokio::time::Instant;

use super::body::{Body, ExpectedBody};
use super::concurrency::ConcurrencyExceeded;
use super::hint;
use super::input::Input;
use super::layers::RequestInfo;
use super::problem::ApiError;
use super::{App, AppState};
use crate::auth::permit::Permit;
use crate::auth::policy;
use crate::auth::tenant::Caller;
use crate::auth::token::{self, CredentialError, TokenError};
use crate::domain::operation::Operation;
use crate::domain::time::Millis;
use crate::sources::page_pool::memory_error;

/// What a request is read against.
#[derive(Debug, Clone, Copy)]
pub struct RequestContext<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// When.
    pub now: Millis,
    /// With which headers.
    pub headers: &'a HeaderMap,
    /// To whom.
    pub app: &'a App,
    /// How long an answer to it may be worked on.
    pub work_time: Duration,
}

impl App {
    /// How long an answer to the request may be worked on, from now on.
    pub(in crate::http) fn work_time(&self, info: &RequestInfo) -> Duration {
        let left =
            info.response_budget().map(|response_budget| response_budget.work_until().saturating_duration_since(Instant::now()));
        left.unwrap_or(Duration::MAX).min(self.limits.work_time)
    }
}

/// What one endpoint asks: how to read a request into an operation and what else the answer needs.
pub trait ParseRequest: Sized + Send {
    /// The operation that needs a permit.
    type Op: Operation;

    /// What is read of the request's body.
    const BODY: ExpectedBody = ExpectedBody::Nothing;

    /// Reads all parameters; whatever is left over is refused by [`Input::finish`], which every implementation calls.
    ///
    /// # Errors
    /// Every fault of the input at once.
    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(Self::Op, Self), ApiError>;
}

/// A caller with leave to do what the request asks.
#[derive(Debug)]
pub struct Authorized<A: ParseRequest> {
    /// Who asks.
    pub caller: Caller,
    /// The leave.
    pub permit: Permit<A::Op>,
    /// What else the request says.
    pub request: A,
    /// When it began.
    pub now: Millis,
    /// Its id, trace and log fields.
    pub info: Arc<RequestInfo>,
}

impl<A: ParseRequest> FromRequest<AppState> for Authorized<A> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let Authenticated { caller, mut input, now, info } = Authenticated::from_request_parts(&mut parts, app).await?;
        let headers = match A::BODY {
            ExpectedBody::Nothing => parts.headers,
            ExpectedBody::Json => {
                let headers = parts.headers.clone();
                // The body comes as slowly as its sender likes.
                let memory = app.sources.page_pool().memory();
                let room = memory.try_reserve(&info.share(), body_bytes(&headers, app.limits.body_bytes));
                let _room = room.map_err(|refused| ApiError::Source(memory_error(refused)))?;
                input.body = Body::read(Request::from_parts(parts, body), app).await?;
                headers
            }
        };
        let context = RequestContext { caller: &caller, now, headers: &headers, app, work_time: app.work_time(&info) };
        let (op, request) = A::parse(&mut input, context)?;
        info.audit_context().set_target(op.target());
        if let Some(hint) = hint::of_target(op.target()) {
            info.set_hint(hint);
        }
        let permit = policy::authorize(&caller, op, now)?;
        Ok(Self { caller, permit, request, now, info })
    }
}

/// The most that the body can have.
fn body_bytes(headers: &HeaderMap, limit: usize) -> u64 {
    let stated = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    stated.unwrap_or(u64::MAX).min(limit as u64)
}

/// A caller whose token is good, for what is about the caller alone.
#[derive(Debug)]
pub struct Authenticated {
    /// Who asks.
    pub caller: Caller,
    /// What the request says, not read yet.
    pub input: Input,
    /// When it began.
    pub now: Millis,
    /// Its id, trace and log fields.
    pub info: Arc<RequestInfo>,
}

impl FromRequestParts<AppState> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let info = RequestInfo::from_extensions(&parts.extensions);
        let caller = app.authenticate(&parts.headers).await?;
        info.set_caller(&caller);
        if let Some((state, wait)) = app.rates.count(&caller.tenant) {
            info.set_rate(state);
            if let Some(retry_after) = wait {
                return Err(ApiError::RateLimited { retry_after });
            }
        }
        info.set_share(Share::new(caller.tenant.id.as_str(), NonZeroU32::new(caller.tenant.weight).unwrap_or(NonZeroU32::MIN)));
        match app.concurrency.acquire(&caller.tenant) {
            Ok(Some(guard)) => {
                info.set_concurrency(guard.remaining);
                info.hold_until_sent(guard);
            }
            Ok(None) => {}
            Err(ConcurrencyExceeded(limit)) => return Err(ApiError::TooManyAtOnce { limit }),
        }
        let route = parts.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
        Ok(Self { caller, input: Input::new(&route, &parts.uri), now: app.clock.now(), info })
    }
}

impl App {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Caller, ApiError> {
        let values = headers.get_all(AUTHORIZATION).iter().map(http::HeaderValue::as_bytes);
        let token = token::bearer(values).map_err(|error| match error {
            CredentialError::Missing => ApiError::MissingToken,
            error if error.is_bad_request() => ApiError::parameter("Authorization", "is given more than once"),
            error => ApiError::InvalidToken(error.to_string()),
        })?;
        let claims = self.verifier.verify(&token).await.map_err(|error| match error {
            TokenError::Expired => ApiError::ExpiredToken,
            error if error.is_unavailable() => ApiError::KeysUnavailable(error.to_string()),
            error => ApiError::InvalidToken(error.to_string()),
        })?;
        Ok(Caller::new(claims, &self.tenants))
    }
}
