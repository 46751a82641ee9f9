//! A whole range as one response: NDJSON, one line at a time, in constant memory.
//!
//! Owns the distinction between complete and interrupted streams: only the service's last line (`trailer=line`) is a regular end.

use reqwest::Response;
use reqwest::header::ACCEPT;
use serde::Deserialize;

use crate::client::Client;
use crate::error::{Error, FailureLine, code};
use crate::events::EventsRequest;
use crate::models::{Event, StopReason};
use crate::time::Time;

/// Exceeds every valid line: the largest event is 1 MiB, and JSON may write six characters for one.
const LONGEST_LINE: usize = 16 << 20;

/// The events of a streamed response. See [`Client::stream`].
#[derive(Debug)]
pub struct EventStream {
    answer: Response,
    buffer: Vec<u8>,
    /// Start of the next line in the buffer.
    begin: usize,
    /// Position up to which the buffer was searched for the end of that line.
    searched: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    Open,
    Ended(LastLine),
    Failed,
}

#[derive(Debug, Deserialize)]
struct LastLine {
    cursor: String,
    #[serde(rename = "stopReason")]
    stop_reason: StopReason,
}

impl EventStream {
    pub(crate) async fn open(client: &Client, request: &EventsRequest) -> Result<Self, Error> {
        if request.page_size.is_some() || request.follow.is_some() {
            let detail = "`page_size` and `follow` are of events: a stream has a `limit`, and an end";
            return Err(Error::own(code::INVALID_REQUEST, detail));
        }
        let query = query_of(request);
        let builder = client.http().get(client.url("/logs")).query(&query).header(ACCEPT, "application/x-ndjson");
        let answer = builder.send().await?;
        Ok(Self { answer, buffer: Vec::new(), begin: 0, searched: 0, state: State::Open })
    }

    /// The next event; `None`: the stream is complete. An interrupted stream, or one that the service ends with an error, is an error.
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        if !matches!(self.state, State::Open) {
            return None;
        }
        let step = self.read().await;
        match &step {
            Ok(Line::Event(_)) => {}
            Ok(Line::Last(_)) | Err(_) => self.state = State::Failed,
        }
        match step {
            Ok(Line::Event(event)) => Some(Ok(event)),
            Ok(Line::Last(last)) => {
                self.state = State::Ended(last);
                None
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// Cursor for a later request; set at the end of the stream.
    pub fn cursor(&self) -> Option<&str> {
        match &self.state {
            State::Ended(last) => Some(&last.cursor),
            State::Open | State::Failed => None,
        }
    }

    /// The reason why the stream ended. Only `End` means that all events up to now were returned. Set at the end.
    pub fn stop_reason(&self) -> Option<StopReason> {
        match &self.state {
            State::Ended(last) => Some(last.stop_reason),
            State::Open | State::Failed => None,
        }
    }

    async fn read(&mut self) -> Result<Line, Error> {
        loop {
            if let Some(found) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') {
                let end = self.searched + found;
                let line = read_line(&self.buffer[self.begin..end]);
                (self.begin, self.searched) = (end + 1, end + 1);
                return line;
            }
            self.buffer.drain(..self.begin);
            (self.begin, self.searched) = (0, self.buffer.len());
            if self.buffer.len() > LONGEST_LINE {
                return Err(Error::own(code::UNEXPECTED_ANSWER, format!("a line is longer than {LONGEST_LINE} bytes")));
            }
            match self.answer.chunk().await {
                Ok(Some(chunk)) => self.buffer.extend_from_slice(&chunk),
                Ok(None) => return Err(Error::own(code::INCOMPLETE_BODY, "the stream ended without its last line")),
                Err(error) => return Err(Error::because(code::INCOMPLETE_BODY, error.without_url())),
            }
        }
    }
}

#[derive(Debug)]
enum Line {
    Event(Event),
    Last(LastLine),
}

fn read_line(line: &[u8]) -> Result<Line, Error> {
    let unread = match serde_json::from_slice(line) {
        Ok(event) => return Ok(Line::Event(event)),
        Err(error) => error,
    };
    if let Ok(last) = serde_json::from_slice(line) {
        return Ok(Line::Last(last));
    }
    match serde_json::from_slice::<FailureLine>(line) {
        Ok(failure) => Err(Error::of_problem(failure.error)),
        Err(_) => Err(Error::because(code::UNEXPECTED_ANSWER, unread)),
    }
}

fn query_of(request: &EventsRequest) -> Vec<(&'static str, String)> {
    let mut query = vec![("format", "ndjson".to_owned()), ("trailer", "line".to_owned())];
    let texts = [
        ("group", request.group.as_deref()),
        ("stream", request.stream.as_deref()),
        ("streamPrefix", request.stream_prefix.as_deref()),
        ("start", request.start.as_ref().map(Time::as_str)),
        ("end", request.end.as_ref().map(Time::as_str)),
        ("from", request.from.as_deref()),
        ("filter", request.filter.as_deref()),
        ("source", request.source.as_deref()),
        ("cursor", request.cursor.as_deref()),
    ];
    query.extend(texts.into_iter().filter_map(|(name, text)| Some((name, text?.to_owned()))));
    query.extend(request.streams.iter().map(|stream| ("streams", stream.clone())));
    query.extend(request.limit.map(|limit| ("limit", limit.to_string())));
    query
}
