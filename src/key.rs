//! [`Key`]: an entry that is looked at for its key; and the iterators that show one half of each entry.

use core::fmt;
use core::iter::FusedIterator;
use core::ops::Deref;

use crate::guard::Ref;
use crate::iter::Iter;

/// A [`Ref`] that dereferences to the key.
///
/// # Examples
/// ```
/// let map = splitmap::HashMap::from([("a", 1)]);
/// let key = map.keys().next().unwrap();
/// assert_eq!(key.len(), 1);
/// assert_eq!(*key.into_ref(), 1);
/// ```
pub struct Key<'map, K, V = ()>(Ref<'map, K, V>);

impl<'map, K, V> Key<'map, K, V> {
    pub(crate) fn new(entry: Ref<'map, K, V>) -> Self {
        Self(entry)
    }

    /// The whole entry.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([("a", 1)]);
    /// let entry = map.keys().next().unwrap().into_ref();
    /// assert_eq!((entry.key(), entry.value()), (&"a", &1));
    /// ```
    #[must_use]
    pub fn into_ref(self) -> Ref<'map, K, V> {
        self.0
    }
}

impl<K, V> Deref for Key<'_, K, V> {
    type Target = K;

    #[inline]
    fn deref(&self) -> &K {
        self.0.key()
    }
}

impl<K: fmt::Debug, V> fmt::Debug for Key<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<K: fmt::Display, V> fmt::Display for Key<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// An iterator over the keys of a map; made by [`HashMap::keys`](crate::HashMap::keys). It promises what
/// [`HashMap::iter`](crate::HashMap::iter) does.
///
/// # Examples
/// ```
/// let map = splitmap::HashMap::from([("a", 1)]);
/// let mut keys: splitmap::Keys<'_, _, _> = map.keys();
/// assert_eq!(keys.next().as_deref(), Some(&"a"));
/// ```
pub struct Keys<'map, K, V>(Iter<'map, K, V>);

/// An iterator over the values of a map; made by [`HashMap::values`](crate::HashMap::values). It promises
/// what [`HashMap::iter`](crate::HashMap::iter) does, and gives the same: a [`Ref`] dereferences to the
/// value.
///
/// # Examples
/// ```
/// let map = splitmap::HashMap::from([("a", 1)]);
/// let mut values: splitmap::Values<'_, _, _> = map.values();
/// assert_eq!(values.next().as_deref(), Some(&1));
/// ```
pub struct Values<'map, K, V>(Iter<'map, K, V>);

macro_rules! iterator {
    ($name:ident, $item:ident, $make:expr) => {
        impl<'map, K, V> $name<'map, K, V> {
            pub(crate) fn new(iter: Iter<'map, K, V>) -> Self {
                Self(iter)
            }
        }

        impl<'map, K, V> Iterator for $name<'map, K, V> {
            type Item = $item<'map, K, V>;

            #[inline]
            fn next(&mut self) -> Option<Self::Item> {
                self.0.next().map($make)
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                self.0.size_hint()
            }
        }

        impl<K, V> FusedIterator for $name<'_, K, V> {}

        impl<K, V> fmt::Debug for $name<'_, K, V> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

iterator!(Keys, Key, Key::new);
iterator!(Values, Ref, |entry| entry);
