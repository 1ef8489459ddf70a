//! The operations on all entries, while others go on changing them.

use core::fmt;
use core::iter::FusedIterator;

use super::HashMap;
use crate::guard::Ref;
use crate::iter::Iter;
use crate::key::{Keys, Values};
use crate::split_order::SplitOrder;
use crate::unwind::to_the_end;

impl<K, V, S> HashMap<K, V, S> {
    /// All keys, in no particular order, as [`iter`](Self::iter) meets them.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, 10), (2, 20)]);
    /// assert_eq!(map.keys().map(|key| *key).sum::<i32>(), 3);
    /// ```
    pub fn keys(&self) -> Keys<'_, K, V> {
        Keys::new(self.iter())
    }

    /// All values, in no particular order, as [`iter`](Self::iter) meets them.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, 10), (2, 20)]);
    /// assert_eq!(map.values().map(|value| *value).sum::<i32>(), 30);
    /// ```
    pub fn values(&self) -> Values<'_, K, V> {
        Values::new(self.iter())
    }

    /// Removes all entries that are there when it passes; entries inserted meanwhile may stay. Each key is
    /// absent at some moment of the call. The capacity stays.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, 2)]);
    /// map.clear();
    /// assert!(map.is_empty());
    /// ```
    pub fn clear(&self) {
        if let Some(list) = self.list() {
            list.clear();
        }
    }

    /// Removes some entry and gives it, still readable; `None` if none was met.
    ///
    /// Which one is unspecified. Each is given to one caller only, so several threads can take a map's
    /// entries as work. An entry that is inserted behind the place where a call has passed may be missed by that
    /// call. Takes O(1) on average while a map is being emptied by such calls; up to a walk over all buckets
    /// when few entries are left.
    ///
    /// # Examples
    /// ```
    /// let jobs = splitmap::HashMap::from([(1, "wash"), (2, "dry")]);
    /// while let Some(job) = jobs.pop_any() {
    ///     println!("{}: {}", job.key(), *job);
    /// }
    /// assert!(jobs.is_empty());
    /// ```
    pub fn pop_any(&self) -> Option<Ref<'_, K, V>> {
        self.list()?.pop_any().map(Ref::new)
    }

    /// Entries that were removed or replaced and are not freed yet (see [Memory](#memory)); a sum as
    /// [`len`](Self::len).
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, 10)]);
    /// map.remove(&1);
    /// assert_eq!(map.retired_len(), 1);
    /// ```
    #[must_use]
    pub fn retired_len(&self) -> usize {
        self.list().map_or(0, SplitOrder::retired)
    }

    /// The memory of the entries that [`retired_len`](Self::retired_len) counts, in bytes, without what
    /// their keys and values own elsewhere.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1_u64, 10_u64)]);
    /// map.remove(&1);
    /// assert_eq!(map.retired_bytes(), 32);
    /// ```
    #[must_use]
    pub fn retired_bytes(&self) -> usize {
        self.retired_len() * SplitOrder::<K, V>::NODE_SIZE
    }

    /// Entries that have been freed since the map was made, after they were removed or replaced; a sum as
    /// [`len`](Self::len), which wraps. With [`retired_len`](Self::retired_len), which are waiting, it is all that
    /// were.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, 10)]);
    /// map.remove(&1);
    /// assert_eq!((map.retired_len(), map.reclaimed_count()), (1, 0));
    /// map.flush();
    /// assert_eq!((map.retired_len(), map.reclaimed_count()), (0, 1));
    /// ```
    #[must_use]
    pub fn reclaimed_count(&self) -> usize {
        self.list().map_or(0, SplitOrder::reclaimed)
    }

    /// Frees removed entries now, except what `Ref`s hold: those of this thread's batch, those of threads that have
    /// ended, and those that wait for the [background thread](Self::reclaim_in_background), if there is one, except
    /// what it has taken. (Other threads' batches are theirs; each frees its own when it is full, or here.
    /// Without feature `std`: all that no operation is using just now.)
    /// Takes a scan of all hazards, and runs the destructors, all of them.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, 10)]);
    /// map.remove(&1);
    /// map.flush();
    /// assert_eq!(map.retired_len(), 0);
    /// ```
    pub fn flush(&self) {
        if let Some(list) = self.list() {
            list.flush();
        }
    }
}

