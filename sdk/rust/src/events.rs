//! Events one by one: pages are requested as needed, by their cursors, to the end or beyond it.
//!
//! Owns when the next page is requested, and the position. Retries are in `transport`.

use std::time::Duration;
use std::vec;

use crate::apis::events_api::{ReadLogsParams, read_logs};
use crate::client::Client;
use crate::error::{Error, code};
use crate::models::{Event, EventPage, StopReason};
use crate::time::Time;

/// Wait while the source is throttled.
const AFTER_THROTTLED: Duration = Duration::from_secs(1);

/// The parameters of `GET /logs`. Write names unencoded: `/acme/api`.
#[derive(Clone, Debug, Default)]
pub struct EventsRequest {
    /// The log group; required without a `cursor`.
    pub group: Option<String>,
    /// The log stream; default: all streams of the group.
    pub stream: Option<String>,
    /// Only these streams, at most 100.
    pub streams: Vec<String>,
    /// Only streams with this prefix; not together with `streams`.
    pub stream_prefix: Option<String>,
    /// Start of the range (inclusive): `"-15m".into()`, or a time of `chrono` or the standard library.
    pub start: Option<Time>,
    /// End of the range (exclusive), in the same forms.
    pub end: Option<Time>,
    /// `head` or `tail`: start with the oldest or the newest events. Default: `head` with a `start`, otherwise `tail`.
    pub from: Option<String>,
    /// Only events whose message matches this CloudWatch filter pattern.
    pub filter: Option<String>,
    /// The source of the group, if several sources have a group of that name.
    pub source: Option<String>,
    /// A cursor of an earlier response. It contains the request, so no other field is needed.
    pub cursor: Option<String>,
    /// For [`Client::events`]: events in a page, 1 to 10,000; default 1000.
    pub page_size: Option<u32>,
    /// For [`Client::events`]: poll for new events at the end, at this interval.
    pub follow: Option<Duration>,
    /// For [`Client::stream`]: total number of events; default: all.
    pub limit: Option<u32>,
}

impl EventsRequest {
    /// All streams of a group.
    pub fn group(group: &str) -> Self {
        Self { group: Some(group.to_owned()), ..Self::default() }
    }

    /// One stream of a group.
    pub fn stream(group: &str, stream: &str) -> Self {
        Self { stream: Some(stream.to_owned()), ..Self::group(group) }
    }

    /// Continues from a cursor.
    pub fn cursor(cursor: &str) -> Self {
        Self { cursor: Some(cursor.to_owned()), ..Self::default() }
    }

    fn params(self) -> ReadLogsParams {
        ReadLogsParams {
            group: self.group,
            stream: self.stream,
            streams: (!self.streams.is_empty()).then_some(self.streams),
            stream_prefix: self.stream_prefix,
            start: self.start.map(|start| start.as_str().to_owned()),
            end: self.end.map(|end| end.as_str().to_owned()),
            limit: self.page_size,
            from: self.from,
            filter: self.filter,
            cursor: self.cursor,
            source: self.source,
            // For streamed formats and live tail; these are pages of JSON.
            columns: None,
            bom: None,
            follow: None,
            last_event_id: None,
        }
    }
}

/// Events in the order of time. See [`Client::events`].
#[derive(Debug)]
pub struct Events {
    client: Client,
    request: EventsRequest,
    /// Cursor of the current page.
    begun: Option<String>,
    page: vec::IntoIter<Event>,
    /// The reason why the previous page ended.
    stopped: Option<StopReason>,
    failed: bool,
}

impl Events {
    pub(crate) fn new(client: Client, request: EventsRequest) -> Self {
        let begun = request.cursor.clone();
        Self { client, request, begun, page: Vec::new().into_iter(), stopped: None, failed: false }
    }

    /// The next event; `None`: all events were returned. After an error it ends; continue with new `Events` from
    /// [`cursor`](Self::cursor).
    ///
    /// Dropping the future loses no event.
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        loop {
            if let Some(event) = self.page.next() {
                return Some(Ok(event));
            }
            match self.next_page().await? {
                Ok(page) => self.page = page.events.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// The next whole page; skips the rest of a page that [`next`](Self::next) has started. An empty page is not the end.
    pub async fn next_page(&mut self) -> Option<Result<EventPage, Error>> {
        if self.failed {
            return None;
        }
        if self.request.limit.is_some() {
            self.failed = true;
            return Some(Err(Error::own(code::INVALID_REQUEST, "`limit` is of a stream: events have a `page_size`")));
        }
        let pause = match self.stopped {
            Some(StopReason::End) => self.request.follow?,
            Some(StopReason::Throttled) => AFTER_THROTTLED,
            _ => Duration::ZERO,
        };
        tokio::time::sleep(pause).await;
        match read_logs(self.client.configuration(), self.request.clone().params()).await {
            Ok(page) => {
                self.page = Vec::new().into_iter();
                self.stopped = Some(page.stop_reason);
                self.begun = self.request.cursor.replace(page.next_cursor.clone());
                self.go_on_by_cursor_alone();
                Some(Ok(page))
            }
            Err(error) => {
                self.failed = true;
                Some(Err(error.into()))
            }
        }
    }

    /// Position after the last page whose events were all returned. A program that stores it after each event loses no event, and reads
    /// at most one page again. `None`: at the start.
    pub fn cursor(&self) -> Option<&str> {
        if self.page.as_slice().is_empty() { self.request.cursor.as_deref() } else { self.begun.as_deref() }
    }

    /// A cursor contains its request: repeated relative times would differ.
    fn go_on_by_cursor_alone(&mut self) {
        let EventsRequest { cursor, page_size, follow, .. } = &mut self.request;
        self.request =
            EventsRequest { cursor: cursor.take(), page_size: *page_size, follow: *follow, ..EventsRequest::default() };
    }
}
