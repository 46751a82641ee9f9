//! `StartLiveTail` on the wire: an event stream of frames with checksums, with every failure mode.
//!
//! Owns the sessions. As documented: `initial-response`, `sessionStart`, then an update each interval, even an empty one. An
//! update has 500 events at most; of more, it has a sample. A session shows only events that are put while it is open.

use std::time::Duration;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::model::{AwsError, Stored};
use super::{Seen, State};

/// More events in an update than this are sampled.
pub(crate) const MAX_UPDATE: usize = 500;

/// How a session ends or fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionEnd {
    /// `SessionTimeoutException`, as after three hours.
    Timeout,
    /// `SessionStreamingException`.
    Exception,
    /// A message of the type `error`, which the Rust SDK does not know.
    Error,
    /// The connection ends in the middle of a frame.
    CutFrame,
    /// The connection ends between two frames.
    Close,
    /// The connection stays open, and the server sends nothing.
    Silence,
    /// A frame with a wrong checksum.
    BadChecksum,
    /// A frame whose length field says four gigabytes.
    HugeFrame,
}

impl SessionEnd {
    pub(crate) const ALL: [Self; 8] = [
        Self::Timeout,
        Self::Exception,
        Self::Error,
        Self::CutFrame,
        Self::Close,
        Self::Silence,
        Self::BadChecksum,
        Self::HugeFrame,
    ];
}

/// How one session runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionPlan {
    /// Updates before the end; `None`: the session does not end.
    pub(crate) end: Option<(usize, SessionEnd)>,
    /// Every n-th update is dropped, as for a slow reader.
    pub(crate) drop_each: Option<usize>,
    /// Every n-th event is omitted without a notice.
    pub(crate) lose_each: Option<usize>,
}

impl SessionPlan {
    pub(crate) const GOOD: Self = Self { end: None, drop_each: None, lose_each: None };

    pub(crate) fn ending(updates: usize, end: SessionEnd) -> Self {
        Self { end: Some((updates, end)), ..Self::GOOD }
    }
}

/// The sessions of the account.
#[derive(Debug)]
pub(crate) struct LiveTail {
    /// The time between two updates.
    pub(crate) interval: Duration,
    /// The most sessions open at the same time.
    pub(crate) max_sessions: usize,
    /// The error of every attempt to open a session.
    pub(crate) refusal: Option<AwsError>,
    /// The plans of the next sessions, from the front; later sessions run without faults.
    pub(crate) plans: std::collections::VecDeque<SessionPlan>,
    /// The sessions open now, the most at a time, and all opened so far.
    pub(crate) open: usize,
    pub(crate) most: usize,
    pub(crate) opened: usize,
}

impl Default for LiveTail {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1),
            max_sessions: 15,
            refusal: None,
            plans: std::collections::VecDeque::new(),
            open: 0,
            most: 0,
            opened: 0,
        }
    }
}

/// An open session.
#[derive(Debug)]
pub(super) struct Session {
    group: String,
    arn: String,
    plan: SessionPlan,
    /// The number of events written before the next update.
    written: i64,
}

/// Opens a session or returns the reason for the refusal.
pub(super) fn open(state: &mut State, seen: &Seen) -> Result<Session, AwsError> {
    const INVALID: AwsError = (400, "InvalidParameterException");
    let identifiers = seen.body.get("logGroupIdentifiers").and_then(Value::as_array).ok_or(INVALID)?;
    let [identifier] = identifiers.as_slice() else { return Err(INVALID) };
    let arn = identifier.as_str().filter(|arn| !arn.ends_with('*')).ok_or(INVALID)?.to_owned();
    let group = arn.strip_prefix("arn:aws:logs:eu-west-1:123456789012:log-group:").unwrap_or(&arn).to_owned();
    if seen.body.get("logEventFilterPattern").is_some() {
        // The only filter that is ever sent is an invalid one.
        return Err(INVALID);
    }
    if let Some(refusal) = state.live.refusal {
        return Err(refusal);
    }
    if !state.logs.has_group(&group) {
        return Err((400, "ResourceNotFoundException"));
    }
    if state.live.open >= state.live.max_sessions {
        return Err((400, "LimitExceededException"));
    }
    state.live.open += 1;
    state.live.opened += 1;
    state.live.most = state.live.most.max(state.live.open);
    let plan = state.live.plans.pop_front().unwrap_or(SessionPlan::GOOD);
    Ok(Session { group, arn, plan, written: state.logs.written() })
}

pub(super) fn frame(kind: &'static str, name: &'static str, payload: &Value) -> Vec<u8> {
    let text = |value: &'static str| HeaderValue::String(value.into());
    let (message_type, name_header) = match kind {
        "exception" => ("exception", ":exception-type"),
        _ => ("event", ":event-type"),
    };
    let message = Message::new(payload.to_string())
        .add_header(Header::new(":message-type", text(message_type)))
        .add_header(Header::new(name_header, text(name)))
        .add_header(Header::new(":content-type", text("application/x-amz-json-1.1")));
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes
}

