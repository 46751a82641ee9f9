//! Reads log files as events: one message and one time for each line, or for each event of several lines.
//!
//! # Layout
//!
//! - `unpack`, `lines`, `array`, `intake`: bytes to lines.
//! - `form`, `zone`, `civil`, `clock`: written times to instants.
//! - `place`, `header`, `keyed`, `fields`, `json`: the position of a line's time.
//! - `profile`, `sample`, `survey`, `order`, `years`: properties of a whole file.
//! - `reading`, `multiline`, `summary`: the events, and counts of the outcome of every line.
//!
//! Does not open files, store events or print.

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
