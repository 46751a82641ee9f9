//! What the three event endpoints share: their parameters, their cursors, and their answers in every format.

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, TRAILER};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::auth::permit::{Permit, ReadPermit};
use crate::domain::event::{Direction, Position};
use crate::domain::name::{LogGroupName, LogStreamName, SourceName};
use crate::domain::operation::{ReadGroup, ReadLogs, ReadStream, Reading, StreamSelection};
use crate::domain::time::{Millis, TimeRange, TimeSpec};
use crate::http::authorized::{Ask, Authorized, Setting};
use crate::http::encode::json::PageBody;
use crate::http::encode::stream::{self, Audit, CURSOR_TRAILER, Ending};
use crate::http::encode::{EventWriter, Format};
use crate::http::input::Input;
use crate::http::problem::{ApiError, CURSOR};
use crate::http::{App, AppState};
use crate::sources::reader::{self, Budget, Export, ReadEvents};

/// The kind of cursor (see [`crate::http::cursor`]).
const KIND: &str = "events";
/// Events in a page when the request does not say.
const DEFAULT_LIMIT: usize = 1000;
/// Events in a page at most; CloudWatch's own limit too.
const MAX_LIMIT: usize = 10_000;
/// Streams that can be named at most; FilterLogEvents' own limit.
const MAX_STREAMS: usize = 100;
/// Bytes of messages that a streamed answer asks of a source at a time: what bounds its memory.
const STREAM_PAGE_BYTES: usize = 512 * 1024;

/// Where reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum From {
    Head,
    Tail,
}

/// The request that a cursor carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Shape {
    group: LogGroupName,
    stream: Option<LogStreamName>,
    streams: StreamSelection,
    start: Option<TimeSpec>,
    end: Option<TimeSpec>,
    from: Option<From>,
    /// `start` and `end` as they were resolved by the first request: relative times stay where they were.
    range: (Option<i64>, Option<i64>),
}

/// Where an earlier answer ended: a position, and the source that it is one of.
type Place = (SourceName, Position);

/// A place in an answer, as it is sealed.
#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    shape: Shape,
    source: SourceName,
    direction: Direction,
    position: Position,
}

/// What an event request says besides its operation.
#[derive(Debug)]
pub struct EventsAsk {
    shape: Shape,
    place: Option<Place>,
    direction: Direction,
    limit: Option<usize>,
    format: Format,
    raw: bool,
    cursor_line: bool,
}

/// The parameters as they were given.
struct Given {
    /// The names stand in the path, which then says whether it is about a stream or a group.
    in_path: bool,
    group: Option<LogGroupName>,
    stream: Option<LogStreamName>,
    streams: Option<StreamSelection>,
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
        let raw = input.choice("raw", &[("true", true), ("false", false)]).unwrap_or(false);
        let cursor_line = input.choice("trailer", &[("line", true)]).unwrap_or(false);
        for (name, used, with) in [("raw", raw, Format::Text), ("trailer", cursor_line, Format::Ndjson)] {
            if used && format.as_ref().is_ok_and(|format| *format != with) {
                input.error(name, format!("goes with `{}` only", with.content_type().split(';').next().unwrap_or("")));
            }
        }
        if given.group.is_none() && given.cursor.is_none() {
            input.require("group", "is missing: name a log group, or give a `cursor`");
        }
        input.finish()?;
        let (shape, place, direction) = given.settle(setting)?;
        let format = format?;
        let streamed = format != Format::Json;
        // A stream without a limit is the whole range, whichever end was meant; backwards only pages can be read.
        let direction = if streamed && limit.is_none() && place.is_none() { Direction::Forward } else { direction };
        let limit = limit.or((!streamed || direction == Direction::Backward).then_some(DEFAULT_LIMIT));
        let ask = Self { shape, place, direction, limit, format, raw, cursor_line };
        Ok((ask.operation(setting.now), ask))
    }
}

fn read_format(input: &mut Input, setting: Setting<'_>) -> Result<Format, ApiError> {
    match input.choice("format", &Format::WORDS) {
        Some(format) => Ok(format),
        None => Format::negotiate(setting.headers, &[Format::Json, Format::Ndjson, Format::Csv, Format::Text]),
    }
}

impl Given {
    fn read(input: &mut Input) -> Self {
        let in_path = input.has_path();
        let group = if in_path { input.path_name("group") } else { input.query_name("group") };
        let stream = if in_path { input.path_name("stream") } else { input.query_name("stream") };
        let start = input.read("start", TimeSpec::parse);
        let end = input.read("end", TimeSpec::parse);
        let from = input.choice("from", &[("head", From::Head), ("tail", From::Tail)]);
        let streams = Self::read_streams(input, stream.is_some());
        let cursor = input.take("cursor");
        input.not_yet("filter");
        input.not_yet("follow");
        input.not_yet("ticket");
        Self { in_path, group, stream, streams, start, end, from, cursor }
    }

