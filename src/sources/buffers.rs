//! The buffer pool: the pages of events that streamed answers hold in memory while their clients take them.
//!
//! Owns how many there are at once, whoever reads and however slowly. A place in the pool is taken before a page is read, shared
//! fairly between tenants. While somebody waits for one, the page whose client has taken nothing for longest is let go of, if
//! that is long enough to call it stalled; whoever wrote from it reads it again when its client goes on. Never reads a page
//! itself: that is [`super::export`].

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use logmark_event_page::Events;
use logmark_quota::{Queue, Refused, Share, Slot, Slots};
use tokio::time::Instant;

use super::SourceError;

/// A client that takes nothing for so long is stalled: it takes less than a frame of 64 KiB in that time, 128 KiB a second.
const STALLED: Duration = Duration::from_millis(500);
/// When nothing is held that could be let go of, pages are being read into all places: looked for again after so long.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// As many as there may be connections: each waits for one page.
const QUEUE: Queue = Queue { total: 10_000, per_tenant: 10_000 };

/// Places for pages. Clones are the same pool.
#[derive(Debug, Clone)]
pub struct Buffers(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    places: Slots,
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    next_id: u64,
    held: HashMap<u64, Held>,
    /// Of pages that were let go of: what was written of them.
    gone: HashMap<u64, Written>,
}

/// A page in its place.
#[derive(Debug)]
struct Held {
    events: Arc<Events>,
    /// How many of its events were written.
    written: usize,
    /// When a part of it was last taken.
    used: Instant,
    /// Given back with the page.
    _place: Slot,
}

/// The events that a page begins with: how many, and a digest of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Written {
    events: usize,
    digest: u64,
}

/// Room for a page that is about to be read.
#[derive(Debug)]
#[must_use = "a place dropped is free for others"]
pub struct Place {
    pool: Arc<Pool>,
    slot: Slot,
}

/// A page that was read. It leaves the pool when this is dropped, if it was not let go of before.
#[derive(Debug)]
pub struct Buffer {
    pool: Arc<Pool>,
    id: u64,
}

impl Buffers {
    /// Room for so many pages.
    #[must_use]
    pub fn new(pages: NonZeroU32) -> Self {
        Self(Arc::new(Pool { places: Slots::new(pages, QUEUE), pages: Mutex::default() }))
    }

    /// Room for a page, at the latest at `deadline`.
    ///
    /// # Errors
    /// [`SourceError::Busy`] when all is taken until then by those who read on, or is other tenants' share.
    pub async fn place(&self, share: &Share, deadline: Instant) -> Result<Place, SourceError> {
        let mut acquired = pin!(self.0.places.acquire(share, None, deadline));
        loop {
            tokio::select! {
                biased;
                slot = &mut acquired => return slot.map(|slot| Place { pool: Arc::clone(&self.0), slot }).map_err(busy),
                () = self.0.let_go_of_the_stalest() => {}
            }
        }
    }

    /// Room for a page, if there is any without letting go of another.
    #[must_use]
    pub fn place_to_spare(&self, share: &Share) -> Option<Place> {
        let slot = self.0.places.acquire(share, None, Instant::now()).now_or_never()?.ok()?;
        Some(Place { pool: Arc::clone(&self.0), slot })
    }
}

fn busy(refused: Refused) -> SourceError {
    let retry_after = match refused {
        Refused::Busy { retry_after } | Refused::Open { retry_after } => retry_after,
        Refused::TenantLimit => STALLED,
    };
    SourceError::Busy { retry_after }
}

impl Pool {
    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a page is stalled, and lets go of it.
    async fn let_go_of_the_stalest(&self) {
        loop {
            let now = Instant::now();
            let stalest = {
                let mut pages = self.lock();
                let stalest = pages.held.iter().min_by_key(|(_, held)| held.used).map(|(id, held)| (*id, held.used + STALLED));
                match stalest {
                    Some((id, stalls)) if stalls <= now => Ok(pages.let_go(id)),
                    Some((_, stalls)) => Err(stalls),
                    None => Err(now + LOOK_AGAIN),
                }
            };
            match stalest {
                // Its place is given back with it, to whoever is next.
                Ok(_page) => return,
                Err(look) => tokio::time::sleep_until(look).await,
            }
        }
    }
}

impl Pages {
    fn let_go(&mut self, id: u64) -> Option<Held> {
        let held = self.held.remove(&id)?;
        self.gone.insert(id, Written::of(&held.events, held.written));
        Some(held)
    }
}

impl Written {
    fn of(events: &Events, written: usize) -> Self {
        let mut digest = DefaultHasher::new();
        for event in events.range(0..written) {
            (event.timestamp(), event.event_id(), event.message()).hash(&mut digest);
        }
        Self { events: written, digest: digest.finish() }
    }
}

