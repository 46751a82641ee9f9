//! What a cursor of events carries: its request, and a place in the answer.

use serde::{Deserialize, Serialize};

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

/// Where reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ReadFrom {
    Head,
    Tail,
}

/// The request that a cursor carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CursorRequest {
    pub(super) group: LogGroupName,
    pub(super) stream: Option<LogStreamName>,
    pub(super) streams: StreamSelection,
    pub(super) filter: Option<EventFilter>,
    pub(super) start: Option<TimeSpec>,
    pub(super) end: Option<TimeSpec>,
    pub(super) from: Option<ReadFrom>,
    /// `start` and `end` as they were resolved by the first request: relative times stay where they were.
    pub(super) range: (Option<i64>, Option<i64>),
}

impl CursorRequest {
    /// The request as its cursors carry it.
    ///
    /// # Errors
    /// When it is too long for that: every answer has a cursor, so the request is refused.
    pub(super) fn packed_request(&self) -> Result<PackedRequest, ApiError> {
        PackedRequest::pack(self).map_err(|TooLong { .. }| match &self.streams {
            StreamSelection::Names(names) => {
                let bytes: usize = names.iter().map(|name| name.as_str().len()).sum();
                let detail = format!(
                    "has {} names of {bytes} bytes together, which is too long for a cursor: name fewer streams, or give a \
                     `streamPrefix`",
                    names.len()
                );
                ApiError::parameter("streams", detail)
            }
            StreamSelection::All | StreamSelection::Prefix(_) => {
                ApiError::parameter("filter", "is too long for a cursor together with the names of this request: shorten it")
            }
        })
    }
}

/// A place in an answer, as it is sealed behind its request.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Continuation {
    pub(super) source: SourceName,
    pub(super) direction: Direction,
    pub(super) position: Position,
    /// What a reading from there on is after.
    pub(super) mode: ReadMode,
}
