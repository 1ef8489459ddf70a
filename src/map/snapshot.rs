//! [`Snapshot`]: all entries of one moment, while others go on.

use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::iter::FusedIterator;
use core::panic::{RefUnwindSafe, UnwindSafe};

use super::HashMap;
use crate::split_order::{self, SplitOrder};

impl<K, V, S> HashMap<K, V, S> {
    /// All entries, as they are at one moment between call and return, while others go on changing the map.
    ///
    /// Unlike an [`iter`](Self::iter), it agrees with what any operation on an entry has shown to any thread: if it has what
    /// was done later, it has what was done before that, too. Linearizable. (But for [`len`](Self::len), which counts
    /// by itself.) Blocks nobody, and waits for nobody.
    ///
    /// # How it works, and what it costs
    /// A walk over all entries, as an iteration, notes each one (E. Petrank, S. Timnat, "Lock-Free Data-Structure
    /// Iterators", DISC 2013). Who inserts, removes, replaces or finds an entry meanwhile notes that as well, also in
    /// the place of a thread that has done it and not come to say so; for these, an operation takes several times as long
    /// until the snapshot is there. At all other times they look at one word, which says that nothing is to be noted. (One
    /// fence more, on machines where reads need one: neither x86-64 Linux nor aarch64.)
    ///
    /// Takes time in proportion to entries and capacity, and up to 48 bytes for each entry meanwhile, then 8 to 16. What it
    /// shows is kept as long as it exists, also if it is removed from the map. If more is changed meanwhile than half as
    /// much as there is, it begins anew, with room for twice as much; and if another thread's snapshot was there first. So many
    /// threads that take snapshots of one map all the time keep each other from it, though one always gets through.
    ///
    /// If a thread is stopped for good in the midst of this, others go on noting until they have noted too much, or until
    /// the next snapshot.
    ///
    /// An entry that is in 127 snapshots at one time is not freed before the map is.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([("ada", 50), ("grace", 50)]);
    /// let before = map.snapshot();
    /// map.insert("ada", 0);
    /// map.insert("grace", 100);
    /// assert_eq!(before.iter().map(|(_, amount)| amount).sum::<i32>(), 100);
    /// assert!(before.iter().all(|(_, amount)| *amount == 50));
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Snapshot<'_, K, V> {
        Snapshot(self.list().map(SplitOrder::snapshot))
    }
}

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Default,
{
    /// A new map with clones of the entries of a snapshot.
    ///
    /// # Examples
    /// ```
    /// use splitmap::HashMap;
    /// let map = HashMap::from([("a", 1)]);
    /// let before = map.snapshot();
    /// map.clear();
    /// let restored: HashMap<_, _> = HashMap::from_snapshot(&before);
    /// assert_eq!(*restored.get("a").unwrap(), 1);
    /// ```
    #[must_use]
    pub fn from_snapshot(snapshot: &Snapshot<'_, K, V>) -> Self {
        let map = Self::with_capacity_and_hasher(snapshot.len(), S::default());
        for (key, value) in snapshot {
            map.insert(key.clone(), value.clone());
        }
        map
    }
}

/// All entries of one moment of a map; made by [`HashMap::snapshot`].
///
/// # Examples
/// ```
/// let map = splitmap::HashMap::from([(1, "one"), (2, "two")]);
/// let snapshot = map.snapshot();
/// let mut sorted: Vec<(&i32, &&str)> = snapshot.iter().collect();
/// sorted.sort();
/// assert_eq!(sorted, [(&1, &"one"), (&2, &"two")]);
/// ```
pub struct Snapshot<'map, K, V>(
    /// `None`: the map has never held anything.
    Option<split_order::Snapshot<'map, K, V>>,
);

// SAFETY: it gives `&K` and `&V`, and its drop changes counts, which any thread may do. `Send` of `K` and `V` is asked
// for as well, as the map itself must be shareable for `'map`.
unsafe impl<K: Send + Sync, V: Send + Sync> Send for Snapshot<'_, K, V> {}
// SAFETY: as above; a shared one gives `&K` and `&V` only.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for Snapshot<'_, K, V> {}

// As `Ref`.
impl<K: RefUnwindSafe, V: RefUnwindSafe> UnwindSafe for Snapshot<'_, K, V> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe> RefUnwindSafe for Snapshot<'_, K, V> {}

impl<K, V> Snapshot<'_, K, V> {
    /// How many entries there were.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(splitmap::HashMap::from([(1, 2)]).snapshot().len(), 1);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, split_order::Snapshot::len)
    }

    /// Whether there were none.
    ///
    /// # Examples
    /// ```
    /// assert!(splitmap::HashMap::<u32, u32>::new().snapshot().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keys and values, in no particular order.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, 10), (2, 20)]);
    /// assert_eq!(map.snapshot().iter().map(|(_, value)| value).sum::<i32>(), 30);
    /// ```
    #[must_use]
    pub fn iter(&self) -> SnapshotIter<'_, K, V> {
        SnapshotIter {
            entries: self.0.as_ref(),
            next: 0,
        }
    }
}

impl<'snapshot, K, V> IntoIterator for &'snapshot Snapshot<'_, K, V> {
    type Item = (&'snapshot K, &'snapshot V);
    type IntoIter = SnapshotIter<'snapshot, K, V>;

    fn into_iter(self) -> SnapshotIter<'snapshot, K, V> {
        self.iter()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Snapshot<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

/// An iterator over the entries of a snapshot; made by [`Snapshot::iter`].
///
/// # Examples
/// ```
/// let map = splitmap::HashMap::from([(1, 10)]);
/// let snapshot = map.snapshot();
/// let mut entries: splitmap::SnapshotIter<'_, _, _> = snapshot.iter();
/// assert_eq!((entries.len(), entries.next()), (1, Some((&1, &10))));
/// ```
pub struct SnapshotIter<'snapshot, K, V> {
    entries: Option<&'snapshot split_order::Snapshot<'snapshot, K, V>>,
    next: usize,
}

// SAFETY: a shared reference to a `Snapshot`, and a number.
unsafe impl<K: Send + Sync, V: Send + Sync> Send for SnapshotIter<'_, K, V> {}
// SAFETY: as above.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for SnapshotIter<'_, K, V> {}

impl<'snapshot, K, V> Iterator for SnapshotIter<'snapshot, K, V> {
    type Item = (&'snapshot K, &'snapshot V);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.entries?.get(self.next)?;
        self.next += 1;
        Some(entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.entries.map_or(0, split_order::Snapshot::len) - self.next;
        (left, Some(left))
    }
}

impl<K, V> ExactSizeIterator for SnapshotIter<'_, K, V> {}
impl<K, V> FusedIterator for SnapshotIter<'_, K, V> {}

impl<K, V> Clone for SnapshotIter<'_, K, V> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<K, V> fmt::Debug for SnapshotIter<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotIter").finish_non_exhaustive()
    }
}
