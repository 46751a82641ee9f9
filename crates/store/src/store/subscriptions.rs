//! Owns the readers that wait for new events of a group, and waking them at each commit.
//!
//! A commit wakes only the subscribers of the groups that it has events of. Never reads events: a subscriber reads
//! them with `Store::arrivals`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::Shared;
use crate::ids::GroupId;
use crate::sync;

/// The groups with subscribers. The value of a group is the sequence number of its last event since it was subscribed to.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions(Mutex<HashMap<GroupId, watch::Sender<u64>>>);

impl Subscriptions {
    fn subscribe(&self, group: GroupId) -> watch::Receiver<u64> {
        sync::lock(&self.0).entry(group).or_insert_with(|| watch::channel(0).0).subscribe()
    }

    /// Wakes the group's subscribers: it has events up to this sequence number.
    pub(super) fn notify(&self, group: GroupId, sequence: u64) {
        if let Some(sender) = sync::lock(&self.0).get(&group) {
            sender.send_replace(sequence);
        }
    }

    /// Wakes the group's subscribers: the group or a stream of it was deleted.
    pub(super) fn notify_deletion(&self, group: GroupId) {
        if let Some(sender) = sync::lock(&self.0).get(&group) {
            sender.send_modify(|_| {});
        }
    }

    /// Wakes all subscribers: there will be no more events.
    pub(super) fn close(&self) {
        sync::lock(&self.0).clear();
    }
}

/// A subscription to the new events of a group.
pub struct Subscription {
    shared: Arc<Shared>,
    group: GroupId,
    /// `None` only while this is dropped.
    receiver: Option<watch::Receiver<u64>>,
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription").field("group", &self.group).finish_non_exhaustive()
    }
}

impl Subscription {
    pub(super) fn new(shared: &Arc<Shared>, group: GroupId) -> Self {
        Self { receiver: Some(shared.subscriptions.subscribe(group)), shared: Arc::clone(shared), group }
    }

    /// Marks what has arrived so far as seen. Call it before reading: what arrives afterwards wakes [`Subscription::changed`].
    pub fn mark_seen(&mut self) {
        if let Some(receiver) = &mut self.receiver {
            receiver.borrow_and_update();
        }
    }

    /// Waits until the group has changed since [`Subscription::mark_seen`]: it has new events, or was deleted. False: the store is
    /// stopped.
    pub async fn changed(&mut self) -> bool {
        match &mut self.receiver {
            Some(receiver) => receiver.changed().await.is_ok(),
            None => false,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut groups = sync::lock(&self.shared.subscriptions.0);
        self.receiver = None;
        if groups.get(&self.group).is_some_and(|sender| sender.receiver_count() == 0) {
            groups.remove(&self.group);
        }
    }
}
