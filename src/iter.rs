//! [`Iter`]: all entries, while others change them.

use core::fmt;
use core::iter::FusedIterator;
use core::panic::{RefUnwindSafe, UnwindSafe};

use crate::guard::Ref;
use crate::split_order::{Entries, SplitOrder};

/// An iterator over the entries of a map, in no particular order; made by
/// [`HashMap::iter`](crate::HashMap::iter), which says what it promises.
pub struct Iter<'map, K, V>(
    /// `None`: the map has never held anything.
    Option<Entries<'map, K, V>>,
);

// SAFETY: it holds what `Ref`s hold, a shared reference to the map's list, and addresses of its slots and of nodes,
// which it only compares until they are protected.
unsafe impl<K: Send + Sync, V: Send + Sync> Send for Iter<'_, K, V> {}
// SAFETY: nothing can be done with a shared `Iter`.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for Iter<'_, K, V> {}

// As `Ref`. A step that panics has given out nothing of its block.
impl<K: RefUnwindSafe, V: RefUnwindSafe> UnwindSafe for Iter<'_, K, V> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe> RefUnwindSafe for Iter<'_, K, V> {}

impl<'map, K, V> Iter<'map, K, V> {
    pub(crate) fn new(list: Option<&'map SplitOrder<K, V>>) -> Self {
        Self(list.map(Entries::new))
    }

    /// The list that it walks over.
    pub(crate) fn list(&self) -> Option<&'map SplitOrder<K, V>> {
        self.0.as_ref().map(Entries::list)
    }

    /// In two, if enough is left.
    #[cfg(feature = "rayon")]
    pub(crate) fn split(mut self) -> (Self, Option<Self>) {
        let half = self.0.as_mut().and_then(Entries::split);
        (self, half.map(|half| Self(Some(half))))
    }
}

impl<'map, K, V> Iterator for Iter<'map, K, V> {
    type Item = Ref<'map, K, V>;

    #[inline]
    fn next(&mut self) -> Option<Ref<'map, K, V>> {
        self.0.as_mut()?.next().map(Ref::new)
    }
}

impl<K, V> FusedIterator for Iter<'_, K, V> {}

impl<K, V> fmt::Debug for Iter<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").finish_non_exhaustive()
    }
}
