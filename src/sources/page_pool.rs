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
mod tests;
