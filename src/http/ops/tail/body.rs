//! The body of a tail: items of the source as frames, keep-alives, and the reason for the end.
//!
//! Owns when a frame is written. INVARIANT: the body holds one item of the source at a time. The next one is written when the connection
//! has sent most of the last one, so a client that does not read costs one frame, and slows no other client. A frame is counted in the
//! response memory until it is sent.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body::Frame;
use http_body_util::StreamBody;
use logmark_quota::Reservation;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::Instant;

use super::frames::FrameWriter;
use crate::auth::permit::Share;
use crate::domain::name::SourceName;
use crate::http::AppState;
use crate::http::authority::{Authority, AuthorityEnd};
use crate::http::layers::RequestInfo;
use crate::http::ops::events::tail_request::TailRequest;
use crate::http::problem::ApiError;
use crate::http::response_budget::{ResponseBudget, escaped_length};
use crate::http::sent_budget::ENDING_BYTES;
use crate::http::tail_limits::TailGuard;
use crate::limits::lease::ByteReservation;
use crate::limits::limit::LimitExceeded;
use crate::sources::tail::{TailEvents, TailGap, TailItem, TailPosition, TailReader};
use crate::sources::{SourceError, scheduler_share};
use crate::telemetry::audit::AuditLine;
use crate::telemetry::metrics;

/// The time without a frame after which a keep-alive is written.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Limit for waiting for the memory of a frame. Then the tail ends, and its client resumes.
const MEMORY_WAIT: Duration = Duration::from_secs(30);
/// Where the whole answer is sent at its end: how long a tail without events is open.
const BUFFERED_WAIT: Duration = Duration::from_secs(5);

/// What a tail belongs to.
#[derive(Debug)]
pub struct TailContext {
    /// The service's state.
    pub app: AppState,
    /// The request.
    pub request: TailRequest,
    /// Its id and limits.
    pub info: Arc<RequestInfo>,
    /// The source.
    pub source: SourceName,
    /// The tenant whose memory the frames use.
    pub permit_share: Share,
    /// The operation's name.
    pub operation: &'static str,
    /// The audit line, if audit lines are written.
    pub audit: Option<AuditLine>,
    /// Counts the tail until it ends.
    pub guard: TailGuard,
    /// Counts the bytes in the tenant's daily budget, if it has one.
    pub sent: Option<ByteReservation>,
}

/// A call of the reader. It owns the reader, so that it is polled to its end however often another event comes first.
type NextItem = Pin<Box<dyn Future<Output = (Box<dyn TailReader>, Result<TailItem, SourceError>)> + Send>>;

/// A running tail.
pub struct TailBody {
    context: TailContext,
    next: NextItem,
    writer: FrameWriter,
    authority: Authority,
    draining: watch::Receiver<bool>,
    /// When the answer must end.
    deadline: Option<Instant>,
    /// The bytes that the answer can still have, where it is sent as a whole at its end.
    room: Option<usize>,
    /// The position that the client has, or could have.
    position: TailPosition,
    keep_alive_at: Instant,
    has_begun: bool,
    /// All stored events were given.
    is_caught_up: bool,
    is_over: bool,
    events: u64,
    bytes: u64,
    outcome: &'static str,
}

impl std::fmt::Debug for TailBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TailBody").field("events", &self.events).field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

/// What happened first.
enum Happened {
    Authority(AuthorityEnd),
    Draining,
    Deadline,
    Item(Box<dyn TailReader>, Result<TailItem, SourceError>),
    Quiet,
}

/// A frame, and the memory that it takes until it is sent.
struct CountedFrame {
    bytes: Vec<u8>,
    _memory: Option<Reservation>,
}

impl AsRef<[u8]> for CountedFrame {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn next_item(mut reader: Box<dyn TailReader>) -> NextItem {
    Box::pin(async move {
        let item = reader.next().await;
        (reader, item)
    })
}

impl TailBody {
    /// The body of a tail that begins.
    pub fn new(
        context: TailContext,
        reader: Box<dyn TailReader>,
        writer: FrameWriter,
        authority: Authority,
        draining: watch::Receiver<bool>,
        budget: Option<ResponseBudget>,
    ) -> Self {
        let room = budget.and_then(|budget| budget.max_bytes());
        let work_until = budget.map(|budget| budget.work_until());
        let deadline = match room {
            Some(_) => work_until.map(|until| until.min(Instant::now() + BUFFERED_WAIT)),
            None => work_until,
        };
        let position = reader.position();
        Self {
            context,
            next: next_item(reader),
            writer,
            authority,
            draining,
            deadline,
            room,
            position,
            keep_alive_at: Instant::now() + KEEP_ALIVE,
            has_begun: false,
            is_caught_up: false,
            is_over: false,
            events: 0,
            bytes: 0,
            outcome: "client_left",
        }
    }

