//! The queue between the threads that log and the thread that writes the lines.
//!
//! Owns the queue, its bound, and the writing thread. Lines keep their order, and one write holds all lines that are queued. When the
//! queue is full, a line is dropped and counted. Never formats a line. Audit lines have a queue of their own: [`super::audit`].

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use super::metrics::{LineLoss, log_lines_lost};

/// Bytes of queued lines: about two thousand requests with a log line each. As many are being written.
const CAPACITY: usize = 1 << 20;
/// The least time between two writes, so that a write holds the lines of many requests under load. The first line after a pause is
/// written at once. A process that is killed loses the lines of this time.
const WRITE_INTERVAL: Duration = Duration::from_millis(5);
/// How long to wait before a write is tried again on an output that does not block.
const RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// The queue. Clones are the same queue.
#[derive(Debug, Clone)]
pub struct LineQueue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    capacity: usize,
    state: Mutex<State>,
    /// Wakes the writing thread.
    work: Condvar,
    /// Wakes threads that wait for room or for a flush.
    written: Condvar,
}

#[derive(Debug)]
struct State {
    lines: Vec<u8>,
    /// Bytes queued since the start.
    queued_bytes: u64,
    /// Bytes of these that were written, or that could not be written.
    written_bytes: u64,
    /// The position in the queue up to which a flush waits: the writing thread makes no pause before it.
    flush_up_to: u64,
    /// Lines dropped since the last report of dropped lines.
    dropped: u64,
    writer: WriterState,
}

/// What the writing thread does. A thread that queues a line wakes it only when it sleeps: a wake-up is a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WriterState {
    /// It waits for a line.
    Idle,
    /// It waits for the end of the write interval.
    Pausing,
    /// It writes, or was woken to write.
    Awake,
}

impl LineQueue {
    /// Starts the thread that writes to `output`.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(output: impl Write + Send + 'static) -> io::Result<Self> {
        Self::with_capacity(CAPACITY, output)
    }

    fn with_capacity(capacity: usize, output: impl Write + Send + 'static) -> io::Result<Self> {
        let state = State {
            lines: Vec::new(),
            queued_bytes: 0,
            written_bytes: 0,
            flush_up_to: 0,
            dropped: 0,
            writer: WriterState::Awake,
        };
        let queue = Self(Arc::new(Shared { capacity, state: Mutex::new(state), work: Condvar::new(), written: Condvar::new() }));
        let shared = Arc::clone(&queue.0);
        thread::Builder::new().name("log".to_owned()).spawn(move || shared.write_lines(output))?;
        Ok(queue)
    }

    /// Queues a line, which ends with a line feed. Without room for it, it is dropped and counted.
    pub fn push(&self, line: &[u8]) {
        let shared = &*self.0;
        let mut state = shared.lock();
        if !state.has_room(line.len(), shared.capacity) {
            state.dropped += 1;
            drop(state);
            log_lines_lost(LineLoss::QueueFull, 1);
            return;
        }
        state.lines.extend_from_slice(line);
        state.queued_bytes += line.len() as u64;
        let is_filling = state.lines.len() >= shared.capacity / 2;
        if state.writer == WriterState::Idle || (state.writer == WriterState::Pausing && is_filling) {
            state.writer = WriterState::Awake;
            drop(state);
            shared.work.notify_one();
        }
    }

    /// Waits until all lines that are queued now are written, for this time at most. Returns whether they are.
    pub fn flush(&self, limit: Duration) -> bool {
        let shared = &*self.0;
        let mut state = shared.lock();
        let up_to = state.queued_bytes;
        state.flush_up_to = up_to;
        state.writer = WriterState::Awake;
        shared.work.notify_one();
        let wait = shared.written.wait_timeout_while(state, limit, |state| state.written_bytes < up_to);
        let (state, _) = wait.unwrap_or_else(PoisonError::into_inner);
        state.written_bytes >= up_to
    }
}

