//! A small set of numbers that needs no allocation.

/// A set of numbers below [`Bits::CAPACITY`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bits([u64; Self::WORDS]);

impl Bits {
    const WORDS: usize = 3;
    /// A pattern of 1,024 characters holds at most 147 tests: `{$.a=1||$.a=1…}`.
    pub(super) const CAPACITY: usize = Self::WORDS * 64;

    #[inline]
    pub(super) fn insert(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
    }

    #[inline]
    pub(super) fn contains(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Removes the others.
    #[inline]
    pub(super) fn remove(&mut self, others: &Self) {
        self.0.iter_mut().zip(others.0).for_each(|(word, other)| *word &= !other);
    }

    /// Adds those of the others that are in `which`.
    #[inline]
    pub(super) fn add(&mut self, others: &Self, which: &Self) {
        self.0.iter_mut().zip(others.0).zip(which.0).for_each(|((word, other), which)| *word |= other & which);
    }
}
