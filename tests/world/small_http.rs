//! A small HTTP/1.1 server for one counterpart of a test: it records requests and answers as the test says.
//!
//! Owns reading a message to its end, which the proxies use too. Handles one request per connection.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A received message, and the length of its head.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) bytes: Vec<u8>,
    pub(crate) head: usize,
}

impl Message {
    /// The whole message.
    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.bytes).unwrap()
    }

    /// The message after its head.
    pub(crate) fn body(&self) -> &str {
        &self.text()[self.head..]
    }

    /// The request in the format of `tests/tools/check_requests.py`.
    pub(crate) fn to_json(&self) -> Value {
        let mut lines = self.text()[..self.head].lines();
        let mut first = lines.next().unwrap().split(' ');
        let (method, target) = (first.next().unwrap(), first.next().unwrap());
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers: Vec<_> = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        let host = headers.iter().find(|(name, _)| name == "host").map_or("", |(_, value)| value);
        let body = BASE64_STANDARD.encode(self.body());
        json!({ "method": method, "url": format!("http://{host}{target}"), "headers": headers, "body": body })
    }
}

/// Reads a message; without `Content-Length` it has no body. `None` at the end of the connection.
pub(crate) async fn read(socket: &mut TcpStream) -> Option<Message> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = memchr::memmem::find(&bytes, b"\r\n\r\n") {
            break end + 4;
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = str::from_utf8(&bytes[..head]).ok()?.to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(Some(0), |length| length.trim().parse().ok())?;
    while bytes.len() < head + length {
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Message { bytes, head })
}

/// A running server; ends with the tokio runtime.
#[derive(Debug)]
pub(crate) struct SmallHttp {
    /// `http://` and its address.
    pub(crate) endpoint: String,
    seen: Arc<Mutex<Vec<Message>>>,
}

impl SmallHttp {
    /// Starts the server. `answer` returns a status and a body for each request.
    pub(crate) async fn start(answer: impl FnMut(&Message) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Vec<Message>>>::default();
        let (response_cache, answer) = (Arc::clone(&seen), Arc::new(Mutex::new(answer)));
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (response_cache, answer) = (Arc::clone(&response_cache), Arc::clone(&answer));
                tokio::spawn(async move {
                    let Some(request) = read(&mut socket).await else { return };
                    let (status, body) = (answer.lock().unwrap())(&request);
                    response_cache.lock().unwrap().push(request);
                    let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
                    let _gone = socket.write_all((head + &body).as_bytes()).await;
                });
            }
        });
        Self { endpoint, seen }
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Message> {
        self.seen.lock().unwrap().clone()
    }
}
