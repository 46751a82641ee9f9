//! Shares one account's small API quotas fairly among thousands of tenants.
//!
//! A provider allows an account a handful of calls a second; whoever asks first would get them all. This library stands
//! between those who want to call and the calls:
//!
//! | Type | Budget of | Order among tenants |
//! |---|---|---|
//! | [`Lane`] | calls per second to one API: never more in any second | start-time fair queueing by weight |
//! | [`Slots`] | calls that go on at the same time | who holds the fewest for its weight, then first come |
//! | [`Memory`] | bytes held at the same time | who holds the least for its weight, then first come |
//! | [`RetryBudget`] | second attempts | none: one budget for all |
//!
//! ```
//! use std::num::NonZeroU32;
//! use std::time::Duration;
//!
//! use logmark_quota::{Lane, Limits, Share};
//! use tokio::time::Instant;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
//! # runtime.block_on(async {
//! let lane = Lane::new(Limits::new(10.0, 0.2).unwrap());
//! let acme = Share::new("acme", NonZeroU32::MIN);
//! let turn = lane.admit(&acme, Instant::now() + Duration::from_secs(5)).await.unwrap();
//! // … the call …
//! turn.succeeded();
//! # });
//! ```
//!
//! What can't be had in the allowed time is refused at once, with the time after which it could be: [`Refused`]. Time is
//! `tokio::time`, so that a paused clock drives everything. No task is spawned: those who wait keep the lane going.
//!
//! The library knows rates, tenants and time. It never calls anything, and knows neither HTTP nor a provider's errors: the
//! caller says how a call ended ([`Turn`]).

mod share;
mod refused;
mod limits;
mod lane;
mod slots;
mod memory;
mod retry_budget;

pub use lane::{BreakerState, Lane, LaneState, Turn};
pub use limits::{InvalidLimits, Limits, Queue};
pub use memory::{Memory, MemoryState, Reservation};
pub use refused::Refused;
pub use retry_budget::RetryBudget;
pub use share::Share;
pub use slots::{Slot, Slots, SlotsState};
