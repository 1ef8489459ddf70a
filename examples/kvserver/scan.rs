//! SCAN's cursors.
//!
//! `SCAN 0` takes a list of the keys that are there, and answers with the first page of
//! it; the cursor names the list and the place in it. So a key that is there from the
//! first call to the last is returned, exactly once; one that goes in between is left out
//! or was returned before; one that comes in between is not returned.
//!
//! A cursor works on any connection and may be used again. It costs 24 bytes for each
//! key, so there are at most [`LISTS_MAX`] lists, the oldest ends first, and none is older
//! than [`LIST_AGE_MAX`]: a cursor into a list that ended is refused as invalid. A map
//! whose iteration could start at a given place in its order would need no list.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::time::Instant;

use splitmap::HashMap;

use crate::blob::Blob;

/// Lists kept at once.
const LISTS_MAX: u64 = 16;
/// How long a list is kept.
const LIST_AGE_MAX: Duration = Duration::from_mins(5);
/// The bits of a cursor that are the place in the list, never 0; the others are the list's
/// number, which begins again after all of them.
const PLACE_BITS: u32 = 40;
const NUMBER_MAX: u64 = u64::MAX >> PLACE_BITS;

struct List {
    keys: Arc<[Blob]>,
    begun_at: Instant,
}

/// The lists that cursors point into, by number.
#[derive(Default)]
pub(crate) struct Scans {
    lists: HashMap<u64, List>,
    begun: AtomicU64,
}

/// One answer to SCAN.
pub(crate) struct Page {
    keys: Arc<[Blob]>,
    start: usize,
    end: usize,
    /// Where the next page begins; 0 when there is none.
    pub(crate) cursor: u64,
}

impl Page {
    pub(crate) fn keys(&self) -> &[Blob] {
        &self.keys[self.start..self.end]
    }
}

impl Scans {
    /// The first page of `keys`.
    pub(crate) fn begin(&self, keys: Vec<Blob>, count: usize) -> Page {
        let keys: Arc<[Blob]> = keys.into();
        if keys.len() <= count {
            return Page {
                start: 0,
                end: keys.len(),
                keys,
                cursor: 0,
            };
        }
        // ORD Relaxed: only the numbers' being different matters.
        let number = self.begun.fetch_add(1, Ordering::Relaxed) & NUMBER_MAX;
        let list = List {
            keys: Arc::clone(&keys),
            begun_at: Instant::now(),
        };
        self.lists.insert(number, list);
        self.lists
            .remove(&(number.wrapping_sub(LISTS_MAX) & NUMBER_MAX));
        page(number, keys, 0, count)
    }

    /// The page at `cursor`, or `None` when no list has it.
    pub(crate) fn resume(&self, cursor: u64, count: usize) -> Option<Page> {
        let number = cursor >> PLACE_BITS;
        let start = usize::try_from(cursor & ((1 << PLACE_BITS) - 1)).ok()?;
        let keys = Arc::clone(&self.lists.get(&number)?.keys);
        if start >= keys.len() {
            return None;
        }
        let page = page(number, keys, start, count);
        if page.cursor == 0 {
            self.lists.remove(&number);
        }
        Some(page)
    }

    /// Ends the lists that are too old.
    pub(crate) fn end_old(&self) {
        self.lists
            .retain(|_, list| list.begun_at.elapsed() <= LIST_AGE_MAX);
    }

    /// Ends all lists.
    pub(crate) fn clear(&self) {
        self.lists.clear();
    }
}

fn page(number: u64, keys: Arc<[Blob]>, start: usize, count: usize) -> Page {
    let end = start.saturating_add(count).min(keys.len());
    let cursor = if end == keys.len() {
        0
    } else {
        (number << PLACE_BITS) | end as u64
    };
    Page {
        keys,
        start,
        end,
        cursor,
    }
}

#[cfg(test)]
mod tests {
    use super::{LISTS_MAX, Scans};
    use crate::blob::Blob;

    fn keys(count: u32) -> Vec<Blob> {
        (0..count)
            .map(|number| Blob::from(number.to_string().as_bytes()))
            .collect()
    }

    #[test]
    fn pages_give_every_key_once_and_then_cursor_zero() {
        let scans = Scans::default();
        let mut page = scans.begin(keys(25), 10);
        let mut seen = page.keys().to_vec();
        while page.cursor != 0 {
            page = scans.resume(page.cursor, 10).expect("a list");
            seen.extend_from_slice(page.keys());
        }
        assert_eq!(seen, keys(25));
        assert!(scans.lists.is_empty());
        assert_eq!(scans.begin(keys(10), 10).cursor, 0);
    }

    #[test]
    fn the_oldest_list_ends_and_its_cursor_with_it() {
        let scans = Scans::default();
        let first = scans.begin(keys(2), 1).cursor;
        for _ in 1..LISTS_MAX {
            scans.begin(keys(2), 1);
        }
        assert!(scans.resume(first, 1).is_some_and(|page| page.cursor == 0));
        let second = scans.begin(keys(2), 1).cursor;
        for _ in 0..LISTS_MAX {
            scans.begin(keys(2), 1);
        }
        assert!(scans.resume(second, 1).is_none());
        assert!(scans.resume(u64::MAX, 1).is_none());
    }
}