impl State {
    /// A line that is longer than the queue is queued alone.
    fn has_room(&self, bytes: usize, capacity: usize) -> bool {
        self.lines.is_empty() || self.lines.len() + bytes <= capacity
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writing thread.
    fn write_lines(&self, mut output: impl Write) {
        let mut batch = Vec::new();
        loop {
            self.take_lines(&mut batch);
            let is_written = write_all(&mut output, &batch).is_ok();
            if !is_written {
                log_lines_lost(LineLoss::WriteFailed, batch.iter().filter(|byte| **byte == b'\n').count() as u64);
            }
            let dropped = self.note_written(batch.len(), is_written);
            batch.clear();
            if dropped > 0 {
                tracing::warn!(dropped, "{dropped} log lines were dropped, because standard error was not read fast enough");
            }
            self.pause();
        }
    }

    /// Waits for lines, and takes all.
    fn take_lines(&self, batch: &mut Vec<u8>) {
        let mut state = self.lock();
        while state.lines.is_empty() {
            state.writer = WriterState::Idle;
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.writer = WriterState::Awake;
        std::mem::swap(&mut state.lines, batch);
        drop(state);
        self.written.notify_all();
    }

    /// Returns how many lines were dropped since the last report, if they can be reported.
    fn note_written(&self, bytes: usize, can_report: bool) -> u64 {
        let mut state = self.lock();
        state.written_bytes += bytes as u64;
        let dropped = if can_report { std::mem::take(&mut state.dropped) } else { 0 };
        drop(state);
        self.written.notify_all();
        dropped
    }

    /// Waits for the end of the write interval, unless a flush waits or the queue fills.
    fn pause(&self) {
        let mut state = self.lock();
        if state.written_bytes < state.flush_up_to || state.lines.len() >= self.capacity / 2 {
            return;
        }
        state.writer = WriterState::Pausing;
        let wait = self.work.wait_timeout_while(state, WRITE_INTERVAL, |state| state.writer == WriterState::Pausing);
        let (mut state, _) = wait.unwrap_or_else(PoisonError::into_inner);
        state.writer = WriterState::Awake;
    }
}

/// Writes all bytes, also to an output that does not block: standard error can be a pipe that another process has set so.
fn write_all(output: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match output.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(RETRY_INTERVAL),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Queues the bytes of each write as one line: the subscriber writes a line at once.
#[derive(Debug)]
pub struct LineWriter<'a>(&'a LineQueue);

impl Write for LineWriter<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LineQueue {
    type Writer = LineWriter<'a>;

    fn make_writer(&'a self) -> LineWriter<'a> {
        LineWriter(self)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver, Sender, SyncSender};

    use super::*;

    /// An output that hands over each write, and writes only with a permit.
    struct Gate {
        permits: Receiver<io::Result<()>>,
        written: Sender<Vec<u8>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // The end of the test opens the gate.
            self.permits.recv().unwrap_or(Ok(()))?;
            let _test_is_over = self.written.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated(capacity: usize) -> (LineQueue, SyncSender<io::Result<()>>, Receiver<Vec<u8>>) {
        let (permit, permits) = mpsc::sync_channel(100);
        let (written, writes) = mpsc::channel();
        (LineQueue::with_capacity(capacity, Gate { permits, written }).unwrap(), permit, writes)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn lines_of_many_threads_are_written_whole_in_the_order_of_each_thread() {
        let (queue, permit, writes) = gated(CAPACITY);
        drop(permit);
        thread::scope(|scope| {
            for worker in 0..4 {
                let queue = &queue;
                scope.spawn(move || {
                    for number in 0..500 {
                        queue.push(format!("{worker} {number}\n").as_bytes());
                    }
                });
            }
        });
        assert!(queue.flush(LONG));
        let written = String::from_utf8(writes.try_iter().flatten().collect()).unwrap();
        for worker in 0..4 {
            let prefix = format!("{worker} ");
            let numbers: Vec<usize> =
                written.lines().filter_map(|line| line.strip_prefix(&prefix)).map(|rest| rest.parse().unwrap()).collect();
            assert_eq!(numbers, (0..500).collect::<Vec<_>>());
        }
    }

    /// Waits until the writing thread has taken the lines and waits at the gate.
    fn wait_until_taken(queue: &LineQueue) {
        while !queue.0.lock().lines.is_empty() {
            thread::yield_now();
        }
    }

    #[test]
    fn lines_queued_during_a_write_are_one_write() {
        let (queue, permit, writes) = gated(CAPACITY);
        queue.push(b"first\n");
        wait_until_taken(&queue);
        for line in [b"a\n", b"b\n", b"c\n"] {
            queue.push(line);
        }
        drop(permit);
        assert!(queue.flush(LONG));
        assert_eq!(writes.try_iter().collect::<Vec<_>>(), [b"first\n".to_vec(), b"a\nb\nc\n".to_vec()]);
    }

    #[test]
    fn a_full_queue_drops_lines_and_counts_them() {
        let (queue, permit, writes) = gated(10);
        queue.push(b"blocks\n");
        wait_until_taken(&queue);
        queue.push(b"123456789\n");
        queue.push(b"dropped\n");
        assert_eq!(queue.0.lock().dropped, 1);
        drop(permit);
        assert!(queue.flush(LONG));
        assert_eq!(writes.try_iter().flatten().collect::<Vec<u8>>(), b"blocks\n123456789\n");
    }

    #[test]
    fn a_line_longer_than_the_queue_is_written() {
        let (queue, permit, writes) = gated(4);
        drop(permit);
        queue.push(b"longer than four\n");
        assert!(queue.flush(LONG));
        assert_eq!(writes.recv().unwrap(), b"longer than four\n");
    }

    #[test]
    fn an_output_that_would_block_is_tried_again_and_one_that_fails_does_not_stop_the_queue() {
        let (queue, permit, writes) = gated(CAPACITY);
        for outcome in [Err(ErrorKind::WouldBlock.into()), Err(ErrorKind::Interrupted.into()), Ok(())] {
            permit.send(outcome).unwrap();
        }
        queue.push(b"in the end\n");
        assert!(queue.flush(LONG));
        assert_eq!(writes.recv().unwrap(), b"in the end\n");
        for outcome in [Err(ErrorKind::BrokenPipe.into()), Ok(())] {
            permit.send(outcome).unwrap();
        }
        queue.push(b"lost\n");
        assert!(queue.flush(LONG));
        queue.push(b"written\n");
        assert!(queue.flush(LONG));
        assert_eq!(writes.recv().unwrap(), b"written\n");
    }
}
