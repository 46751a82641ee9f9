//! The audit log: a queue of records, and the thread that chains and writes them.
//!
//! Owns when a line is written, and what happens while it cannot be. INVARIANT: a line that was queued is never dropped. While lines
//! cannot be written, or too many wait, new requests are refused ([`AuditLog::admit`]); lines of running requests still have room. At the
//! end of the process, lines that could not be written go to standard error.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use moka::sync::Cache;

use super::chain::Chain;
use super::record::{Event, Record};
use super::sampler::{ANONYMOUS_BURST, Sampler, TENANT_BURST};
use super::sink::{Opened, Sink};
use crate::domain::name::TenantId;
use crate::telemetry::metrics;

/// Bytes of waiting lines from which on new requests are refused: about a thousand lines. Running requests add theirs to it.
const HIGH_WATER: usize = 512 << 10;
/// The least time between two writes, so that a write holds the lines of many requests under load.
const WRITE_INTERVAL: Duration = Duration::from_millis(5);
/// The time until a failed write is tried again: at first, and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// Tenants whose refusals are counted.
const SAMPLED_TENANTS: u64 = 10_000;

/// Requests are refused, because their audit lines could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("audit lines cannot be written")]
pub struct AuditUnavailable;

/// The audit log. Clones are the same log.
#[derive(Debug, Clone, Default)]
pub struct AuditLog(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    delivery: Delivery,
    anonymous: Sampler,
    by_tenant: Cache<TenantId, Arc<Sampler>>,
}

#[derive(Debug)]
enum Delivery {
    /// By a separate thread.
    Queued { shared: Arc<Shared>, thread: Mutex<Option<JoinHandle<()>>> },
    /// By the thread that has the line. Lambda stops the process between two invocations, and with it a thread that would write.
    Direct(Box<Mutex<Writer>>),
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the writing thread.
    work: Condvar,
    /// Wakes threads that wait for a flush.
    written: Condvar,
    /// Whether new requests are refused. Read by each request, so it is not in the state.
    refuses: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    /// Records, each with a line feed.
    records: Vec<u8>,
    queued_bytes: u64,
    written_bytes: u64,
    /// A flush waits, so the writing thread makes no pause.
    flushes: bool,
    is_idle: bool,
    /// When the process gives up writing: it ends.
    close_by: Option<Instant>,
    failure: Option<Failure>,
}

#[derive(Debug, Clone)]
struct Failure {
    why: String,
    since: Instant,
}

impl AuditLog {
    /// No audit lines.
    #[must_use]
    pub fn off() -> Self {
        Self(None)
    }

