//! Where reading goes on: what the text of a [`Position`] holds.
//!
//! Owns its form. A position leaves the service sealed in a cursor, but is read here as if anybody had written it: a text
//! that does not make sense is [`SourceError::InvalidPosition`]. Never says what to do with a place: that is `walk`.

use aws_lc_rs::digest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::domain::event::{Direction, PageRequest, Position};
use crate::sources::SourceError;

/// CloudWatch's longest token that a position holds, in bytes: the documented bound of GetQueryResults. Tokens of the other
/// operations have some hundred characters.
pub(super) const MAX_TOKEN: usize = 1024;
/// The longest text of a position: a token, an event id, and numbers.
const MAX_TEXT: usize = 1536;
/// CloudWatch's longest page, in events.
pub(super) const MAX_PAGE: usize = 10_000;

/// The kinds of position; one is never taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Stream,
    Group,
    Groups,
    Streams,
    StreamsByTime,
}

impl Of {
    fn letter(self) -> char {
        match self {
            Self::Stream => 's',
            Self::Group => 'g',
            Self::Groups => 'G',
            Self::Streams => 'S',
            Self::StreamsByTime => 'T',
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
    /// An earlier last millisecond than the range's, sent with the call.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<i64>,
    /// Which streams the token was given for. A token is used with the same streams only: what CloudWatch does otherwise is
    /// not documented.
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub(super) mark: Option<u64>,
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
        Self { way, token: None, since: None, until: None, mark: None, edge: None, mode: Mode::Plain }
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
            && place.until.is_none_or(|until| until >= 0 && of == Of::Group)
            && place.token.as_ref().is_none_or(|token| token.len() <= MAX_TOKEN)
            && (of == Of::Stream || place.token.is_none() || place.mark.is_some())
            && place.edge.as_ref().is_none_or(edge_fits)
            && (place.mode == Mode::Plain || place.edge.is_some())
            && (of == Of::Stream || place.mode != Mode::Turned)
            && (of == Of::Group || place.mode != Mode::Include);
        if fits { Ok(place) } else { Err(SourceError::InvalidPosition) }
    }

    /// The place for a call about the streams of this mark.
    pub(super) fn within(self, mark: u64) -> Self {
        let place = if self.token.is_some() && self.mark != Some(mark) { self.without_token() } else { self };
        Self { mark: Some(mark), ..place }
    }

    /// The same place in FilterLogEvents without CloudWatch's token: the call begins at the time of the last event handed out.
    /// Before the first event it begins where the reading began.
    pub(super) fn without_token(self) -> Self {
        let Some(edge) = self.edge else { return Self { token: None, mode: Mode::Plain, ..self } };
        let (since, until) = match self.way {
            Direction::Forward => (Some(edge.at), self.until),
            Direction::Backward => (self.since, Some(edge.at)),
        };
        let mode = if self.mode == Mode::Include { Mode::Include } else { Mode::Resume };
        let edge = Edge { skip: edge.count.min(MAX_PAGE), ..edge };
        Self { token: None, since, until, mode, edge: Some(edge), ..self }
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

/// A place in a list of groups or streams. Names are held as marks, so that its length does not depend on theirs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListPlace {
    /// The part of the list (see [`crate::domain::cover`]).
    #[serde(rename = "p")]
    pub(super) part: u64,
    /// CloudWatch's token.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    /// The last item of that page that was dealt with.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<u64>,
    /// How many items that was, should that one be gone.
    #[serde(rename = "s", default)]
    pub(super) skip: usize,
}

impl ListPlace {
    pub(super) fn of(position: &Position, of: Of) -> Result<Self, SourceError> {
        let place: Self = read(position, of)?;
        let fits = place.token.as_ref().is_none_or(|token| !token.is_empty()) && place.skip <= MAX_PAGE;
        if fits { Ok(place) } else { Err(SourceError::InvalidPosition) }
    }

    pub(super) fn position(&self, of: Of) -> Position {
        write(self, of)
    }
}

/// A place in a list of streams that is ordered by time here: the last one given. Streams of equal times are in the order of
/// their marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimePlace {
    /// Its last event, epoch milliseconds; `None`: it has none.
    #[serde(rename = "t")]
    pub(super) at: Option<i64>,
    /// Its name.
    #[serde(rename = "a")]
    pub(super) name: u64,
}

impl TimePlace {
    pub(super) fn of(position: &Position) -> Result<Self, SourceError> {
        read(position, Of::StreamsByTime)
    }

    pub(super) fn position(&self) -> Position {
        write(self, Of::StreamsByTime)
    }
}

/// A number that stands for the texts: two lists of texts have the same only by a chance of 1 in 2^64.
pub(super) fn mark<'a>(texts: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut context = digest::Context::new(&digest::SHA256);
    for text in texts {
        context.update(&(text.len() as u64).to_be_bytes());
        context.update(text.as_bytes());
    }
    context.finish().as_ref().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

fn read<T: DeserializeOwned>(position: &Position, of: Of) -> Result<T, SourceError> {
    let text = position.0.strip_prefix(of.letter()).filter(|text| text.len() <= MAX_TEXT).ok_or(SourceError::InvalidPosition)?;
    serde_json::from_str(text).map_err(|_| SourceError::InvalidPosition)
}

fn write<T: Serialize>(place: &T, of: Of) -> Position {
    // Structs of texts and numbers can always be written; were it otherwise, the position would be refused when it comes back.
    Position(format!("{}{}", of.letter(), serde_json::to_string(place).unwrap_or_default()))
}
