//! `logmark tail`: new events as they arrive.
//!
//! Follows the live tail as Server-Sent Events and resumes it with the id of the last event, however often the connection is cut. No
//! event is lost or shown twice: what the service itself could not supply is a gap, which is shown on standard error.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use hyper::body::Incoming;
use serde::Deserialize;

use super::events::{EventFormat, EventWriter};
use super::failure::ClientError;
use super::logs::Selection;
use super::output::{Output, safe};
use super::problem::{Problem, ServiceError};
use super::progress::Progress;
use super::retry::{Repeatable, Retry, random_up_to};
use super::service::{Call, Path, Service};
use super::sse::SseStream;
use super::{ConnectionArgs, DisplayArgs, connection_help};
use crate::cli::{CliError, note};

/// A planned end is followed by a new connection after a random time up to this, so that the viewers of a service that restarts do not
/// return together.
const RECONNECT_WITHIN: Duration = Duration::from_millis(500);

/// Arguments of `logmark tail`.
#[derive(Debug, Args)]
#[command(after_help = concat!("\
Events are shown as they arrive. Late events have older times and are shown when they arrive. After a cut connection or a restart of
the service the tail resumes where it was. Gaps, which the service reports, are shown on standard error.

Examples:
  logmark tail /acme/api                                      new events of all streams
  logmark tail /acme/api prod-a --since 5m                    the last five minutes, then new events
  logmark tail /acme/api --filter '{ $.status >= 500 }' --columns 'timestamp,$.status,$.path'
  logmark tail /acme/api --json | jq -r .message

", connection_help!()))]
pub struct TailArgs {
    /// The log group
    group: String,
    /// The log stream; without it, all streams of the group
    stream: Option<String>,
    /// Show events since this time first: `5m`, `1h30m`, RFC 3339, or epoch
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,
    #[command(flatten)]
    selection: Selection,
    /// End after this number of events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Resume at the cursor that an earlier tail printed at its end
    #[arg(long, value_name = "CURSOR", conflicts_with_all = ["since", "filter", "streams", "stream_prefix", "source"])]
    cursor: Option<String>,
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,
    /// The columns: `timestamp`, `ingestionTime`, `logStream`, `eventId`, `message`, and JSON paths such as `$.status`
    #[arg(long, value_name = "LIST")]
    columns: Option<String>,
    #[command(flatten)]
    display: DisplayArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Follows new events.
///
/// # Errors
/// If an argument is invalid, the service refuses the tail, or the token expires.
pub fn run(args: TailArgs) -> Result<ExitCode, CliError> {
    super::run(|_| Tail::run(args))
}

struct Tail {
    args: TailArgs,
    service: Service,
    writer: EventWriter,
    progress: Progress,
    /// The id of the last event.
    cursor: Option<String>,
    events: u64,
    /// Whether the user was told that the connection is lost.
    is_lost: bool,
}

/// Why a connection ended.
enum End {
    /// The service ended it as planned.
    Reconnect,
    /// `--limit` is reached.
    Done,
}

#[derive(Deserialize)]
struct Gap {
    from: Option<String>,
    to: Option<String>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    recovered: bool,
}

impl Tail {
    async fn run(args: TailArgs) -> Result<(), ClientError> {
        let service = Service::new(&args.connection)?;
        let format = if args.json { EventFormat::Ndjson } else { EventFormat::Text };
        let writer = EventWriter::new(Output::new(&args.display), format, args.columns.as_deref(), args.stream.is_none());
        let progress = Progress::beside_output();
        let cursor = args.cursor.clone();
        let mut tail = Self { args, service, writer, progress, cursor, events: 0, is_lost: false };
        let result = tail.follow().await;
        let flushed = tail.writer.output.flush();
        result.map_err(|error| tail.with_advice(error)).and(Ok(flushed?))
    }

