//! Reads a message by the layout of the previous message.

use super::super::layout::Layout;
use super::{Ended, Scan};

impl Scan<'_, '_> {
    /// Reads the message as one with the same bytes as the layout outside of its scalar values. An error means that it differs or
    /// is invalid.
    pub(super) fn guess(&mut self, layout: &Layout) -> Result<(), Ended> {
        let mut start = 0;
        for part in layout.parts() {
            self.literally(layout.literal(start, Some(part.literal_end)))?;
            start = part.literal_end;
            self.scalar(part.slot)?;
        }
        self.literally(layout.literal(start, None))?;
        if self.place == self.bytes.len() { Ok(()) } else { Err(Ended::Invalid) }
    }
}
