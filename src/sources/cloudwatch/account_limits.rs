//! The budgets of one account in one region: a rate limiter for each operation, retries, and concurrent queries.
//!
//! Owns which source uses which budget: sources of one account and region share one. The scheduler (`logmark_quota`) shares a
//! budget among tenants.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use logmark_quota::{ConcurrencyLimiter, QueueLimits, RateLimiter, RateLimits, RetryBudget};
use tokio::sync::Semaphore;

use super::quotas::{Api, Quotas};
use super::settings::{Settings, SettingsError, TailSettings};

/// The budgets of one account in one region.
#[derive(Debug)]
pub(super) struct AccountLimits {
    rate_limiters: BTreeMap<Api, RateLimiter>,
    /// Retries of all operations.
    pub(super) retries: RetryBudget,
    /// Concurrent queries.
    pub(super) queries: ConcurrencyLimiter,
    /// The sweeps of live tails, before the rate limiter of FilterLogEvents: each group that is followed has the same share.
    pub(super) sweeps: RateLimiter,
    /// Sweeps take their calls one after another: its holder is the next. Fair, so that each group waits equally long.
    pub(super) sweep_turn: tokio::sync::Mutex<()>,
    sweep_share: f64,
    /// Live tail sessions at a time.
    pub(super) live_sessions: Arc<Semaphore>,
    /// Whether one of the account's sources reads its quotas.
    quota_refresh_claimed: AtomicBool,
}

impl AccountLimits {
    fn new(quotas: &Quotas, tail: &TailSettings) -> Result<Self, SettingsError> {
        let limiter = |api: Api| {
            let limits = RateLimits::new(quotas.of(api), quotas.reserve);
            limits.map(|limits| (api, RateLimiter::new(limits))).map_err(|error| SettingsError::Quota(api, error.to_string()))
        };
        Ok(Self {
            rate_limiters: Api::ALL.into_iter().map(limiter).collect::<Result<_, _>>()?,
            retries: RetryBudget::default(),
            queries: ConcurrencyLimiter::new(quotas.our_queries(), QueueLimits::default()),
            sweeps: RateLimiter::new(sweep_limits(quotas, tail.sweep_share)?),
            sweep_turn: tokio::sync::Mutex::new(()),
            sweep_share: tail.sweep_share,
            live_sessions: Arc::new(Semaphore::new(tail.sessions as usize)),
            quota_refresh_claimed: AtomicBool::new(false),
        })
    }

    /// Whether the caller should read the account's quotas: true for the first call only, so that one source reads for all.
    pub(super) fn claim_quota_refresh(&self) -> bool {
        !self.quota_refresh_claimed.swap(true, Ordering::Relaxed)
    }

    /// Replaces the quotas; invalid ones are ignored.
    pub(super) fn change(&self, quotas: &Quotas) {
        for (api, limiter) in &self.rate_limiters {
            if let Ok(limits) = RateLimits::new(quotas.of(*api), quotas.reserve) {
                limiter.change_limits(limits);
            }
        }
        if let Ok(limits) = sweep_limits(quotas, self.sweep_share) {
            self.sweeps.change_limits(limits);
        }
    }

    /// The operation's rate limiter.
    pub(super) fn rate_limiter(&self, api: Api) -> Option<&RateLimiter> {
        self.rate_limiters.get(&api)
    }
}

fn sweep_limits(quotas: &Quotas, share: f64) -> Result<RateLimits, SettingsError> {
    let api = Api::FilterLogEvents;
    RateLimits::new(quotas.of(api) * share, quotas.reserve).map_err(|error| SettingsError::Quota(api, error.to_string()))
}

/// The budgets of all configured accounts and regions. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Accounts(Arc<Mutex<HashMap<Account, Arc<AccountLimits>>>>);

/// The owner of quotas: an account (`None`: the account of the service's credentials), a region, and for a compatible server its
/// address.
type Account = (Option<String>, String, Option<String>);

impl Accounts {
    /// The budgets of the source. If several sources share an account and region, the first source's quotas apply.
    pub(super) fn limits(&self, settings: &Settings) -> Result<Arc<AccountLimits>, SettingsError> {
        let endpoint = settings.endpoint.as_ref().map(ToString::to_string);
        let account = (settings.account(), settings.region.clone(), endpoint);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account_limits) = known.get(&account) {
            return Ok(Arc::clone(account_limits));
        }
        let account_limits = Arc::new(AccountLimits::new(&settings.quotas, &settings.tail)?);
        known.insert(account, Arc::clone(&account_limits));
        Ok(account_limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::name::SourceName;

    #[test]
    fn sources_of_one_account_and_region_share_their_budgets() {
        let accounts = Accounts::default();
        let account_limits = |region: &str, role: Option<&str>, account: Option<&str>| {
            let name = SourceName::try_from("main").unwrap();
            let (assume_role, account) = (role.map(str::to_owned), account.map(str::to_owned));
            accounts.limits(&Settings { assume_role, account, ..Settings::new(name, region) }).unwrap()
        };
        let own = account_limits("eu-west-1", None, None);
        let role = "arn:aws:iam::123456789012:role/logmark-read";
        let other = account_limits("eu-west-1", Some(role), None);
        assert!(Arc::ptr_eq(&own, &account_limits("eu-west-1", None, None)));
        assert!(!Arc::ptr_eq(&own, &account_limits("eu-west-2", None, None)));
        assert!(!Arc::ptr_eq(&own, &other));
        assert!(Arc::ptr_eq(&other, &account_limits("eu-west-1", Some("arn:aws:iam::123456789012:role/other"), None)));
        assert!(Arc::ptr_eq(&other, &account_limits("eu-west-1", None, Some("123456789012"))));
    }
}
