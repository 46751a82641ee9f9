//! A hash table that grows one part at a time.

use hashbrown::HashTable;

/// Entries of a part after which the table is split: growth up to this size takes well under a millisecond.
const MOST_IN_FIRST: usize = 1 << 14;
/// The parts of a split table, as a power of two.
const PART_BITS: u32 = 8;

/// A hash table of entries that know their hash: one part at first, many parts once it is large.
#[derive(Debug, Clone)]
pub(crate) struct SplitTable<T> {
    parts: Vec<HashTable<T>>,
    length: usize,
}

impl<T> Default for SplitTable<T> {
    fn default() -> Self {
        Self { parts: Vec::new(), length: 0 }
    }
}

impl<T> SplitTable<T> {
    pub(crate) const fn len(&self) -> usize {
        self.length
    }

    /// The part of a hash. The table of a part uses the highest seven bits and the lowest bits of a hash, so bits between them
    /// choose the part. They are in the lower half, because the two halves of a hash may be the same.
    fn part(&self, hash: u64) -> usize {
        let bits = (hash >> 18) & ((1 << PART_BITS) - 1);
        if self.parts.len() <= 1 { 0 } else { usize::try_from(bits).unwrap_or_default() }
    }

    pub(crate) fn find(&self, hash: u64, is_it: impl FnMut(&T) -> bool) -> Option<&T> {
        self.parts.get(self.part(hash))?.find(hash, is_it)
    }

    pub(crate) fn find_mut(&mut self, hash: u64, is_it: impl FnMut(&T) -> bool) -> Option<&mut T> {
        let part = self.part(hash);
        self.parts.get_mut(part)?.find_mut(hash, is_it)
    }

    /// Adds an entry that is not in the table. Returns the growth of the table in bytes.
    pub(crate) fn insert(&mut self, hash: u64, entry: T, hash_of: impl Fn(&T) -> u64) -> usize {
        let mut grown = 0;
        if self.parts.is_empty() {
            self.parts.push(HashTable::new());
        }
        if self.parts.len() == 1 && self.length >= MOST_IN_FIRST {
            grown += self.split(&hash_of);
        }
        let part = self.part(hash);
        let Some(table) = self.parts.get_mut(part) else { return grown };
        self.length += 1;
        if table.len() < table.capacity() {
            table.insert_unique(hash, entry, hash_of);
            return grown;
        }
        let before = table.allocation_size();
        table.insert_unique(hash, entry, hash_of);
        grown + table.allocation_size().saturating_sub(before)
    }

    /// Moves the entries of the one part into many.
    fn split(&mut self, hash_of: &impl Fn(&T) -> u64) -> usize {
        let Some(first) = self.parts.pop() else { return 0 };
        let before = first.allocation_size();
        self.parts.resize_with(1 << PART_BITS, HashTable::new);
        for entry in first {
            let hash = hash_of(&entry);
            let part = self.part(hash);
            if let Some(table) = self.parts.get_mut(part) {
                table.insert_unique(hash, entry, hash_of);
            }
        }
        let after: usize = self.parts.iter().map(|part| part.allocation_size() + size_of::<HashTable<T>>()).sum();
        after.saturating_sub(before)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> + Clone {
        self.parts.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_IN_FIRST, SplitTable};

    #[test]
    fn entries_are_found_before_and_after_the_split() {
        // A hash of poor quality: only some bits differ.
        let hash = |entry: &u64| entry.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut table = SplitTable::default();
        let mut bytes = 0;
        for entry in 0..3 * MOST_IN_FIRST as u64 {
            assert!(table.find(hash(&entry), |known| *known == entry).is_none());
            bytes += table.insert(hash(&entry), entry, hash);
            assert!(table.find(hash(&(entry / 2)), |known| *known == entry / 2).is_some());
        }
        assert_eq!((table.len(), table.iter().count()), (3 * MOST_IN_FIRST, 3 * MOST_IN_FIRST));
        assert!(bytes >= table.len() * 9 && bytes < table.len() * 40, "{bytes}");
    }
}
