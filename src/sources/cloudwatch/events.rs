//! Reading events: GetLogEvents for a stream, FilterLogEvents for a group.
//!
//! Owns the requests, and filters responses by range (emulators treat GetLogEvents' end as inclusive) and by permit (emulators
//! ignore `logStreamNamePrefix`). A page is one call of its operation; `streams` may need lists of names before it. `paging`
//! computes positions.

use std::sync::Arc;

use logmark_event_page::{EventRef, Events};
use logmark_quota::Reservation;

use super::client::{Client, Fetched};
use super::errors::CallError;
use super::group_filter::GroupFilter;
use super::paging::{GroupResponse, StreamResponse, group_page, opposite, reading_order, stream_page};
use super::position::{EventsPosition, MAX_PAGE, PositionKind, ResumeMode};
use super::streams::{StreamFilter, existing, stream_filter};
use super::wire::{FilterLogEvents, GetLogEvents, GroupEvents, StreamEvents};
use crate::auth::permit::{Permit, Share};
use crate::domain::event::{Direction, EventPage, PageAge, PageRequest};
use crate::domain::operation::{ReadGroup, ReadStream, StartBy};
use crate::domain::rules::EventRules;
use crate::domain::time::{Millis, TimeRange};
use crate::sources::{SourceError, visible};

/// 2024-01-01T00:00:00Z: FilterLogEvents reads backwards only to this time.
const TAIL_FLOOR: Millis = Millis(1_704_067_200_000);

/// Reads a page of a stream.
pub(super) async fn read_stream(
    client: &Client,
    permit: &Permit<ReadStream>,
    page: &PageRequest,
) -> Result<EventPage, SourceError> {
    if permit.rules().is_some_and(EventRules::limits_rows) {
        // GetLogEvents has no filter. With the rule in the call fewer hidden events are read.
        return read_group(client, &permit.as_group(), page).await;
    }
    let op = permit.op();
    let position = EventsPosition::of(page, PositionKind::Stream)?;
    if is_empty(op.range) {
        let (next, previous) = (EventsPosition::beginning(Direction::Forward), EventsPosition::beginning(Direction::Backward));
        return Ok(empty_page(PositionKind::Stream, &next, Some(&previous)));
    }
    let call = if position.mode == ResumeMode::Reversed { opposite(position.direction) } else { position.direction };
    let request = GetLogEvents {
        log_group_name: op.group.as_str(),
        log_stream_name: op.stream.as_str(),
        start_time: op.range.start.map(|start| start.0),
        end_time: op.range.end.map(|end| end.0),
        next_token: position.token.as_deref(),
        limit: position.request_limit(page.limit),
        start_from_head: call == Direction::Forward,
    };
    let fetched = client.fetch(permit.share(), &request, page.priority).await;
    let fetched = fetched.map_err(|error| error.at_position(page.position.is_some()))?;
    let age = age_of(client, &fetched);
    let mut memory =
        memory_of(client, permit.share(), fetched.lease, &fetched.answer, |answer| answer.0.events.row_bytes()).await?;
    let answer = stream_answer(Arc::unwrap_or_clone(fetched.answer), op, permit.rules(), call);
    reserve_masked(&mut memory, permit.rules(), &answer.events)?;
    let read = stream_page(&position, answer, page)?;
    Ok(EventPage { memory, ..with_age(read, age, page) })
}

/// The number of events to request. Rules that are applied after the call can hide most of a response, so then it is the most.
fn request_limit(position: &EventsPosition, page: &PageRequest, rules_after: Option<&EventRules>) -> usize {
    if rules_after.is_some_and(EventRules::limits_rows) { MAX_PAGE } else { position.request_limit(page.limit) }
}

fn reserve_masked(memory: &mut Option<Reservation>, rules: Option<&EventRules>, events: &Events) -> Result<(), SourceError> {
    if rules.is_some_and(EventRules::masks_fields) { visible::reserve_copy(memory, events) } else { Ok(()) }
}

