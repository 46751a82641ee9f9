//! The events of a tail: those of a group's permitted and selected streams that match the filter.
//!
//! Owns the translation into the store's requests. Requests only permitted streams from the store.

use std::fmt;
use std::sync::Arc;

use logmark_store::{
    Arrivals, ArrivalsRequest, Event, MessageFilter, Position as StorePosition, ReadError, ScanRequest, Store, StreamPredicate,
    StreamSelection as StoreSelection,
};

use super::MOST_EVENTS;
use crate::auth::permit::Permit;
use crate::domain::filter::EventFilter;
use crate::domain::name::{LogGroupName, LogStreamName};
use crate::domain::operation::StreamSelection;
use crate::domain::rules::{EventRules, EventView};
use crate::domain::tail::{TailGroup, TailStream};
use crate::sources::SourceError;
use crate::sources::tail::MAX_ITEM_BYTES;

/// Bytes that a filter looks at in one step, at most.
const MAX_EXAMINED_BYTES: usize = 1 << 20;

/// The events of a tail.
pub(super) struct Target {
    group: LogGroupName,
    streams: Streams,
    filter: Option<EventFilter>,
    rules: Option<EventRules>,
}

enum Streams {
    All,
    Named(Vec<LogStreamName>),
    Matching(StreamPredicate),
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("group", &self.group).finish_non_exhaustive()
    }
}

/// Events of a batch that match.
pub(super) struct Matching {
    pub(super) matching: Vec<Event>,
    /// The position of the batch's last event, whether it matches or not.
    pub(super) last: Option<StorePosition>,
}

impl Target {
    pub(super) fn of_stream(permit: &Permit<TailStream>) -> Self {
        let TailStream { group, stream } = permit.op().clone();
        let streams = Streams::Named(vec![stream]);
        Self { group, streams, filter: None, rules: permit.rules().cloned() }
    }

    pub(super) fn of_group(permit: &Permit<TailGroup>) -> Self {
        let TailGroup { group, streams, filter } = permit.op().clone();
        let streams = match streams {
            StreamSelection::Names(names) => Streams::Named(names),
            StreamSelection::All if permit.streams().is_none() => Streams::All,
            chosen => {
                let permit = permit.clone();
                Streams::Matching(Arc::new(move |stream| chosen.contains(stream) && permit.may_see_stream(stream)))
            }
        };
        Self { group, streams, filter, rules: permit.rules().cloned() }
    }

    pub(super) fn group(&self) -> &str {
        self.group.as_str()
    }

    pub(super) fn has_filter(&self) -> bool {
        self.filter.is_some() || self.rules.is_some()
    }

    /// Whether hidden events lie between the events of the tail.
    pub(super) fn limits_rows(&self) -> bool {
        self.rules.as_ref().is_some_and(EventRules::limits_rows)
    }

    /// The event as the tail shows it; `None` if it does not.
    fn shown(&self, event: Event) -> Option<Event> {
        let Some(rules) = &self.rules else { return Some(event).filter(|event| self.is_match(&event.message)) };
        match rules.view(&event.stream, &event.message) {
            EventView::Hidden | EventView::Withheld => None,
            EventView::Unchanged => Some(event).filter(|event| self.is_match(&event.message)),
            EventView::Masked(message) => self.is_match(&message).then_some(Event { message, ..event }),
        }
    }

    fn is_match(&self, message: &str) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.matches(message))
    }

    /// Checks that the named streams exist.
    pub(super) fn require_streams(&self, store: &Store) -> Result<(), SourceError> {
        let Streams::Named(names) = &self.streams else { return Ok(()) };
        for name in names {
            store.stream(self.group(), name.as_str())?.ok_or(SourceError::StreamNotFound)?;
        }
        Ok(())
    }

    /// What has arrived after a sequence number. `None`: some of it is in files only.
    pub(super) fn arrivals(&self, store: &Store, after: u64) -> Result<Option<Arrivals>, ReadError> {
        let accepts = |stream: &str, message: &str| match &self.rules {
            Some(rules) => rules.admits(stream, message),
            None => self.is_match(message),
        };
        let is_enough = |bytes: usize| bytes >= MAX_EXAMINED_BYTES;
        let filter = self.has_filter().then_some(MessageFilter { accepts: &accepts, is_enough: &is_enough });
        let read = |streams: StoreSelection<'_>| {
            store.arrivals(&ArrivalsRequest {
                group: self.group(),
                streams,
                filter,
                after,
                limit: MOST_EVENTS,
                max_bytes: MAX_ITEM_BYTES,
            })
        };
        let arrivals = match &self.streams {
            Streams::All => read(StoreSelection::All),
            Streams::Named(names) => {
                let names: Vec<&str> = names.iter().map(LogStreamName::as_str).collect();
                read(StoreSelection::Named(&names))
            }
            Streams::Matching(predicate) => read(StoreSelection::Matching(&**predicate)),
        }?;
        let masked = |arrivals: Arrivals| match self.rules {
            Some(_) => {
                Arrivals { events: arrivals.events.into_iter().filter_map(|event| self.shown(event)).collect(), ..arrivals }
            }
            None => arrivals,
        };
        Ok(arrivals.map(masked))
    }

    /// A scan of the events up to a sequence number, of any time.
    pub(super) fn scan_request(&self, up_to: u64) -> ScanRequest {
        let streams: Option<StreamPredicate> = match &self.streams {
            Streams::All => None,
            Streams::Named(names) => {
                let names = names.clone();
                Some(Arc::new(move |stream| names.iter().any(|name| name.as_str() == stream)))
            }
            Streams::Matching(predicate) => Some(Arc::clone(predicate)),
        };
        ScanRequest {
            group: self.group.to_string(),
            streams,
            start: i64::MIN,
            end: i64::MAX,
            direction: logmark_store::Direction::Forward,
            up_to,
        }
    }

    /// The events of a scanned batch that the tail shows.
    pub(super) fn matching(&self, batch: Vec<Event>) -> Matching {
        let last = batch.last().map(Event::position);
        Matching { matching: batch.into_iter().filter_map(|event| self.shown(event)).collect(), last }
    }
}
