//! [`HashMap`]: the face of the split-ordered list.

use alloc::boxed::Box;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::marker::PhantomData;
use core::ptr;
use std::hash::RandomState;

use equivalent::Equivalent;

use crate::errors::{OccupiedError, TryReserveError};
use crate::guard::Ref;
use crate::iter::Iter;
use crate::list::NewNode;
use crate::split_order::{SplitOrder, split_order};
use crate::sync::AtomicPtr;

/// A concurrent hash map: every method takes `&self`, and no operation ever waits for another
/// thread.
///
/// # Guarantees
///
/// - **Lock-free.** Gets, insertions, replacements and removals make progress whatever other threads
///   do, also if those have been stopped for good in the middle of an operation, and also while the
///   map grows. The exceptions are what the map does not control: the global allocator (insertion;
///   growth allocates a segment as large as half the new table, zeroed, in practice lazily), the
///   kernel (`membarrier(2)` once for every batch of removed entries, on x86-64 Linux), and the first
///   operation of each thread on a map, which allocates what the thread keeps there.
/// - **Linearizable.** Each operation on a key takes effect at one moment between its call and its
///   return. A replacement is one step: the key is never absent in between.
/// - **Reads are references.** [`get`](Self::get) gives a [`Ref`] to the entry itself; it may be held
///   for ever and pins that one entry only.
/// - **Re-entrant.** Any operation may be called from `Hash`, `Eq`, closures and destructors of the
///   same map's entries, and from thread-local destructors.
/// - **Panics** in `Hash`, `Eq` or a closure leave the map as it was. Destructors run outside of the
///   map's own steps; a panic in one surfaces in an operation that has taken effect.
///
/// # Memory
///
/// A map holds one allocation for each entry (key, value, and 16 bytes) and one to two 8-byte slots.
/// Removed or replaced entries are freed in batches. With `T` threads that have used the map (at one
/// time) and `R` `Ref`s held, at most
///
/// > `T · 512  +  (T + 1) · max(1000, 2 · H)  +  H` entries, where `H ≤ 8 · (2 T + R)` hazards
///
/// are removed and not yet freed: a batch for each thread; what waits for the next scan, and for each
/// thread that was stopped inside a scan what it had taken; and what hazards protect. In practice
/// it is one batch for each thread and one threshold. All are dropped with the map, at the latest.
///
/// # Examples
/// ```
/// use splitmap::HashMap;
///
/// let map = HashMap::new();
/// map.insert("apples", 3);
/// if let Some(apples) = map.get("apples") {
///     assert_eq!(*apples, 3);
/// }
/// map.update("apples", |_, n| n + 1);
/// assert_eq!(map.remove("apples").as_deref(), Some(&4));
/// ```
pub struct HashMap<K, V, S = RandomState> {
    /// Null until the first insertion, so that an empty map is a constant and moves freely.
    list: AtomicPtr<SplitOrder<K, V>>,
    hash_builder: S,
    _owns: PhantomData<Box<SplitOrder<K, V>>>,
}

// SAFETY: sending a map sends its keys and values; nothing in it belongs to a thread but seats'
// locals, which are used by whoever sits there (H2), under `&self`.
unsafe impl<K: Send, V: Send, S: Send> Send for HashMap<K, V, S> {}
// SAFETY: through `&self`, threads get `&K` and `&V` (`Sync`), and drop keys and values that others
// inserted (`Send`).
unsafe impl<K: Send + Sync, V: Send + Sync, S: Sync> Sync for HashMap<K, V, S> {}

impl<K, V> HashMap<K, V> {
    /// An empty map, without an allocation, with std's [`RandomState`] (which withstands hash
    /// flooding).
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::<u32, u32>::new();
    /// assert_eq!((map.len(), map.capacity()), (0, 0));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with_hasher(RandomState::new())
    }

    /// An empty map with room for `capacity` entries.
    ///
    /// # Panics
    /// "capacity overflow", if that exceeds the greatest possible capacity.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::<u32, u32>::with_capacity(1000);
    /// assert!(map.capacity() >= 1000);
    /// ```
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity_and_hasher(capacity, RandomState::new())
    }
}

