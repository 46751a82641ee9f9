//! How AWS is spoken to: credentials, signatures, endpoints; and the two services that can hold the configuration.
//!
//! Owns what any call to AWS needs. Never knows what a call is about, but for [`document`]: reading logs is
//! [`crate::sources::cloudwatch`]'s.

pub mod endpoint;
pub mod credentials;
pub mod signer;
pub mod json_call;
pub mod document;
