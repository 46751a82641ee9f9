//! The streams of a FilterLogEvents call: exactly those that the caller may see.
//!
//! Converts the operation's selection and the permit to a prefix or to names. INVARIANT: no call covers a hidden stream, because
//! CloudWatch runs the caller's filter over all streams of a call: the number of pages, their ends and their tokens would reveal
//! the contents of hidden streams. See docs/decisions/009.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::client::Client;
use super::errors::CallError;
use super::lists::{Listing, list_all_streams};
use super::position::fingerprint;
use super::wire::DescribeLogStreams;
use crate::auth::permit::{Permit, Share};
use crate::domain::cover::Part;
use crate::domain::event::Priority;
use crate::domain::operation::{ReadGroup, StreamSelection};
use crate::sources::SourceError;

/// Maximum names of a FilterLogEvents call.
const MAX_NAMES: usize = 100;
/// Maximum concurrent lookups of names.
const MAX_LOOKUPS: usize = 8;

/// The stream parameters of FilterLogEvents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StreamFilter {
    /// No parameter: all streams, which the permit allows.
    All,
    /// These streams. The caller named them, so a missing stream is an error.
    Chosen(Vec<String>),
    /// These streams, ascending. The permit names them, so missing streams are left out.
    Granted(Vec<String>),
    /// Streams with this prefix, all of which the permit allows.
    Prefix(String),
    /// No selected stream is visible: no call is made.
    Nothing,
}

impl StreamFilter {
    /// A hash of the streams.
    pub(super) fn fingerprint(&self) -> u64 {
        match self {
            Self::All | Self::Nothing => fingerprint(["all"]),
            Self::Prefix(prefix) => fingerprint(["prefix", prefix.as_str()]),
            Self::Chosen(names) | Self::Granted(names) => {
                fingerprint(std::iter::once("names").chain(names.iter().map(String::as_str)))
            }
        }
    }

    fn names(&self) -> Option<&[String]> {
        match self {
            Self::Chosen(names) | Self::Granted(names) => Some(names),
            Self::All | Self::Prefix(_) | Self::Nothing => None,
        }
    }

    /// `logStreamNames`.
    pub(super) fn log_stream_names(&self) -> Option<Vec<&str>> {
        Some(self.names()?.iter().map(String::as_str).collect())
    }

    /// `logStreamNamePrefix`.
    pub(super) fn log_stream_name_prefix(&self) -> Option<&str> {
        match self {
            Self::Prefix(prefix) => Some(prefix),
            _ => None,
        }
    }

    fn granted(names: Vec<String>) -> Self {
        if names.is_empty() { Self::Nothing } else { Self::Granted(names) }
    }
}

/// The streams to request. Patterns that are neither names nor one prefix are resolved to the names of existing streams.
pub(super) async fn stream_filter(
    client: &Client,
    permit: &Permit<ReadGroup>,
    priority: Priority,
) -> Result<StreamFilter, SourceError> {
    let selected = match &permit.op().streams {
        StreamSelection::Names(names) => {
            let names = names.iter().map(|name| name.as_str()).filter(|name| permit.may_see_stream(name));
            let names: Vec<String> = names.map(str::to_owned).collect();
            return if names.is_empty() { Ok(StreamFilter::Nothing) } else { Ok(StreamFilter::Chosen(names)) };
        }
        StreamSelection::Prefix(prefix) => prefix.as_str(),
        StreamSelection::All => "",
    };
    let parts = permit.stream_parts(selected);
    match parts.as_slice() {
        [] => return Ok(StreamFilter::Nothing),
        [Part::Prefix(prefix)] if prefix.is_empty() => return Ok(StreamFilter::All),
        [Part::Prefix(prefix)] => return Ok(StreamFilter::Prefix(prefix.clone())),
        _ => {}
    }
    let (named, listed): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(|part| matches!(part, Part::Name(_)));
    let group = permit.op().group.as_str();
    let mut names: Vec<String> = named.iter().map(|part| part.text().to_owned()).collect();
    names.retain(|name| !client.is_absent(group, name));
    let room = MAX_NAMES.checked_sub(names.len()).ok_or_else(too_many)?;
    if !listed.is_empty() {
        let listing = Listing { group, parts: &listed, max: room, priority };
        let streams = list_all_streams(client, permit, listing).await.map_err(CallError::plain)?.ok_or_else(too_many)?;
        names.extend(streams.into_iter().map(|stream| stream.log_stream_name));
    }
    names.sort_unstable();
    Ok(StreamFilter::granted(names))
}

fn too_many() -> SourceError {
    SourceError::Unsupported {
        parameter: "streams",
        detail: "is needed: your grant covers more than 100 log streams of this group by several patterns. Name up to 100 streams, \
                 or give a `streamPrefix` that lies within one pattern",
    }
}

/// The existing streams of the names. Each is looked up by prefix, because an exact name sorts first among names with that
/// prefix.
///
/// The first name is looked up alone. A missing group then costs exactly one call, always the same one: lookups that run at the
/// same time are cancelled by the first error, and how many of them were sent would depend on timing.
pub(super) async fn existing(
    client: &Client,
    permit: &Permit<ReadGroup>,
    names: &[String],
    priority: Priority,
) -> Result<StreamFilter, CallError> {
    let Some((first, others)) = names.split_first() else { return Ok(StreamFilter::Nothing) };
    let lookup = |name: &String| exists(client, permit.share(), permit.op().group.as_str(), name.clone(), priority);
    let first = lookup(first).await?;
    let others: Vec<Option<String>> = stream::iter(others.iter().map(lookup)).buffered(MAX_LOOKUPS).try_collect().await?;
    Ok(StreamFilter::granted(std::iter::once(first).chain(others).flatten().collect()))
}

/// The name, if a stream of that name exists.
async fn exists(
    client: &Client,
    share: &Share,
    group: &str,
    name: String,
    priority: Priority,
) -> Result<Option<String>, CallError> {
    let answer = client.fetch(share, &DescribeLogStreams::one(group, &name), priority).await?.answer;
    if answer.log_streams.iter().any(|stream| stream.log_stream_name == name) {
        return Ok(Some(name));
    }
    client.note_absent(group, &name);
    Ok(None)
}
