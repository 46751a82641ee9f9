//! The formats that were recognised from log lines, for some minutes.
//!
//! Owns the cache. INVARIANT: an entry is of one tenant, and of the rules under which its lines were read.

use std::sync::Arc;
use std::time::Duration;

use logmark_access_log::Format;

use crate::domain::name::{LogGroupName, SourceName, TenantId};
use crate::domain::query::operations::RulesFingerprint;

/// How long a format is kept: a changed format of an API is seen after this time.
const LIFETIME: Duration = Duration::from_secs(600);
/// Formats at most.
const MOST: u64 = 10_000;

/// The lines that a format was recognised from: those of a group, as a tenant sees them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SeenGroup {
    /// The tenant.
    pub tenant: TenantId,
    /// Its rules.
    pub rules: RulesFingerprint,
    /// The source.
    pub source: SourceName,
    /// The group.
    pub group: LogGroupName,
}

/// The formats.
#[derive(Debug)]
pub struct RecognisedFormats(moka::sync::Cache<SeenGroup, Arc<Format>>);

impl Default for RecognisedFormats {
    fn default() -> Self {
        Self(moka::sync::Cache::builder().max_capacity(MOST).time_to_live(LIFETIME).build())
    }
}

impl RecognisedFormats {
    /// The format of the group.
    #[must_use]
    pub fn get(&self, group: &SeenGroup) -> Option<Arc<Format>> {
        self.0.get(group)
    }

    /// Keeps a format.
    pub fn insert(&self, group: SeenGroup, format: Arc<Format>) {
        self.0.insert(group, format);
    }
}
