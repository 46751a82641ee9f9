//! The memory that CloudWatch's answers take, reserved when they arrive.
//!
//! Owns when memory is reserved, and for which tenant. A request that waits for its turn holds none. An answer is counted once for all
//! requests of a tenant that get it, whether they joined one call or found it in the cache: they share its text.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use logmark_quota::{Reservation, Share};
use tokio::time::Instant;

use super::client::VALUE_COPIES;
use super::errors::CallError;
use super::quotas::Api;
use crate::sources::SourceError;
use crate::sources::page_pool::PagePool;

/// How long an answer that has arrived waits for memory.
const WAIT: Duration = Duration::from_secs(5);
/// What to reserve for an answer that does not say how long it is: a page of the usual size.
const UNANNOUNCED_BYTES: u64 = 2 * 1024 * 1024;
/// An answer that takes less goes before those that wait.
const SMALL_BYTES: u64 = 64 * 1024;
/// A page of events takes its bytes, and rows that are shorter than those.
const EVENT_COPIES: usize = 2;

/// The memory that answers are counted in; nothing is counted before there is one.
#[derive(Debug, Default)]
pub(super) struct AnswerMemory(OnceLock<PagePool>);

impl AnswerMemory {
    pub(super) fn set(&self, page_pool: &PagePool) {
        // The first one stays: sources are collected once.
        let _set = self.0.set(page_pool.clone());
    }

    /// Memory for an answer of so many bytes, of which the head has come.
    pub(super) async fn receive(
        &self,
        share: &Share,
        api: Api,
        announced: Option<u64>,
    ) -> Result<Option<Reservation>, CallError> {
        let copies = if matches!(api, Api::GetLogEvents | Api::FilterLogEvents) { EVENT_COPIES } else { VALUE_COPIES };
        let bytes = announced.map_or(UNANNOUNCED_BYTES, |bytes| bytes.saturating_mul(copies as u64));
        // A request that holds rows asks which groups they are from: that must not wait for a request that waits for it.
        if bytes <= SMALL_BYTES { self.add(share, bytes).await } else { self.reserve(share, bytes).await }
    }

    /// So many bytes more for a request that holds an answer already. It goes before those that wait for memory: they may wait for what
    /// it holds.
    pub(super) async fn add(&self, share: &Share, bytes: u64) -> Result<Option<Reservation>, CallError> {
        let spare = self.0.get().and_then(|page_pool| page_pool.memory().try_reserve(share, bytes).ok());
        if spare.is_some() { Ok(spare) } else { self.reserve(share, bytes).await }
    }

    /// So many bytes; waits for them.
    pub(super) async fn reserve(&self, share: &Share, bytes: u64) -> Result<Option<Reservation>, CallError> {
        let Some(page_pool) = self.0.get() else { return Ok(None) };
        match page_pool.reserve(share, bytes, Instant::now() + WAIT).await {
            Ok(reservation) => Ok(Some(reservation)),
            Err(SourceError::NoMemory { is_own, retry_after }) => Err(CallError::NoMemory { is_own, retry_after }),
            Err(error) => Err(CallError::Upstream(error.to_string())),
        }
    }
}

/// The reservations for one answer, tenant by tenant. Each lives as long as a request of the tenant holds the answer.
#[derive(Debug, Default)]
pub(super) struct AnswerLeases(Mutex<HashMap<Arc<str>, Weak<Reservation>>>);

impl AnswerLeases {
    /// The tenant's, while one of its requests holds the answer.
    pub(super) fn of(&self, tenant: &str) -> Option<Arc<Reservation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(tenant)?.upgrade()
    }

    /// Enters a reservation, and gives the one that counts: another request may have been first.
    pub(super) fn enter(&self, reservation: Reservation) -> Arc<Reservation> {
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = leases.get(reservation.tenant()).and_then(Weak::upgrade) {
            return first;
        }
        leases.retain(|_, lease| lease.strong_count() > 0);
        let entered = Arc::new(reservation);
        leases.insert(entered.tenant().into(), Arc::downgrade(&entered));
        entered
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn share(tenant: &str) -> Share {
        Share::new(tenant, NonZeroU32::MIN)
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_counted_once_for_a_tenant_and_again_for_another() {
        let (page_pool, memory, leases) = (PagePool::new(1000), AnswerMemory::default(), AnswerLeases::default());
        assert!(memory.reserve(&share("a"), 5000).await.unwrap().is_none(), "nothing is counted yet");
        memory.set(&page_pool);
        let mut held = Vec::new();
        for _ in 0..100 {
            let lease = match leases.of("a") {
                Some(lease) => lease,
                None => leases.enter(memory.reserve(&share("a"), 300).await.unwrap().unwrap()),
            };
            held.push(lease);
        }
        assert_eq!(page_pool.memory().state().held, 300);
        let late = leases.enter(memory.reserve(&share("a"), 100).await.unwrap().unwrap());
        assert!(Arc::ptr_eq(&late, &held[0]), "one that came second is given back");
        let other = leases.enter(memory.reserve(&share("b"), 300).await.unwrap().unwrap());
        assert_eq!(page_pool.memory().state().held, 600);
        drop((held, late));
        assert_eq!(page_pool.memory().state().held, 300);
        assert!(leases.of("a").is_none());
        drop(other);
        assert_eq!(page_pool.memory().state().held, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_without_memory_is_refused_for_the_one_who_holds_it() {
        let (page_pool, memory) = (PagePool::new(1000), AnswerMemory::default());
        memory.set(&page_pool);
        let own = memory.reserve(&share("a"), 500).await.unwrap();
        let refused = memory.receive(&share("a"), Api::GetQueryResults, Some(100)).await.unwrap_err();
        assert!(matches!(refused, CallError::NoMemory { is_own: true, .. }), "{refused:?}");
        assert!(memory.receive(&share("b"), Api::GetLogEvents, Some(100)).await.is_ok());
        drop(own);
    }
}
