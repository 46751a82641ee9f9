//! Live tail of the local source: the store wakes a reader at the commit of an append, and the reader reads what is new.
//!
//! Owns the order of a tail and its positions. A tail has two phases:
//!
//! - **Scanning**: stored events, ascending by time, of a window of sequence numbers that ends at a fixed moment. It gives the history that
//!   a request asks for, and what a client missed since its position.
//! - **Following**: events in the order of their appends, from memory.
//!
//! A position is exact in both phases, so no event is lost or repeated. A reader holds no events between two calls: a slow one reads
//! on from the store when its client takes more, so a tail of this source has no gaps. See also [`position`].

mod position;
mod target;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use logmark_store::{Event, Position as StorePosition, ReadError, Scan, Store, Subscription};
use tokio::time::Instant;

use self::position::LocalPosition;
use self::target::Target;
use super::Local;
use super::event_id::IdKey;
use super::pages::shown_events;
use crate::auth::permit::Permit;
use crate::domain::tail::{TailGroup, TailStream};
use crate::sources::page_pool::{PagePool, page_bytes_of, read_reservation_bytes};
use crate::sources::tail::{MAX_ITEM_BYTES, MAX_ITEM_EVENTS, TailEvents, TailItem, TailPosition, TailReader, TailStart};
use crate::sources::{SourceError, Tail, scheduler_share};

/// Limit for waiting for memory. Then the tail ends with an error.
const MEMORY_WAIT: Duration = Duration::from_secs(30);
/// Events of one step at most.
const MOST_EVENTS: NonZeroUsize = NonZeroUsize::new(MAX_ITEM_EVENTS).unwrap();

#[async_trait]
impl Tail for Local {
    async fn tail_stream(&self, permit: &Permit<TailStream>, from: TailStart) -> Result<Box<dyn TailReader>, SourceError> {
        self.begin(Target::of_stream(permit), scheduler_share(permit.share()), from).await
    }

    async fn tail_group(&self, permit: &Permit<TailGroup>, from: TailStart) -> Result<Box<dyn TailReader>, SourceError> {
        self.begin(Target::of_group(permit), scheduler_share(permit.share()), from).await
    }
}

impl Local {
    async fn begin(
        &self,
        target: Target,
        share: logmark_quota::Share,
        from: TailStart,
    ) -> Result<Box<dyn TailReader>, SourceError> {
        let target = Arc::new(target);
        let page_pool = self.page_pool.get().cloned();
        let begun = self.blocking({
            let target = Arc::clone(&target);
            move |store| {
                // Subscribed first: events that arrive from here on wake the reader.
                let subscription = store.subscribe(target.group())?;
                target.require_streams(store)?;
                Ok((subscription, LocalPosition::begin(&from, store.last_sequence())?))
            }
        });
        let (subscription, position) = begun.await?;
        Ok(Box::new(LocalReader {
            store: self.store.clone(),
            id_key: Arc::clone(&self.id_key),
            target,
            subscription,
            position,
            scan: None,
            has_news: true,
            is_caught_up: false,
            memory: page_pool.map(|pool| (pool, share)),
        }))
    }
}

/// A running tail.
#[derive(Debug)]
struct LocalReader {
    store: Store,
    id_key: Arc<IdKey>,
    target: Arc<Target>,
    subscription: Subscription,
    position: LocalPosition,
    /// The scan of the current window, between two batches.
    scan: Option<Box<Scan>>,
    /// Whether there can be events that were not read. If not, the reader waits.
    has_news: bool,
    is_caught_up: bool,
    memory: Option<(PagePool, logmark_quota::Share)>,
}

/// A read step.
struct Step {
    /// The events to return, each with the position after it.
    events: Vec<(Event, LocalPosition)>,
    /// The position after all examined events.
    position: LocalPosition,
    /// Whether there is nothing more to read at the moment.
    at_end: bool,
}

#[async_trait]
impl TailReader for LocalReader {
    fn position(&self) -> TailPosition {
        self.position.write()
    }

