//! `logmark logs`: events of a group or a stream.
//!
//! Reads NDJSON in parts of at most 10,000 events. The last line of each part has the cursor of the next one. If the connection
//! is cut within a part, the part is read again and the lines that were already written are left out.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;

use super::events::{EventFormat, EventWriter};
use super::failure::ClientError;
use super::lines::Lines;
use super::output::{Output, safe};
use super::problem::{Problem, ServiceError};
use super::progress::Progress;
use super::retry::Retry;
use super::service::{Call, Path, Service};
use super::{ConnectionArgs, DisplayArgs, connection_help};
use crate::cli::CliError;

/// Events in one request: the service's limit.
const PART: u64 = 10_000;
/// Events without `--start` and `--limit`.
const NEWEST: u64 = 100;
/// The wait while the source is throttled.
const THROTTLED: std::time::Duration = std::time::Duration::from_secs(1);

/// Arguments of `logmark logs`.
#[derive(Debug, Args)]
#[command(after_help = concat!("\
Without --start the newest events are shown, the newest last. With --start all events from there on
are shown. A cut connection is resumed: no event is lost or shown twice.

Examples:
  logmark logs /acme/api                                  the newest 100 events of all streams
  logmark logs /acme/api prod-a --limit 20                the newest 20 of one stream
  logmark logs /acme/api --start -1h --filter ERROR       errors of the last hour
  logmark logs /acme/api --start -1d --columns 'timestamp,$.status,$.path'
  logmark logs /acme/api --start 2026-11-20 --end 2026-11-21 --format csv > day.csv
  logmark logs /acme/api --start -1h --format ndjson | jq -r .message

", connection_help!()))]
pub struct LogsArgs {
    /// The log group
    group: String,
    /// The log stream; without it, all streams of the group
    stream: Option<String>,
    /// The start of the range: `-15m`, `-1h30m`, `-2d`, RFC 3339, or epoch
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    start: Option<String>,
    #[command(flatten)]
    selection: Selection,
    /// The end of the range (exclusive), in the forms of --start [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    end: Option<String>,
    /// Events at most [default: 100 without --start, else all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Continue at a cursor, which contains the other parameters
    #[arg(long, value_name = "CURSOR", conflicts_with_all = ["start", "end", "filter", "streams", "stream_prefix", "source"])]
    cursor: Option<String>,
    /// The form of the output
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    format: EventFormat,
    /// The columns: `timestamp`, `ingestionTime`, `logStream`, `eventId`, `message`, and JSON paths such as `$.status`
    #[arg(long, value_name = "LIST")]
    columns: Option<String>,
    #[command(flatten)]
    display: DisplayArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Which events.
#[derive(Debug, Args)]
pub(super) struct Selection {
    /// Only events that match this CloudWatch filter pattern
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true)]
    pub(super) filter: Option<String>,
    /// Only these streams; repeatable
    #[arg(long, value_name = "STREAM", conflicts_with = "stream")]
    pub(super) streams: Vec<String>,
    /// Only streams whose names begin with this text
    #[arg(long, value_name = "PREFIX", conflicts_with_all = ["stream", "streams"])]
    pub(super) stream_prefix: Option<String>,
    /// The source of the group, if several sources have a group of this name
    #[arg(long, value_name = "NAME")]
    pub(super) source: Option<String>,
}

impl Selection {
    /// The path of the events.
    pub(super) fn path(&self, group: &str, stream: Option<&str>) -> Path {
        let path = Path::new(&["logs"]).with("group", group).with_some("stream", stream);
        let path = path.with_some("filter", self.filter.as_deref());
        let path = path.with_some("streamPrefix", self.stream_prefix.as_deref()).with_some("source", self.source.as_deref());
        self.streams.iter().fold(path, |path, stream| path.with("streams", stream))
    }
}

/// Shows events.
///
/// # Errors
/// If an argument is invalid, the service refuses the request, or no complete answer arrives.
pub fn run(args: LogsArgs) -> Result<ExitCode, CliError> {
    super::run(|_| Export::run(args))
}

