//! What an event request asks: its parameters, and the cursor that they must agree with.

use logmark_event_page::Columns;

use super::chosen_streams;
use super::cursor::{From, KIND, Place, Shape};
use crate::domain::event::{Direction, Position};
use crate::domain::filter::EventFilter;
use crate::domain::name::{LogGroupName, LogStreamName, SourceName};
use crate::domain::operation::{ReadGroup, ReadLogs, ReadStream, Reading, StartBy, StreamSelection};
use crate::domain::time::{Millis, TimeRange, TimeSpec};
use crate::http::authorized::{Ask, Setting};
use crate::http::encode::Format;
use crate::http::fault::Language;
use crate::http::input::Input;
use crate::http::ops::list;
use crate::http::packed::Packed;
use crate::http::problem::{ApiError, CURSOR};
use crate::http::validator::Known;
use crate::sources::reader::ReadMode;

/// Events in a page when the request does not say.
const DEFAULT_LIMIT: usize = 1000;
/// Events in a page at most; CloudWatch's own limit too.
const MAX_LIMIT: usize = 10_000;

/// What an event request says besides its operation.
#[derive(Debug)]
pub struct EventsAsk {
    pub(super) shape: Shape,
    /// The shape as the answer's cursors carry it.
    pub(super) packed: Packed,
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
    pub(super) known: Known,
}

/// The parameters as they were given.
struct Given {
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
    from: Option<From>,
    cursor: Option<String>,
}

impl Ask for EventsAsk {
    type Op = ReadLogs;

    fn read(input: &mut Input, setting: Setting<'_>) -> Result<(ReadLogs, Self), ApiError> {
        let given = Given::read(input);
        let limit = input.number("limit", 1, MAX_LIMIT);
        let format = read_format(input, setting);
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
        let Settled { shape, packed, source, position, direction, mode } = given.settle(setting)?;
        let format = format?;
        let streamed = format != Format::Json;
        // A stream without a limit is the whole range, whichever end was meant; backwards only pages can be read.
        let direction = if streamed && limit.is_none() && position.is_none() { Direction::Forward } else { direction };
        let limit = limit.or((!streamed || direction == Direction::Backward).then_some(DEFAULT_LIMIT));
        let ask = Self {
            shape,
            packed,
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
            known: Known::of(setting.headers),
        };
        Ok((ask.operation(setting.now), ask))
    }
}

const SWITCH: [(&str, bool); 2] = [("true", true), ("false", false)];

/// `columns`. They belong to the format, so a cursor does not carry them.
fn read_columns(input: &mut Input) -> Option<Columns> {
    let text = input.take("columns")?;
    let columns = Columns::parse(&text);
    columns.map_err(|faults| faults.iter().for_each(|fault| input.error("columns", fault.to_string()))).ok()
}

fn read_format(input: &mut Input, setting: Setting<'_>) -> Result<Format, ApiError> {
    match input.choice("format", &Format::WORDS) {
        Some(format) => Ok(format),
        None => Format::negotiate(setting.headers, &[Format::Json, Format::Ndjson, Format::Csv, Format::Text]),
    }
}

/// What is read, from where, and which way.
struct Settled {
    shape: Shape,
    packed: Packed,
    source: Option<SourceName>,
    /// Where to go on; `None`: at the beginning.
    position: Option<Position>,
    direction: Direction,
    mode: ReadMode,
}

impl Given {
    fn read(input: &mut Input) -> Self {
        let in_path = input.has_path();
        let group = if in_path { input.path_name("group") } else { input.query_name("group") };
        let stream = if in_path { input.path_name("stream") } else { input.query_name("stream") };
        let source = list::source(input);
        let start = input.read("start", TimeSpec::parse);
        let end = input.read("end", TimeSpec::parse);
        let from = input.choice("from", &[("head", From::Head), ("tail", From::Tail)]);
        let streams = chosen_streams::read(input, stream.is_some());
        let filter = input.text("filter", Language::Filter, EventFilter::parse);
        let cursor = input.take("cursor");
        input.not_yet("follow");
        input.not_yet("ticket");
        Self { in_path, group, stream, source, streams, filter, start, end, from, cursor }
    }

