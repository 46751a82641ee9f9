//! The request of a live tail: `follow=true` on the event endpoints, and the cursor at which it resumes.
//!
//! Owns what the parameters mean for a tail, and the contents of its cursors. See also [`crate::http::ops::tail`] (the answer).

use http::{HeaderMap, HeaderValue};
use logmark_event_page::Columns;

use super::cursor::{Continuation, CursorRequest, KIND};
use super::parameters::{BOM, COLUMNS, END, FORMAT, FROM, LAST_EVENT_ID, LIMIT, RAW, TRAILER};
use super::request::RawParameters;
use crate::domain::event::Direction;
use crate::domain::name::{SourceName, TenantId};
use crate::domain::operation::StreamSelection;
use crate::domain::tail::{TailGroup, TailLogs, TailStream, Tailing};
use crate::domain::time::Millis;
use crate::http::authorized::{RequestContext, credential_of};
use crate::http::cursor::CursorSealer;
use crate::http::encode::Format;
use crate::http::input::Input;
use crate::http::packed_request::PackedRequest;
use crate::http::problem::{ApiError, INVALID_CURSOR};
use crate::sources::tail::{TailPosition, TailStart};

/// The kind of the cursors of tails (see [`crate::http::cursor`]).
const TAIL_KIND: &str = "tail";

/// How a tail is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveFormat {
    /// Server-Sent Events.
    EventStream,
    /// A JSON object a line.
    Ndjson,
}

/// The parts of a request for a tail that are not part of its operation.
#[derive(Debug)]
pub struct TailRequest {
    pub(in crate::http::ops) cursor_request: CursorRequest,
    /// The request as the cursors of the tail contain it.
    packed_request: PackedRequest,
    pub(in crate::http::ops) start: TailStart,
    pub(in crate::http::ops) format: LiveFormat,
    pub(in crate::http::ops) columns: Option<Columns>,
    /// The header `Authorization`, to authenticate the caller again while the tail runs.
    pub(in crate::http::ops) credential: Option<HeaderValue>,
    source: Option<SourceName>,
}

/// What the cursor of a tail contains: its request, and the position in the tail of a source.
type TailCursor = (PackedRequest, (SourceName, TailPosition));

impl TailRequest {
    /// Parses the request.
    ///
    /// # Errors
    /// All faults of the parameters at once, or the fault of the cursor.
    pub(super) fn parse(
        input: &mut Input,
        context: RequestContext<'_>,
        given: RawParameters,
        format: Result<Format, ApiError>,
    ) -> Result<(TailLogs, Self), ApiError> {
        let columns = input.get(&COLUMNS);
        let cursor = resume_cursor(input, context.headers, given.cursor.as_deref());
        refuse_bounds(input, &given);
        if let Ok(Format::Json | Format::Csv | Format::Text) = format {
            input.error(FORMAT.name, "has no live tail: use `sse` or `ndjson` with `follow`");
        }
        given.require_group(input);
        input.finish()?;
        let format = if format? == Format::Ndjson { LiveFormat::Ndjson } else { LiveFormat::EventStream };
        let (cursor_request, source, start) = resolve(given, cursor, context)?;
        let packed_request = cursor_request.packed_request()?;
        let credential = credential_of(context.headers);
        let request = Self { cursor_request, packed_request, start, format, columns, credential, source };
        Ok((request.operation(), request))
    }

    fn operation(&self) -> TailLogs {
        let CursorRequest { group, stream, streams, filter, .. } = self.cursor_request.clone();
        let tailing = match (stream, filter) {
            (Some(stream), None) => Tailing::Stream(TailStream { group, stream }),
            (Some(stream), filter) => Tailing::Group(TailGroup { group, streams: StreamSelection::Names(vec![stream]), filter }),
            (None, filter) => Tailing::Group(TailGroup { group, streams, filter }),
        };
        let history = match self.start {
            TailStart::Time(start) => Some(start),
            TailStart::Now | TailStart::Position(_) | TailStart::Page(_) => None,
        };
        TailLogs { tailing, source: self.source.clone(), history }
    }
}

