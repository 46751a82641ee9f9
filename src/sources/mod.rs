//! Where log events come from: one trait, two implementations, one contract.
//!
//! Owns the contract ([`Source`]) and the way from a permit to the source that it names ([`Sources`]). Never decides who
//! may: each method takes the [`Permit`] for its own operation, and no other way in exists.
//!
//! Look next at [`local`] (on disk) and [`cloudwatch`] (signed calls), at [`merged`] (one list of several sources), and at
//! `tests/contract/`, which both pass.

pub mod cloudwatch;
pub mod error;
#[cfg(feature = "local")]
pub mod local;
pub mod local_settings;
pub mod merged;
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
pub use write::WriteSource;

use self::page_pool::PagePool;
use crate::auth::permit::{self, Permit};
use crate::auth::policy::SourceFeatures;
use crate::domain::event::{EventPage, ListPage, LogGroup, LogStream, PageRequest, Position};
use crate::domain::name::SourceName;
use crate::domain::operation::{DescribeGroup, ListGroups, ListStreams, Operation, ReadGroup, ReadStream};
use crate::domain::query::QueryReach;

/// One place that holds logs. Every method is one bounded step: [`reader`] goes on from page to page.
///
/// The contract: a group that is not there is [`SourceError::NotFound`], a stream of a group that is there is
/// [`SourceError::StreamNotFound`]; events of a page are ascending by time
/// and all inside the operation's range; what the permit hides is not in the answer; an empty page is not the end unless
/// `at_end` says so; a page's `next` never loses or repeats an event.
#[async_trait]
pub trait Source: Send + Sync + fmt::Debug {
    /// One page of a stream's events.
    async fn read_stream(&self, permit: &Permit<ReadStream>, page: &PageRequest) -> Result<EventPage, SourceError>;

    /// One page of a group's events.
    async fn read_group(&self, permit: &Permit<ReadGroup>, page: &PageRequest) -> Result<EventPage, SourceError>;

    /// One page of the groups that the permit shows, ascending by name.
    async fn list_groups(
        &self,
        permit: &Permit<ListGroups>,
        from: Option<&Position>,
        limit: usize,
    ) -> Result<ListPage<LogGroup>, SourceError>;

    /// One group.
    async fn describe_group(&self, permit: &Permit<DescribeGroup>) -> Result<LogGroup, SourceError>;

    /// One page of the group's streams that the permit shows, in the operation's order.
    async fn list_streams(
        &self,
        permit: &Permit<ListStreams>,
        from: Option<&Position>,
        limit: usize,
    ) -> Result<ListPage<LogStream>, SourceError>;

    /// Bytes of messages that a page of a streamed answer has at most. Where a page is a call that is scarce: what a call brings.
    fn stream_page_bytes(&self) -> usize {
        1024 * 1024
    }

    /// Gives the source the pool that responses are counted in. A source that takes it reserves the memory of each page that it
    /// reads, and returns the reservation with the page.
    ///
    /// INVARIANT: such a source reserves when an answer arrives, not while a request waits for its admission or for the source,
    /// and once for all requests of a tenant that get the same answer.
    fn count_in(&self, _page_pool: &PagePool) {}

    /// Bytes to reserve before a page is read, of so many bytes of messages and so many events.
    fn initial_reservation_bytes(&self, message_bytes: usize, events: usize) -> u64 {
        page_pool::read_reservation_bytes(message_bytes, events)
    }

    /// Can it answer? For readiness; it costs no quota.
    async fn ready(&self) -> Result<(), SourceError>;

    /// The same source, where it can be written to.
    fn as_writable(&self) -> Option<&dyn WriteSource> {
        None
    }

    /// The same source, where it runs queries.
    fn queries(&self) -> Option<&dyn Queries> {
        None
    }

    /// The same source, where it follows new events.
    fn tail(&self) -> Option<&dyn Tail> {
        None
    }
}

/// The configured sources by name, and the room for pages that are read of them to be streamed.
#[derive(Debug, Clone)]
pub struct Sources {
    named: BTreeMap<SourceName, Arc<dyn Source>>,
    page_pool: PagePool,
}

