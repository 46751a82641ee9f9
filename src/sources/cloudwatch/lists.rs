//! Lists: DescribeLogGroups and DescribeLogStreams.
//!
//! Owns which parts of a list are requested ([`crate::domain::cover`]): as far as the patterns allow, names and prefixes that are
//! completely visible. Every name is checked anyway. A list has a next page only if a visible item follows, or if the calls of
//! one page are used up. Calls are bounded.

use super::client::Client;
use super::errors::CallError;
use super::position::{ListPosition, MAX_TOKEN, PositionKind, TimeOrderPosition, fingerprint};
use super::wire::{DescribeLogGroups, DescribeLogStreams, Group, Stream};
use crate::auth::permit::Permit;
use crate::domain::cover::Part;
use crate::domain::event::{Direction, ListPage, LogGroup, LogStream, Position, Priority};
use crate::domain::name::{LogGroupName, LogStreamName, SourceName};
use crate::domain::operation::{DescribeGroup, ListGroups, ListStreams, Operation, StreamOrder};
use crate::domain::time::Millis;
use crate::sources::{SourceError, visible};

/// The largest page of both operations.
const UPSTREAM_PAGE: usize = 50;
/// Maximum calls for one page of the API.
const MAX_CALLS: usize = 10;
/// Maximum calls for a list of all streams of some parts.
const MAX_LISTING_CALLS: usize = 40;
/// Maximum number of streams that are sorted by their last events here.
const MAX_ORDERED: usize = 1000;
/// The longest name and prefix.
const MAX_PREFIX: usize = 512;

/// A page of the source's visible groups.
pub(super) async fn list_groups(
    client: &Client,
    source: &SourceName,
    permit: &Permit<ListGroups>,
    from: Option<&Position>,
    limit: usize,
) -> Result<ListPage<LogGroup>, SourceError> {
    let wanted = permit.op().prefix.as_deref().unwrap_or("");
    let Some(rule) = permit.sources().iter().find(|rule| rule.source == *source) else {
        return Ok(ListPage { items: Vec::new(), next: None });
    };
    let mut parts = rule.parts(wanted);
    parts.retain(|part| may_begin(part.text()));
    let mut builder = ListPageBuilder::new(&parts, from, limit, PositionKind::Groups)?;
    while let Some((part, token)) = builder.next_call() {
        let request = match part {
            Part::Name(name) => DescribeLogGroups::one(name),
            Part::Prefix(prefix) | Part::Mixed(prefix) => DescribeLogGroups {
                log_group_name_prefix: Some(prefix.as_str()).filter(|prefix| !prefix.is_empty()),
                next_token: token.as_deref(),
                limit: UPSTREAM_PAGE,
            },
        };
        let answer = client.call(permit.share(), &request).await.map_err(|error| builder.failure(error, from))?;
        let shown = |name: &str| name.starts_with(wanted) && rule.allows(name);
        let withheld = |group: Group| {
            let sees_all = rule.shows_whole(&group.log_group_name);
            log_group(group).map(|group| group.seen(sees_all))
        };
        builder.take(
            answer.log_groups,
            answer.next_token,
            |group| group.log_group_name.as_str(),
            |group| Some(group).filter(|group| shown(&group.log_group_name)).and_then(withheld),
        )?;
    }
    Ok(builder.page())
}

/// Whether a group's name can begin with this prefix; CloudWatch refuses other prefixes. A prefix such as `/acme/..` is not a
/// name yet.
fn may_begin(prefix: &str) -> bool {
    prefix.len() <= MAX_PREFIX && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-/#".contains(&byte))
}

/// One group, by its name.
pub(super) async fn describe_group(client: &Client, permit: &Permit<DescribeGroup>) -> Result<LogGroup, SourceError> {
    let name = permit.op().group.as_str();
    let answer = client.call(permit.share(), &DescribeLogGroups::one(name)).await.map_err(CallError::plain)?;
    let found = answer.log_groups.into_iter().find(|group| group.log_group_name == name);
    found.and_then(log_group).map(|group| group.seen(permit.shows_whole())).ok_or(SourceError::NotFound)
}

