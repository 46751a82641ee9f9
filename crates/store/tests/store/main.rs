//! The store's behaviour through its public interface.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod arrivals;
mod catalogue;
mod crash;
mod kill;
mod lock;
mod manage;
mod model;
mod paging;
mod put;
mod world;
