//! The sources of log events: one trait and its implementations.
//!
//! Owns the contract ([`Source`]) and the lookup of a permit's source ([`Sources`]). Does not authorize: each method takes the
//! [`Permit`] for its own operation, and a source has no other entry points.
//!
//! See also [`local`] (on disk), [`cloudwatch`] (signed calls), [`merged`] (one list of several sources), and `tests/contract/`,
//! which both sources pass.

pub mod cloudwatch;
pub mod error;
#[cfg(feature = "local")]
pub mod local;
pub mod local_settings;
pub mod merged;
mod visible;
pub mod reader;
pub mod page_pool;
pub mod export;
pub mod queries;
pub mod tail;
pub mod write;
pub mod budget;

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;

pub use error::SourceError;
pub use queries::Queries;
pub use tail::Tail;
pub use write::{EventSink, WriteSource};

use self::page_pool::PagePool;
use crate::auth::permit::{self, Permit};
use crate::auth::policy::SourceFeatures;
use crate::domain::event::{EventPage, ListPage, LogGroup, LogStream, PageRequest, Position};
use crate::domain::name::SourceName;
use crate::domain::operation::{DescribeGroup, ListGroups, ListStreams, Operation, ReadGroup, ReadStream};
use crate::domain::query::QueryReach;

/// A source of logs. Every method is one bounded step; [`reader`] reads several pages.
///
/// The contract: a missing group is [`SourceError::NotFound`], a missing stream of an existing group is
/// [`SourceError::StreamNotFound`]; the events of a page are ascending by time and inside the operation's range; hidden items are
/// never returned; an empty page is the end only if `at_end` is true; a page's `next` never loses or repeats an event.
#[async_trait]
pub trait Source: Send + Sync + fmt::Debug {
    /// One page of a stream's events.
    async fn read_stream(&self, permit: &Permit<ReadStream>, page: &PageRequest) -> Result<EventPage, SourceError>;

    /// One page of a group's events.
    async fn read_group(&self, permit: &Permit<ReadGroup>, page: &PageRequest) -> Result<EventPage, SourceError>;

    /// One page of the visible groups, ascending by name.
    async fn list_groups(
        &self,
        permit: &Permit<ListGroups>,
        from: Option<&Position>,
        limit: usize,
    ) -> Result<ListPage<LogGroup>, SourceError>;

    /// One group.
    async fn describe_group(&self, permit: &Permit<DescribeGroup>) -> Result<LogGroup, SourceError>;

    /// One page of the group's visible streams, in the operation's order.
    async fn list_streams(
        &self,
        permit: &Permit<ListStreams>,
        from: Option<&Position>,
        limit: usize,
    ) -> Result<ListPage<LogStream>, SourceError>;

    /// Maximum bytes of messages in a page of a streamed response. For sources with scarce calls, the bytes that one call
    /// returns.
    fn stream_page_bytes(&self) -> usize {
        1024 * 1024
    }

    /// Sets the pool of response memory. A source that uses it reserves the memory of each page that it reads, and returns the
    /// reservation with the page.
    ///
    /// INVARIANT: such a source reserves when a response arrives, not while a request waits for admission or for the source, and
    /// once for all requests of a tenant that share a response.
    fn count_in(&self, _page_pool: &PagePool) {}

    /// Bytes to reserve before a page of this many bytes of messages and events is read.
    fn initial_reservation_bytes(&self, message_bytes: usize, events: usize) -> u64 {
        page_pool::read_reservation_bytes(message_bytes, events)
    }

    /// Readiness check. Uses no quota.
    async fn ready(&self) -> Result<(), SourceError>;

    /// The source as a [`WriteSource`], if it can be written to.
    fn as_writable(&self) -> Option<&dyn WriteSource> {
        None
    }

    /// The source as [`EventSink`], if it takes audit lines.
    fn event_sink(&self) -> Option<&dyn EventSink> {
        None
    }

    /// The source as [`Queries`], if it runs queries.
    fn queries(&self) -> Option<&dyn Queries> {
        None
    }

    /// The same source, where it follows new events.
    fn tail(&self) -> Option<&dyn Tail> {
        None
    }
}

/// The configured sources by name, and the page pool.
#[derive(Debug, Clone)]
pub struct Sources {
    named: BTreeMap<SourceName, Arc<dyn Source>>,
    page_pool: PagePool,
}

impl Sources {
    /// All configured sources, and their page pool.
    #[must_use]
    pub fn new(sources: impl IntoIterator<Item = (SourceName, Arc<dyn Source>)>, page_pool: PagePool) -> Self {
        let named: BTreeMap<_, Arc<dyn Source>> = sources.into_iter().collect();
        named.values().for_each(|source| source.count_in(&page_pool));
        Self { named, page_pool }
    }

