//! [`HashMap`]: the face of the split-ordered list. Here: what it is, how it is made, and what
//! they share. In the files beside: what they do.
//!
//! ```text
//!   one key     keyed.rs      get, insert, remove, replace          or_insert.rs   get_or_insert, update
//!               compute.rs    compute, compare_exchange             entry.rs       entry
//!               many.rs       get_many                              raw.rs         with a hash made before
//!   all         whole.rs      retain, drain, pop_any, clear         exclusive.rs   iter_mut, into_iter, shrink
//!               snapshot.rs   snapshot                              verify.rs      verify, rebuild
//!   as a whole  builder.rs    builder                               owned.rs       through an Arc
//!               background.rs reclaim_in_background                 held.rs        what leases are made of
//!               profile.rs    profile                               traits.rs      std's traits
//! ```

use alloc::boxed::Box;
use core::marker::PhantomData;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr;

use crate::errors::TryReserveError;
use crate::hasher::DefaultHashBuilder;
use crate::iter::Iter;
use crate::reclaim::Reclamation;
use crate::split_order::SplitOrder;
use crate::sync::{AtomicPtr, const_unless_loom};

#[cfg(feature = "std")]
mod background;
mod builder;
mod compute;
mod entry;
mod exclusive;
mod held;
mod keyed;
mod many;
mod or_insert;
mod owned;
#[cfg(feature = "profile")]
mod profile;
mod raw;
mod snapshot;
mod traits;
mod verify;
mod whole;

#[cfg(feature = "std")]
pub use background::Reclaimer;
pub use builder::Builder;
pub use compute::{CompareExchangeError, Computed};
pub use entry::{Entry, OccupiedEntry, VacantEntry};
pub use exclusive::{IntoIter, IntoKeys, IntoValues, IterMut, ValuesMut};
pub use many::GetMany;
pub use owned::{OwnedIter, OwnedRef};
pub use raw::Raw;
pub use snapshot::{Snapshot, SnapshotIter};
pub use whole::{Drain, ExtractIf};

/// A concurrent hash map: every method takes `&self`, and no operation ever waits for another
/// thread.
///
/// # Guarantees
///
/// - **Lock-free.** Gets, insertions, replacements and removals make progress whatever other threads
///   do, also if those have been stopped for good in the middle of an operation, and also while the
///   map grows. The exceptions are what the map does not control: the global allocator (an insertion
///   allocates the entry, growth a segment as large as half the new table, zeroed, in practice lazily, a
///   removal or replacement some words for its retirement, and a thread's first operation on a map what
///   the thread keeps there), and the kernel (`membarrier(2)` once for every batch of removed entries,
///   on x86-64 Linux). A get does so only if it unlinks an entry that another thread has removed.
/// - **Linearizable.** Each operation on a key takes effect at one moment between its call and its
///   return. A replacement is one step: the key is never absent in between.
/// - **Reads are references.** [`get`](Self::get) gives a [`Ref`](crate::Ref) to the entry itself; it may be held
///   for ever and pins that one entry only.
/// - **Re-entrant.** Any operation may be called from `Hash`, `Eq`, closures and destructors of the
///   same map's entries, and from thread-local destructors. (Not from signal handlers, in the midst of an
///   operation of the same thread.)
/// - **Self-checking.** [`verify`](Self::verify) looks for whatever contradicts the map's invariants, or what is asked of
///   keys, beside everybody; [`rebuild`](Self::rebuild) mends what keys that changed have done.
/// - **Panics** in `Hash`, `Eq` or a closure leave the map as it was. Destructors of removed entries run
///   when an operation has taken effect, at most 16 in one that removes or replaces an entry (as set: [`Reclamation`]);
///   a panic in one surfaces from there (and from the next step of an iteration, or of [`reserve`](Self::reserve)).
///
/// # Memory
///
/// A map holds one allocation for each entry: 16 bytes, the value, and the key (or a pointer, if that is
/// larger); for an entry made by [`update`](Self::update) another one, where its key is. At its fullest, it
/// has two to four 8-byte slots for each entry; the table does not shrink.
///
/// Removed or replaced entries are freed in batches. At most
///
/// > `(T + L) · max(B, 2 · H)` entries
///
/// are removed and not yet freed: a batch for each thread. When it holds `B`, or a quarter of `H`, or twice
/// as many as the last time were still protected, whichever is most, those that no hazard protects are due: the
/// thread's next operations free some each, for each entry that they remove. As that is one, at least, what is due
/// and the next batch together are never more than a batch.
/// A stalled holder of a `Ref` keeps one entry; a stalled thread keeps its batch.
///
/// - `B`, the size of a [batch](Reclamation::batch): 512, unless it is set.
/// - `T`, the seats from which the map was used: threads take the lowest free one of the process, so that
///   it is at most the greatest number of threads alive at one time that use any map of this crate (and
///   one more for each that was in [`flush`](Self::flush) then). Without feature `std`, of
///   operations at one time instead, nested ones included, and garbage may be twice as much.
/// - `L`: 0; with a [background thread](Self::reclaim_in_background), one more than the
///   [backlog](Reclamation::backlog), which is 64, unless it is set. (And the thread's seat is one of `T`.)
/// - `H`, the hazards: for each seat 8, or up to twice as many as it needed at one time: one for each `Ref`
///   that was obtained there and is still held, wherever it is; one for each entry of the 64 buckets that an
///   iterator is in, which are some 30, unless hashes collide; five for an operation, and as many for each
///   that is nested in it by a callback.
///
/// What a [`Snapshot`] shows stays as long as that exists, on top; and so does, while one is being taken, what is removed
/// meanwhile, up to half as many as there are entries (then it begins anew, with room for twice as much).
///
/// In practice it is half a batch for each thread. What destructors remove that run in the same operation
/// comes on top until it ends. A thread that ends leaves its batch to the next one in its seat, or to
/// [`flush`](Self::flush). All are dropped with the map, at the latest.
///
/// # Variance
/// A map is invariant in `K` and `V` (entries go in through `&self`), covariant in `S`; its iterators are
/// invariant too. A [`Ref`](crate::Ref) is covariant in both, as `&V` is.
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
pub struct HashMap<K, V, S = DefaultHashBuilder> {
    /// Null until the first insertion, so that an empty map is a constant and moves freely.
    list: AtomicPtr<SplitOrder<K, V>>,
    hash_builder: S,
    reclamation: Reclamation,
    /// How often operations are sampled when the list has been made.
    #[cfg(feature = "profile")]
    first_mean: crate::probe::Mean,
    _owns: PhantomData<Box<SplitOrder<K, V>>>,
}

