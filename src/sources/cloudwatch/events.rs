//! Reading events: GetLogEvents for a stream, FilterLogEvents for a group.
//!
//! Owns what is asked and the filtering of what comes back: by range (emulators take GetLogEvents' end for inclusive) and by
//! permit (emulators ignore `logStreamNamePrefix`). A page is one call of its operation; `streams` may need lists of names
//! before it. Never works on positions itself: `walk` does.

use std::sync::Arc;

use logmark_event_page::{EventRef, Events};
use logmark_quota::Reservation;

use super::client::{Called, Client};
use super::errors::CallError;
use super::position::{Mode, Of, Place};
use super::streams::{Asked, asked, existing};
use super::walk::{GroupAnswer, StreamAnswer, group_page, opposite, stream_page, walk_order};
use super::wire::{FilterLogEvents, GetLogEvents, GroupEvents, StreamEvents};
use crate::auth::permit::{Permit, Share};
use crate::domain::event::{Age, Direction, EventPage, PageRequest};
use crate::domain::operation::{ReadGroup, ReadStream, StartBy};
use crate::domain::time::{Millis, TimeRange};
use crate::sources::SourceError;

/// 2024-01-01T00:00:00Z: FilterLogEvents reads from the newest event only what is not older.
const TAIL_FLOOR: Millis = Millis(1_704_067_200_000);

/// A page of a stream.
pub(super) async fn read_stream(
    client: &Client,
    permit: &Permit<ReadStream>,
    page: &PageRequest,
) -> Result<EventPage, SourceError> {
    let op = permit.op();
    let place = Place::of(page, Of::Stream)?;
    if is_empty(op.range) {
        let (next, previous) = (Place::beginning(Direction::Forward), Place::beginning(Direction::Backward));
        return Ok(nothing(Of::Stream, &next, Some(&previous)));
    }
    let call = if place.mode == Mode::Turned { opposite(place.way) } else { place.way };
    let request = GetLogEvents {
        log_group_name: op.group.as_str(),
        log_stream_name: op.stream.as_str(),
        start_time: op.range.start.map(|start| start.0),
        end_time: op.range.end.map(|end| end.0),
        next_token: place.token.as_deref(),
        limit: place.ask(page.limit),
        start_from_head: call == Direction::Forward,
    };
    let called = client.look(permit.share(), &request, page.urgency).await;
    let called = called.map_err(|error| error.at_position(page.position.is_some()))?;
    let age = age_of(client, &called);
    let is_shared = Arc::strong_count(&called.answer) > 1;
    let memory = memory_of(client, permit.share(), called.lease, is_shared, called.answer.0.events.row_bytes()).await?;
    let answer = Arc::unwrap_or_clone(called.answer);
    let read = stream_page(&place, stream_answer(answer, op, call), page)?;
    Ok(EventPage { memory, ..aged(read, age, page) })
}

/// The memory that a page takes: the answer's, and a copy of its rows where others have the answer too.
async fn memory_of(
    client: &Client,
    share: &Share,
    lease: Option<Arc<Reservation>>,
    is_shared: bool,
    row_bytes: usize,
) -> Result<Option<Reservation>, SourceError> {
    let Some(lease) = lease else { return Ok(None) };
    let lease = match Arc::try_unwrap(lease) {
        Ok(own) if !is_shared => return Ok(Some(own)),
        Ok(own) => Arc::new(own),
        Err(lease) => lease,
    };
    let mut own = client.reserve(share, row_bytes).await.map_err(CallError::plain)?;
    own.iter_mut().for_each(|own| own.keep(Arc::clone(&lease)));
    Ok(own)
}

fn stream_answer(StreamEvents(answer): StreamEvents, op: &ReadStream, call: Direction) -> StreamAnswer {
    let mut events = answer.events.in_stream(op.stream.as_str());
    let empty = events.is_empty();
    events.retain(|event| op.range.contains(Millis(event.timestamp())));
    walk_order(&mut events, false, call);
    let (onward, back) = match call {
        Direction::Forward => (answer.next_forward_token, answer.next_backward_token),
        Direction::Backward => (answer.next_backward_token, answer.next_forward_token),
    };
    StreamAnswer { events, empty, onward, back }
}

