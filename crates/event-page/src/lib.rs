//! Pages of CloudWatch log events: read in one pass over the bytes, stored without an allocation per event, written with little
//! copying.
//!
//! ```text
//! answer (Bytes) --scan--> Events: the answer itself, and a compact row for each event --write--> JSON, NDJSON, CSV, text
//! plain values --Builder--^
//! ```
//!
//! Responses of CloudWatch are JSON, and so are most responses of Logmark: the inside of a message's literal is checked once and
//! copied unchanged. Each event needs only a row.
//!
//! Owns the format of the two responses that contain events, [`Events`], and the bytes of the layouts. Does no I/O and knows no
//! callers: they decide with [`Events::retain`] which events are visible.
//!
//! # Layout
//!
//! - [`events`]: the page, and the view of one event.
//! - [`build`]: a page from plain values.
//! - [`scan`]: a strict parser of the two responses.
//! - [`columns`]: the parts of an event that a request chose.
//! - [`mod@write`]: writes pages as bytes.
//! - `json_string`: decodes and encodes the inside of JSON strings.
//! - `block`: scans 64 bytes at a time; the only module that depends on the processor.

pub mod events;
pub mod build;
pub mod scan;
pub mod columns;
pub mod write;
mod json_string;
mod block;

pub use build::{Builder, TooLong};
pub use columns::{ColumnError, Columns};
pub use events::{Edit, EventRef, Events};
pub use scan::{GroupPage, Malformed, StreamPage};
pub use write::{Layout, Writer};
