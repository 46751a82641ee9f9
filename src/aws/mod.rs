//! Calls to AWS: credentials, signatures, endpoints, and the two services that can store the configuration.
//!
//! Owns what every call to AWS needs. Except for [`document`] it never knows what a call is for:
//! [`crate::sources::cloudwatch`] reads logs.

pub mod endpoint;
pub mod credentials;
pub mod signer;
pub mod json_call;
pub mod sdk;
pub mod document;
