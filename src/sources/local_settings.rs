//! How a local source runs queries.
//!
//! Owns the numbers and their defaults. Compiled also without the feature `local`, because the configuration names them.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

/// How Logs Insights queries are run on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalQuerySettings {
    /// Threads that run queries; none of them is a thread of the service.
    pub threads: NonZeroUsize,
    /// Queries at a time, shared fairly among tenants.
    pub concurrent: NonZeroU32,
    /// Bytes of state that all queries may use together, with the results that are kept.
    pub memory: usize,
    /// Bytes of state that one query may use.
    pub memory_per_query: usize,
    /// A running query that is not polled for this time is cancelled.
    pub abandoned_after: Duration,
    /// A query that runs for longer is cancelled.
    pub max_time: Duration,
    /// How long the rows of a query are kept after its end, or after they were read last.
    pub results_kept: Duration,
}

impl Default for LocalQuerySettings {
    /// One thread for each core. With 100 queries at a time, each with about 1 MiB of events in hand, the process stays within
    /// 512 MB.
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
