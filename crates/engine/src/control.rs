//! The shared state of a running query: the cancel flag, the deadline, its progress.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::budget::Budget;
use crate::error::QueryError;
use crate::values::call::QueryTimes;

/// The number of ticks between two checks of the clock.
const TICKS: u32 = 32;

/// The figures of a query, the same as CloudWatch's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// The events that were read.
    pub records_scanned: u64,
    /// The events for which the leading filters hold.
    pub records_matched: u64,
    /// The bytes of the messages that were read.
    pub bytes_scanned: u64,
}

/// The state that the thread of a query shares with its handle.
#[derive(Debug, Default)]
pub struct Control {
    cancelled: AtomicBool,
    records_scanned: AtomicU64,
    records_matched: AtomicU64,
    bytes_scanned: AtomicU64,
}

impl Control {
    /// Requests the end of the query, which follows within 50 ms of work.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the end was requested.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// The figures so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        Statistics {
            records_scanned: self.records_scanned.load(Ordering::Relaxed),
            records_matched: self.records_matched.load(Ordering::Relaxed),
            bytes_scanned: self.bytes_scanned.load(Ordering::Relaxed),
        }
    }

    fn add(&self, more: Statistics) {
        self.records_scanned.fetch_add(more.records_scanned, Ordering::Relaxed);
        self.records_matched.fetch_add(more.records_matched, Ordering::Relaxed);
        self.bytes_scanned.fetch_add(more.bytes_scanned, Ordering::Relaxed);
    }
}

/// The shared parts of one query's operators: its times, its memory, its control.
#[derive(Debug)]
pub struct Env {
    /// The searched range, and the moment of `now()`.
    pub times: QueryTimes,
    /// The memory of the query.
    pub budget: Arc<Budget>,
    /// The cancel flag and the figures.
    pub control: Arc<Control>,
    /// The time limit of the query, counted from its first work.
    time_limit: Duration,
    deadline: Cell<Option<Instant>>,
    ticks: Cell<u32>,
    checks: Cell<u64>,
    /// Figures that are not in the control yet: one row does not justify an atomic operation.
    pending: Cell<Statistics>,
    failure: RefCell<Option<QueryError>>,
}

impl Env {
    /// For a query with these limits of memory and time.
    #[must_use]
    pub fn new(times: QueryTimes, budget: Arc<Budget>, control: Arc<Control>, time_limit: Duration) -> Self {
        Self {
            times,
            budget,
            control,
            time_limit,
            deadline: Cell::new(None),
            ticks: Cell::new(0),
            checks: Cell::new(0),
            pending: Cell::default(),
            failure: RefCell::default(),
        }
    }

    /// Makes the query fail at the next [`Env::check`]: for an expression, which returns a value and no error. The first failure
    /// is kept. No result is returned after it.
    pub fn fail(&self, error: QueryError) {
        self.failure.borrow_mut().get_or_insert(error);
    }

    /// The number of checks of the cancel flag and the clock: tests measure the work between two checks.
    #[must_use]
    pub fn checks(&self) -> u64 {
        self.checks.get()
    }

    pub(crate) fn scanned(&self, bytes: u64) {
        let mut pending = self.pending.get();
        pending.records_scanned += 1;
        pending.bytes_scanned += bytes;
        self.pending.set(pending);
    }

    pub(crate) fn matched(&self) {
        let mut pending = self.pending.get();
        pending.records_matched += 1;
        self.pending.set(pending);
    }

    /// Publishes the figures so far to the handle.
    pub(crate) fn publish(&self) {
        self.control.add(self.pending.take());
    }

    /// Called at least once for each row that is read, kept or returned. Regularly checks the cancel flag and the clock.
    ///
    /// # Errors
    /// [`QueryError::Cancelled`], [`QueryError::TimeLimit`].
    pub fn tick(&self) -> Result<(), QueryError> {
        let ticks = self.ticks.get();
        self.ticks.set(ticks.wrapping_add(1));
        if ticks.is_multiple_of(TICKS) { self.check() } else { Ok(()) }
    }

    /// Checks the cancel flag and the clock immediately: before and after work that may take milliseconds.
    ///
    /// # Errors
    /// As [`Env::tick`].
    pub fn check(&self) -> Result<(), QueryError> {
        self.checks.set(self.checks.get() + 1);
        if let Some(error) = self.failure.borrow_mut().take() {
            return Err(error);
        }
        if self.control.is_cancelled() {
            return Err(QueryError::Cancelled);
        }
        let now = Instant::now();
        match self.deadline.get() {
            None => self.deadline.set(now.checked_add(self.time_limit)),
            Some(deadline) if now >= deadline => return Err(QueryError::TimeLimit(self.time_limit)),
            Some(_) => {}
        }
        Ok(())
    }
}
