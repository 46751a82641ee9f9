//! The service log: one JSON object or one line of text per event, on standard error.
//!
//! Owns the format, and how lines reach standard error: through the queue of [`super::line_queue`], or directly on Lambda.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tracing::Dispatch;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

use super::json_line::JsonLine;
use super::line_queue::LineQueue;

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For machines.
    Json,
    /// For people.
    Text,
}

/// How lines reach standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Through a queue and a separate thread.
    Queued,
    /// By the thread that logs. Lambda stops the process between two invocations, and with it a thread that would write.
    Direct,
}

/// Replaces the filter of the process.
static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// Whether the filter has a directive about spans, such as `[request]=debug`. Lines in JSON do not show spans, so nothing else needs
/// them.
static NEEDS_SPANS: AtomicBool = AtomicBool::new(false);

/// The queue of the process.
static QUEUE: OnceLock<LineQueue> = OnceLock::new();

/// The longest wait for the queue when the process ends: a reader of standard error that is stuck does not stop the process for longer.
const LAST_FLUSH: Duration = Duration::from_secs(5);

/// Libraries that log whole requests, signatures included, at the levels `debug` and `trace`: they log from `info`, unless the
/// filter names one of them.
const QUIET: &str = "aws_sigv4=info,aws_config=info,aws_smithy_runtime=info,aws_smithy_http_client=info,hyper=info,hyper_util=info,h2=info,rustls=info";

/// The log cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The text of the filter.
    #[error("invalid log filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// `init` was called before.
    #[error("the log was started before")]
    Begun,
    /// The thread that writes the lines cannot start.
    #[error("no thread for the log: {0}")]
    Thread(std::io::Error),
}

/// The time of a line: RFC 3339, in UTC.
#[derive(Debug, Clone, Copy)]
pub(super) struct Utc;

impl FormatTime for Utc {
    fn format_time(&self, writer: &mut fmt::format::Writer<'_>) -> std::fmt::Result {
        // Microseconds keep the lines of one request in order in a collector that sorts by time.
        let now = jiff::Timestamp::now();
        write!(writer, "{now:.6}")
    }
}

/// Writes the queued lines when it is dropped, so at every end of a command.
#[derive(Debug)]
#[must_use = "dropped at once it writes no later line"]
pub struct FlushOnDrop(());

impl Drop for FlushOnDrop {
    fn drop(&mut self) {
        flush(LAST_FLUSH);
    }
}

/// Waits until all lines so far are written, for this time at most. Returns whether they are. Call it before the process exits
/// without dropping [`FlushOnDrop`].
pub fn flush(limit: Duration) -> bool {
    QUEUE.get().is_none_or(|queue| queue.flush(limit))
}

/// Starts the log of the process.
///
/// # Errors
/// [`LogError`].
pub fn init(format: Format, filter: &str, delivery: Delivery) -> Result<FlushOnDrop, LogError> {
    let (env_filter, handle) = reload::Layer::new(parsed(filter)?);
    NEEDS_SPANS.store(filter.contains('['), Ordering::Relaxed);
    let writer = match delivery {
        Delivery::Direct => BoxMakeWriter::new(std::io::stderr),
        Delivery::Queued => {
            let queue = LineQueue::start(std::io::stderr()).map_err(LogError::Thread)?;
            let _first = QUEUE.set(queue.clone());
            BoxMakeWriter::new(queue)
        }
    };
    let subscriber = tracing_subscriber::registry().with(env_filter);
    let begun: Dispatch = match format {
        Format::Json => {
            let events = filter_fn(|metadata| NEEDS_SPANS.load(Ordering::Relaxed) || metadata.is_event());
            subscriber.with(events).with(fmt::layer().event_format(JsonLine).with_writer(writer)).into()
        }
        Format::Text => subscriber.with(fmt::layer().with_timer(Utc).with_ansi(false).with_writer(writer)).into(),
    };
    tracing::dispatcher::set_global_default(begun).map_err(|_| LogError::Begun)?;
    let _first = FILTER.set(handle);
    Ok(FlushOnDrop(()))
}

fn parsed(filter: &str) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
    EnvFilter::try_new(format!("{QUIET},{filter}"))
}

/// Replaces the filter. Has no effect in a process that has no log.
///
/// # Errors
/// [`LogError::Filter`]. Then the former filter stays in use.
pub fn set_filter(filter: &str) -> Result<(), LogError> {
    let env_filter = parsed(filter)?;
    if let Some(handle) = FILTER.get() {
        NEEDS_SPANS.store(filter.contains('['), Ordering::Relaxed);
        // It fails only for a log that has ended.
        let _replaced = handle.reload(env_filter);
    }
    Ok(())
}