/// The last line of a part.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartEnd {
    cursor: String,
    stop_reason: String,
}

/// The line of an error.
#[derive(Deserialize)]
struct ErrorLine {
    error: Problem,
}

struct Export {
    args: LogsArgs,
    service: Service,
    writer: EventWriter,
    progress: Progress,
    written: Written,
    retry: Retry,
    events: u64,
    bytes: u64,
    parts: u64,
}

impl Export {
    async fn run(args: LogsArgs) -> Result<(), ClientError> {
        let is_newest = args.start.is_none() && args.cursor.is_none();
        if is_newest && args.limit.is_some_and(|limit| limit > PART) {
            return Err(ClientError::Usage(format!(
                "--limit without --start is at most {PART}: add --start to read more events"
            )));
        }
        let service = Service::new(&args.connection)?;
        let shows_stream = args.stream.is_none();
        let writer = EventWriter::new(Output::new(&args.display), args.format, args.columns.as_deref(), shows_stream);
        let progress = Progress::beside_output();
        let (written, retry) = (Written::default(), Retry::default());
        let mut export = Self { args, service, writer, progress, written, retry, events: 0, bytes: 0, parts: 0 };
        let result = export.all(is_newest).await;
        // What was received is shown before the error.
        let flushed = export.writer.output.flush();
        export.progress.clear();
        result.and(Ok(flushed?))
    }

    async fn all(&mut self, is_newest: bool) -> Result<(), ClientError> {
        let mut cursor = self.args.cursor.clone();
        let mut left = if is_newest { Some(self.args.limit.unwrap_or(NEWEST)) } else { self.args.limit };
        loop {
            let limit = left.map_or(PART, |left| left.min(PART));
            let before = self.events;
            let end = self.part(cursor.as_deref(), limit).await.map_err(|error| self.incomplete(error, cursor.as_deref()))?;
            self.writer.output.flush()?;
            left = left.map(|left| left.saturating_sub(self.events - before));
            if end.stop_reason == "end" || is_newest || left == Some(0) {
                return Ok(());
            }
            if end.stop_reason == "throttled" {
                tokio::time::sleep(THROTTLED).await;
            }
            if cursor.as_ref() == Some(&end.cursor) {
                return Err(ClientError::Unexpected("the service returned the same cursor twice".to_owned()));
            }
            cursor = Some(end.cursor);
        }
    }

    /// Reads one part to its last line, however often the connection is cut.
    async fn part(&mut self, cursor: Option<&str>, limit: u64) -> Result<PartEnd, ClientError> {
        let path = match cursor {
            Some(cursor) => Path::new(&["logs"]).with("cursor", cursor),
            None => {
                let path = self.args.selection.path(&self.args.group, self.args.stream.as_deref());
                path.with_some("start", self.args.start.as_deref()).with_some("end", self.args.end.as_deref())
            }
        };
        let path = path.with("limit", &limit.to_string()).with("format", "ndjson").with("trailer", "line");
        let path = path.with_some("columns", self.args.columns.as_deref());
        let call = Call { accept: "application/x-ndjson", ..Call::get(path) };
        loop {
            let (_, body) = self.service.open(&call, &mut self.retry, &self.progress).await?;
            if self.parts == 0 {
                self.parts = 1;
                self.writer.begin()?;
            }
            match self.lines(Lines::new(body)).await {
                Ok(end) => {
                    self.parts += 1;
                    self.written.end_part();
                    return Ok(end);
                }
                Err(error) => {
                    self.written.read_again();
                    self.progress.wait(&mut self.retry, error, call.repeatable).await?;
                }
            }
        }
    }

    async fn lines(&mut self, mut lines: Lines) -> Result<PartEnd, ClientError> {
        let mut received = 0;
        loop {
            // Before a wait, everything is passed on.
            let buffered = lines.buffered();
            let line = match buffered {
                Some(line) => Some(line),
                None => {
                    self.writer.output.flush()?;
                    self.bytes += lines.received - received;
                    received = lines.received;
                    self.progress.export(self.parts, self.events, self.bytes);
                    lines.next().await?
                }
            };
            let Some(line) = line else {
                return Err(ClientError::Unavailable("the answer ended without its last line".to_owned()));
            };
            if let Some(end) = ending(&line)? {
                return Ok(end);
            }
            if self.written.is_new(&line) {
                self.writer.write(&line)?;
                self.events += 1;
                self.retry.progress();
            }
        }
    }

