//! The page pool: the memory that responses hold until their clients have read them.
//!
//! Owns one budget for all of them, shared between tenants ([`MemoryPool`]), and the pages of events that streamed answers hold.
//! Room for a page is reserved before it is read. While a request waits for room, the page whose client has taken nothing for
//! longest is evicted, if that is long enough to call it stalled; its export reads it again when the client resumes. Never reads
//! a page itself: that is [`super::export`] and [`super::reader`].

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use logmark_event_page::{EventRef, Events};
use logmark_quota::{MemoryPool, QueueLimits, Rejected, Reservation, Share};
use tokio::time::Instant;

use super::SourceError;

/// A client that takes nothing for so long is stalled: it takes less than a frame of 64 KiB in that time, 128 KiB a second.
const STALLED: Duration = Duration::from_millis(500);
/// How often pages are looked through while none could be evicted.
const EVICTION_RECHECK: Duration = Duration::from_millis(50);
/// As many as there may be connections: each waits for one page.
const QUEUE: QueueLimits = QueueLimits { total: 10_000, per_tenant: 10_000 };
/// When to ask again for memory that the tenant's own answers hold.
const OWN_RETRY: Duration = Duration::from_secs(2);

/// Bytes of a frame: what is encoded of a page at a time.
pub const FRAME_BYTES: usize = 64 * 1024;
/// Bytes that an event takes besides its message while it is read: its row, its id, and the source's own form of it.
const EVENT_BYTES: usize = 128;
/// Bytes that a page takes besides its events: its entry, its position, its source's answer around it.
pub const PAGE_BYTES: usize = 4 * 1024;
/// Events that a page of a source holds at most.
const PAGE_EVENTS: usize = 10_000;
/// The most that a byte of a message becomes in an answer: a control character is `\u001b` in JSON.
pub const MAX_ESCAPED_BYTE: usize = 6;

/// Room to reserve for reading a page of so many bytes of messages and so many events: the messages twice, as they come and as
/// they are kept.
#[must_use]
pub fn read_reservation_bytes(message_bytes: usize, events: usize) -> u64 {
    let around = events.min(PAGE_EVENTS).saturating_mul(EVENT_BYTES);
    (message_bytes.saturating_mul(2)).saturating_add(around).saturating_add(PAGE_BYTES) as u64
}

/// What a page costs while it is held.
#[must_use]
pub fn page_bytes_of(events: &Events) -> u64 {
    (events.heap_bytes() + PAGE_BYTES) as u64
}

/// What a frame that is written of a page may cost: it ends with an event, at worst with the longest. A page that becomes less than a
/// frame costs no more than it becomes.
#[must_use]
pub fn frame_bytes_of(events: &Events) -> u64 {
    let longest = events.iter().map(EventRef::message_length).max().unwrap_or(0);
    let whole = events.heap_bytes().saturating_mul(MAX_ESCAPED_BYTE);
    (whole.min(FRAME_BYTES) + longest.saturating_mul(MAX_ESCAPED_BYTE)) as u64
}

/// The memory budget of all responses, and the pages held in it. Clones are the same pool.
#[derive(Debug, Clone)]
pub struct PagePool(Arc<PoolState>);

#[derive(Debug)]
struct PoolState {
    memory: MemoryPool,
    pages: Mutex<PoolPages>,
}

#[derive(Debug, Default)]
struct PoolPages {
    next_id: u64,
    held: HashMap<u64, HeldPage>,
    /// Of evicted pages: what was written of them.
    evicted: HashMap<u64, WrittenPrefix>,
}

/// A page in the pool.
#[derive(Debug)]
struct HeldPage {
    events: Arc<Events>,
    /// How many of its events were written.
    written: usize,
    /// When a part of it was last taken.
    used: Instant,
    /// Given back with the page.
    room: Reservation,
}

/// The events that a page begins with: how many, and a digest of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct WrittenPrefix {
    events: usize,
    digest: u64,
}

/// Room for a page that is about to be read.
#[derive(Debug)]
#[must_use = "dropped reservations are free for others"]
pub struct PageReservation {
    pool: Arc<PoolState>,
    room: Reservation,
}

