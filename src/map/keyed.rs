//! The operations on one key that ask nothing of what is there, or little.

use core::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use super::HashMap;
use crate::errors::OccupiedError;
use crate::guard::Ref;
use crate::split_order::split_order;

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    #[inline]
    pub(super) fn hash<Q: ?Sized + Hash>(&self, key: &Q) -> u32 {
        split_order(self.hash_builder.hash_one(key))
    }

    /// The entry of `key`.
    ///
    /// Linearizes at a moment when the entry was in the map, or the key absent. O(1) expected; most often
    /// one hazard and no read-modify-write.
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
        list.get(self.hash(key), |other| key.equivalent(other))
            .map(Ref::new)
    }

    /// The entry of `key`, as [`get`](Self::get): a [`Ref`] has the key too.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, "a")]);
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
    /// let map = splitmap::HashMap::from([(1, "a")]);
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
        self.raw().insert(self.raw().hash(&key), key, value)
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
        self.raw().try_insert(self.raw().hash(&key), key, value)
    }

    /// Sets the value of `key` if it has an entry; gives the one that it replaces, still readable.
    ///
    /// The key of the entry stays, as in [`update`](Self::update); O(1) expected.
    ///
    /// # Errors
    /// The key is absent: the value is given back.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, "a")]);
    /// assert_eq!(map.replace(&1, "b").as_deref(), Ok(&"a"));
    /// assert_eq!(map.replace(&2, "c").unwrap_err(), "c");
    /// ```
    pub fn replace<Q>(&self, key: &Q, value: V) -> Result<Ref<'_, K, V>, V>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        let Some(list) = self.list() else {
            return Err(value);
        };
        let equal = |other: &K| key.equivalent(other);
        match list.replace_if(self.hash(key), value, equal, |_, _| true) {
            Ok((old, _)) => Ok(Ref::new(old)),
            Err((_, value)) => Err(value),
        }
    }

    /// Removes the entry of `key`; gives it, still readable.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, "a")]);
    /// assert_eq!(map.remove(&1).as_deref(), Some(&"a"));
    /// assert!(map.remove(&1).is_none());
    /// ```
    pub fn remove<Q>(&self, key: &Q) -> Option<Ref<'_, K, V>>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        self.remove_if(key, |_, _| true)
    }

    /// Removes the entry of `key`, as [`remove`](Self::remove): a [`Ref`] has the key too.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, "a")]);
    /// let entry = map.remove_entry(&1).unwrap();
    /// assert_eq!((entry.key(), entry.value()), (&1, &"a"));
    /// ```
    pub fn remove_entry<Q>(&self, key: &Q) -> Option<Ref<'_, K, V>>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        self.remove(key)
    }

    /// Removes the entry of `key` if it passes `test`; gives it, still readable.
    ///
    /// What is removed is the very entry that `test` saw. `test` may be called more than once.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, 10)]);
    /// assert!(map.remove_if(&1, |_, v| *v > 10).is_none());
    /// assert!(map.remove_if(&1, |_, v| *v == 10).is_some());
    /// ```
    pub fn remove_if<Q>(&self, key: &Q, test: impl FnMut(&K, &V) -> bool) -> Option<Ref<'_, K, V>>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        let list = self.list()?;
        list.remove_if(self.hash(key), |other| key.equivalent(other), test)
            .map(Ref::new)
    }
}
