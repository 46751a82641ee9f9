//! Sealed handles: cursors, query ids, and pointers to records.
//!
//! Owns sealing and opening: a request and a position become an opaque text and back. INVARIANTS: a handle is sealed (AEAD) with the
//! tenant and the kind as associated data, so that no other tenant can open it and no replica keeps state. It has one of ten sizes, so
//! that its length does not depend on the position. The largest fits into a request line of 8 KiB. The error never tells why a handle
//! does not open.

use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::packed_request::PackedRequest;
use super::problem::{ApiError, INVALID_CURSOR};
use crate::domain::name::{SourceName, TenantId};
use crate::domain::time::Millis;
use crate::sources::tail::{MAX_POSITION_BYTES, TailPosition};

/// The lifetime of a cursor: that of CloudWatch's own tokens (GetLogEvents: 24 hours).
const LIFETIME_MILLIS: i64 = 24 * 3600 * 1000;

/// The sizes that the content of a handle is padded to, in bytes. The largest becomes a text of 7,547 characters: proxies take
/// request lines of 8 KiB at least (nginx, Apache), and the path, the other parameters and the version have the rest.
const SIZES: [usize; 10] = [128, 256, 384, 512, 768, 1024, 1536, 2560, 4096, MAX_CONTENT];
const MAX_CONTENT: usize = 5632;
/// Bytes reserved for a position, enough for all usual ones. With it the size of a cursor depends on the request alone.
const TYPICAL_POSITION_BYTES: usize = 384;

/// Bytes reserved for the position in a live tail, with its length.
const TAIL_POSITION_BYTES: usize = MAX_POSITION_BYTES + 1;

/// The length of the longest handle. Longer texts are not decoded.
const MAX_TEXT: usize = (NONCE_LEN + MAX_CONTENT + MAX_TAG_LEN).div_ceil(3) * 4;

/// Seals and opens handles. The first key seals and all keys open, so a key is rotated by adding a new one in front.
pub struct CursorSealer {
    keys: ArcSwap<Vec<LessSafeKey>>,
}

impl std::fmt::Debug for CursorSealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CursorSealer({} keys)", self.keys.load().len())
    }
}

/// No usable key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cursor key must have 32 bytes")]
pub struct BadKey;

impl CursorSealer {
    /// A sealer with 32-byte keys. Without any it makes a random one, and cursors are valid until the process ends.
    ///
    /// # Errors
    /// [`BadKey`] for a key of another length, or if there are no random bytes.
    pub fn new(keys: &[[u8; 32]]) -> Result<Self, BadKey> {
        let mut keys = keys.to_vec();
        if keys.is_empty() {
            let mut random = [0; 32];
            aws_lc_rs::rand::fill(&mut random).map_err(|_| BadKey)?;
            keys.push(random);
        }
        Ok(Self { keys: ArcSwap::from_pointee(ready(&keys)?) })
    }

    /// Replaces the keys. Handles that none of the new keys opens end with it. Without new keys it keeps those that it has, since
    /// a random key is for the life of the process.
    ///
    /// # Errors
    /// [`BadKey`] for a key of another length. Then the former keys stay in use.
    pub fn replace_keys(&self, keys: &[[u8; 32]]) -> Result<(), BadKey> {
        if !keys.is_empty() {
            self.keys.store(Arc::new(ready(keys)?));
        }
        Ok(())
    }

    /// Seals `content` for the tenant. A handle of one `kind` does not open as another.
    ///
    /// The nonce is random. GCM-SIV stays safe even if a nonce is used twice.
    ///
    /// # Errors
    /// [`ApiError::Internal`] if there are no random bytes, or if the content is too long.
    pub fn seal<T: Serialize>(&self, kind: &str, tenant: &TenantId, now: Millis, content: &T) -> Result<String, ApiError> {
        let body = written(&(lifetime_from(now).0, content))?;
        let size = body.len();
        self.seal_padded(associated(kind, tenant.as_str()), body, size)
    }

    /// Seals a request and a position in its answer, which [`CursorSealer::open`] returns as `(PackedRequest, P)`. The length depends
    /// on the request alone, unless the position is unusually long.
    ///
    /// # Errors
    /// As [`CursorSealer::seal`].
    pub fn seal_position<P: Serialize>(
        &self,
        kind: &str,
        tenant: &TenantId,
        now: Millis,
        request: &PackedRequest,
        place: &P,
    ) -> Result<String, ApiError> {
        self.seal_position_until(kind, tenant, lifetime_from(now), request, place)
    }

    /// Seals a request and a position in a live tail of the source, for answers that have a cursor with each event. The length depends
    /// on the request and the source alone. [`CursorSealer::open`] returns `(PackedRequest, (SourceName, TailPosition))`.
    ///
    /// # Errors
    /// As [`CursorSealer::seal`].
    pub fn seal_tail_position(
        &self,
        kind: &str,
        tenant: &TenantId,
        now: Millis,
        request: &PackedRequest,
        (source, position): (&SourceName, &TailPosition),
    ) -> Result<String, ApiError> {
        let mut body = written(&(lifetime_from(now).0, request, source))?;
        let size = body.len() + TAIL_POSITION_BYTES;
        body.extend(written(position)?);
        if body.len() > size {
            return Err(internal_error("a position is longer than its room"));
        }
        self.seal_padded(associated(kind, tenant.as_str()), body, size)
    }

