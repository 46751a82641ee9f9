//! What a caller holds: a place for running work, or reserved bytes of a day. Both return what they hold when they are dropped.

use std::sync::Arc;

use super::limit::{Budget, Limit, LimitExceeded, LimitState, Work};
use super::local::TenantUsage;
use super::usage::Need;
use super::{Granted, Inner, TenantLimits};
use crate::telemetry::metrics;

/// Bytes that are reserved at once for an answer of unknown length, if so many are left.
const CHUNK: u64 = 256 * 1024;

/// A place for work that runs, until this is dropped.
#[derive(Debug)]
pub struct Lease {
    pub(super) inner: Arc<Inner>,
    pub(super) usage: Arc<TenantUsage>,
    pub(super) work: Work,
    pub(super) id: u64,
    /// Further places that were free when the work began; `None`: the tenant has no limit.
    pub(super) remaining: Option<u32>,
    /// Whether the shared store may count it.
    pub(super) is_shared: bool,
}

impl Lease {
    /// The tenant.
    #[must_use]
    pub fn tenant(&self) -> &crate::domain::name::TenantId {
        &self.usage.tenant
    }

    /// Further places that were free when the work began; `None`: the tenant has no limit.
    #[must_use]
    pub fn remaining(&self) -> Option<u32> {
        self.remaining
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut usage = self.usage.lock();
        usage.finish(self.work, self.id);
        if self.is_shared {
            usage.ended.push((self.work, self.id));
            drop(usage);
            self.inner.has_news(&self.usage);
        }
    }
}

/// Reserved bytes of a budget. Used bytes are settled by [`ByteReservation::note`]; the rest is returned when this is dropped.
#[derive(Debug)]
pub struct ByteReservation {
    pub(super) inner: Arc<Inner>,
    pub(super) usage: Arc<TenantUsage>,
    pub(super) budget: Budget,
    pub(super) id: u64,
    pub(super) most: Option<u64>,
    /// Reserved bytes that are not used.
    pub(super) left: u64,
    /// Bytes left of the budget after the last reservation.
    pub(super) budget_left: u64,
}

impl ByteReservation {
    /// The unused bytes.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left
    }

    /// The state of the budget after the last reservation, for headers; `None` without a limit.
    #[must_use]
    pub fn state(&self) -> Option<LimitState> {
        let reset = self.inner.to_midnight();
        self.most.map(|most| LimitState { limit: Limit::Budget(self.budget), most, remaining: self.budget_left, reset })
    }

    /// Whether the tenant has a limit.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.most.is_some()
    }

    /// Reserves more bytes until so many are unused.
    ///
    /// # Errors
    /// [`LimitExceeded`] if so many are not left of the budget. The reservation stays.
    pub async fn ensure(&mut self, bytes: u64) -> Result<(), LimitExceeded> {
        let Some(missing) = bytes.checked_sub(self.left).filter(|missing| *missing > 0) else { return Ok(()) };
        let limits = TenantLimits(Arc::clone(&self.inner));
        let (usage, budget, id, most) = (&self.usage, self.budget, self.id, self.most);
        let need = Need { least: missing, most: missing.max(CHUNK) };
        let Granted { bytes, left } = limits.extend(usage, budget, id, need, most).await?;
        (self.left, self.budget_left) = (self.left + bytes, left);
        Ok(())
    }

    /// Settles used bytes. More than are reserved count too.
    pub fn note(&mut self, bytes: u64) {
        self.left = self.left.saturating_sub(bytes);
        let day = self.inner.day();
        self.usage.lock().budget(self.budget, day).note(self.id, bytes);
        metrics::budget_used(self.budget.key(), bytes);
        self.inner.has_news(&self.usage);
    }

    /// Marks that bytes of streams that the tenant may not see count: what is left is not shown for the rest of the day.
    pub fn withhold(&self) {
        let day = self.inner.day();
        let mut usage = self.usage.lock();
        let budget = usage.budget(self.budget, day);
        (budget.withheld, budget.is_dirty) = (true, true);
        drop(usage);
        self.inner.has_news(&self.usage);
    }

    /// Whether all bytes that this process knows of exceed the limit.
    #[must_use]
    pub fn is_exceeded(&self) -> bool {
        let day = self.inner.day();
        self.most.is_some_and(|most| self.usage.lock().budget(self.budget, day).is_over(most))
    }
}

impl Drop for ByteReservation {
    fn drop(&mut self) {
        let day = self.inner.day();
        self.usage.lock().budget(self.budget, day).end(self.id);
        self.inner.has_news(&self.usage);
    }
}
