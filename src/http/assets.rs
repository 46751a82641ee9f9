//! Static assets: the same bytes for every request, shared between all of them and compressed once for each coding.
//!
//! Owns the compressed variants, their entity tags and the answer to a conditional request. INVARIANT: an answer has no copy of the
//! bytes, so a client that does not read them uses only the memory of its connection.

use std::io::{self, Read as _, Write as _};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::sync::OnceCell;

use super::encode::coding::Coding;
use super::problem::ApiError;

/// The codings of assets, in the order of preference: the smallest first.
const CODINGS: [Coding; 3] = [Coding::Brotli, Coding::Zstd, Coding::Gzip];
/// Brotli's quality, of 11: higher levels take 50 MiB and seconds for a megabyte, and save a few percent.
const BROTLI_QUALITY: i32 = 6;
/// Brotli's window: 1 MiB, about the largest asset.
const BROTLI_WINDOW: i32 = 20;
/// Zstandard's level, of 22.
const ZSTD_LEVEL: i32 = 12;

/// Bytes that are the same for every request.
#[derive(Debug)]
pub struct Asset {
    content_type: HeaderValue,
    source: Source,
    plain: OnceCell<Bytes>,
    brotli: OnceCell<Bytes>,
    zstd: OnceCell<Bytes>,
    gzip: OnceCell<Bytes>,
}

/// The bytes in the binary, unchanged.
#[derive(Debug, Clone)]
enum Source {
    Plain(Bytes),
    Gzip(Bytes),
}

impl Asset {
    /// An asset of these bytes.
    #[must_use]
    pub fn new(content_type: HeaderValue, bytes: Bytes) -> Self {
        Self::of(content_type, Source::Plain(bytes))
    }

    /// An asset of bytes that are compressed with gzip already.
    #[must_use]
    pub fn of_gzip(content_type: HeaderValue, bytes: Bytes) -> Self {
        Self::of(content_type, Source::Gzip(bytes))
    }

    fn of(content_type: HeaderValue, source: Source) -> Self {
        let (plain, brotli, zstd, gzip) = Default::default();
        Self { content_type, source, plain, brotli, zstd, gzip }
    }

    /// The answer to a request with these headers: in the coding that the client prefers, or 304 when it has the bytes already.
    ///
    /// # Errors
    /// [`ApiError::Internal`] when the bytes can't be compressed or decompressed.
    pub async fn respond(&self, headers: &HeaderMap) -> Result<Response, ApiError> {
        let coding = Coding::negotiate(headers, &CODINGS);
        let tag = self.tag(coding);
        let is_known = knows(headers, &tag);
        let body = if is_known { Body::empty() } else { Body::from(self.bytes(coding).await?) };
        let mut response = Response::new(body);
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let answer = response.headers_mut();
        if let Ok(tag) = HeaderValue::try_from(tag) {
            answer.insert(ETAG, tag);
        }
        if !is_known {
            answer.insert(CONTENT_TYPE, self.content_type.clone());
            if let Some(coding) = coding {
                answer.insert(CONTENT_ENCODING, coding.name());
            }
        }
        response.extensions_mut().insert(Compressed);
        Ok(response)
    }

    /// A strong entity tag: it differs between codings, as their bytes do (RFC 9110 §8.8.3.3).
    fn tag(&self, coding: Option<Coding>) -> String {
        let (Source::Plain(bytes) | Source::Gzip(bytes)) = &self.source;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
        let hex = digest.as_ref().iter().take(12).fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        let suffix = match coding {
            None => "",
            Some(Coding::Brotli) => "-br",
            Some(Coding::Zstd) => "-zstd",
            Some(Coding::Gzip) => "-gzip",
        };
        format!("\"{hex}{suffix}\"")
    }

    /// The bytes in a coding. The first request for a coding compresses them on a blocking thread; the others wait for the same
    /// bytes.
    async fn bytes(&self, coding: Option<Coding>) -> Result<Bytes, ApiError> {
        let (cell, make): (_, fn(Source) -> io::Result<Bytes>) = match coding {
            None => (&self.plain, plain),
            Some(Coding::Brotli) => (&self.brotli, brotli),
            Some(Coding::Zstd) => (&self.zstd, zstd),
            Some(Coding::Gzip) => (&self.gzip, gzip),
        };
        let source = self.source.clone();
        let made = cell.get_or_try_init(|| async {
            let made = tokio::task::spawn_blocking(move || make(source)).await;
            made.map_err(io::Error::other).flatten().map_err(|error| ApiError::Internal(format!("an asset: {error}")))
        });
        made.await.cloned()
    }
}

