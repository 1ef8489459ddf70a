//! rayon: all entries by all cores; and maps filled by all cores.
//!
//! ```text
//!   slots    [                                        )     one iterator
//!            [                  )[                    )     split: two, by places of slots
//!            [        )[        )[         )[         )     ... as long as a core has nothing to do
//! ```

use alloc::vec::Vec;
use core::hash::{BuildHasher, Hash};

use ::rayon::iter::plumbing::{Folder, UnindexedConsumer, UnindexedProducer, bridge_unindexed};
use ::rayon::iter::{FromParallelIterator, IntoParallelIterator, ParallelExtend, ParallelIterator};
use ::rayon::vec::IntoIter as VecIter;

use crate::guard::Ref;
use crate::iter::Iter;
use crate::key::Key;
use crate::map::HashMap;
use crate::set::HashSet;

/// A parallel iterator over the entries of a map, while others go on changing it. Promises what
/// [`HashMap::iter`] does. Feature `rayon`.
///
/// # Examples
/// ```
/// use rayon::prelude::*;
/// let map: splitmap::HashMap<u64, u64> = (0..1000).map(|n| (n, n * n)).collect();
/// assert_eq!(map.par_iter().map(|entry| *entry.key()).sum::<u64>(), 499_500);
/// ```
#[derive(Debug)]
pub struct ParIter<'map, K, V>(Iter<'map, K, V>);

impl<'map, K: Send + Sync, V: Send + Sync> ParallelIterator for ParIter<'map, K, V> {
    type Item = Ref<'map, K, V>;

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge_unindexed(self, consumer)
    }
}

impl<'map, K: Send + Sync, V: Send + Sync> UnindexedProducer for ParIter<'map, K, V> {
    type Item = Ref<'map, K, V>;

    fn split(self) -> (Self, Option<Self>) {
        let (left, right) = self.0.split();
        (Self(left), right.map(Self))
    }

    fn fold_with<F: Folder<Self::Item>>(self, folder: F) -> F {
        folder.consume_iter(self.0)
    }
}

/// A parallel iterator over the elements of a set; as [`ParIter`]. Feature `rayon`.
///
/// # Examples
/// ```
/// use rayon::prelude::*;
/// let set: splitmap::HashSet<u64> = (0..1000).collect();
/// assert_eq!(set.par_iter().map(|n| *n).sum::<u64>(), 499_500);
/// ```
#[derive(Debug)]
pub struct ParKeys<'set, T>(ParIter<'set, T, ()>);

impl<'set, T: Send + Sync> ParallelIterator for ParKeys<'set, T> {
    type Item = Key<'set, T>;

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        self.0.map(Key::new).drive_unindexed(consumer)
    }
}

/// Feature `rayon`.
impl<'map, K: Send + Sync, V: Send + Sync, S> IntoParallelIterator for &'map HashMap<K, V, S> {
    type Item = Ref<'map, K, V>;
    type Iter = ParIter<'map, K, V>;

    fn into_par_iter(self) -> ParIter<'map, K, V> {
        ParIter(self.iter())
    }
}

/// Feature `rayon`. The entries are first listed, by one thread.
impl<'map, K: Sync, V: Send, S> IntoParallelIterator for &'map mut HashMap<K, V, S> {
    type Item = (&'map K, &'map mut V);
    type Iter = VecIter<Self::Item>;

    fn into_par_iter(self) -> Self::Iter {
        self.iter_mut().collect::<Vec<_>>().into_par_iter()
    }
}

/// Feature `rayon`. The entries are first taken out, by one thread.
impl<K: Send, V: Send, S> IntoParallelIterator for HashMap<K, V, S> {
    type Item = (K, V);
    type Iter = VecIter<(K, V)>;

    fn into_par_iter(self) -> VecIter<(K, V)> {
        self.into_iter().collect::<Vec<_>>().into_par_iter()
    }
}

/// Feature `rayon`.
impl<'set, T: Send + Sync, S> IntoParallelIterator for &'set HashSet<T, S> {
    type Item = Key<'set, T>;
    type Iter = ParKeys<'set, T>;

    fn into_par_iter(self) -> ParKeys<'set, T> {
        ParKeys(self.as_map().into_par_iter())
    }
}

/// Feature `rayon`. The elements are first taken out, by one thread.
impl<T: Send, S> IntoParallelIterator for HashSet<T, S> {
    type Item = T;
    type Iter = VecIter<T>;

    fn into_par_iter(self) -> VecIter<T> {
        self.into_iter().collect::<Vec<_>>().into_par_iter()
    }
}

/// Feature `rayon`. All threads insert at once; of entries with equal keys, any one stays.
impl<K, V, S> ParallelExtend<(K, V)> for &HashMap<K, V, S>
where
    K: Hash + Eq + Send + Sync,
    V: Send + Sync,
    S: BuildHasher + Sync,
{
    /// # Examples
    /// ```
    /// use rayon::prelude::*;
    /// let map = splitmap::HashMap::new();
    /// (&map).par_extend((0..1000).into_par_iter().map(|n| (n, n * n)));
    /// assert_eq!(map.len(), 1000);
    /// ```
    fn par_extend<I: IntoParallelIterator<Item = (K, V)>>(&mut self, entries: I) {
        let entries = entries.into_par_iter();
        self.reserve_for(entries.opt_len().unwrap_or(0));
        entries.for_each(|(key, value)| drop(self.insert(key, value)));
    }
}

/// Feature `rayon`. All threads insert at once; of equal elements, any one stays.
impl<T, S> ParallelExtend<T> for &HashSet<T, S>
where
    T: Hash + Eq + Send + Sync,
    S: BuildHasher + Sync,
{
    /// # Examples
    /// ```
    /// use rayon::prelude::*;
    /// let set = splitmap::HashSet::new();
    /// (&set).par_extend((0..1000).into_par_iter());
    /// assert_eq!(set.len(), 1000);
    /// ```
    fn par_extend<I: IntoParallelIterator<Item = T>>(&mut self, elements: I) {
        let elements = elements.into_par_iter();
        self.as_map().reserve_for(elements.opt_len().unwrap_or(0));
        elements.for_each(|element| {
            self.insert(element);
        });
    }
}

macro_rules! owned {
    ($collection:ident<$($parameter:ident),+>, $item:ty) => {
        /// Feature `rayon`.
        impl<$($parameter,)+ S> ParallelExtend<$item> for $collection<$($parameter,)+ S>
        where
            for<'c> &'c Self: ParallelExtend<$item>,
            $($parameter: Send),+
        {
            fn par_extend<I: IntoParallelIterator<Item = $item>>(&mut self, items: I) {
                (&*self).par_extend(items);
            }
        }

        /// Feature `rayon`. All threads insert at once.
        impl<$($parameter,)+ S: Default> FromParallelIterator<$item> for $collection<$($parameter,)+ S>
        where
            for<'c> &'c Self: ParallelExtend<$item>,
            $($parameter: Send),+
        {
            fn from_par_iter<I: IntoParallelIterator<Item = $item>>(items: I) -> Self {
                let collection = Self::default();
                (&collection).par_extend(items);
                collection
            }
        }
    };
}

owned!(HashMap<K, V>, (K, V));
owned!(HashSet<T>, T);
