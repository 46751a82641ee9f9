//! Converts CloudWatch's responses to pages: which events are new, which fit, and the positions in both directions.
//!
//! Owns the arithmetic of positions, as pure functions. `events` makes the calls.
//!
//! The events of a response are in *reading order*, the direction of the call: ascending for a forward call, descending for a
//! backward call. So "leading events" are those read first, in either direction.
//!
//! INVARIANT: each event of a token is returned once. A page that is cut (limit or bytes) continues at its own token, and a
//! resume point says which events were already returned.

use logmark_event_page::{EventRef, Events};

use super::position::{EventsPosition, MAX_PAGE, MAX_TOKEN, PositionKind, ResumeMode, ResumePoint};
use crate::domain::event::{Direction, EventPage, PageAge, PageRequest};
use crate::sources::SourceError;

/// The opposite direction.
pub(super) fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::Forward => Direction::Backward,
        Direction::Backward => Direction::Forward,
    }
}

/// Sorts a response's events in reading order. Neither call guarantees the order of times within a page, but only the response
/// has the order of events of equal time: so the response's own direction is detected first, and the sort is stable.
/// `newest_first` is the direction if all events have the same time.
pub(super) fn reading_order(events: &mut Events, newest_first: bool, direction: Direction) {
    let descending = match (events.first(), events.last()) {
        (Some(first), Some(last)) if first.timestamp() != last.timestamp() => first.timestamp() > last.timestamp(),
        _ => newest_first,
    };
    if descending {
        events.reverse();
    }
    events.sort_by_time();
    if direction == Direction::Backward {
        events.reverse();
    }
}

/// The number of leading events before the resume point, and the remaining resume point if it lies beyond these events.
fn already_delivered(
    events: &Events,
    direction: Direction,
    resume_point: &ResumePoint,
    include: bool,
) -> (usize, Option<ResumePoint>) {
    let is_edge =
        |event: EventRef<'_>| event.timestamp() == resume_point.at && event.event_id().as_deref() == resume_point.id.as_deref();
    if let (Some(_), Some(position)) = (&resume_point.id, events.iter().position(is_edge)) {
        return (if include { position } else { position + 1 }, None);
    }
    let before = |event: &EventRef<'_>| match direction {
        Direction::Forward => event.timestamp() < resume_point.at,
        Direction::Backward => event.timestamp() > resume_point.at,
    };
    let mut equals = 0;
    let leading = events.iter().take_while(|event| {
        let equal =
            !before(event) && event.timestamp() == resume_point.at && (resume_point.id.is_some() || equals < resume_point.count);
        equals += usize::from(equal);
        before(event) || equal
    });
    let already_delivered = leading.count();
    let reached = already_delivered < events.len() || (resume_point.id.is_none() && equals == resume_point.count);
    let left = ResumePoint {
        count: resume_point.count.saturating_sub(equals),
        skip: resume_point.skip.saturating_sub(already_delivered),
        ..resume_point.clone()
    };
    (already_delivered, (!reached).then_some(left))
}

/// The resume point after the first `index` events; `None` if `index` is 0.
fn resume_point_after(events: &Events, index: usize) -> Option<ResumePoint> {
    let last = events.get(index.checked_sub(1)?)?;
    let count = events.range(0..index).rev().take_while(|event| event.timestamp() == last.timestamp()).count();
    Some(ResumePoint { at: last.timestamp(), id: last.event_id().map(Into::into), count, skip: index })
}

/// The number of leading events that fit the page.
fn count_fitting<'a>(events: impl Iterator<Item = EventRef<'a>>, page: &PageRequest) -> usize {
    let (mut number, mut bytes) = (0_usize, 0_usize);
    let fits = |event: &EventRef<'_>| {
        number += 1;
        bytes = bytes.saturating_add(event.message_length());
        number <= page.limit.max(1) && (number == 1 || bytes <= page.max_bytes)
    };
    events.take_while(fits).count()
}

/// A response of GetLogEvents.
#[derive(Debug)]
pub(super) struct StreamResponse {
    /// The events inside the range, in reading order of the call.
    pub(super) events: Events,
    /// Whether the response had no events, not even outside the range.
    pub(super) empty: bool,
    /// The token for the call's direction.
    pub(super) onward: String,
    /// The token for the opposite direction.
    pub(super) back: String,
}

/// The page of a stream at `position`.
///
/// # Errors
/// [`SourceError::Upstream`] if the token does not change although the response has events, which would never end; or if
/// a token is too long for a position.
pub(super) fn stream_page(
    position: &EventsPosition,
    answer: StreamResponse,
    page: &PageRequest,
) -> Result<EventPage, SourceError> {
    if [&answer.onward, &answer.back].iter().any(|token| token.len() > MAX_TOKEN) {
        return Err(SourceError::Upstream("GetLogEvents returned a token that is too long".to_owned()));
    }
    let still = position.token.as_ref() == Some(&answer.onward);
    if still && !answer.empty {
        return Err(SourceError::Upstream("GetLogEvents returned events and the same token".to_owned()));
    }
    match (&position.resume_point, position.mode) {
        (Some(resume_point), ResumeMode::Reversed) => Ok(reversed_page(position, resume_point, answer, page, still)),
        _ => Ok(direct_page(position, answer, page, still)),
    }
}

