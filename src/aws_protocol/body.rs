//! The body of a request: received within limits, and decompressed within limits after its signature has been verified.
//!
//! Owns the limits. A body of PutLogEvents has at most 1 MiB of messages, of which each byte may be six bytes in JSON, and 10,000
//! events around them.

use std::io::Read as _;

use axum::body::Body;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use logmark_quota::{Reservation, Share};
use tokio::time::Instant;

use super::error::ServiceError;
use crate::sources::page_pool::PagePool;

/// Maximum bytes of a body, as received and after decompression.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;
/// The same for a lookup table: 10 MiB of CSV, whose quotation marks and line ends take two bytes each in JSON.
pub const MAX_TABLE_BYTES: usize = 24 * 1024 * 1024;
/// A body is in memory twice: as received, and as parsed values.
const COPIES: u64 = 2;
/// How long a request waits for memory.
const MEMORY_WAIT: std::time::Duration = std::time::Duration::from_secs(5);

/// A body and its memory reservation.
#[derive(Debug)]
pub struct Received {
    /// The bytes as received.
    pub bytes: Bytes,
    max_bytes: usize,
    room: Reservation,
}

/// Receives the body.
///
/// # Errors
/// `RequestEntityTooLargeException`, `ThrottlingException` without free memory, `SerializationException` when it ends early.
pub async fn receive(
    headers: &HeaderMap,
    body: Body,
    max_bytes: usize,
    pool: &PagePool,
    share: &Share,
) -> Result<Received, ServiceError> {
    let stated = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let most = stated.unwrap_or(max_bytes as u64);
    if most > max_bytes as u64 {
        return Err(ServiceError::too_large(max_bytes));
    }
    let mut room = pool.reserve(share, most * COPIES, Instant::now() + MEMORY_WAIT).await?;
    let collected = Limited::new(body, max_bytes).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            ServiceError::too_large(max_bytes)
        } else {
            ServiceError::serialization("The body of the request broke off.")
        }
    })?;
    let bytes = collected.to_bytes();
    let _less_is_always_possible = room.resize(bytes.len() as u64 * COPIES);
    Ok(Received { bytes, max_bytes, room })
}

impl Received {
    /// The decompressed body with its memory reservation.
    ///
    /// # Errors
    /// As [`receive`]; `SerializationException` for an unsupported encoding, or bytes that are not valid in it.
    pub async fn unpacked(
        self,
        headers: &HeaderMap,
        pool: &PagePool,
        share: &Share,
    ) -> Result<(Bytes, Vec<Reservation>), ServiceError> {
        let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
        let encoding = encodings.next().map(|value| value.to_str().unwrap_or("").trim().to_ascii_lowercase());
        match (encoding.as_deref(), encodings.next()) {
            (None | Some("" | "identity"), None) => Ok((self.bytes, vec![self.room])),
            (Some("gzip"), None) => {
                let mut more = pool.reserve(share, self.max_bytes as u64 * COPIES, Instant::now() + MEMORY_WAIT).await?;
                let (packed, max_bytes) = (self.bytes, self.max_bytes);
                let unpacked = tokio::task::spawn_blocking(move || gunzip(&packed, max_bytes)).await;
                let bytes = unpacked.map_err(|error| ServiceError::unavailable(error.to_string()))??;
                let _less_is_always_possible = more.resize(bytes.len() as u64 * COPIES);
                Ok((bytes, vec![self.room, more]))
            }
            _ => Err(ServiceError::serialization("Content-Encoding must be gzip, given once, or absent.")),
        }
    }
}

fn gunzip(packed: &[u8], max_bytes: usize) -> Result<Bytes, ServiceError> {
    let mut bytes = Vec::new();
    let read = MultiGzDecoder::new(packed).take(max_bytes as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|_| ServiceError::serialization("The body is not in the gzip format that Content-Encoding names."))?;
    if bytes.len() > max_bytes { Err(ServiceError::too_large(max_bytes)) } else { Ok(bytes.into()) }
}