    async fn next(&mut self) -> Result<TailItem, SourceError> {
        loop {
            if !self.has_news {
                if !std::mem::replace(&mut self.is_caught_up, true) {
                    return Ok(TailItem::CaughtUp);
                }
                if !self.subscription.changed().await {
                    return Ok(TailItem::Ended);
                }
                self.has_news = true;
            }
            let step = self.step().await?;
            if !step.events.is_empty() {
                let Some(events) = self.item(&step)? else {
                    // The events are read again when there is memory for them.
                    self.scan = None;
                    let bytes = read_reservation_bytes(step.message_bytes(), step.events.len());
                    drop(step);
                    self.wait_for_memory(bytes).await?;
                    continue;
                };
                (self.has_news, self.position) = (!step.at_end, step.position);
                return Ok(TailItem::Events(events));
            }
            self.has_news = !step.at_end;
            if std::mem::replace(&mut self.position, step.position) != step.position {
                return Ok(TailItem::Moved(step.position.write()));
            }
        }
    }
}

impl Step {
    fn message_bytes(&self) -> usize {
        self.events.iter().map(|(event, _)| event.message.len()).sum()
    }
}

impl LocalReader {
    async fn step(&mut self) -> Result<Step, SourceError> {
        match self.position {
            LocalPosition::Scanning { .. } => self.scan_step().await,
            LocalPosition::Following { after } => {
                self.subscription.mark_seen();
                match self.follow_step(after).await? {
                    Some(step) => Ok(step),
                    // Some of the events are in files only.
                    None => {
                        let position = LocalPosition::catch_up(after, self.store.last_sequence());
                        Ok(Step { events: Vec::new(), position, at_end: false })
                    }
                }
            }
        }
    }

    /// Reads on from memory. A filter can take long for a message, so it runs on a thread for blocking calls.
    async fn follow_step(&self, after: u64) -> Result<Option<Step>, SourceError> {
        let arrivals = if self.target.has_filter() {
            let (store, target) = (self.store.clone(), Arc::clone(&self.target));
            blocking(move || target.arrivals(&store, after)).await?
        } else {
            self.target.arrivals(&self.store, after)?
        };
        Ok(arrivals.map(|arrivals| {
            let behind = |event: Event| {
                let position = LocalPosition::Following { after: event.sequence };
                (event, position)
            };
            Step {
                events: arrivals.events.into_iter().map(behind).collect(),
                position: LocalPosition::Following { after: arrivals.through },
                at_end: arrivals.at_end,
            }
        }))
    }

    /// Reads the next batch of the window.
    async fn scan_step(&mut self) -> Result<Step, SourceError> {
        let LocalPosition::Scanning { after, up_to, from } = self.position else {
            return Err(SourceError::Store("a scan without a window".to_owned()));
        };
        let (store, target, scan) = (self.store.clone(), Arc::clone(&self.target), self.scan.take());
        let (scan, batch) = blocking(move || {
            let mut scan = match scan {
                Some(scan) => scan,
                None => Box::new(store.scan_window(target.scan_request(up_to), after, Some(from.into()))?),
            };
            let batch = scan.next_batch(MOST_EVENTS, MAX_ITEM_BYTES)?;
            Ok((scan, batch.map(|batch| target.matching(batch))))
        })
        .await?;
        let Some(batch) = batch else {
            return Ok(Step { events: Vec::new(), position: LocalPosition::Following { after: up_to }, at_end: false });
        };
        self.scan = Some(scan);
        let behind = |at: StorePosition| LocalPosition::Scanning { after, up_to, from: at.into() };
        let position = batch.last.map_or(self.position, behind);
        let events = batch.matching.into_iter().map(|event| {
            let position = behind(event.position());
            (event, position)
        });
        Ok(Step { events: events.collect(), position, at_end: false })
    }

    /// The step's events as an item. `None`: there is no memory for them at the moment.
    fn item(&self, step: &Step) -> Result<Option<TailEvents>, SourceError> {
        let id_key = self.target.limits_rows().then_some(&*self.id_key);
        let events = shown_events(step.events.iter().map(|(event, _)| event), id_key)?;
        let memory = match &self.memory {
            Some((pool, share)) => match pool.memory().try_reserve(share, page_bytes_of(&events)) {
                Ok(reservation) => Some(reservation),
                Err(_) => return Ok(None),
            },
            None => None,
        };
        let positions = step.events.iter().map(|(_, position)| position.write()).collect();
        Ok(Some(TailEvents { events, positions, memory }))
    }

    async fn wait_for_memory(&self, bytes: u64) -> Result<(), SourceError> {
        match &self.memory {
            Some((pool, share)) => pool.reserve(share, bytes, Instant::now() + MEMORY_WAIT).await.map(drop),
            None => Ok(()),
        }
    }
}

/// Runs a call that can block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, ReadError> + Send + 'static) -> Result<T, SourceError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_panicked| SourceError::Store("a reader of the store panicked".to_owned()))?.map_err(SourceError::from)
}