    fn read_streams(input: &mut Input, one_stream: bool) -> Option<StreamSelection> {
        let texts = input.take_all("streams");
        let prefix = input.take("streamPrefix");
        let mut names: Vec<LogStreamName> = Vec::new();
        for text in &texts {
            match LogStreamName::try_from(crate::domain::name::from_url_spelling(text)) {
                Ok(name) if !names.contains(&name) => names.push(name),
                Ok(name) => input.error("streams", format!("names `{name}` twice")),
                Err(error) => input.error("streams", format!("`{text}` {error}")),
            }
        }
        if texts.len() > MAX_STREAMS {
            input.error("streams", format!("is given {} times; {MAX_STREAMS} are the most", texts.len()));
        }
        for (name, given) in [("streams", !texts.is_empty()), ("streamPrefix", prefix.is_some())] {
            if given && one_stream {
                input.error(name, "chooses among the streams of a group, but one stream is asked for already");
            }
        }
        match (prefix, texts.is_empty()) {
            (Some(_), false) => {
                input.error("streamPrefix", "can't be combined with `streams`");
                None
            }
            (Some(prefix), true) => {
                let prefix = crate::domain::name::from_url_spelling(&prefix);
                match LogStreamName::try_from(prefix.as_str()) {
                    Ok(_) => Some(StreamSelection::Prefix(prefix)),
                    Err(error) => {
                        input.error("streamPrefix", format!("`{prefix}` {error}"));
                        None
                    }
                }
            }
            (None, false) => Some(StreamSelection::Names(names)),
            (None, true) => None,
        }
    }

    /// The request: the cursor's, which what is given beside it must not contradict, or a new one.
    fn settle(self, setting: Setting<'_>) -> Result<(Shape, Option<Place>, Direction), ApiError> {
        match self.cursor.clone() {
            Some(text) => {
                let tenant = &setting.caller.tenant.id;
                let cursor: Cursor = setting.app.sealer.open(KIND, tenant, setting.now, &text)?;
                self.must_agree_with(&cursor.shape)?;
                Ok((cursor.shape, Some((cursor.source, cursor.position)), cursor.direction))
            }
            None => {
                let shape = self.shape(setting)?;
                let from = shape.from.unwrap_or(if shape.start.is_some() { From::Head } else { From::Tail });
                let direction = if from == From::Head { Direction::Forward } else { Direction::Backward };
                Ok((shape, None, direction))
            }
        }
    }

    fn must_agree_with(&self, shape: &Shape) -> Result<(), ApiError> {
        let same_stream = self.stream.is_none() || self.stream == shape.stream;
        let same_kind = !self.in_path || self.stream.is_some() == shape.stream.is_some();
        if self.group.as_ref().is_some_and(|group| *group != shape.group) || !same_stream || !same_kind {
            return Err(ApiError::InvalidCursor(CURSOR.into()));
        }
        let differs = [
            ("start", self.start.is_some() && self.start != shape.start),
            ("end", self.end.is_some() && self.end != shape.end),
            ("from", self.from.is_some() && self.from != shape.from),
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
        let Shape { group, stream, streams, range: (start, end), .. } = self.shape.clone();
        let end = end.or((self.format != Format::Json).then_some(now.0.saturating_add(1)));
        let range = TimeRange { start: start.map(Millis), end: end.map(Millis) };
        let direction = self.direction;
        let reading = match stream {
            Some(stream) => Reading::Stream(ReadStream { group, stream, range, direction }),
            None => Reading::Group(ReadGroup { group, streams, range, direction }),
        };
        ReadLogs { reading, resumed: self.place.is_some() }
    }
}

/// Answers an event request in the format it asks for.
///
/// # Errors
/// What the source says before the answer's head is sent.
pub async fn respond(app: AppState, authorized: Authorized<EventsAsk>) -> Result<Response, ApiError> {
    let Authorized { permit, ask, now, context, .. } = authorized;
    let answer = Answer { app, ask, now, request_id: context.id().to_owned() };
    match permit.narrow() {
        ReadPermit::Stream(permit) => answer.write(permit).await,
        ReadPermit::Group(permit) => answer.write(permit).await,
    }
}

struct Answer {
    app: AppState,
    ask: EventsAsk,
    now: Millis,
    request_id: String,
}

impl Answer {
    async fn write<Op: ReadEvents>(mut self, permit: Permit<Op>) -> Result<Response, ApiError> {
        let position = match self.ask.place.take() {
            Some((source, position)) if permit.sources().first().is_some_and(|rule| rule.source == source) => Some(position),
            Some(_) => return Err(ApiError::InvalidCursor(CURSOR.into())),
            None => None,
        };
        match (self.ask.format, self.ask.direction) {
            (Format::Json, _) | (_, Direction::Backward) => self.page(permit, position).await,
            (_, Direction::Forward) => self.stream(permit, position).await,
        }
    }

