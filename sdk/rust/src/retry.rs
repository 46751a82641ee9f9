//! Retries: which requests, how often, and after which wait.
//!
//! Owns only the decision: `transport` sends, waits and counts.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use http::Method;

use crate::error::Error;

/// Limits of retries.
///
/// Requests with any method are retried after 429 and 503 with `Retry-After`, because they were not carried out. `GET` and `DELETE`
/// are also retried after 502, 503, 504 and failed connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Maximum number of retries of a request.
    pub retries: u32,
    /// Maximum total wait of a request. A longer `Retry-After` is an error at once.
    pub max_wait: Duration,
}

impl Retry {
    /// Disables retries.
    pub const NEVER: Self = Self { retries: 0, max_wait: Duration::ZERO };

    /// The wait before the next attempt, after `sent` retries and `waited` in total; `None`: return the error.
    pub(crate) fn pause(&self, method: &Method, error: &Error, sent: u32, waited: Duration) -> Option<Duration> {
        if sent >= self.retries || !may_repeat(method, error) {
            return None;
        }
        let asked = error.retry_after().unwrap_or_default();
        let pause = backoff(sent).max(asked + (asked / 10).mul_f64(random()));
        (waited + pause <= self.max_wait).then_some(pause)
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self { retries: 5, max_wait: Duration::from_secs(60) }
    }
}

fn may_repeat(method: &Method, error: &Error) -> bool {
    let refused = matches!(error.status(), Some(429 | 503)) && error.retry_after().is_some();
    let idempotent = matches!(*method, Method::GET | Method::DELETE | Method::HEAD);
    refused || idempotent && (error.is_connection() || matches!(error.status(), Some(502..=504)))
}

/// Random, up to a bound that starts at 0.2 seconds and doubles up to 5, so that clients that failed together retry at different times.
pub(crate) fn backoff(sent: u32) -> Duration {
    const FIRST: Duration = Duration::from_millis(200);
    const LONGEST: Duration = Duration::from_secs(5);
    FIRST.saturating_mul(2_u32.saturating_pow(sent)).min(LONGEST).mul_f64(random())
}

/// From 0 to 1. The hasher's random keys are sufficient, and avoid a dependency.
pub(crate) fn random() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    f64::from((bits >> 32) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

    use super::*;

    fn answer(status: u16, retry_after: Option<&'static str>) -> Error {
        let headers = retry_after.map(|text| (RETRY_AFTER, HeaderValue::from_static(text)));
        Error::of_answer(status, &HeaderMap::from_iter(headers), b"", "")
    }

    #[test]
    fn a_request_that_was_refused_is_sent_again_whatever_its_method() {
        let retry = Retry::default();
        for status in [429, 503] {
            let pause = retry.pause(&Method::POST, &answer(status, Some("2")), 0, Duration::ZERO);
            assert!(pause.is_some_and(|pause| (2.0..=2.2).contains(&pause.as_secs_f64())), "{status}: {pause:?}");
        }
        for status in [500, 502, 503, 504] {
            assert_eq!(retry.pause(&Method::POST, &answer(status, None), 0, Duration::ZERO), None, "{status}");
        }
    }

    #[test]
    fn reading_is_tried_again_after_failures_that_pass() {
        let retry = Retry::default();
        for (status, again) in [(400, false), (401, false), (404, false), (500, false), (502, true), (503, true), (504, true)] {
            assert_eq!(retry.pause(&Method::GET, &answer(status, None), 0, Duration::ZERO).is_some(), again, "{status}");
        }
        let cut = Error::own(crate::code::CONNECTION_FAILED, "");
        assert!(retry.pause(&Method::GET, &cut, 0, Duration::ZERO).is_some());
        assert!(retry.pause(&Method::POST, &cut, 0, Duration::ZERO).is_none());
    }

    #[test]
    fn patience_ends_by_number_and_by_time() {
        let retry = Retry::default();
        assert!(retry.pause(&Method::GET, &answer(503, None), 4, Duration::ZERO).is_some());
        assert!(retry.pause(&Method::GET, &answer(503, None), 5, Duration::ZERO).is_none());
        assert!(retry.pause(&Method::GET, &answer(429, Some("61")), 0, Duration::ZERO).is_none());
        assert!(retry.pause(&Method::GET, &answer(429, Some("30")), 0, Duration::from_secs(40)).is_none());
    }

    #[test]
    fn a_date_to_wait_for_is_understood() {
        let past = answer(429, Some("Wed, 21 Oct 2015 07:28:00 GMT"));
        assert_eq!(past.retry_after(), Some(Duration::ZERO));
        assert_eq!(answer(429, Some("soon")).retry_after(), None);
    }

    #[test]
    fn the_pause_grows_and_is_bounded() {
        for sent in 0..40 {
            let bound = 0.2 * 2_f64.powi(sent).min(25.0);
            assert!(backoff(sent.unsigned_abs()).as_secs_f64() <= bound, "{sent}");
        }
    }
}