/// Marks an answer that already has its coding, so it is not compressed again.
#[derive(Debug, Clone, Copy)]
pub struct Compressed;

fn knows(headers: &HeaderMap, tag: &str) -> bool {
    let given = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    given.flat_map(|field| field.split(',')).map(str::trim).any(|given| given == "*" || given.trim_start_matches("W/") == tag)
}

fn plain(source: Source) -> io::Result<Bytes> {
    match source {
        Source::Plain(bytes) => Ok(bytes),
        Source::Gzip(bytes) => {
            let mut plain = Vec::new();
            GzDecoder::new(bytes.as_ref()).read_to_end(&mut plain)?;
            Ok(exact(plain))
        }
    }
}

fn gzip(source: Source) -> io::Result<Bytes> {
    match source {
        Source::Gzip(bytes) => Ok(bytes),
        Source::Plain(bytes) => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&bytes)?;
            Ok(exact(encoder.finish()?))
        }
    }
}

fn zstd(source: Source) -> io::Result<Bytes> {
    zstd::bulk::compress(&plain(source)?, ZSTD_LEVEL).map(exact)
}

fn brotli(source: Source) -> io::Result<Bytes> {
    let bytes = plain(source)?;
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW,
        size_hint: bytes.len(),
        ..Default::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut bytes.as_ref(), &mut compressed, &parameters)?;
    Ok(exact(compressed))
}

/// Without spare capacity, since these bytes stay for the life of the process.
fn exact(bytes: Vec<u8>) -> Bytes {
    bytes.into_boxed_slice().into()
}

#[cfg(test)]
mod tests {
    use http::header::ACCEPT_ENCODING;
    use http_body_util::BodyExt as _;

    use super::*;

    async fn ask(asset: &Asset, headers: &[(http::HeaderName, &str)]) -> (Response, Bytes) {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        let (parts, body) = asset.respond(&headers).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (Response::from_parts(parts, Body::empty()), bytes)
    }

    fn decoded(coding: &str, bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        match coding {
            "gzip" => drop(GzDecoder::new(bytes).read_to_end(&mut plain).unwrap()),
            "zstd" => plain = zstd::stream::decode_all(bytes).unwrap(),
            "br" => drop(brotli::Decompressor::new(bytes, 4096).read_to_end(&mut plain).unwrap()),
            _ => plain = bytes.to_vec(),
        }
        plain
    }

    #[tokio::test]
    async fn every_coding_is_the_same_text_and_made_once() {
        let text = Bytes::from("the same words again and again, ".repeat(1000));
        let packed_request = gzip(Source::Plain(text.clone())).unwrap();
        let kind = || HeaderValue::from_static("text/plain");
        for asset in [Asset::new(kind(), text.clone()), Asset::of_gzip(kind(), packed_request)] {
            let mut tags = Vec::new();
            for coding in ["identity", "gzip", "zstd", "br"] {
                let (first, bytes) = ask(&asset, &[(ACCEPT_ENCODING, coding)]).await;
                assert_eq!(first.headers().get(CONTENT_ENCODING).map_or("identity", |name| name.to_str().unwrap()), coding);
                assert_eq!(decoded(coding, &bytes), text, "{coding}");
                let (_, again) = ask(&asset, &[(ACCEPT_ENCODING, coding)]).await;
                assert_eq!(bytes.as_ptr(), again.as_ptr(), "{coding}: the bytes are shared, not copied");
                tags.push(first.headers()[ETAG].clone());
            }
            tags.dedup();
            assert_eq!(tags.len(), 4, "a tag for each coding");
        }
    }

    #[tokio::test]
    async fn who_has_it_already_is_told_so() {
        let asset = Asset::new(HeaderValue::from_static("text/plain"), Bytes::from_static(b"words"));
        let (first, _) = ask(&asset, &[]).await;
        let tag = first.headers()[ETAG].to_str().unwrap();
        for (known, expected) in [(tag, 304), ("*", 304), ("W/\"x\", \"y\"", 200), (&format!("\"x\", W/{tag}"), 304)] {
            let (answer, bytes) = ask(&asset, &[(IF_NONE_MATCH, known)]).await;
            assert_eq!((answer.status().as_u16(), bytes.is_empty()), (expected, expected == 304), "{known}");
        }
    }
}
