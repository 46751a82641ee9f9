//! The tenant that a call is made for, and its weight beside other tenants.
//!
//! Owns nothing but the two values; the queues of `rate_limiter` and `concurrency_limiter` decide what they are worth.

use std::num::NonZeroU32;
use std::sync::Arc;

/// A tenant and its weight. Of what is scarce, tenants that want more than they get receive in proportion to their weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    pub(crate) tenant: Arc<str>,
    pub(crate) weight: NonZeroU32,
}

impl Share {
    /// The share of `tenant`. Weights mean something only beside each other: 1 for everyone is as good as 100 for everyone.
    pub fn new(tenant: impl Into<Arc<str>>, weight: NonZeroU32) -> Self {
        Self { tenant: tenant.into(), weight }
    }

    /// Whose share it is.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Its weight beside others.
    pub fn weight(&self) -> NonZeroU32 {
        self.weight
    }
}
