//! The form of a position in a tail of CloudWatch: always [`MAX_POSITION_BYTES`] bytes, without state in the service.
//!
//! Owns the bytes. A position leaves the service sealed, but is read here as if anybody had written it.

use std::ops::RangeInclusive;

use logmark_tail_merge::ledger::Sums;
use logmark_tail_merge::{Mark, SUMS};
use serde::{Deserialize, Serialize};

use crate::sources::SourceError;
use crate::sources::tail::{MAX_POSITION_BYTES, TailPosition};

/// The version of the form.
const VERSION: u8 = 1;
/// Times are between 1970 and the year 2500, so that sums of times do not overflow.
const TIMES: RangeInclusive<i64> = 0..=16_725_225_600_000;

/// Where a history has come to, in the order of FilterLogEvents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HistoryPosition {
    /// Events with a later ingestion time are not part of the history.
    pub(super) horizon: i64,
    /// The timestamp to read from.
    pub(super) from: i64,
    /// The last delivered event, which has that timestamp; `None`: all events from there on are to be delivered.
    pub(super) after: Option<u64>,
}

/// Events with a timestamp before the start that the viewer has asked for, which had arrived before it asked. The history leaves them out;
/// the feed has those that were not settled then. What arrived later is a late event, which is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unwanted {
    /// The start.
    pub(super) start: i64,
    /// When the viewer asked.
    pub(super) begun: i64,
}

impl Unwanted {
    pub(super) fn contains(self, timestamp: i64, ingestion: i64) -> bool {
        timestamp < self.start && ingestion <= self.begun
    }
}

/// A position in a tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// What the viewer has of the feed.
    pub(super) mark: Mark,
    /// The stored events that it is to receive first.
    pub(super) history: Option<HistoryPosition>,
    /// What it is not to receive of the feed.
    pub(super) unwanted: Option<Unwanted>,
}

#[derive(Serialize, Deserialize)]
struct Form {
    version: u8,
    through: i64,
    last: i64,
    count: u64,
    powers: [u64; SUMS],
    history: Option<HistoryPosition>,
    unwanted: Option<Unwanted>,
}

impl Place {
    /// A place in the feed.
    pub(super) fn following(mark: Mark, unwanted: Option<Unwanted>) -> Self {
        Self { mark, history: None, unwanted }
    }

    pub(super) fn to_position(self) -> TailPosition {
        let Mark { through, last, sums: Sums { count, powers } } = self.mark;
        let last = last.saturating_sub(through);
        // A feed that is complete through that time has no more of it.
        let unwanted = self.unwanted.filter(|unwanted| through < unwanted.begun);
        let form = Form { version: VERSION, through, last, count, powers, history: self.history, unwanted };
        let mut bytes = postcard::to_allocvec(&form).unwrap_or_default();
        // The length tells nothing of the numbers.
        bytes.resize(MAX_POSITION_BYTES, 0);
        TailPosition(bytes.into())
    }

    /// # Errors
    /// [`SourceError::InvalidPosition`].
    pub(super) fn read(position: &TailPosition) -> Result<Self, SourceError> {
        let bytes = &position.0;
        let (form, rest): (Form, &[u8]) = postcard::take_from_bytes(bytes).map_err(|_| SourceError::InvalidPosition)?;
        let is_whole =
            rest.iter().all(|byte| *byte == 0) && bytes.len() == MAX_POSITION_BYTES && form.version == VERSION && form.last >= 0;
        let last = form.through.checked_add(form.last).filter(|last| is_whole && TIMES.contains(last));
        let last = last.filter(|_| TIMES.contains(&form.through)).ok_or(SourceError::InvalidPosition)?;
        if form.history.is_some_and(|history| !TIMES.contains(&history.from) || !TIMES.contains(&history.horizon)) {
            return Err(SourceError::InvalidPosition);
        }
        if form.unwanted.is_some_and(|unwanted| !TIMES.contains(&unwanted.start) || !TIMES.contains(&unwanted.begun)) {
            return Err(SourceError::InvalidPosition);
        }
        let sums = Sums { count: form.count, powers: form.powers };
        Ok(Self { mark: Mark { through: form.through, last, sums }, history: form.history, unwanted: form.unwanted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(value: u64, time: i64, history: Option<HistoryPosition>) -> Place {
        let sums = Sums { count: value, powers: [value.min((1 << 61) - 2); SUMS] };
        let unwanted = history.map(|history| Unwanted { start: history.from, begun: time + 15_000 });
        Place { mark: Mark { through: time, last: time + 60_000, sums }, history, unwanted }
    }

    #[test]
    fn positions_keep_what_they_hold_within_their_size() {
        let history = HistoryPosition { horizon: 1_795_168_800_000, from: 1_795_168_700_000, after: Some(u64::MAX) };
        for place in [place(0, 0, None), place(u64::MAX, 1_795_168_800_000, Some(history)), place(7, 1_000, Some(history))] {
            let position = place.to_position();
            assert_eq!(position.0.len(), MAX_POSITION_BYTES);
            assert_eq!(Place::read(&position), Ok(place));
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        let good = place(7, 1000, None).to_position();
        let mut longer = good.0.to_vec();
        longer.push(0);
        let mut other = good.0.to_vec();
        other[0] = 2;
        let far = |time| place(1, time, None).to_position().0.to_vec();
        for bytes in [
            far(-1),
            far(i64::MAX - 60_000),
            Vec::new(),
            vec![1; 7],
            longer,
            other,
            good.0[..good.0.len() - 1].to_vec(),
            vec![0xff; 100],
        ] {
            assert_eq!(Place::read(&TailPosition(bytes.clone().into())), Err(SourceError::InvalidPosition), "{bytes:?}");
        }
    }
}
