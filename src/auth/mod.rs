//! Authentication and authorization: token → claims → caller → permit.
//!
//! Owns every access decision. Never reads a request (`http` does) and never calls a source: sources require a
//! [`permit::Permit`], and only [`policy`] makes permits.
//!
//! Reading order: [`token`] (verification), [`keys`] (keys of issuers), [`tenant`] and [`reserved`] (tenants and their grants),
//! [`snapshot`] (all of these at one moment), [`policy`] (the decision), [`permit`] (the decision as a value). [`operator`] is the caller with an access key of the
//! configuration. [`dev_issuer`] makes tokens for development.

pub mod token;
pub mod keys;
pub mod strict;
pub mod dev_issuer;
pub mod reserved;
pub mod tenant;
pub mod operator;
pub mod snapshot;
pub mod policy;
pub mod permit;
