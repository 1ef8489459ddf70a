//! Entries and iterators that keep their map alive: through an `Arc<HashMap>`, for tasks and threads that
//! outlive the borrow.

use alloc::sync::Arc;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::iter::FusedIterator;
use core::mem::{self, MaybeUninit};
use core::ops::{Deref, DerefMut};

use equivalent::Equivalent;

use super::HashMap;
use crate::guard::Ref;
use crate::iter::Iter;

/// What borrows from a map whose `Arc` lies beside it, and is dropped before that.
///
/// `MaybeUninit`, though it never is: a function that is given a reference, inside of whatever it is given,
/// may count on it to its end, even if it drops the map meanwhile; what is in a `MaybeUninit` is exempt.
pub(super) struct Borrowed<T>(MaybeUninit<T>);

impl<T> Borrowed<T> {
    fn new(content: T) -> Self {
        Self(MaybeUninit::new(content))
    }
}

impl<T> Deref for Borrowed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: initialised by `new`, and until `drop`.
        unsafe { self.0.assume_init_ref() }
    }
}

impl<T> DerefMut for Borrowed<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { self.0.assume_init_mut() }
    }
}

impl<T> Drop for Borrowed<T> {
    fn drop(&mut self) {
        // SAFETY: as above, and not used again.
        unsafe { self.0.assume_init_drop() };
    }
}

/// A [`Ref`] that shares ownership of its map, and so is `'static`.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// let map = Arc::new(splitmap::HashMap::from([("a", 1)]));
/// let entry = map.get_owned("a").unwrap();
/// drop(map);
/// std::thread::spawn(move || assert_eq!((*entry.key(), *entry), ("a", 1))).join().unwrap();
/// ```
pub struct OwnedRef<K: 'static, V: 'static, S = crate::DefaultHashBuilder> {
    /// Dropped before the map: fields are, in their order. The lifetime is a fiction, that of `map`.
    pub(super) entry: Borrowed<Ref<'static, K, V>>,
    pub(super) map: Arc<HashMap<K, V, S>>,
}

impl<K, V, S> OwnedRef<K, V, S> {
    /// # Safety
    /// `entry` is of `map`, or of a map that lives for ever.
    pub(super) unsafe fn new(map: &Arc<HashMap<K, V, S>>, entry: Ref<'_, K, V>) -> Self {
        // SAFETY: the `Arc` keeps the map in its place for as long as the entry exists.
        let entry = unsafe { mem::transmute::<Ref<'_, K, V>, Ref<'static, K, V>>(entry) };
        Self {
            entry: Borrowed::new(entry),
            map: Arc::clone(map),
        }
    }

    /// The key.
    ///
    /// # Examples
    /// ```
    /// let map = std::sync::Arc::new(splitmap::HashMap::from([(1, "one")]));
    /// assert_eq!(map.get_owned(&1).unwrap().key(), &1);
    /// ```
    #[must_use]
    pub fn key(&self) -> &K {
        self.entry.key()
    }

    /// The value; also what it dereferences to.
    ///
    /// # Examples
    /// ```
    /// let map = std::sync::Arc::new(splitmap::HashMap::from([(1, "one")]));
    /// assert_eq!(map.get_owned(&1).unwrap().value(), &"one");
    /// ```
    #[must_use]
    pub fn value(&self) -> &V {
        self.entry.value()
    }
}

impl<K, V, S> Deref for OwnedRef<K, V, S> {
    type Target = V;

    fn deref(&self) -> &V {
        self.value()
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for OwnedRef<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entry.fmt(f)
    }
}

impl<K, V: fmt::Display, S> fmt::Display for OwnedRef<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entry.fmt(f)
    }
}