/// A page that was read. It leaves the pool when this is dropped, if it was not evicted before.
#[derive(Debug)]
pub struct PooledPage {
    pool: Arc<PoolState>,
    id: u64,
}

impl PagePool {
    /// A budget of so many bytes.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        Self(Arc::new(PoolState { memory: MemoryPool::new(bytes, QUEUE), pages: Mutex::default() }))
    }

    /// The budget itself, for what answers hold besides pages that can be evicted.
    #[must_use]
    pub fn memory(&self) -> &MemoryPool {
        &self.0.memory
    }

    /// So many bytes, at the latest at `deadline`; stalled pages are evicted for them.
    ///
    /// # Errors
    /// [`SourceError::NoMemory`] when they are not free until then.
    pub async fn reserve(&self, share: &Share, bytes: u64, deadline: Instant) -> Result<Reservation, SourceError> {
        let mut reserved = pin!(self.0.memory.reserve(share, bytes, deadline));
        loop {
            tokio::select! {
                biased;
                reservation = &mut reserved => return reservation.map_err(memory_error),
                () = self.0.evict_stalest(share, bytes) => {}
            }
        }
    }

    /// So many bytes, if `free` bytes are free without evicting a page or going before a request that waits.
    ///
    /// # Errors
    /// [`SourceError::NoMemory`].
    pub fn reserve_spare(&self, share: &Share, bytes: u64, free: u64) -> Result<Reservation, SourceError> {
        let mut room = self.0.memory.reserve_spare(share, free.max(bytes)).map_err(memory_error)?;
        if room.resize(bytes) { Ok(room) } else { Err(memory_error(Rejected::TenantLimit)) }
    }

    /// Room of `bytes` for a page as soon as `free` bytes are free, at the latest at `deadline`.
    ///
    /// # Errors
    /// As of [`PagePool::reserve`].
    pub async fn reserve_page(
        &self,
        share: &Share,
        bytes: u64,
        free: u64,
        deadline: Instant,
    ) -> Result<PageReservation, SourceError> {
        let mut room = self.reserve(share, free.max(bytes), deadline).await?;
        if !room.resize(bytes) {
            return Err(memory_error(Rejected::TenantLimit));
        }
        Ok(PageReservation { pool: Arc::clone(&self.0), room })
    }

    /// Room of `bytes` for a page, if `free` bytes are free without evicting another.
    #[must_use]
    pub fn reserve_spare_page(&self, share: &Share, bytes: u64, free: u64) -> Option<PageReservation> {
        let room = self.reserve_spare(share, bytes, free).ok()?;
        Some(PageReservation { pool: Arc::clone(&self.0), room })
    }
}

/// A refusal of the budget as a failure: whose fault it is decides what the client is told.
#[must_use]
pub fn memory_error(rejected: Rejected) -> SourceError {
    let retry_after = rejected.retry_after();
    SourceError::NoMemory { is_own: retry_after.is_none(), retry_after: retry_after.unwrap_or(OWN_RETRY) }
}

impl PoolState {
    fn lock(&self) -> MutexGuard<'_, PoolPages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a page is stalled, and evicts it. Where the tenant's own share is what lacks, only its own pages help.
    async fn evict_stalest(&self, share: &Share, bytes: u64) {
        loop {
            let now = Instant::now();
            let needs_its_own = matches!(self.memory.try_reserve(share, bytes), Err(Rejected::TenantLimit));
            let stalest = {
                let mut pages = self.lock();
                let helps = |held: &HeldPage| !needs_its_own || held.room.tenant() == share.tenant();
                let candidates = pages.held.iter().filter(|(_, held)| helps(held));
                let stalest = candidates.min_by_key(|(_, held)| held.used).map(|(id, held)| (*id, held.used + STALLED));
                match stalest {
                    Some((id, stalls)) if stalls <= now => Ok(pages.evict(id)),
                    Some((_, stalls)) => Err(stalls.min(now + STALLED)),
                    None => Err(now + EVICTION_RECHECK),
                }
            };
            match stalest {
                // Its room is given back with it, to the request that is next.
                Ok(_page) => return,
                Err(look) => tokio::time::sleep_until(look).await,
            }
        }
    }
}

