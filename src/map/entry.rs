//! [`Entry`]: a key and what was found there, for one decision at a time.

use core::fmt;
use core::hash::{BuildHasher, Hash};

use super::HashMap;
use super::raw::Raw;
use crate::errors::OccupiedError;
use crate::guard::Ref;

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// What is there under `key`, for a decision what to do with it.
    ///
    /// Optimistic: nothing is locked, and other threads may insert, replace and remove the entry before
    /// that decision takes effect. Each method says what then happens: those of [`OccupiedEntry`] change
    /// the very entry that was found, or nothing; [`VacantEntry::insert`] gives the value back if the key was
    /// inserted by another thread; and `or_insert` and its like give whatever is there by then. For a change that depends on
    /// the state in one atomic step, see [`compute`](Self::compute).
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::new();
    /// for word in ["one", "two", "one"] {
    ///     map.entry(word).and_modify(|_, n| n + 1).or_insert(1);
    /// }
    /// assert_eq!(*map.get("one").unwrap(), 2);
    /// ```
    pub fn entry(&self, key: K) -> Entry<'_, K, V, S> {
        let (map, hash) = (self.raw(), self.raw().hash(&key));
        match map.get(hash, |other| key == *other) {
            Some(entry) => Entry::Occupied(OccupiedEntry {
                map,
                hash,
                key,
                entry,
            }),
            None => Entry::Vacant(VacantEntry { map, hash, key }),
        }
    }
}

/// A key, and the entry that was found there, or none; made by [`HashMap::entry`].
///
/// # Examples
/// ```
/// use splitmap::{Entry, HashMap};
/// let map = HashMap::from([("a", 1)]);
/// match map.entry("a") {
///     Entry::Occupied(entry) => assert_eq!(entry.get(), &1),
///     Entry::Vacant(_) => unreachable!(),
/// }
/// ```
pub enum Entry<'map, K, V, S = crate::DefaultHashBuilder> {
    /// The key has an entry.
    Occupied(OccupiedEntry<'map, K, V, S>),
    /// The key is absent.
    Vacant(VacantEntry<'map, K, V, S>),
}

impl<'map, K, V, S> Entry<'map, K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// The key.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(splitmap::HashMap::<_, ()>::new().entry("a").key(), &"a");
    /// ```
    pub fn key(&self) -> &K {
        match self {
            Self::Occupied(entry) => entry.key(),
            Self::Vacant(entry) => entry.key(),
        }
    }

    /// The entry that was found, or a new one with `value`; or the one that another thread has inserted
    /// meanwhile.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::new();
    /// assert_eq!(*map.entry("a").or_insert(1), 1);
    /// assert_eq!(*map.entry("a").or_insert(2), 1);
    /// ```
    pub fn or_insert(self, value: V) -> Ref<'map, K, V> {
        self.or_insert_with(|| value)
    }

    /// The entry that was found, or a new one with what `value` gives; or the one that another thread has
    /// inserted meanwhile.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::new();
    /// assert_eq!(*map.entry("a").or_insert_with(|| 1), 1);
    /// ```
    pub fn or_insert_with(self, value: impl FnOnce() -> V) -> Ref<'map, K, V> {
        self.or_insert_with_key(|_| value())
    }

    /// The entry that was found, or a new one with what `value` makes of the key; or the one that another
    /// thread has inserted meanwhile.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::new();
    /// assert_eq!(*map.entry("abc").or_insert_with_key(|key| key.len()), 3);
    /// ```
    pub fn or_insert_with_key(self, value: impl FnOnce(&K) -> V) -> Ref<'map, K, V> {
        match self {
            Self::Occupied(entry) => entry.entry,
            Self::Vacant(entry) => {
                let value = value(&entry.key);
                entry.insert(value).unwrap_or_else(|error| error.entry)
            }
        }
    }

    /// The entry that was found, or a new one with `V::default()`; or the one that another thread has
    /// inserted meanwhile.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::<_, u32>::new();
    /// assert_eq!(*map.entry("a").or_default(), 0);
    /// ```
    pub fn or_default(self) -> Ref<'map, K, V>
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// Replaces the value of the entry that was found by what `f` makes of it, as
    /// [`HashMap::update`]: atomically, and again if another thread has replaced it meanwhile. If one has
    /// removed it, the entry is vacant from here on.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([("a", 1)]);
    /// map.entry("a").and_modify(|_, n| n + 1);
    /// assert_eq!(*map.get("a").unwrap(), 2);
    /// ```
    #[must_use = "what follows, as `or_insert`, is lost with it"]
    pub fn and_modify(self, f: impl Fn(&K, &V) -> V) -> Self {
        match self {
            Self::Occupied(OccupiedEntry { map, hash, key, .. }) => {
                match map.update(hash, |other| key == *other, f) {
                    Some(entry) => Self::Occupied(OccupiedEntry {
                        map,
                        hash,
                        key,
                        entry,
                    }),
                    None => Self::Vacant(VacantEntry { map, hash, key }),
                }
            }
            vacant @ Self::Vacant(_) => vacant,
        }
    }
}

