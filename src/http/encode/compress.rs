//! Compression of bodies that are made for one request: gzip and zstd, within the memory of the caller's tenant.
//!
//! Owns the encoders. A small body is compressed at once and whole; a large or streamed one as it is taken, by an encoder whose
//! memory is reserved. Without memory the body is sent uncompressed, as RFC 9110 §12.5.3 allows. There is no brotli here: its
//! encoder takes ten times the memory of zstd's for the same size.

use std::io::{self, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt as _;
use zstd::stream::raw::CParameter;

use super::coding::Coding;
use crate::http::App;
use crate::http::assets::Compressed;
use crate::http::layers::RequestInfo;

/// In the order of preference: zstd is faster, and smaller.
const CODINGS: [Coding; 2] = [Coding::Zstd, Coding::Gzip];
/// Bytes below which compression does not make a body shorter.
const MIN_BYTES: u64 = 33;
/// A body of a known length up to this is compressed whole: a few milliseconds, and no encoder waits for its client.
const WHOLE_BYTES: u64 = 128 * 1024;
/// Bytes that are compressed between two polls of the client.
const STEP_BYTES: usize = 64 * 1024;

const ZSTD_LEVEL: i32 = 3;
/// 256 KiB: a larger window seldom saves enough for its memory.
const ZSTD_WINDOW_LOG: u32 = 18;
/// Bytes of a zstd encoder with this window, by `ZSTD_estimateCStreamSize`, and its output.
const ZSTD_BYTES: u64 = 1536 * 1024;
/// Bytes of a gzip encoder: a window of 32 KiB, its hash chains, and its output.
const GZIP_BYTES: u64 = 384 * 1024;

/// Marks an answer that is not compressed: one with small parts far apart, for which an encoder would hold memory all the time.
#[derive(Debug, Clone, Copy)]
pub struct Uncompressed;

/// The coding of an answer to a request with these headers; `None`: it is not compressed.
#[must_use]
pub fn accepted(headers: &HeaderMap) -> Option<Coding> {
    Coding::negotiate(headers, &CODINGS)
}

/// Compresses an answer that the client accepts compressed.
pub async fn compress(app: &App, context: &RequestInfo, coding: Option<Coding>, response: Response) -> Response {
    let Some(coding) = coding.filter(|_| is_compressible(&response)) else { return response };
    if response.body().size_hint().exact().is_some_and(|length| length <= WHOLE_BYTES) {
        return whole(response, coding).await;
    }
    let bytes = if coding == Coding::Zstd { ZSTD_BYTES } else { GZIP_BYTES };
    let Ok(room) = app.sources.page_pool().memory().reserve_spare(&context.share(), bytes) else { return response };
    let Ok(encoder) = Encoder::new(coding) else { return response };
    context.hold_until_sent(room);
    encoded(
        response.map(|body| {
            Body::new(Encoded { body, encoder: Some(encoder), rest: Bytes::new(), is_behind: false, trailers: None })
        }),
        coding,
    )
}

fn is_compressible(response: &Response) -> bool {
    let headers = response.headers();
    let is_open = !headers.contains_key(CONTENT_ENCODING) && !headers.contains_key(CONTENT_RANGE);
    let kind = headers.get(CONTENT_TYPE).map_or(b"".as_slice(), HeaderValue::as_bytes);
    let has_gain = !kind.starts_with(b"image/") && !kind.starts_with(b"text/event-stream");
    let is_chosen = response.extensions().get::<Compressed>().is_some() || response.status() == StatusCode::NOT_MODIFIED;
    let is_long = response.body().size_hint().exact().is_none_or(|length| length >= MIN_BYTES);
    let is_excluded = response.extensions().get::<Uncompressed>().is_some();
    is_open && !is_excluded && has_gain && is_long && !is_chosen && !response.body().is_end_stream()
}

fn encoded(mut response: Response, coding: Coding) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_ENCODING, coding.name());
    headers.remove(CONTENT_LENGTH);
    response
}

async fn whole(response: Response, coding: Coding) -> Response {
    let (parts, body) = response.into_parts();
    // A body of known length is in memory, so reading it cannot fail.
    let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let compressed = Encoder::new(coding).and_then(|mut encoder| {
        encoder.write(&bytes)?;
        encoder.finish()
    });
    match compressed {
        Ok(compressed) => encoded(Response::from_parts(parts, Body::from(compressed)), coding),
        Err(_) => Response::from_parts(parts, Body::from(bytes)),
    }
}

/// A running encoder and its output.
enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Encoder {
    fn new(coding: Coding) -> io::Result<Self> {
        match coding {
            Coding::Gzip => Ok(Self::Gzip(GzEncoder::new(Vec::new(), Compression::default()))),
            Coding::Zstd | Coding::Brotli => {
                let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
                encoder.set_parameter(CParameter::WindowLog(ZSTD_WINDOW_LOG))?;
                Ok(Self::Zstd(encoder))
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Gzip(encoder) => encoder.write_all(bytes),
            Self::Zstd(encoder) => encoder.write_all(bytes),
        }
    }

    /// Makes all that was written readable for the client.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(match self {
            Self::Gzip(encoder) => encoder.get_mut(),
            Self::Zstd(encoder) => encoder.get_mut(),
        })
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

