//! The view of readers: the memtables and the segments. It is replaced as a whole, so a reader with a view sees every event once,
//! regardless of flushes.
//!
//! A view does not change, except that the writer adds to the active memtable. See also `read::page`.

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalogue::snapshot::{Overlay, Snapshot};
use crate::event::Position;
use crate::ids::GroupId;
use crate::memtable::Memtable;
use crate::segment::SegmentInfo;

/// A segment for one group. All are held in memory, about 50 bytes per group and segment (tens of MiB of messages), so that a
/// page opens only the segments that it needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SegmentRange {
    pub(crate) number: u64,
    /// Length of the file.
    pub(crate) bytes: u64,
    pub(crate) first: Position,
    pub(crate) last: Position,
}

/// Segments by the groups in them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manifest {
    groups: HashMap<GroupId, Arc<Vec<SegmentRange>>>,
}

impl Manifest {
    pub(crate) fn add(&mut self, segment: &SegmentInfo) {
        for range in &segment.groups {
            let known = Arc::make_mut(self.groups.entry(range.group).or_default());
            let SegmentInfo { number, bytes, .. } = *segment;
            known.push(SegmentRange { number, bytes, first: range.first, last: range.last });
        }
    }
}

/// The view.
#[derive(Debug)]
pub(crate) struct View {
    /// The active memtable.
    pub(crate) active: Arc<Memtable>,
    /// The memtable that is being written to a segment.
    pub(crate) frozen: Option<Arc<Memtable>>,
    pub(crate) manifest: Arc<Manifest>,
    /// The sequence number up to which all events are in segments. The memtables have all later ones.
    pub(crate) covered: u64,
}

impl View {
    pub(crate) fn memtables(&self) -> impl Iterator<Item = &Arc<Memtable>> {
        std::iter::once(&self.active).chain(&self.frozen)
    }

    pub(crate) fn segments_of(&self, group: GroupId) -> &[SegmentRange] {
        self.manifest.groups.get(&group).map_or(&[], |segments| segments.as_slice())
    }

    /// The segments of a group that can have events after this sequence number.
    ///
    /// A segment has the events of one span of sequence numbers, and the spans ascend with the segments' numbers. So all segments
    /// before one that has an earlier event have only earlier events.
    pub(crate) fn segments_after(&self, group: GroupId, after: u64) -> &[SegmentRange] {
        let segments = self.segments_of(group);
        let has_earlier = |segment: &SegmentRange| segment.first.sequence().min(segment.last.sequence()) <= after;
        let first = segments.iter().rposition(has_earlier).unwrap_or(0);
        segments.get(first..).unwrap_or_default()
    }

    /// The last sequence number in memory now; zero if memory is empty.
    pub(crate) fn last_sequence(&self) -> u64 {
        self.memtables().map(|memtable| memtable.last_sequence()).max().unwrap_or(0)
    }
}

/// Everything that one call reads, captured together.
#[derive(Debug)]
pub(crate) struct Moment {
    pub(crate) view: Arc<View>,
    /// The last sequence number the call sees in memory.
    pub(crate) visible: u64,
    pub(crate) catalogue: Arc<Snapshot>,
}

impl Moment {
    /// The figures that the catalogue does not include yet.
    pub(crate) fn overlay(&self) -> Overlay<'_> {
        Overlay::new(&self.catalogue, self.view.memtables().map(|memtable| &**memtable))
    }
}
