//! Handles of metrics that are kept, by their labels.
//!
//! The recorder finds a metric by its name and copies of all labels. A kept handle costs a request one lookup without a copy.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};

/// Kept handles. `K` has the labels: constants and names of the configuration, so that the number of handles is bounded.
pub(super) struct Handles<K, H>(RwLock<Option<HashMap<K, H>>>);

impl<K: Eq + Hash, H: Clone> Handles<K, H> {
    /// No handles yet.
    pub(super) const fn new() -> Self {
        Self(RwLock::new(None))
    }

    /// The handle for these labels, made at their first use.
    pub(super) fn get(&self, labels: K, make: impl FnOnce(&K) -> H) -> H {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(|kept| kept.get(&labels).cloned());
        if let Some(kept) = kept {
            return kept;
        }
        let made = make(&labels);
        // A handle made before the recorder is installed counts nothing, so it is not kept.
        if super::metrics::is_installed() {
            let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
            kept.get_or_insert_default().insert(labels, made.clone());
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::metrics::Metrics;
    use super::*;

    #[test]
    fn a_handle_is_made_once_for_its_labels_when_there_is_a_recorder() {
        let _metrics = Metrics::install();
        let (handles, made) = (Handles::new(), Cell::new(0));
        for (labels, expected) in [(("readStream", 200), 1), (("readStream", 200), 1), (("readStream", 404), 2), (("me", 200), 3)]
        {
            let handle = handles.get(labels, |labels| {
                made.set(made.get() + 1);
                labels.1
            });
            assert_eq!((handle, made.get()), (labels.1, expected));
        }
    }
}