    /// The HTTP body.
    pub fn into_body(self) -> Body {
        Body::new(StreamBody::new(Box::pin(stream::unfold(self, Self::step).fuse())))
    }

    async fn step(mut self) -> Option<(Result<Frame<Bytes>, std::io::Error>, Self)> {
        if self.is_over {
            return None;
        }
        let frame = loop {
            let mut out = Vec::new();
            let memory = if self.has_begun { self.advance(&mut out).await } else { self.begin(&mut out) };
            if !out.is_empty() {
                break CountedFrame { bytes: out, _memory: memory };
            }
        };
        self.keep_alive_at = Instant::now() + KEEP_ALIVE;
        self.bytes += frame.bytes.len() as u64;
        if let Some(sent) = &mut self.context.sent {
            sent.note(frame.bytes.len() as u64);
        }
        self.room = self.room.map(|room| room.saturating_sub(escaped_length(&frame.bytes)));
        Some((Ok(Frame::data(Bytes::from_owner(frame))), self))
    }

    fn begin(&mut self, out: &mut Vec<u8>) -> Option<Reservation> {
        self.has_begun = true;
        match self.cursor(&self.position) {
            Ok(cursor) => self.writer.begin(&cursor, out),
            Err(error) => self.fail(&error, out),
        }
        None
    }

    /// Writes the next frame. Writes nothing for an item that the client does not receive.
    async fn advance(&mut self, out: &mut Vec<u8>) -> Option<Reservation> {
        match self.happened().await {
            Happened::Authority(AuthorityEnd::Refused(error)) => self.fail(&error, out),
            Happened::Authority(AuthorityEnd::Changed) => self.reconnect("policy", out),
            Happened::Draining => self.reconnect("shutdown", out),
            Happened::Deadline => self.reconnect("deadline", out),
            Happened::Quiet => match self.cursor(&self.position) {
                Ok(cursor) => self.writer.keep_alive(&cursor, out),
                Err(error) => self.fail(&error, out),
            },
            Happened::Item(_, Err(error)) => self.fail(&error.into(), out),
            Happened::Item(reader, Ok(item)) => {
                self.next = next_item(reader);
                return self.write(item, out).await;
            }
        }
        None
    }

    async fn happened(&mut self) -> Happened {
        let deadline = self.deadline;
        let deadline = async move {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            end = self.authority.ended() => Happened::Authority(end),
            _ = self.draining.wait_for(|draining| *draining) => Happened::Draining,
            () = deadline => Happened::Deadline,
            (reader, item) = &mut self.next => Happened::Item(reader, item),
            () = tokio::time::sleep_until(self.keep_alive_at) => Happened::Quiet,
        }
    }

    async fn write(&mut self, item: TailItem, out: &mut Vec<u8>) -> Option<Reservation> {
        match item {
            TailItem::Events(events) => return self.write_events(events, out).await,
            TailItem::Gap(gap) => self.write_gap(&gap, out),
            TailItem::Sampled { above } => self.writer.marker("sampled", json!({ "above": above }), None, out),
            TailItem::Notice(notice) => self.writer.marker("notice", json!({ "mode": notice.as_str() }), None, out),
            TailItem::Moved(position) => self.position = position,
            // An answer that is sent as a whole ends with the events that there are.
            TailItem::CaughtUp if self.room.is_some() && self.events > 0 => self.reconnect("buffered", out),
            TailItem::CaughtUp => self.is_caught_up = true,
            TailItem::Ended => self.reconnect("source", out),
        }
        None
    }

