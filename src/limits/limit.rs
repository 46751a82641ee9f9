//! The names of limits, what is left of one, and the refusal when one is reached.

use std::fmt;
use std::time::Duration;

/// Bytes of a gigabyte, as AWS bills them.
pub const GIGABYTE: f64 = 1e9;

/// The largest number of bytes that a budget counts: 2⁵³, up to which a Lua number is exact.
pub(super) const MAX_BYTES: u64 = 1 << 53;

/// Work that is counted while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// Requests, until their answers are sent.
    Requests,
    /// Logs Insights queries.
    Queries,
    /// Answers with events as NDJSON, CSV or text.
    Exports,
    /// Live tails.
    Tails,
}

impl Work {
    /// All kinds, in the order of `Work::index`.
    pub const ALL: [Self; 4] = [Self::Requests, Self::Queries, Self::Exports, Self::Tails];

    /// The key of its limit in the configuration.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Requests => "concurrent_requests",
            Self::Queries => "concurrent_queries",
            Self::Exports => "concurrent_exports",
            Self::Tails => "tails",
        }
    }

    pub(super) fn index(self) -> usize {
        self as usize
    }

    /// When a refused caller should try again: the service does not know when other work of the tenant ends.
    pub(super) fn retry_after(self) -> Duration {
        match self {
            Self::Requests => Duration::from_secs(1),
            Self::Queries | Self::Exports | Self::Tails => Duration::from_secs(5),
        }
    }
}

/// Bytes that are counted from midnight to midnight UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Budget {
    /// Bytes that queries scan.
    Scanned,
    /// Bytes of answers, before compression.
    Sent,
}

impl Budget {
    /// Both budgets, in the order of `Budget::index`.
    pub const ALL: [Self; 2] = [Self::Scanned, Self::Sent];

    /// The key of its limit in the configuration.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Scanned => "scanned_gb_per_day",
            Self::Sent => "sent_gb_per_day",
        }
    }

    pub(super) fn index(self) -> usize {
        self as usize
    }
}

/// A configured number of gigabytes in bytes.
#[must_use]
pub fn bytes_of(gigabytes: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a range that is exact in both types")]
    let bytes = (gigabytes * GIGABYTE).clamp(0.0, MAX_BYTES as f64).round() as u64;
    bytes
}

/// Bytes in gigabytes.
#[must_use]
pub fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / GIGABYTE
}

/// A limit of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// Requests per second.
    RequestsPerSecond,
    /// Concurrent work.
    Work(Work),
    /// Bytes per day.
    Budget(Budget),
}

impl Limit {
    /// Every limit.
    pub const ALL: [Self; 7] = [
        Self::RequestsPerSecond,
        Self::Work(Work::Requests),
        Self::Work(Work::Queries),
        Self::Work(Work::Exports),
        Self::Work(Work::Tails),
        Self::Budget(Budget::Scanned),
        Self::Budget(Budget::Sent),
    ];

    /// Its key in the configuration; the label of its metrics.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::RequestsPerSecond => "requests_per_second",
            Self::Work(work) => work.key(),
            Self::Budget(budget) => budget.key(),
        }
    }
}

/// What is left of a limit after a decision, for `RateLimit` and `RateLimit-Policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitState {
    /// The limit.
    pub limit: Limit,
    /// Its value: requests, places or bytes.
    pub most: u64,
    /// How many are left.
    pub remaining: u64,
    /// When more can be left. Zero: unknown.
    pub reset: Duration,
}

/// A limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitExceeded {
    /// The limit.
    pub limit: Limit,
    /// Its value: requests, places or bytes.
    pub most: u64,
    /// How many are left: fewer than needed.
    pub left: u64,
    /// When to try again.
    pub retry_after: Duration,
}

impl LimitExceeded {
    /// Work that finds no free place.
    pub(super) fn work(work: Work, most: u32) -> Self {
        let limit = Limit::Work(work);
        Self { limit, most: most.into(), left: 0, retry_after: work.retry_after() }
    }

    /// The state of the limit, for headers.
    #[must_use]
    pub fn state(&self) -> LimitState {
        // What is left of scanned bytes can be withheld, and is too little here.
        let remaining = if self.limit == Limit::Budget(Budget::Scanned) { 0 } else { self.left };
        LimitState { limit: self.limit, most: self.most, remaining, reset: self.retry_after }
    }
}

impl std::error::Error for LimitExceeded {}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit {
            Limit::RequestsPerSecond => write!(f, "{} requests per second", self.most),
            Limit::Work(Work::Requests) => write!(f, "{} concurrent requests", self.most),
            Limit::Work(Work::Queries) => write!(f, "{} concurrent queries", self.most),
            Limit::Work(Work::Exports) => write!(f, "{} concurrent exports", self.most),
            Limit::Work(Work::Tails) => write!(f, "{} open live tails", self.most),
            Limit::Budget(Budget::Scanned) => write!(f, "{} GB scanned by queries in a day", gigabytes(self.most)),
            Limit::Budget(Budget::Sent) => write!(f, "{} GB sent in a day", gigabytes(self.most)),
        }
    }
}