    /// Starts the thread that writes to the sink, and writes the first line.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(super) fn queued(opened: Opened) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            work: Condvar::new(),
            written: Condvar::new(),
            refuses: AtomicBool::new(false),
        });
        let writer = Writer::new(opened);
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new().name("audit".to_owned()).spawn(move || of_thread.write_all(writer))?;
        Ok(Self::of(Delivery::Queued { shared, thread: Mutex::new(Some(thread)) }))
    }

    /// Writes each line at once.
    pub(super) fn direct(opened: Opened) -> Self {
        let mut writer = Writer::new(opened);
        writer.write_now(b"");
        Self::of(Delivery::Direct(Box::new(Mutex::new(writer))))
    }

    fn of(delivery: Delivery) -> Self {
        let by_tenant = Cache::new(SAMPLED_TENANTS);
        Self(Some(Arc::new(Inner { delivery, anonymous: Sampler::new(ANONYMOUS_BURST), by_tenant })))
    }

    /// Whether audit lines are written.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.0.is_some()
    }

    /// Refuses a new request while lines cannot be written, or too many wait.
    ///
    /// # Errors
    /// [`AuditUnavailable`].
    pub fn admit(&self) -> Result<(), AuditUnavailable> {
        match self.0.as_deref() {
            Some(Inner { delivery: Delivery::Queued { shared, .. }, .. }) if shared.refuses.load(Ordering::Relaxed) => {
                Err(AuditUnavailable)
            }
            _ => Ok(()),
        }
    }

    /// Readiness: why lines cannot be written now.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let Some(Inner { delivery: Delivery::Queued { shared, .. }, .. }) = self.0.as_deref() else { return None };
        let state = shared.lock();
        let behind = || shared.refuses.load(Ordering::Relaxed).then(|| "too many audit lines wait to be written".to_owned());
        state.failure.as_ref().map(|failure| failure.why.clone()).or_else(behind)
    }

    /// How many lines about refusals of the tenant (`None`: of callers without a valid token) were left out, if one may be written now.
    pub(super) fn sample(&self, tenant: Option<&TenantId>) -> Option<u64> {
        let inner = self.0.as_deref()?;
        match tenant {
            None => inner.anonymous.take(Instant::now()),
            Some(tenant) => inner.by_tenant.get_with_by_ref(tenant, || Arc::new(Sampler::new(TENANT_BURST))).take(Instant::now()),
        }
    }

    /// Queues a record.
    pub(super) fn push(&self, record: &Record) {
        match self.0.as_deref().map(|inner| &inner.delivery) {
            Some(Delivery::Queued { shared, .. }) => shared.push(record.as_bytes()),
            Some(Delivery::Direct(writer)) => {
                writer.lock().unwrap_or_else(PoisonError::into_inner).write_now(record.as_bytes());
            }
            None => {}
        }
    }

    /// Waits until all lines so far are written, for this time at most. Returns whether they are.
    pub fn flush(&self, limit: Duration) -> bool {
        match self.0.as_deref().map(|inner| &inner.delivery) {
            Some(Delivery::Queued { shared, .. }) => shared.flush(limit),
            Some(Delivery::Direct(_)) | None => true,
        }
    }

    /// Writes the last line, and ends the thread. Lines that cannot be written within this time go to standard error.
    pub fn close(&self, limit: Duration) {
        let Some(Delivery::Queued { shared, thread }) = self.0.as_deref().map(|inner| &inner.delivery) else { return };
        shared.close(limit);
        let thread = thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _panicked = thread.join();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Delivery::Queued { shared, .. } = &self.delivery {
            shared.close(Duration::ZERO);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, record: &[u8]) {
        let mut state = self.lock();
        state.records.extend_from_slice(record);
        state.records.push(b'\n');
        state.queued_bytes += record.len() as u64 + 1;
        if state.records.len() > HIGH_WATER {
            self.refuses.store(true, Ordering::Relaxed);
        }
        if std::mem::take(&mut state.is_idle) {
            drop(state);
            self.work.notify_one();
        }
    }

    fn flush(&self, limit: Duration) -> bool {
        let mut state = self.lock();
        let up_to = state.queued_bytes;
        state.flushes = true;
        self.work.notify_one();
        let wait = self.written.wait_timeout_while(state, limit, |state| state.written_bytes < up_to);
        wait.unwrap_or_else(PoisonError::into_inner).0.written_bytes >= up_to
    }

    fn close(&self, limit: Duration) {
        let mut state = self.lock();
        state.close_by.get_or_insert_with(|| Instant::now() + limit);
        drop(state);
        self.work.notify_one();
    }

    /// The writing thread.
    fn write_all(&self, mut writer: Writer) {
        let mut batch = Vec::new();
        // The first line is written without waiting for a request.
        self.write_batch(&mut writer, &batch);
        while self.take_records(&mut batch) {
            self.write_batch(&mut writer, &batch);
            self.note_written(batch.len());
            batch.clear();
            self.pause();
        }
        let mut last = Record::of(Event::Stop).as_bytes().to_vec();
        last.push(b'\n');
        self.write_batch(&mut writer, &last);
    }

    /// Waits for records and takes all. `false`: the queue is empty and the process ends.
    fn take_records(&self, batch: &mut Vec<u8>) -> bool {
        let mut state = self.lock();
        while state.records.is_empty() {
            if state.close_by.is_some() {
                return false;
            }
            state.is_idle = true;
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_idle = false;
        std::mem::swap(&mut state.records, batch);
        true
    }

    /// Writes the batch, with as many attempts as it needs.
    fn write_batch(&self, writer: &mut Writer, batch: &[u8]) {
        writer.seal(batch);
        let mut wait = RETRY.0;
        loop {
            match writer.write() {
                Ok(()) => break self.note_success(),
                Err(error) => self.note_failure(&error, writer.sink.patience()),
            }
            let state = self.lock();
            if state.close_by.is_some_and(|close_by| close_by <= Instant::now()) {
                drop(state);
                break writer.give_up();
            }
            drop(self.work.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner));
            wait = (wait * 2).min(RETRY.1);
        }
    }

    fn note_failure(&self, error: &io::Error, patience: Duration) {
        metrics::audit_failure();
        let mut state = self.lock();
        let failure = state.failure.get_or_insert_with(|| {
            tracing::error!(%error, "audit lines cannot be written: {error}; they are kept, and new requests are refused until they can be");
            Failure { why: String::new(), since: Instant::now() }
        });
        failure.why = error.to_string();
        if failure.since.elapsed() >= patience {
            self.refuses.store(true, Ordering::Relaxed);
        }
    }

    fn note_success(&self) {
        let mut state = self.lock();
        if state.failure.take().is_some() {
            tracing::info!("audit lines are written again");
        }
        if state.records.len() <= HIGH_WATER {
            self.refuses.store(false, Ordering::Relaxed);
        }
    }

    fn note_written(&self, bytes: usize) {
        let mut state = self.lock();
        state.written_bytes += bytes as u64;
        state.flushes &= !state.records.is_empty();
        drop(state);
        self.written.notify_all();
    }

    /// Waits for the end of the write interval, unless a flush waits or the process ends.
    fn pause(&self) {
        let state = self.lock();
        let is_calm = |state: &mut State| !state.flushes && state.close_by.is_none() && state.records.len() <= HIGH_WATER / 2;
        drop(self.work.wait_timeout_while(state, WRITE_INTERVAL, is_calm).unwrap_or_else(PoisonError::into_inner));
    }
}

