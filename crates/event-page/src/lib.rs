//! Pages of CloudWatch log events: read in one pass over the bytes, kept without a value per event, written as they are.
//!
//! ```text
//! answer (Bytes) --scan--> Events: the answer itself, and a compact row for each event --write--> JSON, NDJSON, CSV, text
//! plain values --Builder--^
//! ```
//!
//! An answer of CloudWatch is JSON, and so is most of what becomes of it: the inside of a message's literal is checked once
//! and passed on as it stands. Nothing is allocated for an event but its row.
//!
//! Owns the form of the two answers that bring events, [`Events`], and the bytes of the four layouts. Never does I/O, and
//! knows nothing of who asks: what may be seen of a page is decided outside, by [`Events::retain`].
//!
//! # Layout
//!
//! - [`events`]: the page, and the view of one event.
//! - [`build`]: a page from plain values.
//! - [`scan`]: from the two answers to pages; strict.
//! - [`columns`]: which parts of an event are written, when a request chooses.
//! - [`mod@write`]: from pages to bytes.
//! - `json_string`: what the inside of a JSON string means.
//! - `block`: 64 bytes looked at in one go, the one place that knows the processor.

pub mod events;
pub mod build;
pub mod scan;
pub mod columns;
pub mod write;
mod json_string;
mod block;

pub use build::{Builder, TooLong};
pub use columns::{ColumnError, Columns};
pub use events::{EventRef, Events};
pub use scan::{GroupPage, Malformed, StreamPage};
pub use write::{Layout, Writer};
