//! A complete page as a body: pages of events in memory, with the bytes before and after them.
//!
//! Owns that body, which is written as the client reads it. See [`super::stream`] for answers that are read while they are written.

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use logmark_event_page::{Events, Writer};

use super::stream::{Audit, Step, StreamEnd, estimate};
use crate::domain::event::StopReason;
use crate::sources::page_pool::FRAME_BYTES;

/// Pages of events in memory, with the bytes before and after them. They are written as the client reads them.
#[derive(Debug)]
pub struct CompletePage {
    /// The bytes before the events.
    pub head: Vec<u8>,
    /// The events.
    pub pages: Vec<Events>,
    /// The bytes after the events.
    pub tail: Vec<u8>,
    /// The contents of the trailers, in the streamed formats.
    pub end: Option<StreamEnd>,
    /// The reason for its end.
    pub stop: StopReason,
    /// The audit line.
    pub audit: Audit,
}

impl CompletePage {
    /// An upper estimate of its bytes.
    #[must_use]
    pub fn estimate(&self) -> usize {
        self.head.len() + self.tail.len() + self.pages.iter().map(estimate).sum::<usize>()
    }

    /// All bytes at once.
    #[must_use]
    pub fn whole(mut self, mut writer: Writer) -> (Vec<u8>, Option<StreamEnd>) {
        let mut out = std::mem::take(&mut self.head);
        self.pages.iter().for_each(|page| writer.page(page, &mut out));
        out.append(&mut self.tail);
        self.audit.bytes = out.len() as u64;
        self.audit.outcome = self.stop.as_str();
        (out, self.end.take())
    }

    /// The bytes as the client reads them, a frame at a time.
    pub fn body(mut self, mut writer: Writer) -> Body {
        self.pages.reverse();
        let mut place = 0;
        let frames = std::iter::from_fn(move || {
            // The closure owns all of it, so that the audit line is written at the end of the body.
            let this = &mut self;
            let mut out = std::mem::take(&mut this.head);
            while out.len() < FRAME_BYTES
                && let Some(page) = this.pages.last()
            {
                place = writer.part(page, place, FRAME_BYTES - out.len(), &mut out);
                if place >= page.len() {
                    this.pages.pop();
                    place = 0;
                }
            }
            if this.pages.is_empty() {
                out.append(&mut this.tail);
                this.audit.outcome = this.stop.as_str();
            }
            this.audit.bytes += out.len() as u64;
            if out.is_empty() {
                return this.end.take().map(|end| Frame::trailers(end.trailers()));
            }
            Some(Frame::data(Bytes::from(out.into_boxed_slice())))
        });
        Body::new(StreamBody::new(stream::iter(frames.map(Step::Ok))))
    }
}

/// The body of a complete answer, with the same trailer as a streamed one.
pub fn finished(out: Vec<u8>, end: &StreamEnd) -> Body {
    let frames: [Step; 2] = [Ok(Frame::data(Bytes::from(out))), Ok(Frame::trailers(end.trailers()))];
    Body::new(StreamBody::new(stream::iter(frames)))
}