    /// Seals a request and a position until `expires`.
    ///
    /// # Errors
    /// As [`CursorSealer::seal`].
    pub fn seal_position_until<P: Serialize>(
        &self,
        kind: &str,
        tenant: &TenantId,
        expires: Millis,
        request: &PackedRequest,
        place: &P,
    ) -> Result<String, ApiError> {
        let mut body = written(&(expires.0, request))?;
        let usual = body.len() + TYPICAL_POSITION_BYTES;
        body.extend(written(place)?);
        let size = body.len().max(usual);
        self.seal_padded(associated(kind, tenant.as_str()), body, size)
    }

    /// Seals the body, padded with zeros to the next size that has room for `size` bytes.
    fn seal_padded(&self, associated: Aad<Vec<u8>>, mut body: Vec<u8>, size: usize) -> Result<String, ApiError> {
        let padded = SIZES.into_iter().find(|padded| *padded >= size);
        let padded = padded.ok_or_else(|| internal_error(&format!("{size} bytes of content are more than {MAX_CONTENT}")))?;
        body.resize(padded, 0);
        let nonce = nonce()?;
        let keys = self.keys.load();
        let key = keys.first().ok_or_else(|| internal_error("no key"))?;
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), associated, &mut body)
            .map_err(|_| internal_error("seal"))?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode([nonce.as_slice(), &body].concat()))
    }

    /// Opens a handle of the same kind and tenant.
    ///
    /// # Errors
    /// [`ApiError::InvalidCursor`], with the same text for every cause.
    pub fn open<T: DeserializeOwned>(&self, kind: &str, tenant: &TenantId, now: Millis, text: &str) -> Result<T, ApiError> {
        self.try_open(|| associated(kind, tenant.as_str()), now, text).ok_or(ApiError::InvalidCursor(INVALID_CURSOR.into()))
    }

    /// Seals content that names its tenant itself, until `expires`.
    ///
    /// # Errors
    /// As [`CursorSealer::seal`].
    pub fn seal_for_any<T: Serialize>(&self, kind: &str, expires: Millis, content: &T) -> Result<String, ApiError> {
        let body = written(&(expires.0, content))?;
        let size = body.len();
        self.seal_padded(associated(kind, ""), body, size)
    }

    /// Opens a handle of the same kind that was sealed by [`CursorSealer::seal_for_any`].
    ///
    /// # Errors
    /// As [`CursorSealer::open`].
    pub fn open_for_any<T: DeserializeOwned>(&self, kind: &str, now: Millis, text: &str) -> Result<T, ApiError> {
        self.try_open(|| associated(kind, ""), now, text).ok_or(ApiError::InvalidCursor(INVALID_CURSOR.into()))
    }

    fn try_open<T: DeserializeOwned>(&self, associated: impl Fn() -> Aad<Vec<u8>>, now: Millis, text: &str) -> Option<T> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let plain = self.keys.load().iter().find_map(|key| {
            let mut buffer = sealed.to_vec();
            let length = key.open_in_place(Nonce::assume_unique_for_key(*nonce), associated(), &mut buffer).ok()?.len();
            buffer.truncate(length);
            Some(buffer)
        })?;
        let ((expires, content), rest): ((i64, T), _) = postcard::take_from_bytes(&plain).ok()?;
        (rest.iter().all(|byte| *byte == 0) && now.0 < expires).then_some(content)
    }
}

fn ready(keys: &[[u8; 32]]) -> Result<Vec<LessSafeKey>, BadKey> {
    let unbound = keys.iter().map(|key| UnboundKey::new(&AES_256_GCM_SIV, key).map_err(|_| BadKey));
    unbound.map(|key| key.map(LessSafeKey::new)).collect()
}

fn lifetime_from(now: Millis) -> Millis {
    Millis(now.0.saturating_add(LIFETIME_MILLIS))
}

fn written<T: Serialize>(content: &T) -> Result<Vec<u8>, ApiError> {
    postcard::to_allocvec(content).map_err(|error| internal_error(&error.to_string()))
}

fn internal_error(what: &str) -> ApiError {
    ApiError::Internal(format!("sealing a handle: {what}"))
}

/// `tenant` is empty for handles that name their tenant themselves. No tenant's id is empty.
fn associated(kind: &str, tenant: &str) -> Aad<Vec<u8>> {
    Aad::from(format!("logmark cursor 2\0{kind}\0{tenant}").into_bytes())
}

