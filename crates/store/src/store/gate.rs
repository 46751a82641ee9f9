//! The communication between the writer and the flusher: a frozen memtable to write, its completion, failures, and the stop of
//! the store.
//!
//! INVARIANT: at most one frozen memtable waits or is being written, so memory is bounded: the writer waits here, and appends
//! wait for the writer. See also `writer` and `flush`.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::error::StorageError;
use crate::memtable::Memtable;
use crate::sync;

/// A memtable to write.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) memtable: Arc<Memtable>,
    /// Log files below this number have only events of it and of earlier memtables.
    pub(crate) first_kept_file: u64,
}

/// Why waiting has ended.
#[derive(Clone, Debug)]
pub(crate) enum Stopped {
    Failed(Arc<StorageError>),
    Closed,
}

#[derive(Debug, Default)]
struct State {
    job: Option<Job>,
    submitted: u64,
    completed: u64,
    stopped: Option<Stopped>,
}

#[derive(Debug, Default)]
pub(crate) struct FlushGate {
    state: Mutex<State>,
    changed: Condvar,
}

impl FlushGate {
    /// Waits until a memtable may be frozen.
    pub(crate) fn wait_until_idle(&self) -> Result<(), Stopped> {
        self.wait(|state| (state.submitted == state.completed && state.stopped.is_none()).then_some(()))
    }

    /// Hands over a frozen memtable, and returns its generation.
    pub(crate) fn submit(&self, job: Job) -> u64 {
        let mut state = sync::lock(&self.state);
        state.job = Some(job);
        state.submitted += 1;
        self.changed.notify_all();
        state.submitted
    }

    /// The last generation handed over.
    pub(crate) fn submitted(&self) -> u64 {
        sync::lock(&self.state).submitted
    }

    /// Waits until the memtable of this generation is in a segment.
    pub(crate) fn wait_for(&self, generation: u64) -> Result<(), Stopped> {
        self.wait(|state| (state.completed >= generation).then_some(()))
    }

    /// Waits for a memtable to write.
    pub(crate) fn next(&self) -> Result<Job, Stopped> {
        self.wait(|state| state.job.clone().filter(|_| state.stopped.is_none()))
    }

    /// Reports that the last memtable is in a segment.
    pub(crate) fn complete(&self) {
        let mut state = sync::lock(&self.state);
        state.job = None;
        state.completed = state.submitted;
        self.changed.notify_all();
    }

    /// Reports that nothing more will be written.
    pub(crate) fn fail(&self, cause: Arc<StorageError>) {
        self.end(Stopped::Failed(cause));
    }

    pub(crate) fn stop(&self) {
        self.end(Stopped::Closed);
    }

    /// The failure that stopped the store, if one did.
    pub(crate) fn failure(&self) -> Option<Arc<StorageError>> {
        match &sync::lock(&self.state).stopped {
            Some(Stopped::Failed(cause)) => Some(Arc::clone(cause)),
            _ => None,
        }
    }

    fn end(&self, stopped: Stopped) {
        sync::lock(&self.state).stopped.get_or_insert(stopped);
        self.changed.notify_all();
    }

    fn wait<T>(&self, ready: impl Fn(&State) -> Option<T>) -> Result<T, Stopped> {
        let mut state = sync::lock(&self.state);
        loop {
            if let Some(value) = ready(&state) {
                return Ok(value);
            }
            if let Some(stopped) = &state.stopped {
                return Err(stopped.clone());
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
