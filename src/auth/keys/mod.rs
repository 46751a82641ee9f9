//! The keys that tokens are verified with: whose they are, what each may be used for, and how fresh they are.
//!
//! A key has exactly one algorithm, fixed here when its set is read and never by a token. An issuer's last
//! good set outlives the issuer's own troubles; nothing unknown, weak or ambiguous is ever used, and no
//! address comes from a token. It speaks no HTTP: [`KeyFetcher`] is given. Read in the order of the modules.

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
pub use source::{InvalidKeySource, KeyLocation, KeySource, LoadError, is_safe_url};
pub use store::{IssuerReadiness, KeyError, KeyStore};
