//! The answer to an event request: a page, or a stream, in the negotiated format.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, TRAILER};
use logmark_event_page::{Columns, Events, Layout, Writer};
use logmark_quota::Reservation;

use super::cursor::{Continuation, CursorRequest, KIND};
use super::parameters::COLUMNS;
use super::request::{EventsRequest, StoredRequest};
use crate::auth::permit::{EventsPermit, Permit};
use crate::domain::event::{Direction, Position, StopReason};
use crate::domain::name::LogStreamName;
use crate::domain::rules::EventRules;
use crate::domain::tail::EventsOperation;
use crate::domain::time::{Millis, TimeSpec};
use crate::http::AppState;
use crate::http::authority::Authority;
use crate::http::authorized::{Authorized, ParseRequest};
use crate::http::encode::Format;
use crate::http::encode::complete_page::{CompletePage, finished};
use crate::http::encode::json::{MAX_ENCODED_BYTE, MAX_ENCODED_EVENT, PageBody, escaped_events};
use crate::http::encode::stream::{self, Audit, CURSOR_TRAILER, StreamEnd, StreamOptions, WITHHELD_TRAILER};
use crate::http::layers::RequestInfo;
use crate::http::memory::CountedBody;
use crate::http::ops::tail::response::TailResponder;
use crate::http::problem::ApiError;
use crate::http::sent_budget::{BodyEstimate, ENDING_BYTES};
use crate::http::validator::Validator;
use crate::limits::lease::Lease;
use crate::limits::limit::Work;
use crate::sources::SourceError;
use crate::sources::export::Export;
use crate::sources::page_pool::MAX_ESCAPED_BYTE;
use crate::sources::reader::{self, PageBudget, PageRead, ReadEvents, ReadMode, SizeMeasure};
use crate::telemetry::audit::AuditLine;
use crate::telemetry::metrics;

/// Bytes of messages in one page of a streamed answer. It bounds the memory of the answer.
const STREAM_PAGE_BYTES: usize = 1024 * 1024;

/// Bytes of a bounded answer that are kept for cursors and names.
const AROUND_EVENTS: usize = 64 * 1024;
/// Answers up to about this size are written at once.
const WHOLE_BYTES: usize = 256 * 1024;
/// The measure of events in an answer of bounded size.
const ENCODED: SizeMeasure = SizeMeasure::Encoded { of: escaped_events, byte: MAX_ENCODED_BYTE, event: MAX_ENCODED_EVENT };

/// Answers an event request in the negotiated format.
///
/// # Errors
/// The source's error, if it occurs before the answer's head is sent.
pub async fn respond<R>(app: AppState, authorized: Authorized<R>) -> Result<Response, ApiError>
where
    R: ParseRequest<Op = EventsOperation> + Into<EventsRequest>,
{
    let Authorized { caller, permit, request, now, info } = authorized;
    match request.into() {
        EventsRequest::Stored(request) => {
            check_columns(request.columns.as_ref(), permit.rules())?;
            let concurrent_exports = caller.tenant.limits.concurrent_exports;
            let authority = request.is_stream().then(|| Authority::new(&app, caller, permit.clone(), request.credential.clone()));
            let response = EventResponder { app, request, now, info, concurrent_exports };
            match permit.narrow() {
                EventsPermit::ReadStream(permit) => response.write(permit, authority).await,
                EventsPermit::ReadGroup(permit) => response.write(permit, authority).await,
                EventsPermit::TailStream(_) | EventsPermit::TailGroup(_) => Err(another_request()),
            }
        }
        EventsRequest::Live(request) => {
            check_columns(request.columns.as_ref(), permit.rules())?;
            let authority = Authority::new(&app, caller, permit.clone(), request.credential.clone());
            let responder = TailResponder { app, request, now, info, authority };
            match permit.narrow() {
                EventsPermit::TailStream(permit) => responder.respond(permit).await,
                EventsPermit::TailGroup(permit) => responder.respond(permit).await,
                EventsPermit::ReadStream(_) | EventsPermit::ReadGroup(_) => Err(another_request()),
            }
        }
    }
}