fn direct_page(position: &EventsPosition, answer: StreamResponse, page: &PageRequest, still: bool) -> EventPage {
    let StreamResponse { mut events, empty, onward, back } = answer;
    let direction = position.direction;
    let (passed, left) = position
        .resume_point
        .as_ref()
        .map_or((0, None), |resume_point| already_delivered(&events, direction, resume_point, false));
    let taken = passed + count_fitting(events.range(passed..events.len()), page);
    // The events between the token and the resume point were already returned: reading back goes through them.
    let behind = if left.is_some() { position.resume_point.clone() } else { resume_point_after(&events, passed) };
    let back = match behind {
        Some(resume_point) => EventsPosition {
            direction: opposite(direction),
            resume_point: Some(resume_point),
            mode: ResumeMode::Reversed,
            ..position.clone()
        },
        None => EventsPosition::at_token(opposite(direction), back),
    };
    let onward = match (taken < events.len()).then(|| resume_point_after(&events, taken)).flatten() {
        Some(resume_point) => EventsPosition { resume_point: Some(resume_point), mode: ResumeMode::Resume, ..position.clone() },
        None => {
            let mode = if left.is_some() { ResumeMode::Resume } else { ResumeMode::Plain };
            EventsPosition { resume_point: left, mode, ..EventsPosition::at_token(direction, onward) }
        }
    };
    events.keep(passed..taken);
    event_page(direction, direction, events, onward, back, empty && still)
}

/// A page in the opposite direction of the call: the call reads from the token to the resume point, the page from the resume
/// point to the token.
fn reversed_page(
    position: &EventsPosition,
    resume_point: &ResumePoint,
    answer: StreamResponse,
    page: &PageRequest,
    still: bool,
) -> EventPage {
    let StreamResponse { mut events, onward, back, .. } = answer;
    let (direction, call) = (position.direction, opposite(position.direction));
    let (wanted, left) = already_delivered(&events, call, resume_point, false);
    if let (Some(left), false) = (left, still) {
        // CloudWatch returned only a part. The page begins at the resume point, so none of these events is returned yet.
        let onward = EventsPosition { token: Some(onward), resume_point: Some(left), ..position.clone() };
        let back = EventsPosition { direction: call, mode: ResumeMode::Resume, ..position.clone() };
        return event_page(direction, call, Events::default(), onward, back, false);
    }
    let taken = count_fitting(events.range(0..wanted).rev(), page);
    let onward = match resume_point_after(&events, wanted - taken) {
        Some(resume_point) => EventsPosition { resume_point: Some(resume_point), ..position.clone() },
        None => EventsPosition::at_token(direction, back),
    };
    let back = match resume_point_after(&events, wanted) {
        Some(resume_point) => {
            EventsPosition { direction: call, resume_point: Some(resume_point), mode: ResumeMode::Resume, ..position.clone() }
        }
        None => EventsPosition { direction: call, ..position.clone() },
    };
    events.keep(wanted - taken..wanted);
    event_page(direction, call, events, onward, back, false)
}

/// `call` is the order of the events.
fn event_page(
    direction: Direction,
    call: Direction,
    mut events: Events,
    onward: EventsPosition,
    back: EventsPosition,
    at_end: bool,
) -> EventPage {
    let withheld = events.take_withheld();
    events.compact();
    if call == Direction::Backward {
        events.reverse();
    }
    let (next, previous) = match direction {
        Direction::Forward => (onward, back),
        Direction::Backward => (back, onward),
    };
    EventPage {
        events,
        withheld,
        next: next.to_source_position(PositionKind::Stream),
        previous: Some(previous.to_source_position(PositionKind::Stream)),
        at_end,
        age: PageAge::Fresh,
        memory: None,
    }
}

/// A response of FilterLogEvents.
#[derive(Debug)]
pub(super) struct GroupResponse {
    /// The events inside the range, in reading order. INVARIANT: all are visible to the caller (or withheld), because the page's end and the
    /// positions on both sides depend on these events.
    pub(super) events: Events,
    /// The token of the next page, absent at the end.
    pub(super) token: Option<String>,
}

