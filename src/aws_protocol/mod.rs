//! The protocol of Amazon CloudWatch Logs over a local source, so that AWS's own clients write to it and read from it.
//!
//! Owns the steps between a socket and the operations: verifying the signature, parsing the request, and writing the answer in
//! AWS's form. Never decides on permissions: every operation requests a permit from [`crate::auth::policy`], like the HTTP API,
//! and no source is reached without one. A key belongs to the operator, who sees the whole source.
//!
//! Reading order: [`endpoint`] (one endpoint), [`serve`] (one request from its head to its answer), [`route`] (service and
//! operation), [`identity`] and [`sigv4`] (signatures), [`body`] (limits, decompression), [`logs`] (the operations of CloudWatch
//! Logs), [`other_services`] (the operations of other services that clients call as well), [`error`] (errors), [`validation`]
//! (checking input), [`token`] (pages), [`arn`] (names of resources).

pub mod endpoint;
pub mod serve;
pub mod route;
pub mod identity;
pub mod sigv4;
pub mod body;
pub mod logs;
pub mod other_services;
pub mod error;
pub mod validation;
pub mod token;
pub mod arn;