/// Refuses a column of a masked value.
fn check_columns(columns: Option<&Columns>, rules: Option<&EventRules>) -> Result<(), ApiError> {
    let (Some(columns), Some(rules)) = (columns, rules) else { return Ok(()) };
    for (_, name) in columns.json_paths() {
        if let Some(path) = rules.masks().find_map(|mask| mask.fields().hides_field(&name)) {
            return Err(ApiError::MaskedField { parameter: COLUMNS.name, path: path.to_string() });
        }
    }
    Ok(())
}

/// Whether a mask of the permit can withhold events.
fn masks<Op: ReadEvents>(permit: &Permit<Op>) -> bool {
    permit.rules().is_some_and(EventRules::masks_fields)
}

/// The operation and the rest of a request come from the same parser, so they are of the same kind.
fn another_request() -> ApiError {
    ApiError::Internal("a permit of another kind than its request".to_owned())
}

struct EventResponder {
    app: AppState,
    request: StoredRequest,
    now: Millis,
    info: Arc<RequestInfo>,
    /// The tenant's limit.
    concurrent_exports: Option<u32>,
}

/// The place of an export among those of its tenant, until its answer is sent.
#[derive(Debug)]
struct ExportLease(#[expect(dead_code, reason = "held until it is dropped")] Lease);

impl EventResponder {
    /// `authority`: for a stream, which checks it again; `None`: the answer is one page.
    async fn write<Op: ReadEvents>(mut self, permit: Permit<Op>, authority: Option<Authority>) -> Result<Response, ApiError> {
        let position = self.request.position.take();
        if self.request.format != Format::Json {
            let share = permit.share();
            let export = self.app.tenant_limits.begin(&share.tenant, Work::Exports, self.concurrent_exports).await?;
            self.info.hold_until_sent(ExportLease(export));
        }
        match authority {
            None => self.page(permit, position).await,
            Some(authority) => self.stream(permit, position, authority).await,
        }
    }

    /// One page. In the streamed formats it is the answer to `from=tail` with a limit: the last events.
    async fn page<Op: ReadEvents>(self, permit: Permit<Op>, position: Option<Position>) -> Result<Response, ApiError> {
        let limits = self.app.limits;
        // A cursor's times are fixed; without a cursor they are if the request gives both.
        let is_fixed = |time| matches!(time, Some(TimeSpec::At(_)));
        let is_about_fixed_times =
            position.is_some() || (is_fixed(self.request.cursor_request.start) && is_fixed(self.request.cursor_request.end));
        let room = self.room();
        let budget = PageBudget {
            limit: self.request.limit.unwrap_or(usize::MAX),
            bytes: room.unwrap_or(limits.page_bytes),
            measure: room.map_or(SizeMeasure::Messages, |_| ENCODED),
            deadline: self.info.work_until(limits.work_time),
            mode: self.request.mode,
        };
        let read = reader::read_page(&self.app.sources, &permit, position, self.request.direction, budget).await?;
        if self.request.format != Format::Json {
            read.memory_error.clone().map_or(Ok(()), Err)?;
            require_complete(read.stop)?;
        }
        let validator = is_about_fixed_times.then(|| self.validator(&read)).flatten();
        if let Some(known) = validator.as_ref().filter(|validator| validator.is_known(&self.request.known)) {
            return Ok(known.not_modified());
        }
        let seal = self.sealer(&permit);
        let next_cursor = seal(Direction::Forward, &read.next, read.mode)?;
        let previous_cursor =
            read.previous.as_ref().map(|position| seal(Direction::Backward, position, ReadMode::Range)).transpose()?;
        let mut audit = audit::<Op>(self.audit_line(&permit));
        audit.events = read.events.iter().map(Events::len).sum::<usize>() as u64;
        let end = StreamEnd { cursor: next_cursor, withheld: masks(&permit).then_some(read.withheld) };
        let written = self.written(read.events, end, previous_cursor, read.stop, audit);
        let response = self.with_headers(self.body(written, read.room), masks(&permit));
        Ok(match validator {
            Some(validator) => validator.apply_to(response),
            None => response,
        })
    }

    fn written(
        &self,
        pages: Vec<Events>,
        end: StreamEnd,
        previous_cursor: Option<String>,
        stop: StopReason,
        audit: Audit,
    ) -> CompletePage {
        if self.request.format != Format::Json {
            let mut head = Vec::new();
            self.writer().begin(&mut head);
            let tail = if self.request.cursor_line { end.line(stop) } else { Vec::new() };
            return CompletePage { head, pages, tail, end: Some(end), stop, audit };
        }
        let (head, tail) = PageBody {
            log_group: self.request.cursor_request.group.as_str(),
            log_stream: self.request.cursor_request.stream.as_ref().map(LogStreamName::as_str),
            events: &[],
            next_cursor: end.cursor,
            previous_cursor,
            stop_reason: stop,
            withheld: end.withheld,
        }
        .around();
        CompletePage { head, pages, tail, end: None, stop, audit }
    }

    /// The body: a small one at once, with a known length; a large one as the client reads it, since escaping can make it six
    /// times as long as its events.
    fn body(&self, written: CompletePage, mut room: Reservation) -> Response {
        let writer = match self.request.format {
            Format::Json => Writer::new(Layout::JsonItems),
            _ => self.writer(),
        };
        let estimate = written.estimate() as u64;
        let at_worst = written.estimate().saturating_mul(MAX_ESCAPED_BYTE) as u64;
        let body = if written.estimate() <= WHOLE_BYTES && room.resize(room.bytes().max(at_worst)) {
            let (out, end) = written.whole(writer);
            // Shrinking a reservation always succeeds.
            let _fits = room.resize(out.len() as u64);
            match end {
                Some(end) => finished(out, &end),
                None => out.into(),
            }
        } else {
            written.body(writer)
        };
        self.info.hold_until_sent(room);
        let mut response = body.into_response();
        response.extensions_mut().insert(CountedBody);
        response.extensions_mut().insert(BodyEstimate(estimate));
        response
    }

    /// The limit of the events' bytes in an answer that is a text in JSON; `None`: no limit.
    fn room(&self) -> Option<usize> {
        self.info
            .response_budget()
            .and_then(|response_budget| response_budget.max_bytes())
            .map(|room| room.saturating_sub(AROUND_EVENTS))
    }

    /// The validator of a complete JSON page that cannot change any more.
    fn validator(&self, read: &PageRead) -> Option<Validator> {
        let is_whole = matches!(read.stop, StopReason::End | StopReason::Limit | StopReason::Bytes);
        (read.is_final && is_whole && self.request.format == Format::Json)
            .then(|| Validator::of(&read.events, read.stop.as_str()))
    }

    async fn stream<Op: ReadEvents>(
        self,
        permit: Permit<Op>,
        position: Option<Position>,
        authority: Authority,
    ) -> Result<Response, ApiError> {
        let seal = self.sealer(&permit);
        let line = self.audit_line(&permit);
        let counts_withheld = masks(&permit);
        let patience = self.app.limits.work_time;
        let mut export = Export::new(self.app.sources.clone(), permit, position, self.request.limit, STREAM_PAGE_BYTES, patience)
            .until(self.info.response_budget().map(|response_budget| response_budget.work_until()));
        let room = self.room();
        if let Some(room) = room {
            export = export.with_page_size(room / 2 / MAX_ENCODED_EVENT, room / 2 / MAX_ENCODED_BYTE);
        }
        // The first page is read before the answer's head is sent, so that an error has a status.
        let first = export.page().await.transpose()?;
        let mut sent = self.info.take_sent();
        if let (Some(sent), Some((events, _))) = (&mut sent, &first) {
            sent.ensure(stream::page_estimate(events) + ENDING_BYTES).await?;
        }
        drop(first);
        line.write_begin();
        let seal_next = Box::new(move |position: &Position, stop| {
            let mode = if stop == StopReason::End { ReadMode::Follow } else { ReadMode::Range };
            seal(Direction::Forward, position, mode)
        });
        let problem_url = self.app.problem_url().to_owned();
        let writer = self.writer();
        let response = self.with_headers(Response::new(Body::empty()), counts_withheld);
        let ending = StreamOptions {
            seal: seal_next,
            as_line: self.request.cursor_line,
            counts_withheld,
            room,
            problem_url,
            audit: audit::<Op>(line),
            authority,
            sent,
        };
        Ok(response.map(|_| stream::body(export, writer, ending)))
    }

    fn writer(&self) -> Writer {
        let layout = match self.request.format {
            Format::Csv => Layout::Csv,
            Format::Text if self.request.raw => Layout::RawText,
            Format::Text => Layout::Text,
            Format::Json | Format::Ndjson | Format::EventStream => Layout::Ndjson,
        };
        let writer = Writer::new(layout).with_columns(self.request.columns.clone());
        if self.request.byte_order_mark { writer.with_byte_order_mark() } else { writer }
    }

    fn sealer<Op: ReadEvents>(
        &self,
        permit: &Permit<Op>,
    ) -> impl Fn(Direction, &Position, ReadMode) -> Result<String, ApiError> + Send + use<Op> {
        let (app, now, request) = (self.app.clone(), self.now, self.request.packed_request.clone());
        let tenant = permit.tenant().clone();
        let source = permit.sources().first().map(|rule| rule.source.clone());
        move |direction, position, mode| {
            let source = source.clone().ok_or_else(|| ApiError::Internal("a permit without a source".to_owned()))?;
            let continuation = Continuation { source, direction, position: position.clone(), mode };
            app.sealer.seal_position(KIND, &tenant, now, &request, &continuation)
        }
    }

    fn audit_line<Op: ReadEvents>(&self, permit: &Permit<Op>) -> AuditLine {
        let CursorRequest { group, stream, .. } = &self.request.cursor_request;
        AuditLine::new::<Op>(self.info.audit_context(), permit, Some(group.as_str()), stream.as_ref().map(LogStreamName::as_str))
    }

    fn with_headers(&self, mut response: Response, counts_withheld: bool) -> Response {
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.request.format.content_type()));
        if let Some(extension) = match self.request.format {
            Format::Csv => Some("csv"),
            Format::Ndjson => Some("ndjson"),
            Format::Json | Format::Text | Format::EventStream => None,
        } {
            let name = file_name(&self.request.cursor_request, extension);
            if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
                headers.insert(CONTENT_DISPOSITION, value);
            }
        }
        if self.request.format != Format::Json {
            headers.insert(TRAILER, HeaderValue::from_static(CURSOR_TRAILER));
            if counts_withheld {
                headers.append(TRAILER, HeaderValue::from_static(WITHHELD_TRAILER));
            }
        }
        response
    }
}