/// A page of the group's visible streams.
pub(super) async fn list_streams(
    client: &Client,
    permit: &Permit<ListStreams>,
    from: Option<&Position>,
    limit: usize,
) -> Result<ListPage<LogStream>, SourceError> {
    let op = permit.op();
    let wanted = op.prefix.as_deref().unwrap_or("");
    check_prefix(op.order, wanted)?;
    visible::check_order(permit)?;
    let mut parts = permit.stream_parts(wanted);
    if op.order == StreamOrder::LastEvent && permit.streams().is_some() {
        return ordered_streams(client, permit, &parts, from, limit).await;
    }
    if op.direction == Direction::Backward {
        parts.reverse();
    }
    let mut builder = ListPageBuilder::new(&parts, from, limit, PositionKind::Streams)?;
    while let Some((part, token)) = builder.next_call() {
        let request = match part {
            Part::Name(name) => DescribeLogStreams::one(op.group.as_str(), name),
            Part::Prefix(prefix) | Part::Mixed(prefix) => DescribeLogStreams {
                log_group_name: op.group.as_str(),
                log_stream_name_prefix: Some(prefix.as_str()).filter(|prefix| !prefix.is_empty()),
                order_by: match op.order {
                    StreamOrder::Name => "LogStreamName",
                    StreamOrder::LastEvent => "LastEventTime",
                },
                descending: op.direction == Direction::Backward,
                next_token: token.as_deref(),
                limit: UPSTREAM_PAGE,
            },
        };
        let answer = client.call(permit.share(), &request).await.map_err(|error| builder.failure(error, from))?;
        let shown = |name: &str| name.starts_with(wanted) && permit.may_see_stream(name);
        builder.take(
            answer.log_streams,
            answer.next_token,
            |stream| stream.log_stream_name.as_str(),
            |stream| Some(stream).filter(|stream| shown(&stream.log_stream_name)).and_then(|stream| seen_stream(stream, permit)),
        )?;
    }
    Ok(builder.page())
}

fn seen_stream(stream: Stream, permit: &Permit<ListStreams>) -> Option<LogStream> {
    let all_rows = permit.shows_all_rows_of(&stream.log_stream_name);
    log_stream(stream).map(|stream| stream.seen(all_rows))
}

fn check_prefix(order: StreamOrder, wanted: &str) -> Result<(), SourceError> {
    let unsupported = |detail| Err(SourceError::Unsupported { parameter: "prefix", detail });
    if wanted.contains([':', '*']) || wanted.chars().count() > MAX_PREFIX {
        return unsupported(
            "cannot be the prefix of a stream's name: names contain neither `:` nor `*`, and have at most 512 characters",
        );
    }
    if order == StreamOrder::LastEvent && !wanted.is_empty() {
        return unsupported("cannot be combined with the order by last event");
    }
    Ok(())
}

/// A page of the permit's streams by their last events. CloudWatch supports this order only for all streams of a group, so a part
/// of them is listed by name and sorted here.
async fn ordered_streams(
    client: &Client,
    permit: &Permit<ListStreams>,
    parts: &[Part],
    from: Option<&Position>,
    limit: usize,
) -> Result<ListPage<LogStream>, SourceError> {
    let op = permit.op();
    let after = from.map(TimeOrderPosition::of).transpose()?;
    let listing = Listing { group: op.group.as_str(), parts, max: MAX_ORDERED, priority: Priority::Requested };
    let streams = list_all_streams(client, permit, listing).await.map_err(CallError::plain)?.ok_or(SourceError::Unsupported {
        parameter: "orderBy",
        detail: "cannot be `lastEvent` here: your grant covers more than 1,000 log streams of this group; list them by name",
    })?;
    let position = |stream: &Stream| TimeOrderPosition {
        at: stream.last_event_timestamp,
        name: fingerprint([stream.log_stream_name.as_str()]),
    };
    let mut streams: Vec<(TimeOrderPosition, Stream)> = streams.into_iter().map(|stream| (position(&stream), stream)).collect();
    streams.sort_unstable_by_key(|(position, _)| *position);
    if op.direction == Direction::Backward {
        streams.reverse();
    }
    let is_behind = |position: TimeOrderPosition| match op.direction {
        Direction::Forward => after.is_none_or(|after| position > after),
        Direction::Backward => after.is_none_or(|after| position < after),
    };
    streams.retain(|(position, _)| is_behind(*position));
    let goes_on = streams.len() > limit.max(1);
    streams.truncate(limit.max(1));
    let next = streams.last().filter(|_| goes_on).map(|(position, _)| position.to_source_position());
    Ok(ListPage { items: streams.into_iter().filter_map(|(_, stream)| seen_stream(stream, permit)).collect(), next })
}

