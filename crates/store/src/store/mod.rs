//! The store: its threads, the view of readers, and the public interface.
//!
//! In reading order: this file (the calls), `open` (opens a directory), `writer` (the thread that makes appends durable), `flush`
//! (the thread that writes segments), `view` (what readers see), `gate` (communication between the two threads).

mod open;
pub(crate) mod writer;
pub(crate) mod flush;
pub(crate) mod view;
pub(crate) mod gate;
mod manage;
mod pages;
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
use crate::event::{MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_MESSAGE_BYTES, NewEvent};
use crate::ids::{GroupId, StreamId};
use crate::lock::DirectoryLock;
use crate::memtable::EVENT_OVERHEAD_BYTES;
use crate::options::Options;
use crate::read::scan::{Scan, ScanRequest};
use crate::segment::cache::SegmentCache;
use crate::sync;
use gate::{FlushGate, Stopped};
use subscriptions::Subscriptions;
use view::{Moment, View};
use writer::{Append, Command};

/// A store in its own directory. Clones share it; the directory is unlocked when the last clone is dropped, which waits for a
/// flush in progress.
#[derive(Clone, Debug)]
pub struct Store {
    running: Arc<Running>,
}

/// The state shared by the threads and all clones.
#[derive(Debug)]
pub(crate) struct Shared {
    catalogue: Catalogue,
    view: RwLock<Arc<View>>,
    gate: FlushGate,
    segments: SegmentCache,
    /// The largest sequence number that readers can see. Sequence numbers only grow, so the events up to one of them are a
    /// snapshot, however long a read takes.
    last_sequence: AtomicU64,
    subscriptions: Subscriptions,
}

impl Shared {
    /// The current view of readers.
    pub(crate) fn capture(&self) -> Result<Moment, StorageError> {
        // INVARIANT: captured in this order. The catalogue then has every visible stream and segment. It may count figures twice,
        // which the overlay detects, but misses none.
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

    /// Replaces the view of readers.
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
    /// Declared last, so that it is released after everything else is closed.
    _lock: DirectoryLock,
}

impl Running {
    /// Stops both threads; events in memory stay in the log.
    fn stop(&self) {
        self.queue.close();
        // If the channel is closed, the writer has already ended.
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
        // The panic hook has reported a panic, and its callers got `Closed`.
        let _ = thread.join();
    }
}

impl Store {
    /// Opens the store in `directory`, creating both if needed, and replays the log. Blocks.
    ///
    /// # Errors
    ///
    /// [`OpenError::InUse`] while another store has the directory open; [`OpenError::Storage`], with the file, if a file cannot
    /// be read or is damaged: no data is skipped silently.
    pub fn open(directory: &Path, options: Options) -> Result<Store, OpenError> {
        open::open(crate::disk::Disk::default(), directory, &options)
    }

    #[cfg(test)]
    pub(crate) fn open_with(disk: crate::disk::Disk, directory: &Path, options: &Options) -> Result<Store, OpenError> {
        open::open(disk, directory, options)
    }

    /// Creates a group. Durable when it returns. `now_ms` is in milliseconds since 1970-01-01 UTC. Blocks.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::GroupExists`]; [`CatalogueError::Storage`] if the files fail.
    pub fn create_group(&self, group: &str, now_ms: i64) -> Result<(), CatalogueError> {
        self.running.shared.catalogue.create_group(group, now_ms)
    }

    /// Creates a stream of a group. Durable when it returns. `now_ms` is in milliseconds since 1970-01-01 UTC. Blocks.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::GroupNotFound`], [`CatalogueError::StreamExists`];
    /// [`CatalogueError::Storage`] if the files fail.
    pub fn create_stream(&self, group: &str, stream: &str, now_ms: i64) -> Result<(), CatalogueError> {
        self.running.shared.catalogue.create_stream(group, stream, now_ms)
    }

    /// Sets the retention of a group in days; `None` is unlimited. Durable when it returns. The store only stores it: expired
    /// events are still read. Blocks.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::GroupNotFound`]; [`CatalogueError::Storage`] if the files fail.
    pub fn set_retention(&self, group: &str, days: Option<u32>) -> Result<(), CatalogueError> {
        self.running.shared.catalogue.set_retention(group, days)
    }

    /// The group with this name. Blocks.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::Storage`] if the files fail.
    pub fn group(&self, group: &str) -> Result<Option<Group>, CatalogueError> {
        let moment = self.running.shared.capture()?;
        Ok(moment.catalogue.group(&moment.overlay(), group)?)
    }

    /// At most `limit` groups with the prefix, ascending by name (bytewise), strictly after the name `after`. Blocks.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::Storage`] if the files fail.
    pub fn groups(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Group>, CatalogueError> {
        let moment = self.running.shared.capture()?;
        Ok(moment.catalogue.groups(&moment.overlay(), prefix, after, limit)?)
    }

    /// The stream with this name; `None` also if the group does not exist. Blocks.
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

    /// Appends events to a stream, all or none, and returns when they are durable and can be read. Events of equal timestamp keep
    /// their order. `ingestion_ms` is the ingestion time, in milliseconds since 1970-01-01 UTC.
    ///
    /// Runs under any executor. Waits while more than [`Options::queue_bytes`] wait to be written or
    /// segments are written too slowly. If the future is dropped, the events may or may not be
    /// appended: all or none.
    ///
    /// # Errors
    ///
    /// See [`AppendError`]. Only the size of events is checked; see [`crate::put`] for the rules of PutLogEvents.
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

    /// [`Store::append`] for synchronous callers. Blocks, and must not be called on a task of an asynchronous runtime, because
    /// the runtime could not wake it.
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

    /// Starts a scan of all events of a range, in batches, in a snapshot of now. Blocks.
    ///
    /// # Errors
    ///
    /// [`ReadError::GroupNotFound`]; [`ReadError::Storage`] if a file fails.
    pub fn scan(&self, request: ScanRequest) -> Result<Scan, ReadError> {
        Scan::begin(Arc::clone(&self.running.shared), request)
    }

    /// The newest snapshot for [`ScanRequest::up_to`]: scans with the same value see the same events.
    #[must_use]
    pub fn last_sequence(&self) -> u64 {
        self.running.shared.last_sequence()
    }

    /// Writes all events in memory to a segment. Not needed for durability; it makes the next opening faster. Blocks.
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

    /// Flushes, then stops writing: later appends of other clones fail, reads continue. The directory is unlocked when the last
    /// clone is dropped. Blocks.
    ///
    /// # Errors
    ///
    /// See [`FlushError`]. The store is stopped in any case, without losses.
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

/// The memory of the events, if they are not too large.
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
