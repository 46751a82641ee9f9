//! Limits that replicas share in Redis or Valkey.
//!
//! Owns the connection's state (a circuit breaker: after one failure no request waits until a probe in the background has succeeded),
//! each exchange with the store, and the reports of what has ended. Each decision is one atomic script, by the store's clock. Every
//! report is an absolute figure, so a repeated or lost one changes nothing. INVARIANT: what a dead replica held is released or
//! settled when its lease expires.

mod connection;
mod report;

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use self::connection::{Connection, Script, cause};
pub(super) use self::report::spawn;
use super::limit::{Budget, Work};
use super::local::TenantUsage;
use super::settings::LimitStore;
use super::usage::{Need, Published};
use super::{BudgetAnswer, DAY_MILLIS, StoreState};
use crate::domain::name::TenantId;
use crate::telemetry::metrics;

/// How long the store counts work and reservations without a report of their replica.
const LEASE: Duration = Duration::from_secs(30);
/// Limit of the first attempt to connect, for which the start of the service waits.
const FIRST_ATTEMPT: Duration = Duration::from_secs(1);
/// Limit of a check of the store.
const CHECK: Duration = Duration::from_secs(10);

/// The store did not decide: it is away, or an exchange failed now.
#[derive(Debug)]
pub(super) struct Away;

/// The state of the circuit breaker.
#[derive(Debug)]
enum Link {
    Up(Connection, u64),
    Away(String),
}

