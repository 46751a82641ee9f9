//! Lines of a streamed body, as they arrive.

use bytes::{Bytes, BytesMut};
use hyper::body::Incoming;

use super::failure::ClientError;
use super::service::next_frame;

/// Bytes of a line at most. An event has at most 1 MiB, and escapes make it at most six times as long.
const MAX_LINE: usize = 16 * 1024 * 1024;

/// Splits a body at its line ends.
#[derive(Debug)]
pub(super) struct Lines {
    body: Incoming,
    /// Bytes that arrived and are not yet returned.
    buffer: BytesMut,
    /// Bytes of the buffer that have no line end.
    searched: usize,
    /// Bytes that arrived so far.
    pub(super) received: u64,
}

impl Lines {
    pub(super) fn new(body: Incoming) -> Self {
        Self { body, buffer: BytesMut::new(), searched: 0, received: 0 }
    }

    /// The next line, without its line end; `None` at the end of the body. A last line without a line end is an error, since it
    /// may be a part of a line.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        loop {
            if let Some(line) = self.buffered() {
                return Ok(Some(line));
            }
            if self.buffer.len() > MAX_LINE {
                return Err(ClientError::Unexpected(format!("the answer has a line of more than {MAX_LINE} bytes")));
            }
            match next_frame(&mut self.body).await? {
                Some(data) => {
                    self.received += data.len() as u64;
                    self.buffer.extend_from_slice(&data);
                }
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(ClientError::Unavailable("the answer ended within a line".to_owned())),
            }
        }
    }

    /// The next line, if it has arrived.
    pub(super) fn buffered(&mut self) -> Option<Bytes> {
        let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
        let Some(index) = memchr::memchr(b'\n', unsearched) else {
            self.searched = self.buffer.len();
            return None;
        };
        let line = self.buffer.split_to(self.searched + index + 1).freeze();
        self.searched = 0;
        let end = line.len() - 1 - usize::from(line.ends_with(b"\r\n"));
        Some(line.slice(..end))
    }
}
