//! A client of live tail that reads frame by frame, in both formats, and returns every frame.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::client::{Answer, Client};

/// Long enough for a loaded machine: a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// One frame of a tail.
#[derive(Debug, Clone, PartialEq)]
pub struct TailFrame {
    /// `event`, `gap`, `reconnect`, …; `keep-alive` for a frame without an event.
    pub kind: String,
    /// The cursor.
    pub cursor: Option<String>,
    /// The data; `null` for a keep-alive.
    pub data: Value,
}

/// An open tail.
#[derive(Debug)]
pub struct Tail {
    /// The head of the answer.
    pub headers: HeaderMap,
    body: Incoming,
    bytes: Vec<u8>,
    frames: VecDeque<TailFrame>,
    is_ndjson: bool,
    /// The number of bytes received, including parsed ones.
    pub received: usize,
    /// The last cursor received.
    pub cursor: String,
    /// The modes of the notices that [`Self::event`] has skipped.
    pub notices: Vec<String>,
}

impl Tail {
    /// Opens a tail.
    pub async fn open(client: &Client, target: &str) -> Self {
        Self::open_with(client, target, &[]).await.unwrap_or_else(|answer| panic!("{}: {}", answer.status, answer.text()))
    }

    /// Opens a tail with headers, or returns the answer that refuses it.
    pub async fn open_with(client: &Client, target: &str, headers: &[(&str, &str)]) -> Result<Self, Answer> {
        let response = client.begin(Method::GET, target, headers, Bytes::new()).await;
        if response.status() != 200 {
            return Err(Client::read(response).await);
        }
        Ok(Self::of(response).await)
    }

    /// The tail of an answer.
    pub async fn of(response: Response<Incoming>) -> Self {
        let (parts, body) = response.into_parts();
        let is_ndjson = parts.headers["content-type"] == "application/x-ndjson";
        let mut tail = Self {
            headers: parts.headers,
            body,
            bytes: Vec::new(),
            frames: VecDeque::new(),
            is_ndjson,
            received: 0,
            cursor: String::new(),
            notices: Vec::new(),
        };
        // The first frame has the cursor before all events, so the tail is open on the server.
        let first = tail.frame().await.expect("a first frame");
        assert_eq!(first.kind, "keep-alive", "{first:?}");
        tail
    }

    /// The next frame; `None` at the end of the body.
    pub async fn frame(&mut self) -> Option<TailFrame> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                if let Some(cursor) = &frame.cursor {
                    self.cursor.clone_from(cursor);
                }
                return Some(frame);
            }
            let part = tokio::time::timeout(PATIENCE, self.body.frame()).await.expect("a frame in time")?;
            let data = part.expect("a whole body").into_data().expect("no trailers");
            self.received += data.len();
            self.bytes.extend_from_slice(&data);
            self.parse();
        }
    }

    /// The next frame that is not a keep-alive.
    pub async fn next(&mut self) -> Option<TailFrame> {
        let next = async {
            loop {
                let frame = self.frame().await?;
                if frame.kind != "keep-alive" {
                    return Some(frame);
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("more than keep-alives in time")
    }

    /// The next frame that is not a keep-alive; `None` when the connection is cut, or the body ends.
    pub async fn next_or_cut(&mut self) -> Option<TailFrame> {
        loop {
            while let Some(frame) = self.frames.pop_front() {
                if let Some(cursor) = &frame.cursor {
                    self.cursor.clone_from(cursor);
                }
                if frame.kind != "keep-alive" {
                    return Some(frame);
                }
            }
            let part = tokio::time::timeout(PATIENCE, self.body.frame()).await.expect("a frame in time")?;
            self.bytes.extend_from_slice(&part.ok()?.into_data().ok()?);
            self.parse();
        }
    }

    /// The next event. Stores a notice before it, which only some sources send.
    pub async fn event(&mut self) -> Value {
        loop {
            let frame = self.next().await.expect("an event, not the end");
            if frame.kind == "event" {
                return frame.data;
            }
            assert_eq!(frame.kind, "notice", "{frame:?}");
            self.notices.push(frame.data["mode"].as_str().unwrap().to_owned());
        }
    }

    /// The messages of the next `count` events.
    pub async fn messages(&mut self, count: usize) -> Vec<String> {
        let mut messages = Vec::with_capacity(count);
        for _ in 0..count {
            messages.push(self.event().await["message"].as_str().unwrap().to_owned());
        }
        messages
    }

    fn parse(&mut self) {
        let end: &[u8] = if self.is_ndjson { b"\n" } else { b"\n\n" };
        while let Some(at) = self.bytes.windows(end.len()).position(|bytes| bytes == end) {
            let rest = self.bytes.split_off(at + end.len());
            let block = String::from_utf8(std::mem::replace(&mut self.bytes, rest)).unwrap();
            let block = block.strip_suffix(std::str::from_utf8(end).unwrap()).unwrap();
            let frame = if self.is_ndjson { ndjson_frame(block) } else { sse_frame(block) };
            self.frames.push_back(frame);
        }
    }
}

fn sse_frame(block: &str) -> TailFrame {
    let mut frame = TailFrame { kind: "keep-alive".to_owned(), cursor: None, data: Value::Null };
    for line in block.split('\n') {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => frame.kind = value.to_owned(),
            "id" => frame.cursor = Some(value.to_owned()),
            "data" => {
                assert_eq!(frame.data, Value::Null, "one line of data a frame: {block}");
                frame.data = serde_json::from_str(value).unwrap();
            }
            "" | "retry" => {}
            other => panic!("an unknown field `{other}`: {block}"),
        }
    }
    frame
}

fn ndjson_frame(line: &str) -> TailFrame {
    let mut data: Value = serde_json::from_str(line).unwrap();
    let (mut kind, mut is_marker) = ("event".to_owned(), false);
    if let Some(marker) = data.get_mut("marker").map(Value::take) {
        (data, is_marker) = (marker, true);
    }
    let members = data.as_object_mut().unwrap();
    if is_marker {
        kind = members.remove("type").unwrap().as_str().unwrap().to_owned();
    }
    let cursor = members.remove("cursor").map(|cursor| cursor.as_str().unwrap().to_owned());
    if kind == "cursor" {
        kind = "keep-alive".to_owned();
        assert_eq!(data, json!({}));
        data = Value::Null;
    }
    TailFrame { kind, cursor, data }
}
