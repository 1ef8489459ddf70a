//! std's traits.

use core::fmt;
use core::hash::{BuildHasher, Hash};

use super::HashSet;
use crate::key::{Key, Keys};
use crate::map::{HashMap, IntoKeys};

impl<T, S: Default> Default for HashSet<T, S> {
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

impl<T: fmt::Debug, S> fmt::Debug for HashSet<T, S> {
    /// As std's; the elements are those of an [`iter`](HashSet::iter).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl<T: Clone + Eq, S: Clone> Clone for HashSet<T, S> {
    /// As that of [`HashMap`].
    fn clone(&self) -> Self {
        Self {
            map: self.map.clone(),
        }
    }
}

impl<T, S, S2> PartialEq<HashSet<T, S2>> for HashSet<T, S>
where
    T: Hash + Eq,
    S: BuildHasher,
    S2: BuildHasher,
{
    /// As that of [`HashMap`].
    fn eq(&self, other: &HashSet<T, S2>) -> bool {
        self.map == other.map
    }
}

impl<T: Hash + Eq, S: BuildHasher> Eq for HashSet<T, S> {}

impl<T, S> From<HashMap<T, (), S>> for HashSet<T, S> {
    fn from(map: HashMap<T, (), S>) -> Self {
        Self { map }
    }
}

#[cfg(feature = "std")]
impl<T: Hash + Eq, const N: usize> From<[T; N]> for HashSet<T> {
    /// # Examples
    /// ```
    /// assert_eq!(splitmap::HashSet::from([1, 2, 1]).len(), 2);
    /// ```
    fn from(elements: [T; N]) -> Self {
        elements.into_iter().collect()
    }
}

impl<T: Hash + Eq, S: BuildHasher + Default> FromIterator<T> for HashSet<T, S> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut set = Self::default();
        set.extend(elements);
        set
    }
}

/// Inserts one by one; room for all is made at first, as far as the iterator tells how many they are.
impl<T: Hash + Eq, S: BuildHasher> Extend<T> for &HashSet<T, S> {
    /// # Examples
    /// ```
    /// let set = splitmap::HashSet::from([1]);
    /// (&set).extend([1, 2]);
    /// assert_eq!(set.len(), 2);
    /// ```
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        // As the map's, but that the element that is there stays.
        let elements = elements.into_iter();
        self.map.reserve_for(elements.size_hint().0);
        for element in elements {
            self.insert(element);
        }
    }
}

impl<'a, T, S> Extend<&'a T> for &HashSet<T, S>
where
    T: Hash + Eq + Copy + 'a,
    S: BuildHasher,
{
    fn extend<I: IntoIterator<Item = &'a T>>(&mut self, elements: I) {
        self.extend(elements.into_iter().copied());
    }
}

impl<T, S, E> Extend<E> for HashSet<T, S>
where
    for<'set> &'set Self: Extend<E>,
{
    /// # Examples
    /// ```
    /// let mut set = splitmap::HashSet::from([1]);
    /// set.extend([1, 2]);
    /// assert_eq!(set.len(), 2);
    /// ```
    fn extend<I: IntoIterator<Item = E>>(&mut self, elements: I) {
        (&*self).extend(elements);
    }
}

impl<'set, T, S> IntoIterator for &'set HashSet<T, S> {
    type Item = Key<'set, T>;
    type IntoIter = Keys<'set, T, ()>;

    fn into_iter(self) -> Keys<'set, T, ()> {
        self.iter()
    }
}

impl<T, S> IntoIterator for HashSet<T, S> {
    type Item = T;
    type IntoIter = IntoKeys<T, ()>;

    /// All elements, in no particular order, taken out.
    fn into_iter(self) -> IntoKeys<T, ()> {
        self.map.into_keys()
    }
}
