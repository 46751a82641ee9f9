//! What an event request asks: its parameters, and the cursor that they must agree with.

use logmark_event_page::Columns;

use super::chosen_streams;
use super::cursor::{Continuation, CursorRequest, KIND, ReadFrom};
use crate::domain::event::{Direction, Position};
use crate::domain::filter::EventFilter;
use crate::domain::name::{LogGroupName, LogStreamName, SourceName};
use crate::domain::operation::{ReadGroup, ReadLogs, ReadStream, Reading, StartBy, StreamSelection};
use crate::domain::time::{Millis, TimeRange, TimeSpec};
use crate::http::authorized::{ParseRequest, RequestContext};
use crate::http::encode::Format;
use crate::http::field_error::Language;
use crate::http::input::Input;
use crate::http::ops::list;
use crate::http::packed_request::PackedRequest;
use crate::http::problem::{ApiError, CURSOR};
use crate::http::validator::IfNoneMatch;
use crate::sources::reader::ReadMode;

/// Events in a page when the request does not say.
const DEFAULT_LIMIT: usize = 1000;
/// Events in a page at most; CloudWatch's own limit too.
const MAX_LIMIT: usize = 10_000;

/// What an event request says besides its operation.
#[derive(Debug)]
pub struct EventsRequest {
    pub(super) cursor_request: CursorRequest,
    /// The shape as the answer's cursors carry it.
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
    /// What the client has already.
    pub(super) known: IfNoneMatch,
}

/// The parameters as they were given.
struct RawParameters {
    /// The names stand in the path, which then says whether it is about a stream or a group.
    in_path: bool,
    group: Option<LogGroupName>,
    stream: Option<LogStreamName>,
    source: Option<SourceName>,
    streams: Option<StreamSelection>,
    /// Given, and then a filter or one that lets everything pass.
    filter: Option<Option<EventFilter>>,
    start: Option<TimeSpec>,
    end: Option<TimeSpec>,
    from: Option<ReadFrom>,
    cursor: Option<String>,
}

impl ParseRequest for EventsRequest {
    type Op = ReadLogs;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(ReadLogs, Self), ApiError> {
        let given = RawParameters::read(input);
        let limit = input.number("limit", 1, MAX_LIMIT);
        let format = read_format(input, context);
        let columns = read_columns(input);
        let raw = input.choice("raw", &SWITCH).unwrap_or(false);
        let byte_order_mark = input.choice("bom", &SWITCH).unwrap_or(false);
        let cursor_line = input.choice("trailer", &[("line", true)]).unwrap_or(false);
        let bound = [("raw", raw, Format::Text), ("bom", byte_order_mark, Format::Csv), ("trailer", cursor_line, Format::Ndjson)];
        for (name, used, with) in bound {
            if used && format.as_ref().is_ok_and(|format| *format != with) {
                input.error(name, format!("goes with `{}` only", with.essence()));
            }
        }
        if columns.is_some() && format.as_ref().is_ok_and(|format| *format == Format::Json) {
            input.error("columns", "goes with `format=csv`, `format=ndjson` and `format=text`: a JSON page has whole events");
        }
        if given.group.is_none() && given.cursor.is_none() {
            input.require("group", "is missing: name a log group, or give a `cursor`");
        }
        input.finish()?;
        let ResolvedRequest { cursor_request, packed_request, source, position, direction, mode } = given.resolve(context)?;
        let format = format?;
        let streamed = format != Format::Json;
        // A stream without a limit is the whole range, whichever end was meant; backwards only pages can be read.
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
            known: IfNoneMatch::from_headers(context.headers),
        };
        Ok((request.operation(context.now), request))
    }
}

const SWITCH: [(&str, bool); 2] = [("true", true), ("false", false)];

/// `columns`. They belong to the format, so a cursor does not carry them.
fn read_columns(input: &mut Input) -> Option<Columns> {
    let text = input.take("columns")?;
    let columns = Columns::parse(&text);
    columns.map_err(|faults| faults.iter().for_each(|error| input.error("columns", error.to_string()))).ok()
}

fn read_format(input: &mut Input, context: RequestContext<'_>) -> Result<Format, ApiError> {
    match input.choice("format", &Format::WORDS) {
        Some(format) => Ok(format),
        None => Format::negotiate(context.headers, &[Format::Json, Format::Ndjson, Format::Csv, Format::Text]),
    }
}

/// What is read, from where, and which way.
struct ResolvedRequest {
    cursor_request: CursorRequest,
    packed_request: PackedRequest,
    source: Option<SourceName>,
    /// Where to go on; `None`: at the beginning.
    position: Option<Position>,
    direction: Direction,
    mode: ReadMode,
}

