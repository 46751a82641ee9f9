//! A log group of a source as the destination of audit lines.
//!
//! Owns the batches: order, size, time. Each process writes to a log stream of its own, because one stream has one order. A batch is
//! written again until it is accepted, so after a failure a line can be stored twice; it is never left out.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::Handle;

use super::chain::{Chain, MacKey};
use super::sink::{Opened, Sink, first_record};

/// Limits of PutLogEvents: events of a batch, their bytes, and the bytes that each event adds.
const MAX_EVENTS: usize = 10_000;
const MAX_BYTES: usize = 1 << 20;
const EVENT_BYTES: usize = 26;
/// Limit of one attempt.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long the group may be unreachable until new requests are refused: calls fail for moments, and lines are kept meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

/// Events with their times in epoch milliseconds, ascending.
pub type Lines = Vec<(i64, String)>;
/// What a call returns.
pub type Put<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// A log group that lines can be added to.
pub trait LineGroup: Send + Sync + std::fmt::Debug {
    /// Adds lines to the stream, which is created if it does not exist.
    fn put<'a>(&'a self, stream: &'a str, lines: Lines) -> Put<'a>;
}

#[derive(Debug)]
struct Group {
    target: Arc<dyn LineGroup>,
    stream: String,
    runtime: Handle,
    last_time: i64,
}

/// The group as a sink, with a new chain. Call it in the runtime whose connections the group uses.
pub(super) fn open(target: Arc<dyn LineGroup>, key: Option<MacKey>) -> Opened {
    let chain = Chain::new(key);
    // Ordered by start, and different for each process.
    let stream = format!("{:.0}-{}", Timestamp::now(), chain.id()).replace(':', ".");
    let sink = Group { target, stream, runtime: Handle::current(), last_time: 0 };
    Opened { sink: Box::new(sink), chain, first: first_record() }
}

impl Group {
    /// The lines of the next batch, and their bytes.
    fn batch(&mut self, lines: &[u8]) -> (Lines, usize) {
        let (mut batch, mut taken, mut counted) = (Vec::new(), 0, 0);
        for line in lines.split_inclusive(|byte| *byte == b'\n').take(MAX_EVENTS) {
            let text = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(line)).into_owned();
            counted += text.len() + EVENT_BYTES;
            if counted > MAX_BYTES && !batch.is_empty() {
                break;
            }
            // A batch must be ascending. The line itself keeps its own time.
            self.last_time = self.last_time.max(time_of(&text).unwrap_or(self.last_time));
            batch.push((self.last_time, text));
            taken += line.len();
        }
        (batch, taken)
    }
}

/// The member `time` of a line, in epoch milliseconds. The form of a line is that of [`super::record`].
fn time_of(line: &str) -> Option<i64> {
    let (time, _) = line.split_once("\"time\":\"")?.1.split_once('"')?;
    time.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

impl Sink for Group {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let (batch, taken) = self.batch(lines);
        let put = async { tokio::time::timeout(TIMEOUT, self.target.put(&self.stream, batch)).await };
        match self.runtime.block_on(put) {
            Ok(Ok(())) => Ok(taken),
            Ok(Err(why)) => Err(io::Error::other(why)),
            Err(_elapsed) => Err(io::Error::new(io::ErrorKind::TimedOut, "the log group did not answer in time")),
        }
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::super::AuditLog;
    use super::super::record::{Event, Record};
    use super::*;

    /// Fails every second call, and keeps what it accepts.
    #[derive(Debug, Default)]
    struct Flaky(Mutex<(u32, Vec<Lines>)>);

    impl LineGroup for Flaky {
        fn put<'a>(&'a self, _stream: &'a str, lines: Lines) -> Put<'a> {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.0 += 1;
            let fails = state.0 % 2 == 1;
            if !fails {
                state.1.push(lines);
            }
            Box::pin(async move { if fails { Err("throttled".to_owned()) } else { Ok(()) } })
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn batches_keep_the_limits_and_the_order_through_failures() {
        let group = Arc::new(Flaky::default());
        let log = AuditLog::queued(open(Arc::clone(&group) as Arc<dyn LineGroup>, None)).unwrap();
        let mut record = Record::of(Event::Read);
        record.texts("streams", "streamsOmitted", std::iter::repeat_n("x".repeat(256).as_str(), 50));
        (0..200).for_each(|_| log.push(&record));
        let closing = log.clone();
        tokio::task::spawn_blocking(move || closing.close(Duration::from_secs(60))).await.unwrap();
        let batches = std::mem::take(&mut group.0.lock().unwrap().1);
        let all: Vec<&(i64, String)> = batches.iter().flatten().collect();
        assert_eq!(all.len(), 202);
        for (number, (_, line)) in all.iter().enumerate() {
            assert_eq!(serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"], number);
        }
        for batch in &batches {
            assert!(batch.len() <= MAX_EVENTS && batch.is_sorted_by_key(|(time, _)| *time));
            assert!(batch.iter().map(|(_, line)| line.len() + EVENT_BYTES).sum::<usize>() <= MAX_BYTES);
            assert!(batch.iter().all(|(time, line)| time_of(line).is_some_and(|own| own <= *time)));
        }
    }
}
