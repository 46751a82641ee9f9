//! The text of a [`Position`]: where reading continues.
//!
//! Owns its format. A position leaves the service sealed in a cursor, but is validated like any input: a malformed text is
//! [`SourceError::InvalidPosition`]. `paging` interprets positions.

use aws_lc_rs::digest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::domain::event::{Direction, PageRequest, Position};
use crate::sources::SourceError;

/// Longest CloudWatch token in a position, in bytes: the documented bound of GetQueryResults. Tokens of the other operations have
/// some hundred characters.
pub(super) const MAX_TOKEN: usize = 1024;
/// The longest text of a position: a token, an event id, and numbers.
const MAX_TEXT: usize = 1536;
/// CloudWatch's longest page, in events.
pub(super) const MAX_PAGE: usize = 10_000;

/// The kinds of positions, which are never confused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PositionKind {
    Stream,
    Group,
    Groups,
    Streams,
    StreamsByTime,
}

impl PositionKind {
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

/// The last returned event, in reading order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResumePoint {
    /// Its time, in epoch milliseconds.
    #[serde(rename = "t")]
    pub(super) at: i64,
    /// Its id, if the operation has ids.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    /// Without ids: how many events of that time were returned, counted from the position's token. Late events sort after them,
    /// so a count of equal times stays valid, unlike a count of all events.
    #[serde(rename = "n")]
    pub(super) count: usize,
    /// How many events after the token will be skipped, which must be requested in addition.
    #[serde(rename = "s")]
    pub(super) skip: usize,
}

/// The meaning of the resume point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ResumeMode {
    /// Every event after the token is new; the resume point is used only at the end, where no token exists.
    #[serde(rename = "p")]
    Plain,
    /// The events after the token up to and including the resume point were already returned.
    #[serde(rename = "r")]
    Resume,
    /// Like `Resume`, but the event at the resume point was not returned.
    #[serde(rename = "i")]
    Include,
    /// The page is in the opposite direction of the token: read from the token to the resume point, then reverse.
    #[serde(rename = "t")]
    Reversed,
}

/// A position among events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsPosition {
    /// The direction of reading.
    #[serde(rename = "w")]
    pub(super) direction: Direction,
    /// CloudWatch's token; `None`: the beginning in the direction of the call.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    /// A later start than the range's, sent with the call.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<i64>,
    /// An earlier last millisecond than the range's, sent with the call.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<i64>,
    /// The streams of the token. A token is used only with the same streams, because CloudWatch does not document other uses.
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub(super) fingerprint: Option<u64>,
    /// See [`ResumeMode`].
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub(super) resume_point: Option<ResumePoint>,
    /// The meaning of the resume point.
    #[serde(rename = "m")]
    pub(super) mode: ResumeMode,
}

impl EventsPosition {
    /// The start of reading.
    pub(super) fn beginning(direction: Direction) -> Self {
        Self { direction, token: None, since: None, until: None, fingerprint: None, resume_point: None, mode: ResumeMode::Plain }
    }

    /// A position at the token only.
    pub(super) fn at_token(direction: Direction, token: String) -> Self {
        Self { token: Some(token), ..Self::beginning(direction) }
    }

    /// The position of a page request.
    pub(super) fn of(page: &PageRequest, kind: PositionKind) -> Result<Self, SourceError> {
        let Some(position) = &page.position else { return Ok(Self::beginning(page.direction)) };
        let position: Self = read(position, kind)?;
        let resume_point_fits = |resume_point: &ResumePoint| {
            let named = resume_point.id.as_ref().is_some_and(|id| !id.is_empty());
            resume_point.at >= 0
                && resume_point.skip <= MAX_PAGE
                && resume_point.count <= MAX_PAGE
                && named == (kind == PositionKind::Group)
        };
        let fits = position.direction == page.direction
            && position.token.as_ref().is_none_or(|token| !token.is_empty())
            && position.since.is_none_or(|since| since >= 0 && kind == PositionKind::Group)
            && position.until.is_none_or(|until| until >= 0 && kind == PositionKind::Group)
            && position.token.as_ref().is_none_or(|token| token.len() <= MAX_TOKEN)
            && (kind == PositionKind::Stream || position.token.is_none() || position.fingerprint.is_some())
            && position.resume_point.as_ref().is_none_or(resume_point_fits)
            && (position.mode == ResumeMode::Plain || position.resume_point.is_some())
            && (kind == PositionKind::Stream || position.mode != ResumeMode::Reversed)
            && (kind == PositionKind::Group || position.mode != ResumeMode::Include);
        if fits { Ok(position) } else { Err(SourceError::InvalidPosition) }
    }

