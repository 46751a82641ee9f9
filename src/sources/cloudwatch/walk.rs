//! From what CloudWatch answered to a page of ours: what is new in it, what fits, and where reading goes on either way.
//!
//! Owns the arithmetic of positions, as pure functions. Never calls anything: that is `events`.
//!
//! The events of an answer stand here in *walk order*, the order in which the call went: ascending for a forward call,
//! descending for a backward one. So "leading events" are those read first, whichever way that is.
//!
//! INVARIANT: of the events of a token each is handed out once. A page that is cut (limit or bytes) goes on at the token it
//! was asked for with, and an edge says how far it was handed out.

use logmark_event_page::{EventRef, Events};

use super::position::{Edge, MAX_PAGE, MAX_TOKEN, Mode, Of, Place};
use crate::domain::event::{Age, Direction, EventPage, PageRequest};
use crate::sources::SourceError;

/// The other way.
pub(super) fn opposite(way: Direction) -> Direction {
    match way {
        Direction::Forward => Direction::Backward,
        Direction::Backward => Direction::Forward,
    }
}

/// Brings an answer's events into walk order. Neither call promises the order of times within a page, but equals have one
/// that only the answer knows: so the answer's own direction is found first, and the sort is stable. `newest_first` is the
/// direction to assume when all are at one time.
pub(super) fn walk_order(events: &mut Events, newest_first: bool, way: Direction) {
    let descending = match (events.first(), events.last()) {
        (Some(first), Some(last)) if first.timestamp() != last.timestamp() => first.timestamp() > last.timestamp(),
        _ => newest_first,
    };
    if descending {
        events.reverse();
    }
    events.sort_by_time();
    if way == Direction::Backward {
        events.reverse();
    }
}

/// How many leading events the edge says were dealt with, and the edge that is left when it lies beyond these events.
fn covered(events: &Events, way: Direction, edge: &Edge, include: bool) -> (usize, Option<Edge>) {
    let is_edge = |event: EventRef<'_>| event.timestamp() == edge.at && event.event_id().as_deref() == edge.id.as_deref();
    if let (Some(_), Some(place)) = (&edge.id, events.iter().position(is_edge)) {
        return (if include { place } else { place + 1 }, None);
    }
    let before = |event: &EventRef<'_>| match way {
        Direction::Forward => event.timestamp() < edge.at,
        Direction::Backward => event.timestamp() > edge.at,
    };
    let mut equals = 0;
    let leading = events.iter().take_while(|event| {
        let equal = !before(event) && event.timestamp() == edge.at && (edge.id.is_some() || equals < edge.count);
        equals += usize::from(equal);
        before(event) || equal
    });
    let covered = leading.count();
    let reached = covered < events.len() || (edge.id.is_none() && equals == edge.count);
    let left = Edge { count: edge.count.saturating_sub(equals), skip: edge.skip.saturating_sub(covered), ..edge.clone() };
    (covered, (!reached).then_some(left))
}

/// The edge behind the first `index` events; `None` behind none.
fn edge_behind(events: &Events, index: usize) -> Option<Edge> {
    let last = events.get(index.checked_sub(1)?)?;
    let count = events.range(0..index).rev().take_while(|event| event.timestamp() == last.timestamp()).count();
    Some(Edge { at: last.timestamp(), id: last.event_id().map(Into::into), count, skip: index })
}

/// How many leading events fit the page.
fn fit<'a>(events: impl Iterator<Item = EventRef<'a>>, page: &PageRequest) -> usize {
    let (mut number, mut bytes) = (0_usize, 0_usize);
    let fits = |event: &EventRef<'_>| {
        number += 1;
        bytes = bytes.saturating_add(event.message_length());
        number <= page.limit.max(1) && (number == 1 || bytes <= page.max_bytes)
    };
    events.take_while(fits).count()
}

/// What GetLogEvents answered.
#[derive(Debug)]
pub(super) struct StreamAnswer {
    /// In walk order of the call, inside the range.
    pub(super) events: Events,
    /// True when there were none at all, not even outside the range.
    pub(super) empty: bool,
    /// The token for going on in the call's direction.
    pub(super) onward: String,
    /// The token for going back.
    pub(super) back: String,
}

