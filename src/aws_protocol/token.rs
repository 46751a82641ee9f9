//! Tokens of pages: the position at which a list or a reading continues, valid for one request.
//!
//! Owns their form: sealed like the cursors of the HTTP API, for their caller, operation and request, for 24 hours. An invalid,
//! altered, expired or foreign token is always the same error.

use serde::{Deserialize, Serialize};

use super::error::ServiceError;
use crate::domain::event::{Direction, Position};
use crate::domain::name::TenantId;
use crate::domain::time::Millis;
use crate::http::cursor::CursorSealer;

/// The content of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageToken {
    /// The request: see [`fingerprint`].
    of: u64,
    /// The direction.
    pub way: Direction,
    /// The position.
    pub position: Position,
}

impl PageToken {
    /// A position in the answer to the request with this fingerprint.
    #[must_use]
    pub fn new(of: u64, way: Direction, position: Position) -> Self {
        Self { of, way, position }
    }
}

/// A hash of these texts, so that a token of another group or filter is not accepted.
#[must_use]
pub fn fingerprint<'a>(texts: impl IntoIterator<Item = &'a str>) -> u64 {
    use aws_lc_rs::digest;
    let mut context = digest::Context::new(&digest::SHA256);
    for text in texts {
        context.update(&(text.len() as u64).to_be_bytes());
        context.update(text.as_bytes());
    }
    context.finish().as_ref().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Seals and opens the tokens of one operation for one caller.
#[derive(Debug, Clone, Copy)]
pub struct Tokens<'a> {
    /// The operation.
    pub operation: &'static str,
    /// The caller's tenant.
    pub tenant: &'a TenantId,
    /// The keys.
    pub sealer: &'a CursorSealer,
    /// The current time.
    pub now: Millis,
}

impl Tokens<'_> {
    /// Seals a position.
    ///
    /// # Errors
    /// `ServiceUnavailableException` when the system provides no random bytes.
    pub fn write(self, place: &PageToken) -> Result<String, ServiceError> {
        let sealed = self.sealer.seal(self.operation, self.tenant, self.now, place);
        sealed.map_err(|error| ServiceError::unavailable(error.to_string()))
    }

    /// Opens a token for a request with this fingerprint.
    ///
    /// # Errors
    /// `InvalidParameterException`, the same for every error.
    pub fn read(self, of: u64, token: &str) -> Result<PageToken, ServiceError> {
        let opened = self.sealer.open::<PageToken>(self.operation, self.tenant, self.now, token);
        opened.ok().filter(|place| place.of == of).ok_or_else(ServiceError::bad_token)
    }
}
