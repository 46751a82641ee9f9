//! Reading events: GetLogEvents for a stream, FilterLogEvents for a group.
//!
//! Owns what is asked and the filtering of what comes back: by range (emulators take GetLogEvents' end for inclusive) and by
//! permit. One page is one call, but for names that only the permit gave. Never works on positions itself: `walk` does.

use std::sync::Arc;

use logmark_event_page::{EventRef, Events};

use super::client::{Called, Client};
use super::errors::CallError;
use super::position::{Mode, Of, Place};
use super::streams::{Narrowing, narrowing};
use super::walk::{GroupAnswer, StreamAnswer, group_page, opposite, stream_page, walk_order};
use super::wire::{FilterLogEvents, GetLogEvents, GroupEvents, StreamEvents};
use crate::auth::permit::{Permit, Share};
use crate::domain::event::{Age, Direction, EventPage, PageRequest, Urgency};
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
    let answer = Arc::unwrap_or_clone(called.answer);
    stream_page(&place, stream_answer(answer, op, call), page).map(|read| aged(read, age, page))
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
    let place = Place::of(page, Of::Group)?;
    let start = start_of(op, &place)?;
    let range = TimeRange { start, end: op.range.end };
    let narrowing = narrowing(permit);
    if is_empty(range) || narrowing == Narrowing::Nothing {
        let next = if place.way == Direction::Forward { place } else { Place::beginning(Direction::Forward) };
        return Ok(nothing(Of::Group, &next, None));
    }
    let called = filter(client, permit.share(), &request_for(op, &place, range, page), narrowing, page.urgency).await;
    let called = called.map_err(|error| error.at_position(page.position.is_some()))?;
    let age = age_of(client, &called);
    let answer = group_answer(Arc::unwrap_or_clone(called.answer), range, place.way)?;
    let shown = |event: EventRef<'_>| {
        let stream = event.stream();
        permit.may_see_stream(&stream) && op.streams.contains(&stream)
    };
    let start = start.map(|start| start.0);
    let now = client.now().0.max(start.unwrap_or(0));
    group_page(&place, answer, page, shown, (start, now)).map(|read| aged(read, age, page))
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

fn request_for<'a>(op: &'a ReadGroup, place: &'a Place, range: TimeRange, page: &PageRequest) -> FilterLogEvents<'a> {
    FilterLogEvents {
        log_group_name: op.group.as_str(),
        filter_pattern: op.filter.as_ref().map(ToString::to_string),
        log_stream_names: None,
        log_stream_name_prefix: None,
        start_time: range.start.map(|start| start.0),
        end_time: range.end.map(|end| end.0.saturating_sub(1)),
        next_token: place.token.as_deref(),
        limit: place.ask(page.limit),
        start_from_head: (place.way == Direction::Backward).then_some(false),
        interleaved: true,
    }
}

/// Calls FilterLogEvents with as much of the streams as it can be told. A name that is not there makes it answer as if the
/// group were not; a permit may name streams that are not there (yet), so then it is asked again for all.
async fn filter(
    client: &Client,
    share: &Share,
    request: &FilterLogEvents<'_>,
    narrowing: Narrowing<'_>,
    urgency: Urgency,
) -> Result<Called<GroupEvents>, CallError> {
    let mut narrowed = request.clone();
    let mut of_permit = false;
    match narrowing {
        Narrowing::All | Narrowing::Nothing => {}
        Narrowing::Names { names, chosen } => {
            narrowed.log_stream_names = Some(names);
            of_permit = !chosen;
        }
        Narrowing::Prefix(prefix) => narrowed.log_stream_name_prefix = Some(prefix),
    }
    match client.look(share, &narrowed, urgency).await {
        Err(CallError::NotFound(_)) if of_permit => client.look(share, request, urgency).await,
        answer => answer,
    }
}

fn group_answer(GroupEvents(answer): GroupEvents, range: TimeRange, way: Direction) -> Result<GroupAnswer, SourceError> {
    let mut events = answer.events;
    let backward = way == Direction::Backward;
    // The oldest page of several is not the newest: an emulator that does not know the parameter must not pass for one.
    if let (Some(first), Some(last), true, Some(_)) = (events.first(), events.last(), backward, &answer.next_token)
        && first.timestamp() < last.timestamp()
    {
        return Err(SourceError::Upstream("FilterLogEvents ignored startFromHead".to_owned()));
    }
    events.retain(|event| range.contains(Millis(event.timestamp())));
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
    }
}
