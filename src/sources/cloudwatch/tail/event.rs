//! One event of a feed, and its fingerprint.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use aws_sdk_cloudwatchlogs::types::LiveTailSessionLogEvent;
use logmark_event_page::EventRef;
use logmark_tail_merge::{Seen, Swept};

/// An event as the viewers of a feed share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TailEvent {
    pub(super) stream: Box<str>,
    /// Epoch milliseconds, as the ingestion time.
    pub(super) timestamp: i64,
    pub(super) ingestion: i64,
    /// A session gives none.
    pub(super) event_id: Option<Box<str>>,
    pub(super) message: Box<str>,
}

impl TailEvent {
    /// An event of a session; `None` where it lacks a part, which does not happen with CloudWatch: a sweep finds it.
    pub(super) fn of_session(event: LiveTailSessionLogEvent) -> Option<Self> {
        Some(Self {
            timestamp: event.timestamp?,
            ingestion: event.ingestion_time?,
            stream: event.log_stream_name?.into(),
            event_id: None,
            message: event.message?.into(),
        })
    }

    /// An event of a page. One without an ingestion time, which does not happen with CloudWatch, counts as ingested when written.
    pub(super) fn of_page(event: EventRef<'_>) -> Self {
        Self {
            stream: event.stream().into(),
            timestamp: event.timestamp(),
            ingestion: event.ingestion_time().unwrap_or(event.timestamp()),
            event_id: event.event_id().map(Into::into),
            message: event.message().into(),
        }
    }

    /// Bytes that it takes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.stream.len() + self.message.len() + self.event_id.as_ref().map_or(0, |id| id.len())
    }

    /// See [`content_hash`].
    pub(super) fn content_hash(&self) -> u64 {
        let content = fingerprint(&self.stream, self.timestamp, &self.message);
        short_hash(&format!("{content:032x}{}", self.ingestion))
    }

    /// As a session shows it.
    pub(super) fn seen(self) -> Seen<Arc<Self>> {
        Seen {
            fingerprint: fingerprint(&self.stream, self.timestamp, &self.message),
            timestamp: self.timestamp,
            ingestion: self.ingestion,
            event: Arc::new(self),
        }
    }

    /// As a sweep shows it. Without an id, events with equal content and ingestion time cannot be told apart.
    pub(super) fn swept(self) -> Swept<Arc<Self>> {
        let id = match &self.event_id {
            Some(id) => short_hash(id),
            None => short_hash(&self.ingestion.to_string()),
        };
        Swept { seen: self.seen(), id }
    }
}

/// 128 bits of SHA-256 over the parts that a session and a sweep both show.
pub(super) fn fingerprint(stream: &str, timestamp: i64, message: &str) -> u128 {
    let mut context = Context::new(&SHA256);
    context.update(&timestamp.to_be_bytes());
    // The length keeps the border between the two texts.
    context.update(&(stream.len() as u64).to_be_bytes());
    context.update(stream.as_bytes());
    context.update(message.as_bytes());
    u128::from_be_bytes(*context.finish().as_ref().first_chunk().unwrap_or(&[0; 16]))
}

/// 64 bits of SHA-256.
pub(super) fn short_hash(text: &str) -> u64 {
    let mut context = Context::new(&SHA256);
    context.update(text.as_bytes());
    u64::from_be_bytes(*context.finish().as_ref().first_chunk().unwrap_or(&[0; 8]))
}

/// What marks an event of a history: its id, or else its content and ingestion time.
pub(super) fn history_hash(event: EventRef<'_>) -> u64 {
    event.event_id().map_or_else(|| content_hash(event), |id| short_hash(&id))
}

/// Of the content and the ingestion time, which every operation reports.
pub(super) fn content_hash(event: EventRef<'_>) -> u64 {
    let content = fingerprint(&event.stream(), event.timestamp(), &event.message());
    short_hash(&format!("{content:032x}{}", event.ingestion_time().unwrap_or(event.timestamp())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_in_the_fingerprint() {
        let texts = [("a", 1, "bc"), ("ab", 1, "c"), ("a", 2, "bc"), ("a", 1, "bd"), ("", 1, "abc")];
        let prints: std::collections::BTreeSet<u128> = texts.iter().map(|(s, t, m)| fingerprint(s, *t, m)).collect();
        assert_eq!(prints.len(), texts.len());
    }
}