/// Chains records, and writes their lines.
#[derive(Debug)]
struct Writer {
    sink: Box<dyn Sink>,
    chain: Chain,
    /// The first record, until it is chained.
    first: Option<Record>,
    /// Lines that are chained and not written yet, and how many of their bytes are written.
    lines: Vec<u8>,
    written: usize,
}

impl Writer {
    fn new(opened: Opened) -> Self {
        let Opened { sink, chain, first } = opened;
        Self { sink, chain, first: Some(first), lines: Vec::new(), written: 0 }
    }

    /// Chains the records of a batch.
    fn seal(&mut self, batch: &[u8]) {
        self.lines.clear();
        self.written = 0;
        match self.first.take() {
            Some(first) => self.chain.append_record(&first, &mut self.lines),
            None => self.sink.begin_batch(&mut self.chain, &mut self.lines),
        }
        let mut count = 0;
        for record in batch.split_inclusive(|byte| *byte == b'\n') {
            self.chain.append(record.strip_suffix(b"\n").unwrap_or(record), &mut self.lines);
            count += 1;
        }
        metrics::audit_lines(count);
    }

    /// Writes the lines that are not written yet.
    fn write(&mut self) -> io::Result<()> {
        while let Some(rest) = self.lines.get(self.written..).filter(|rest| !rest.is_empty()) {
            self.written += self.sink.write(rest)?;
        }
        self.sink.end_batch()
    }

    /// Writes a record at once, for [`Delivery::Direct`].
    fn write_now(&mut self, record: &[u8]) {
        self.seal(record);
        if let Err(error) = self.write() {
            metrics::audit_failure();
            tracing::error!(%error, "audit lines cannot be written: {error}");
            self.give_up();
        }
    }

    /// Sends the lines to standard error, the last place that is left.
    fn give_up(&mut self) {
        let rest = self.lines.get(self.written..).unwrap_or_default();
        let _also_gone = io::stderr().write_all(rest);
        self.lines.clear();
        self.written = 0;
    }
}

#[cfg(test)]
mod tests;
