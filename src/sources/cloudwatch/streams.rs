//! Which streams of a group are asked for: the operation's selection and the permit, as far as FilterLogEvents can say it.
//!
//! Owns the narrowing, which only saves work. Never is the check itself: what comes back is looked at event by event,
//! because an upstream may ignore what it is sent.

use crate::auth::permit::Permit;
use crate::domain::operation::{ReadGroup, StreamSelection};
use crate::domain::pattern::{common_prefix, longer};

/// FilterLogEvents takes so many names at most.
const MAX_NAMES: usize = 100;

/// What FilterLogEvents is sent of the streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Narrowing<'a> {
    /// Nothing: all streams, or more than it can be told.
    All,
    /// These. `chosen`: the caller named them, so that one which is not there is an error of the caller's; else the permit did.
    Names { names: Vec<&'a str>, chosen: bool },
    /// Those that begin so.
    Prefix(&'a str),
    /// None can be both selected and seen: there is nothing to ask.
    Nothing,
}

/// Narrows as far as possible.
pub(super) fn narrowing(permit: &Permit<ReadGroup>) -> Narrowing<'_> {
    let selection = &permit.op().streams;
    if let StreamSelection::Names(names) = selection {
        let seen = names.iter().map(|name| name.as_str()).filter(|name| permit.may_see_stream(name)).collect();
        return of_names(seen, true);
    }
    let selected = match selection {
        StreamSelection::Prefix(prefix) => prefix.as_str(),
        StreamSelection::All | StreamSelection::Names(_) => "",
    };
    let Some(patterns) = permit.streams() else { return of_prefix(selected) };
    let literal: Option<Vec<&str>> = patterns.iter().map(|pattern| pattern.literal()).collect();
    if let Some(mut names) = literal {
        names.retain(|name| selection.contains(name));
        names.sort_unstable();
        names.dedup();
        return of_names(names, false);
    }
    match longer(selected, common_prefix(patterns)) {
        Some(prefix) => of_prefix(prefix),
        None => Narrowing::Nothing,
    }
}

fn of_names(names: Vec<&str>, chosen: bool) -> Narrowing<'_> {
    match names.len() {
        0 => Narrowing::Nothing,
        1..=MAX_NAMES => Narrowing::Names { names, chosen },
        _ => Narrowing::All,
    }
}

fn of_prefix(prefix: &str) -> Narrowing<'_> {
    if prefix.is_empty() { Narrowing::All } else { Narrowing::Prefix(prefix) }
}
