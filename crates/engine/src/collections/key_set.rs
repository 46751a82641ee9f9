//! Distinct keys of bytes, numbered in the order of their first insertion.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;

use super::{Chunks, SplitTable};

/// Bytes of a block of keys. A longer key has a separate block.
const BLOCK: usize = 64 << 10;

/// Distinct keys. Their bytes are consecutive in large blocks, so a key needs no separate allocation.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeySet {
    /// Seeded for each set, so that no log can be written whose keys collide.
    hashes: RandomState,
    blocks: Vec<Vec<u8>>,
    spans: Chunks<KeySpan>,
    places: SplitTable<Place>,
}

/// The place of a key's bytes.
#[derive(Debug, Clone, Copy)]
struct KeySpan {
    block: u32,
    start: u32,
    length: u32,
}

/// A key in the table. The head identifies a short key completely, which saves a read of its bytes elsewhere in memory.
#[derive(Debug, Clone, Copy)]
struct Place {
    head: Head,
    /// Half of the hash, to move the key without reading its bytes.
    hash: u32,
    number: u32,
}

/// The first bytes of a key, and in the last place its length, or [`LONG`].
type Head = [u8; 16];

/// The longest key that fits into its head.
const SHORT: usize = 15;
/// In place of the length of a longer key.
const LONG: u8 = 0xff;

fn head(key: &[u8]) -> Head {
    let mut head = [0; SHORT + 1];
    let length = key.len().min(SHORT);
    if let (Some(place), Some(bytes)) = (head.get_mut(..length), key.get(..length)) {
        place.copy_from_slice(bytes);
    }
    head[SHORT] = if key.len() > SHORT { LONG } else { u8::try_from(length).unwrap_or(LONG) };
    head
}

/// A hash from the half that is stored: both halves are the same.
const fn whole_hash(half: u32) -> u64 {
    (half as u64) << 32 | half as u64
}

/// The result of an insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// The key exists, with this number.
    Known(usize),
    /// The key is new: its number, and the allocated bytes.
    New(usize, usize),
}

impl KeySet {
    pub(crate) const fn len(&self) -> usize {
        self.spans.len()
    }

    fn hash(&self, key: &[u8]) -> u32 {
        let mut hasher = self.hashes.build_hasher();
        hasher.write(key);
        u32::try_from(hasher.finish() >> 32).unwrap_or_default()
    }

    /// The bytes of a key.
    pub(crate) fn get(&self, number: usize) -> &[u8] {
        self.spans.get(number).and_then(|span| self.bytes(*span)).unwrap_or_default()
    }

    fn bytes(&self, span: KeySpan) -> Option<&[u8]> {
        let (start, length) = (span.start as usize, span.length as usize);
        self.blocks.get(span.block as usize)?.get(start..start + length)
    }

    /// The number of a key, which is added if new.
    pub(crate) fn insert(&mut self, key: &[u8]) -> Inserted {
        let (hash, head) = (self.hash(key), head(key));
        let is_it = |place: &Place| {
            let is_alike = place.head == head && place.hash == hash;
            is_alike && (head[SHORT] != LONG || self.get(place.number as usize) == key)
        };
        if let Some(place) = self.places.find(whole_hash(hash), is_it) {
            return Inserted::Known(place.number as usize);
        }
        let number = self.spans.len();
        let mut bytes = self.append(key);
        // The memory budget is exhausted long before 2^32 keys.
        let place = Place { head, hash, number: u32::try_from(number).unwrap_or(u32::MAX) };
        bytes += self.places.insert(whole_hash(hash), place, |place| whole_hash(place.hash));
        Inserted::New(number, bytes)
    }

    /// Appends the bytes of a key. Returns the allocated bytes.
    fn append(&mut self, key: &[u8]) -> usize {
        let mut allocated = 0;
        let fits = |block: &Vec<u8>| block.len() + key.len() <= BLOCK;
        if !self.blocks.last().is_some_and(fits) {
            self.blocks.push(Vec::new());
            allocated += size_of::<Vec<u8>>();
        }
        let number = self.blocks.len() - 1;
        let Some(block) = self.blocks.last_mut() else { return allocated };
        let (before, start) = (block.capacity(), block.len());
        if before - start < key.len() {
            // The first block doubles, so that a small set is small; later ones have their full size from the start.
            let whole = if number == 0 { (before * 2).max(32) } else { BLOCK };
            block.reserve_exact(whole.max(start + key.len()) - start);
        }
        block.extend_from_slice(key);
        allocated += block.capacity() - before;
        let short = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        allocated + self.spans.push(KeySpan { block: short(number), start: short(start), length: short(key.len()) })
    }

    /// The keys, in the order of their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.spans.iter().map(|span| self.bytes(*span).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Inserted, KeySet};

    #[test]
    fn keys_are_numbered_in_their_order_and_known_again() {
        let mut set = KeySet::default();
        let key = |number: usize| match number % 5_000 {
            4_999 => vec![7; BLOCK + 1],
            4_998 => Vec::new(),
            other => format!("key {other}").into_bytes(),
        };
        let mut bytes = 0;
        for number in 0..20_000 {
            match set.insert(&key(number)) {
                Inserted::New(new, grown) => {
                    assert_eq!((new, number < 5_000), (number, true));
                    bytes += grown;
                }
                Inserted::Known(known) => assert_eq!((known, number >= 5_000), (number % 5_000, true)),
            }
        }
        assert_eq!(set.len(), 5_000);
        assert!(set.iter().enumerate().all(|(number, bytes)| bytes == key(number)));
        assert_eq!(set.get(4_999).len(), BLOCK + 1);
        assert!(bytes > 5_000 * 8 + BLOCK && bytes < 1_000_000, "{bytes}");
    }

    #[test]
    fn keys_that_begin_alike_are_different() {
        let mut set = KeySet::default();
        let keys: Vec<Vec<u8>> =
            (0..40).flat_map(|length| [vec![0; length], vec![1; length], [vec![0; length], vec![1]].concat()]).collect();
        let numbers: Vec<usize> = keys
            .iter()
            .map(|key| match set.insert(key) {
                Inserted::New(number, _) | Inserted::Known(number) => number,
            })
            .collect();
        for (key, number) in keys.iter().zip(numbers) {
            assert_eq!(set.get(number), key.as_slice());
            assert_eq!(set.insert(key), Inserted::Known(number));
        }
        let mut different = keys;
        different.sort();
        different.dedup();
        assert_eq!(set.len(), different.len());
    }
}