/// The store.
#[derive(Debug)]
pub(super) struct SharedStore {
    settings: LimitStore,
    tls: Option<Arc<rustls::ClientConfig>>,
    /// Names this process in the store.
    replica: String,
    link: Mutex<Link>,
    /// Told when the connection has failed.
    failed: Notify,
    attempted: watch::Sender<bool>,
    /// Tenants with something to report.
    queue: Mutex<Vec<Arc<TenantUsage>>>,
    news: Notify,
    /// The store's clock minus the local one, in milliseconds.
    clock_offset: AtomicI64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SharedStore {
    pub(super) fn new(settings: &LimitStore) -> Result<Self, String> {
        let tls = if settings.tls {
            let config = crate::outbound::tls_config(settings.ca.as_deref()).map_err(|error| error.to_string())?;
            Some(Arc::new(config))
        } else {
            None
        };
        Ok(Self {
            settings: settings.clone(),
            tls,
            replica: crate::telemetry::trace::random_hex::<8>(),
            link: Mutex::new(Link::Away("it is not connected yet".to_owned())),
            failed: Notify::new(),
            attempted: watch::channel(false).0,
            queue: Mutex::default(),
            news: Notify::new(),
            clock_offset: AtomicI64::new(0),
        })
    }

    /// Connects as the service does, for `logmark check --online`. It writes one value, which expires after a second.
    pub(super) async fn check(settings: &LimitStore) -> Result<String, String> {
        let store = Self::new(settings)?;
        let checked = tokio::time::timeout(CHECK, async {
            let mut connection = Connection::open(settings, store.tls.as_ref()).await?;
            let probed = connection.probe(&settings.prefix, settings.timeout).await;
            connection.close();
            probed
        });
        checked.await.map_err(|_elapsed| "timed out".to_owned())??;
        Ok(format!("answers within {} ms and takes writes: replicas share limits through it", settings.timeout.as_millis()))
    }

    pub(super) fn state(&self) -> StoreState {
        match &*lock(&self.link) {
            Link::Up(..) => StoreState::Shared,
            Link::Away(problem) => StoreState::Away { problem: problem.clone(), share: self.settings.fallback_share },
        }
    }

    pub(super) fn fallback_share(&self) -> f64 {
        self.settings.fallback_share
    }

    pub(super) fn clock_offset(&self) -> i64 {
        self.clock_offset.load(Ordering::Relaxed)
    }

    /// Waits for the end of the first attempt to connect.
    pub(super) async fn first_attempt(&self) {
        let mut attempted = self.attempted.subscribe();
        let _ended = tokio::time::timeout(FIRST_ATTEMPT, attempted.wait_for(|attempted| *attempted)).await;
    }

    /// A tenant's key. The braces keep a tenant's keys in one slot of a cluster.
    fn key(&self, tenant: &TenantId, name: &str) -> String {
        format!("{}:{{{tenant}}}:{name}", self.settings.prefix)
    }

    fn id(&self, id: u64) -> String {
        format!("{}-{id}", self.replica)
    }

    async fn call(&self, script: Script, key: &str, arguments: &[String]) -> Result<Vec<i64>, Away> {
        let (mut connection, generation) = match &*lock(&self.link) {
            Link::Up(connection, generation) => (connection.clone(), *generation),
            Link::Away(_) => return Err(Away),
        };
        let within = self.settings.timeout;
        let problem = match tokio::time::timeout(within, connection.run(script, key, arguments)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => cause(&error),
            Err(_) => format!("no answer within {} ms", within.as_millis()),
        };
        self.fail(generation, problem);
        Err(Away)
    }

    /// Logs that the store is away.
    fn warn_away(&self, problem: &str) {
        let share = self.settings.fallback_share;
        tracing::warn!(
            store = self.settings.url(),
            problem,
            fallback_share = share,
            "the limit store is away, so this replica allows {share} of each limit by itself: {problem}"
        );
    }

    /// Opens the circuit breaker, unless a newer connection has replaced the one that failed.
    fn fail(&self, generation: u64, problem: String) {
        let mut link = lock(&self.link);
        let Link::Up(connection, current) = &*link else { return };
        if *current != generation {
            return;
        }
        connection.close();
        self.warn_away(&problem);
        *link = Link::Away(problem);
        drop(link);
        metrics::limit_store(false);
        self.failed.notify_one();
    }

    /// Takes a request from the tenant's bucket. Returns how many are left, and the wait if it was empty.
    pub(super) async fn take_request(&self, tenant: &TenantId, rate: NonZeroU32) -> Result<(u32, Option<Duration>), Away> {
        let interval = 1e6 / f64::from(rate.get());
        let answer = self.call(Script::Rate, &self.key(tenant, "requests"), &[format!("{interval:.6}")]).await?;
        let &[taken, remaining, wait] = answer.as_slice() else { return Err(Away) };
        let wait = (taken == 0).then(|| Duration::from_micros(u64::try_from(wait).unwrap_or(0)));
        Ok((u32::try_from(remaining).unwrap_or(0), wait))
    }

    /// Begins work. Returns whether it may, and how much runs then.
    pub(super) async fn begin(&self, usage: &TenantUsage, work: Work, id: u64, most: u32) -> Result<(bool, u32), Away> {
        let (granted, running) = self.count(usage, work, Some(id), most).await?;
        if granted || usage.order.try_lock().is_ok() {
            return Ok((granted, running));
        }
        // A report that frees places may be under way.
        drop(self.turn(usage).await?);
        self.count(usage, work, Some(id), most).await
    }

    /// How much work runs.
    pub(super) async fn running(&self, usage: &TenantUsage, work: Work) -> Result<u32, Away> {
        self.count(usage, work, None, 0).await.map(|(_, running)| running)
    }

    async fn count(&self, usage: &TenantUsage, work: Work, id: Option<u64>, most: u32) -> Result<(bool, u32), Away> {
        let mut arguments = vec![LEASE.as_millis().to_string(), most.to_string(), id.map(|id| self.id(id)).unwrap_or_default()];
        // Places that are free already, though the store was not told.
        usage.lock().ended.retain(|(ended, id)| {
            let is_other = *ended != work;
            if !is_other {
                arguments.push(self.id(*id));
            }
            is_other
        });
        let answer = self.call(Script::Begin, &self.key(&usage.tenant, work.key()), &arguments).await?;
        let &[granted, running] = answer.as_slice() else { return Err(Away) };
        Ok((granted == 1, u32::try_from(running).unwrap_or(u32::MAX)))
    }

    /// Waits for the tenant's turn to exchange figures, within the time of an exchange.
    async fn turn<'a>(&self, usage: &'a TenantUsage) -> Result<tokio::sync::MutexGuard<'a, ()>, Away> {
        tokio::time::timeout(self.settings.timeout, usage.order.lock()).await.map_err(|_| Away)
    }

    /// Reserves bytes, if `want` names a reservation and what it needs, and reports the tenant's figures. Granted bytes are added to
    /// the local figures.
    pub(super) async fn reserve(
        &self,
        usage: &TenantUsage,
        budget: Budget,
        most: u64,
        want: Option<(u64, Need)>,
    ) -> Result<BudgetAnswer, Away> {
        if matches!(*lock(&self.link), Link::Away(_)) {
            return Err(Away);
        }
        let _turn = self.turn(usage).await?;
        self.exchange(usage, budget, Some(most), want, false).await
    }

    /// One exchange about a budget. The caller has the tenant's turn. `all`: reports every reservation.
    async fn exchange(
        &self,
        usage: &TenantUsage,
        budget: Budget,
        most: Option<u64>,
        want: Option<(u64, Need)>,
        all: bool,
    ) -> Result<BudgetAnswer, Away> {
        let report = Report::take(usage, budget, want, all);
        let Published { day, settled, withheld, reservations, .. } = report.published();
        let mut arguments = vec![
            most.map_or("-1".to_owned(), |most| most.to_string()),
            LEASE.as_millis().to_string(),
            self.replica.clone(),
            day.to_string(),
            settled.to_string(),
            u8::from(*withheld).to_string(),
            want.map(|(id, _)| self.id(id)).unwrap_or_default(),
            want.map_or(0, |(_, need)| need.least).to_string(),
            want.map_or(0, |(_, need)| need.most).to_string(),
        ];
        for (id, bytes) in reservations {
            arguments.extend([self.id(*id), bytes.to_string()]);
        }
        let answer = self.call(Script::Budget, &self.key(&usage.tenant, budget.key()), &arguments).await?;
        let &[granted, total, reserved, withheld, now] = answer.as_slice() else { return Err(Away) };
        self.clock_offset.store(now.saturating_sub(unix_millis()), Ordering::Relaxed);
        let number = |number: i64| u64::try_from(number).unwrap_or(0);
        let answer = BudgetAnswer {
            granted: u64::try_from(granted).ok(),
            settled: number(total),
            reserved: number(reserved),
            withheld: withheld == 1,
        };
        report.accept(now.div_euclid(DAY_MILLIS), answer);
        Ok(answer)
    }

    /// Queues the tenant for the next report.
    pub(super) fn queue(&self, usage: &Arc<TenantUsage>) {
        let mut state = usage.lock();
        if std::mem::replace(&mut state.is_queued, true) {
            return;
        }
        drop(state);
        lock(&self.queue).push(Arc::clone(usage));
        self.news.notify_one();
    }
}