/// The cursor at which the tail resumes: `cursor`, or the header `Last-Event-ID`.
fn resume_cursor(input: &mut Input, headers: &HeaderMap, cursor: Option<&str>) -> Option<String> {
    let mut ids = LAST_EVENT_ID.values(headers).iter().map(HeaderValue::as_bytes).filter(|id| !id.is_empty());
    let (id, second) = (ids.next(), ids.next());
    if second.is_some() {
        input.error(LAST_EVENT_ID.name, "is given more than once; give it once");
    }
    // A text that is not UTF-8 is not a cursor, and neither is an empty one.
    let id = id.map(|id| String::from_utf8(id.to_vec()).unwrap_or_default());
    match (cursor, id) {
        (Some(cursor), Some(id)) if *cursor != id => {
            input.error(LAST_EVENT_ID.name, "differs from `cursor`: give one of the two");
            None
        }
        (cursor, id) => id.or(cursor.map(str::to_owned)),
    }
}

/// Refuses parameters that bound an answer: a tail has no end.
fn refuse_bounds(input: &mut Input, given: &RawParameters) {
    let bounds = [
        (LIMIT.name, input.get(&LIMIT).is_some()),
        (END.name, given.end.is_some()),
        (FROM.name, given.from.is_some()),
        (TRAILER.name, input.get(&TRAILER).is_some()),
        (RAW.name, input.get(&RAW).is_some()),
        (BOM.name, input.get(&BOM).is_some()),
    ];
    for (name, _) in bounds.into_iter().filter(|(_, is_given)| *is_given) {
        input.error(name, "can't be combined with `follow`: leave it out");
    }
}

/// The request, its source, and the start of the tail: from the cursor, or from the request.
fn resolve(
    mut given: RawParameters,
    cursor: Option<String>,
    context: RequestContext<'_>,
) -> Result<(CursorRequest, Option<SourceName>, TailStart), ApiError> {
    let Some(text) = cursor else {
        let source = given.source.take();
        let cursor_request = given.cursor_request(context)?;
        // Without `start` a tail has no history, whatever the longest range of the tenant is.
        let start = cursor_request.start.and(cursor_request.range.0);
        let cursor_request = CursorRequest { range: (start, None), ..cursor_request };
        return Ok((cursor_request, source, start.map_or(TailStart::Now, |start| TailStart::Time(Millis(start)))));
    };
    let (cursor_request, source, start) = open(&text, context)?;
    given.must_agree_with(&cursor_request, &source)?;
    Ok((cursor_request, Some(source), start))
}

/// Opens the cursor of a tail, or that of a page, whose answer the tail continues.
fn open(text: &str, context: RequestContext<'_>) -> Result<(CursorRequest, SourceName, TailStart), ApiError> {
    let invalid = || ApiError::InvalidCursor(INVALID_CURSOR.into());
    let (sealer, tenant) = (&context.app.sealer, &context.caller.tenant.id);
    if let Ok((packed, (source, position))) = sealer.open::<TailCursor>(TAIL_KIND, tenant, context.now, text) {
        return Ok((packed.read().ok_or_else(invalid)?, source, TailStart::Position(position)));
    }
    let (packed, continuation): (PackedRequest, Continuation) = sealer.open(KIND, tenant, context.now, text)?;
    let Continuation { source, direction, position, .. } = continuation;
    let cursor_request: CursorRequest = packed.read().ok_or_else(invalid)?;
    if direction == Direction::Backward {
        return Err(ApiError::InvalidCursor("it leads to older events: use `nextCursor` with `follow`".into()));
    }
    if cursor_request.end.is_some() {
        return Err(ApiError::InvalidCursor("its request has an `end`, which a live tail can't have".into()));
    }
    let cursor_request = CursorRequest { from: None, range: (cursor_request.range.0, None), ..cursor_request };
    Ok((cursor_request, source, TailStart::Page(position)))
}

/// The answer to a request for a page with the cursor of a tail. It is the caller's own cursor, so the reason can be told.
pub(super) fn is_tail_cursor(text: &str, context: RequestContext<'_>) -> bool {
    let (sealer, tenant) = (&context.app.sealer, &context.caller.tenant.id);
    sealer.open::<TailCursor>(TAIL_KIND, tenant, context.now, text).is_ok()
}

impl TailRequest {
    /// The cursor of a position in the tail.
    ///
    /// # Errors
    /// As [`CursorSealer::seal`].
    pub(in crate::http::ops) fn seal(
        &self,
        sealer: &CursorSealer,
        tenant: &TenantId,
        now: Millis,
        position: (&SourceName, &TailPosition),
    ) -> Result<String, ApiError> {
        sealer.seal_tail_position(TAIL_KIND, tenant, now, &self.packed_request, position)
    }
}
