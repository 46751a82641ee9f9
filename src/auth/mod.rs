//! Who asks, and what they may: token → claims → caller → permit.
//!
//! Owns every decision about access. Never reads a request (that is `http`) and never reaches a source: a [`permit::Permit`]
//! is the only thing that does, and [`policy`] is the only place that makes one.
//!
//! Reading order: [`token`] (is it genuine), [`keys`] (by whose key), [`tenant`] and [`reserved`] (whose is it), [`policy`] (what
//! may it), [`permit`] (the answer as a value). [`operator`] is the caller behind an access key of the configuration.
//! [`dev_issuer`] makes tokens for development.

pub mod token;
pub mod keys;
pub mod strict;
pub mod dev_issuer;
pub mod reserved;
pub mod tenant;
pub mod operator;
pub mod policy;
pub mod permit;