/// A body that is compressed as the client reads it.
struct Encoded {
    body: Body,
    /// `None`: it is finished.
    encoder: Option<Encoder>,
    /// The rest of the body's last frame, not compressed yet.
    rest: Bytes,
    /// Whether the encoder has bytes that the client cannot read yet.
    is_behind: bool,
    trailers: Option<HeaderMap>,
}

type Step = Option<Result<Frame<Bytes>, axum::Error>>;

impl Encoded {
    /// Compresses the available bytes. `None`: there is no output yet.
    fn advance(&mut self, flushes: bool) -> Option<Step> {
        let encoder = self.encoder.as_mut()?;
        let step = self.rest.split_to(self.rest.len().min(STEP_BYTES));
        self.is_behind = !flushes;
        let written = encoder.write(&step).and_then(|()| if flushes { encoder.flush() } else { Ok(()) });
        if let Err(error) = written {
            self.encoder = None;
            return Some(Some(Err(axum::Error::new(error))));
        }
        let out = encoder.take();
        (!out.is_empty()).then(|| Some(Ok(Frame::data(out.into()))))
    }

    fn end(&mut self) -> Step {
        let out = self.encoder.take()?.finish().map_err(axum::Error::new);
        Some(out.map(|out| Frame::data(out.into())))
    }
}

impl http_body::Body for Encoded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        loop {
            if this.encoder.is_none() {
                return Poll::Ready(this.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))));
            }
            if !this.rest.is_empty() {
                match this.advance(false) {
                    Some(step) => return Poll::Ready(step),
                    None => continue,
                }
            }
            match Pin::new(&mut this.body).poll_frame(context) {
                // Bytes written so far must not wait for later ones.
                Poll::Pending if this.is_behind => return this.advance(true).map_or(Poll::Pending, Poll::Ready),
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(this.end()),
                Poll::Ready(Some(Err(error))) => {
                    this.encoder = None;
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(frame) => {
                        this.trailers = frame.into_trailers().ok();
                        return Poll::Ready(this.end());
                    }
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use futures_util::stream;
    use http_body_util::StreamBody;

    use super::*;

    fn decoded(coding: Coding, bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        match coding {
            Coding::Gzip => drop(flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).unwrap()),
            Coding::Zstd | Coding::Brotli => plain = zstd::stream::decode_all(bytes).unwrap(),
        }
        plain
    }

    fn body(frames: Vec<Result<Frame<Bytes>, io::Error>>, coding: Coding) -> Encoded {
        let body = Body::new(StreamBody::new(stream::iter(frames)));
        Encoded { body, encoder: Some(Encoder::new(coding).unwrap()), rest: Bytes::new(), is_behind: false, trailers: None }
    }

    #[tokio::test]
    async fn frames_are_compressed_and_trailers_kept() {
        let text = "2026-11-20T10:00:00Z GET /orders 200 12ms\n".repeat(10_000);
        let mut trailers = HeaderMap::new();
        trailers.insert("logmark-cursor", HeaderValue::from_static("x"));
        for coding in CODINGS {
            let frames = vec![
                Ok(Frame::data(Bytes::from(text.clone()))),
                Ok(Frame::data(Bytes::from_static(b"last"))),
                Ok(Frame::trailers(trailers.clone())),
            ];
            let collected = body(frames, coding).collect().await.unwrap();
            assert_eq!(collected.trailers(), Some(&trailers));
            let bytes = collected.to_bytes();
            assert!(bytes.len() < text.len() / 20, "{coding:?}: {} bytes", bytes.len());
            assert_eq!(decoded(coding, &bytes), [text.as_bytes(), b"last"].concat(), "{coding:?}");
        }
    }

    #[tokio::test]
    async fn a_failure_is_passed_on() {
        for coding in CODINGS {
            let frames = vec![Ok(Frame::data(Bytes::from_static(b"some"))), Err(io::Error::other("broken"))];
            assert!(body(frames, coding).collect().await.is_err(), "{coding:?}");
        }
    }

    #[tokio::test]
    async fn what_was_written_does_not_wait_for_what_comes_later() {
        for coding in CODINGS {
            let first = stream::iter([Ok::<_, io::Error>(Frame::data(Bytes::from_static(b"first line\n")))]);
            let body = Body::new(StreamBody::new(futures_util::StreamExt::chain(first, stream::pending())));
            let mut body = Encoded {
                body,
                encoder: Some(Encoder::new(coding).unwrap()),
                rest: Bytes::new(),
                is_behind: false,
                trailers: None,
            };
            let mut came = Vec::new();
            while let Ok(Some(frame)) = tokio::time::timeout(std::time::Duration::from_millis(20), body.frame()).await {
                came.extend(frame.unwrap().into_data().unwrap());
            }
            let mut plain = [0; 11];
            match coding {
                Coding::Gzip => flate2::read::GzDecoder::new(&came[..]).read_exact(&mut plain).unwrap(),
                Coding::Zstd | Coding::Brotli => {
                    zstd::stream::read::Decoder::new(&came[..]).unwrap().read_exact(&mut plain).unwrap()
                }
            }
            assert_eq!(&plain, b"first line\n", "{coding:?}");
        }
    }
}