    fn incomplete(&self, error: ClientError, cursor: Option<&str>) -> ClientError {
        if self.events == 0 || error.is_quiet() {
            return error;
        }
        let advice = match cursor {
            Some(cursor) => format!(
                "the output ends after {} events; --cursor {} continues {} events earlier",
                self.events,
                safe(cursor),
                self.written.in_part()
            ),
            None => format!("the output ends after {} events and is incomplete", self.events),
        };
        ClientError::Incomplete { error: Box::new(error), advice }
    }
}

/// The end of the part, if the line is one; the error, if it has one. A line of an event can have any JSON paths as members, so
/// its first member decides.
fn ending(line: &[u8]) -> Result<Option<PartEnd>, ClientError> {
    if line.starts_with(b"{\"cursor\":") {
        let end = serde_json::from_slice(line);
        return end.map(Some).map_err(|error| ClientError::unexpected("the service sent a last line that is not valid", error));
    }
    if line.starts_with(b"{\"error\":") {
        let ErrorLine { error } = serde_json::from_slice(line)
            .map_err(|error| ClientError::unexpected("the service sent an error that is not valid", error))?;
        return Err(ClientError::Service(Box::new(ServiceError::in_stream(error))));
    }
    Ok(None)
}

/// The lines of the part that were already written, by hash. Counted, because two events can be equal.
#[derive(Debug, Default)]
struct Written {
    hasher: RandomState,
    /// Lines of the part that were written.
    counts: HashMap<u64, u32>,
    /// Lines of the part that were not seen again since it is read again.
    unseen: HashMap<u64, u32>,
}

impl Written {
    /// Whether the line is to be written. It then counts as written.
    fn is_new(&mut self, line: &[u8]) -> bool {
        let hash = self.hasher.hash_one(line);
        if let Some(count) = self.unseen.get_mut(&hash) {
            *count -= 1;
            if *count == 0 {
                self.unseen.remove(&hash);
            }
            return false;
        }
        *self.counts.entry(hash).or_default() += 1;
        true
    }

    /// The part is read from its start again.
    fn read_again(&mut self) {
        self.unseen.clone_from(&self.counts);
    }

    /// The part is complete. A late event may have pushed written lines into the next part, so those that were not seen stay.
    fn end_part(&mut self) {
        self.counts.clone_from(&self.unseen);
    }

    fn in_part(&self) -> u64 {
        self.counts.values().map(|count| u64::from(*count)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(written: &mut Written, lines: &[&str]) -> Vec<String> {
        lines.iter().filter(|line| written.is_new(line.as_bytes())).map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn a_part_that_is_read_again_brings_new_lines_only() {
        let mut written = Written::default();
        assert_eq!(read(&mut written, &["a", "b", "b"]), ["a", "b", "b"]);
        written.read_again();
        // Cut again, earlier.
        assert_eq!(read(&mut written, &["a", "b"]), [""; 0]);
        written.read_again();
        // A late event arrived, so the last line of the part belongs to the next part.
        assert_eq!(read(&mut written, &["late", "a", "b"]), ["late"]);
        written.end_part();
        assert_eq!(read(&mut written, &["b", "b", "c"]), ["b", "c"]);
        written.end_part();
        assert_eq!(read(&mut written, &["b"]), ["b"]);
    }

    #[test]
    fn the_first_member_tells_the_kind_of_a_line() {
        assert!(ending(br#"{"timestamp":"x","message":"{\"cursor\":1}"}"#).unwrap().is_none());
        assert!(ending(br#"{"cursor":"c","stopReason":"end"}"#).unwrap().is_some());
        assert!(ending(br#"{"error":{"code":"upstream_error","title":"x"}}"#).is_err());
        assert!(ending(br#"{"cursor":"c"}"#).is_err());
    }
}