/// An entry that was found; in [`Entry`].
///
/// Its methods concern that very entry. Other threads may have replaced or removed it; then they do nothing.
///
/// # Examples
/// ```
/// use splitmap::{Entry, HashMap};
/// let map = HashMap::from([("a", 1)]);
/// let Entry::Occupied(entry) = map.entry("a") else { unreachable!() };
/// map.insert("a", 2);                              // as another thread may
/// assert!(entry.remove().is_none());               // not the one that was found
/// assert_eq!(*map.get("a").unwrap(), 2);
/// ```
pub struct OccupiedEntry<'map, K, V, S = crate::DefaultHashBuilder> {
    map: Raw<'map, K, V, S>,
    hash: u64,
    key: K,
    entry: Ref<'map, K, V>,
}

impl<'map, K, V, S> OccupiedEntry<'map, K, V, S> {
    /// The key.
    ///
    /// # Examples
    /// ```
    /// use splitmap::{Entry, HashMap};
    /// let map = HashMap::from([("a", 1)]);
    /// let Entry::Occupied(entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!(entry.key(), &"a");
    /// ```
    pub fn key(&self) -> &K {
        &self.key
    }

    /// The value that was found.
    ///
    /// # Examples
    /// ```
    /// use splitmap::{Entry, HashMap};
    /// let map = HashMap::from([("a", 1)]);
    /// let Entry::Occupied(entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!(entry.get(), &1);
    /// ```
    pub fn get(&self) -> &V {
        &self.entry
    }

    /// The entry that was found.
    ///
    /// # Examples
    /// ```
    /// use splitmap::{Entry, HashMap};
    /// let map = HashMap::from([("a", 1)]);
    /// let Entry::Occupied(entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!(*entry.into_ref(), 1);
    /// ```
    pub fn into_ref(self) -> Ref<'map, K, V> {
        self.entry
    }

    /// Puts `value` in the place of the entry that was found; gives the new one.
    ///
    /// # Errors
    /// That entry is no longer there: `value` is given back.
    ///
    /// # Examples
    /// ```
    /// use splitmap::{Entry, HashMap};
    /// let map = HashMap::from([("a", 1)]);
    /// let Entry::Occupied(entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!(*entry.insert(2).unwrap(), 2);
    /// ```
    pub fn insert(self, value: V) -> Result<Ref<'map, K, V>, V> {
        self.map.replace_that(&self.entry, self.key, value)
    }

    /// Removes the entry that was found, and gives it, still readable; `None` if it is no longer there.
    ///
    /// # Examples
    /// ```
    /// use splitmap::{Entry, HashMap};
    /// let map = HashMap::from([("a", 1)]);
    /// let Entry::Occupied(entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!(entry.remove().as_deref(), Some(&1));
    /// ```
    pub fn remove(self) -> Option<Ref<'map, K, V>> {
        let removed = self.map.remove_that(&self.entry);
        removed.then_some(self.entry)
    }
}

/// A key that was absent; in [`Entry`].
///
/// # Examples
/// ```
/// use splitmap::{Entry, HashMap};
/// let map = HashMap::new();
/// let Entry::Vacant(entry) = map.entry("a") else { unreachable!() };
/// map.insert("a", 1);                              // as another thread may
/// assert_eq!(entry.insert(2).unwrap_err().value, 2);
/// ```
pub struct VacantEntry<'map, K, V, S = crate::DefaultHashBuilder> {
    map: Raw<'map, K, V, S>,
    hash: u64,
    key: K,
}

impl<'map, K, V, S> VacantEntry<'map, K, V, S> {
    /// The key.
    ///
    /// # Examples
    /// ```
    /// use splitmap::{Entry, HashMap};
    /// let map = HashMap::<&str, u32>::new();
    /// let Entry::Vacant(entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!(entry.key(), &"a");
    /// ```
    pub fn key(&self) -> &K {
        &self.key
    }

    /// The key, given back.
    ///
    /// # Examples
    /// ```
    /// use splitmap::{Entry, HashMap};
    /// let map = HashMap::<String, u32>::new();
    /// let Entry::Vacant(entry) = map.entry("a".into()) else { unreachable!() };
    /// assert_eq!(entry.into_key(), "a");
    /// ```
    pub fn into_key(self) -> K {
        self.key
    }

    /// Inserts the entry, if the key is still absent.
    ///
    /// # Errors
    /// Another thread has inserted the key: key and value are given back, beside the entry that is there.
    ///
    /// # Examples
    /// ```
    /// use splitmap::{Entry, HashMap};
    /// let map = HashMap::new();
    /// let Entry::Vacant(entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!(*entry.insert(1).unwrap(), 1);
    /// ```
    pub fn insert(self, value: V) -> Result<Ref<'map, K, V>, OccupiedError<'map, K, V>>
    where
        K: Hash + Eq,
        S: BuildHasher,
    {
        self.map.try_insert(self.hash, self.key, value)
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for Entry<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Occupied(entry) => f.debug_tuple("Entry").field(entry).finish(),
            Self::Vacant(entry) => f.debug_tuple("Entry").field(entry).finish(),
        }
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for OccupiedEntry<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OccupiedEntry")
            .field("key", self.key())
            .field("value", self.get())
            .finish_non_exhaustive()
    }
}

impl<K: fmt::Debug, V, S> fmt::Debug for VacantEntry<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VacantEntry").field(self.key()).finish()
    }
}