    /// The position for a call for the streams of this mark.
    pub(super) fn within(self, fingerprint: u64) -> Self {
        let position = if self.token.is_some() && self.fingerprint != Some(fingerprint) { self.without_token() } else { self };
        Self { fingerprint: Some(fingerprint), ..position }
    }

    /// The same position in FilterLogEvents without CloudWatch's token: the call begins at the time of the last returned event,
    /// or at the start of the range before the first event.
    pub(super) fn without_token(self) -> Self {
        let Some(resume_point) = self.resume_point else { return Self { token: None, mode: ResumeMode::Plain, ..self } };
        let (since, until) = match self.direction {
            Direction::Forward => (Some(resume_point.at), self.until),
            Direction::Backward => (self.since, Some(resume_point.at)),
        };
        let mode = if self.mode == ResumeMode::Include { ResumeMode::Include } else { ResumeMode::Resume };
        let resume_point = ResumePoint { skip: resume_point.count.min(MAX_PAGE), ..resume_point };
        Self { token: None, since, until, mode, resume_point: Some(resume_point), ..self }
    }

    /// Serializes the position.
    pub(super) fn to_source_position(&self, kind: PositionKind) -> Position {
        write(self, kind)
    }

    /// The number of events to request for a limit. Quotas count calls, not events, so the number is rounded up: requests with
    /// similar limits then make equal calls, and the rest of a page serves the next request from the cache (docs/decisions/005).
    pub(super) fn request_limit(&self, limit: usize) -> usize {
        const SIZES: [usize; 3] = [100, 1000, MAX_PAGE];
        let skip =
            self.resume_point.as_ref().filter(|_| self.mode != ResumeMode::Plain).map_or(0, |resume_point| resume_point.skip);
        let wanted = if self.mode == ResumeMode::Reversed { skip } else { limit.saturating_add(skip) };
        SIZES.into_iter().find(|size| *size >= wanted).unwrap_or(MAX_PAGE)
    }
}

/// A position in a list of groups or streams. Names are stored as hashes, so that its length does not depend on them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListPosition {
    /// The part of the list (see [`crate::domain::cover`]).
    #[serde(rename = "p")]
    pub(super) part: u64,
    /// CloudWatch's token.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    /// The last processed item of that page.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<u64>,
    /// The number of processed items, in case that item was deleted.
    #[serde(rename = "s", default)]
    pub(super) skip: usize,
}

impl ListPosition {
    pub(super) fn of(position: &Position, kind: PositionKind) -> Result<Self, SourceError> {
        let position: Self = read(position, kind)?;
        let fits = position.token.as_ref().is_none_or(|token| !token.is_empty()) && position.skip <= MAX_PAGE;
        if fits { Ok(position) } else { Err(SourceError::InvalidPosition) }
    }

    pub(super) fn to_source_position(&self, kind: PositionKind) -> Position {
        write(self, kind)
    }
}

/// A position in a list of streams that is sorted by time here: the last returned stream. Streams of equal time are in the order
/// of their hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimeOrderPosition {
    /// The time of its last event, in epoch milliseconds; `None` without events.
    #[serde(rename = "t")]
    pub(super) at: Option<i64>,
    /// Its name.
    #[serde(rename = "a")]
    pub(super) name: u64,
}

impl TimeOrderPosition {
    pub(super) fn of(position: &Position) -> Result<Self, SourceError> {
        read(position, PositionKind::StreamsByTime)
    }

    pub(super) fn to_source_position(self) -> Position {
        write(&self, PositionKind::StreamsByTime)
    }
}

/// A hash of the texts, with a collision probability of 2^-64.
pub(super) fn fingerprint<'a>(texts: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut context = digest::Context::new(&digest::SHA256);
    for text in texts {
        context.update(&(text.len() as u64).to_be_bytes());
        context.update(text.as_bytes());
    }
    context.finish().as_ref().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

fn read<T: DeserializeOwned>(position: &Position, kind: PositionKind) -> Result<T, SourceError> {
    let text =
        position.0.strip_prefix(kind.letter()).filter(|text| text.len() <= MAX_TEXT).ok_or(SourceError::InvalidPosition)?;
    serde_json::from_str(text).map_err(|_| SourceError::InvalidPosition)
}

fn write<T: Serialize>(position: &T, kind: PositionKind) -> Position {
    // Structs of texts and numbers can always be serialized; otherwise the position would be refused later.
    Position(format!("{}{}", kind.letter(), serde_json::to_string(position).unwrap_or_default()))
}
