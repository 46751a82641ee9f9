//! What decides about access at one moment: the issuers with their keys, and the tenants with their grants and limits.
//!
//! Owns keeping the two together. A reload of the configuration makes a new snapshot and never changes an existing one, so a request
//! that has taken one is decided by it alone.

use std::sync::Arc;

use super::tenant::Tenants;
use super::token::Verifier;

/// The policy at one moment.
#[derive(Debug)]
pub struct PolicySnapshot {
    /// Verifies tokens.
    pub verifier: Arc<Verifier>,
    /// The tenants.
    pub tenants: Arc<Tenants>,
    /// The accepted issuers, in the order of the configuration.
    pub issuers: Vec<String>,
}
