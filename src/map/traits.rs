//! std's traits. (There is no `Index`: it would have to give a plain reference, which protects nothing.)

use core::fmt;
use core::hash::{BuildHasher, Hash};

use super::HashMap;
use crate::guard::Ref;
use crate::iter::Iter;
use crate::list::NewNode;

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
        let mut map = Self::default();
        map.extend(entries);
        map
    }
}

#[cfg(feature = "std")]
impl<K: Hash + Eq, V, const N: usize> From<[(K, V); N]> for HashMap<K, V> {
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, 2), (3, 4)]);
    /// assert_eq!(map.len(), 2);
    /// ```
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K, V, S> HashMap<K, V, S> {
    /// Makes room for `expected` entries; as std, for half of them if some may be there already.
    pub(crate) fn reserve_for(&self, expected: usize) {
        if expected > 0 {
            let some = !self.is_empty();
            self.reserve(if some { expected.div_ceil(2) } else { expected });
        }
    }
}

/// Inserts one by one; room for all is made at first, as far as the iterator tells how many they are.
impl<K: Hash + Eq, V, S: BuildHasher> Extend<(K, V)> for &HashMap<K, V, S> {
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, 10)]);
    /// (&map).extend([(2, 20), (1, 11)]);
    /// assert_eq!((*map.get(&1).unwrap(), map.len()), (11, 2));
    /// ```
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        let entries = entries.into_iter();
        self.reserve_for(entries.size_hint().0);
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<'a, K, V, S> Extend<(&'a K, &'a V)> for &HashMap<K, V, S>
where
    K: Hash + Eq + Copy + 'a,
    V: Copy + 'a,
    S: BuildHasher,
{
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::<i32, i32>::new();
    /// (&map).extend(&std::collections::HashMap::from([(1, 10)]));
    /// assert_eq!(*map.get(&1).unwrap(), 10);
    /// ```
    fn extend<I: IntoIterator<Item = (&'a K, &'a V)>>(&mut self, entries: I) {
        self.extend(entries.into_iter().map(|(key, value)| (*key, *value)));
    }
}

impl<K, V, S, T> Extend<T> for HashMap<K, V, S>
where
    for<'map> &'map Self: Extend<T>,
{
    /// # Examples
    /// ```
    /// let mut map = splitmap::HashMap::from([(1, 10)]);
    /// map.extend([(2, 20)]);
    /// assert_eq!(map.len(), 2);
    /// ```
    fn extend<I: IntoIterator<Item = T>>(&mut self, entries: I) {
        (&*self).extend(entries);
    }
}

impl<K: Clone + Eq, V: Clone, S: Clone> Clone for HashMap<K, V, S> {
    /// The entries of an [`iter`](HashMap::iter), in a map with a clone of the hasher and the same settings. Each is as it was at
    /// some moment of the call; all together need never have been there at the same time, if others
    /// change the map meanwhile.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, 10)]);
    /// let copy = map.clone();
    /// map.insert(1, 11);
    /// assert_eq!(*copy.get(&1).unwrap(), 10);
    /// ```
    fn clone(&self) -> Self {
        let builder = Self::builder_with_hasher(self.hash_builder.clone())
            .capacity(self.len())
            .reclamation(self.reclamation);
        #[cfg(feature = "profile")]
        let builder = builder.profile_mean(self.profile_mean());
        let copy = builder.build();
        for entry in self {
            let hash = entry.node().hash();
            let new = NewNode::new(hash, entry.key().clone(), entry.value().clone());
            copy.list_or_new().insert(hash, new, K::eq);
        }
        copy
    }
}

impl<K, V, S, S2> PartialEq<HashMap<K, V, S2>> for HashMap<K, V, S>
where
    K: Hash + Eq,
    V: PartialEq,
    S: BuildHasher,
    S2: BuildHasher,
{
    /// Whether both have the same entries: as many, and each of the one in the other. Sensible while nobody
    /// changes them; otherwise entries are compared that were there at different moments.
    ///
    /// # Examples
    /// ```
    /// let (a, b) = (splitmap::HashMap::from([(1, 10)]), splitmap::HashMap::new());
    /// assert!(a != b);
    /// b.insert(1, 10);
    /// assert!(a == b);
    /// ```
    fn eq(&self, other: &HashMap<K, V, S2>) -> bool {
        let in_other = |entry: Ref<'_, K, V>| {
            let there = other.get(entry.key());
            there.is_some_and(|there| *there == *entry)
        };
        self.len() == other.len() && self.iter().all(in_other)
    }
}

impl<K: Hash + Eq, V: Eq, S: BuildHasher> Eq for HashMap<K, V, S> {}
