//! Events as a streamed body: one page of the source at a time, with trailers at the end, or a visible error.
//!
//! Owns the body. INVARIANT: a failure midway never looks like a clean end.

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::StreamBody;
use logmark_event_page::{Events, Layout, Writer};

use crate::domain::event::{Position, StopReason};
use crate::http::authority::Authority;
use crate::http::problem::ApiError;
use crate::http::response_budget::escaped_length;
use crate::http::sent_budget::ENDING_BYTES;
use crate::limits::lease::ByteReservation;
use crate::limits::limit::LimitExceeded;
use crate::sources::export::Export;
use crate::sources::page_pool::{FRAME_BYTES, frame_bytes_of};
use crate::sources::reader::ReadEvents;
use crate::telemetry::metrics;

/// The trailer with the cursor for the next request.
pub const CURSOR_TRAILER: &str = "logmark-cursor";
/// The trailer with the number of withheld events, if a mask applies.
pub const WITHHELD_TRAILER: &str = "logmark-withheld";

/// The end of a streamed answer.
#[derive(Debug)]
pub struct StreamEnd {
    /// The cursor for the next request.
    pub cursor: String,
    /// Events that were withheld; `None` if no mask applies.
    pub withheld: Option<usize>,
}

impl StreamEnd {
    pub(super) fn trailers(&self) -> HeaderMap {
        let mut trailers = HeaderMap::new();
        if let Ok(value) = HeaderValue::try_from(&self.cursor) {
            trailers.insert(CURSOR_TRAILER, value);
        }
        if let Some(withheld) = self.withheld {
            trailers.insert(WITHHELD_TRAILER, HeaderValue::from(withheld));
        }
        trailers
    }

    /// The last line of NDJSON: the cursor, and the reason for the end.
    #[must_use]
    pub fn line(&self, stop: StopReason) -> Vec<u8> {
        let mut line = serde_json::json!({ "cursor": self.cursor, "stopReason": stop.as_str() });
        if let Some(withheld) = self.withheld {
            line["withheld"] = withheld.into();
        }
        let mut line = line.to_string().into_bytes();
        line.push(b'\n');
        line
    }
}

/// Makes the cursor for a position at which reading stopped.
type SealCursor = Box<dyn Fn(&Position, StopReason) -> Result<String, ApiError> + Send>;

/// Called once with events, bytes and the outcome.
type OnFinished = Box<dyn FnOnce(u64, u64, &'static str) + Send>;

/// The options of a streamed answer.
pub struct StreamOptions {
    /// Makes the cursor for a position.
    pub seal: SealCursor,
    /// NDJSON: also write the cursor and the reason as a last line.
    pub as_line: bool,
    /// Whether a mask applies, so that the end tells the number of withheld events.
    pub counts_withheld: bool,
    /// The limit of all bytes as a string in JSON. With a limit nothing is sent before the end is known, so an error becomes the
    /// answer. `None`: no limit, and bytes are sent as they come.
    pub room: Option<usize>,
    /// The URL before the path of a problem page in `type`.
    pub problem_url: String,
    /// Called once with the number of events and bytes sent, and the outcome; also if the client disconnects.
    pub audit: Audit,
    /// The caller's permission, which is checked again when the policy changes.
    pub authority: Authority,
    /// Counts the bytes in the tenant's daily budget, if it has one.
    pub sent: Option<ByteReservation>,
}

impl std::fmt::Debug for StreamOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ending").field("as_line", &self.as_line).finish_non_exhaustive()
    }
}

/// Writes the audit line when dropped, so once for every end of the stream.
pub struct Audit {
    /// Events written.
    pub events: u64,
    /// Bytes written, before compression.
    pub bytes: u64,
    /// The outcome. It stays unchanged if the client disconnects.
    pub outcome: &'static str,
    write: Option<OnFinished>,
}

impl std::fmt::Debug for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Audit({} events, {})", self.events, self.outcome)
    }
}

