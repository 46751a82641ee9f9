//! The request of the event endpoints: its parameters, and the cursor that they must match.
//!
//! Owns what `parameters` mean together. See also [`super::response`].

use http::HeaderValue;
use logmark_event_page::Columns;

use super::chosen_streams;
use super::cursor::{Continuation, CursorRequest, KIND, ReadFrom};
use super::parameters::{
    BOM, COLUMNS, CURSOR, END, FILTER, FOLLOW, FORMAT, FROM, GROUP, IF_NONE_MATCH, LIMIT, RAW, START, STREAM, STREAM_IN_PATH,
    TRAILER,
};
use super::tail_request::{self, TailRequest};
use crate::domain::event::{Direction, Position};
use crate::domain::filter::EventFilter;
use crate::domain::name::{LogGroupName, LogStreamName, SourceName};
use crate::domain::operation::{ReadGroup, ReadLogs, ReadStream, Reading, StartBy, StreamSelection};
use crate::domain::tail::EventsOperation;
use crate::domain::time::{Millis, TimeRange, TimeSpec};
use crate::http::authorized::{RequestContext, credential_of};
use crate::http::encode::Format;
use crate::http::input::Input;
use crate::http::ops::parameters::{GROUP_IN_PATH, SOURCE};
use crate::http::packed_request::PackedRequest;
use crate::http::problem::{ApiError, INVALID_CURSOR};
use crate::http::validator::IfNoneMatch;
use crate::sources::reader::ReadMode;

/// The default of `limit` for a page.
const DEFAULT_LIMIT: usize = 1000;
/// Where a request names its group and its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http::ops) enum NamesIn {
    /// Both in the path.
    StreamPath,
    /// The group in the path.
    GroupPath,
    /// Both in the query string, where a cursor can replace them.
    Query,
}

/// An event request without its operation.
#[derive(Debug)]
pub enum EventsRequest {
    /// For stored events.
    Stored(StoredRequest),
    /// For new events, as they arrive.
    Live(TailRequest),
}

/// The parts of a request for stored events that are not part of its operation.
#[derive(Debug)]
pub struct StoredRequest {
    pub(super) cursor_request: CursorRequest,
    /// The request as the cursors of its answer contain it.
    pub(super) packed_request: PackedRequest,
    pub(super) source: Option<SourceName>,
    pub(super) position: Option<Position>,
    pub(super) direction: Direction,
    pub(super) mode: ReadMode,
    pub(super) limit: Option<usize>,
    pub(super) format: Format,
    /// The columns that CSV, NDJSON and text show; `None`: the format's own.
    pub(super) columns: Option<Columns>,
    pub(super) raw: bool,
    pub(super) byte_order_mark: bool,
    pub(super) cursor_line: bool,
    /// The `Authorization` of the request, to check it again during an export. Without one the caller came with a ticket.
    pub(super) credential: Option<HeaderValue>,
    /// The pages that the client has.
    pub(super) known: IfNoneMatch,
}

/// The parameters as they were given.
pub(super) struct RawParameters {
    names_in: NamesIn,
    pub(super) group: Option<LogGroupName>,
    stream: Option<LogStreamName>,
    pub(super) source: Option<SourceName>,
    streams: Option<StreamSelection>,
    /// `None`: not given. `Some(None)`: a pattern that matches every event.
    filter: Option<Option<EventFilter>>,
    start: Option<TimeSpec>,
    pub(super) end: Option<TimeSpec>,
    pub(super) from: Option<ReadFrom>,
    pub(super) cursor: Option<String>,
}

impl EventsRequest {
    /// Parses the request of one of the three endpoints.
    ///
    /// # Errors
    /// All faults of the parameters at once, or the fault of the cursor.
    pub(in crate::http::ops) fn parse(
        input: &mut Input,
        context: RequestContext<'_>,
        names_in: NamesIn,
    ) -> Result<(EventsOperation, Self), ApiError> {
        let given = RawParameters::read(input, names_in);
        let follow = input.get(&FOLLOW);
        let format = read_format(input, context, follow);
        let is_live = follow.unwrap_or_else(|| format.as_ref().is_ok_and(|format| *format == Format::EventStream));
        if is_live {
            let (op, request) = TailRequest::parse(input, context, given, format)?;
            return Ok((EventsOperation::Tail(op), Self::Live(request)));
        }
        if follow == Some(false) && format.as_ref().is_ok_and(|format| *format == Format::EventStream) {
            input.error(FOLLOW.name, "must be `true` for `text/event-stream`, which is a live tail: leave it out");
        }
        let (op, request) = StoredRequest::parse(input, context, given, format)?;
        Ok((EventsOperation::Read(op), Self::Stored(request)))
    }
}

