//! Which streams of a group are asked for: the operation's selection and the permit, as far as FilterLogEvents can say it.
//!
//! Owns the narrowing, which only saves work. Never is the check itself: what comes back is looked at event by event,
//! because an upstream may ignore what it is sent.

use crate::auth::permit::Permit;
use crate::domain::operation::{ReadGroup, StreamSelection};

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
    match longer(selected, common_prefix(patterns.iter().map(|pattern| pattern.prefix()))) {
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

/// What all of them begin with; empty for none of them.
pub(super) fn common_prefix<'a>(mut texts: impl Iterator<Item = &'a str>) -> &'a str {
    let first = texts.next().unwrap_or("");
    texts.fold(first, |common, text| {
        let same = common.char_indices().zip(text.chars()).find(|((_, a), b)| a != b);
        let end = same.map_or(common.len().min(text.len()), |((index, _), _)| index);
        common.get(..end).unwrap_or("")
    })
}

/// The longer of two prefixes if a name can have both.
pub(super) fn longer<'a>(one: &'a str, other: &'a str) -> Option<&'a str> {
    if one.starts_with(other) {
        Some(one)
    } else if other.starts_with(one) {
        Some(other)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_prefixes_end_at_characters() {
        for (texts, expected) in [
            (vec![], ""),
            (vec!["/acme/api"], "/acme/api"),
            (vec!["/acme/api", "/acme/app/x"], "/acme/ap"),
            (vec!["/acme/", "/acme/api"], "/acme/"),
            (vec!["/acme/api", "/acme/", "/b"], "/"),
            (vec!["é", "è"], ""),
            (vec!["aé", "a"], "a"),
        ] {
            assert_eq!(common_prefix(texts.iter().copied()), expected, "{texts:?}");
        }
    }

    #[test]
    fn the_longer_prefix_wins_if_both_can_hold() {
        assert_eq!(longer("", "/a"), Some("/a"));
        assert_eq!(longer("/acme/api", "/acme/"), Some("/acme/api"));
        assert_eq!(longer("/a", "/b"), None);
    }
}