impl Audit {
    /// Begins to count. `write` gets events, bytes and the outcome.
    pub fn new(write: impl FnOnce(u64, u64, &'static str) + Send + 'static) -> Self {
        Self { events: 0, bytes: 0, outcome: "client_left", write: Some(Box::new(write)) }
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        if let Some(write) = self.write.take() {
            write(self.events, self.bytes, self.outcome);
        }
    }
}

/// The rest of the body.
enum StreamState {
    /// The bytes before the events.
    Head,
    Events,
    Trailers(HeaderMap),
    Over,
}

struct EventStream<Op> {
    export: Export<Op>,
    writer: Writer,
    options: StreamOptions,
    /// Why the stream ends, if the tenant's budget does.
    exceeded: Option<LimitExceeded>,
    state: StreamState,
}

pub(super) type Step = Result<Frame<Bytes>, std::io::Error>;

/// The body that writes the export.
pub fn body<Op: ReadEvents>(export: Export<Op>, writer: Writer, options: StreamOptions) -> Body {
    let stream = EventStream { export, writer, options, exceeded: None, state: StreamState::Head };
    // Compression polls once more after the end.
    Body::new(StreamBody::new(Box::pin(stream::unfold(stream, step).fuse())))
}

/// An upper estimate of a page's bytes, with few characters to escape.
pub(super) fn estimate(page: &Events) -> usize {
    /// Bytes around an event.
    const AROUND: usize = 240;
    page.heap_bytes() + page.len() * AROUND
}

/// Bytes that are reserved for a page of a stream before it begins, so that a stream ends at a page's end, where it has a cursor.
#[must_use]
pub fn page_estimate(page: &Events) -> u64 {
    estimate(page) as u64
}

async fn step<Op: ReadEvents>(mut stream: EventStream<Op>) -> Option<(Step, EventStream<Op>)> {
    loop {
        let is_running = matches!(stream.state, StreamState::Head | StreamState::Events);
        if is_running && let Some(error) = stream.options.authority.withdrawn().await {
            stream.state = StreamState::Over;
            return stream.error_line(&error).map(|frame| (frame, stream));
        }
        let (frame, state) = match std::mem::replace(&mut stream.state, StreamState::Over) {
            StreamState::Head => {
                let mut out = Vec::new();
                stream.writer.begin(&mut out);
                (stream.data(out), StreamState::Events)
            }
            StreamState::Events => match stream.export.page().await {
                Some(Ok((events, from))) if from == 0 && !stream.can_send(page_estimate(&events)).await => {
                    stream.end_over_budget()
                }
                Some(Ok((events, _))) if stream.options.room.is_some() => stream.encode_whole(&events),
                Some(Ok((events, from))) => {
                    let bytes = frame_bytes_of(&events);
                    if stream.export.try_reserve_frame(bytes) {
                        stream.encode(&events, from).await
                    } else {
                        drop(events);
                        match stream.export.reserve_frame(bytes).await {
                            Ok(()) => (None, StreamState::Events),
                            Err(error) => (stream.error_line(&error.into()), StreamState::Over),
                        }
                    }
                }
                Some(Err(error)) => (stream.error_line(&error.into()), StreamState::Over),
                None => stream.end(),
            },
            StreamState::Trailers(trailers) => (Some(Ok(Frame::trailers(trailers))), StreamState::Over),
            StreamState::Over => return None,
        };
        stream.state = state;
        if let Some(frame) = frame {
            return Some((frame, stream));
        }
    }
}

impl<Op: ReadEvents> EventStream<Op> {
    /// Makes a frame of the page's events, beginning with the one at `from`.
    async fn encode(&mut self, events: &Events, from: usize) -> (Option<Step>, StreamState) {
        let mut out = Vec::new();
        let place = self.writer.part(events, from, FRAME_BYTES, &mut out);
        // Shrinking always succeeds: the written bytes are not more than the reserved ones.
        let _fits = self.export.try_reserve_frame(out.len() as u64);
        if !self.can_send(out.len() as u64).await {
            return self.end_over_budget();
        }
        self.options.audit.events += (place - from) as u64;
        self.export.mark_written(place);
        (self.data(out), StreamState::Events)
    }

    /// Whether the tenant's budget covers this many bytes, in addition to those for the end of the stream.
    async fn can_send(&mut self, bytes: u64) -> bool {
        let Some(sent) = &mut self.options.sent else { return true };
        match sent.ensure(bytes + ENDING_BYTES).await {
            Ok(()) => true,
            Err(exceeded) => {
                self.exceeded = Some(exceeded);
                false
            }
        }
    }