fn shown(session: &Session, event: &Stored) -> Value {
    json!({
        "logStreamName": event.stream, "logGroupIdentifier": session.arn, "message": event.message,
        "timestamp": event.timestamp, "ingestionTime": event.ingestion,
    })
}

/// The update with the events since the last one.
fn update(session: &mut Session, events: &[Stored]) -> Vec<u8> {
    session.written = events.iter().map(|event| event.id / 2).fold(session.written, i64::max);
    let sampled = events.len() > MAX_UPDATE;
    let lost = |index: usize| session.plan.lose_each.is_some_and(|each| index % each == each - 1);
    // A sample: every second event, as many as fit.
    let step = if sampled { 2 } else { 1 };
    let results: Vec<Value> = events
        .iter()
        .enumerate()
        .filter(|(index, _)| !lost(*index))
        .step_by(step)
        .take(MAX_UPDATE)
        .map(|(_, event)| shown(session, event))
        .collect();
    frame("event", "sessionUpdate", &json!({ "sessionMetadata": { "sampled": sampled }, "sessionResults": results }))
}

async fn send(socket: &mut TcpStream, bytes: &[u8]) -> Option<()> {
    let chunk = [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    socket.write_all(&chunk).await.ok()
}

/// Sends the session's frames until it ends or the client disconnects.
pub(super) async fn serve(socket: &mut TcpStream, mut session: Session, state: &std::sync::Mutex<State>) -> Option<()> {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: application/vnd.amazon.eventstream\r\n\
                x-amzn-requestid: 0d38b2b8-0000-4000-8000-000000000000\r\n\r\n";
    socket.write_all(head.as_bytes()).await.ok()?;
    let start = json!({
        "requestId": "0d38b2b8-0000-4000-8000-000000000000", "sessionId": "1e49c3c9-0000-4000-8000-000000000000",
        "logGroupIdentifiers": [session.arn], "logStreamNames": [], "logStreamNamePrefixes": [],
    });
    send(socket, &frame("event", "initial-response", &json!({}))).await?;
    send(socket, &frame("event", "sessionStart", &start)).await?;
    for number in 1.. {
        let (interval, events) = {
            let state = state.lock().unwrap();
            (state.live.interval, state.logs.since(&session.group, session.written))
        };
        let bytes = update(&mut session, &events);
        if session.plan.drop_each.is_none_or(|each| number % each != 0) {
            send(socket, &bytes).await?;
        }
        if let Some((updates, end)) = session.plan.end
            && number >= updates
        {
            return finish(socket, end).await;
        }
        // A client that disconnects ends the session.
        let mut byte = [0];
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            read = tokio::io::AsyncReadExt::read(socket, &mut byte) => if read.unwrap_or(0) == 0 { return None },
        }
    }
    None
}

async fn finish(socket: &mut TcpStream, end: SessionEnd) -> Option<()> {
    let message = json!({ "message": "the session has ended" });
    let empty = || frame("event", "sessionUpdate", &json!({ "sessionMetadata": { "sampled": false }, "sessionResults": [] }));
    match end {
        SessionEnd::Timeout => send(socket, &frame("exception", "SessionTimeoutException", &message)).await?,
        SessionEnd::Exception => send(socket, &frame("exception", "SessionStreamingException", &message)).await?,
        SessionEnd::Error => {
            let text = |value: &'static str| HeaderValue::String(value.into());
            let message = Message::new("{}")
                .add_header(Header::new(":message-type", text("error")))
                .add_header(Header::new(":error-code", text("InternalError")))
                .add_header(Header::new(":error-message", text("arn:aws:iam::123456789012:role/canary")));
            let mut bytes = Vec::new();
            write_message_to(&message, &mut bytes).unwrap();
            send(socket, &bytes).await?;
        }
        SessionEnd::CutFrame => {
            let bytes = empty();
            send(socket, &bytes[..bytes.len() / 2]).await?;
            return None;
        }
        SessionEnd::Close => {}
        SessionEnd::Silence => std::future::pending().await,
        SessionEnd::BadChecksum => {
            let mut bytes = empty();
            *bytes.last_mut()? ^= 1;
            send(socket, &bytes).await?;
        }
        SessionEnd::HugeFrame => {
            let mut bytes = empty();
            bytes[..4].copy_from_slice(&[0xff; 4]);
            send(socket, &bytes).await?;
            std::future::pending().await
        }
    }
    socket.write_all(b"0\r\n\r\n").await.ok()?;
    None
}
