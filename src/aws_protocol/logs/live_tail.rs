//! `StartLiveTail`: new events as an event stream.
//!
//! - The answer begins with `initial-response` and `sessionStart`; then comes a `sessionUpdate` each second, even an empty one.
//! - An update has 500 events at most. More in a second are sampled: `sessionMetadata.sampled` is true.
//! - A session ends after three hours with `SessionTimeoutException`, after a failure with `SessionStreamingException`, and with the
//!   server cleanly.
//! - Up to 10 groups; streams (names or prefixes) with one group only. 15 sessions at a time.
//!
//! See "`StartLiveTail`" in the API reference of CloudWatch Logs. Clients put `stream-` before the host unless that is turned off.

use std::collections::VecDeque;
use std::time::Duration;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use axum::body::Body;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::unchecked;
use crate::aws_protocol::endpoint::Call;
use crate::aws_protocol::error::ServiceError;
use crate::aws_protocol::validation::{self, Validation};
use crate::domain::filter::EventFilter;
use crate::domain::name::LogGroupName;
use crate::domain::operation::StreamSelection;
use crate::domain::tail::TailGroup;
use crate::sources::SourceError;
use crate::sources::tail::{TailItem, TailReader, TailStart};

/// The operation's name.
pub const NAME: &str = "StartLiveTail";
/// Groups of a session, and names or prefixes of streams.
const MAX_GROUPS: usize = 10;
const MAX_STREAMS: usize = 100;
const MAX_PATTERN: usize = 1024;
/// Sessions at a time, as AWS allows an account.
pub const MAX_SESSIONS: usize = 15;
/// The limits of an update: events, and bytes of their messages; more are sampled.
const MAX_EVENTS: usize = 500;
const MAX_BYTES: usize = 4 << 20;
const UPDATE_INTERVAL: Duration = Duration::from_secs(1);
const MAX_AGE: Duration = Duration::from_secs(3 * 3600);
/// Items of a group that may wait for the next update.
const QUEUE: usize = 4;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    log_group_identifiers: Option<Vec<String>>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefixes: Option<Vec<String>>,
    log_event_filter_pattern: Option<String>,
}

/// The streams that a session shows.
#[derive(Debug, Clone)]
struct Streams {
    names: Vec<String>,
    prefixes: Vec<String>,
}

impl Streams {
    fn contain(&self, stream: &str) -> bool {
        let is_all = self.names.is_empty() && self.prefixes.is_empty();
        is_all || self.names.iter().any(|name| name == stream) || self.prefixes.iter().any(|prefix| stream.starts_with(prefix))
    }
}

/// Starts a session. The answer has no end of its own.
///
/// # Errors
/// Those of AWS.
pub async fn start(call: Call<'_>, body: &[u8]) -> Result<Body, ServiceError> {
    let input: Input = validation::read(body)?;
    let mut checks = Validation::default();
    let identifiers = checks.required("logGroupIdentifiers", input.log_group_identifiers).unwrap_or_default();
    checks.count("logGroupIdentifiers", &identifiers, 1..=MAX_GROUPS);
    let mut groups: Vec<LogGroupName> = Vec::new();
    for identifier in &identifiers {
        groups.extend(checks.identifier("logGroupIdentifiers", identifier, &call.endpoint.account)?);
    }
    let names = input.log_stream_names.unwrap_or_default();
    let prefixes = input.log_stream_name_prefixes.unwrap_or_default();
    checks.count("logStreamNames", &names, 0..=MAX_STREAMS);
    checks.count("logStreamNamePrefixes", &prefixes, 0..=MAX_STREAMS);
    let pattern = checks.text("logEventFilterPattern", input.log_event_filter_pattern, 0..=MAX_PATTERN);
    checks.finish()?;
    if !names.is_empty() && !prefixes.is_empty() {
        return Err(ServiceError::invalid("Only one of logStreamNames or logStreamNamePrefixes can be provided."));
    }
    if groups.len() > 1 && !(names.is_empty() && prefixes.is_empty()) {
        let text = "logStreamNames and logStreamNamePrefixes can only be used with a single log group.";
        return Err(ServiceError::invalid(text));
    }
    groups.sort();
    groups.dedup();
    let text = pattern.clone().unwrap_or_default();
    let filter = EventFilter::parse(&text).map_err(|_| ServiceError::invalid("Invalid filter pattern"))?;
    let place = call.endpoint.live_tails.clone().try_acquire_owned().map_err(|_| {
        ServiceError::new("LimitExceededException", format!("An account can have {MAX_SESSIONS} Live Tail sessions at a time."))
    })?;
    let leaving = call.endpoint.leaving.subscribe();
    let mut session = Session::new(Streams { names: names.clone(), prefixes: prefixes.clone() }, place, leaving);
    for group in &groups {
        let op = TailGroup { group: group.clone(), streams: StreamSelection::All, filter: filter.clone() };
        let permit = call.permit(op)?;
        let reader = call.endpoint.sources.tail(&permit)?.tail_group(&permit, TailStart::Now).await?;
        call.line(&permit, Some(group.as_str()), None).write(0, 0);
        session.follow(call.home().group(group.as_str()), reader);
    }
    let arns: Vec<String> = groups.iter().map(|group| call.home().group(group.as_str())).collect();
    let start = json!({
        "requestId": call.context.id(), "sessionId": call.context.id(), "logGroupIdentifiers": arns,
        "logStreamNames": names, "logStreamNamePrefixes": prefixes, "logEventFilterPattern": text,
    });
    session.begin(&start)?;
    Ok(Body::from_stream(futures_util::stream::unfold(session, |mut session| async move {
        let bytes = session.next().await?;
        Some((Ok::<_, std::convert::Infallible>(bytes), session))
    })))
}

