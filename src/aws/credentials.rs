//! Credentials for the signer: fetched lazily by one caller at a time, and cached until shortly before they expire.
//!
//! Owns the cache. Expiry uses the wall clock, which continues while the container of a function is frozen. Credentials come
//! from the default chain of aws-config (environment, profile, web identity, container and instance metadata), with the
//! configured role assumed. Never puts a key, a token or an ARN in an error.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

use crate::domain::time::Millis;

/// New credentials are fetched this long before the old ones expire, as in the SDKs of AWS.
const EARLY_MILLIS: i64 = 5 * 60 * 1000;
/// Credentials are not used this shortly before they expire, because the request has to arrive in time.
const MARGIN_MILLIS: i64 = 30 * 1000;
/// Credentials without an expiry are fetched again after this time, so that a rotated key in a file is found.
const UNDATED_MILLIS: i64 = 15 * 60 * 1000;
/// Minimum time between early fetches that return nothing newer.
const PAUSE_MILLIS: i64 = 30 * 1000;
/// Limit of one fetch. The parts of the chain have shorter limits.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);
/// Callers share the result of a failed fetch for this time.
const FAILURE_SHARED: Duration = Duration::from_secs(1);
/// `RoleSessionName`, which `CloudTrail` shows.
const SESSION_NAME: &str = "logmark";

/// The source of credentials.
#[derive(Debug, Clone)]
pub enum CredentialSource {
    /// aws-config's default chain.
    Chain {
        /// The region of STS.
        region: String,
        /// ARN of the role to assume with the credentials found.
        assume_role: Option<String>,
        /// `ExternalId` for assuming it.
        external_id: Option<String>,
    },
    /// This provider.
    Given(SharedCredentialsProvider),
}

impl CredentialSource {
    async fn provider(&self) -> SharedCredentialsProvider {
        let (region, role, external_id) = match self {
            Self::Given(provider) => return provider.clone(),
            Self::Chain { region, assume_role, external_id } => (region, assume_role, external_id),
        };
        // The environment is first in the chain. Building the rest takes tens of milliseconds, and functions do not need it.
        let environment = EnvironmentVariableCredentialsProvider::new();
        if role.is_none() && environment.provide_credentials().await.is_ok() {
            return SharedCredentialsProvider::new(environment);
        }
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12()).region(Region::new(region.clone())).load().await;
        if let Some(role) = role {
            let mut builder = AssumeRoleProvider::builder(role).configure(&config).session_name(SESSION_NAME);
            if let Some(external_id) = external_id {
                builder = builder.external_id(external_id);
            }
            return SharedCredentialsProvider::new(builder.build().await);
        }
        // The default chain of aws-config is never empty: it fails when credentials are fetched, not here.
        config.credentials_provider().unwrap_or_else(|| SharedCredentialsProvider::new(NoProvider))
    }
}

/// Credential error, without provider details.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MissingCredentials(pub &'static str);

/// A provider without credentials.
#[derive(Debug)]
struct NoProvider;

impl ProvideCredentials for NoProvider {
    fn provide_credentials<'a>(&'a self) -> aws_credential_types::provider::future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        aws_credential_types::provider::future::ProvideCredentials::ready(Err(CredentialsError::not_loaded_no_source()))
    }
}

#[derive(Debug, Clone)]
struct CachedCredentials {
    credentials: Credentials,
    /// When to fetch newer ones.
    refresh_at: i64,
    /// When they can no longer be used.
    usable_until: i64,
}

impl CachedCredentials {
    fn new(credentials: Credentials, now: Millis) -> Self {
        let expiry = credentials.expiry().map(millis);
        let refresh_at = expiry.map_or(now.0 + UNDATED_MILLIS, |expiry| (expiry - EARLY_MILLIS).max(now.0 + PAUSE_MILLIS));
        let usable_until = expiry.map_or(i64::MAX, |expiry| expiry - MARGIN_MILLIS);
        Self { credentials, refresh_at, usable_until }
    }
}

fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The credentials of one source.
#[derive(Debug)]
pub struct CredentialCache {
    origin: CredentialSource,
    provider: OnceCell<SharedCredentialsProvider>,
    kept: Mutex<Option<Arc<CachedCredentials>>>,
    /// Held by the caller that fetches. Contains the time and the error of the last failed fetch.
    fetching: Mutex<Option<(Instant, MissingCredentials)>>,
}

impl CredentialCache {
    /// An empty cache. The first [`CredentialCache::get`] fetches.
    #[must_use]
    pub fn new(origin: CredentialSource) -> Self {
        Self { origin, provider: OnceCell::new(), kept: Mutex::new(None), fetching: Mutex::new(None) }
    }

    /// Credentials that are valid at `now`. Waits only if there are none: while the old ones are valid, one caller fetches newer
    /// ones and the others use the old ones.
    ///
    /// # Errors
    /// [`MissingCredentials`].
    pub async fn get(&self, now: Millis) -> Result<Credentials, MissingCredentials> {
        let kept = self.kept.lock().await.clone().filter(|kept| now.0 < kept.usable_until);
        match kept {
            Some(kept) if now.0 < kept.refresh_at => Ok(kept.credentials.clone()),
            Some(kept) => match self.fetching.try_lock() {
                Ok(_alone) => match self.fetch(now).await {
                    Ok(credentials) => Ok(credentials),
                    Err(_) => {
                        self.refresh(CachedCredentials { refresh_at: now.0 + PAUSE_MILLIS, ..(*kept).clone() }).await;
                        Ok(kept.credentials.clone())
                    }
                },
                Err(_) => Ok(kept.credentials.clone()),
            },
            None => {
                let mut failure = self.fetching.lock().await;
                let fetched_meanwhile = self.kept.lock().await.clone().filter(|kept| now.0 < kept.usable_until);
                match (fetched_meanwhile, &*failure) {
                    (Some(kept), _) => Ok(kept.credentials.clone()),
                    // Callers that waited for a failed fetch share its error, because another fetch would exceed their deadlines.
                    (None, Some((failed, error))) if failed.elapsed() < FAILURE_SHARED => Err(*error),
                    (None, _) => {
                        let fetched = self.fetch(now).await;
                        *failure = fetched.as_ref().err().map(|error| (Instant::now(), *error));
                        fetched
                    }
                }
            }
        }
    }

