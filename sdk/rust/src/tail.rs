//! Live tails: new events as they arrive, resumed automatically.
//!
//! Owns the position: the cursor moves with each item that is returned, so a cut loses and repeats nothing.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use reqwest::Response;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde::Deserialize;

use crate::client::Client;
use crate::error::{Error, code};
use crate::models::{Event, Problem};
use crate::retry::{backoff, random};
use crate::time::Time;

/// Upper bound of the random wait after a planned end, so that the viewers of a service that restarts do not return together.
const RECONNECT: Duration = Duration::from_millis(500);
/// Exceeds every valid event: the largest is 1 MiB, and JSON may write six characters for one.
const LONGEST_EVENT: usize = 16 << 20;

/// Selects the events of a tail.
#[derive(Clone, Debug, Default)]
pub struct TailRequest {
    /// The log group.
    pub group: Option<String>,
    /// The log stream; without it, all streams of the group.
    pub stream: Option<String>,
    /// Only these streams.
    pub streams: Vec<String>,
    /// Only streams whose names begin with this text.
    pub stream_prefix: Option<String>,
    /// Events since then first; without it only new ones.
    pub start: Option<Time>,
    /// Only events that match this CloudWatch filter pattern.
    pub filter: Option<String>,
    /// The source, where several sources have a group of this name.
    pub source: Option<String>,
    /// Resumes an earlier tail; it contains the other fields.
    pub cursor: Option<String>,
}

impl TailRequest {
    /// All streams of a group.
    pub fn group(group: &str) -> Self {
        Self { group: Some(group.to_owned()), ..Self::default() }
    }

    /// One stream.
    pub fn stream(group: &str, stream: &str) -> Self {
        Self { stream: Some(stream.to_owned()), ..Self::group(group) }
    }

    /// Resumes an earlier tail.
    pub fn cursor(cursor: &str) -> Self {
        Self { cursor: Some(cursor.to_owned()), ..Self::default() }
    }

    fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = vec![("follow", "true".to_owned())];
        if let Some(cursor) = &self.cursor {
            // A cursor contains its request: repeated relative times would differ.
            query.push(("cursor", cursor.clone()));
            return query;
        }
        let texts = [
            ("group", self.group.as_deref()),
            ("stream", self.stream.as_deref()),
            ("streamPrefix", self.stream_prefix.as_deref()),
            ("start", self.start.as_ref().map(Time::as_str)),
            ("filter", self.filter.as_deref()),
            ("source", self.source.as_deref()),
        ];
        query.extend(texts.into_iter().filter_map(|(name, text)| Some((name, text?.to_owned()))));
        query.extend(self.streams.iter().map(|stream| ("streams", stream.clone())));
        query
    }
}

/// An item of a tail.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TailItem {
    /// A new event.
    Event(Box<Event>),
    /// The source did not supply all events of a time.
    Gap(Gap),
    /// The source shows only a part of the events live at this rate. The others follow later.
    Sampled {
        /// Events per second above which the source samples.
        above: Option<u64>,
    },
    /// Information on how the tail is supplied, such as `sweeps`.
    Notice {
        /// The information.
        mode: String,
    },
}

/// A time for which the source did not supply all events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Gap {
    /// Its start.
    pub from: Option<DateTime<FixedOffset>>,
    /// Its end.
    pub to: Option<DateTime<FixedOffset>>,
    /// The reason.
    pub reason: String,
    /// The missing events were found later, and are part of the tail.
    pub recovered: bool,
}

/// New events as they arrive. See [`Client::tail`].
#[derive(Debug)]
pub struct Tail {
    client: Client,
    request: TailRequest,
    connection: Option<Connection>,
    failures: u32,
    is_over: bool,
}

impl Tail {
    pub(crate) fn new(client: Client, request: TailRequest) -> Self {
        Self { client, request, connection: None, failures: 0, is_over: false }
    }

