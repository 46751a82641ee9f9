//! Owns the store as a whole: its threads, what readers see, and the calls of the public interface.
//!
//! In reading order: this file (the calls), `open` (from a directory to a running store), `writer`
//! (the thread that makes appends durable), `flush` (the thread that writes segments), `view` (what
//! readers see), `gate` (what the two threads tell each other).

mod open;
pub(crate) mod writer;
pub(crate) mod flush;
pub(crate) mod view;
pub(crate) mod gate;
mod manage;
pub(crate) mod subscriptions;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, RwLock};
use std::thread::JoinHandle;

use tokio::sync::{Semaphore, oneshot};

use crate::catalogue::Catalogue;
use crate::catalogue::list::{Group, Stream, StreamsQuery};
use crate::error::{AppendError, CatalogueError, FlushError, OpenError, ReadError, StorageError};
use crate::event::{MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_MESSAGE_BYTES, NewEvent, Position};
use crate::ids::{GroupId, StreamId};
use crate::lock::DirectoryLock;
use crate::memtable::EVENT_OVERHEAD_BYTES;
use crate::options::Options;
use crate::read::arrivals::{self, Arrivals, ArrivalsRequest};
use crate::read::scan::{Scan, ScanRequest};
use crate::read::segment_source::MayRead;
use crate::read::shared_text::SharedText;
use crate::read::{Page, ReadRequest, page};
use crate::segment::cache::SegmentCache;
use crate::sync;
use gate::{FlushGate, Stopped};
use subscriptions::{Subscription, Subscriptions};
use view::{Moment, View};
use writer::{Append, Command};

/// A store in a directory of its own. Clones share it; the directory is let go when the last clone
/// is dropped, which waits for a flush in progress.
#[derive(Clone, Debug)]
pub struct Store {
    running: Arc<Running>,
}

/// What the threads and all clones share.
#[derive(Debug)]
pub(crate) struct Shared {
    catalogue: Catalogue,
    view: RwLock<Arc<View>>,
    gate: FlushGate,
    segments: SegmentCache,
    /// The largest sequence number that readers can see. Sequence numbers only grow, so events up to one of them are the
    /// events of one moment, however long a reading takes.
    last_sequence: AtomicU64,
    subscriptions: Subscriptions,
}

impl Shared {
    /// What readers see now.
    pub(crate) fn capture(&self) -> Result<Moment, StorageError> {
        // INVARIANT: in this order. The catalogue then knows every stream and segment that can be
        // met, and holds figures twice at most, which the overlay sees, but misses none.
        let view = self.view();
        let visible = view.last_sequence();
        let catalogue = self.catalogue.snapshot()?;
        Ok(Moment { view, visible, catalogue })
    }

    pub(crate) fn segments(&self) -> &SegmentCache {
        &self.segments
    }

    /// The largest sequence number that readers can see.
    pub(crate) fn last_sequence(&self) -> u64 {
        self.last_sequence.load(Ordering::Acquire)
    }

    /// Called by the writer when the events are in the memtable.
    fn show_up_to(&self, sequence: u64) {
        self.last_sequence.store(sequence, Ordering::Release);
    }

    fn view(&self) -> Arc<View> {
        Arc::clone(&sync::read(&self.view))
    }

    /// Replaces what readers see.
    fn change_view(&self, change: impl FnOnce(&View) -> View) {
        let mut view = sync::write(&self.view);
        *view = Arc::new(change(&view));
    }
}

#[derive(Debug)]
struct Running {
    shared: Arc<Shared>,
    commands: Sender<Command>,
    /// Bytes that may wait for the writer.
    queue: Arc<Semaphore>,
    queue_bytes: usize,
    writer: Mutex<Option<JoinHandle<()>>>,
    flusher: Mutex<Option<JoinHandle<()>>>,
    /// Declared last, so that it is let go when everything else is closed.
    _lock: DirectoryLock,
}