/// Which streams to list completely.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listing<'a> {
    pub(super) group: &'a str,
    pub(super) parts: &'a [Part],
    /// The maximum number.
    pub(super) max: usize,
    pub(super) priority: Priority,
}

/// All visible streams of the parts; `None` if there are too many.
pub(super) async fn list_all_streams<Op: Operation>(
    client: &Client,
    permit: &Permit<Op>,
    listing: Listing<'_>,
) -> Result<Option<Vec<Stream>>, CallError> {
    let (mut found, mut calls) = (Vec::new(), 0);
    for part in listing.parts {
        let mut token: Option<String> = None;
        loop {
            calls += 1;
            if calls > MAX_LISTING_CALLS {
                return Ok(None);
            }
            let request = match part {
                Part::Name(name) => DescribeLogStreams::one(listing.group, name),
                Part::Prefix(prefix) | Part::Mixed(prefix) => DescribeLogStreams {
                    log_group_name: listing.group,
                    log_stream_name_prefix: Some(prefix.as_str()).filter(|prefix| !prefix.is_empty()),
                    order_by: "LogStreamName",
                    descending: false,
                    next_token: token.as_deref(),
                    limit: UPSTREAM_PAGE,
                },
            };
            let answer = client.fetch(permit.share(), &request, listing.priority).await?.answer;
            let in_part = |name: &str| match part {
                Part::Name(text) => name == text,
                Part::Prefix(text) | Part::Mixed(text) => name.starts_with(text.as_str()),
            };
            let shown = |stream: &&Stream| in_part(&stream.log_stream_name) && permit.may_see_stream(&stream.log_stream_name);
            found.extend(answer.log_streams.iter().filter(shown).cloned());
            if found.len() > listing.max {
                return Ok(None);
            }
            if token.is_some() && token == answer.next_token {
                return Err(CallError::Upstream("a list returned the same token".to_owned()));
            }
            token.clone_from(&answer.next_token);
            if token.is_none() || matches!(part, Part::Name(_)) {
                break;
            }
        }
    }
    Ok(Some(found))
}

/// A page that is being filled from CloudWatch's pages.
#[derive(Debug)]
struct ListPageBuilder<'a, T> {
    of: PositionKind,
    limit: usize,
    parts: &'a [Part],
    items: Vec<T>,
    calls: usize,
    /// The part and position of the next call; `None` if the list is complete.
    position: Option<(usize, ListPosition)>,
    /// The start of the next page, if an item of it is known.
    next: Option<ListPosition>,
}

impl<'a, T> ListPageBuilder<'a, T> {
    fn new(parts: &'a [Part], from: Option<&Position>, limit: usize, of: PositionKind) -> Result<Self, SourceError> {
        let position = match from {
            None => first_call(parts, 0),
            Some(position) => {
                let position = ListPosition::of(position, of)?;
                // The parts differ from those of the first page, because grants or scopes have changed.
                let part =
                    parts.iter().position(|part| fingerprint_of(part) == position.part).ok_or(SourceError::InvalidPosition)?;
                Some((part, position))
            }
        };
        Ok(Self { of, limit: limit.max(1), parts, items: Vec::new(), calls: 0, position, next: None })
    }