impl PoolPages {
    fn evict(&mut self, id: u64) -> Option<HeldPage> {
        let held = self.held.remove(&id)?;
        self.evicted.insert(id, WrittenPrefix::of(&held.events, held.written));
        Some(held)
    }
}

impl WrittenPrefix {
    fn of(events: &Events, written: usize) -> Self {
        let mut digest = DefaultHasher::new();
        for event in events.range(0..written) {
            (event.timestamp(), event.event_id(), event.message()).hash(&mut digest);
        }
        Self { events: written, digest: digest.finish() }
    }
}

impl PageReservation {
    /// Holds the page here. What is too much of the room is given back.
    ///
    /// # Errors
    /// How many bytes it takes, when the room is too small for it and there is no more at the moment.
    pub fn insert(self, events: Events, reserved: Option<Reservation>) -> Result<PooledPage, u64> {
        let Self { pool, mut room } = self;
        match reserved {
            // The source has reserved the memory of the events.
            Some(reserved) => room.join(reserved),
            None => {
                let cost = page_bytes_of(&events);
                if !room.resize(cost) {
                    return Err(cost);
                }
            }
        }
        let id = {
            let mut pages = pool.lock();
            pages.next_id += 1;
            let id = pages.next_id;
            pages.held.insert(id, HeldPage { events: Arc::new(events), written: 0, used: Instant::now(), room });
            id
        };
        Ok(PooledPage { pool, id })
    }
}

impl PooledPage {
    /// The page; `None`: it was evicted.
    #[must_use]
    pub fn events(&self) -> Option<Arc<Events>> {
        let mut pages = self.pool.lock();
        let held = pages.held.get_mut(&self.id)?;
        held.used = Instant::now();
        Some(Arc::clone(&held.events))
    }

    /// So many of its events were written by now.
    pub fn set_written(&self, events: usize) {
        if let Some(held) = self.pool.lock().held.get_mut(&self.id) {
            held.written = events;
            held.used = Instant::now();
        }
    }

    /// Does a page begin with the events that were written of this one before it was evicted?
    #[must_use]
    pub fn starts_with_written(&self, events: &Events) -> bool {
        let evicted = self.pool.lock().evicted.get(&self.id).copied();
        evicted.is_some_and(|written| written.events <= events.len() && written == WrittenPrefix::of(events, written.events))
    }
}

impl Drop for PooledPage {
    fn drop(&mut self) {
        let mut pages = self.pool.lock();
        pages.evicted.remove(&self.id);
        let held = pages.held.remove(&self.id);
        drop(pages);
        drop(held);
    }
}

#[cfg(test)]
mod tests {
    use logmark_event_page::Builder;
    use logmark_event_page::build::PlainEvent;
    use std::num::NonZeroU32;

    use super::*;

    fn page(messages: &[&str]) -> Events {
        let mut builder = Builder::default();
        for message in messages {
            let event = PlainEvent { timestamp: 1, ingestion_time: None, stream: "s", event_id: None, message };
            builder.push(event).unwrap();
        }
        builder.finish()
    }

    fn share(tenant: &str) -> Share {
        Share::new(tenant, NonZeroU32::MIN)
    }

    /// Room to read one page while so many others are held.
    fn pool(pages: u64) -> PagePool {
        PagePool::new(ROOM + (pages - 1) * page_bytes_of(&page(&["1", "2", "3"])))
    }

    const ROOM: u64 = 1 << 20;