/// The memory of a page: the response, and a copy of its rows if other requests share the response.
async fn memory_of<T>(
    client: &Client,
    share: &Share,
    lease: Option<Arc<Reservation>>,
    answer: &Arc<T>,
    row_bytes: impl Fn(&T) -> usize,
) -> Result<Option<Reservation>, SourceError> {
    let is_shared = Arc::strong_count(answer) > 1;
    let Some(lease) = lease else { return Ok(None) };
    let lease = match Arc::try_unwrap(lease) {
        Ok(own) if !is_shared => return Ok(Some(own)),
        Ok(own) => Arc::new(own),
        Err(lease) => lease,
    };
    let mut own = client.reserve(share, row_bytes(answer)).await.map_err(CallError::plain)?;
    own.iter_mut().for_each(|own| own.keep(Arc::clone(&lease)));
    Ok(own)
}

fn stream_answer(
    StreamEvents(answer): StreamEvents,
    op: &ReadStream,
    rules: Option<&EventRules>,
    call: Direction,
) -> StreamResponse {
    let mut events = answer.events.in_stream(op.stream.as_str());
    let empty = events.is_empty();
    events.retain(|event| op.range.contains(Millis(event.timestamp())));
    if let Some(rules) = rules {
        visible::apply(&mut events, rules, None);
    }
    reading_order(&mut events, false, call);
    let (onward, back) = match call {
        Direction::Forward => (answer.next_forward_token, answer.next_backward_token),
        Direction::Backward => (answer.next_backward_token, answer.next_forward_token),
    };
    StreamResponse { events, empty, onward, back }
}

/// Reads a page of a group.
pub(super) async fn read_group(
    client: &Client,
    permit: &Permit<ReadGroup>,
    page: &PageRequest,
) -> Result<EventPage, SourceError> {
    let op = permit.op();
    let filter = GroupFilter::of(permit)?;
    let mut position = EventsPosition::of(page, PositionKind::Group)?;
    let mut streams = stream_filter(client, permit, page.priority).await?;
    let mut looked_up = false;
    let (fetched, range) = loop {
        position = position.within(filter.fingerprint(streams.fingerprint()));
        let range = range_of(op, &position)?;
        if is_empty(range) || streams == StreamFilter::Nothing {
            let next =
                if position.direction == Direction::Forward { position } else { EventsPosition::beginning(Direction::Forward) };
            return Ok(empty_page(PositionKind::Group, &next, None));
        }
        let request = request_for(op, &position, range, (&streams, &filter), page);
        let fetched = client.fetch(permit.share(), &request, page.priority).await;
        match (&fetched, &streams, looked_up) {
            // One of the names or the group does not exist: a grant may name streams that do not exist yet.
            (Err(CallError::NotFound(_)), StreamFilter::Granted(names), false) => {
                streams = existing(client, permit, names, page.priority).await.map_err(CallError::plain)?;
                looked_up = true;
            }
            _ => break (fetched.map_err(|error| error.at_position(page.position.is_some()))?, range),
        }
    };
    let age = age_of(client, &fetched);
    let shown = |event: EventRef<'_>| {
        let stream = event.stream();
        permit.may_see_stream(&stream) && op.streams.contains(&stream) && range.contains(Millis(event.timestamp()))
    };
    let mut memory =
        memory_of(client, permit.share(), fetched.lease, &fetched.answer, |answer| answer.0.events.row_bytes()).await?;
    let answer = group_answer(Arc::unwrap_or_clone(fetched.answer), shown, &filter, position.direction)?;
    reserve_masked(&mut memory, filter.rules, &answer.events)?;
    let start = range.start.map(|start| start.0);
    let now = client.now().0.max(start.unwrap_or(0));
    let read = group_page(&position, answer, page, (start, now))?;
    Ok(EventPage { memory, ..with_age(read, age, page) })
}

fn age_of<T>(client: &Client, fetched: &Fetched<T>) -> PageAge {
    match fetched {
        Fetched { is_final: true, .. } => PageAge::Immutable,
        fetched if fetched.age < client.live() => PageAge::Fresh,
        _ => PageAge::Stale,
    }
}