impl StoredRequest {
    fn parse(
        input: &mut Input,
        context: RequestContext<'_>,
        given: RawParameters,
        format: Result<Format, ApiError>,
    ) -> Result<(ReadLogs, Self), ApiError> {
        let limit = input.get(&LIMIT);
        let columns = input.get(&COLUMNS);
        let raw = input.get(&RAW).unwrap_or(false);
        let byte_order_mark = input.get(&BOM).unwrap_or(false);
        let cursor_line = input.get(&TRAILER).unwrap_or(false);
        let bound = [
            (RAW.name, raw, Format::Text),
            (BOM.name, byte_order_mark, Format::Csv),
            (TRAILER.name, cursor_line, Format::Ndjson),
        ];
        for (name, used, with) in bound {
            if used && format.as_ref().is_ok_and(|format| *format != with) {
                input.error(name, format!("goes with `{}` only", with.essence()));
            }
        }
        if columns.is_some() && format.as_ref().is_ok_and(|format| *format == Format::Json) {
            input.error(
                COLUMNS.name,
                "goes with `format=csv`, `format=ndjson` and `format=text` only: a JSON page has whole events",
            );
        }
        given.require_group(input);
        input.finish()?;
        let ResolvedRequest { cursor_request, packed_request, source, position, direction, mode } = given.resolve(context)?;
        let format = format?;
        let streamed = format != Format::Json;
        // A streamed answer without a limit is the whole range, in ascending order; backwards there are pages only.
        let direction = if streamed && limit.is_none() && position.is_none() { Direction::Forward } else { direction };
        let limit = limit.or((!streamed || direction == Direction::Backward).then_some(DEFAULT_LIMIT));
        let request = Self {
            cursor_request,
            packed_request,
            source,
            position,
            direction,
            mode,
            limit,
            format,
            columns,
            raw,
            byte_order_mark,
            cursor_line,
            credential: is_stream(format, direction).then(|| credential_of(context.headers)).flatten(),
            known: IfNoneMatch::from_values(IF_NONE_MATCH.values(context.headers)),
        };
        Ok((request.operation(context.now), request))
    }
}

/// Whether the answer is read while it is written. Backwards there are pages only.
fn is_stream(format: Format, direction: Direction) -> bool {
    format != Format::Json && direction == Direction::Forward
}

fn read_format(input: &mut Input, context: RequestContext<'_>, follow: Option<bool>) -> Result<Format, ApiError> {
    const LIVE: &[Format] = &[Format::EventStream, Format::Ndjson];
    const STORED: &[Format] = &[Format::Json, Format::Ndjson, Format::Csv, Format::Text];
    const ALL: &[Format] = &[Format::Json, Format::Ndjson, Format::Csv, Format::Text, Format::EventStream];
    match (input.get(&FORMAT), follow) {
        (Some(format), _) => Ok(format),
        (None, Some(true)) => Format::negotiate(context.headers, LIVE),
        (None, Some(false)) => Format::negotiate(context.headers, STORED),
        (None, None) => Format::negotiate(context.headers, ALL),
    }
}

/// The request after its cursor was opened.
struct ResolvedRequest {
    cursor_request: CursorRequest,
    packed_request: PackedRequest,
    source: Option<SourceName>,
    /// The position to continue from; `None`: the beginning of the range.
    position: Option<Position>,
    direction: Direction,
    mode: ReadMode,
}

impl RawParameters {
    pub(super) fn read(input: &mut Input, names_in: NamesIn) -> Self {
        let (group, stream) = match names_in {
            NamesIn::StreamPath => (input.get(&GROUP_IN_PATH), input.get(&STREAM_IN_PATH)),
            NamesIn::GroupPath => (input.get(&GROUP_IN_PATH), None),
            NamesIn::Query => (input.get(&GROUP), input.get(&STREAM)),
        };
        if names_in == NamesIn::StreamPath || stream.is_some() {
            chosen_streams::refuse(input);
        }
        let streams = if names_in == NamesIn::StreamPath { None } else { chosen_streams::read(input) };
        Self {
            names_in,
            group,
            stream,
            source: input.get(&SOURCE),
            streams,
            start: input.get(&START),
            end: input.get(&END),
            from: input.get(&FROM),
            filter: input.get(&FILTER),
            cursor: input.get(&CURSOR),
        }
    }

    /// Notes a fault if neither a group nor a cursor is given.
    pub(super) fn require_group(&self, input: &mut Input) {
        if self.group.is_none() && self.cursor.is_none() {
            input.require(&GROUP, "is missing: name a log group, or give a `cursor`");
        }
    }

