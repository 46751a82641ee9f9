//! Lists: DescribeLogGroups and DescribeLogStreams.
//!
//! Owns pushing prefixes down, so that names which the caller may not see are mostly never sent to us, and looking at every
//! name that is. Never calls without bound: a list of which nothing may be seen ends a page as well as one that is full.

use super::client::Client;
use super::errors::CallError;
use super::position::{ListPlace, Of};
use super::wire::{DescribeLogGroups, DescribeLogStreams, Group, Stream};
use crate::auth::permit::Permit;
use crate::domain::event::{Direction, ListPage, LogGroup, LogStream, Position};
use crate::domain::name::{LogGroupName, LogStreamName, SourceName};
use crate::domain::operation::{DescribeGroup, ListGroups, ListStreams, StreamOrder};
use crate::domain::pattern::{common_prefix, longer};
use crate::domain::time::Millis;
use crate::sources::SourceError;

/// Both operations' largest page.
const UPSTREAM_PAGE: usize = 50;
/// Calls that one page of ours may cost.
const MAX_CALLS: usize = 10;
/// The longest name, and so the longest prefix.
const MAX_PREFIX: usize = 512;

/// A page of the groups that the permit shows in the source.
pub(super) async fn list_groups(
    client: &Client,
    source: &SourceName,
    permit: &Permit<ListGroups>,
    from: Option<&Position>,
    limit: usize,
) -> Result<ListPage<LogGroup>, SourceError> {
    let wanted = permit.op().prefix.as_deref().unwrap_or("");
    let mut gathering = Gathering::new(ListPlace::of(from, Of::Groups)?, limit, Of::Groups);
    let rule = permit.sources().iter().find(|rule| rule.source == *source);
    let prefix = rule.and_then(|rule| rule.prefix_with(wanted));
    let Some(prefix) = prefix.filter(|prefix| prefix.is_empty() || LogGroupName::try_from(*prefix).is_ok() || may_begin(prefix))
    else {
        return Ok(ListPage { items: Vec::new(), next: None });
    };
    while let Some(place) = gathering.goes_on() {
        let request = DescribeLogGroups {
            log_group_name_prefix: Some(prefix).filter(|prefix| !prefix.is_empty()),
            next_token: place.token.as_deref(),
            limit: UPSTREAM_PAGE,
        };
        let answer = client.call(permit.share(), &request).await.map_err(|error| gathering.failure(error, from))?;
        let shown =
            |group: &Group| group.log_group_name.starts_with(wanted) && permit.may_see_group(source, &group.log_group_name);
        gathering.take(
            answer.log_groups,
            answer.next_token,
            |group| group.log_group_name.as_str(),
            |group| Some(group).filter(|group| shown(group)).and_then(log_group),
        )?;
    }
    Ok(gathering.page())
}

/// Can a group's name begin so? CloudWatch takes no other prefix. What is no name yet (`/acme/..`) may become one.
fn may_begin(prefix: &str) -> bool {
    prefix.len() <= MAX_PREFIX && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-/#".contains(&byte))
}

/// One group: the first of those that begin with its name, as they are sorted, if its name is that and no more.
pub(super) async fn describe_group(client: &Client, permit: &Permit<DescribeGroup>) -> Result<LogGroup, SourceError> {
    let name = permit.op().group.as_str();
    let request = DescribeLogGroups { log_group_name_prefix: Some(name), next_token: None, limit: UPSTREAM_PAGE };
    let answer = client.call(permit.share(), &request).await.map_err(|error| error.plain())?;
    let found = answer.log_groups.into_iter().find(|group| group.log_group_name == name);
    found.and_then(log_group).ok_or(SourceError::NotFound)
}

