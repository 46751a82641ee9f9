//! The request in a cursor, compressed.
//!
//! Owns the form and its size limit. A request that does not fit is refused before its data is read, so an answer never has a cursor
//! that is too long to send back. Only the caller's own input is compressed, never a position in an answer, since the compressed size
//! would tell of its contents.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Bytes of a request in a cursor at most. A cursor has room for 5,632; the rest is for the position in the answer.
pub const MAX_PACKED: usize = 3584;
/// Shorter requests are not compressed.
const WORTH_PACKING: usize = 256;
/// Bytes of an unpacked request at most. A request's target has at most 16 KiB, and its parsed form is not much longer.
const MAX_UNPACKED: u64 = 64 * 1024;
const PLAIN: u8 = 0;
const DEFLATED: u8 = 1;

/// A request that is too long for a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("takes {bytes} bytes in a cursor; at most {MAX_PACKED} are allowed")]
pub struct TooLong {
    /// Its size in bytes.
    pub bytes: usize,
}

/// A packed request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedRequest(Vec<u8>);

impl PackedRequest {
    /// Packs a request.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn pack<T: Serialize>(request: &T) -> Result<Self, TooLong> {
        let mut bytes = vec![PLAIN];
        // A value that cannot be serialized does not fit either.
        bytes.extend(postcard::to_allocvec(request).map_err(|_| TooLong { bytes: usize::MAX })?);
        if bytes.len() > WORTH_PACKING
            && let Some(deflated) = bytes.get(1..).and_then(deflate)
            && deflated.len() < bytes.len()
        {
            bytes = deflated;
        }
        if bytes.len() > MAX_PACKED { Err(TooLong { bytes: bytes.len() }) } else { Ok(Self(bytes)) }
    }

    /// Unpacks the request; `None`: it has another form.
    #[must_use]
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        match self.0.split_first()? {
            (&PLAIN, bytes) => whole(bytes),
            (&DEFLATED, bytes) => {
                let mut inflated = Vec::new();
                DeflateDecoder::new(bytes).take(MAX_UNPACKED).read_to_end(&mut inflated).ok()?;
                whole(&inflated)
            }
            _ => None,
        }
    }
}

fn whole<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (request, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(request)
}

fn deflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(vec![DEFLATED], Compression::new(6));
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stream names in Lambda's form, each with 32 random hexadecimal digits.
    fn lambda_streams(count: usize) -> Vec<String> {
        let mut state = 0x5eed_u64;
        let mut word = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 32
        };
        (0..count).map(|_| format!("2026/11/20/[$LATEST]{:08x}{:08x}{:08x}{:08x}", word(), word(), word(), word())).collect()
    }

    #[test]
    fn a_request_is_read_as_it_was_written() {
        for count in [0, 1, 3, 10, 100] {
            let names = lambda_streams(count);
            let packed_request = PackedRequest::pack(&("/acme/api", &names, Some(7_i64))).unwrap();
            assert_eq!(
                packed_request.read::<(String, Vec<String>, Option<i64>)>(),
                Some(("/acme/api".to_owned(), names, Some(7)))
            );
        }
        let packed_request = PackedRequest::pack(&"x").unwrap();
        assert_eq!(packed_request.read::<(String, u8)>(), None);
        assert_eq!(PackedRequest(vec![]).read::<u8>(), None);
        assert_eq!(PackedRequest(vec![2, 0]).read::<u8>(), None);
        assert_eq!(PackedRequest(vec![DEFLATED, 0xff, 0xff]).read::<u8>(), None);
    }

    #[test]
    fn a_hundred_names_of_lambdas_streams_fit_and_what_is_too_long_says_so() {
        assert!(PackedRequest::pack(&lambda_streams(100)).unwrap().0.len() < 2400);
        let noise: Vec<String> = lambda_streams(300);
        assert!(matches!(PackedRequest::pack(&noise), Err(TooLong { bytes }) if bytes > MAX_PACKED));
    }
}
