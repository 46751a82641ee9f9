//! When a failed request is sent again, and after which wait.
//!
//! Waits follow `Retry-After`; without it they are random up to a bound that doubles (full jitter), so that many clients do not
//! return at the same moment.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use super::failure::ClientError;

/// Attempts in a row without any progress.
const MAX_ATTEMPTS: u32 = 6;
const FIRST_BOUND: Duration = Duration::from_millis(250);
const LONGEST_BOUND: Duration = Duration::from_secs(10);
/// A longer `Retry-After` is an error, because a terminal user does not wait for hours.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(120);

/// Whether a request may be sent again after it may have been carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeatable {
    /// Reading: always.
    Yes,
    /// Only if the service did not carry it out.
    IfRefused,
}

/// The attempts since the last progress.
#[derive(Debug, Default)]
pub(super) struct Retry {
    attempts: u32,
}

impl Retry {
    /// Some of the answer arrived, or a new request begins.
    pub(super) fn progress(&mut self) {
        self.attempts = 0;
    }

    /// The wait before the next attempt.
    ///
    /// # Errors
    /// The failure, if it is final.
    pub(super) fn after(&mut self, error: ClientError, repeatable: Repeatable) -> Result<Duration, ClientError> {
        let asked = match &error {
            ClientError::Unavailable(_) if repeatable == Repeatable::Yes => None,
            ClientError::Service(failure)
                if failure.is_transient() && (repeatable == Repeatable::Yes || failure.retry_after.is_some()) =>
            {
                failure.retry_after
            }
            _ => return Err(error),
        };
        if asked.is_some_and(|wait| wait > LONGEST_RETRY_AFTER) || self.attempts + 1 >= MAX_ATTEMPTS {
            return Err(error);
        }
        self.attempts += 1;
        Ok(asked.unwrap_or_default() + random_up_to(bound(self.attempts - 1)))
    }

    /// The wait before the next attempt of reading, without a limit of attempts.
    ///
    /// # Errors
    /// The failure, if it is final.
    pub(super) fn forever(&mut self, error: ClientError) -> Result<Duration, ClientError> {
        let attempts = std::mem::take(&mut self.attempts);
        let wait = self.after(error, Repeatable::Yes)?;
        self.attempts = attempts.saturating_add(1);
        Ok(wait + random_up_to(bound(attempts)))
    }
}

/// The longest random wait after this many attempts.
fn bound(attempts: u32) -> Duration {
    FIRST_BOUND.saturating_mul(2_u32.saturating_pow(attempts)).min(LONGEST_BOUND)
}

/// A random time. The hasher's keys are random for each process and differ for each instance.
pub(super) fn random_up_to(bound: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish();
    bound.mul_f64((random >> 11) as f64 / (1_u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_random_bounded_and_end() {
        let mut retry = Retry::default();
        let unavailable = || ClientError::Unavailable("x".to_owned());
        for attempt in 0..MAX_ATTEMPTS - 1 {
            assert!(retry.after(unavailable(), Repeatable::Yes).unwrap() <= bound(attempt));
        }
        assert!(retry.after(unavailable(), Repeatable::Yes).is_err());
        retry.progress();
        assert!(retry.after(unavailable(), Repeatable::IfRefused).is_err(), "a query may have been started");
        assert!(retry.after(unavailable(), Repeatable::Yes).is_ok());
        assert_ne!(random_up_to(LONGEST_BOUND), random_up_to(LONGEST_BOUND));
    }
}