impl<K: Eq, V, S> HashMap<K, V, S> {
    /// Keeps the entries for which `keep` gives true, and removes the others.
    ///
    /// What is removed is the very entry that `keep` was shown. If another thread replaces an entry before
    /// it is removed, `keep` is asked about the new one. For entries that come and go meanwhile, it is as an
    /// [`iter`](Self::iter): they may be met or not. Takes a walk over all buckets, and as much as a
    /// [`remove`](Self::remove) for each entry that goes.
    ///
    /// # Panics
    /// If `keep` does: the entries that were met before are kept or removed, the others stay.
    ///
    /// # Examples
    /// ```
    /// let map: splitmap::HashMap<i32, i32> = (0..10).map(|n| (n, n * n)).collect();
    /// map.retain(|_key, square| square % 2 == 0);
    /// assert_eq!(map.len(), 5);
    /// ```
    pub fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool) {
        self.extract_if(|key, value| !keep(key, value))
            .for_each(drop);
    }

    /// Removes the entries for which `test` gives true, one with each step of the iterator, and gives them,
    /// still readable.
    ///
    /// As [`retain`](Self::retain). Entries that the iterator was not asked for stay.
    ///
    /// # Examples
    /// ```
    /// let map: splitmap::HashMap<i32, i32> = (0..10).map(|n| (n, n * n)).collect();
    /// let odd: Vec<i32> = map.extract_if(|key, _| key % 2 == 1).map(|entry| *entry.key()).collect();
    /// assert_eq!((odd.len(), map.len()), (5, 5));
    /// ```
    pub fn extract_if<F>(&self, test: F) -> ExtractIf<'_, K, V, F>
    where
        F: FnMut(&K, &V) -> bool,
    {
        ExtractIf {
            entries: self.iter(),
            test,
        }
    }

    /// Removes all entries that are there when it passes, and gives them, still readable; those inserted
    /// meanwhile may stay. The capacity stays.
    ///
    /// What the iterator was not asked for is removed when it is dropped, as with std's.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, 10), (2, 20)]);
    /// let sum: i32 = map.drain().map(|entry| *entry).sum();
    /// assert_eq!((sum, map.len()), (30, 0));
    /// ```
    pub fn drain(&self) -> Drain<'_, K, V> {
        Drain(self.extract_if(|_, _| true))
    }
}

/// An iterator that removes entries; made by [`HashMap::extract_if`].
///
/// # Examples
/// ```
/// let map = splitmap::HashMap::from([(1, 10), (2, 20)]);
/// let mut small = map.extract_if(|_, value| *value < 15);
/// assert_eq!(small.next().as_deref(), Some(&10));
/// assert!(small.next().is_none());
/// ```
#[must_use = "iterators are lazy: nothing is removed before it is asked for; `retain` removes at once"]
pub struct ExtractIf<'map, K, V, F> {
    entries: Iter<'map, K, V>,
    test: F,
}

impl<'map, K: Eq, V, F: FnMut(&K, &V) -> bool> Iterator for ExtractIf<'map, K, V, F> {
    type Item = Ref<'map, K, V>;

    fn next(&mut self) -> Option<Ref<'map, K, V>> {
        let list = self.entries.list()?;
        loop {
            let entry = self.entries.next()?;
            if !(self.test)(entry.key(), entry.value()) {
                continue;
            }
            if list.remove_that(entry.node()) {
                return Some(entry);
            }
            // It is another one by now, or none.
            let (hash, key) = (entry.node().hash(), entry.key());
            let removed = list.remove_if(hash, |other| key == other, &mut self.test);
            if let Some(removed) = removed {
                return Some(Ref::new(removed));
            }
        }
    }
}

impl<K: Eq, V, F: FnMut(&K, &V) -> bool> FusedIterator for ExtractIf<'_, K, V, F> {}

impl<K, V, F> fmt::Debug for ExtractIf<'_, K, V, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtractIf").finish_non_exhaustive()
    }
}

/// An iterator that removes all entries; made by [`HashMap::drain`].
///
/// # Examples
/// ```
/// let map = splitmap::HashMap::from([(1, 10), (2, 20)]);
/// drop(map.drain().next());
/// assert!(map.is_empty());
/// ```
pub struct Drain<'map, K: Eq, V>(ExtractIf<'map, K, V, fn(&K, &V) -> bool>);

impl<'map, K: Eq, V> Iterator for Drain<'map, K, V> {
    type Item = Ref<'map, K, V>;

    fn next(&mut self) -> Option<Ref<'map, K, V>> {
        self.0.next()
    }
}

impl<K: Eq, V> FusedIterator for Drain<'_, K, V> {}

impl<K: Eq, V> Drop for Drain<'_, K, V> {
    fn drop(&mut self) {
        to_the_end(|| self.0.next().is_some());
    }
}

impl<K: Eq, V> fmt::Debug for Drain<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").finish_non_exhaustive()
    }
}
