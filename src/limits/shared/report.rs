//! The tasks in the background: connecting, renewing leases, and reporting what has changed.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::Instant;

use super::connection::{Connection, Script};
use super::{Away, LEASE, Link, SharedStore, lock};
use crate::limits::Inner;
use crate::limits::limit::{Budget, Work};
use crate::limits::local::TenantUsage;
use crate::telemetry::metrics;

/// Limit of an attempt to connect.
const ATTEMPT: Duration = Duration::from_secs(2);
/// Limit for reporting everything after a connection.
const RESYNC: Duration = Duration::from_secs(10);
/// The pause after a failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// A connection that works for this long begins again with the first pause.
const STABLE: Duration = Duration::from_secs(10);
/// How often the tasks look whether the service still exists.
const LOOK: Duration = Duration::from_secs(1);
/// Two renewals may be lost before a lease ends.
const RENEWAL: Duration = Duration::from_secs(10);
/// Tenants that are reported at the same time.
const CONCURRENT: usize = 32;

/// Starts the tasks. They end with the limits.
pub(in crate::limits) fn spawn(inner: &Arc<Inner>) {
    tokio::spawn(keep_connected(Arc::downgrade(inner)));
    tokio::spawn(keep_reporting(Arc::downgrade(inner)));
}

fn parts(inner: &Weak<Inner>) -> Option<(Arc<Inner>, Arc<SharedStore>)> {
    let inner = inner.upgrade()?;
    let shared = inner.shared.clone()?;
    Some((inner, shared))
}

async fn keep_connected(weak: Weak<Inner>) {
    let (mut pause, mut generation) = (FIRST_PAUSE, 0);
    let mut connected: Option<Instant> = None;
    loop {
        let Some((inner, shared)) = parts(&weak) else { return };
        let is_up = matches!(*lock(&shared.link), Link::Up(..));
        if is_up {
            drop(inner);
            let _failed = tokio::time::timeout(LOOK, shared.failed.notified()).await;
            continue;
        }
        match connected.take() {
            Some(since) if since.elapsed() >= STABLE => pause = FIRST_PAUSE,
            // It failed soon after the last attempt.
            Some(_) => tokio::time::sleep(pause).await,
            None => {}
        }
        generation += 1;
        let attempt = shared.connect(&inner, generation).await;
        let problem = attempt.err();
        shared.attempted.send_replace(true);
        if let Some(problem) = problem {
            shared.still_away(problem);
            drop((inner, shared));
            tokio::time::sleep(pause).await;
        } else {
            connected = Some(Instant::now());
        }
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

async fn keep_reporting(weak: Weak<Inner>) {
    let mut renew_at = Instant::now() + RENEWAL;
    loop {
        let Some((inner, shared)) = parts(&weak) else { return };
        shared.flush().await;
        if Instant::now() >= renew_at {
            shared.report_all(&inner).await;
            renew_at = Instant::now() + RENEWAL;
        }
        drop(inner);
        let _news = tokio::time::timeout(LOOK, shared.news.notified()).await;
    }
}

impl SharedStore {
    /// Connects, and reports everything that this process counts, before any decision of the store is used.
    async fn connect(&self, inner: &Inner, generation: u64) -> Result<(), String> {
        let opened = tokio::time::timeout(ATTEMPT, async {
            let mut connection = Connection::open(&self.settings, self.tls.as_ref()).await?;
            connection.probe(&self.settings.prefix, self.settings.timeout).await?;
            Ok::<_, String>(connection)
        });
        let connection = opened.await.map_err(|_| "could not connect in time".to_owned())??;
        *lock(&self.link) = Link::Up(connection, generation);
        if tokio::time::timeout(RESYNC, self.report_all(inner)).await.is_err() {
            self.fail(generation, "the report of running work took too long".to_owned());
        }
        match &*lock(&self.link) {
            Link::Up(..) => {}
            Link::Away(problem) => return Err(problem.clone()),
        }
        tracing::info!(store = self.settings.url(), "the limit store answers: limits are shared between replicas");
        metrics::limit_store(true);
        Ok(())
    }

    /// A further attempt has failed. A new problem is logged once.
    fn still_away(&self, problem: String) {
        metrics::limit_store(false);
        let mut link = lock(&self.link);
        if let Link::Away(known) = &mut *link
            && *known != problem
        {
            self.warn_away(&problem);
            *known = problem;
        }
    }

    /// Reports the queued tenants.
    pub(in crate::limits) async fn flush(&self) {
        let queued = std::mem::take(&mut *lock(&self.queue));
        let reports = futures_util::stream::iter(queued).map(|usage| async move {
            usage.lock().is_queued = false;
            // What is not accepted stays, and is reported after the next connection.
            let _reported = self.report(&usage, false).await;
        });
        reports.buffer_unordered(CONCURRENT).collect::<()>().await;
    }

    /// Renews everything that runs, and reports every figure of today.
    async fn report_all(&self, inner: &Inner) {
        let reports = futures_util::stream::iter(inner.local.all()).map(|usage| async move {
            let _reported = self.report(&usage, true).await;
        });
        reports.buffer_unordered(CONCURRENT).collect::<()>().await;
    }

    async fn report(&self, usage: &TenantUsage, all: bool) -> Result<(), Away> {
        let _turn = self.turn(usage).await?;
        for work in Work::ALL {
            let (running, ended) = {
                let mut usage = usage.lock();
                let running: Vec<u64> = if all { usage.running_ids(work).iter().copied().collect() } else { Vec::new() };
                let ended: Vec<u64> = usage.ended.extract_if(.., |(ended, _)| *ended == work).map(|(_, id)| id).collect();
                (running, ended)
            };
            if running.is_empty() && ended.is_empty() {
                continue;
            }
            let mut arguments = vec![LEASE.as_millis().to_string(), running.len().to_string()];
            arguments.extend(running.iter().chain(&ended).map(|id| self.id(*id)));
            self.call(Script::Renew, &self.key(&usage.tenant, work.key()), &arguments).await?;
        }
        for budget in Budget::ALL {
            if usage.lock().has_figures(budget, all) {
                self.exchange(usage, budget, None, None, all).await?;
            }
        }
        Ok(())
    }
}
