//! Logmark gives customers their own logs over HTTPS.
pub mod domain;
pub mod auth;
pub mod sources;
