//! A durable, ordered store of log events with bounded memory.
//!
//! Events belong to streams, streams to groups. An append is acknowledged when it survives `kill -9` and a loss of power; a read
//! returns a page of a group's events in order, in either direction, from any position. The crate knows nothing of HTTP, tenants
//! or AWS, and runs under any executor.
//!
//! # Life of an event
//!
//! ```text
//! append → log (one write, one sync for all that wait) → memtable → acknowledged
//!                                                           ↓ full
//!                                            segment file → catalogue → log file removed
//! read   ← merge of memtables and the segments that overlap
//! ```
//!
//! # Layout, in reading order
//!
//! - [`Store`] and its calls: `store`; [`Options`]: `options`; errors: `error`; events: `event`
//! - `wal` the write-ahead log, `memtable` recent events, `segment` older ones, `catalogue` names,
//!   figures and the manifest, `read` pages
//! - `disk` every change to a file, `lock` one store per directory, `codec` numbers, `sync` locks,
//!   `ordinals` the number of each event in its stream
//! - [`put`] the rules of PutLogEvents, which the store itself does not apply
//!
//! # Guarantees and limits
//!
//! - An acknowledged append exists exactly once after any crash. An append that was not acknowledged exists completely or not at
//!   all.
//! - Damage to a file is an error that names the file, never a silent gap. One exception cannot be distinguished from a torn
//!   write: damage to the last group of appends in the log of a store that was not closed properly (see `wal::replay`).
//! - After a failed write the store refuses appends until it is opened again; reads continue.
//! - Unix only: modes of files and positioned reads.
//!
//! ```
//! use std::num::NonZeroUsize;
//! use logmark_store::{Direction, NewEvent, Options, ReadRequest, Store, StreamSelection};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let directory = directory.path();
//! let store = Store::open(directory, Options::default())?;
//! store.create_group("/app/web", 1_700_000_000_000)?;
//! store.create_stream("/app/web", "i-1", 1_700_000_000_000)?;
//! let event = NewEvent { timestamp: 1_700_000_000_001, message: "hello".to_owned() };
//! store.append_blocking("/app/web", "i-1", vec![event], 1_700_000_000_002)?;
//!
//! let page = store.read(&ReadRequest {
//!     group: "/app/web",
//!     streams: StreamSelection::All,
//!     filter: None,
//!     start: None,
//!     end: None,
//!     direction: Direction::Forward,
//!     from: None,
//!     limit: NonZeroUsize::MIN,
//!     max_bytes: 1 << 20,
//! })?;
//! assert_eq!(page.events[0].message, "hello");
//! assert!(page.at_end);
//! # Ok(())
//! # }
//! ```

mod store;

mod options;
mod event;
mod error;

mod wal;
mod memtable;
mod segment;
mod catalogue;
mod read;

mod disk;
mod lock;
mod codec;
mod ids;
mod ordinals;
mod sync;

pub mod put;

#[cfg(test)]
mod tests;

pub use catalogue::attributes::Tags;
pub use catalogue::list::{Group, GroupClass, Order, Stream, StreamsQuery};
pub use error::{AppendError, CatalogueError, FlushError, OpenError, ReadError, StorageError};
pub use event::{Event, MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_MESSAGE_BYTES, NewEvent, ParsePositionError, Position};
pub use options::Options;
pub use read::arrivals::{Arrivals, ArrivalsRequest};
pub use read::scan::{Scan, ScanRequest, StreamPredicate};
pub use read::shared_text::SharedText;
pub use read::{Direction, MessageFilter, Page, ReadRequest, StreamSelection};
pub use store::Store;
pub use store::subscriptions::Subscription;
