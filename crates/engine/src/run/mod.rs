//! Runs plans step by step on a fixed pool of threads.

mod execution;
mod handle;
mod result;
mod runner;
mod schedule;

pub use execution::{Execution, Step};
pub use handle::{QueryHandle, QueryStatus};
pub use result::{QueryRows, ResultRow};
pub use runner::{QueryLimits, Runner};
pub use schedule::Owner;
