//! A list that grows without moving its items.

/// Items of a chunk. The first chunk begins empty and doubles, so that a short list is small.
const CHUNK: usize = 1_024;

/// A list of items in chunks of equal length.
#[derive(Debug, Clone)]
pub(crate) struct Chunks<T> {
    chunks: Vec<Vec<T>>,
    length: usize,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), length: 0 }
    }
}

impl<T> Chunks<T> {
    pub(crate) const fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        self.chunks.get(index / CHUNK)?.get(index % CHUNK)
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.chunks.get_mut(index / CHUNK)?.get_mut(index % CHUNK)
    }

    /// Appends an item. Returns the bytes that were allocated for it.
    pub(crate) fn push(&mut self, item: T) -> usize {
        let place = self.length / CHUNK;
        self.length += 1;
        let size = size_of::<T>();
        if let Some(last) = self.chunks.get_mut(place) {
            let before = last.capacity();
            if last.len() == before {
                // At most to a whole chunk.
                last.reserve_exact((before * 2).clamp(4, CHUNK) - before);
            }
            let grown = last.capacity() - before;
            last.push(item);
            return grown * size;
        }
        let mut chunk = Vec::with_capacity(if place == 0 { 1 } else { CHUNK });
        chunk.push(item);
        let grown = chunk.capacity();
        self.chunks.push(chunk);
        grown * size + size_of::<Vec<T>>()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.chunks.iter_mut().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::Chunks;

    #[test]
    fn items_stay_in_their_order_and_every_allocation_is_counted() {
        let mut chunks = Chunks::default();
        let grown: usize = (0..5_000_u64).map(|item| chunks.push(item)).sum();
        assert!(chunks.iter().copied().eq(0..5_000));
        assert_eq!((chunks.len(), chunks.get(4_999), chunks.get(5_000)), (5_000, Some(&4_999), None));
        let allocated: usize = chunks.chunks.iter().map(|chunk| chunk.capacity() * 8 + size_of::<Vec<u64>>()).sum();
        assert_eq!(grown, allocated);
        assert!(allocated < 5_000 * 8 + 1_024 * 8 + 500);
    }
}