impl Running {
    /// Ends both threads; what is in memory stays in the log.
    fn stop(&self) {
        self.queue.close();
        // The writer ends by itself if it is gone already.
        let _ = self.commands.send(Command::Stop);
        join(&self.writer);
        self.shared.gate.stop();
        join(&self.flusher);
        self.shared.subscriptions.close();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

fn join(thread: &Mutex<Option<JoinHandle<()>>>) {
    if let Some(thread) = sync::lock(thread).take() {
        // A panic there was reported by the panic hook, and its callers were told `Closed`.
        let _ = thread.join();
    }
}

impl Store {
    /// Opens the store in `directory`, making both if needed, and reads back what the log holds
    /// beyond the segments. Blocks.
    ///
    /// # Errors
    ///
    /// [`OpenError::InUse`] while another store has the directory open; [`OpenError::Storage`] if a
    /// file can't be read or is damaged, naming it: nothing is left out silently.
    pub fn open(directory: &Path, options: Options) -> Result<Store, OpenError> {
        open::open(crate::disk::Disk::default(), directory, &options)
    }

    #[cfg(test)]
    pub(crate) fn open_with(disk: crate::disk::Disk, directory: &Path, options: &Options) -> Result<Store, OpenError> {
        open::open(disk, directory, options)
    }

    /// Makes a group; durable when it returns. `now_ms` is milliseconds since 1970-01-01 UTC. Blocks.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::GroupExists`]; [`CatalogueError::Storage`] if the files fail.
    pub fn create_group(&self, group: &str, now_ms: i64) -> Result<(), CatalogueError> {
        self.running.shared.catalogue.create_group(group, now_ms)
    }

    /// Makes a stream of a group; durable when it returns. `now_ms` is milliseconds since 1970-01-01
    /// UTC. Blocks.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::GroupNotFound`], [`CatalogueError::StreamExists`];
    /// [`CatalogueError::Storage`] if the files fail.
    pub fn create_stream(&self, group: &str, stream: &str, now_ms: i64) -> Result<(), CatalogueError> {
        self.running.shared.catalogue.create_stream(group, stream, now_ms)
    }

    /// Says for how many days a group keeps its events, for ever if `None`; durable when it returns.
    /// The store only remembers it: expired events are still read. Blocks.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::GroupNotFound`]; [`CatalogueError::Storage`] if the files fail.
    pub fn set_retention(&self, group: &str, days: Option<u32>) -> Result<(), CatalogueError> {
        self.running.shared.catalogue.set_retention(group, days)
    }

    /// The group of this name. Blocks.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::Storage`] if the files fail.
    pub fn group(&self, group: &str) -> Result<Option<Group>, CatalogueError> {
        let moment = self.running.shared.capture()?;
        Ok(moment.catalogue.group(&moment.overlay(), group)?)
    }

    /// At most `limit` groups whose names begin with `prefix`, ascending by name (bytewise), strictly
    /// after the name `after`. Blocks.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::Storage`] if the files fail.
    pub fn groups(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Group>, CatalogueError> {
        let moment = self.running.shared.capture()?;
        Ok(moment.catalogue.groups(&moment.overlay(), prefix, after, limit)?)
    }

    /// The stream of this name; `None` also if there is no such group. Blocks.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::Storage`] if the files fail.
    pub fn stream(&self, group: &str, stream: &str) -> Result<Option<Stream>, CatalogueError> {
        let moment = self.running.shared.capture()?;
        let Some(group) = moment.catalogue.group_id(group)? else { return Ok(None) };
        Ok(moment.catalogue.stream(&moment.overlay(), group, stream)?)
    }

    /// At most `limit` streams of a group in the order of `query`. Blocks.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::GroupNotFound`]; [`CatalogueError::Storage`] if the files fail.
    pub fn streams(&self, group: &str, query: StreamsQuery<'_>, limit: usize) -> Result<Vec<Stream>, CatalogueError> {
        let moment = self.running.shared.capture()?;
        let not_found = || CatalogueError::GroupNotFound { group: group.to_owned() };
        let id = moment.catalogue.group_id(group)?.ok_or_else(not_found)?;
        Ok(moment.catalogue.streams(&moment.overlay(), id, query, limit)?)
    }

    /// Appends events to a stream, all or none, and returns when they are durable and can be read.
    /// Events of equal timestamp keep the order they are given in. `ingestion_ms` is when the store
    /// was given them, in milliseconds since 1970-01-01 UTC.
    ///
    /// Runs under any executor. Waits while more than [`Options::queue_bytes`] wait to be written or
    /// segments are written too slowly. If the future is dropped, the events may or may not be
    /// appended: all or none.
    ///
    /// # Errors
    ///
    /// See [`AppendError`]. Nothing about the events but their size is checked; see
    /// [`crate::put`] for the rules of PutLogEvents.
    pub async fn append(&self, group: &str, stream: &str, events: Vec<NewEvent>, ingestion_ms: i64) -> Result<(), AppendError> {
        let cost = check_sizes(&events)?;
        let (group, stream) = self.resolve(group, stream)?;
        if events.is_empty() {
            return Ok(());
        }
        let cost = u32::try_from(cost.min(self.running.queue_bytes)).unwrap_or(u32::MAX);
        let queue = Arc::clone(&self.running.queue);
        let place = queue.acquire_many_owned(cost).await.map_err(|_| AppendError::Closed)?;
        let (done, written) = oneshot::channel();
        let append = Append { group, stream, ingestion_ms, events, done, _place: place };
        self.running.commands.send(Command::Append(append)).map_err(|_| AppendError::Closed)?;
        written.await.unwrap_or(Err(AppendError::Closed))
    }

    /// [`Store::append`] for callers that are not asynchronous. Blocks, and must not be called on a task of an
    /// asynchronous runtime: the runtime could not wake what it waits for.
    ///
    /// # Errors
    ///
    /// See [`AppendError`].
    pub fn append_blocking(
        &self,
        group: &str,
        stream: &str,
        events: Vec<NewEvent>,
        ingestion_ms: i64,
    ) -> Result<(), AppendError> {
        sync::block_on(self.append(group, stream, events, ingestion_ms))
    }

    /// Reads a page of a group's events. Blocks, and may read files: call it where that is allowed.
    ///
    /// # Errors
    ///
    /// [`ReadError::GroupNotFound`], [`ReadError::StreamNotFound`] for a named stream;
    /// [`ReadError::Storage`] if a file fails or is damaged, naming it.
    pub fn read(&self, request: &ReadRequest<'_>) -> Result<Page, ReadError> {
        self.read_shared(request).map(Page::into_owned)
    }

    /// Reads a page whose messages are not copied. Otherwise as [`Store::read`].
    ///
    /// # Errors
    ///
    /// As [`Store::read`].
    pub fn read_shared(&self, request: &ReadRequest<'_>) -> Result<Page<SharedText>, ReadError> {
        let moment = self.running.shared.capture()?;
        read_page(&moment, &self.running.shared.segments, request)
    }

    /// Reads a page if it can be read without a file of events: it is then answered at once, and no thread for blocking calls is
    /// needed. `None`: use [`Store::read`]. The names of the group and its streams come from the catalogue's cache; what is
    /// missing there is one small read.
    ///
    /// # Errors
    ///
    /// As [`Store::read`].
    pub fn read_from_memory(&self, request: &ReadRequest<'_>) -> Result<Option<Page<SharedText>>, ReadError> {
        let moment = self.running.shared.capture()?;
        page::read(&moment, &self.running.shared.segments, request, MayRead::Memory)
    }

    /// Begins a reading of all events of a range, batch after batch, as of this moment. Blocks.
    ///
    /// # Errors
    ///
    /// [`ReadError::GroupNotFound`]; [`ReadError::Storage`] if a file fails.
    pub fn scan(&self, request: ScanRequest) -> Result<Scan, ReadError> {
        Scan::begin(Arc::clone(&self.running.shared), request)
    }

    /// Begins a scan of the events of a range that were appended after the sequence number `after`, behind a position if one is given.
    /// With `from` it continues an earlier scan of the same window: no event is missed or given twice. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Store::scan`].
    pub fn scan_window(&self, request: ScanRequest, after: u64, from: Option<Position>) -> Result<Scan, ReadError> {
        Ok(Scan::begin(Arc::clone(&self.running.shared), request)?.in_window(after, from))
    }

    /// Subscribes to the new events of a group. Blocks for a look into the catalogue.
    ///
    /// # Errors
    ///
    /// [`ReadError::GroupNotFound`]; [`ReadError::Storage`] if a file fails.
    pub fn subscribe(&self, group: &str) -> Result<Subscription, ReadError> {
        let catalogue = self.running.shared.catalogue.snapshot()?;
        let id = catalogue.group_id(group)?.ok_or_else(|| ReadError::GroupNotFound { group: group.to_owned() })?;
        Ok(Subscription::new(&self.running.shared, id))
    }

    /// Reads the events that arrived after others, in the order of their appends, without a file of events. `None`: some of them
    /// are no longer in memory; [`Store::scan_window`] reads them.
    ///
    /// # Errors
    ///
    /// As [`Store::read`].
    pub fn arrivals(&self, request: &ArrivalsRequest<'_>) -> Result<Option<Arrivals>, ReadError> {
        arrivals::read(&self.running.shared.capture()?, request)
    }

    /// The newest moment that [`ScanRequest::up_to`] can name: scans with the same one see the same events.
    #[must_use]
    pub fn last_sequence(&self) -> u64 {
        self.running.shared.last_sequence()
    }

    /// Writes all events in memory to a segment. Needed by nobody for durability; it makes the next
    /// opening quick. Blocks.
    ///
    /// # Errors
    ///
    /// See [`FlushError`].
    pub fn flush(&self) -> Result<(), FlushError> {
        let (frozen, answer) = std::sync::mpsc::channel();
        self.running.commands.send(Command::Freeze(frozen)).map_err(|_| FlushError::Closed)?;
        let generation = answer.recv().map_err(|_| FlushError::Closed)?;
        generation.and_then(|generation| self.running.shared.gate.wait_for(generation)).map_err(FlushError::from)
    }

    /// Flushes, then stops writing: appends of other clones fail from now on, reads go on. The
    /// directory is let go when the last clone is dropped. Blocks.
    ///
    /// # Errors
    ///
    /// See [`FlushError`]. The store is stopped in any case, and loses nothing.
    pub fn close(self) -> Result<(), FlushError> {
        let flushed = self.flush();
        self.running.stop();
        flushed
    }

    fn resolve(&self, group: &str, stream: &str) -> Result<(GroupId, StreamId), AppendError> {
        let catalogue = self.running.shared.catalogue.snapshot()?;
        let Some(group_id) = catalogue.group_id(group)? else {
            return Err(AppendError::GroupNotFound { group: group.to_owned() });
        };
        let Some(stream_id) = catalogue.stream_id(group_id, stream)? else {
            return Err(AppendError::StreamNotFound { group: group.to_owned(), stream: stream.to_owned() });
        };
        Ok((group_id, stream_id))
    }

    /// Reads a page as of now, but only after `meanwhile` has run.
    #[cfg(test)]
    pub(crate) fn read_after(&self, request: &ReadRequest<'_>, meanwhile: impl FnOnce()) -> Result<Page, ReadError> {
        let moment = self.running.shared.capture()?;
        meanwhile();
        read_page(&moment, &self.running.shared.segments, request).map(Page::into_owned)
    }

    #[cfg(test)]
    pub(crate) fn memory_bytes(&self) -> usize {
        self.running.shared.view().memtables().map(|memtable| memtable.bytes()).sum()
    }
}

impl From<Stopped> for FlushError {
    fn from(stopped: Stopped) -> FlushError {
        match stopped {
            Stopped::Failed(cause) => FlushError::Poisoned { cause },
            Stopped::Closed => FlushError::Closed,
        }
    }
}

fn read_page(moment: &Moment, segments: &SegmentCache, request: &ReadRequest<'_>) -> Result<Page<SharedText>, ReadError> {
    let page = page::read(moment, segments, request, MayRead::Files)?;
    // Files may be read, so nothing is missing.
    page.ok_or_else(|| ReadError::GroupNotFound { group: request.group.to_owned() })
}

/// The memory the events take, if they are not too large.
fn check_sizes(events: &[NewEvent]) -> Result<usize, AppendError> {
    let mut bytes = 0usize;
    for (index, event) in events.iter().enumerate() {
        if event.message.len() > MAX_MESSAGE_BYTES {
            return Err(AppendError::MessageTooLarge { index, bytes: event.message.len() });
        }
        bytes += event.message.len();
    }
    if bytes > MAX_BATCH_BYTES || events.len() > MAX_BATCH_EVENTS {
        return Err(AppendError::BatchTooLarge { events: events.len(), bytes });
    }
    Ok(bytes + events.len() * EVENT_OVERHEAD_BYTES)
}
