//! Live tail of CloudWatch Logs: complete, though `StartLiveTail` is not.
//!
//! One live tail session and one series of sweeps (FilterLogEvents over the last minutes) for each log group, shared by all
//! viewers of all tenants. [`logmark_tail_merge`] makes one feed of both. INVARIANT: calls for the feed name the group only, and
//! each viewer's permit, streams and filter are applied to what it receives; so nothing that a viewer receives depends on the
//! events that its permit hides.
//!
//! Reading order: [`event`], [`session`] (`StartLiveTail`), [`existence`] (of named streams), [`feed`] (what viewers share), [`worker`] (what fills it), [`position`],
//! [`view`] (what one viewer may see), [`history`] (stored events), [`items`], [`reader`] (one viewer). See docs/decisions/011.

mod event;
mod existence;
mod session;
mod feed;
mod worker;
mod position;
mod view;
mod history;
mod items;
mod reader;

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::time::Instant;

use self::feed::{Feed, Status, Viewing};
use self::reader::Reader;
use self::view::TailPermit;
use self::worker::Worker;
use super::CloudWatch;
use super::client::Client;
use super::settings::TailSettings;
use crate::auth::permit::Permit;
use crate::domain::tail::{TailGroup, TailStream};
use crate::sources::SourceError;
use crate::sources::tail::{Tail, TailReader, TailStart};

/// The feeds of one source.
#[derive(Debug)]
pub(super) struct TailHub {
    client: Client,
    settings: TailSettings,
    feeds: Mutex<HashMap<Arc<str>, Arc<Feed>>>,
    bytes_of_all: Arc<AtomicUsize>,
}

impl TailHub {
    pub(super) fn new(client: Client, settings: TailSettings) -> Arc<Self> {
        Arc::new(Self { client, settings, feeds: Mutex::default(), bytes_of_all: Arc::default() })
    }

    /// Whether live tails open sessions.
    pub(super) fn uses_sessions(&self) -> bool {
        self.settings.uses_sessions()
    }

    fn feeds(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Feed>>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place at the group's feed, which runs.
    async fn view(self: &Arc<Self>, group: &str) -> Result<Viewing, SourceError> {
        let viewing = self.place(group);
        let mut changes = viewing.0.subscribe();
        let deadline = Instant::now() + self.client.deadline();
        loop {
            match viewing.0.status() {
                Status::Running => return Ok(viewing),
                Status::Failed(error) => return Err(error),
                Status::Closed | Status::Starting => {}
            }
            let changed = tokio::time::timeout_at(deadline, changes.changed()).await;
            changed.map_err(|_| SourceError::Timeout)?.map_err(|_| SourceError::Timeout)?;
        }
    }

    fn place(self: &Arc<Self>, group: &str) -> Viewing {
        let mut feeds = self.feeds();
        if let Some(feed) = feeds.get(group) {
            return Viewing::new(Arc::clone(feed));
        }
        let group: Arc<str> = group.into();
        let feed = Arc::new(Feed::new(Arc::clone(&self.bytes_of_all)));
        feeds.insert(Arc::clone(&group), Arc::clone(&feed));
        let viewing = Viewing::new(Arc::clone(&feed));
        tokio::spawn(Worker::new(feed, Arc::clone(self), group).run());
        viewing
    }

    /// Removes the feed, so that the next viewer starts another.
    fn remove(&self, group: &str, feed: &Arc<Feed>) {
        let mut feeds = self.feeds();
        if feeds.get(group).is_some_and(|current| Arc::ptr_eq(current, feed)) {
            feeds.remove(group);
        }
    }

    /// Removes the feed, if it has no viewers.
    fn close(&self, group: &str, feed: &Arc<Feed>) -> bool {
        let mut feeds = self.feeds();
        if feed.viewers() > 0 {
            return false;
        }
        if feeds.get(group).is_some_and(|current| Arc::ptr_eq(current, feed)) {
            feeds.remove(group);
        }
        feed.set_status(Status::Closed);
        true
    }
}

#[async_trait]
impl Tail for CloudWatch {
    async fn tail_stream(&self, permit: &Permit<TailStream>, from: TailStart) -> Result<Box<dyn TailReader>, SourceError> {
        Ok(Box::new(Reader::begin(&self.tail, TailPermit::Stream(permit.clone()), from).await?))
    }

    async fn tail_group(&self, permit: &Permit<TailGroup>, from: TailStart) -> Result<Box<dyn TailReader>, SourceError> {
        Ok(Box::new(Reader::begin(&self.tail, TailPermit::Group(permit.clone()), from).await?))
    }
}