/// Counts the sent events and bytes, for the audit line and the metrics.
fn audit<Op: ReadEvents>(line: AuditLine) -> Audit {
    Audit::new(move |events, bytes, outcome| {
        metrics::events_returned(Op::NAME, events, bytes);
        line.write(events, bytes, outcome);
    })
}

/// Refuses an incomplete set of last events: only a JSON page can say that it is incomplete, and only it has a cursor to the
/// earlier events.
fn require_complete(stop: StopReason) -> Result<(), ApiError> {
    match stop {
        StopReason::End | StopReason::Limit => Ok(()),
        StopReason::Bytes => {
            Err(ApiError::parameter("limit", "is more than one answer can hold here: give a smaller limit, or `start`"))
        }
        StopReason::Time => Err(SourceError::Timeout.into()),
        StopReason::Throttled => Err(SourceError::Throttled { retry_after: Duration::from_secs(1) }.into()),
    }
}

/// A file name from the group's and stream's names: letters, digits, `.`, `_` and `-` only, which every client accepts in RFC 6266.
fn file_name(cursor_request: &CursorRequest, extension: &str) -> String {
    let stream = cursor_request.stream.as_ref().map_or("", LogStreamName::as_str);
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = format!("{}_{stream}", cursor_request.group).chars().take(120).map(plain).collect();
    format!("{}.{extension}", name.trim_matches(['_', '.']))
}
