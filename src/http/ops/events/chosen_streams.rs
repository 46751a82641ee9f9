//! Which streams of a group are read: `streams`, repeated, or `streamPrefix`.
//!
//! Owns the reading of these two parameters. Look next at [`super::request`], their user.

use crate::domain::name::{LogStreamName, from_url_spelling};
use crate::domain::operation::StreamSelection;
use crate::http::input::{Input, echo};

/// Streams that can be named at most; FilterLogEvents' own limit.
const MAX_STREAMS: usize = 100;

/// Reads `streams` and `streamPrefix`; `one_stream`: the request names its stream already.
pub(super) fn read(input: &mut Input, one_stream: bool) -> Option<StreamSelection> {
    let texts = input.take_all("streams");
    let prefix = input.take("streamPrefix");
    let mut names: Vec<LogStreamName> = Vec::new();
    for text in &texts {
        match LogStreamName::try_from(from_url_spelling(text)) {
            Ok(name) if !names.contains(&name) => names.push(name),
            Ok(name) => input.error("streams", format!("names `{}` twice", echo(name.as_str()))),
            Err(error) => input.error("streams", format!("`{}` {error}", echo(text))),
        }
    }
    if texts.len() > MAX_STREAMS {
        input.error("streams", format!("is given {} times; {MAX_STREAMS} are the most", texts.len()));
    }
    for (name, given) in [("streams", !texts.is_empty()), ("streamPrefix", prefix.is_some())] {
        if given && one_stream {
            input.error(name, "chooses among the streams of a group, but one stream is asked for already");
        }
    }
    match (prefix, texts.is_empty()) {
        (Some(_), false) => {
            input.error("streamPrefix", "can't be combined with `streams`");
            None
        }
        (Some(prefix), true) => {
            let prefix = from_url_spelling(&prefix);
            match LogStreamName::try_from(prefix.as_str()) {
                Ok(_) => Some(StreamSelection::Prefix(prefix)),
                Err(error) => {
                    input.error("streamPrefix", format!("`{}` {error}", echo(&prefix)));
                    None
                }
            }
        }
        (None, false) => Some(StreamSelection::Names(names)),
        (None, true) => None,
    }
}