impl Place {
    /// Holds the page here.
    #[must_use]
    pub fn hold(self, events: Events) -> Buffer {
        let Self { pool, slot } = self;
        let id = {
            let mut pages = pool.lock();
            pages.next_id += 1;
            let id = pages.next_id;
            let held = Held { events: Arc::new(events), written: 0, used: Instant::now(), _place: slot };
            pages.held.insert(id, held);
            id
        };
        Buffer { pool, id }
    }
}

impl Buffer {
    /// The page; `None`: it was let go of.
    #[must_use]
    pub fn events(&self) -> Option<Arc<Events>> {
        let mut pages = self.pool.lock();
        let held = pages.held.get_mut(&self.id)?;
        held.used = Instant::now();
        Some(Arc::clone(&held.events))
    }

    /// So many of its events were written by now.
    pub fn wrote(&self, events: usize) {
        if let Some(held) = self.pool.lock().held.get_mut(&self.id) {
            held.written = events;
            held.used = Instant::now();
        }
    }

    /// Does a page begin with the events that were written of this one before it was let go of?
    #[must_use]
    pub fn begins(&self, events: &Events) -> bool {
        let gone = self.pool.lock().gone.get(&self.id).copied();
        gone.is_some_and(|written| written.events <= events.len() && written == Written::of(events, written.events))
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut pages = self.pool.lock();
        pages.gone.remove(&self.id);
        let held = pages.held.remove(&self.id);
        drop(pages);
        drop(held);
    }
}

#[cfg(test)]
mod tests {
    use logmark_event_page::Builder;
    use logmark_event_page::build::PlainEvent;

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

    fn pool(pages: u32) -> Buffers {
        Buffers::new(NonZeroU32::new(pages).unwrap())
    }

    async fn hold(pool: &Buffers, tenant: &str, messages: &[&str]) -> Buffer {
        let deadline = Instant::now() + Duration::from_secs(10);
        pool.place(&share(tenant), deadline).await.unwrap().hold(page(messages))
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_is_kept_while_its_client_goes_on_and_nobody_else_gets_its_place() {
        let pool = pool(1);
        let busy = hold(&pool, "a", &["1", "2", "3"]).await;
        let other = share("b");
        let waits = pool.place(&other, Instant::now() + Duration::from_secs(3));
        let reads = async {
            for written in 1..=30 {
                tokio::time::sleep(STALLED - Duration::from_millis(1)).await;
                busy.wrote(written.min(3));
            }
        };
        let (refused, ()) = tokio::join!(waits, reads);
        assert!(matches!(refused, Err(SourceError::Busy { .. })), "{refused:?}");
        assert!(busy.events().is_some());
        drop(busy);
        assert!(pool.place_to_spare(&other).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_stalest_page_is_let_go_of_when_its_place_is_wanted_and_not_before() {
        let pool = pool(2);
        let stalled = hold(&pool, "a", &["1", "2", "3"]).await;
        stalled.wrote(2);
        let lively = hold(&pool, "b", &["4"]).await;
        tokio::time::sleep(STALLED * 10).await;
        assert!(lively.events().is_some());
        assert_eq!(pool.0.lock().held.len(), 2, "nobody waits: nobody goes");

        let begun = Instant::now();
        let third = hold(&pool, "c", &["5"]).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
        assert!(stalled.events().is_none() && lively.events().is_some() && third.events().is_some());
        assert!(pool.place_to_spare(&share("d")).is_none(), "what costs another its page is not to spare");
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_read_again_must_begin_as_it_did() {
        let pool = pool(1);
        let stalled = hold(&pool, "a", &["1", "2", "3"]).await;
        stalled.wrote(2);
        let _other = hold(&pool, "b", &["x"]).await;
        assert!(stalled.events().is_none());
        for (again, expected) in [
            (vec!["1", "2", "3"], true),
            (vec!["1", "2", "other", "more"], true),
            (vec!["1", "2"], true),
            (vec!["1"], false),
            (vec!["1", "late", "2", "3"], false),
            (vec![], false),
        ] {
            assert_eq!(stalled.begins(&page(&again)), expected, "{again:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_left_of_those_who_went() {
        let pool = pool(1);
        let stalled = hold(&pool, "a", &["1"]).await;
        let other = hold(&pool, "b", &["2"]).await;
        assert_eq!(pool.0.lock().gone.len(), 1);
        drop((stalled, other));
        let pages = pool.0.lock();
        assert!(pages.gone.is_empty() && pages.held.is_empty());
        assert_eq!(pool.0.places.state().held, 0);
    }
}