/// An iterator over the entries of a map that shares ownership of it; made by [`HashMap::iter_owned`].
///
/// # Examples
/// ```
/// let map = std::sync::Arc::new(splitmap::HashMap::from([(1, 10)]));
/// let mut entries: splitmap::OwnedIter<_, _> = map.iter_owned();
/// drop(map);
/// assert_eq!(entries.next().as_deref(), Some(&10));
/// ```
pub struct OwnedIter<K: 'static, V: 'static, S = crate::DefaultHashBuilder> {
    /// Dropped before the map, as in [`OwnedRef`].
    entries: Borrowed<Iter<'static, K, V>>,
    map: Arc<HashMap<K, V, S>>,
}

impl<K, V, S> Iterator for OwnedIter<K, V, S> {
    type Item = OwnedRef<K, V, S>;

    fn next(&mut self) -> Option<OwnedRef<K, V, S>> {
        Some(OwnedRef {
            entry: Borrowed::new(self.entries.next()?),
            map: Arc::clone(&self.map),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl<K, V, S> FusedIterator for OwnedIter<K, V, S> {}

impl<K, V, S> fmt::Debug for OwnedIter<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedIter").finish_non_exhaustive()
    }
}

impl<K: 'static, V: 'static, S: 'static> HashMap<K, V, S> {
    /// The entry that `operation` gives, sharing ownership of the map: every method that gives a [`Ref`] has
    /// its owned form by this.
    ///
    /// Costs one increment of the `Arc`'s count.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    /// let map = Arc::new(splitmap::HashMap::from([("a", 1)]));
    /// let removed = map.owned(|map| map.remove("a")).unwrap();
    /// let inserted = map.owned(|map| Some(map.get_or_insert("b", 2))).unwrap();
    /// drop(map);
    /// assert_eq!((*removed, *inserted), (1, 2));
    /// ```
    pub fn owned(
        self: &Arc<Self>,
        operation: impl for<'map> FnOnce(&'map Self) -> Option<Ref<'map, K, V>>,
    ) -> Option<OwnedRef<K, V, S>> {
        let entry = operation(self)?;
        // SAFETY: `operation` must work for every `'map`, the shortest too, and as `Self` is `'static`, being
        // given `&'map Self` tells it nothing of `'map`: so what it gives is of this map, or of one that
        // lives for ever.
        Some(unsafe { OwnedRef::new(self, entry) })
    }

    /// All entries, in no particular order, sharing ownership of the map; promises what
    /// [`iter`](Self::iter) does.
    ///
    /// Costs one increment of the `Arc`'s count, and one for each entry.
    ///
    /// # Examples
    /// ```
    /// let map = std::sync::Arc::new(splitmap::HashMap::from([(1, 10), (2, 20)]));
    /// let entries = map.iter_owned();
    /// drop(map);
    /// let sum = std::thread::spawn(|| entries.map(|entry| *entry).sum::<i32>());
    /// assert_eq!(sum.join().unwrap(), 30);
    /// ```
    pub fn iter_owned(self: &Arc<Self>) -> OwnedIter<K, V, S> {
        // SAFETY: as in `owned`; what the iterator gives is put beside an `Arc` of its own.
        let entries = unsafe { mem::transmute::<Iter<'_, K, V>, Iter<'static, K, V>>(self.iter()) };
        OwnedIter {
            entries: Borrowed::new(entries),
            map: Arc::clone(self),
        }
    }
}

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq + 'static,
    V: 'static,
    S: BuildHasher + 'static,
{
    /// The entry of `key`, as [`get`](Self::get), sharing ownership of the map.
    ///
    /// Costs one increment of the `Arc`'s count.
    ///
    /// # Examples
    /// ```
    /// let map = std::sync::Arc::new(splitmap::HashMap::from([("a", 1)]));
    /// let entry: splitmap::OwnedRef<&str, i32> = map.get_owned("a").unwrap();
    /// drop(map);
    /// assert_eq!(*entry, 1);
    /// ```
    pub fn get_owned<Q>(self: &Arc<Self>, key: &Q) -> Option<OwnedRef<K, V, S>>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        self.owned(|map| map.get(key))
    }
}