    /// The next item. Waits for it, and reconnects after a lost connection. `None`: an error was returned before.
    ///
    /// Dropping the future loses no item.
    pub async fn next(&mut self) -> Option<Result<TailItem, Error>> {
        if self.is_over {
            return None;
        }
        loop {
            match self.advance().await {
                Ok(Some(item)) => return Some(Ok(item)),
                Ok(None) => {
                    self.connection = None;
                    tokio::time::sleep(RECONNECT.mul_f64(random())).await;
                }
                Err(error) => {
                    self.connection = None;
                    let Some(wait) = self.wait_after(&error) else {
                        self.is_over = true;
                        return Some(Err(error));
                    };
                    self.failures += 1;
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    /// Position after the last item that was returned: resumes the tail later, in another process too.
    pub fn cursor(&self) -> Option<&str> {
        self.request.cursor.as_deref()
    }

    /// The next item; `None`: the service ended the connection as planned.
    async fn advance(&mut self) -> Result<Option<TailItem>, Error> {
        if self.connection.is_none() {
            self.connection = Some(Connection::open(&self.client, &self.request).await?);
        }
        let Some(connection) = &mut self.connection else { return Ok(None) };
        loop {
            let message = connection.next().await?;
            self.failures = 0;
            // The caller gets the item next: the cursor is then the position after it.
            self.request.cursor.clone_from(&message.id);
            if message.kind == "reconnect" {
                return Ok(None);
            }
            if let Some(item) = message.item()? {
                return Ok(Some(item));
            }
        }
    }

    /// The wait before the tail is resumed; `None`: the error is final.
    fn wait_after(&self, error: &Error) -> Option<Duration> {
        let is_renewable = error.status() == Some(401) && self.client.renews_tokens() && self.failures == 0;
        let is_passing = matches!(error.status(), Some(429 | 502..=504))
            || error.is_connection()
            || [code::INCOMPLETE_BODY, code::CONNECTION_FAILED].contains(&error.code());
        // Without a cursor it never began, and the client has already tried it several times.
        let is_resumable = (is_renewable || is_passing) && self.request.cursor.is_some();
        is_resumable.then(|| backoff(self.failures.min(10)).max(error.retry_after().unwrap_or_default()))
    }
}

/// A Server-Sent Event, or a blank line that only moves the position.
#[derive(Debug, Default)]
struct Message {
    kind: String,
    data: Option<String>,
    id: Option<String>,
}

impl Message {
    fn item(&self) -> Result<Option<TailItem>, Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Sampled {
            above: Option<u64>,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Notice {
            mode: String,
        }
        let Some(data) = &self.data else { return Ok(None) };
        let unexpected = |error: serde_json::Error| Error::because(code::UNEXPECTED_ANSWER, error);
        Ok(Some(match self.kind.as_str() {
            "event" => TailItem::Event(serde_json::from_str(data).map_err(unexpected)?),
            "gap" => TailItem::Gap(serde_json::from_str(data).map_err(unexpected)?),
            "sampled" => TailItem::Sampled { above: serde_json::from_str::<Sampled>(data).map_err(unexpected)?.above },
            "notice" => TailItem::Notice { mode: serde_json::from_str::<Notice>(data).map_err(unexpected)?.mode },
            "error" => return Err(Error::of_problem(serde_json::from_str::<Problem>(data).map_err(unexpected)?)),
            // A kind that a newer service has.
            _ => return Ok(None),
        }))
    }
}

/// Server-Sent Events of one connection (WHATWG HTML §9.2.6).
#[derive(Debug)]
struct Connection {
    answer: Response,
    buffer: Vec<u8>,
    /// Bytes of the buffer that have no line end.
    searched: usize,
    message: Message,
    messages: VecDeque<Message>,
}

impl Connection {
    async fn open(client: &Client, request: &TailRequest) -> Result<Self, Error> {
        let builder = client.http().get(client.url("/logs")).query(&request.query()).header(ACCEPT, "text/event-stream");
        let answer = builder.send().await?;
        let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("text/event-stream") {
            return Err(Error::own(code::UNEXPECTED_ANSWER, format!("the service has no live tail: it sent `{kind}`")));
        }
        let message = Message { id: request.cursor.clone(), ..Message::default() };
        Ok(Self { answer, buffer: Vec::new(), searched: 0, message, messages: VecDeque::new() })
    }

    async fn next(&mut self) -> Result<Message, Error> {
        loop {
            if let Some(message) = self.messages.pop_front() {
                return Ok(message);
            }
            match self.answer.chunk().await {
                Ok(Some(chunk)) => self.feed(&chunk)?,
                Ok(None) => return Err(Error::own(code::INCOMPLETE_BODY, "the tail ended without a reason")),
                Err(error) => return Err(Error::because(code::INCOMPLETE_BODY, error.without_url())),
            }
        }
    }

    fn feed(&mut self, chunk: &[u8]) -> Result<(), Error> {
        self.buffer.extend_from_slice(chunk);
        let mut begin = 0;
        while let Some(found) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') {
            let end = self.searched + found;
            let line = String::from_utf8_lossy(&self.buffer[begin..end]).into_owned();
            self.line(line.strip_suffix('\r').unwrap_or(&line));
            (begin, self.searched) = (end + 1, end + 1);
        }
        self.buffer.drain(..begin);
        self.searched = self.buffer.len();
        let size = self.buffer.len() + self.message.data.as_ref().map_or(0, String::len);
        if size > LONGEST_EVENT {
            return Err(Error::own(code::UNEXPECTED_ANSWER, format!("an event is longer than {LONGEST_EVENT} bytes")));
        }
        Ok(())
    }

    fn line(&mut self, line: &str) {
        if line.is_empty() {
            let id = self.message.id.clone();
            let message = std::mem::replace(&mut self.message, Message { id, ..Message::default() });
            return self.messages.push_back(message);
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.message.kind),
            "id" if !value.contains('\0') => self.message.id = Some(value.to_owned()),
            "data" => match &mut self.message.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                empty => *empty = Some(value.to_owned()),
            },
            // Comments have an empty name. `retry` is for browsers.
            _ => {}
        }
    }
}