fn unix_millis() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Figures on their way to the store. If they are not accepted, they are reported again.
struct Report<'a> {
    usage: &'a TenantUsage,
    budget: Budget,
    want: Option<(u64, Need)>,
    published: Published,
    is_accepted: bool,
}

impl<'a> Report<'a> {
    fn take(usage: &'a TenantUsage, budget: Budget, want: Option<(u64, Need)>, all: bool) -> Self {
        // The day of the figures: no later one begins here.
        let published = usage.lock().budget(budget, 0).publish(all);
        Self { usage, budget, want, published, is_accepted: false }
    }

    fn published(&self) -> &Published {
        &self.published
    }

    fn accept(mut self, day: i64, answer: BudgetAnswer) {
        self.is_accepted = true;
        let mut usage = self.usage.lock();
        let budget = usage.budget(self.budget, day);
        budget.observe(&self.published, day, answer.settled + answer.reserved);
        budget.withheld |= answer.withheld;
        if let (Some((id, _)), Some(granted)) = (self.want, answer.granted) {
            budget.grant(id, granted);
        }
    }
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        if self.is_accepted {
            return;
        }
        let mut usage = self.usage.lock();
        let budget = usage.budget(self.budget, 0);
        budget.unpublish(&self.published);
        if let Some((id, _)) = self.want {
            // The store may have granted it.
            budget.changed.insert(id);
        }
    }
}