/// The page of a stream, asked for at `place`.
///
/// # Errors
/// [`SourceError::Upstream`] when the token stands still although there were events: it would do so for ever; or when a token
/// is too long for a position.
pub(super) fn stream_page(place: &Place, answer: StreamAnswer, page: &PageRequest) -> Result<EventPage, SourceError> {
    if [&answer.onward, &answer.back].iter().any(|token| token.len() > MAX_TOKEN) {
        return Err(SourceError::Upstream("GetLogEvents returned a token that is too long".to_owned()));
    }
    let still = place.token.as_ref() == Some(&answer.onward);
    if still && !answer.empty {
        return Err(SourceError::Upstream("GetLogEvents returned events and the same token".to_owned()));
    }
    match (&place.edge, place.mode) {
        (Some(edge), Mode::Turned) => Ok(turned_page(place, edge, answer, page, still)),
        _ => Ok(straight_page(place, answer, page, still)),
    }
}

fn straight_page(place: &Place, answer: StreamAnswer, page: &PageRequest, still: bool) -> EventPage {
    let StreamAnswer { mut events, empty, onward, back } = answer;
    let way = place.way;
    let (passed, left) = place.edge.as_ref().map_or((0, None), |edge| covered(&events, way, edge, false));
    let taken = passed + fit(events.range(passed..events.len()), page);
    // Between the token and the edge lies what was handed out of this very token: back from here is through that.
    let behind = if left.is_some() { place.edge.clone() } else { edge_behind(&events, passed) };
    let back = match behind {
        Some(edge) => Place { way: opposite(way), edge: Some(edge), mode: Mode::Turned, ..place.clone() },
        None => Place::at_token(opposite(way), back),
    };
    let onward = match (taken < events.len()).then(|| edge_behind(&events, taken)).flatten() {
        Some(edge) => Place { edge: Some(edge), mode: Mode::Resume, ..place.clone() },
        None => {
            let mode = if left.is_some() { Mode::Resume } else { Mode::Plain };
            Place { edge: left, mode, ..Place::at_token(way, onward) }
        }
    };
    events.keep(passed..taken);
    event_page(way, way, events, onward, back, empty && still)
}

/// A page read against the call's direction: the call goes from the token to the edge, the page from the edge to the token.
fn turned_page(place: &Place, edge: &Edge, answer: StreamAnswer, page: &PageRequest, still: bool) -> EventPage {
    let StreamAnswer { mut events, onward, back, .. } = answer;
    let (way, call) = (place.way, opposite(place.way));
    let (wanted, left) = covered(&events, call, edge, false);
    if let (Some(left), false) = (left, still) {
        // CloudWatch gave less than it has. The page begins at the edge, so nothing of this is handed out yet.
        let onward = Place { token: Some(onward), edge: Some(left), ..place.clone() };
        let back = Place { way: call, mode: Mode::Resume, ..place.clone() };
        return event_page(way, call, Events::default(), onward, back, false);
    }
    let taken = fit(events.range(0..wanted).rev(), page);
    let onward = match edge_behind(&events, wanted - taken) {
        Some(edge) => Place { edge: Some(edge), ..place.clone() },
        None => Place::at_token(way, back),
    };
    let back = match edge_behind(&events, wanted) {
        Some(edge) => Place { way: call, edge: Some(edge), mode: Mode::Resume, ..place.clone() },
        None => Place { way: call, ..place.clone() },
    };
    events.keep(wanted - taken..wanted);
    event_page(way, call, events, onward, back, false)
}

/// `call` is the order in which the events stand.
fn event_page(way: Direction, call: Direction, mut events: Events, onward: Place, back: Place, at_end: bool) -> EventPage {
    events.compact();
    if call == Direction::Backward {
        events.reverse();
    }
    let (next, previous) = match way {
        Direction::Forward => (onward, back),
        Direction::Backward => (back, onward),
    };
    EventPage {
        events,
        next: next.position(Of::Stream),
        previous: Some(previous.position(Of::Stream)),
        at_end,
        age: Age::Fresh,
        memory: None,
    }
}

/// What FilterLogEvents answered.
#[derive(Debug)]
pub(super) struct GroupAnswer {
    /// In walk order, inside the range. INVARIANT: the caller may see them all. What is hidden must not be here, because the
    /// page's end and the places on both sides are found from these events.
    pub(super) events: Events,
    /// Absent at the end.
    pub(super) token: Option<String>,
}

