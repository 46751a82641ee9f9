//! The thread pool. Queries take turns, so that a long one does not delay a short one: owners first, by their weights, then the
//! queries of each owner.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::execution::{Execution, Step};
use super::handle::{QueryHandle, Shared};
use super::schedule::{Owner, Schedule};
use crate::budget::Budget;
use crate::control::{Control, Env};
use crate::error::QueryError;
use crate::input::Source;
use crate::plan::Plan;

/// The time that a query works before the next query's turn. Blocks are small, so a turn is hardly longer.
const TURN: Duration = Duration::from_millis(5);

/// The limits of one query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryLimits {
    /// Bytes of state.
    pub memory: usize,
    /// The time from its first work to its end.
    pub time: Duration,
}

impl Default for QueryLimits {
    /// 256 MiB, and CloudWatch's 60 minutes.
    fn default() -> Self {
        Self { memory: Budget::DEFAULT, time: Duration::from_secs(60 * 60) }
    }
}

/// A pool of threads that runs queries. Dropping it cancels all of them and waits for its threads.
#[derive(Debug)]
pub struct Runner {
    queue: Arc<Queue>,
    memory: Arc<Budget>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    ready: Condvar,
}

#[derive(Debug, Default)]
struct State {
    tasks: Schedule<Task>,
    /// The controls of queries that threads work on now.
    working: Vec<Arc<Control>>,
    is_closed: bool,
}

#[derive(Debug)]
struct Task {
    execution: Execution,
    shared: Arc<Shared>,
}

impl Runner {
    /// A pool of this many threads, at least one, whose queries may use this many bytes together.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    pub fn new(threads: usize, memory: usize) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let mut runner = Self { queue, memory: Budget::new(memory), threads: Vec::new() };
        for number in 0..threads.max(1) {
            let queue = Arc::clone(&runner.queue);
            let thread = std::thread::Builder::new().name(format!("query-{number}")).spawn(move || queue.work())?;
            runner.threads.push(thread);
        }
        Ok(runner)
    }

    /// Starts a query of an owner. `on_end` is called once at its end, on a thread of the pool: it must not block.
    #[must_use]
    pub fn start(
        &self,
        owner: &Owner,
        plan: Plan,
        source: Arc<dyn Source>,
        limits: QueryLimits,
        on_end: impl FnOnce() + Send + 'static,
    ) -> QueryHandle {
        let control = Arc::new(Control::default());
        let columns = plan.columns().map(str::to_owned).collect();
        let shared = Arc::new(Shared::new(Arc::clone(&control), columns, Box::new(on_end)));
        let budget = Budget::within(&self.memory, limits.memory);
        let env = Env::new(plan.times, budget, control, limits.time);
        let task = Task { execution: Execution::new(plan, source, env), shared: Arc::clone(&shared) };
        self.queue.lock().tasks.add(owner, task);
        self.queue.ready.notify_one();
        QueryHandle::new(shared)
    }

    /// The bytes that all queries use together, including their results.
    #[must_use]
    pub fn memory_used(&self) -> usize {
        self.memory.used()
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.is_closed = true;
        for task in state.tasks.waiting() {
            task.shared.control.cancel();
        }
        for control in &state.working {
            control.cancel();
        }
        drop(state);
        self.queue.ready.notify_all();
        for thread in self.threads.drain(..) {
            // A panic of a query was caught and reported; another one cannot be handled here.
            let _ended = thread.join();
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loop of each thread, until the pool is closed and no query is left.
    fn work(&self) {
        while let Some((owner, task)) = self.next() {
            let control = Arc::clone(&task.shared.control);
            let begun = Instant::now();
            let left = task.turn();
            let has_more = left.is_some();
            let mut state = self.lock();
            state.working.retain(|working| !Arc::ptr_eq(working, &control));
            state.tasks.worked(&owner, begun.elapsed(), left);
            drop(state);
            if has_more {
                self.ready.notify_one();
            }
        }
    }

    fn next(&self) -> Option<(Owner, Task)> {
        let mut state = self.lock();
        loop {
            if let Some((owner, task)) = state.tasks.next() {
                state.working.push(Arc::clone(&task.shared.control));
                return Some((owner, task));
            }
            if state.is_closed {
                return None;
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Task {
    /// Works for one turn. Returns the task if it has more work.
    fn turn(mut self) -> Option<Self> {
        self.shared.begin();
        let until = Instant::now() + TURN;
        // An internal error in one query must not end the threads of all. Its state is dropped.
        let outcome = catch_unwind(AssertUnwindSafe(|| self.steps(until)));
        match outcome {
            Ok(Ok(Step::More)) => Some(self),
            Ok(Ok(Step::Ended)) => {
                let Self { execution, shared } = self;
                shared.end(Ok(execution.into_result()));
                None
            }
            Ok(Err(error)) => self.fail(error),
            Err(_panic) => self.fail(QueryError::Bug("a query panicked")),
        }
    }

    fn steps(&mut self, until: Instant) -> Result<Step, QueryError> {
        loop {
            let step = self.execution.step()?;
            if step == Step::Ended {
                return Ok(Step::Ended);
            }
            if Instant::now() >= until {
                break;
            }
        }
        if self.shared.take_request()
            && let Some(rows) = self.execution.partial()?
        {
            self.shared.show(rows);
        }
        Ok(Step::More)
    }

    fn fail(self, error: QueryError) -> Option<Self> {
        let Self { execution, shared } = self;
        // The memory is released before the caller can see the end.
        drop(execution);
        shared.end(Err(error));
        None
    }
}
