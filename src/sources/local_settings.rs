//! How a local source runs queries.
//!
//! Owns the numbers and their defaults. Also compiled without the feature `local`, because the configuration uses them.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

/// How Logs Insights queries are run on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalQuerySettings {
    /// Threads for queries, separate from the service's threads.
    pub threads: NonZeroUsize,
    /// Concurrent queries, shared fairly among tenants.
    pub concurrent: NonZeroU32,
    /// Bytes of state of all queries together, including kept results.
    pub memory: usize,
    /// Bytes of state of one query.
    pub memory_per_query: usize,
    /// A running query that is not polled for this time is cancelled.
    pub abandoned_after: Duration,
    /// A query that runs longer is cancelled.
    pub max_time: Duration,
    /// How long the rows of a query are kept after its end, or after the last read.
    pub results_kept: Duration,
}

impl Default for LocalQuerySettings {
    /// One thread for each core. With 100 concurrent queries, each holding about 1 MiB of events, the process stays below 512 MB.
    fn default() -> Self {
        Self {
            threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            concurrent: NonZeroU32::new(100).unwrap_or(NonZeroU32::MIN),
            memory: 320 << 20,
            memory_per_query: 256 << 20,
            abandoned_after: Duration::from_secs(120),
            max_time: Duration::from_secs(15 * 60),
            results_kept: Duration::from_secs(10 * 60),
        }
    }
}
