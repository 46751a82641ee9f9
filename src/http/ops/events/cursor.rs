//! The contents of an event cursor: its request, and a position in the answer.

use serde::{Deserialize, Serialize};

use super::parameters::{FILTER, STREAMS};
use crate::domain::event::{Direction, Position};
use crate::domain::filter::EventFilter;
use crate::domain::name::{LogGroupName, LogStreamName, SourceName};
use crate::domain::operation::StreamSelection;
use crate::domain::time::TimeSpec;
use crate::http::packed_request::{PackedRequest, TooLong};
use crate::http::problem::ApiError;
use crate::sources::reader::ReadMode;

/// The kind of cursor (see [`crate::http::cursor`]).
pub(super) const KIND: &str = "events";

/// The end of the range at which reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::http::ops) enum ReadFrom {
    Head,
    Tail,
}

/// The request in a cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::http::ops) struct CursorRequest {
    pub(in crate::http::ops) group: LogGroupName,
    pub(in crate::http::ops) stream: Option<LogStreamName>,
    pub(in crate::http::ops) streams: StreamSelection,
    pub(in crate::http::ops) filter: Option<EventFilter>,
    pub(in crate::http::ops) start: Option<TimeSpec>,
    pub(in crate::http::ops) end: Option<TimeSpec>,
    pub(in crate::http::ops) from: Option<ReadFrom>,
    /// `start` and `end` as the first request resolved them: relative times do not move.
    pub(in crate::http::ops) range: (Option<i64>, Option<i64>),
}

impl CursorRequest {
    /// The request, packed for cursors.
    ///
    /// # Errors
    /// When the request is too long for a cursor. It is refused, since every answer has a cursor.
    pub(super) fn packed_request(&self) -> Result<PackedRequest, ApiError> {
        PackedRequest::pack(self).map_err(|TooLong { .. }| match &self.streams {
            StreamSelection::Names(names) => {
                let bytes: usize = names.iter().map(|name| name.as_str().len()).sum();
                let detail = format!(
                    "has {} names of {bytes} bytes together, which is too long for a cursor: name fewer streams, or give a \
                     `streamPrefix`",
                    names.len()
                );
                ApiError::parameter(STREAMS.name, detail)
            }
            StreamSelection::All | StreamSelection::Prefix(_) => {
                ApiError::parameter(FILTER.name, "is too long for a cursor together with the names of this request: shorten it")
            }
        })
    }
}

/// A position in an answer. It is sealed after its request.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Continuation {
    pub(super) source: SourceName,
    pub(super) direction: Direction,
    pub(super) position: Position,
    /// Whether the range is read, or new events are followed.
    pub(super) mode: ReadMode,
}
