//! The protocol of Amazon CloudWatch Logs over a local source, so that AWS's own clients write to it and read from it.
//!
//! Owns what stands between a socket and the operations: whose signature a request has, what it asks for in AWS's words, and the
//! answer in AWS's words. Never decides who may: every operation asks [`crate::auth::policy`] for a permit, as the HTTP API does,
//! and no source is reached without one. A key is the operator's, who sees all of its source.
//!
//! Reading order: [`endpoint`] (what one endpoint is), [`serve`] (one request from its head to its answer), [`route`] (which service
//! and operation), [`identity`] and [`sigv4`] (whose it is), [`body`] (bounded, unpacked), [`logs`] (the operations of CloudWatch
//! Logs), [`other_services`] (the few of other services that clients call as well), [`error`] (errors), [`validation`] (checking input),
//! [`token`] (pages), [`arn`] (names of resources).

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
