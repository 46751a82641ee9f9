//! The page pool: the memory that responses hold until their clients have read them.
//!
//! Owns one budget for all of them, shared between tenants ([`MemoryPool`]), and the pages of events that streamed responses
//! hold. Memory for a page is reserved before it is read. While a request waits for memory, the page of the client that has been
//! stalled longest is evicted; its export reads it again when the client resumes. [`super::export`] and [`super::reader`] read
//! the pages.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use logmark_event_page::{EventRef, Events};
use logmark_quota::{MemoryPool, QueueLimits, Rejected, Reservation, Share};
use tokio::time::Instant;

use super::SourceError;

/// A client that receives nothing for this time is stalled: it receives less than a frame of 64 KiB in this time, or 128 KiB a
/// second.
const STALLED: Duration = Duration::from_millis(500);
/// How often the pages are checked while none could be evicted.
const EVICTION_RECHECK: Duration = Duration::from_millis(50);
/// As many as the maximum number of connections, each of which waits for one page.
const QUEUE: QueueLimits = QueueLimits { total: 10_000, per_tenant: 10_000 };
/// When to retry for memory that the tenant's own responses hold.
const OWN_RETRY: Duration = Duration::from_secs(2);

/// Bytes of a frame, the part of a page that is encoded at a time.
pub const FRAME_BYTES: usize = 64 * 1024;
/// Bytes of an event in addition to its message while it is read: its row, its id, and the source's own representation.
const EVENT_BYTES: usize = 128;
/// Bytes of a page in addition to its events: its entry, its position, the rest of its source's response.
pub const PAGE_BYTES: usize = 4 * 1024;
/// Maximum events of a source's page.
const PAGE_EVENTS: usize = 10_000;
/// Maximum bytes of a response per byte of a message: a control character is `\u001b` in JSON.
pub const MAX_ESCAPED_BYTE: usize = 6;

/// Bytes to reserve for reading a page of this many bytes of messages and events: the messages twice, as received and as stored.
#[must_use]
pub fn read_reservation_bytes(message_bytes: usize, events: usize) -> u64 {
    let around = events.min(PAGE_EVENTS).saturating_mul(EVENT_BYTES);
    (message_bytes.saturating_mul(2)).saturating_add(around).saturating_add(PAGE_BYTES) as u64
}

/// The cost of a held page.
#[must_use]
pub fn page_bytes_of(events: &Events) -> u64 {
    (events.heap_bytes() + PAGE_BYTES) as u64
}

/// The maximum cost of a frame of a page: it ends with an event, in the worst case the longest. A page that is smaller than a
/// frame costs its own encoded size.
#[must_use]
pub fn frame_bytes_of(events: &Events) -> u64 {
    let longest = events.iter().map(EventRef::message_length).max().unwrap_or(0);
    let whole = events.heap_bytes().saturating_mul(MAX_ESCAPED_BYTE);
    (whole.min(FRAME_BYTES) + longest.saturating_mul(MAX_ESCAPED_BYTE)) as u64
}

/// The memory budget of all responses, and the pages held in it. Clones share the pool.
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
    /// The written events of evicted pages.
    evicted: HashMap<u64, WrittenPrefix>,
}

/// A page in the pool.
#[derive(Debug)]
struct HeldPage {
    events: Arc<Events>,
    /// The number of its written events.
    written: usize,
    /// When the client last received a part of it.
    used: Instant,
    /// Released with the page.
    room: Reservation,
}

/// The number and a digest of a page's first events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct WrittenPrefix {
    events: usize,
    digest: u64,
}

/// Memory for a page that is about to be read.
#[derive(Debug)]
#[must_use = "dropping a reservation returns its memory"]
pub struct PageReservation {
    pool: Arc<PoolState>,
    room: Reservation,
}

/// A held page. It leaves the pool when this is dropped, or earlier by eviction.
#[derive(Debug)]
pub struct PooledPage {
    pool: Arc<PoolState>,
    id: u64,
}

impl PagePool {
    /// A pool of `bytes`.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        Self(Arc::new(PoolState { memory: MemoryPool::new(bytes, QUEUE), pages: Mutex::default() }))
    }

    /// The budget itself, for memory of responses that cannot be evicted.
    #[must_use]
    pub fn memory(&self) -> &MemoryPool {
        &self.0.memory
    }

    /// Reserves bytes, waiting until `deadline`; stalled pages are evicted for them.
    ///
    /// # Errors
    /// [`SourceError::NoMemory`] if they are not free by then.
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

    /// Reserves bytes, if `free` bytes are free without evicting a page or overtaking a waiting request.
    ///
    /// # Errors
    /// [`SourceError::NoMemory`].
    pub fn reserve_spare(&self, share: &Share, bytes: u64, free: u64) -> Result<Reservation, SourceError> {
        let mut room = self.0.memory.reserve_spare(share, free.max(bytes)).map_err(memory_error)?;
        if room.resize(bytes) { Ok(room) } else { Err(memory_error(Rejected::TenantLimit)) }
    }

    /// Reserves `bytes` for a page as soon as `free` bytes are free, waiting until `deadline`.
    ///
    /// # Errors
    /// As for [`PagePool::reserve`].
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

    /// Reserves `bytes` for a page, if `free` bytes are free without evicting another page.
    #[must_use]
    pub fn reserve_spare_page(&self, share: &Share, bytes: u64, free: u64) -> Option<PageReservation> {
        let room = self.reserve_spare(share, bytes, free).ok()?;
        Some(PageReservation { pool: Arc::clone(&self.0), room })
    }
}

/// Converts a refusal of the budget into an error, which says whether the tenant's own responses hold the memory.
#[must_use]
pub fn memory_error(rejected: Rejected) -> SourceError {
    let retry_after = rejected.retry_after();
    SourceError::NoMemory { is_own: retry_after.is_none(), retry_after: retry_after.unwrap_or(OWN_RETRY) }
}

impl PoolState {
    fn lock(&self) -> MutexGuard<'_, PoolPages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a page is stalled, and evicts it. If the tenant's own share is used up, only its own pages are evicted.
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
                // Dropping the page returns its memory to the next waiting request.
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
    /// Stores the page in the pool, and releases the surplus of its reservation.
    ///
    /// # Errors
    /// The bytes that it needs, if the reservation is too small and no more memory is free.
    pub fn insert(self, events: Events, reserved: Option<Reservation>) -> Result<PooledPage, u64> {
        let Self { pool, mut room } = self;
        match reserved {
            // The source has already reserved the memory of the events.
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
    /// The page; `None` if it was evicted.
    #[must_use]
    pub fn events(&self) -> Option<Arc<Events>> {
        let mut pages = self.pool.lock();
        let held = pages.held.get_mut(&self.id)?;
        held.used = Instant::now();
        Some(Arc::clone(&held.events))
    }

    /// Records how many of its events were written.
    pub fn set_written(&self, events: usize) {
        if let Some(held) = self.pool.lock().held.get_mut(&self.id) {
            held.written = events;
            held.used = Instant::now();
        }
    }

    /// Whether `page` begins with the events that were written of this page before its eviction.
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