    /// One page. In the streamed formats it is what was asked for from the tail with a limit: the last events.
    async fn page<Op: ReadEvents>(self, permit: Permit<Op>, position: Option<Position>) -> Result<Response, ApiError> {
        let limits = self.app.limits;
        let limit = self.ask.limit.unwrap_or(DEFAULT_LIMIT);
        let budget = Budget { limit, bytes: limits.page_bytes, deadline: Instant::now() + limits.work_time };
        let read = reader::read_page(&self.app.sources, &permit, position, self.ask.direction, budget).await?;
        let seal = self.sealer(&permit);
        let next_cursor = seal(Direction::Forward, &read.next)?;
        let previous_cursor = read.previous.as_ref().map(|position| seal(Direction::Backward, position)).transpose()?;
        let mut audit = self.audit(&permit);
        audit.outcome = read.stop.as_str();
        audit.events = read.events.len() as u64;
        let body = if self.ask.format == Format::Json {
            let page = PageBody {
                log_group: self.ask.shape.group.as_str(),
                log_stream: self.ask.shape.stream.as_ref().map(LogStreamName::as_str),
                events: read.events.iter().map(Into::into).collect(),
                next_cursor,
                previous_cursor,
                stop_reason: read.stop.as_str(),
            };
            serde_json::to_vec(&page).map_err(|error| ApiError::Internal(error.to_string()))?
        } else {
            let writer = self.writer();
            let mut out = Vec::new();
            writer.begin(&mut out);
            read.events.iter().for_each(|event| writer.event(event, &mut out));
            audit.bytes = out.len() as u64;
            let body = stream::finished(out, &next_cursor, read.stop, self.ask.cursor_line);
            return Ok(self.headed(body.into_response()));
        };
        audit.bytes = body.len() as u64;
        Ok(self.headed(body.into_response()))
    }

    async fn stream<Op: ReadEvents>(self, permit: Permit<Op>, position: Option<Position>) -> Result<Response, ApiError> {
        let seal = self.sealer(&permit);
        let audit = self.audit(&permit);
        let mut export = Export::new(self.app.sources.clone(), permit, position, self.ask.limit, STREAM_PAGE_BYTES);
        // The first page is read before the answer's head is sent, so that what is wrong has a status.
        let first = export.next_page().await.unwrap_or(Ok(Vec::new()))?;
        let seal_next = Box::new(move |position: &Position| seal(Direction::Forward, position));
        let ending = Ending { seal: seal_next, as_line: self.ask.cursor_line, audit };
        Ok(self.headed(stream::body(export, first, self.writer(), ending).into_response()))
    }

    fn writer(&self) -> EventWriter {
        match self.ask.format {
            Format::Csv => EventWriter::Csv,
            Format::Text => EventWriter::Text { raw: self.ask.raw },
            Format::Json | Format::Ndjson => EventWriter::Ndjson,
        }
    }

    fn sealer<Op: ReadEvents>(
        &self,
        permit: &Permit<Op>,
    ) -> impl Fn(Direction, &Position) -> Result<String, ApiError> + Send + use<Op> {
        let (app, now, shape) = (self.app.clone(), self.now, self.ask.shape.clone());
        let tenant = permit.tenant().clone();
        let source = permit.sources().first().map(|rule| rule.source.clone());
        move |direction, position| {
            let source = source.clone().ok_or_else(|| ApiError::Internal("a permit without a source".to_owned()))?;
            let cursor = Cursor { shape: shape.clone(), source, direction, position: position.clone() };
            app.sealer.seal(KIND, &tenant, now, &cursor)
        }
    }

    fn audit<Op: ReadEvents>(&self, permit: &Permit<Op>) -> Audit {
        let app: &App = &self.app;
        let line = crate::telemetry::audit::Line::new::<Op>(
            &self.request_id,
            permit,
            Some(self.ask.shape.group.as_str()),
            self.ask.shape.stream.as_ref().map(LogStreamName::as_str),
        );
        let enabled = app.audit;
        Audit::new(move |events, bytes, outcome| {
            crate::telemetry::metrics::events_returned(Op::NAME, events, bytes);
            if enabled {
                line.write(events, bytes, outcome);
            }
        })
    }

    fn headed(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.ask.format.content_type()));
        if let Some(extension) = match self.ask.format {
            Format::Csv => Some("csv"),
            Format::Ndjson => Some("ndjson"),
            Format::Json | Format::Text => None,
        } {
            let name = file_name(&self.ask.shape, extension);
            if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
                headers.insert(CONTENT_DISPOSITION, value);
            }
        }
        if self.ask.format != Format::Json {
            headers.insert(TRAILER, HeaderValue::from_static(CURSOR_TRAILER));
        }
        response
    }
}

/// A file name from the group's and stream's names: letters, digits, `.`, `_` and `-` alone (RFC 6266 asks for no more).
fn file_name(shape: &Shape, extension: &str) -> String {
    let stream = shape.stream.as_ref().map_or("", LogStreamName::as_str);
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = format!("{}_{stream}", shape.group).chars().take(120).map(plain).collect();
    format!("{}.{extension}", name.trim_matches(['_', '.']))
}