    async fn follow(&mut self) -> Result<(), ClientError> {
        let mut retry = Retry::default();
        loop {
            let authorization = self.service.authorization()?;
            let result = match self.service.send(&self.call()).await {
                Ok((_, body)) => self.read(body, &mut retry).await,
                Err(error) => Err(error),
            };
            match result {
                Ok(End::Done) => return Ok(()),
                Ok(End::Reconnect) => tokio::time::sleep(random_up_to(RECONNECT_WITHIN)).await,
                Err(error) if error.is_unauthorized() && self.service.authorization()? != authorization => {
                    note("the token was renewed: resuming");
                }
                Err(error) => {
                    // After the first success the service is known to work: it is tried again until the user stops it.
                    let wait = if self.cursor.is_some() { retry.forever(error)? } else { retry.after(error, Repeatable::Yes)? };
                    if self.cursor.is_some() && !std::mem::replace(&mut self.is_lost, true) {
                        note("the connection is lost: trying again");
                    }
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    fn call(&self) -> Call {
        let path = match &self.cursor {
            Some(cursor) => Path::new(&["logs"]).with("cursor", cursor),
            None => {
                let path = self.args.selection.path(&self.args.group, self.args.stream.as_deref());
                path.with_some("start", self.args.since.as_deref().map(since).as_deref())
            }
        };
        let path = path.with("follow", "true").with_some("columns", self.args.columns.as_deref());
        Call { accept: "text/event-stream", ..Call::get(path) }
    }

    async fn read(&mut self, body: Incoming, retry: &mut Retry) -> Result<End, ClientError> {
        let mut stream = SseStream::new(body);
        loop {
            let event = match stream.buffered()? {
                Some(event) => Some(event),
                None => {
                    // Before a wait, everything is passed on.
                    self.writer.output.flush()?;
                    self.progress.set(format!("{} events", self.events));
                    stream.next().await?
                }
            };
            let Some(event) = event else {
                return Err(ClientError::Unavailable("the tail ended without a reason".to_owned()));
            };
            retry.progress();
            if std::mem::take(&mut self.is_lost) {
                note("the connection is back: nothing was lost");
            }
            let data = event.data.unwrap_or_default();
            match event.kind.as_str() {
                "event" => {
                    self.writer.write(data.as_bytes())?;
                    self.events += 1;
                }
                "error" => return Err(error_of(&data)),
                kind => self.marker(kind, &data)?,
            }
            self.remember(&stream);
            if event.kind == "reconnect" {
                return Ok(End::Reconnect);
            }
            if self.args.limit.is_some_and(|limit| self.events >= limit) {
                return Ok(End::Done);
            }
        }
    }

    /// An event counts as seen once it was handed to the output. The first frame of a tail has an id too, so that a tail that is cut
    /// before its first event loses nothing.
    fn remember(&mut self, stream: &SseStream) {
        if let Some(id) = stream.last_id() {
            self.cursor = Some(id.to_owned());
        }
    }

    fn marker(&mut self, kind: &str, data: &str) -> Result<(), ClientError> {
        // Events before the marker are shown before it.
        self.writer.output.flush()?;
        match kind {
            "gap" => {
                let gap: Gap = serde_json::from_str(data)
                    .map_err(|error| ClientError::unexpected("the service sent a gap that is not valid", error))?;
                let (from, to) = (gap.from.unwrap_or_default(), gap.to.unwrap_or_default());
                let outcome = if gap.recovered { "its events were found later and are shown" } else { "events may be missing" };
                note(format_args!("gap: {} to {} ({}): {outcome}", safe(&from), safe(&to), safe(&gap.reason)));
            }
            "sampled" => note("sampled: the source shows only a part of the events at this rate; the rest follows"),
            "notice" => note(format_args!("notice: {}", safe(data))),
            // `reconnect`, a sign of life, or a kind that a newer service has.
            _ => {}
        }
        Ok(())
    }

    fn with_advice(&self, error: ClientError) -> ClientError {
        match &self.cursor {
            Some(cursor) if !error.is_quiet() => {
                let advice = format!("resume this tail with --cursor {}", safe(cursor));
                ClientError::Incomplete { error: Box::new(error), advice }
            }
            _ => error,
        }
    }
}

/// A duration is a time before now.
fn since(text: &str) -> String {
    let is_duration =
        text.starts_with(|first: char| first.is_ascii_digit()) && text.ends_with(|last: char| "smhdw".contains(last));
    if is_duration { format!("-{text}") } else { text.to_owned() }
}

fn error_of(data: &str) -> ClientError {
    match serde_json::from_str::<Problem>(data) {
        Ok(problem) => ClientError::Service(Box::new(ServiceError::in_stream(problem))),
        Err(error) => ClientError::unexpected("the service sent an error that is not valid", error),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_duration_is_a_time_before_now() {
        for (text, expected) in
            [("5m", "-5m"), ("1h30m", "-1h30m"), ("-5m", "-5m"), ("2026-11-20", "2026-11-20"), ("1795168800", "1795168800")]
        {
            assert_eq!(super::since(text), expected);
        }
    }
}