impl RawParameters {
    fn read(input: &mut Input) -> Self {
        let in_path = input.has_path();
        let group = if in_path { input.path_name("group") } else { input.query_name("group") };
        let stream = if in_path { input.path_name("stream") } else { input.query_name("stream") };
        let source = list::source(input);
        let start = input.read("start", TimeSpec::parse);
        let end = input.read("end", TimeSpec::parse);
        let from = input.choice("from", &[("head", ReadFrom::Head), ("tail", ReadFrom::Tail)]);
        let streams = chosen_streams::read(input, stream.is_some());
        let filter = input.text("filter", Language::Filter, EventFilter::parse);
        let cursor = input.take("cursor");
        input.unsupported("follow");
        input.unsupported("ticket");
        Self { in_path, group, stream, source, streams, filter, start, end, from, cursor }
    }

    /// The request: the cursor's, which what is given beside it must not contradict, or a new one.
    fn resolve(mut self, context: RequestContext<'_>) -> Result<ResolvedRequest, ApiError> {
        match self.cursor.clone() {
            Some(text) => {
                let tenant = &context.caller.tenant.id;
                let (packed_request, continuation): (PackedRequest, Continuation) =
                    context.app.sealer.open(KIND, tenant, context.now, &text)?;
                let cursor_request: CursorRequest = packed_request.read().ok_or(ApiError::InvalidCursor(CURSOR.into()))?;
                let Continuation { source, direction, position, mode } = continuation;
                self.must_agree_with(&cursor_request, &source)?;
                // Reading goes on where it began, whatever other source may have a group of that name by now.
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

    fn must_agree_with(&self, cursor_request: &CursorRequest, source: &SourceName) -> Result<(), ApiError> {
        let same_stream = self.stream.is_none() || self.stream == cursor_request.stream;
        let same_kind = !self.in_path || self.stream.is_some() == cursor_request.stream.is_some();
        if self.group.as_ref().is_some_and(|group| *group != cursor_request.group) || !same_stream || !same_kind {
            return Err(ApiError::InvalidCursor(CURSOR.into()));
        }
        let differs = [
            ("source", self.source.as_ref().is_some_and(|given| given != source)),
            ("start", self.start.is_some() && self.start != cursor_request.start),
            ("end", self.end.is_some() && self.end != cursor_request.end),
            ("from", self.from.is_some() && self.from != cursor_request.from),
            ("filter", self.filter.as_ref().is_some_and(|filter| *filter != cursor_request.filter)),
            ("streams` or `streamPrefix", self.streams.as_ref().is_some_and(|streams| *streams != cursor_request.streams)),
        ];
        match differs.iter().find(|(_, differs)| *differs) {
            Some((name, _)) => {
                Err(ApiError::InvalidCursor(format!("`{name}` differs from the request that the cursor carries").into()))
            }
            None => Ok(()),
        }
    }

    fn cursor_request(self, context: RequestContext<'_>) -> Result<CursorRequest, ApiError> {
        let group = self.group.ok_or_else(|| ApiError::parameter("group", "is missing"))?;
        let resolve = |name: &'static str, spec: Option<TimeSpec>| {
            let millis = spec.map(|spec| spec.resolve(context.now)).transpose();
            millis.map_err(|error| ApiError::parameter(name, error.to_string()))
        };
        let (mut start, end) = (resolve("start", self.start)?, resolve("end", self.end)?);
        if let (Some(first), Some(end)) = (start, end)
            && end <= first
        {
            return Err(ApiError::parameter("end", format!("`{end}` is not later than `start`, `{first}`")));
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

impl EventsRequest {
    /// The operation to be permitted. A streamed answer ends at the moment it was asked for, or it might never end.
    fn operation(&self, now: Millis) -> ReadLogs {
        let CursorRequest { group, stream, streams, filter, range: (start, end), .. } = self.cursor_request.clone();
        let end = end.or((self.format != Format::Json).then_some(now.0.saturating_add(1)));
        let range = TimeRange { start: start.map(Millis), end: end.map(Millis) };
        let direction = self.direction;
        let start_by = if self.cursor_request.start.is_some() { StartBy::Caller } else { StartBy::Service };
        let reading = match (stream, filter) {
            (Some(stream), None) => Reading::Stream(ReadStream { group, stream, range, direction }),
            // GetLogEvents knows no filter: one stream with one is a group of which one stream is chosen.
            (Some(stream), filter) => {
                let streams = StreamSelection::Names(vec![stream]);
                Reading::Group(ReadGroup { group, streams, filter, range, start_by, direction })
            }
            (None, filter) => Reading::Group(ReadGroup { group, streams, filter, range, start_by, direction }),
        };
        ReadLogs { reading, resumed: self.position.is_some(), source: self.source.clone() }
    }
}