    async fn insert(pool: &PagePool, tenant: &str, messages: &[&str]) -> PooledPage {
        let deadline = Instant::now() + Duration::from_secs(10);
        pool.reserve_page(&share(tenant), ROOM, ROOM, deadline).await.unwrap().insert(page(messages), None).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_and_its_memory_are_held_while_its_client_reads() {
        let pool = pool(1);
        let busy = insert(&pool, "a", &["1", "2", "3"]).await;
        let other = share("b");
        let waits = pool.reserve_page(&other, ROOM, ROOM, Instant::now() + Duration::from_secs(3));
        let reads = async {
            for written in 1..=30 {
                tokio::time::sleep(STALLED - Duration::from_millis(1)).await;
                busy.set_written(written.min(3));
            }
        };
        let (rejected, ()) = tokio::join!(waits, reads);
        assert!(matches!(rejected, Err(SourceError::NoMemory { is_own: false, .. })), "{rejected:?}");
        assert!(busy.events().is_some());
        drop(busy);
        assert!(pool.reserve_spare_page(&other, ROOM, ROOM).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_stalest_page_is_evicted_only_when_its_memory_is_needed() {
        let pool = pool(2);
        let stalled = insert(&pool, "a", &["1", "2", "3"]).await;
        stalled.set_written(2);
        let lively = insert(&pool, "b", &["4"]).await;
        tokio::time::sleep(STALLED * 10).await;
        assert!(lively.events().is_some());
        assert_eq!(pool.0.lock().held.len(), 2, "no request waits: no page goes");

        let begun = Instant::now();
        let third = insert(&pool, "c", &["5"]).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
        assert!(stalled.events().is_none() && lively.events().is_some() && third.events().is_some());
        assert!(pool.reserve_spare_page(&share("d"), ROOM, ROOM).is_none(), "what costs another its page is not to spare");
    }

    #[tokio::test(start_paused = true)]
    async fn a_tenant_over_its_share_evicts_only_its_own_pages() {
        let pool = PagePool::new(4 * ROOM);
        let others = insert(&pool, "b", &["1"]).await;
        let own = insert(&pool, "a", &["2"]).await;
        let (a, deadline) = (share("a"), Instant::now() + Duration::from_secs(3));
        let held = pool.reserve(&a, ROOM + ROOM / 2, deadline).await.unwrap();
        tokio::time::sleep(STALLED * 2).await;
        let rejected = pool.reserve(&a, ROOM, deadline).await.unwrap_err();
        assert!(matches!(rejected, SourceError::NoMemory { is_own: true, .. }), "{rejected:?}");
        assert!(own.events().is_none() && others.events().is_some());
        drop(held);
        assert!(pool.reserve_spare_page(&a, ROOM, ROOM).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_is_larger_than_its_room_says_how_large_it_is() {
        let message = "\u{1b}".repeat(600_000);
        let large = page(&[&message]);
        assert_eq!(frame_bytes_of(&large), 64 * 1024 + 3_600_000, "a frame of it is six times as long");
        let (pool, deadline) = (PagePool::new(page_bytes_of(&large)), Instant::now() + Duration::from_secs(1));
        let other = pool.reserve(&share("b"), 300_000, deadline).await.unwrap();
        let reserve_page = pool.reserve_page(&share("a"), 200_000, 0, deadline).await.unwrap();
        let needed = reserve_page.insert(large.clone(), None).unwrap_err();
        assert!(needed > 600_000, "{needed}");
        drop(other);
        let reserve_page = pool.reserve_page(&share("a"), needed, 0, deadline).await.unwrap();
        assert!(reserve_page.insert(large.clone(), None).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_read_again_must_begin_as_it_did() {
        let pool = pool(1);
        let stalled = insert(&pool, "a", &["1", "2", "3"]).await;
        stalled.set_written(2);
        let _other = insert(&pool, "b", &["x"]).await;
        assert!(stalled.events().is_none());
        for (again, expected) in [
            (vec!["1", "2", "3"], true),
            (vec!["1", "2", "other", "more"], true),
            (vec!["1", "2"], true),
            (vec!["1"], false),
            (vec!["1", "late", "2", "3"], false),
            (vec![], false),
        ] {
            assert_eq!(stalled.starts_with_written(&page(&again)), expected, "{again:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn dropped_pages_leave_nothing_in_the_pool() {
        let pool = pool(1);
        let stalled = insert(&pool, "a", &["1"]).await;
        let other = insert(&pool, "b", &["2"]).await;
        assert_eq!(pool.0.lock().evicted.len(), 1);
        drop((stalled, other));
        let pages = pool.0.lock();
        assert!(pages.evicted.is_empty() && pages.held.is_empty());
        assert_eq!(pool.0.memory.state().held, 0);
    }
}