/// The page of a group, asked for at `place`. `start` is where the range starts, `now` is for a place about which nothing
/// else is known.
///
/// # Errors
/// [`SourceError::Upstream`] when the token stands still: it would do so for ever; or when it is too long for a position and
/// no event was read that could stand for it.
pub(super) fn group_page(
    place: &Place,
    answer: GroupAnswer,
    page: &PageRequest,
    (start, now): (Option<i64>, i64),
) -> Result<EventPage, SourceError> {
    let GroupAnswer { mut events, token } = answer;
    if token.is_some() && place.token == token {
        return Err(SourceError::Upstream("FilterLogEvents returned the same token".to_owned()));
    }
    let way = place.way;
    let resumed = place.edge.as_ref().filter(|_| place.mode != Mode::Plain);
    let (passed, left) = resumed.map_or((0, None), |edge| covered(&events, way, edge, place.mode == Mode::Include));
    let taken = passed + fit(events.range(passed..events.len()), page);
    let cut = taken < events.len();
    let edge = if taken > passed { farther(way, edge_behind(&events, taken), place.edge.as_ref()) } else { place.edge.clone() };
    let at_end = !cut && token.is_none();
    let onward = match (cut, token) {
        (true, _) => Some(Place { edge: edge_behind(&events, taken), mode: Mode::Resume, ..place.clone() }),
        (false, Some(token)) => {
            let (mode, edge) = left.map_or((Mode::Plain, edge.clone()), |left| (place.mode, Some(left)));
            Some(fitting(Place { token: Some(token), edge, mode, ..place.clone() })?)
        }
        (false, None) => None,
    };
    let (next, previous) = match way {
        Direction::Forward => (onward.unwrap_or_else(|| later_than(edge, place)), None),
        Direction::Backward => {
            let newest = events.get(passed).filter(|_| taken > passed);
            (newer_than(newest, place.edge.as_ref(), if at_end { start } else { Some(now) }), onward)
        }
    };
    events.keep(passed..taken);
    events.compact();
    if way == Direction::Backward {
        events.reverse();
    }
    Ok(EventPage {
        events,
        next: next.position(Of::Group),
        previous: previous.map(|place| place.position(Of::Group)),
        at_end,
        age: Age::Fresh,
        memory: None,
    })
}

/// The place, without its token where that is too long for a position.
fn fitting(place: Place) -> Result<Place, SourceError> {
    match (&place.token, &place.edge) {
        (Some(token), None) if token.len() > MAX_TOKEN => {
            Err(SourceError::Upstream("FilterLogEvents returned a token that is too long".to_owned()))
        }
        (Some(token), Some(_)) if token.len() > MAX_TOKEN => Ok(place.without_token()),
        _ => Ok(place),
    }
}

/// The edge that lies farther on: pages are in order, but an edge must not go back if they once are not.
fn farther(way: Direction, new: Option<Edge>, old: Option<&Edge>) -> Option<Edge> {
    match (new, old) {
        (Some(new), Some(old))
            if (way == Direction::Forward && new.at < old.at) || (way == Direction::Backward && new.at > old.at) =>
        {
            Some(old.clone())
        }
        (new, _) => new,
    }
}

/// Behind the last page there is no token: reading goes on at the time of the last event, behind that event.
fn later_than(edge: Option<Edge>, place: &Place) -> Place {
    match edge {
        Some(edge) => {
            let edge = Edge { skip: edge.count.min(MAX_PAGE), ..edge };
            Place { since: Some(edge.at), edge: Some(edge), mode: Mode::Resume, ..Place::beginning(Direction::Forward) }
        }
        None => Place { since: place.since, ..Place::beginning(Direction::Forward) },
    }
}

/// The forward place on the newer side of a backward page: behind its newest event; where it has none, before the oldest one
/// of the page before it; where that is not known either, at `otherwise`.
fn newer_than(newest: Option<EventRef<'_>>, edge: Option<&Edge>, otherwise: Option<i64>) -> Place {
    let (at, id, mode) = match (newest, edge) {
        (Some(event), _) => (event.timestamp(), event.event_id().map(Into::into), Mode::Resume),
        (None, Some(edge)) => (edge.at, edge.id.clone(), Mode::Include),
        (None, None) => return Place { since: otherwise, ..Place::beginning(Direction::Forward) },
    };
    let edge = Edge { at, id, count: 1, skip: 1 };
    Place { since: Some(at), edge: Some(edge), mode, ..Place::beginning(Direction::Forward) }
}

#[cfg(test)]
mod tests {
    use logmark_event_page::Builder;
    use logmark_event_page::build::PlainEvent;

    use crate::domain::event::Urgency;

    use super::*;

    fn events(all: &[(i64, &str)]) -> Events {
        with_id(all, None)
    }

    fn with_id(all: &[(i64, &str)], id: Option<&str>) -> Events {
        let mut builder = Builder::default();
        for (timestamp, message) in all {
            let event = PlainEvent { timestamp: *timestamp, ingestion_time: None, stream: "s", event_id: None, message };
            let pushed = match id {
                Some(id) => builder.push(PlainEvent { event_id: Some(format_args!("{id}")), ..event }),
                None => builder.push(event),
            };
            pushed.unwrap();
        }
        builder.finish()
    }

