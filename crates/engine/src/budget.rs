//! Memory limits: the bytes that the state of one query may use, and the state of all queries together.
//!
//! Only state that grows with the data is counted: groups, sets, heaps, kept rows, results. The buffers of one block are not
//! counted, because an input limits its blocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::QueryError;

/// A number of bytes that may be in use, optionally within another budget that several queries share.
#[derive(Debug)]
pub struct Budget {
    limit: usize,
    used: AtomicUsize,
    shared: Option<Arc<Self>>,
}

impl Budget {
    /// The default limit of one query: 256 MiB.
    pub const DEFAULT: usize = 256 << 20;

    /// A budget of this many bytes.
    #[must_use]
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, used: AtomicUsize::new(0), shared: None })
    }

    /// A budget of this many bytes within another one: its bytes count there too.
    #[must_use]
    pub fn within(shared: &Arc<Self>, limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, used: AtomicUsize::new(0), shared: Some(Arc::clone(shared)) })
    }

    /// The limit, in bytes.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The bytes in use.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn reserve(&self, bytes: usize) -> Result<(), QueryError> {
        let fits = |used: usize| used.checked_add(bytes).filter(|total| *total <= self.limit);
        let reserved = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        if reserved.is_err() {
            return Err(QueryError::Memory { limit: self.limit });
        }
        if let Some(shared) = &self.shared
            && let Err(error) = shared.reserve(bytes)
        {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
            return Err(error);
        }
        Ok(())
    }

    fn release(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(shared) = &self.shared {
            shared.release(bytes);
        }
    }
}

/// The bytes that one owner of state has reserved. Dropping it releases them.
///
/// A clone is empty: the copy of an operator, which exists while a partial result is made, is not counted.
///
/// ```
/// use logmark_engine::budget::{Budget, Reservation};
///
/// let budget = Budget::new(1_000);
/// let mut held = Reservation::default();
/// held.grow(&budget, 800)?;
/// assert!(held.grow(&budget, 300).is_err());
/// held.shrink(500);
/// assert_eq!(budget.used(), 300);
/// drop(held);
/// assert_eq!(budget.used(), 0);
/// # Ok::<(), logmark_engine::error::QueryError>(())
/// ```
#[derive(Debug, Default)]
pub struct Reservation {
    bytes: usize,
    budget: Option<Arc<Budget>>,
}

impl Reservation {
    /// Reserves more bytes. All calls of one reservation name the same budget.
    ///
    /// # Errors
    /// [`QueryError::Memory`] when the budget, or the one it is within, would be exceeded. Nothing is reserved then.
    pub fn grow(&mut self, budget: &Arc<Budget>, bytes: usize) -> Result<(), QueryError> {
        let budget = self.budget.get_or_insert_with(|| Arc::clone(budget));
        budget.reserve(bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Releases some of the bytes; at most those that were reserved.
    pub fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        if let Some(budget) = &self.budget {
            budget.release(bytes);
        }
    }

    /// The bytes that are reserved.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Clone for Reservation {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shrink(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Reservation};
    use crate::error::QueryError;

    #[test]
    fn what_a_query_uses_is_used_of_the_shared_budget_too() {
        let shared = Budget::new(100);
        let (first, second) = (Budget::within(&shared, 80), Budget::within(&shared, 80));
        let (mut one, mut two) = (Reservation::default(), Reservation::default());
        one.grow(&first, 70).unwrap();
        assert!(matches!(one.grow(&first, 20), Err(QueryError::Memory { limit: 80 })));
        assert!(matches!(two.grow(&second, 40), Err(QueryError::Memory { limit: 100 })));
        assert_eq!((first.used(), second.used(), shared.used()), (70, 0, 70));
        two.grow(&second, 30).unwrap();
        drop(one);
        assert_eq!((first.used(), second.used(), shared.used()), (0, 30, 30));
    }

    #[test]
    fn a_sum_beyond_the_largest_number_is_refused() {
        let budget = Budget::new(usize::MAX);
        let mut held = Reservation::default();
        held.grow(&budget, usize::MAX).unwrap();
        assert!(held.grow(&budget, 1).is_err());
    }
}
