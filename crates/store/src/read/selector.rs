//! Selects events during one call: streams by id, whose names are looked up and checked once, and messages.
//!
//! Does not read events. See also `page`.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::{MessageFilter, StreamSelection};
use crate::catalogue::snapshot::Snapshot;
use crate::error::{ReadError, StorageError};
use crate::event::Position;
use crate::ids::{GroupId, StreamId};

/// All sequence numbers.
const ALL: RangeInclusive<u64> = 0..=u64::MAX;

/// The streams encountered so far, and the messages that were checked.
pub(super) struct Selector<'a> {
    catalogue: &'a Snapshot,
    streams: StreamSelection<'a>,
    /// The name of a selected stream, `None` for other streams.
    met: HashMap<StreamId, Option<Arc<str>>>,
    /// The stream met last, which the next event mostly is in too.
    last: Option<(StreamId, Option<Arc<str>>)>,
    filter: Option<MessageFilter<'a>>,
    examined_bytes: usize,
    /// The first and the last event that the filter checked.
    examined: Option<(Position, Position)>,
    /// How many events of other streams may still be skipped; `None`: any number.
    passes_left: Option<usize>,
    /// The sequence numbers of the returned events.
    window: RangeInclusive<u64>,
}

impl<'a> Selector<'a> {
    /// Looks up the named streams.
    pub(super) fn new(
        catalogue: &'a Snapshot,
        group: (&str, GroupId),
        streams: StreamSelection<'a>,
        filter: Option<MessageFilter<'a>>,
    ) -> Result<Selector<'a>, ReadError> {
        let mut met = HashMap::new();
        if let StreamSelection::Named(names) = streams {
            for name in names {
                let not_found = || ReadError::StreamNotFound { group: group.0.to_owned(), stream: (*name).to_owned() };
                let id = catalogue.stream_id(group.1, name)?.ok_or_else(not_found)?;
                met.insert(id, Some(Arc::from(*name)));
            }
        }
        Ok(Selector {
            catalogue,
            streams,
            met,
            last: None,
            filter,
            examined_bytes: 0,
            examined: None,
            passes_left: None,
            window: ALL,
        })
    }

    /// For one batch of a scan: with the names from earlier batches, which [`Selector::into_met`] returns, and a limit of skipped
    /// events of other streams.
    pub(super) fn of_scan(
        catalogue: &'a Snapshot,
        streams: StreamSelection<'a>,
        met: HashMap<StreamId, Option<Arc<str>>>,
        most_passes: usize,
    ) -> Selector<'a> {
        let passes_left = Some(most_passes);
        Selector {
            catalogue,
            streams,
            met,
            last: None,
            filter: None,
            examined_bytes: 0,
            examined: None,
            passes_left,
            window: ALL,
        }
    }

    /// Returns only events with these sequence numbers.
    pub(super) fn limit_to(&mut self, window: RangeInclusive<u64>) {
        self.window = window;
    }

    /// The name of the event's stream if the event's number and its stream are selected.
    pub(super) fn select_event(&mut self, sequence: u64, stream: StreamId) -> Result<Option<Arc<str>>, StorageError> {
        if self.window.contains(&sequence) { self.select(stream) } else { Ok(None) }
    }

    /// Sets the limit of skipped events of other streams.
    pub(super) fn end_after_passes(&mut self, most: usize) {
        self.passes_left = Some(most);
    }

    /// The encountered streams, each with its name if it is selected.
    pub(super) fn into_met(self) -> HashMap<StreamId, Option<Arc<str>>> {
        self.met
    }

    /// Counts a skipped event.
    pub(super) fn pass(&mut self) {
        self.passes_left = self.passes_left.map(|left| left.saturating_sub(1));
    }

    /// The stream's name if it is selected.
    pub(super) fn select(&mut self, stream: StreamId) -> Result<Option<Arc<str>>, StorageError> {
        if let Some((last, name)) = &self.last
            && *last == stream
        {
            return Ok(name.clone());
        }
        let name = self.look_up(stream)?;
        self.last = Some((stream, name.clone()));
        Ok(name)
    }

    fn look_up(&mut self, stream: StreamId) -> Result<Option<Arc<str>>, StorageError> {
        if let Some(known) = self.met.get(&stream) {
            return Ok(known.clone());
        }
        let name = match self.streams {
            StreamSelection::Named(_) => None,
            // A stream without a name was deleted, but its events stay in their segment.
            StreamSelection::All => self.catalogue.stream_name(stream)?,
            StreamSelection::Matching(accepts) => self.catalogue.stream_name(stream)?.filter(|name| accepts(name)),
        };
        self.met.insert(stream, name.clone());
        Ok(name)
    }

    /// Whether to return the event of a selected stream.
    pub(super) fn accepts(&mut self, position: Position, stream: &str, message: &str) -> bool {
        let Some(filter) = self.filter else { return true };
        self.examined_bytes = self.examined_bytes.saturating_add(message.len() + MessageFilter::EVENT_BYTES);
        self.examined = Some((self.examined.map_or(position, |(first, _)| first), position));
        (filter.accepts)(stream, message)
    }

    /// Whether the cost bound of one page or batch is reached.
    pub(super) fn is_spent(&self) -> bool {
        self.passes_left == Some(0)
            || self.filter.is_some_and(|filter| self.examined_bytes > 0 && (filter.is_enough)(self.examined_bytes))
    }

    /// The first and the last event that a filter checked, in the order of reading.
    pub(super) fn examined(&self) -> Option<(Position, Position)> {
        self.examined
    }

    /// Whether any of these streams is selected.
    pub(super) fn selects_any(&mut self, streams: &[StreamId]) -> Result<bool, StorageError> {
        for stream in streams {
            if matches!(self.streams, StreamSelection::All) || self.select(*stream)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
