//! Shares one account's small API quotas fairly among thousands of tenants.
//!
//! A provider allows an account a few calls a second. Without a scheduler the busiest tenant takes them all. This library admits
//! each call:
//!
//! | Type | Budget of | Order among tenants |
//! |---|---|---|
//! | [`RateLimiter`] | calls per second to one API: never more in any second | start-time fair queueing by weight |
//! | [`ConcurrencyLimiter`] | calls under way at the same time | the tenant with the fewest for its weight, then first come |
//! | [`MemoryPool`] | bytes held at the same time | the tenant with the fewest bytes for its weight, then first come |
//! | [`RetryBudget`] | retries | one budget for all tenants |
//!
//! ```
//! use std::num::NonZeroU32;
//! use std::time::Duration;
//!
//! use logmark_quota::{RateLimiter, RateLimits, Share};
//! use tokio::time::Instant;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
//! # runtime.block_on(async {
//! let rate_limiter = RateLimiter::new(RateLimits::new(10.0, 0.2).unwrap());
//! let acme = Share::new("acme", NonZeroU32::MIN);
//! let permit = rate_limiter.admit(&acme, Instant::now() + Duration::from_secs(5)).await.unwrap();
//! // … the call …
//! permit.succeeded();
//! # });
//! ```
//!
//! A request that cannot be admitted before its deadline is rejected immediately, with the time after which a retry can succeed:
//! [`Rejected`]. Time is `tokio::time`, so a paused clock drives everything. No task is spawned: the waiting futures drive the
//! rate limiter.
//!
//! The library knows rates, tenants and time. It makes no calls, and knows neither HTTP nor a provider's errors: the caller
//! reports how a call ended ([`CallPermit`]).

mod share;
mod rejected;
mod limits;
mod tenant_queue;
mod rate_limiter;
mod concurrency_limiter;
mod memory;
mod retry_budget;

pub use concurrency_limiter::{ConcurrencyLimiter, ConcurrencyLimiterState, ConcurrencyPermit};
pub use limits::{InvalidRateLimits, QueueLimits, RateLimits};
pub use memory::{MemoryPool, MemoryPoolState, Reservation};
pub use rate_limiter::{BreakerState, CallPermit, RateLimiter, RateLimiterState};
pub use rejected::Rejected;
pub use retry_budget::RetryBudget;
pub use share::Share;