    fn page(limit: usize, max_bytes: usize) -> PageRequest {
        PageRequest { position: None, direction: Direction::Forward, limit, max_bytes, urgency: Urgency::Wanted }
    }

    #[test]
    fn any_order_becomes_walk_order_and_equals_keep_theirs() {
        for (answer, newest_first, ascending) in [
            (vec![(1, "a"), (2, "b"), (2, "c"), (3, "d")], false, "abcd"),
            (vec![(3, "d"), (2, "c"), (2, "b"), (1, "a")], true, "abcd"),
            (vec![(3, "d"), (2, "c"), (2, "b"), (1, "a")], false, "abcd"),
            (vec![(2, "b"), (1, "a"), (2, "c"), (3, "d")], false, "abcd"),
            (vec![(2, "a"), (2, "b")], false, "ab"),
            (vec![(2, "b"), (2, "a")], true, "ab"),
        ] {
            let told = |way| {
                let mut events = events(&answer);
                walk_order(&mut events, newest_first, way);
                events.iter().map(|event| event.message()).collect::<String>()
            };
            assert_eq!(told(Direction::Forward), ascending, "{answer:?}");
            assert_eq!(told(Direction::Backward), ascending.chars().rev().collect::<String>(), "{answer:?}");
        }
    }

    #[test]
    fn a_page_takes_what_fits_and_always_one() {
        let all = events(&[(1, "aaaa"), (3, "bbbb"), (4, "c")]);
        for (limit, bytes, expected) in
            [(1, 100, 1), (2, 100, 2), (3, 100, 3), (9, 100, 3), (9, 8, 2), (9, 7, 1), (9, 0, 1), (0, 100, 1)]
        {
            let fits = fit(all.iter(), &page(limit, bytes));
            assert_eq!(fits, expected, "{limit} events, {bytes} bytes");
        }
    }

    #[test]
    fn an_upstream_that_gives_more_than_asked_for_is_cut() {
        let answer = StreamAnswer { events: events(&[(1, "a"), (2, "b")]), empty: false, onward: "f".into(), back: "b".into() };
        let first = stream_page(&Place::beginning(Direction::Forward), answer, &page(1, 100)).unwrap();
        assert_eq!(first.events.len(), 1);
        let again = PageRequest { position: Some(first.next), ..page(1, 100) };
        let place = Place::of(&again, Of::Stream).unwrap();
        assert_eq!((place.token, place.mode, place.edge.map(|edge| edge.at)), (None, Mode::Resume, Some(1)));
    }

    #[test]
    fn a_token_that_is_too_long_for_a_position_is_replaced_by_the_last_event() {
        let long = Some("t".repeat(MAX_TOKEN + 1));
        for way in [Direction::Forward, Direction::Backward] {
            let asked = PageRequest { direction: way, ..page(9, 100) };
            let answer = GroupAnswer { events: with_id(&[(7, "x")], Some("id")), token: long.clone() };
            let read = group_page(&Place::beginning(way).within(1), answer, &asked, (None, 0)).unwrap();
            let onward = if way == Direction::Forward { Some(read.next) } else { read.previous };
            let onward = Place::of(&PageRequest { position: onward, ..asked.clone() }, Of::Group).unwrap();
            assert_eq!((onward.token, onward.since.or(onward.until), onward.mode), (None, Some(7), Mode::Resume), "{way:?}");
            let nothing = GroupAnswer { events: events(&[]), token: long.clone() };
            assert!(group_page(&Place::beginning(way), nothing, &asked, (None, 0)).is_err(), "{way:?}");
        }
    }

    #[test]
    fn an_edge_does_not_go_back() {
        for (way, told, older, newer) in [(Direction::Forward, 5, 3, 7), (Direction::Backward, 5, 7, 3)] {
            let edge = |at, id: &str| Edge { at, id: Some(id.to_owned()), count: 1, skip: 1 };
            let place = Place { edge: Some(edge(told, "told")), mark: Some(1), ..Place::at_token(way, "F".to_owned()) };
            for (at, expected) in [(older, told), (newer, newer)] {
                let events = with_id(&[(at, "x")], Some("x"));
                let asked = PageRequest { direction: way, ..page(9, 100) };
                let answer = GroupAnswer { events, token: Some("G".to_owned()) };
                let read = group_page(&place, answer, &asked, (None, 0)).unwrap();
                let onward = if way == Direction::Forward { Some(read.next) } else { read.previous };
                let onward = Place::of(&PageRequest { position: onward, ..asked }, Of::Group).unwrap();
                assert_eq!(onward.edge.map(|edge| edge.at), Some(expected), "{way:?} {at}");
            }
        }
    }
}
