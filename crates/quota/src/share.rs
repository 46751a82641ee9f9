//! The tenant of a call, and its weight relative to other tenants.
//!
//! Contains only the two values; the queues of `rate_limiter`, `concurrency_limiter` and `memory` use them.

use std::num::NonZeroU32;
use std::sync::Arc;

/// A tenant and its weight. Tenants whose demand exceeds their share receive in proportion to their weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    pub(crate) tenant: Arc<str>,
    pub(crate) weight: NonZeroU32,
}

impl Share {
    /// The share of `tenant`. Weights are relative: 1 for all tenants is the same as 100 for all tenants.
    pub fn new(tenant: impl Into<Arc<str>>, weight: NonZeroU32) -> Self {
        Self { tenant: tenant.into(), weight }
    }

    /// The tenant.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The weight.
    pub fn weight(&self) -> NonZeroU32 {
        self.weight
    }
}