    /// The tenant's budget ends here: NDJSON ends with the error and a cursor from which the client can continue, if nothing of the
    /// page was written. The other formats are cut off.
    fn end_over_budget(&mut self) -> (Option<Step>, StreamState) {
        let Some(exceeded) = self.exceeded.take() else { return (None, StreamState::Over) };
        metrics::limit_refused(exceeded.limit.key());
        let error = ApiError::from(exceeded);
        let is_line = self.writer.layout() == Layout::Ndjson && self.options.room.is_none();
        if !(is_line && self.export.try_end_before_page(StopReason::Bytes)) {
            return (self.error_line(&error), StreamState::Over);
        }
        let cursor = self.export.ended().and_then(|(position, stop)| (self.options.seal)(position, stop).ok());
        let Some(cursor) = cursor else { return (self.error_line(&error), StreamState::Over) };
        self.options.audit.outcome = "failed";
        let problem = error.problem().at(&self.options.problem_url);
        let mut line = serde_json::to_vec(&serde_json::json!({ "error": problem, "cursor": cursor })).unwrap_or_default();
        line.push(b'\n');
        let end = StreamEnd { cursor, withheld: self.options.counts_withheld.then_some(self.export.withheld()) };
        (self.data(line), StreamState::Trailers(end.trailers()))
    }

    /// Makes a frame of the whole page, if there is room for it.
    fn encode_whole(&mut self, events: &Events) -> (Option<Step>, StreamState) {
        let mut out = Vec::new();
        self.writer.page(events, &mut out);
        match self.options.room.and_then(|room| room.checked_sub(escaped_length(&out))) {
            Some(left) => {
                self.options.room = Some(left);
                self.options.audit.events += events.len() as u64;
                self.export.mark_written(events.len());
                (self.data(out), StreamState::Events)
            }
            None => self.cut(),
        }
    }

    /// The last page that was read does not fit: ends before it if the format can express that.
    fn cut(&mut self) -> (Option<Step>, StreamState) {
        if self.options.as_line && self.export.try_end_before_page(StopReason::Bytes) {
            return self.end();
        }
        let how = match self.writer.layout() {
            Layout::Ndjson => "request less, or add `trailer=line`: the answer then ends with a cursor",
            _ => "request less, or JSON page by page",
        };
        let detail = format!("the answer is larger than can be returned here: {how}");
        (self.error_line(&ApiError::parameter("limit", detail)), StreamState::Over)
    }

    fn data(&mut self, out: Vec<u8>) -> Option<Step> {
        self.options.audit.bytes += out.len() as u64;
        if let Some(sent) = &mut self.options.sent {
            sent.note(out.len() as u64);
        }
        // Without spare capacity, because a slow client keeps this for a long time.
        (!out.is_empty()).then(|| Ok(Frame::data(Bytes::from(out.into_boxed_slice()))))
    }

    /// NDJSON has a line for the error. The other formats have no place for it, so the body is aborted.
    fn error_line(&mut self, error: &ApiError) -> Option<Step> {
        tracing::warn!(error = %error, "an export ended midway: {error}");
        self.options.audit.outcome = "failed";
        if self.options.room.is_some() {
            // Nothing was sent yet.
            return Some(Err(std::io::Error::other(error.clone())));
        }
        match self.writer.layout() {
            Layout::Ndjson => {
                let mut line = serde_json::to_vec(&serde_json::json!({ "error": error.problem().at(&self.options.problem_url) }))
                    .unwrap_or_default();
                line.push(b'\n');
                self.data(line)
            }
            Layout::JsonItems | Layout::Csv | Layout::Text | Layout::RawText => {
                Some(Err(std::io::Error::other("the export failed midway")))
            }
        }
    }

    fn end(&mut self) -> (Option<Step>, StreamState) {
        let Some((position, stop)) = self.export.ended() else { return (None, StreamState::Over) };
        if stop == StopReason::Time && !self.options.as_line {
            // Without a line for it the client would not know that there is more.
            return (self.error_line(&ApiError::IncompleteBody), StreamState::Over);
        }
        let cursor = match (self.options.seal)(position, stop) {
            Ok(cursor) => cursor,
            // With a limit these are not all events, and without a cursor the client must see that.
            Err(error) => return (self.error_line(&error), StreamState::Over),
        };
        self.options.audit.outcome = stop.as_str();
        let end = StreamEnd { cursor, withheld: self.options.counts_withheld.then_some(self.export.withheld()) };
        let line = if self.options.as_line { self.data(end.line(stop)) } else { None };
        (line, StreamState::Trailers(end.trailers()))
    }
}
