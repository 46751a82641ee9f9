//! Events one by one: pages asked for as they are needed, by their cursors, until the end or for ever.
//!
//! Owns when to ask for the next page and where reading goes on. What may be tried again is `transport`'s.

use std::time::Duration;
use std::vec;

use crate::apis::events_api::{ReadLogsParams, read_logs};
use crate::client::Client;
use crate::error::{Error, code};
use crate::models::{Event, EventPage, StopReason};
use crate::time::Time;

/// What an upstream that throttles is left alone for.
const AFTER_THROTTLED: Duration = Duration::from_secs(1);

/// Which events: the parameters of `GET /logs`. Names are as they are, `/acme/api`.
#[derive(Clone, Debug, Default)]
pub struct EventsRequest {
    /// The log group; needed without a `cursor`.
    pub group: Option<String>,
    /// The log stream; absent: all of the group's.
    pub stream: Option<String>,
    /// Only these streams, at most 100.
    pub streams: Vec<String>,
    /// Only streams that begin so; not together with `streams`.
    pub stream_prefix: Option<String>,
    /// First moment of the range: `"-15m".into()`, or a time of `chrono` or the standard library.
    pub start: Option<Time>,
    /// First moment after the range, in the same forms.
    pub end: Option<Time>,
    /// `head` or `tail`: begin at the oldest or the newest events; `head` when there is a `start`, else `tail`.
    pub from: Option<String>,
    /// Only events whose message matches this CloudWatch filter pattern.
    pub filter: Option<String>,
    /// In which of the operator's sources the group is, where several have one of that name.
    pub source: Option<String>,
    /// Go on where an earlier answer says: it carries its request, so nothing else is needed.
    pub cursor: Option<String>,
    /// For [`Client::events`]: the events in a page, 1 to 10,000; 1000 when absent.
    pub page_size: Option<u32>,
    /// For [`Client::events`]: go on from the end too, and ask every so often for what is new.
    pub follow: Option<Duration>,
    /// For [`Client::stream`]: the events in all; when absent, all.
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

    /// Where an earlier reading stopped.
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
            // For streamed formats; these are pages of JSON.
            columns: None,
            bom: None,
        }
    }
}

/// Events in the order of time, each once. See [`Client::events`].
#[derive(Debug)]
pub struct Events {
    client: Client,
    request: EventsRequest,
    /// Where the page came from whose events are given now.
    begun: Option<String>,
    page: vec::IntoIter<Event>,
    /// Why the page before ended.
    stopped: Option<StopReason>,
    failed: bool,
}

impl Events {
    pub(crate) fn new(client: Client, request: EventsRequest) -> Self {
        let begun = request.cursor.clone();
        Self { client, request, begun, page: Vec::new().into_iter(), stopped: None, failed: false }
    }

    /// The next event; none: there is nothing more now. After an error there is nothing more either: go on with a new one, from
    /// [`cursor`](Self::cursor).
    ///
    /// Dropping the future loses nothing.
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

    /// The next page, whole; what is left of a page that [`next`](Self::next) has begun is left out. An empty page is not the end.
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

    /// Where to go on: behind the last page whose events were all given. Who keeps it after an event loses nothing, and sees at most
    /// a page again. None: at the beginning.
    pub fn cursor(&self) -> Option<&str> {
        if self.page.as_slice().is_empty() { self.request.cursor.as_deref() } else { self.begun.as_deref() }
    }

    /// A cursor carries its request: relative times, said again, would be others.
    fn go_on_by_cursor_alone(&mut self) {
        let EventsRequest { cursor, page_size, follow, .. } = &mut self.request;
        self.request =
            EventsRequest { cursor: cursor.take(), page_size: *page_size, follow: *follow, ..EventsRequest::default() };
    }
}