/// An item of a group, or its failure.
type Brought = Result<(String, TailItem), SourceError>;

/// A session under way.
#[derive(Debug)]
struct Session {
    streams: Streams,
    /// Frames to send before the next update.
    ready: VecDeque<Bytes>,
    sender: mpsc::Sender<Brought>,
    brought: mpsc::Receiver<Brought>,
    /// Ends with the session.
    readers: JoinSet<()>,
    ticks: Interval,
    ends_at: Instant,
    results: Vec<Value>,
    bytes: usize,
    is_sampled: bool,
    is_over: bool,
    leaving: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

impl Session {
    fn new(streams: Streams, place: OwnedSemaphorePermit, leaving: watch::Receiver<bool>) -> Self {
        let (sender, brought) = mpsc::channel(QUEUE);
        let now = Instant::now();
        let mut ticks = tokio::time::interval_at(now + UPDATE_INTERVAL, UPDATE_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            streams,
            ready: VecDeque::new(),
            sender,
            brought,
            readers: JoinSet::new(),
            ticks,
            ends_at: now + MAX_AGE,
            results: Vec::new(),
            bytes: 0,
            is_sampled: false,
            is_over: false,
            leaving,
            _place: place,
        }
    }

    /// Follows a group in a separate task, because its reader must not be interrupted.
    fn follow(&mut self, arn: String, mut reader: Box<dyn TailReader>) {
        let sender = self.sender.clone();
        self.readers.spawn(async move {
            loop {
                let item = reader.next().await;
                let is_last = item.is_err();
                if sender.send(item.map(|item| (arn.clone(), item))).await.is_err() || is_last {
                    return;
                }
            }
        });
    }

    fn begin(&mut self, start: &Value) -> Result<(), ServiceError> {
        for (name, payload) in [("initial-response", &json!({})), ("sessionStart", start)] {
            let frame = frame(":event-type", name, payload).ok_or_else(unchecked)?;
            self.ready.push_back(frame);
        }
        Ok(())
    }

    /// The next bytes of the answer; `None`: it ends.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            if self.is_over {
                return None;
            }
            tokio::select! {
                _ = self.ticks.tick() => return self.update(),
                Some(brought) = self.brought.recv() => match brought {
                    Ok((arn, item)) => self.take(&arn, item),
                    Err(error) => return self.end("SessionStreamingException", &error.to_string()),
                },
                () = left(&mut self.leaving) => return None,
                () = tokio::time::sleep_until(self.ends_at) => {
                    return self.end("SessionTimeoutException", "The session ended after three hours.");
                }
            }
        }
    }

    fn take(&mut self, arn: &str, item: TailItem) {
        let TailItem::Events(events) = item else { return };
        for event in events.events.iter() {
            let stream = event.stream();
            if !self.streams.contain(&stream) {
                continue;
            }
            if self.results.len() >= MAX_EVENTS || self.bytes >= MAX_BYTES {
                self.is_sampled = true;
                continue;
            }
            let message = event.message();
            self.bytes += message.len();
            self.results.push(json!({
                "logStreamName": stream, "logGroupIdentifier": arn, "message": message,
                "timestamp": event.timestamp(), "ingestionTime": event.ingestion_time().unwrap_or(event.timestamp()),
            }));
        }
    }

    fn update(&mut self) -> Option<Bytes> {
        self.bytes = 0;
        let results = std::mem::take(&mut self.results);
        let is_sampled = std::mem::take(&mut self.is_sampled);
        frame(":event-type", "sessionUpdate", &json!({ "sessionMetadata": { "sampled": is_sampled }, "sessionResults": results }))
    }

    fn end(&mut self, exception: &'static str, message: &str) -> Option<Bytes> {
        self.is_over = true;
        frame(":exception-type", exception, &json!({ "message": message }))
    }
}

/// Resolves when the service is stopping.
async fn left(leaving: &mut watch::Receiver<bool>) {
    drop(leaving.wait_for(|leaving| *leaving).await);
}

/// One frame; `None` is an internal error, because every payload is smaller than the format's limits.
fn frame(kind: &'static str, name: &'static str, payload: &Value) -> Option<Bytes> {
    let text = |value: &'static str| HeaderValue::String(value.into());
    let message_type = if kind == ":exception-type" { "exception" } else { "event" };
    let message = Message::new(payload.to_string())
        .add_header(Header::new(kind, text(name)))
        .add_header(Header::new(":message-type", text(message_type)))
        .add_header(Header::new(":content-type", text("application/x-amz-json-1.1")));
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).ok()?;
    Some(bytes.into())
}