    /// Removes `used`, which AWS has reported as expired. Newer credentials stay.
    pub async fn discard(&self, used: &Credentials) {
        let mut kept = self.kept.lock().await;
        let same = |kept: &Arc<CachedCredentials>| {
            kept.credentials.access_key_id() == used.access_key_id() && kept.credentials.session_token() == used.session_token()
        };
        if kept.as_ref().is_some_and(same) {
            *kept = None;
        }
    }

    async fn refresh(&self, kept: CachedCredentials) {
        *self.kept.lock().await = Some(Arc::new(kept));
    }

    async fn fetch(&self, now: Millis) -> Result<Credentials, MissingCredentials> {
        let fetched = tokio::time::timeout(FETCH_TIMEOUT, async {
            self.provider.get_or_init(|| self.origin.provider()).await.provide_credentials().await
        });
        let credentials = fetched.await.map_err(|_| MissingCredentials("no credentials in time"))?.map_err(|error| {
            tracing::debug!(?error, "no credentials");
            MissingCredentials(reason(&error))
        })?;
        self.refresh(CachedCredentials::new(credentials.clone(), now)).await;
        Ok(credentials)
    }
}

/// Replaces the text of the error, which may contain profile names, ARNs and the response of an STS endpoint.
fn reason(error: &CredentialsError) -> &'static str {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => "no credentials found",
        CredentialsError::ProviderTimedOut(_) => "no credentials in time",
        CredentialsError::InvalidConfiguration(_) => "the configuration of credentials is not valid",
        CredentialsError::ProviderError(_) => "the provider of credentials failed",
        _ => "no credentials",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_credential_types::provider::future;

    use super::*;

    const NOW: Millis = Millis(1_795_168_800_000);
    const HOUR: i64 = 3_600_000;

    /// Returns `key<n>` for the nth call, valid for one hour; fails from the call `fails_from` on.
    #[derive(Debug)]
    struct Counting {
        calls: Arc<AtomicUsize>,
        fails_from: usize,
    }

    impl ProvideCredentials for Counting {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::new(async move {
                let call = self.calls.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                if call >= self.fails_from {
                    return Err(CredentialsError::provider_error("arn:aws:iam::123456789012:role/secret"));
                }
                let expiry = UNIX_EPOCH + Duration::from_millis(u64::try_from(NOW.0 + HOUR).unwrap());
                Ok(Credentials::new(format!("key{call}"), "secret", None, Some(expiry), "test"))
            })
        }
    }

    fn cache(fails_from: usize) -> (Arc<CredentialCache>, Arc<AtomicUsize>) {
        let calls = Arc::new(AtomicUsize::new(0));
        let provider = SharedCredentialsProvider::new(Counting { calls: Arc::clone(&calls), fails_from });
        (Arc::new(CredentialCache::new(CredentialSource::Given(provider))), calls)
    }

    #[tokio::test]
    async fn a_hundred_callers_at_once_fetch_once() {
        let (cache, calls) = cache(usize::MAX);
        let all = (0..100).map(|_| {
            let cache = Arc::clone(&cache);
            tokio::spawn(async move { cache.get(NOW).await.unwrap().access_key_id().to_owned() })
        });
        for task in all.collect::<Vec<_>>() {
            assert_eq!(task.await.unwrap(), "key0");
        }
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_hundred_callers_at_once_fail_once() {
        let (cache, calls) = cache(0);
        let all = (0..100).map(|_| {
            let cache = Arc::clone(&cache);
            tokio::spawn(async move { cache.get(NOW).await.unwrap_err() })
        });
        for task in all.collect::<Vec<_>>() {
            assert_eq!(task.await.unwrap(), MissingCredentials("the provider of credentials failed"));
        }
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn newer_ones_are_looked_for_early_and_old_ones_used_while_they_last() {
        let (cache, calls) = cache(1);
        for (after, expected_calls) in
            [(0, 1), (HOUR - EARLY_MILLIS - 1, 1), (HOUR - EARLY_MILLIS, 2), (HOUR - EARLY_MILLIS + 1, 2)]
        {
            assert_eq!(cache.get(Millis(NOW.0 + after)).await.unwrap().access_key_id(), "key0");
            assert_eq!(calls.load(Ordering::SeqCst), expected_calls, "after {after} ms");
        }
        let error = cache.get(Millis(NOW.0 + HOUR)).await.unwrap_err();
        assert_eq!(error, MissingCredentials("the provider of credentials failed"));
    }

    #[tokio::test]
    async fn discarding_old_ones_keeps_newer_ones() {
        let (cache, _) = cache(usize::MAX);
        let old = cache.get(NOW).await.unwrap();
        cache.discard(&old).await;
        assert_eq!(cache.get(NOW).await.unwrap().access_key_id(), "key1");
        cache.discard(&old).await;
        assert_eq!(cache.get(NOW).await.unwrap().access_key_id(), "key1");
    }
}