    /// The request: the one in the cursor, which the other parameters must match, or a new one.
    fn resolve(mut self, context: RequestContext<'_>) -> Result<ResolvedRequest, ApiError> {
        match self.cursor.clone() {
            Some(text) => {
                let tenant = &context.caller.tenant.id;
                let opened = context.app.sealer.open(KIND, tenant, context.now, &text);
                let (packed_request, continuation): (PackedRequest, Continuation) = opened.map_err(|error| {
                    let of_tail = || ApiError::InvalidCursor("it is the cursor of a live tail: add `follow=true`".into());
                    if tail_request::is_tail_cursor(&text, context) { of_tail() } else { error }
                })?;
                let cursor_request: CursorRequest =
                    packed_request.read().ok_or(ApiError::InvalidCursor(INVALID_CURSOR.into()))?;
                let Continuation { source, direction, position, mode } = continuation;
                self.must_agree_with(&cursor_request, &source)?;
                // The source stays the same, even if another source has a group of that name by now.
                Ok(ResolvedRequest {
                    cursor_request,
                    packed_request,
                    source: Some(source),
                    position: Some(position),
                    direction,
                    mode,
                })
            }
            None => {
                let source = self.source.take();
                let cursor_request = self.cursor_request(context)?;
                let from =
                    cursor_request.from.unwrap_or(if cursor_request.start.is_some() { ReadFrom::Head } else { ReadFrom::Tail });
                let direction = if from == ReadFrom::Head { Direction::Forward } else { Direction::Backward };
                let packed_request = cursor_request.packed_request()?;
                Ok(ResolvedRequest { cursor_request, packed_request, source, position: None, direction, mode: ReadMode::Range })
            }
        }
    }

    pub(super) fn must_agree_with(&self, cursor_request: &CursorRequest, source: &SourceName) -> Result<(), ApiError> {
        let same_stream = self.stream.is_none() || self.stream == cursor_request.stream;
        let same_kind = self.names_in == NamesIn::Query || self.stream.is_some() == cursor_request.stream.is_some();
        if self.group.as_ref().is_some_and(|group| *group != cursor_request.group) || !same_stream || !same_kind {
            return Err(ApiError::InvalidCursor(INVALID_CURSOR.into()));
        }
        let differs = [
            (SOURCE.name, self.source.as_ref().is_some_and(|given| given != source)),
            (START.name, self.start.is_some() && self.start != cursor_request.start),
            (END.name, self.end.is_some() && self.end != cursor_request.end),
            (FROM.name, self.from.is_some() && self.from != cursor_request.from),
            (FILTER.name, self.filter.as_ref().is_some_and(|filter| *filter != cursor_request.filter)),
            ("streams` or `streamPrefix", self.streams.as_ref().is_some_and(|streams| *streams != cursor_request.streams)),
        ];
        match differs.iter().find(|(_, differs)| *differs) {
            Some((name, _)) => {
                Err(ApiError::InvalidCursor(format!("`{name}` differs from the request in the cursor: leave it out").into()))
            }
            None => Ok(()),
        }
    }

    pub(super) fn cursor_request(self, context: RequestContext<'_>) -> Result<CursorRequest, ApiError> {
        let group = self.group.ok_or_else(|| ApiError::parameter(GROUP.name, "is missing"))?;
        let resolve = |name: &'static str, spec: Option<TimeSpec>| {
            let millis = spec.map(|spec| spec.resolve(context.now)).transpose();
            millis.map_err(|error| ApiError::parameter(name, error.to_string()))
        };
        let (mut start, end) = (resolve(START.name, self.start)?, resolve(END.name, self.end)?);
        if let (Some(first), Some(end)) = (start, end)
            && end <= first
        {
            return Err(ApiError::parameter(END.name, format!("`{end}` is not later than `start`, `{first}`")));
        }
        if let (None, Some(max)) = (start, context.caller.tenant.limits.max_range) {
            let from = end.unwrap_or(context.now).0.saturating_sub(i64::try_from(max.as_millis()).unwrap_or(i64::MAX));
            start = Some(Millis(from.max(0)));
        }
        Ok(CursorRequest {
            group,
            stream: self.stream,
            streams: self.streams.unwrap_or(StreamSelection::All),
            filter: self.filter.flatten(),
            start: self.start,
            end: self.end,
            from: self.from,
            range: (start.map(|millis| millis.0), end.map(|millis| millis.0)),
        })
    }
}

impl StoredRequest {
    /// Whether the answer is read while it is written.
    pub fn is_stream(&self) -> bool {
        is_stream(self.format, self.direction)
    }

    /// The operation that needs a permit. A streamed answer ends at the time of the request; otherwise it might never end.
    fn operation(&self, now: Millis) -> ReadLogs {
        let CursorRequest { group, stream, streams, filter, range: (start, end), .. } = self.cursor_request.clone();
        let end = end.or((self.format != Format::Json).then_some(now.0.saturating_add(1)));
        let range = TimeRange { start: start.map(Millis), end: end.map(Millis) };
        let direction = self.direction;
        let start_by = if self.cursor_request.start.is_some() { StartBy::Caller } else { StartBy::Service };
        let reading = match (stream, filter) {
            (Some(stream), None) => Reading::Stream(ReadStream { group, stream, range, direction }),
            // GetLogEvents has no filter, so a stream with a filter is read as a group with one chosen stream.
            (Some(stream), filter) => {
                let streams = StreamSelection::Names(vec![stream]);
                Reading::Group(ReadGroup { group, streams, filter, range, start_by, direction })
            }
            (None, filter) => Reading::Group(ReadGroup { group, streams, filter, range, start_by, direction }),
        };
        ReadLogs { reading, resumed: self.position.is_some(), source: self.source.clone() }
    }
}