impl<K, V, S> HashMap<K, V, S> {
    /// An empty map, without an allocation, that hashes with `hash_builder`; for statics too.
    ///
    /// Any hasher will do: the map spreads the hashes itself.
    ///
    /// # Examples
    /// ```
    /// use std::hash::{BuildHasherDefault, DefaultHasher};
    /// use splitmap::HashMap;
    ///
    /// static USERS: HashMap<u64, String, BuildHasherDefault<DefaultHasher>> =
    ///     HashMap::with_hasher(BuildHasherDefault::new());
    /// USERS.insert(1, "ada".into());
    /// assert_eq!(*USERS.get(&1).unwrap(), "ada");
    /// ```
    #[must_use]
    pub const fn with_hasher(hash_builder: S) -> Self {
        Self { list: AtomicPtr::new(ptr::null_mut()), hash_builder, _owns: PhantomData }
    }

    /// An empty map with room for `capacity` entries that hashes with `hash_builder`.
    ///
    /// # Panics
    /// "capacity overflow", if that exceeds the greatest possible capacity.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::<u32, u32, _>::with_capacity_and_hasher(
    ///     1000,
    ///     foldhash::fast::RandomState::default(),
    /// );
    /// assert!(map.capacity() >= 1000);
    /// ```
    #[must_use]
    pub fn with_capacity_and_hasher(capacity: usize, hash_builder: S) -> Self {
        let map = Self::with_hasher(hash_builder);
        if capacity > 0 {
            map.list_with(capacity).unwrap_or_else(|error| error.raise());
        }
        map
    }

    /// The map's hasher.
    ///
    /// # Examples
    /// ```
    /// use std::hash::BuildHasher;
    /// let map = splitmap::HashMap::<u32, u32>::new();
    /// assert_eq!(map.hasher().hash_one(1), map.hasher().hash_one(1));
    /// ```
    #[must_use]
    pub fn hasher(&self) -> &S {
        &self.hash_builder
    }

    #[inline]
    fn list(&self) -> Option<&SplitOrder<K, V>> {
        // ORD[map.list] Acquire: pairs with the exchange in `list_with`.
        let list = self.list.load_acquire();
        // SAFETY: published once, wholly made, and freed by `drop` only.
        unsafe { list.as_ref() }
    }

    /// The list, made with room for `capacity` entries if it is not there.
    #[cold]
    fn list_with(&self, capacity: usize) -> Result<&SplitOrder<K, V>, TryReserveError> {
        if let Some(list) = self.list() {
            return Ok(list);
        }
        let new = Box::into_raw(Box::new(SplitOrder::new(capacity)?));
        // ORD[map.list] AcqRel: publishes the list.
        let list = match self.list.compare_exchange(ptr::null_mut(), new) {
            Ok(_) => new,
            Err(theirs) => {
                // SAFETY: of `Box::into_raw`, and published to nobody.
                drop(unsafe { Box::from_raw(new) });
                theirs
            }
        };
        // SAFETY: as in `list`.
        Ok(unsafe { &*list })
    }

    #[inline]
    fn list_or_new(&self) -> &SplitOrder<K, V> {
        match self.list() {
            Some(list) => list,
            None => self.list_with(0).unwrap_or_else(|error| error.raise()),
        }
    }