/// The page with the age of its response. A page that is not fresh does not show the end.
fn with_age(read: EventPage, age: PageAge, page: &PageRequest) -> EventPage {
    let has_moved = page.position.as_ref() != Some(&read.next);
    EventPage { age, at_end: read.at_end && !(age == PageAge::Stale && has_moved), ..read }
}

/// The range of the call: the operation's, or the part given by the position.
fn range_of(op: &ReadGroup, position: &EventsPosition) -> Result<TimeRange, SourceError> {
    let until = position.until.map(|until| Millis(until.saturating_add(1)));
    let end = match (op.range.end, until) {
        (Some(end), Some(until)) => Some(end.min(until)),
        (end, until) => end.or(until),
    };
    Ok(TimeRange { start: start_of(op, position)?, end })
}

/// The start of the call: the range's start, or later if the position says so, and never before the floor of backward reads. A
/// start that the caller did not choose is raised to the floor.
fn start_of(op: &ReadGroup, position: &EventsPosition) -> Result<Option<Millis>, SourceError> {
    let floor_detail = "must be 2024-01-01T00:00:00Z or later to read a group from its newest event; \
        `from=head` reads from the oldest";
    let unsupported = |parameter| Err(SourceError::Unsupported { parameter, detail: floor_detail });
    let is_before_floor = op.range.start.is_none_or(|start| start < TAIL_FLOOR);
    let start = match (position.direction, op.start_by) {
        (Direction::Backward, StartBy::Caller) if op.range.start.is_some() && is_before_floor => return unsupported("start"),
        (Direction::Backward, _) if op.range.end.is_some_and(|end| end <= TAIL_FLOOR) => return unsupported("end"),
        (Direction::Backward, _) if is_before_floor => Some(TAIL_FLOOR),
        _ => op.range.start,
    };
    Ok(start.max(position.since.map(Millis)))
}

fn request_for<'a>(
    op: &'a ReadGroup,
    position: &'a EventsPosition,
    range: TimeRange,
    (streams, filter): (&'a StreamFilter, &GroupFilter<'_>),
    page: &PageRequest,
) -> FilterLogEvents<'a> {
    FilterLogEvents {
        log_group_name: op.group.as_str(),
        filter_pattern: filter.upstream.clone(),
        log_stream_names: streams.log_stream_names(),
        log_stream_name_prefix: streams.log_stream_name_prefix(),
        start_time: range.start.map(|start| start.0),
        end_time: range.end.map(|end| end.0.saturating_sub(1)),
        next_token: position.token.as_deref(),
        limit: request_limit(position, page, filter.rules.filter(|_| !filter.upstream_has_rules)),
        start_from_head: (position.direction == Direction::Backward).then_some(false),
        interleaved: true,
    }
}

/// The response's events of the requested streams and times, in reading order.
fn group_answer(
    GroupEvents(answer): GroupEvents,
    shown: impl Fn(EventRef<'_>) -> bool,
    filter: &GroupFilter<'_>,
    direction: Direction,
) -> Result<GroupResponse, SourceError> {
    let mut events = answer.events;
    let backward = direction == Direction::Backward;
    events.retain(shown);
    if let Some(rules) = filter.rules {
        visible::apply(&mut events, rules, filter.of_caller);
    }
    // An emulator that ignores the parameter returns the oldest page instead of the newest, which must be an error.
    if let (Some(first), Some(last), true, Some(_)) = (events.first(), events.last(), backward, &answer.next_token)
        && first.timestamp() < last.timestamp()
    {
        return Err(SourceError::Upstream("FilterLogEvents ignored startFromHead".to_owned()));
    }
    reading_order(&mut events, backward, direction);
    Ok(GroupResponse { events, token: answer.next_token })
}

fn is_empty(range: TimeRange) -> bool {
    range.end.is_some_and(|end| end.0 <= range.start.map_or(0, |start| start.0))
}

fn empty_page(of: PositionKind, next: &EventsPosition, previous: Option<&EventsPosition>) -> EventPage {
    EventPage {
        events: Events::default(),
        withheld: 0,
        next: next.to_source_position(of),
        previous: previous.map(|position| position.to_source_position(of)),
        at_end: true,
        age: PageAge::Fresh,
        memory: None,
    }
}
