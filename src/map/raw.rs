//! [`Raw`]: operations with a hash that was computed beforehand.

use core::fmt;
use core::hash::{BuildHasher, Hash};

use super::HashMap;
use crate::errors::OccupiedError;
use crate::guard::Ref;
use crate::list::NewNode;
use crate::split_order::split_order;

impl<K, V, S> HashMap<K, V, S> {
    /// The map, for operations with a hash that was computed beforehand.
    ///
    /// # Examples
    /// ```
    /// let (users, sessions) = (splitmap::HashMap::new(), splitmap::HashMap::with_hasher(()));
    /// let hash = users.raw().hash("ada");                      // once, for both maps
    /// users.raw().insert(hash, "ada", 1);
    /// sessions.raw().insert(hash, "ada", "session");
    /// assert_eq!(sessions.raw().get(hash, |key| *key == "ada").as_deref(), Some(&"session"));
    /// ```
    pub fn raw(&self) -> Raw<'_, K, V, S> {
        Raw(self)
    }
}

/// A map whose callers compute the hashes; made by [`HashMap::raw`].
///
/// For keys that are hashed once for several maps, or whose hash is stored; for keys that cannot be borrowed as
/// an [`Equivalent`](crate::Equivalent); and for maps without a hasher. Each method does what its namesake of [`HashMap`]
/// does. A hash must be the one that [`hash`](Self::hash) gives for the key, if the map's other methods are
/// used too; and in any case always the same for equal keys. Otherwise entries are not found or stand there twice,
/// and nothing worse happens.
///
/// # Examples
/// ```
/// let map = splitmap::HashMap::from([("a", 1)]);
/// let hash = map.raw().hash("a");
/// assert_eq!(map.raw().get(hash, |key| *key == "a").as_deref(), Some(&1));
/// ```
pub struct Raw<'map, K, V, S = crate::DefaultHashBuilder>(&'map HashMap<K, V, S>);

impl<K, V, S> Clone for Raw<'_, K, V, S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V, S> Copy for Raw<'_, K, V, S> {}

impl<K, V, S> fmt::Debug for Raw<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw").finish_non_exhaustive()
    }
}

impl<'map, K, V, S> Raw<'map, K, V, S> {
    /// The hash of `key` by the map's hasher.
    ///
    /// # Examples
    /// ```
    /// use std::hash::BuildHasher;
    /// let map = splitmap::HashMap::<&str, i32>::new();
    /// assert_eq!(map.raw().hash("a"), map.hasher().hash_one("a"));
    /// ```
    pub fn hash<Q: ?Sized + Hash>(self, key: &Q) -> u64
    where
        S: BuildHasher,
    {
        self.0.hasher().hash_one(key)
    }

    /// The entry with `hash` whose key passes `eq`.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([("a", 1)]);
    /// let hash = map.raw().hash("a");
    /// assert_eq!(map.raw().get(hash, |key| *key == "a").as_deref(), Some(&1));
    /// ```
    pub fn get(self, hash: u64, eq: impl FnMut(&K) -> bool) -> Option<Ref<'map, K, V>> {
        let list = self.0.list()?;
        list.get(split_order(hash), eq).map(Ref::new)
    }

    /// As [`HashMap::insert`].
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::with_hasher(());
    /// assert!(map.raw().insert(1, "a", 1).is_none());
    /// assert_eq!(map.raw().insert(1, "a", 2).as_deref(), Some(&1));
    /// ```
    pub fn insert(self, hash: u64, key: K, value: V) -> Option<Ref<'map, K, V>>
    where
        K: Eq,
    {
        let hash = split_order(hash);
        let list = self.0.list_or_new();
        list.insert(hash, NewNode::new(hash, key, value), K::eq)
            .map(Ref::new)
    }

    /// As [`HashMap::try_insert`].
    ///
    /// # Errors
    /// The key has an entry: key and value are given back, beside it.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::with_hasher(());
    /// assert!(map.raw().try_insert(1, "a", 1).is_ok());
    /// assert_eq!(map.raw().try_insert(1, "a", 2).unwrap_err().value, 2);
    /// ```
    pub fn try_insert(
        self,
        hash: u64,
        key: K,
        value: V,
    ) -> Result<Ref<'map, K, V>, OccupiedError<'map, K, V>>
    where
        K: Eq,
    {
        let hash = split_order(hash);
        let new = NewNode::new(hash, key, value);
        match self.0.list_or_new().try_insert(hash, new, K::eq) {
            Ok(new) => Ok(Ref::new(new)),
            Err((there, new)) => {
                let (key, value) = new.into_parts();
                Err(OccupiedError {
                    entry: Ref::new(there),
                    key,
                    value,
                })
            }
        }
    }

    /// As [`HashMap::update`].
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::with_hasher(());
    /// map.raw().insert(1, "a", 1);
    /// assert_eq!(map.raw().update(1, |key| *key == "a", |_, n| n + 1).as_deref(), Some(&2));
    /// ```
    pub fn update(
        self,
        hash: u64,
        eq: impl FnMut(&K) -> bool,
        f: impl Fn(&K, &V) -> V,
    ) -> Option<Ref<'map, K, V>> {
        let list = self.0.list()?;
        list.update(split_order(hash), eq, f).map(Ref::new)
    }

    /// As [`HashMap::remove`].
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::with_hasher(());
    /// map.raw().insert(1, "a", 1);
    /// assert_eq!(map.raw().remove(1, |key| *key == "a").as_deref(), Some(&1));
    /// ```
    pub fn remove(self, hash: u64, eq: impl FnMut(&K) -> bool) -> Option<Ref<'map, K, V>> {
        self.remove_if(hash, eq, |_, _| true)
    }

    /// As [`HashMap::remove_if`].
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::with_hasher(());
    /// map.raw().insert(1, "a", 1);
    /// assert!(map.raw().remove_if(1, |key| *key == "a", |_, value| *value > 1).is_none());
    /// ```
    pub fn remove_if(
        self,
        hash: u64,
        eq: impl FnMut(&K) -> bool,
        test: impl FnMut(&K, &V) -> bool,
    ) -> Option<Ref<'map, K, V>> {
        let list = self.0.list()?;
        list.remove_if(split_order(hash), eq, test).map(Ref::new)
    }

    /// Removes this very entry; false if it is no longer there.
    pub(super) fn remove_that(self, entry: &Ref<'map, K, V>) -> bool {
        let list = self.0.list();
        list.is_some_and(|list| list.remove_that(entry.node()))
    }

    /// Puts `key`, an equal one, and `value` in the place of this very entry.
    pub(super) fn replace_that(
        self,
        entry: &Ref<'map, K, V>,
        key: K,
        value: V,
    ) -> Result<Ref<'map, K, V>, V> {
        let Some(list) = self.0.list() else {
            return Err(value);
        };
        let new = NewNode::new(entry.node().hash(), key, value);
        list.replace_that(entry.node(), new)
            .map(Ref::new)
            .map_err(|back| back.into_parts().1)
    }
}
