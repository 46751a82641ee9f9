//! Cursors and their seal.
//!
//! Owns turning a request and a place in it into an opaque text and back. INVARIANT: a cursor is sealed (AEAD) with the
//! tenant and the kind of list as associated data, so that one tenant's cursor is noise to another, and no replica needs
//! to remember anything. Never says why a cursor does not open.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::problem::{ApiError, CURSOR};
use crate::domain::name::TenantId;
use crate::domain::time::Millis;

/// How long a cursor opens: as long as CloudWatch's own tokens live (GetLogEvents: 24 hours).
const LIFETIME_MILLIS: i64 = 24 * 3600 * 1000;

/// No cursor of ours is longer; longer ones are not even decoded.
const MAX_TEXT: usize = 8 * 1024;

/// Seals and opens cursors. The first key seals, all open: so keys are rotated by putting a new one in front.
pub struct Sealer {
    keys: Vec<LessSafeKey>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealer({} keys)", self.keys.len())
    }
}

/// No usable key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cursor key is 32 bytes, and one is needed")]
pub struct BadKey;

impl Sealer {
    /// Takes 32-byte keys. With none it makes a random one: cursors then end with the process.
    ///
    /// # Errors
    /// [`BadKey`] for a key of another length, or when no random bytes can be had.
    pub fn new(keys: &[[u8; 32]]) -> Result<Self, BadKey> {
        let mut keys = keys.to_vec();
        if keys.is_empty() {
            let mut random = [0; 32];
            aws_lc_rs::rand::fill(&mut random).map_err(|_| BadKey)?;
            keys.push(random);
        }
        let unbound = keys.iter().map(|key| UnboundKey::new(&AES_256_GCM_SIV, key).map_err(|_| BadKey));
        Ok(Self { keys: unbound.map(|key| key.map(LessSafeKey::new)).collect::<Result<_, _>>()? })
    }

    /// Seals `content` for the tenant. `kind` tells cursors of different lists apart.
    ///
    /// The nonce is random; GCM-SIV keeps its promise even if two should ever meet.
    ///
    /// # Errors
    /// [`ApiError::Internal`] when there is no randomness.
    pub fn seal<T: Serialize>(&self, kind: &str, tenant: &TenantId, now: Millis, content: &T) -> Result<String, ApiError> {
        self.seal_until(kind, tenant, Millis(now.0.saturating_add(LIFETIME_MILLIS)), content)
    }

    /// Seals what opens until `expires`.
    ///
    /// # Errors
    /// As [`Sealer::seal`].
    pub fn seal_until<T: Serialize>(
        &self,
        kind: &str,
        tenant: &TenantId,
        expires: Millis,
        content: &T,
    ) -> Result<String, ApiError> {
        let fault = |what: &str| ApiError::Internal(format!("sealing a cursor: {what}"));
        let mut body = postcard::to_allocvec(&(expires.0, content)).map_err(|error| fault(&error.to_string()))?;
        let mut nonce = [0; NONCE_LEN];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| fault("no randomness"))?;
        let key = self.keys.first().ok_or_else(|| fault("no key"))?;
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), associated(kind, tenant), &mut body)
            .map_err(|_| fault("seal"))?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode([nonce.as_slice(), &body].concat()))
    }

    /// Opens what [`Sealer::seal`] made for the same kind and tenant.
    ///
    /// # Errors
    /// [`ApiError::InvalidCursor`], the same whatever is wrong.
    pub fn open<T: DeserializeOwned>(&self, kind: &str, tenant: &TenantId, now: Millis, text: &str) -> Result<T, ApiError> {
        self.try_open(kind, tenant, now, text).ok_or(ApiError::InvalidCursor(CURSOR.into()))
    }

    fn try_open<T: DeserializeOwned>(&self, kind: &str, tenant: &TenantId, now: Millis, text: &str) -> Option<T> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let plain = self.keys.iter().find_map(|key| {
            let mut buffer = sealed.to_vec();
            let length =
                key.open_in_place(Nonce::assume_unique_for_key(*nonce), associated(kind, tenant), &mut buffer).ok()?.len();
            buffer.truncate(length);
            Some(buffer)
        })?;
        let ((expires, content), rest): ((i64, T), _) = postcard::take_from_bytes(&plain).ok()?;
        (rest.is_empty() && now.0 < expires).then_some(content)
    }
}

fn associated(kind: &str, tenant: &TenantId) -> Aad<Vec<u8>> {
    Aad::from(format!("logmark cursor 1\0{kind}\0{tenant}").into_bytes())
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
        let sealer = Sealer::new(&[[7; 32]]).unwrap();
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
        let sealer = Sealer::new(&[[7; 32]]).unwrap();
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
    fn an_old_key_still_opens_and_a_dropped_one_does_not() {
        let old = Sealer::new(&[[1; 32]]).unwrap();
        let text = old.seal("events", &tenant("acme"), NOW, &"here").unwrap();
        let open = |keys: &[[u8; 32]]| Sealer::new(keys).unwrap().open::<String>("events", &tenant("acme"), NOW, &text);
        assert!(open(&[[2; 32], [1; 32]]).is_ok());
        assert!(open(&[[2; 32]]).is_err());
        assert!(open(&[]).is_err());
    }
}
