//! What a map offers to one who has it to himself: references for changing, owned entries, a smaller table.
//! As with std's map; the iterators take no hazards.

use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::iter::FusedIterator;

use equivalent::Equivalent;

use super::HashMap;
use crate::split_order::{NodesMut, OwnedNodes, SplitOrder};

impl<K, V, S> HashMap<K, V, S> {
    fn list_mut(&mut self) -> Option<&mut SplitOrder<K, V>> {
        self.list_and_hasher().0
    }

    pub(super) fn list_and_hasher(&mut self) -> (Option<&mut SplitOrder<K, V>>, &S) {
        let list = self.list.load_mut();
        // SAFETY: published wholly made, and freed by `drop` only; `&mut self`, so nobody else has it.
        (unsafe { list.as_mut() }, &self.hash_builder)
    }

    /// All entries, in no particular order, their values for changing.
    ///
    /// # Examples
    /// ```
    /// let mut map = splitmap::HashMap::from([(1, 10), (2, 20)]);
    /// for (key, value) in map.iter_mut() {
    ///     *value += key;
    /// }
    /// assert_eq!(*map.get(&2).unwrap(), 22);
    /// ```
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        IterMut(self.list_mut().map(SplitOrder::nodes_mut))
    }

    /// All values, in no particular order, for changing.
    ///
    /// # Examples
    /// ```
    /// let mut map = splitmap::HashMap::from([(1, 10), (2, 20)]);
    /// map.values_mut().for_each(|value| *value *= 2);
    /// assert_eq!(*map.get(&2).unwrap(), 40);
    /// ```
    pub fn values_mut(&mut self) -> ValuesMut<'_, K, V> {
        ValuesMut(self.iter_mut())
    }

    /// All keys, in no particular order, taken out.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(String::from("a"), 1)]);
    /// assert_eq!(map.into_keys().collect::<Vec<String>>(), ["a"]);
    /// ```
    pub fn into_keys(self) -> IntoKeys<K, V> {
        IntoKeys(self.into_iter())
    }

    /// All values, in no particular order, taken out.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, String::from("a"))]);
    /// assert_eq!(map.into_values().collect::<Vec<String>>(), ["a"]);
    /// ```
    pub fn into_values(self) -> IntoValues<K, V> {
        IntoValues(self.into_iter())
    }

    /// Makes the table as small as its entries allow.
    ///
    /// Takes a walk over all entries, which stay where they are. (Beside others, a table does not shrink.)
    /// If the memory for the smaller table cannot be had, the map stays as it is.
    ///
    /// # Examples
    /// ```
    /// let mut map = splitmap::HashMap::with_capacity(1000);
    /// map.insert(1, 10);
    /// map.shrink_to_fit();
    /// assert!(map.capacity() < 1000);
    /// assert_eq!(*map.get(&1).unwrap(), 10);
    /// ```
    pub fn shrink_to_fit(&mut self) {
        self.shrink_to(0);
    }

    /// Makes the table as small as its entries allow, with room for `capacity` entries at least, or as many
    /// as it has room for.
    ///
    /// As [`shrink_to_fit`](Self::shrink_to_fit).
    ///
    /// # Examples
    /// ```
    /// let mut map = splitmap::HashMap::<u32, u32>::with_capacity(1000);
    /// map.shrink_to(100);
    /// assert!((100..1000).contains(&map.capacity()));
    /// ```
    pub fn shrink_to(&mut self, capacity: usize) {
        if let Some(list) = self.list_mut() {
            // An error: more than the greatest capacity, so no less than this one; or no memory.
            let _ = list.shrink_to(capacity);
        }
    }
}

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// The value of `key`, for changing. O(1) expected.
    ///
    /// # Examples
    /// ```
    /// let mut map = splitmap::HashMap::from([("a", 1)]);
    /// *map.get_mut("a").unwrap() += 1;
    /// assert_eq!(*map.get("a").unwrap(), 2);
    /// ```
    pub fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        let hash = self.hash(key);
        self.list_mut()?
            .get_mut(hash, |other| key.equivalent(other))
    }
}

/// An iterator over the entries of a map, their values for changing; made by [`HashMap::iter_mut`].
///
/// # Examples
/// ```
/// let mut map = splitmap::HashMap::from([(1, 10)]);
/// let mut entries: splitmap::IterMut<'_, _, _> = map.iter_mut();
/// assert_eq!(entries.next(), Some((&1, &mut 10)));
/// ```
pub struct IterMut<'map, K, V>(Option<NodesMut<'map, K, V>>);

