//! How a key document is fetched: a trait, because this module speaks no HTTP.
//!
//! The implementation owns time-outs, sizes and redirects; `source` checks size and time once more.

use async_trait::async_trait;
use url::Url;

/// Bytes of the largest key set or discovery document that is read: 256 KiB.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Which addresses a document may be fetched from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressPolicy {
    /// Any: the operator has named the place.
    Any,
    /// Those of the public internet alone ([`super::is_public`]): another document has named the place.
    Public,
}

/// Fetches documents from addresses of the configuration, and from those that these documents name.
#[async_trait]
pub trait KeyFetcher: Send + Sync {
    /// The body of a `200` answer to `GET url`.
    ///
    /// An implementation follows no redirect, reads at most [`MAX_DOCUMENT_BYTES`], gives up in bounded time, and for `https`
    /// verifies the server's certificate. Under [`AddressPolicy::Public`] it connects to no other address, whatever the name in
    /// the URL resolves to.
    async fn get(&self, url: &Url, address_policy: AddressPolicy) -> Result<Vec<u8>, FetchError>;
}

/// The reason for a missing document.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Answered, but not with `200`; a redirect is one of these.
    #[error("answered with status {0}")]
    Status(u16),
    /// The body is larger than [`MAX_DOCUMENT_BYTES`].
    #[error("document is larger than {MAX_DOCUMENT_BYTES} bytes")]
    TooLarge,
    /// No complete answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// No connection, or it broke.
    #[error("not reachable")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
