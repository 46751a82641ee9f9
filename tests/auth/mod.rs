//! Token verification through its public API: one file per kind of failure.

pub(crate) mod support;
mod credential;
mod form;
mod header;
mod claims;
mod tenants;
mod scope_map;
pub(crate) mod recipe;
mod recipes;
mod look_alikes;
mod oidc_provider;
mod keys;
mod confusion;
mod store;
mod token_cache;
mod dev_issuer;
mod wycheproof;
mod wycheproof_primitives;
