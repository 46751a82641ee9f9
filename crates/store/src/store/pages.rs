//! The calls that read one page.

use super::Store;
use super::view::Moment;
use crate::error::ReadError;
use crate::read::segment_source::MayRead;
use crate::read::shared_text::SharedText;
use crate::read::{Page, ReadRequest, page};
use crate::segment::cache::SegmentCache;

impl Store {
    /// Reads a page of a group's events. Blocks, and may read files.
    ///
    /// # Errors
    ///
    /// [`ReadError::GroupNotFound`], [`ReadError::StreamNotFound`] for a named stream; [`ReadError::Storage`], with the file, if
    /// it fails or is damaged.
    pub fn read(&self, request: &ReadRequest<'_>) -> Result<Page, ReadError> {
        self.read_shared(request).map(Page::into_owned)
    }

    /// Reads a page whose messages are not copied. Otherwise as [`Store::read`].
    ///
    /// # Errors
    ///
    /// As [`Store::read`].
    pub fn read_shared(&self, request: &ReadRequest<'_>) -> Result<Page<SharedText>, ReadError> {
        let moment = self.running.shared.capture()?;
        read_page(&moment, &self.running.shared.segments, request)
    }

    /// Reads a page if no file of events is needed: this needs no thread for blocking calls. `None`: use [`Store::read`]. The
    /// names of the group and its streams come from the catalogue's cache; a missing name is one small read.
    ///
    /// # Errors
    ///
    /// As for [`Store::read`].
    pub fn read_from_memory(&self, request: &ReadRequest<'_>) -> Result<Option<Page<SharedText>>, ReadError> {
        let moment = self.running.shared.capture()?;
        page::read(&moment, &self.running.shared.segments, request, MayRead::Memory)
    }

    /// Reads a page in a snapshot of now, after `meanwhile` has run.
    #[cfg(test)]
    pub(crate) fn read_after(&self, request: &ReadRequest<'_>, meanwhile: impl FnOnce()) -> Result<Page, ReadError> {
        let moment = self.running.shared.capture()?;
        meanwhile();
        read_page(&moment, &self.running.shared.segments, request).map(Page::into_owned)
    }
}

fn read_page(moment: &Moment, segments: &SegmentCache, request: &ReadRequest<'_>) -> Result<Page<SharedText>, ReadError> {
    let page = page::read(moment, segments, request, MayRead::Files)?;
    // Files may be read, so the page exists.
    page.ok_or_else(|| ReadError::GroupNotFound { group: request.group.to_owned() })
}