/// A random nonce. The handle that it begins does not start with `-`, which a spreadsheet takes for a formula.
fn nonce() -> Result<[u8; NONCE_LEN], ApiError> {
    /// The value of `-` in base64url.
    const MINUS: u8 = 62;
    let mut nonce = [0; NONCE_LEN];
    loop {
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| internal_error("no randomness"))?;
        if nonce[0] >> 2 != MINUS {
            return Ok(nonce);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_763_632_800_000);

    fn tenant(name: &str) -> TenantId {
        TenantId::try_from(name).unwrap()
    }

    #[test]
    fn a_cursor_opens_for_its_own_tenant_and_kind_until_it_expires() {
        let sealer = CursorSealer::new(&[[7; 32]]).unwrap();
        let text = sealer.seal("events", &tenant("acme"), NOW, &("here", 7_u32)).unwrap();
        let open = |kind, who, now| sealer.open::<(String, u32)>(kind, &tenant(who), now, &text).ok();
        assert_eq!(open("events", "acme", NOW), Some(("here".into(), 7)));
        assert_eq!(open("events", "acme", Millis(NOW.0 + LIFETIME_MILLIS - 1)), Some(("here".into(), 7)));
        assert_eq!(open("events", "acme", Millis(NOW.0 + LIFETIME_MILLIS)), None);
        assert_eq!(open("events", "globex", NOW), None);
        assert_eq!(open("groups", "acme", NOW), None);
    }

    #[test]
    fn no_altered_text_opens() {
        let sealer = CursorSealer::new(&[[7; 32]]).unwrap();
        let text = sealer.seal("events", &tenant("acme"), NOW, &"here").unwrap();
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&text).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut altered = bytes.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            let altered = BASE64_URL_SAFE_NO_PAD.encode(altered);
            assert!(sealer.open::<String>("events", &tenant("acme"), NOW, &altered).is_err(), "bit {bit}");
        }
        for length in 0..text.len() {
            assert!(sealer.open::<String>("events", &tenant("acme"), NOW, &text[..length]).is_err(), "length {length}");
        }
        for made_up in ["", "x", "AAAA", &"A".repeat(9000), "é", &format!("{text}="), &format!(" {text}")] {
            assert!(sealer.open::<String>("events", &tenant("acme"), NOW, made_up).is_err(), "{made_up}");
        }
    }

    #[test]
    fn the_length_of_a_cursor_is_that_of_its_request() {
        let sealer = CursorSealer::new(&[[7; 32]]).unwrap();
        let length = |request: usize, place: usize| {
            let request = PackedRequest::pack(&(0..request).map(|n| (n * n % 251) as u8).collect::<Vec<_>>()).unwrap();
            let place = "p".repeat(place);
            let text = sealer.seal_position("events", &tenant("acme"), NOW, &request, &place).unwrap();
            let (again, there): (PackedRequest, String) = sealer.open("events", &tenant("acme"), NOW, &text).unwrap();
            assert_eq!((again, there), (request, place));
            text.len()
        };
        for request in [0, 1, 30, 100, 300, 1000, 2000, 3000] {
            let lengths: Vec<usize> = [0, 1, 100, 200, 380].into_iter().map(|place| length(request, place)).collect();
            assert!(lengths.iter().all(|length| *length == lengths[0]), "{request}: {lengths:?}");
        }
        assert!(length(100, 1000) > length(100, 0));
    }

    #[test]
    fn no_handle_is_longer_than_a_request_line_takes_and_what_is_sealed_opens() {
        let sealer = CursorSealer::new(&[[7; 32]]).unwrap();
        for bytes in [0, 1, 100, 127, 128, 1000, 4096, MAX_CONTENT - 12] {
            let content = vec![1_u8; bytes];
            let text = sealer.seal("record", &tenant("acme"), NOW, &content).unwrap();
            assert!(text.len() <= 7547, "{bytes}: {}", text.len());
            assert_eq!(sealer.open::<Vec<u8>>("record", &tenant("acme"), NOW, &text).unwrap(), content);
        }
        let too_long = sealer.seal("record", &tenant("acme"), NOW, &vec![1_u8; MAX_CONTENT]);
        assert!(matches!(too_long, Err(ApiError::Internal(_))), "{too_long:?}");
    }

    #[test]
    fn an_old_key_still_opens_and_a_dropped_one_does_not() {
        let old = CursorSealer::new(&[[1; 32]]).unwrap();
        let text = old.seal("events", &tenant("acme"), NOW, &"here").unwrap();
        let open = |keys: &[[u8; 32]]| CursorSealer::new(keys).unwrap().open::<String>("events", &tenant("acme"), NOW, &text);
        assert!(open(&[[2; 32], [1; 32]]).is_ok());
        assert!(open(&[[2; 32]]).is_err());
        assert!(open(&[]).is_err());
    }

    #[test]
    fn replaced_keys_open_what_they_sealed_and_end_the_rest_and_no_keys_change_nothing() {
        let sealer = CursorSealer::new(&[[1; 32]]).unwrap();
        let seal = || sealer.seal("events", &tenant("acme"), NOW, &"here").unwrap();
        let opens = |text: &str| sealer.open::<String>("events", &tenant("acme"), NOW, text).is_ok();
        let first = seal();
        sealer.replace_keys(&[[2; 32], [1; 32]]).unwrap();
        let second = seal();
        assert!(opens(&first) && opens(&second));
        sealer.replace_keys(&[]).unwrap();
        assert!(opens(&first) && opens(&second));
        sealer.replace_keys(&[[2; 32]]).unwrap();
        assert!(!opens(&first) && opens(&second));
    }
}