// SAFETY: what it gives is `&K` and `&mut V`, and what else it has is not shared.
unsafe impl<K: Sync, V: Send> Send for IterMut<'_, K, V> {}
// SAFETY: nothing can be done with a shared `IterMut`.
unsafe impl<K: Sync, V: Sync> Sync for IterMut<'_, K, V> {}

impl<'map, K, V> Iterator for IterMut<'map, K, V> {
    type Item = (&'map K, &'map mut V);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.as_mut()?.next()
    }
}

impl<'map, K, V, S> IntoIterator for &'map mut HashMap<K, V, S> {
    type Item = (&'map K, &'map mut V);
    type IntoIter = IterMut<'map, K, V>;

    fn into_iter(self) -> IterMut<'map, K, V> {
        self.iter_mut()
    }
}

/// An iterator over the values of a map, for changing; made by [`HashMap::values_mut`].
///
/// # Examples
/// ```
/// let mut map = splitmap::HashMap::from([(1, 10)]);
/// let mut values: splitmap::ValuesMut<'_, _, _> = map.values_mut();
/// assert_eq!(values.next(), Some(&mut 10));
/// ```
pub struct ValuesMut<'map, K, V>(IterMut<'map, K, V>);

impl<'map, K, V> Iterator for ValuesMut<'map, K, V> {
    type Item = &'map mut V;

    fn next(&mut self) -> Option<&'map mut V> {
        self.0.next().map(|(_, value)| value)
    }
}

/// An iterator that owns the entries; made by `into_iter` of a [`HashMap`]. Dropping it drops those that are
/// left.
///
/// # Examples
/// ```
/// let map = splitmap::HashMap::from([(1, String::from("a"))]);
/// let mut entries: splitmap::IntoIter<_, _> = map.into_iter();
/// assert_eq!(entries.next(), Some((1, String::from("a"))));
/// ```
pub struct IntoIter<K, V>(Option<OwnedNodes<K, V>>);

// SAFETY: it owns keys and values, and shares nothing.
unsafe impl<K: Send, V: Send> Send for IntoIter<K, V> {}
// SAFETY: nothing can be done with a shared `IntoIter`.
unsafe impl<K: Sync, V: Sync> Sync for IntoIter<K, V> {}

impl<K, V> Iterator for IntoIter<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        self.0.as_mut()?.next()
    }
}

impl<K, V, S> IntoIterator for HashMap<K, V, S> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;

    /// All entries, in no particular order, taken out. What was removed before is dropped now, at the latest.
    fn into_iter(mut self) -> IntoIter<K, V> {
        IntoIter(self.take_list().map(|list| list.into_nodes()))
    }
}

/// An iterator that owns the keys; made by [`HashMap::into_keys`].
///
/// # Examples
/// ```
/// let mut keys: splitmap::IntoKeys<_, _> = splitmap::HashMap::from([(1, 10)]).into_keys();
/// assert_eq!(keys.next(), Some(1));
/// ```
pub struct IntoKeys<K, V>(IntoIter<K, V>);

impl<K, V> Iterator for IntoKeys<K, V> {
    type Item = K;

    fn next(&mut self) -> Option<K> {
        self.0.next().map(|(key, _)| key)
    }
}

/// An iterator that owns the values; made by [`HashMap::into_values`].
///
/// # Examples
/// ```
/// let mut values: splitmap::IntoValues<_, _> = splitmap::HashMap::from([(1, 10)]).into_values();
/// assert_eq!(values.next(), Some(10));
/// ```
pub struct IntoValues<K, V>(IntoIter<K, V>);

impl<K, V> Iterator for IntoValues<K, V> {
    type Item = V;

    fn next(&mut self) -> Option<V> {
        self.0.next().map(|(_, value)| value)
    }
}

/// What all of these are besides.
macro_rules! fused {
    ($($name:ident<$($lifetime:lifetime)?>)*) => {$(
        impl<K, V> FusedIterator for $name<$($lifetime,)? K, V> {}

        impl<K, V> fmt::Debug for $name<$($lifetime,)? K, V> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

fused!(IterMut<'_> ValuesMut<'_> IntoIter<> IntoKeys<> IntoValues<>);
