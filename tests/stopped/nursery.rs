//! Maps that are always young: so that the table is growing most of the time, and lists are made.
//!
//! Everybody inserts into the newest map, and whoever finds it full makes the next one. A thread keeps the
//! map that it is in, so that stopped ones keep theirs and the others are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use splitmap::HashMap;

use crate::park::unstoppable;

/// Entries of a map when the next one begins: six doublings.
const FULL: u64 = 2_000;
/// Insertions at one time.
const BURST: u64 = 8;

#[derive(Debug, Default)]
struct Young {
    map: HashMap<u64, u64, foldhash::fast::FixedState>,
    keys: AtomicU64,
}

#[derive(Debug, Default)]
pub(crate) struct Nursery {
    newest: Mutex<Arc<Young>>,
    /// Maps that were filled.
    pub(crate) filled: AtomicUsize,
}

impl Nursery {
    fn newest(&self) -> Arc<Young> {
        // Who stopped while it holds the lock would stop all.
        unstoppable(|| Arc::clone(&self.newest.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Some insertions, each of which must be found, and the table must have grown with them.
    pub(crate) fn grow(&self) {
        let young = self.newest();
        let first = young.keys.fetch_add(BURST, Ordering::Relaxed);
        for key in first..first + BURST {
            assert!(young.map.insert(key, !key).is_none());
            assert_eq!(young.map.get(&key).as_deref(), Some(&!key));
        }
        if (FULL..FULL + BURST).contains(&first) {
            let (len, capacity) = (young.map.len(), young.map.capacity());
            assert!(2 * capacity >= len, "{len} entries, capacity {capacity}");
            let next = Arc::new(Young::default());
            unstoppable(|| *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = next);
            self.filled.fetch_add(1, Ordering::Relaxed);
        }
    }
}
