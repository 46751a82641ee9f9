//! The keys of issuers: reading, checking, choosing and refreshing them.
//!
//! A key has exactly one algorithm, fixed when its set is read, never by a token. The last valid set of an issuer stays in use
//! while the issuer fails. Unknown, weak and ambiguous keys are never used, and no address comes from a token. HTTP requests go
//! through a [`KeyFetcher`]. Read the modules in their order.

mod algorithm;
mod rsa;
mod jwk;
mod set;
mod signature;
mod address;
mod fetch;
mod source;
mod store;

pub use address::is_public;
pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use fetch::{AddressPolicy, FetchError, KeyFetcher, MAX_DOCUMENT_BYTES};
pub use jwk::{KeyRefusal, MAX_KID_BYTES, VerificationKey};
pub use set::{KeySelectionError, KeySet, RefusedKey, SetError, SetOrigin};
pub use signature::{BadSignature, verify_signature};
pub use source::{InvalidKeySource, KeyLocation, KeySource, LoadError, is_safe_url, load as load_keys};
pub use store::{IssuerReadiness, KeyError, KeyStore};