// SAFETY: sending a map sends its keys and values; nothing in it belongs to a thread but seats'
// locals, which are used by whoever sits there (H2), under `&self`.
unsafe impl<K: Send, V: Send, S: Send> Send for HashMap<K, V, S> {}
// SAFETY: through `&self`, threads get `&K` and `&V` (`Sync`), and drop keys and values that others
// inserted (`Send`).
unsafe impl<K: Send + Sync, V: Send + Sync, S: Sync> Sync for HashMap<K, V, S> {}

// As std's map. A panic in the midst of an operation leaves the map as it was before or as it is after.
impl<K: UnwindSafe, V: UnwindSafe, S: UnwindSafe> UnwindSafe for HashMap<K, V, S> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe, S: RefUnwindSafe> RefUnwindSafe for HashMap<K, V, S> {}

#[cfg(feature = "std")]
impl<K, V> HashMap<K, V> {
    /// An empty map, without an allocation, with std's [`RandomState`](std::hash::RandomState) (which withstands hash
    /// flooding).
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::<u32, u32>::new();
    /// assert_eq!((map.len(), map.capacity()), (0, 0));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with_hasher(DefaultHashBuilder::new())
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
        Self::with_capacity_and_hasher(capacity, DefaultHashBuilder::new())
    }
}

impl<K, V, S> HashMap<K, V, S> {
    const_unless_loom! {
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
        Self {
            list: AtomicPtr::new(ptr::null_mut()),
            hash_builder,
            reclamation: Reclamation::new(),
            #[cfg(feature = "profile")]
            first_mean: crate::probe::Mean::DEFAULT,
            _owns: PhantomData,
        }
    }
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
        Self::builder_with_hasher(hash_builder)
            .capacity(capacity)
            .build()
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
        let new = SplitOrder::new(capacity, self.reclamation)?;
        #[cfg(feature = "profile")]
        new.set_rate(self.first_mean);
        let new = Box::into_raw(Box::new(new));
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
    /// let map = splitmap::HashMap::from([(1, 2), (3, 4)]);
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
        self.try_reserve(additional)
            .unwrap_or_else(|error| error.raise());
    }

    /// Makes room for `additional` more entries, if that can be had.
    ///
    /// # Errors
    /// The capacity is too large, or the allocator refuses the table: the map is as it was, with what
    /// room had been made by then. (The little that a new map needs, and that a thread keeps on a map from its
    /// first operation on, cannot be refused: as in insertions, the process ends by
    /// [`handle_alloc_error`](std::alloc::handle_alloc_error).)
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, 2)]);
    /// assert!(map.try_reserve(usize::MAX).is_err());
    /// assert_eq!(*map.get(&1).unwrap(), 2);
    /// ```
    pub fn try_reserve(&self, additional: usize) -> Result<(), TryReserveError> {
        match self.list() {
            Some(list) => list.try_reserve(additional),
            None => self.list_with(additional)?.try_reserve(additional),
        }
    }

    /// All entries, in no particular order, while others go on changing the map.
    ///
    /// An entry that is there throughout is given exactly once, also if the map doubles or the entry
    /// is replaced meanwhile (then as it was at some moment); one that is inserted or removed
    /// meanwhile, once or not at all; no key twice, unless it was removed and inserted again. Blocks
    /// nobody. The entries of up to 64 buckets are looked up at one time, to wait for memory together, and held
    /// until they are given: so one may be given that has been removed since then.
    ///
    /// Takes time in proportion to entries and capacity.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, 10), (2, 20)]);
    /// let sum: i32 = map.iter().map(|entry| *entry).sum();
    /// assert_eq!(sum, 30);
    /// ```
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter::new(self.list())
    }
}

impl<K, V, S> HashMap<K, V, S> {
    /// The list; an empty map stays.
    fn take_list(&mut self) -> Option<Box<SplitOrder<K, V>>> {
        let list = core::mem::take(&mut self.list).load_mut();
        // SAFETY: of `Box::into_raw`; `&mut self`, so nobody uses it, and it is taken out of its only owner.
        (!list.is_null()).then(|| unsafe { Box::from_raw(list) })
    }
}

impl<K, V, S> Drop for HashMap<K, V, S> {
    fn drop(&mut self) {
        drop(self.take_list());
    }
}