    async fn write_events(&mut self, mut events: TailEvents, out: &mut Vec<u8>) -> Option<Reservation> {
        let before = self.position.clone();
        for (index, position) in events.positions.iter().enumerate() {
            match self.cursor(position) {
                Ok(cursor) => self.writer.event(&events.events, index, &cursor, out),
                Err(error) => {
                    out.clear();
                    self.fail(&error, out);
                    return None;
                }
            }
            self.position.clone_from(position);
        }
        let count = events.positions.len() as u64;
        if self.room.is_some_and(|room| escaped_length(out) > room) {
            self.position = before;
            out.clear();
            self.end_without_room(out);
            return None;
        }
        if let Err(exceeded) = self.reserve_sent(out.len() as u64).await {
            self.position = before;
            out.clear();
            metrics::limit_refused(exceeded.limit.key());
            self.fail_with_cursor(&exceeded.into(), out);
            return None;
        }
        let memory = self.reserve(events.memory.take(), out.len() as u64).await;
        match memory {
            Ok(memory) => {
                self.events += count;
                metrics::events_returned(self.context.operation, count, out.len() as u64);
                if self.room.is_some() && self.is_caught_up {
                    // The first new events end the answer.
                    self.deadline = Some(Instant::now());
                }
                Some(memory)
            }
            Err(_) => {
                self.position = before;
                out.clear();
                self.reconnect("memory", out);
                None
            }
        }
    }

    /// The answer's budget ends before the next events: the written part is complete, or a single event is too large for it.
    fn end_without_room(&mut self, out: &mut Vec<u8>) {
        if self.events > 0 {
            self.reconnect("buffered", out);
        } else {
            let detail = "an event is larger than can be returned here: read it through a front door that streams";
            self.fail(&ApiError::parameter("follow", detail), out);
        }
    }

    /// Bytes of the tenant's budget for a frame, besides those for the end of the tail.
    async fn reserve_sent(&mut self, bytes: u64) -> Result<(), LimitExceeded> {
        match &mut self.context.sent {
            Some(sent) => sent.ensure(bytes + ENDING_BYTES).await,
            None => Ok(()),
        }
    }

    /// Memory for a frame, in place of that of its events.
    async fn reserve(&mut self, memory: Option<Reservation>, bytes: u64) -> Result<Reservation, SourceError> {
        if let Some(mut memory) = memory
            && memory.resize(bytes)
        {
            return Ok(memory);
        }
        let share = scheduler_share(&self.context.permit_share);
        self.context.app.sources.page_pool().reserve(&share, bytes, Instant::now() + MEMORY_WAIT).await
    }

    fn write_gap(&mut self, gap: &TailGap, out: &mut Vec<u8>) {
        metrics::tail_gap(gap.reason.as_str(), gap.recovered);
        if let Some(position) = &gap.position {
            self.position.clone_from(position);
        }
        let cursor = gap.position.as_ref().and_then(|position| self.cursor(position).ok());
        let TailGap { from, to, reason, recovered, .. } = gap;
        let data = json!({ "from": from, "to": to, "reason": reason.as_str(), "recovered": recovered });
        self.writer.marker("gap", data, cursor.as_deref(), out);
    }

    /// Ends the tail as planned: the client resumes with the cursor.
    fn reconnect(&mut self, reason: &'static str, out: &mut Vec<u8>) {
        (self.is_over, self.outcome) = (true, "reconnect");
        match self.cursor(&self.position) {
            Ok(cursor) => self.writer.marker("reconnect", json!({ "reason": reason }), Some(&cursor), out),
            Err(error) => self.fail(&error, out),
        }
    }

    /// Ends the tail with a problem document.
    fn fail(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        self.end_with_problem(error, None, out);
    }

    /// As [`Self::fail`], with the cursor from which the client can continue later.
    fn fail_with_cursor(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        let cursor = self.cursor(&self.position).ok();
        self.end_with_problem(error, cursor.as_deref(), out);
    }

    fn end_with_problem(&mut self, error: &ApiError, cursor: Option<&str>, out: &mut Vec<u8>) {
        (self.is_over, self.outcome) = (true, "failed");
        let mut problem = error.problem().at(self.context.app.problem_url());
        problem.instance = self.context.info.id().to_owned();
        metrics::problem(self.context.operation, problem.code);
        tracing::warn!(request.id = self.context.info.id(), problem.code, error = %error, "a live tail ended: {error}");
        self.writer.marker("error", problem, cursor, out);
    }

    fn cursor(&self, position: &TailPosition) -> Result<String, ApiError> {
        let TailContext { app, request, source, guard, .. } = &self.context;
        request.seal(&app.sealer, guard.tenant(), app.clock.now(), (source, position))
    }
}

impl Drop for TailBody {
    fn drop(&mut self) {
        if let Some(audit) = &self.context.audit {
            audit.write(self.events, self.bytes, self.outcome);
        }
    }
}