    /// The request: the cursor's, which what is given beside it must not contradict, or a new one.
    fn settle(mut self, setting: Setting<'_>) -> Result<Settled, ApiError> {
        match self.cursor.clone() {
            Some(text) => {
                let tenant = &setting.caller.tenant.id;
                let (packed, place): (Packed, Place) = setting.app.sealer.open(KIND, tenant, setting.now, &text)?;
                let shape: Shape = packed.read().ok_or(ApiError::InvalidCursor(CURSOR.into()))?;
                let Place { source, direction, position, mode } = place;
                self.must_agree_with(&shape, &source)?;
                // Reading goes on where it began, whatever other source may have a group of that name by now.
                Ok(Settled { shape, packed, source: Some(source), position: Some(position), direction, mode })
            }
            None => {
                let source = self.source.take();
                let shape = self.shape(setting)?;
                let from = shape.from.unwrap_or(if shape.start.is_some() { From::Head } else { From::Tail });
                let direction = if from == From::Head { Direction::Forward } else { Direction::Backward };
                let packed = shape.packed()?;
                Ok(Settled { shape, packed, source, position: None, direction, mode: ReadMode::Range })
            }
        }
    }

    fn must_agree_with(&self, shape: &Shape, source: &SourceName) -> Result<(), ApiError> {
        let same_stream = self.stream.is_none() || self.stream == shape.stream;
        let same_kind = !self.in_path || self.stream.is_some() == shape.stream.is_some();
        if self.group.as_ref().is_some_and(|group| *group != shape.group) || !same_stream || !same_kind {
            return Err(ApiError::InvalidCursor(CURSOR.into()));
        }
        let differs = [
            ("source", self.source.as_ref().is_some_and(|given| given != source)),
            ("start", self.start.is_some() && self.start != shape.start),
            ("end", self.end.is_some() && self.end != shape.end),
            ("from", self.from.is_some() && self.from != shape.from),
            ("filter", self.filter.as_ref().is_some_and(|filter| *filter != shape.filter)),
            ("streams` or `streamPrefix", self.streams.as_ref().is_some_and(|streams| *streams != shape.streams)),
        ];
        match differs.iter().find(|(_, differs)| *differs) {
            Some((name, _)) => {
                Err(ApiError::InvalidCursor(format!("`{name}` differs from the request that the cursor carries").into()))
            }
            None => Ok(()),
        }
    }

    fn shape(self, setting: Setting<'_>) -> Result<Shape, ApiError> {
        let group = self.group.ok_or_else(|| ApiError::parameter("group", "is missing"))?;
        let resolve = |name: &'static str, spec: Option<TimeSpec>| {
            let millis = spec.map(|spec| spec.resolve(setting.now)).transpose();
            millis.map_err(|error| ApiError::parameter(name, error.to_string()))
        };
        let (mut start, end) = (resolve("start", self.start)?, resolve("end", self.end)?);
        if let (Some(first), Some(end)) = (start, end)
            && end <= first
        {
            return Err(ApiError::parameter("end", format!("`{end}` is not later than `start`, `{first}`")));
        }
        if let (None, Some(max)) = (start, setting.caller.tenant.limits.max_range) {
            let from = end.unwrap_or(setting.now).0.saturating_sub(i64::try_from(max.as_millis()).unwrap_or(i64::MAX));
            start = Some(Millis(from.max(0)));
        }
        Ok(Shape {
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

impl EventsAsk {
    /// The operation to be permitted. A streamed answer ends at the moment it was asked for, or it might never end.
    fn operation(&self, now: Millis) -> ReadLogs {
        let Shape { group, stream, streams, filter, range: (start, end), .. } = self.shape.clone();
        let end = end.or((self.format != Format::Json).then_some(now.0.saturating_add(1)));
        let range = TimeRange { start: start.map(Millis), end: end.map(Millis) };
        let direction = self.direction;
        let start_by = if self.shape.start.is_some() { StartBy::Caller } else { StartBy::Service };
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
