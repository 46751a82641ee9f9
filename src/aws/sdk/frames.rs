//! A limit for the frames of an event stream.
//!
//! A frame begins with its length, which the decoder of the SDK believes: without this limit a server could make it hold four
//! gigabytes. Owns the length of the frame that is being received, and nothing else of the format.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// The length of a frame is its first four bytes, big-endian, and counts them too.
const LENGTH_BYTES: usize = 4;

/// Why the body ended early.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The connection failed.
    #[error("the stream broke off: {0}")]
    Broken(#[from] hyper::Error),
    /// A frame is longer than the limit.
    #[error("a frame of the stream has {length} bytes, more than {max}")]
    TooLarge {
        /// Its announced length.
        length: usize,
        /// The limit.
        max: usize,
    },
}

/// Where in a stream of frames the next byte is.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// Bytes of the length that have arrived, and the length so far.
    length_bytes: usize,
    length: usize,
    /// Bytes of the frame that are still to come after its length.
    left: usize,
}

impl Place {
    /// Moves on over `data`.
    fn advance(&mut self, mut data: &[u8], max: usize) -> Result<(), FrameError> {
        while let Some((first, rest)) = data.split_first() {
            if self.left > 0 {
                let skipped = self.left.min(data.len());
                self.left -= skipped;
                data = data.get(skipped..).unwrap_or_default();
                continue;
            }
            self.length = (self.length << 8) | usize::from(*first);
            self.length_bytes += 1;
            data = rest;
            if self.length_bytes == LENGTH_BYTES {
                let length = self.length;
                if length > max {
                    return Err(FrameError::TooLarge { length, max });
                }
                *self = Self { left: length.saturating_sub(LENGTH_BYTES), ..Self::default() };
            }
        }
        Ok(())
    }
}

/// A body that ends with an error before a frame that is too long.
#[derive(Debug)]
pub struct FrameLimit {
    body: Incoming,
    place: Place,
    max: usize,
}

impl FrameLimit {
    /// Limits the frames of `body` to `max` bytes.
    #[must_use]
    pub fn new(body: Incoming, max: usize) -> Self {
        Self { body, place: Place::default(), max }
    }
}

impl Body for FrameLimit {
    type Data = Bytes;
    type Error = FrameError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, FrameError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context).map_err(FrameError::from);
        let max = self.max;
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                let advanced = frame.data_ref().map_or(Ok(()), |data| self.place.advance(data, max));
                Poll::Ready(Some(advanced.map(|()| frame)))
            }
            other => other,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(lengths: &[usize]) -> Vec<u8> {
        let frame = |length: &usize| {
            let mut frame = u32::try_from(*length).unwrap().to_be_bytes().to_vec();
            frame.resize((*length).max(LENGTH_BYTES), b'x');
            frame
        };
        lengths.iter().flat_map(frame).collect()
    }

    #[test]
    fn frames_are_followed_however_they_are_cut() {
        let bytes = frames(&[16, 100, 4, 99, 16]);
        for size in 1..=bytes.len() {
            let mut place = Place::default();
            bytes.chunks(size).for_each(|chunk| place.advance(chunk, 100).unwrap());
            assert_eq!((place.left, place.length_bytes), (0, 0), "chunks of {size} bytes");
        }
    }

    #[test]
    fn a_frame_over_the_limit_is_refused_at_its_length() {
        let mut bytes = frames(&[16, 16]);
        bytes.extend_from_slice(&101_u32.to_be_bytes());
        for size in 1..=bytes.len() {
            let mut place = Place::default();
            let failed = bytes.chunks(size).find_map(|chunk| place.advance(chunk, 100).err());
            assert!(matches!(failed, Some(FrameError::TooLarge { length: 101, max: 100 })), "chunks of {size} bytes");
        }
        assert!(matches!(
            Place::default().advance(&[0xff; 4], 100),
            Err(FrameError::TooLarge { length, .. }) if length == u32::MAX as usize
        ));
    }
}