/// A page of a group.
pub(super) async fn read_group(
    client: &Client,
    permit: &Permit<ReadGroup>,
    page: &PageRequest,
) -> Result<EventPage, SourceError> {
    let op = permit.op();
    let mut place = Place::of(page, Of::Group)?;
    let mut streams = asked(client, permit, page.urgency).await?;
    let mut looked_up = false;
    let (called, range) = loop {
        place = place.within(streams.mark());
        let range = range_of(op, &place)?;
        if is_empty(range) || streams == Asked::Nothing {
            let next = if place.way == Direction::Forward { place } else { Place::beginning(Direction::Forward) };
            return Ok(nothing(Of::Group, &next, None));
        }
        let request = request_for(op, &place, range, &streams, page);
        let called = client.look(permit.share(), &request, page.urgency).await;
        match (&called, &streams, looked_up) {
            // One of the names does not exist, or the group does not: a grant may name streams that are not there yet.
            (Err(CallError::NotFound(_)), Asked::Granted(names), false) => {
                streams = existing(client, permit, names, page.urgency).await.map_err(CallError::plain)?;
                looked_up = true;
            }
            _ => break (called.map_err(|error| error.at_position(page.position.is_some()))?, range),
        }
    };
    let age = age_of(client, &called);
    let shown = |event: EventRef<'_>| {
        let stream = event.stream();
        permit.may_see_stream(&stream) && op.streams.contains(&stream) && range.contains(Millis(event.timestamp()))
    };
    let is_shared = Arc::strong_count(&called.answer) > 1;
    let memory = memory_of(client, permit.share(), called.lease, is_shared, called.answer.0.events.row_bytes()).await?;
    let answer = group_answer(Arc::unwrap_or_clone(called.answer), shown, place.way)?;
    let start = range.start.map(|start| start.0);
    let now = client.now().0.max(start.unwrap_or(0));
    let read = group_page(&place, answer, page, (start, now))?;
    Ok(EventPage { memory, ..aged(read, age, page) })
}

fn age_of<T>(client: &Client, called: &Called<T>) -> Age {
    match called {
        Called { is_final: true, .. } => Age::Final,
        called if called.age < client.live() => Age::Fresh,
        _ => Age::Aged,
    }
}

/// The page, as old as its answer. That there was nothing behind it is not known any more of one that is not fresh.
fn aged(read: EventPage, age: Age, page: &PageRequest) -> EventPage {
    let led_on = page.position.as_ref() != Some(&read.next);
    EventPage { age, at_end: read.at_end && !(age == Age::Aged && led_on), ..read }
}

/// The range of the call: the operation's, or the part of it that the place says.
fn range_of(op: &ReadGroup, place: &Place) -> Result<TimeRange, SourceError> {
    let until = place.until.map(|until| Millis(until.saturating_add(1)));
    let end = match (op.range.end, until) {
        (Some(end), Some(until)) => Some(end.min(until)),
        (end, until) => end.or(until),
    };
    Ok(TimeRange { start: start_of(op, place)?, end })
}

/// Where the call is to start: the range's start, or later where the place says so; never before the floor of the tail. A start
/// that the caller did not choose is moved up to the floor.
fn start_of(op: &ReadGroup, place: &Place) -> Result<Option<Millis>, SourceError> {
    let floor_detail = "must be 2024-01-01T00:00:00Z or later to read a group from its newest event; \
        `from=head` reads from the oldest";
    let unsupported = |parameter| Err(SourceError::Unsupported { parameter, detail: floor_detail });
    let is_before_floor = op.range.start.is_none_or(|start| start < TAIL_FLOOR);
    let start = match (place.way, op.start_by) {
        (Direction::Backward, StartBy::Caller) if op.range.start.is_some() && is_before_floor => return unsupported("start"),
        (Direction::Backward, _) if op.range.end.is_some_and(|end| end <= TAIL_FLOOR) => return unsupported("end"),
        (Direction::Backward, _) if is_before_floor => Some(TAIL_FLOOR),
        _ => op.range.start,
    };
    Ok(start.max(place.since.map(Millis)))
}

fn request_for<'a>(
    op: &'a ReadGroup,
    place: &'a Place,
    range: TimeRange,
    streams: &'a Asked,
    page: &PageRequest,
) -> FilterLogEvents<'a> {
    FilterLogEvents {
        log_group_name: op.group.as_str(),
        filter_pattern: op.filter.as_ref().map(ToString::to_string),
        log_stream_names: streams.log_stream_names(),
        log_stream_name_prefix: streams.log_stream_name_prefix(),
        start_time: range.start.map(|start| start.0),
        end_time: range.end.map(|end| end.0.saturating_sub(1)),
        next_token: place.token.as_deref(),
        limit: place.ask(page.limit),
        start_from_head: (place.way == Direction::Backward).then_some(false),
        interleaved: true,
    }
}

/// The answer's events of the streams and times asked for, in walk order.
fn group_answer(
    GroupEvents(answer): GroupEvents,
    shown: impl Fn(EventRef<'_>) -> bool,
    way: Direction,
) -> Result<GroupAnswer, SourceError> {
    let mut events = answer.events;
    let backward = way == Direction::Backward;
    events.retain(shown);
    // The oldest page of several is not the newest: an emulator that does not know the parameter must not pass for one.
    if let (Some(first), Some(last), true, Some(_)) = (events.first(), events.last(), backward, &answer.next_token)
        && first.timestamp() < last.timestamp()
    {
        return Err(SourceError::Upstream("FilterLogEvents ignored startFromHead".to_owned()));
    }
    walk_order(&mut events, backward, way);
    Ok(GroupAnswer { events, token: answer.next_token })
}

fn is_empty(range: TimeRange) -> bool {
    range.end.is_some_and(|end| end.0 <= range.start.map_or(0, |start| start.0))
}

fn nothing(of: Of, next: &Place, previous: Option<&Place>) -> EventPage {
    EventPage {
        events: Events::default(),
        next: next.position(of),
        previous: previous.map(|place| place.position(of)),
        at_end: true,
        age: Age::Fresh,
        memory: None,
    }
}
