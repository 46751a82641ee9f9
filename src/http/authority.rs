//! The permission of an answer that is still being sent: checked again while it runs.
//!
//! Owns when such an answer must end because its caller may not see it any more. INVARIANT: a tail ends within 5 seconds of the moment
//! at which the same request would be refused: the token has expired, its key was withdrawn, or a grant was. An export ends with the
//! next frame after a change of the policy or of keys; it may outlive its token, since it was accepted as a whole.

use std::time::Duration;

use http::HeaderValue;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::auth::permit::Permit;
use crate::auth::policy::Denied;
use crate::auth::tenant::Caller;
use crate::domain::tail::{EventsOperation, TailLogs};
use crate::http::AppState;
use crate::http::authorized::TokenTime;
use crate::http::problem::ApiError;

/// The time between two checks. With the time of a check it is less than the 5 seconds of the API.
const RECHECK: Duration = Duration::from_secs(4);

/// Why an answer must end.
#[derive(Debug)]
pub enum AuthorityEnd {
    /// The request would be refused with this error.
    Refused(ApiError),
    /// The caller may see other streams than when the answer began: the request is to be sent again.
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
    is_checked: bool,
}

impl Authority {
    /// The permission with which a request was accepted.
    pub fn new(app: &AppState, caller: Caller, permit: Permit<EventsOperation>, credential: Option<HeaderValue>) -> Self {
        let policy = app.policy_changes();
        // The policy may have been replaced since the request was accepted, so the first check is at once.
        Self { app: app.clone(), caller, permit, credential, next_check: Instant::now(), policy, is_checked: false }
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
            if let Some(end) = self.check(TokenTime::Now).await {
                return end;
            }
            self.next_check = Instant::now() + RECHECK;
        }
    }

    /// Why an export must end. It is checked if the policy was replaced, or keys were read, since the last call.
    pub async fn withdrawn(&mut self) -> Option<ApiError> {
        // An error means that the service has ended.
        if self.is_checked && !self.policy.has_changed().unwrap_or(false) {
            return None;
        }
        self.is_checked = true;
        self.policy.mark_unchanged();
        match self.check(TokenTime::Start).await? {
            AuthorityEnd::Refused(error) => Some(error),
            AuthorityEnd::Changed => Some(Denied::NotGranted.into()),
        }
    }

    async fn check(&mut self, time: TokenTime) -> Option<AuthorityEnd> {
        match self.app.caller_again(&self.caller, self.credential.as_ref(), time).await {
            // The issuer's keys can't be read at the moment. That is not the caller's fault, and its token is still within its time.
            Err(ApiError::KeysUnavailable(_)) if time == TokenTime::Start || !self.app.has_expired(&self.caller) => return None,
            Err(error) => return Some(AuthorityEnd::Refused(error)),
            Ok(caller) => self.caller = caller,
        }
        // The range of the history was checked when the tail began, and does not grow.
        let op = match self.permit.op() {
            EventsOperation::Tail(op) => EventsOperation::Tail(TailLogs { history: None, ..op.clone() }),
            op @ EventsOperation::Read(_) => op.clone(),
        };
        match self.app.authorize_again(&self.caller, op) {
            Err(error) => Some(AuthorityEnd::Refused(error)),
            Ok(permit) if !permit.shows_the_same(&self.permit) => Some(AuthorityEnd::Changed),
            Ok(_) => None,
        }
    }
}
