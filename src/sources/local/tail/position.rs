//! The positions of a tail of the local source.
//!
//! Owns their form. Sequence numbers count the events of all streams, so they are only ever in a sealed cursor of a fixed length.

use logmark_store::Position as StorePosition;
use serde::{Deserialize, Serialize};

use crate::sources::SourceError;
use crate::sources::tail::{TailPosition, TailStart};

/// A place in the store's order by time, exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ScanPoint {
    timestamp: i64,
    sequence: u64,
}

impl From<StorePosition> for ScanPoint {
    fn from(position: StorePosition) -> Self {
        Self { timestamp: position.timestamp(), sequence: position.sequence() }
    }
}

impl From<ScanPoint> for StorePosition {
    fn from(point: ScanPoint) -> Self {
        Self::new(point.timestamp, point.sequence)
    }
}

impl ScanPoint {
    /// Before all events of the timestamp and later ones: no event has the largest sequence number.
    fn before(timestamp: i64) -> Self {
        match timestamp.checked_sub(1) {
            Some(earlier) => Self { timestamp: earlier, sequence: u64::MAX },
            None => StorePosition::MIN.into(),
        }
    }
}

/// A position of a tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum LocalPosition {
    /// In a scan of the events with sequence numbers after `after` and up to `up_to`, in the order of time, after `from`. At its
    /// end the tail follows after `up_to`.
    Scanning { after: u64, up_to: u64, from: ScanPoint },
    /// Behind the event with this sequence number, in the order of appends.
    Following { after: u64 },
}

impl LocalPosition {
    /// The position at which a tail begins. `last`: the sequence number of the last event in the store.
    pub(super) fn begin(start: &TailStart, last: u64) -> Result<Self, SourceError> {
        match start {
            TailStart::Now => Ok(Self::Following { after: last }),
            TailStart::Time(start) => Ok(Self::Scanning { after: 0, up_to: last, from: ScanPoint::before(start.0) }),
            TailStart::Page(position) => {
                let position: StorePosition = position.0.parse().map_err(|_| SourceError::InvalidPosition)?;
                Ok(Self::Scanning { after: 0, up_to: last, from: position.into() })
            }
            TailStart::Position(position) => {
                Self::read(position).filter(|position| position.newest() <= last).ok_or(SourceError::InvalidPosition)
            }
        }
    }

    /// The position of a tail that follows after an event that is no longer in memory.
    pub(super) fn catch_up(after: u64, last: u64) -> Self {
        Self::Scanning { after, up_to: last, from: StorePosition::MIN.into() }
    }

    /// The largest sequence number in it. If it exceeds the store's last one, the position is from another store: a tail that
    /// follows it would miss events.
    fn newest(self) -> u64 {
        match self {
            Self::Scanning { after, up_to, .. } => after.max(up_to),
            Self::Following { after } => after,
        }
    }

    pub(super) fn write(self) -> TailPosition {
        // Writing numbers to memory cannot fail.
        TailPosition(postcard::to_allocvec(&self).unwrap_or_default().into_boxed_slice())
    }

    fn read(position: &TailPosition) -> Option<Self> {
        let (read, rest) = postcard::take_from_bytes(&position.0).ok()?;
        rest.is_empty().then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Position;
    use crate::domain::time::Millis;
    use crate::sources::tail::MAX_POSITION_BYTES;

    #[test]
    fn positions_are_read_as_they_were_written_and_are_short() {
        let point = ScanPoint { timestamp: i64::MIN, sequence: u64::MAX };
        let positions = [
            LocalPosition::Following { after: 0 },
            LocalPosition::Following { after: u64::MAX },
            LocalPosition::Scanning { after: u64::MAX, up_to: u64::MAX, from: point },
        ];
        for position in positions {
            let written = position.write();
            assert!(written.0.len() <= MAX_POSITION_BYTES, "{} bytes", written.0.len());
            assert_eq!(LocalPosition::begin(&TailStart::Position(written), u64::MAX), Ok(position));
        }
    }

    #[test]
    fn only_positions_of_this_store_are_accepted() {
        let of = |bytes: &[u8]| LocalPosition::begin(&TailStart::Position(TailPosition(bytes.into())), 10);
        assert_eq!(of(&[]), Err(SourceError::InvalidPosition));
        assert_eq!(of(&[9, 9]), Err(SourceError::InvalidPosition));
        assert_eq!(of(&LocalPosition::Following { after: 11 }.write().0), Err(SourceError::InvalidPosition), "a later event");
        let longer = [&LocalPosition::Following { after: 1 }.write().0[..], &[0]].concat();
        assert_eq!(of(&longer), Err(SourceError::InvalidPosition));
        let page = TailStart::Page(Position("no position".to_owned()));
        assert_eq!(LocalPosition::begin(&page, 10), Err(SourceError::InvalidPosition));
    }

    #[test]
    fn a_start_begins_with_the_events_of_its_own_millisecond() {
        let begun = LocalPosition::begin(&TailStart::Time(Millis(7)), 10);
        let from = ScanPoint { timestamp: 6, sequence: u64::MAX };
        assert_eq!(begun, Ok(LocalPosition::Scanning { after: 0, up_to: 10, from }));
        assert_eq!(ScanPoint::before(i64::MIN), StorePosition::MIN.into());
    }
}