/// The page of a group at `position`. `start` is the start of the range; `now` is used for a position without other information.
///
/// # Errors
/// [`SourceError::Upstream`] if the token does not change, which would never end; or if it is too long for a position
/// and no event was read to replace it.
pub(super) fn group_page(
    position: &EventsPosition,
    answer: GroupResponse,
    page: &PageRequest,
    (start, now): (Option<i64>, i64),
) -> Result<EventPage, SourceError> {
    let GroupResponse { mut events, token } = answer;
    if token.is_some() && position.token == token {
        return Err(SourceError::Upstream("FilterLogEvents returned the same token".to_owned()));
    }
    let direction = position.direction;
    let resumed = position.resume_point.as_ref().filter(|_| position.mode != ResumeMode::Plain);
    let (passed, left) = resumed.map_or((0, None), |resume_point| {
        already_delivered(&events, direction, resume_point, position.mode == ResumeMode::Include)
    });
    let taken = passed + count_fitting(events.range(passed..events.len()), page);
    let cut = taken < events.len();
    let resume_point = if taken > passed {
        furthest(direction, resume_point_after(&events, taken), position.resume_point.as_ref())
    } else {
        position.resume_point.clone()
    };
    let at_end = !cut && token.is_none();
    let onward = match (cut, token) {
        (true, _) => Some(EventsPosition {
            resume_point: resume_point_after(&events, taken),
            mode: ResumeMode::Resume,
            ..position.clone()
        }),
        (false, Some(token)) => {
            let (mode, resume_point) = left.map_or((ResumeMode::Plain, resume_point.clone()), |left| (position.mode, Some(left)));
            Some(with_usable_token(EventsPosition { token: Some(token), resume_point, mode, ..position.clone() })?)
        }
        (false, None) => None,
    };
    let (next, previous) = match direction {
        Direction::Forward => (onward.unwrap_or_else(|| position_after_last(resume_point, position)), None),
        Direction::Backward => {
            let newest = events.get(passed).filter(|_| taken > passed);
            (position_of_newer(newest, position.resume_point.as_ref(), if at_end { start } else { Some(now) }), onward)
        }
    };
    events.keep(passed..taken);
    let withheld = events.take_withheld();
    events.compact();
    if direction == Direction::Backward {
        events.reverse();
    }
    Ok(EventPage {
        events,
        withheld,
        next: next.to_source_position(PositionKind::Group),
        previous: previous.map(|position| position.to_source_position(PositionKind::Group)),
        at_end,
        age: PageAge::Fresh,
        memory: None,
    })
}

/// The position, without its token if that is too long.
fn with_usable_token(position: EventsPosition) -> Result<EventsPosition, SourceError> {
    match (&position.token, &position.resume_point) {
        (Some(token), None) if token.len() > MAX_TOKEN => {
            Err(SourceError::Upstream("FilterLogEvents returned a token that is too long".to_owned()))
        }
        (Some(token), Some(_)) if token.len() > MAX_TOKEN => Ok(position.without_token()),
        _ => Ok(position),
    }
}

/// The later of two resume points: if pages are not in order, a resume point must not move back.
fn furthest(direction: Direction, new: Option<ResumePoint>, old: Option<&ResumePoint>) -> Option<ResumePoint> {
    match (new, old) {
        (Some(new), Some(old))
            if (direction == Direction::Forward && new.at < old.at) || (direction == Direction::Backward && new.at > old.at) =>
        {
            Some(old.clone())
        }
        (new, _) => new,
    }
}

/// The last page has no token: reading continues at the time of the last event, after that event.
fn position_after_last(resume_point: Option<ResumePoint>, position: &EventsPosition) -> EventsPosition {
    match resume_point {
        Some(resume_point) => {
            let resume_point = ResumePoint { skip: resume_point.count.min(MAX_PAGE), ..resume_point };
            EventsPosition {
                since: Some(resume_point.at),
                resume_point: Some(resume_point),
                mode: ResumeMode::Resume,
                ..EventsPosition::beginning(Direction::Forward)
            }
        }
        None => EventsPosition { since: position.since, ..EventsPosition::beginning(Direction::Forward) },
    }
}

/// The forward position on the newer side of a backward page: after its newest event; if the page is empty, before the oldest
/// event of the previous page; if that is unknown too, at `otherwise`.
fn position_of_newer(newest: Option<EventRef<'_>>, resume_point: Option<&ResumePoint>, otherwise: Option<i64>) -> EventsPosition {
    let (at, id, mode) = match (newest, resume_point) {
        (Some(event), _) => (event.timestamp(), event.event_id().map(Into::into), ResumeMode::Resume),
        (None, Some(resume_point)) => (resume_point.at, resume_point.id.clone(), ResumeMode::Include),
        (None, None) => return EventsPosition { since: otherwise, ..EventsPosition::beginning(Direction::Forward) },
    };
    let resume_point = ResumePoint { at, id, count: 1, skip: 1 };
    EventsPosition { since: Some(at), resume_point: Some(resume_point), mode, ..EventsPosition::beginning(Direction::Forward) }
}

#[cfg(test)]
mod tests;
