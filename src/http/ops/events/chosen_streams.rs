//! The choice of streams in a group: `streams`, repeated, or `streamPrefix`.
//!
//! Owns the rules between these two parameters. See also [`super::request`].

use super::parameters::{STREAM_PREFIX, STREAMS};
use crate::domain::operation::StreamSelection;
use crate::http::input::Input;

/// Reads `streams` and `streamPrefix`.
pub(super) fn read(input: &mut Input) -> Option<StreamSelection> {
    let has_names = input.has(&STREAMS);
    let has_prefix = input.has(&STREAM_PREFIX);
    let names = input.get_all(&STREAMS);
    let prefix = input.get(&STREAM_PREFIX);
    if has_names && has_prefix {
        input.error(STREAM_PREFIX.name, "can't be combined with `streams`: use one of the two");
        return None;
    }
    if has_names { Some(StreamSelection::Names(names)) } else { prefix.map(StreamSelection::Prefix) }
}

/// Refuses both in a request that names one stream.
pub(super) fn refuse(input: &mut Input) {
    for name in [STREAMS.name, STREAM_PREFIX.name] {
        input.refuse(name, "chooses among the streams of a group, but the request names one stream: leave it out");
    }
}
