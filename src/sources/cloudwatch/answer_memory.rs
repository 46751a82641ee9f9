//! The memory of CloudWatch's responses, reserved when they arrive.
//!
//! Owns when memory is reserved, and for which tenant. A request that waits for admission holds none. A response is counted once
//! for all requests of a tenant that share it, from one call or from the cache.

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

/// How long a received response waits for memory.
const WAIT: Duration = Duration::from_secs(5);
/// Bytes to reserve for a response without a length: a page of the usual size.
const UNANNOUNCED_BYTES: u64 = 2 * 1024 * 1024;
/// Smaller responses overtake waiting ones.
const SMALL_BYTES: u64 = 64 * 1024;
/// A page of events needs its bytes, and rows that are smaller than those.
const EVENT_COPIES: usize = 2;

/// The pool of response memory; nothing is counted before it is set.
#[derive(Debug, Default)]
pub(super) struct AnswerMemory(OnceLock<PagePool>);

impl AnswerMemory {
    pub(super) fn set(&self, page_pool: &PagePool) {
        // The first pool stays, because sources are collected once.
        let _set = self.0.set(page_pool.clone());
    }

    /// Reserves memory for a response of this length, after its head was received.
    pub(super) async fn receive(
        &self,
        share: &Share,
        api: Api,
        announced: Option<u64>,
    ) -> Result<Option<Reservation>, CallError> {
        let copies = if matches!(api, Api::GetLogEvents | Api::FilterLogEvents) { EVENT_COPIES } else { VALUE_COPIES };
        let bytes = announced.map_or(UNANNOUNCED_BYTES, |bytes| bytes.saturating_mul(copies as u64));
        // A request that holds rows checks their groups: this must not wait for a request that waits for those rows' memory.
        if bytes <= SMALL_BYTES { self.add(share, bytes).await } else { self.reserve(share, bytes).await }
    }

    /// Reserves more bytes for a request that already holds a response. It overtakes waiting requests, because they may wait for
    /// the memory that it holds.
    pub(super) async fn add(&self, share: &Share, bytes: u64) -> Result<Option<Reservation>, CallError> {
        let spare = self.0.get().and_then(|page_pool| page_pool.memory().try_reserve(share, bytes).ok());
        if spare.is_some() { Ok(spare) } else { self.reserve(share, bytes).await }
    }

    /// Reserves bytes, waiting for them.
    pub(super) async fn reserve(&self, share: &Share, bytes: u64) -> Result<Option<Reservation>, CallError> {
        let Some(page_pool) = self.0.get() else { return Ok(None) };
        match page_pool.reserve(share, bytes, Instant::now() + WAIT).await {
            Ok(reservation) => Ok(Some(reservation)),
            Err(SourceError::NoMemory { is_own, retry_after }) => Err(CallError::NoMemory { is_own, retry_after }),
            Err(error) => Err(CallError::Upstream(error.to_string())),
        }
    }
}

/// The reservations for one response, by tenant. Each lives as long as a request of the tenant holds the response.
#[derive(Debug, Default)]
pub(super) struct AnswerLeases(Mutex<HashMap<Arc<str>, Weak<Reservation>>>);

impl AnswerLeases {
    /// The tenant's reservation, while one of its requests holds the response.
    pub(super) fn of(&self, tenant: &str) -> Option<Arc<Reservation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(tenant)?.upgrade()
    }

    /// Adds a reservation, and returns the one that counts, because another request may have been first.
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
        assert!(Arc::ptr_eq(&late, &held[0]), "the second reservation is released");
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
