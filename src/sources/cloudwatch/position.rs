//! Where reading goes on: what the text of a [`Position`] holds.
//!
//! Owns its form. A position leaves the service sealed in a cursor, but is read here as if anybody had written it: a text
//! that does not make sense is [`SourceError::InvalidPosition`]. Never says what to do with a place: that is `walk`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::domain::event::{Direction, PageRequest, Position};
use crate::sources::SourceError;

/// Longer texts are not ours: a token of CloudWatch has some hundred characters.
const MAX_TEXT: usize = 8192;
/// CloudWatch's longest page, in events.
pub(super) const MAX_PAGE: usize = 10_000;

/// The kinds of position; one is never taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Stream,
    Group,
    Groups,
    Streams,
}

impl Of {
    fn letter(self) -> char {
        match self {
            Self::Stream => 's',
            Self::Group => 'g',
            Self::Groups => 'G',
            Self::Streams => 'S',
        }
    }
}

/// An event up to which reading has come: the last of those handed out, in the order read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edge {
    /// Its time, epoch milliseconds.
    #[serde(rename = "t")]
    pub(super) at: i64,
    /// Its id, where there are ids.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    /// Where there are none: how many events at that time were handed out, counted from the place's token on. Late events
    /// sort behind them, so a count of equals survives those where a count of all would not.
    #[serde(rename = "n")]
    pub(super) count: usize,
    /// How many events from the token on will be passed over: so much more must be asked for.
    #[serde(rename = "s")]
    pub(super) skip: usize,
}

/// What the edge means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Mode {
    /// Every event from the token on is new; an edge is there for the end only, where the token is lost.
    #[serde(rename = "p")]
    Plain,
    /// The events from the token on up to the edge, the edge among them, were handed out already.
    #[serde(rename = "r")]
    Resume,
    /// As `Resume`, but the edge itself was not.
    #[serde(rename = "i")]
    Include,
    /// The page is to be read against the token's direction: from the token on up to the edge, then back.
    #[serde(rename = "t")]
    Turned,
}

/// A place among events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    /// Which way it is to be read.
    #[serde(rename = "w")]
    pub(super) way: Direction,
    /// CloudWatch's token; `None`: the beginning, seen in the direction of the call.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    /// A later start than the range's, sent with the call.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<i64>,
    /// See [`Mode`].
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub(super) edge: Option<Edge>,
    /// What the edge means.
    #[serde(rename = "m")]
    pub(super) mode: Mode,
}

impl Place {
    /// The beginning of a reading.
    pub(super) fn beginning(way: Direction) -> Self {
        Self { way, token: None, since: None, edge: None, mode: Mode::Plain }
    }

    /// Where the token is, and nothing else to heed.
    pub(super) fn at_token(way: Direction, token: String) -> Self {
        Self { token: Some(token), ..Self::beginning(way) }
    }

    /// The place that a page is asked for from.
    pub(super) fn of(page: &PageRequest, of: Of) -> Result<Self, SourceError> {
        let Some(position) = &page.position else { return Ok(Self::beginning(page.direction)) };
        let place: Self = read(position, of)?;
        let edge_fits = |edge: &Edge| {
            let named = edge.id.as_ref().is_some_and(|id| !id.is_empty());
            edge.at >= 0 && edge.skip <= MAX_PAGE && edge.count <= MAX_PAGE && named == (of == Of::Group)
        };
        let fits = place.way == page.direction
            && place.token.as_ref().is_none_or(|token| !token.is_empty())
            && place.since.is_none_or(|since| since >= 0 && of == Of::Group)
            && place.edge.as_ref().is_none_or(edge_fits)
            && (place.mode == Mode::Plain || place.edge.is_some())
            && (of == Of::Stream || place.mode != Mode::Turned)
            && (of == Of::Group || place.mode != Mode::Include);
        if fits { Ok(place) } else { Err(SourceError::InvalidPosition) }
    }

    /// The place as a position.
    pub(super) fn position(&self, of: Of) -> Position {
        write(self, of)
    }

    /// How many events to ask for when `limit` are wanted. Quotas count calls and not events, so the number is rounded up:
    /// then those who want a few more or less make equal calls, and what is left of a page is there for the next request.
    pub(super) fn ask(&self, limit: usize) -> usize {
        const SIZES: [usize; 3] = [100, 1000, MAX_PAGE];
        let skip = self.edge.as_ref().filter(|_| self.mode != Mode::Plain).map_or(0, |edge| edge.skip);
        let wanted = if self.mode == Mode::Turned { skip } else { limit.saturating_add(skip) };
        SIZES.into_iter().find(|size| *size >= wanted).unwrap_or(MAX_PAGE)
    }
}

/// A place in a list of groups or streams.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListPlace {
    /// CloudWatch's token.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    /// The last item of that page that was dealt with.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<String>,
    /// How many items that was, should that one be gone.
    #[serde(rename = "s", default)]
    pub(super) skip: usize,
}

impl ListPlace {
    pub(super) fn of(position: Option<&Position>, of: Of) -> Result<Self, SourceError> {
        let Some(position) = position else { return Ok(Self::default()) };
        let place: Self = read(position, of)?;
        let fits = place.token.as_ref().is_none_or(|token| !token.is_empty()) && place.skip <= MAX_PAGE;
        if fits { Ok(place) } else { Err(SourceError::InvalidPosition) }
    }

    pub(super) fn position(&self, of: Of) -> Position {
        write(self, of)
    }
}

fn read<T: DeserializeOwned>(position: &Position, of: Of) -> Result<T, SourceError> {
    let text = position.0.strip_prefix(of.letter()).filter(|text| text.len() <= MAX_TEXT).ok_or(SourceError::InvalidPosition)?;
    serde_json::from_str(text).map_err(|_| SourceError::InvalidPosition)
}

fn write<T: Serialize>(place: &T, of: Of) -> Position {
    // Structs of texts and numbers can always be written; were it otherwise, the position would be refused when it comes back.
    Position(format!("{}{}", of.letter(), serde_json::to_string(place).unwrap_or_default()))
}