    /// How many entries there are: exact while nobody changes the map, and else a sum of counts read
    /// one after the other while they change, off by no more than the operations that run meanwhile.
    ///
    /// Takes a load for each thread that has used the map.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from_iter([(1, 2), (3, 4)]);
    /// assert_eq!(map.len(), 2);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.list().map_or(0, SplitOrder::len)
    }

    /// Whether [`len`](Self::len) is 0.
    ///
    /// # Examples
    /// ```
    /// assert!(splitmap::HashMap::<u32, u32>::new().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries the map holds before it doubles its table.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::<u32, u32>::with_capacity(100);
    /// assert!(map.capacity() >= 100);
    /// ```
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.list().map_or(0, SplitOrder::capacity)
    }

    /// Makes room for `additional` more entries, in the calling thread; others go on meanwhile.
    ///
    /// # Panics
    /// "capacity overflow", if that exceeds the greatest possible capacity.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::<u32, u32>::new();
    /// map.reserve(1000);
    /// assert!(map.capacity() >= 1000);
    /// ```
    pub fn reserve(&self, additional: usize) {
        self.try_reserve(additional).unwrap_or_else(|error| error.raise());
    }

    /// Makes room for `additional` more entries, if that can be had.
    ///
    /// # Errors
    /// The capacity is too large, or the allocator refuses: the map is as it was, with what room had
    /// been made by then.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from_iter([(1, 2)]);
    /// assert!(map.try_reserve(usize::MAX).is_err());
    /// assert_eq!(*map.get(&1).unwrap(), 2);
    /// ```
    pub fn try_reserve(&self, additional: usize) -> Result<(), TryReserveError> {
        match self.list() {
            Some(list) => list.try_reserve(additional),
            None => self.list_with(additional)?.try_reserve(additional),
        }
    }

    /// Removes all entries that are there when it passes; entries inserted meanwhile may stay. The
    /// capacity stays.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from_iter([(1, 2)]);
    /// map.clear();
    /// assert!(map.is_empty());
    /// ```
    pub fn clear(&self) {
        if let Some(list) = self.list() {
            list.clear();
        }
    }

    /// All entries, in no particular order, while others go on changing the map.
    ///
    /// An entry that is there throughout is given exactly once, also if the map doubles or the entry
    /// is replaced meanwhile (then as it was at some moment); one that is inserted or removed
    /// meanwhile, once or not at all; no key twice, unless it was removed and inserted again. Blocks
    /// nobody. Holds one bucket's entries at a time.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from_iter([(1, 10), (2, 20)]);
    /// let sum: i32 = map.iter().map(|entry| *entry).sum();
    /// assert_eq!(sum, 30);
    /// ```
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter::new(self.list())
    }

    /// Entries that were removed or replaced and are not freed yet (see [Memory](#memory)); a sum as
    /// [`len`](Self::len).
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from_iter([(1, 10)]);
    /// map.remove(&1);
    /// assert_eq!(map.retired_len(), 1);
    /// ```
    #[must_use]
    pub fn retired_len(&self) -> usize {
        self.list().map_or(0, SplitOrder::retired)
    }

    /// Frees removed entries now: those of this thread's batch, and what other threads have handed in,
    /// except what `Ref`s hold. Takes a scan of all hazards, and runs the destructors.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from_iter([(1, 10)]);
    /// map.remove(&1);
    /// map.collect_retired();
    /// assert_eq!(map.retired_len(), 0);
    /// ```
    pub fn collect_retired(&self) {
        if let Some(list) = self.list() {
            list.collect();
        }
    }
}

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    #[inline]
    fn hash<Q: ?Sized + Hash>(&self, key: &Q) -> u32 {
        split_order(self.hash_builder.hash_one(key))
    }

    /// The entry of `key`.
    ///
    /// Linearizes at a moment when the entry was in the map, or the key absent. O(1) expected; one
    /// hazard, no read-modify-write.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::new();
    /// map.insert(String::from("a"), 1);
    /// assert_eq!(map.get("a").as_deref(), Some(&1));
    /// assert!(map.get("b").is_none());
    /// ```
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<Ref<'_, K, V>>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        let list = self.list()?;
        list.get(self.hash(key), |other| key.equivalent(other)).map(Ref::new)
    }

    /// The entry of `key`, as [`get`](Self::get): a [`Ref`] has the key too.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from_iter([(1, "a")]);
    /// let entry = map.get_key_value(&1).unwrap();
    /// assert_eq!((entry.key(), entry.value()), (&1, &"a"));
    /// ```
    #[inline]
    pub fn get_key_value<Q>(&self, key: &Q) -> Option<Ref<'_, K, V>>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        self.get(key)
    }

    /// Whether `key` has an entry.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from_iter([(1, "a")]);
    /// assert!(map.contains_key(&1) && !map.contains_key(&2));
    /// ```
    #[inline]
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        self.get(key).is_some()
    }

    /// Sets the entry of `key`; gives the one that it replaces, still readable.
    ///
    /// Unlike std's, it replaces the key together with the value.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::new();
    /// assert!(map.insert(1, "a").is_none());
    /// assert_eq!(map.insert(1, "b").as_deref(), Some(&"a"));
    /// ```
    pub fn insert(&self, key: K, value: V) -> Option<Ref<'_, K, V>> {
        let hash = self.hash(&key);
        let list = self.list_or_new();
        list.insert(hash, NewNode::new(hash, key, value), K::eq).map(Ref::new)
    }

    /// Inserts the entry if `key` is absent.
    ///
    /// # Errors
    /// The key has an entry: key and value are given back, beside it.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::new();
    /// assert_eq!(*map.try_insert(1, "a").unwrap(), "a");
    /// assert_eq!(map.try_insert(1, "b").unwrap_err().value, "b");
    /// ```
    pub fn try_insert(&self, key: K, value: V) -> Result<Ref<'_, K, V>, OccupiedError<'_, K, V>> {
        let hash = self.hash(&key);
        let list = self.list_or_new();
        match list.try_insert(hash, NewNode::new(hash, key, value), K::eq) {
            Ok(new) => Ok(Ref::new(new)),
            Err((there, new)) => {
                let (key, value) = new.into_parts();
                Err(OccupiedError { entry: Ref::new(there), key, value })
            }
        }
    }

    /// The entry of `key`, inserted with what `value` gives if it is absent.
    ///
    /// `value` is called at most once; what it gave is dropped if another thread inserted the key
    /// meanwhile.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::new();
    /// assert_eq!(*map.get_or_insert_with(1, || "a"), "a");
    /// assert_eq!(*map.get_or_insert_with(1, || unreachable!()), "a");
    /// ```
    pub fn get_or_insert_with(&self, key: K, value: impl FnOnce() -> V) -> Ref<'_, K, V> {
        let hash = self.hash(&key);
        let list = self.list_or_new();
        if let Some(there) = list.get(hash, |other| key == *other) {
            return Ref::new(there);
        }
        let new = NewNode::new(hash, key, value());
        Ref::new(match list.try_insert(hash, new, K::eq) {
            Ok(new) => new,
            Err((there, _new)) => there,
        })
    }

    /// Replaces the value of `key` by what `f` makes of key and value, atomically; gives the new
    /// entry, or `None` if the key is absent.
    ///
    /// No other change of the entry falls between what `f` saw and what it made: if one does, `f` is
    /// called again with the new state, so it may run more than once. The key is neither cloned nor
    /// moved. Lock-free; two allocations' worth of memory for an updated entry, as the key stays
    /// where it was.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from_iter([("hits", 1)]);
    /// assert_eq!(map.update("hits", |_, n| n + 1).as_deref(), Some(&2));
    /// assert!(map.update("misses", |_, n| n + 1).is_none());
    /// ```
    pub fn update<Q>(&self, key: &Q, f: impl Fn(&K, &V) -> V) -> Option<Ref<'_, K, V>>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        let list = self.list()?;
        list.update(self.hash(key), |other| key.equivalent(other), f).map(Ref::new)
    }

    /// Removes the entry of `key`; gives it, still readable.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from_iter([(1, "a")]);
    /// assert_eq!(map.remove(&1).as_deref(), Some(&"a"));
    /// assert!(map.remove(&1).is_none());
    /// ```
    pub fn remove<Q>(&self, key: &Q) -> Option<Ref<'_, K, V>>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        self.remove_if(key, |_, _| true)
    }

    /// Removes the entry of `key` if it passes `test`; gives it, still readable.
    ///
    /// What is removed is the very entry that `test` saw. `test` may be called more than once.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from_iter([(1, 10)]);
    /// assert!(map.remove_if(&1, |_, v| *v > 10).is_none());
    /// assert!(map.remove_if(&1, |_, v| *v == 10).is_some());
    /// ```
    pub fn remove_if<Q>(
        &self,
        key: &Q,
        test: impl FnMut(&K, &V) -> bool,
    ) -> Option<Ref<'_, K, V>>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        let list = self.list()?;
        list.remove_if(self.hash(key), |other| key.equivalent(other), test).map(Ref::new)
    }
}

impl<K, V, S> Drop for HashMap<K, V, S> {
    fn drop(&mut self) {
        let list = self.list.load_mut();
        if !list.is_null() {
            // SAFETY: of `Box::into_raw`; `&mut self`, so nobody uses it, and nobody will.
            drop(unsafe { Box::from_raw(list) });
        }
    }
}

impl<K, V, S: Default> Default for HashMap<K, V, S> {
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for HashMap<K, V, S> {
    /// As std's; the entries are those of an [`iter`](HashMap::iter).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for entry in self {
            map.entry(entry.key(), entry.value());
        }
        map.finish()
    }
}

impl<'map, K, V, S> IntoIterator for &'map HashMap<K, V, S> {
    type Item = Ref<'map, K, V>;
    type IntoIter = Iter<'map, K, V>;

    fn into_iter(self) -> Iter<'map, K, V> {
        self.iter()
    }
}

impl<K: Hash + Eq, V, S: BuildHasher + Default> FromIterator<(K, V)> for HashMap<K, V, S> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let map = Self::with_capacity_and_hasher(entries.size_hint().0, S::default());
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}
