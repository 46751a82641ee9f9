//! Reads log files as events: one message and one time for each line, or for each event of several lines.
//!
//! # Layout
//!
//! - `unpack`, `lines`, `array`, `intake`: from bytes to lines.
//! - `form`, `zone`, `civil`, `clock`: from written times to instants.
//! - `place`, `header`, `keyed`, `fields`, `json`: where a line's time stands.
//! - `profile`, `sample`, `survey`, `order`, `years`: what holds for a whole file.
//! - `reading`, `multiline`, `summary`: the events, and the count of what became of every line.
//!
//! Never: opens a file, writes an event or prints.

mod array;
mod chosen;
mod civil;
mod clock;
mod cursor;
mod fields;
mod form;
mod header;
mod intake;
mod json;
mod keyed;
mod lines;
mod multiline;
mod names;
mod options;
mod order;
mod place;
mod profile;
mod reading;
mod sample;
mod summary;
mod survey;
mod unpack;
mod years;
mod zone;
mod zone_names;

pub use chosen::{TimestampFormat, TimestampFormatError};
pub use clock::Unknown;
pub use multiline::{Multiline, MultilineError};
pub use options::{DEFAULT_EXAMPLES, Input, MAX_LINE_BYTES, Missing, Options};
pub use profile::Odd;
pub use reading::{ImportError, NewLine, Reading, read};
pub use summary::{Reason, Rejection, Summary};
pub use unpack::BytesRead;
pub use zone::{TimezoneError, timezone};