    /// The memory of pages that are streamed.
    pub(crate) fn page_pool(&self) -> &PagePool {
        &self.page_pool
    }

    /// The source that a permit for one group names, and its name.
    ///
    /// # Errors
    /// [`SourceError::NotFound`] if the permit names no source: it then allows nothing.
    pub fn of<'a, Op: Operation>(&'a self, permit: &'a Permit<Op>) -> Result<(&'a SourceName, &'a Arc<dyn Source>), SourceError> {
        let rule = permit.sources().first().ok_or(SourceError::NotFound)?;
        Ok((&rule.source, self.named(permit, &rule.source)?))
    }

    /// One of the sources that a permit names.
    ///
    /// # Errors
    /// [`SourceError::NotFound`] if the permit does not name it.
    pub fn named<Op: Operation>(&self, permit: &Permit<Op>, name: &SourceName) -> Result<&Arc<dyn Source>, SourceError> {
        let named = permit.sources().iter().any(|rule| rule.source == *name);
        self.named.get(name).filter(|_| named).ok_or(SourceError::NotFound)
    }

    /// One of the sources that a permit names, for queries.
    ///
    /// # Errors
    /// [`SourceError::NotFound`] if the permit does not name it, [`SourceError::NotSupported`] if the source runs no
    /// queries.
    pub fn queries<Op: Operation>(&self, permit: &Permit<Op>, name: &SourceName) -> Result<&dyn Queries, SourceError> {
        self.named(permit, name)?.queries().ok_or(SourceError::NotSupported("Logs Insights queries"))
    }

    /// The source that a permit names, for writing.
    ///
    /// # Errors
    /// [`SourceError::NotFound`] if the permit names no source, [`SourceError::NotSupported`] if the source is
    /// read-only.
    pub fn writable<Op: Operation>(&self, permit: &Permit<Op>) -> Result<&dyn WriteSource, SourceError> {
        let rule = permit.sources().first().ok_or(SourceError::NotFound)?;
        self.named(permit, &rule.source)?.as_writable().ok_or(SourceError::NotSupported("changes of the source"))
    }

    /// The source that a permit names, for audit lines; `None`: it takes none.
    pub(crate) fn event_sink<Op: Operation>(&self, permit: &Permit<Op>) -> Option<&dyn EventSink> {
        let rule = permit.sources().first()?;
        self.named(permit, &rule.source).ok()?.event_sink()
    }

    /// The source that a permit names, for following events.
    ///
    /// # Errors
    /// [`SourceError::NotFound`] if the permit names no source, [`SourceError::NotSupported`] if the source has no live tail.
    pub fn tail<Op: Operation>(&self, permit: &Permit<Op>) -> Result<&dyn Tail, SourceError> {
        let rule = permit.sources().first().ok_or(SourceError::NotFound)?;
        self.named(permit, &rule.source)?.tail().ok_or(SourceError::NotSupported("live tail"))
    }

    /// The optional features of the source of this name.
    #[must_use]
    pub fn features(&self, name: &SourceName) -> SourceFeatures {
        let source = self.named.get(name);
        SourceFeatures {
            runs_queries: source.is_some_and(|source| source.queries().is_some()),
            tails: source.is_some_and(|source| source.tail().is_some()),
        }
    }

    /// Whether any source has a live tail.
    #[must_use]
    pub fn any_tails(&self) -> bool {
        self.named.values().any(|source| source.tail().is_some())
    }

    /// What queries of the source of this name may read in addition to their log groups.
    pub(crate) fn query_reach(&self, name: &SourceName) -> QueryReach {
        let queries = self.named.get(name).and_then(|source| source.queries());
        queries.map_or(QueryReach::Confined, Queries::reach)
    }

    /// Every source that runs queries.
    pub(crate) fn all_queries(&self) -> impl Iterator<Item = &dyn Queries> {
        self.named.values().filter_map(|source| source.queries())
    }

    /// Checks the readiness of each source.
    pub async fn ready(&self) -> Vec<(SourceName, Result<(), SourceError>)> {
        let mut answers = Vec::with_capacity(self.named.len());
        for (name, source) in &self.named {
            answers.push((name.clone(), source.ready().await));
        }
        answers
    }
}

/// A tenant's share for the scheduler.
pub(crate) fn scheduler_share(share: &permit::Share) -> logmark_quota::Share {
    logmark_quota::Share::new(share.tenant.as_str(), NonZeroU32::new(share.weight).unwrap_or(NonZeroU32::MIN))
}
