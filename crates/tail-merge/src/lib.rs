//! Live tail that loses nothing, as pure state machines: no I/O and no clock; time is passed in.
//!
//! A live session shows events within a second, but leaves some out. A sweep reads the last minutes again and shows all events,
//! but late. [`Merge`] makes one feed of both, in which each event appears once. [`Pace`] decides when to sweep and how far back.
//! A [`Viewer`] joins the feed from a [`Mark`], a position of constant size, and keeps the [`Ledger`] that the next marks come
//! from. [`mod@reconcile`] finds out which events of a new reading the mark stands for.
//!
//! # Terms
//!
//! - *Timestamp*: the time that the writer of an event gave it. *Ingestion time*: when the service received the event. Both are
//!   epoch milliseconds of the service's clock.
//! - *Lateness*: ingestion time minus timestamp, at most [`Bounds::lateness`]. Sweeps reach back so far.
//! - *Settling time*: from the ingestion of an event until every sweep shows it, at most [`Bounds::settling`].
//! - *Complete through T*: every event with an ingestion time up to T is in the feed.
//! - *Fingerprint*: 128 bits that identify the content of an event (stream, timestamp, message). The caller makes it from a
//!   cryptographic hash, so that no writer can make two events collide. Events with equal content are told apart by their number.

mod field;
pub mod ledger;
pub mod merge;
pub mod pace;
pub mod reconcile;
pub mod viewer;

pub use ledger::{Ledger, Mark, SUMS};
pub use merge::{Merge, Seen, Swept};
pub use pace::{Pace, PaceSettings, SweepPlan};
pub use reconcile::{Candidate, Unsolved, reconcile};
pub use viewer::{Feed, Joined, Viewer};

/// What the service promises about its events. Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Ingestion time minus timestamp, at most.
    pub lateness: i64,
    /// From ingestion until sweeps show an event, at most.
    pub settling: i64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { lateness: 150_000, settling: 15_000 }
    }
}
