//! The handle of a query for its caller.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::QueryRows;
use crate::budget::Reservation;
use crate::control::{Control, Statistics};
use crate::error::QueryError;

/// The state of a query.
#[derive(Debug, Clone)]
pub enum QueryStatus {
    /// No thread has started it.
    Scheduled,
    /// The query runs.
    Running,
    /// The whole result is available.
    Complete,
    /// The query ended without its whole result, also by [`QueryError::Cancelled`] or [`QueryError::TimeLimit`].
    Failed(Arc<QueryError>),
}

impl QueryStatus {
    /// Whether the query has ended.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        matches!(self, Self::Complete | Self::Failed(_))
    }
}

/// The state shared by the runner and the handle.
pub(super) struct Shared {
    pub(super) control: Arc<Control>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    status: QueryStatus,
    rows: QueryRows,
    /// The memory of a whole result, until the handle is dropped.
    memory: Reservation,
    wants_partial: bool,
    /// The handle was dropped.
    is_released: bool,
    on_end: Option<Box<dyn FnOnce() + Send>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shared").field("control", &self.control).finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn new(control: Arc<Control>, columns: Arc<[String]>, on_end: Box<dyn FnOnce() + Send>) -> Self {
        let state = State {
            status: QueryStatus::Scheduled,
            rows: QueryRows { columns, rows: Arc::default() },
            memory: Reservation::default(),
            wants_partial: false,
            is_released: false,
            on_end: Some(on_end),
        };
        Self { control, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// No code panics while it holds the lock, so the state is always consistent.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self) {
        let mut state = self.lock();
        if matches!(state.status, QueryStatus::Scheduled) {
            state.status = QueryStatus::Running;
        }
    }

    /// Whether the rows so far were requested since the last call.
    pub(super) fn take_request(&self) -> bool {
        std::mem::take(&mut self.lock().wants_partial)
    }

    pub(super) fn show(&self, rows: QueryRows) {
        self.lock().rows = rows;
    }

    fn release(&self) {
        let mut state = self.lock();
        state.is_released = true;
        state.rows.rows = Arc::default();
        state.memory = Reservation::default();
    }

    pub(super) fn end(&self, result: Result<(QueryRows, Reservation), QueryError>) {
        let mut state = self.lock();
        match result {
            Ok((rows, memory)) => {
                state.status = QueryStatus::Complete;
                if !state.is_released {
                    state.rows = rows;
                    state.memory = memory;
                }
            }
            Err(error) => state.status = QueryStatus::Failed(Arc::new(error)),
        }
        let on_end = state.on_end.take();
        drop(state);
        self.changed.notify_all();
        if let Some(on_end) = on_end {
            on_end();
        }
    }
}

/// A started query. Dropping it cancels the query and releases the memory of its rows.
#[derive(Debug)]
pub struct QueryHandle {
    shared: Arc<Shared>,
}

impl QueryHandle {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The state of the query.
    #[must_use]
    pub fn status(&self) -> QueryStatus {
        self.shared.lock().status.clone()
    }

    /// The figures so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.shared.control.statistics()
    }

    /// The rows: all rows of a complete query, otherwise the rows so far as of some steps ago. A call makes the query publish
    /// newer ones soon.
    #[must_use]
    pub fn rows(&self) -> QueryRows {
        let mut state = self.shared.lock();
        state.wants_partial = !state.status.has_ended();
        state.rows.clone()
    }

    /// Requests the end of the query. The rows so far stay.
    pub fn cancel(&self) {
        self.shared.control.cancel();
    }

    /// Blocks this thread until the query has ended, or for this time at most. Asynchronous callers pass `on_end` to
    /// [`Runner::start`](super::Runner::start) instead.
    #[must_use]
    pub fn wait(&self, at_most: Duration) -> QueryStatus {
        let until = Instant::now().checked_add(at_most);
        let mut state = self.shared.lock();
        while !state.status.has_ended() {
            let left = until.map_or(at_most, |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                break;
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.status.clone()
    }
}

impl Drop for QueryHandle {
    fn drop(&mut self) {
        self.cancel();
        self.shared.release();
    }
}