/// A page of the group's streams that the permit shows.
pub(super) async fn list_streams(
    client: &Client,
    permit: &Permit<ListStreams>,
    from: Option<&Position>,
    limit: usize,
) -> Result<ListPage<LogStream>, SourceError> {
    let op = permit.op();
    let wanted = op.prefix.as_deref().unwrap_or("");
    let Some(prefix) = streams_prefix(permit, wanted)? else {
        return Ok(ListPage { items: Vec::new(), next: None });
    };
    let mut gathering = Gathering::new(ListPlace::of(from, Of::Streams)?, limit, Of::Streams);
    while let Some(place) = gathering.goes_on() {
        let request = DescribeLogStreams {
            log_group_name: op.group.as_str(),
            log_stream_name_prefix: Some(prefix).filter(|prefix| !prefix.is_empty()),
            order_by: match op.order {
                StreamOrder::Name => "LogStreamName",
                StreamOrder::LastEvent => "LastEventTime",
            },
            descending: op.direction == Direction::Backward,
            next_token: place.token.as_deref(),
            limit: UPSTREAM_PAGE,
        };
        let answer = client.call(permit.share(), &request).await.map_err(|error| gathering.failure(error, from))?;
        let shown =
            |stream: &Stream| stream.log_stream_name.starts_with(wanted) && permit.may_see_stream(&stream.log_stream_name);
        gathering.take(
            answer.log_streams,
            answer.next_token,
            |stream| stream.log_stream_name.as_str(),
            |stream| Some(stream).filter(|stream| shown(stream)).and_then(log_stream),
        )?;
    }
    Ok(gathering.page())
}

/// The prefix to send; empty: none, as ordered by time it must be; `None`: nothing can be both wanted and seen.
fn streams_prefix<'a>(permit: &'a Permit<ListStreams>, wanted: &'a str) -> Result<Option<&'a str>, SourceError> {
    let unsupported = |detail| Err(SourceError::Unsupported { parameter: "prefix", detail });
    if wanted.contains([':', '*']) || wanted.chars().count() > MAX_PREFIX {
        return unsupported("can't begin a stream's name: those have no `:` and no `*`, and at most 512 characters");
    }
    match permit.op().order {
        StreamOrder::LastEvent if !wanted.is_empty() => unsupported("can't be combined with the order by last event"),
        StreamOrder::LastEvent => Ok(Some("")),
        StreamOrder::Name => Ok(longer(wanted, common_prefix(permit.streams().unwrap_or_default()))),
    }
}

/// A page that is being filled from CloudWatch's.
#[derive(Debug)]
struct Gathering<T> {
    of: Of,
    limit: usize,
    items: Vec<T>,
    calls: usize,
    /// Where the next call goes; `None`: the list is complete.
    place: Option<ListPlace>,
    full: bool,
}

impl<T> Gathering<T> {
    fn new(place: ListPlace, limit: usize, of: Of) -> Self {
        Self { of, limit: limit.max(1), items: Vec::new(), calls: 0, place: Some(place), full: false }
    }

    /// Where the next call goes, if there is to be one.
    fn goes_on(&self) -> Option<ListPlace> {
        self.place.clone().filter(|_| !self.full && self.calls < MAX_CALLS)
    }

    /// What a call failed of. Only the first of a page goes on from the caller's position: the later ones are our own.
    fn failure(&self, error: CallError, from: Option<&Position>) -> SourceError {
        error.at_position(from.is_some() && self.calls == 0)
    }

    /// Takes in one of CloudWatch's pages. `convert` leaves out what may not be seen.
    fn take<U>(
        &mut self,
        page: Vec<U>,
        token: Option<String>,
        name: impl Fn(&U) -> &str,
        convert: impl Fn(U) -> Option<T>,
    ) -> Result<(), SourceError> {
        self.calls += 1;
        let place = self.place.take().unwrap_or_default();
        if token.is_some() && token == place.token {
            return Err(SourceError::Upstream("a list returned the same token".to_owned()));
        }
        // Names may have come or gone since this page was cut: the one it was cut at is looked for first.
        let found = place.after.as_deref().and_then(|after| page.iter().position(|item| name(item) == after));
        let passed = found.map_or(place.skip, |index| index + 1).min(page.len());
        let length = page.len();
        for (index, item) in page.into_iter().enumerate().skip(passed) {
            let after = name(&item).to_owned();
            self.items.extend(convert(item));
            self.full = self.items.len() >= self.limit;
            if self.full && index + 1 < length {
                self.place = Some(ListPlace { token: place.token, after: Some(after), skip: index + 1 });
                return Ok(());
            }
        }
        self.place = token.map(|token| ListPlace { token: Some(token), ..ListPlace::default() });
        Ok(())
    }

    fn page(self) -> ListPage<T> {
        ListPage { items: self.items, next: self.place.map(|place| place.position(self.of)) }
    }
}

/// A group with a name that is none of ours (`a/../b`) can't be asked for, so it is not listed.
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