impl Sources {
    /// Collects them.
    #[must_use]
    pub fn new(sources: impl IntoIterator<Item = (SourceName, Arc<dyn Source>)>, page_pool: PagePool) -> Self {
        let named: BTreeMap<_, Arc<dyn Source>> = sources.into_iter().collect();
        named.values().for_each(|source| source.count_in(&page_pool));
        Self { named, page_pool }
    }

    /// Where pages are held while they are streamed.
    pub(crate) fn page_pool(&self) -> &PagePool {
        &self.page_pool
    }

    /// The source that a permit for one group names, and its name.
    ///
    /// # Errors
    /// [`SourceError::NotFound`] when the permit names none: it then allows nothing.
    pub fn of<'a, Op: Operation>(&'a self, permit: &'a Permit<Op>) -> Result<(&'a SourceName, &'a Arc<dyn Source>), SourceError> {
        let rule = permit.sources().first().ok_or(SourceError::NotFound)?;
        Ok((&rule.source, self.named(permit, &rule.source)?))
    }

    /// One of the sources that a permit names.
    ///
    /// # Errors
    /// [`SourceError::NotFound`] when the permit does not name it.
    pub fn named<Op: Operation>(&self, permit: &Permit<Op>, name: &SourceName) -> Result<&Arc<dyn Source>, SourceError> {
        let named = permit.sources().iter().any(|rule| rule.source == *name);
        self.named.get(name).filter(|_| named).ok_or(SourceError::NotFound)
    }

    /// One of the sources that a permit names, for queries.
    ///
    /// # Errors
    /// [`SourceError::NotFound`] when the permit does not name it, [`SourceError::NotSupported`] when it runs none.
    pub fn queries<Op: Operation>(&self, permit: &Permit<Op>, name: &SourceName) -> Result<&dyn Queries, SourceError> {
        self.named(permit, name)?.queries().ok_or(SourceError::NotSupported("Logs Insights queries"))
    }

    /// The source that a permit names, for writing.
    ///
    /// # Errors
    /// [`SourceError::NotFound`] when the permit names none, [`SourceError::NotSupported`] when it can't be written to.
    pub fn writable<Op: Operation>(&self, permit: &Permit<Op>) -> Result<&dyn WriteSource, SourceError> {
        let rule = permit.sources().first().ok_or(SourceError::NotFound)?;
        self.named(permit, &rule.source)?.as_writable().ok_or(SourceError::NotSupported("changes of the source"))
    }

    /// The source that a permit names, for following events.
    ///
    /// # Errors
    /// [`SourceError::NotFound`] if the permit names no source, [`SourceError::NotSupported`] if the source has no live tail.
    pub fn tail<Op: Operation>(&self, permit: &Permit<Op>) -> Result<&dyn Tail, SourceError> {
        let rule = permit.sources().first().ok_or(SourceError::NotFound)?;
        self.named(permit, &rule.source)?.tail().ok_or(SourceError::NotSupported("live tail"))
    }

    /// The optional features of the source of that name.
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

    /// What queries of the source of that name may read beside their log groups.
    pub(crate) fn query_reach(&self, name: &SourceName) -> QueryReach {
        let queries = self.named.get(name).and_then(|source| source.queries());
        queries.map_or(QueryReach::Confined, Queries::reach)
    }

    /// Every source that runs queries.
    pub(crate) fn all_queries(&self) -> impl Iterator<Item = &dyn Queries> {
        self.named.values().filter_map(|source| source.queries())
    }

    /// Asks each whether it can answer.
    pub async fn ready(&self) -> Vec<(SourceName, Result<(), SourceError>)> {
        let mut answers = Vec::with_capacity(self.named.len());
        for (name, source) in &self.named {
            answers.push((name.clone(), source.ready().await));
        }
        answers
    }
}

/// A tenant's share as the scheduler knows it.
pub(crate) fn scheduler_share(share: &permit::Share) -> logmark_quota::Share {
    logmark_quota::Share::new(share.tenant.as_str(), NonZeroU32::new(share.weight).unwrap_or(NonZeroU32::MIN))
}