    /// The part and position of the next call, if one is needed.
    fn next_call(&self) -> Option<(&'a Part, Option<String>)> {
        let (part, position) = self.position.as_ref().filter(|_| self.next.is_none() && self.calls < MAX_CALLS)?;
        Some((self.parts.get(*part)?, position.token.clone()))
    }

    /// Converts a call's failure. Only the first call of a page uses the caller's position.
    fn failure(&self, error: CallError, from: Option<&Position>) -> SourceError {
        error.at_position(from.is_some() && self.calls == 0)
    }

    /// Adds one of CloudWatch's pages. `convert` drops hidden items.
    fn take<U>(
        &mut self,
        page: Vec<U>,
        token: Option<String>,
        name: impl Fn(&U) -> &str,
        convert: impl Fn(U) -> Option<T>,
    ) -> Result<(), SourceError> {
        self.calls += 1;
        let Some((index, position)) = self.position.take() else { return Ok(()) };
        let Some(part) = self.parts.get(index) else { return Ok(()) };
        if token.as_ref().is_some_and(|token| position.token.as_ref() == Some(token) || token.len() > MAX_TOKEN) {
            return Err(SourceError::Upstream("a list returned the same token, or one that is too long".to_owned()));
        }
        // Names may have been added or deleted since this page was cut, so the name at the cut is searched for first.
        let is_after = |item: &U| position.after == Some(fingerprint([name(item)]));
        let found = position.after.and_then(|_| page.iter().position(is_after));
        let passed = found.map_or(position.skip, |index| index + 1).min(page.len());
        let mut cut = position.clone();
        for (number, item) in page.into_iter().enumerate().skip(passed) {
            if matches!(part, Part::Name(text) if name(&item) != text) {
                continue;
            }
            let after = Some(fingerprint([name(&item)]));
            let Some(item) = convert(item) else { continue };
            if self.items.len() >= self.limit {
                // The page is full, and this item is the first of the next page.
                self.next = Some(cut);
                return Ok(());
            }
            self.items.push(item);
            cut = ListPosition { after, skip: number + 1, ..cut };
        }
        let token = token.filter(|_| !matches!(part, Part::Name(_)));
        self.position = match token {
            Some(token) => Some((index, ListPosition { token: Some(token), ..beginning_of(part) })),
            None => first_call(self.parts, index + 1),
        };
        Ok(())
    }

    fn page(self) -> ListPage<T> {
        let next = self.next.or(self.position.map(|(_, position)| position));
        ListPage { items: self.items, next: next.map(|position| position.to_source_position(self.of)) }
    }
}

fn fingerprint_of(part: &Part) -> u64 {
    let kind = match part {
        Part::Name(_) => "name",
        Part::Prefix(_) | Part::Mixed(_) => "prefix",
    };
    fingerprint([kind, part.text()])
}

fn beginning_of(part: &Part) -> ListPosition {
    ListPosition { part: fingerprint_of(part), ..ListPosition::default() }
}

/// The start of the part with this index, if it exists.
fn first_call(parts: &[Part], number: usize) -> Option<(usize, ListPosition)> {
    parts.get(number).map(|part| (number, beginning_of(part)))
}

/// A group whose name the API refuses (`a/../b`) cannot be requested, so it is not listed.
fn log_group(group: Group) -> Option<LogGroup> {
    Some(LogGroup {
        name: LogGroupName::try_from(group.log_group_name).ok()?,
        created_at: group.creation_time.map(Millis),
        retention_days: group.retention_in_days,
        stored_bytes: group.stored_bytes,
        class: group.log_group_class.unwrap_or_else(|| "STANDARD".to_owned()),
    })
}

fn log_stream(stream: Stream) -> Option<LogStream> {
    Some(LogStream {
        name: LogStreamName::try_from(stream.log_stream_name).ok()?,
        created_at: stream.creation_time.map(Millis),
        first_event_at: stream.first_event_timestamp.map(Millis),
        last_event_at: stream.last_event_timestamp.map(Millis),
        last_ingestion_at: stream.last_ingestion_time.map(Millis),
    })
}
