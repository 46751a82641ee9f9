//! The permission of a running tail: checked again while it runs.
//!
//! Owns when a tail must end because its caller may not see it any more. INVARIANT: a tail ends within 5 seconds of the moment at which
//! the same request would be refused: the token has expired, its key was withdrawn, or a grant was.

use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::auth::permit::Permit;
use crate::auth::policy;
use crate::auth::tenant::Caller;
use crate::domain::tail::EventsOperation;
use crate::http::AppState;
use crate::http::problem::ApiError;

/// The time between two checks. With the time of a check it is less than the 5 seconds of the API.
const RECHECK: Duration = Duration::from_secs(4);

/// Why a tail must end.
#[derive(Debug)]
pub enum AuthorityEnd {
    /// The request would be refused with this error.
    Refused(ApiError),
    /// The caller may see other streams than when the tail began: the request is to be sent again.
    Changed,
}

/// The caller's permission.
#[derive(Debug)]
pub struct Authority {
    app: AppState,
    caller: Caller,
    permit: Permit<EventsOperation>,
    credential: Option<HeaderValue>,
    next_check: Instant,
    policy: watch::Receiver<()>,
}

impl Authority {
    /// The permission with which a request was accepted now.
    pub fn new(app: &AppState, caller: Caller, permit: Permit<EventsOperation>, credential: Option<HeaderValue>) -> Self {
        let mut policy = app.policy_changes.subscribe();
        policy.mark_unchanged();
        Self { app: app.clone(), caller, permit, credential, next_check: Instant::now() + RECHECK, policy }
    }

    /// The caller.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Waits until the tail must end. It can be dropped and called again.
    pub async fn ended(&mut self) -> AuthorityEnd {
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(self.next_check) => {}
                _ = self.policy.changed() => {}
            }
            if let Some(end) = self.check().await {
                return end;
            }
            self.next_check = Instant::now() + RECHECK;
        }
    }

    async fn check(&mut self) -> Option<AuthorityEnd> {
        match self.authenticate().await {
            // The issuer's keys can't be read at the moment. That is not the caller's fault, and its token is still within its time.
            Err(ApiError::KeysUnavailable(_)) if !self.has_expired() => return None,
            Err(error) => return Some(AuthorityEnd::Refused(error)),
            Ok(caller) => self.caller = caller,
        }
        // The range of the history was checked when the tail began, and does not grow.
        let op = match self.permit.op() {
            EventsOperation::Tail(op) => EventsOperation::Tail(crate::domain::tail::TailLogs { history: None, ..op.clone() }),
            op @ EventsOperation::Read(_) => op.clone(),
        };
        match policy::authorize(&self.caller, op, self.app.clock.now()) {
            Err(denied) => Some(AuthorityEnd::Refused(denied.into())),
            Ok(permit) if !permit.shows_the_same(&self.permit) => Some(AuthorityEnd::Changed),
            Ok(_) => None,
        }
    }

    /// The caller as a request with the same credential would have it now.
    async fn authenticate(&self) -> Result<Caller, ApiError> {
        let Some(credential) = &self.credential else {
            // A ticket is used once; its caller is known until the end of the token that it was made with.
            let claims = Arc::clone(&self.caller.claims);
            return if self.has_expired() { Err(ApiError::ExpiredToken) } else { Ok(Caller::new(claims, &self.app.tenants)) };
        };
        let headers = HeaderMap::from_iter([(AUTHORIZATION, credential.clone())]);
        let caller = self.app.authenticate(&headers).await?;
        let is_same = caller.tenant.id == self.caller.tenant.id && caller.claims.subject == self.caller.claims.subject;
        if is_same { Ok(caller) } else { Err(ApiError::InvalidToken("the token names another caller than before".to_owned())) }
    }

    fn has_expired(&self) -> bool {
        self.app.clock.now().0 >= self.caller.claims.expires_at.saturating_mul(1000)
    }
}
