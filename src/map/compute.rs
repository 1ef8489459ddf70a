//! The operations on one key that decide by what is there: [`compute`](HashMap::compute), and
//! compare-and-exchange.

use core::error::Error;
use core::fmt;
use core::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use super::HashMap;
use crate::guard::Ref;
use crate::operation::Operation;
use crate::split_order::Outcome;

/// What a [`HashMap::compute`] did.
///
/// # Examples
/// ```
/// use splitmap::{Computed, HashMap, Operation};
/// let map = HashMap::from([("a", 1)]);
/// let computed = map.compute("a", |entry, _| match entry {
///     Some((_, n)) => Operation::Insert(n + 1),
///     None => Operation::Abort(()),
/// });
/// assert!(matches!(computed, Computed::Updated { old, new } if (*old, *new) == (1, 2)));
/// ```
pub enum Computed<'map, K, V, T> {
    /// The key was absent: its new entry.
    Inserted(Ref<'map, K, V>),
    /// An entry was replaced.
    Updated {
        /// The entry that was there, still readable.
        old: Ref<'map, K, V>,
        /// The one in its place.
        new: Ref<'map, K, V>,
    },
    /// The entry that was removed, still readable; or there was none.
    Removed(Option<Ref<'map, K, V>>),
    /// Nothing was done.
    Aborted(T),
}

impl<'map, K, V, T> Computed<'map, K, V, T> {
    /// The entry that is there now, as far as this computation is concerned.
    ///
    /// # Examples
    /// ```
    /// use splitmap::{HashMap, Operation};
    /// let map = HashMap::new();
    /// let computed = map.compute("a", |_, _| Operation::<_, ()>::Insert(1));
    /// assert_eq!(computed.into_entry().as_deref(), Some(&1));
    /// ```
    #[must_use]
    pub fn into_entry(self) -> Option<Ref<'map, K, V>> {
        match self {
            Self::Inserted(new) | Self::Updated { new, .. } => Some(new),
            Self::Removed(_) | Self::Aborted(_) => None,
        }
    }

    /// What the computation was aborted with.
    ///
    /// # Examples
    /// ```
    /// use splitmap::{HashMap, Operation};
    /// let map = HashMap::<&str, i32>::new();
    /// assert_eq!(map.compute("a", |_, _| Operation::Abort("why")).aborted(), Some("why"));
    /// ```
    #[must_use]
    pub fn aborted(self) -> Option<T> {
        match self {
            Self::Aborted(answer) => Some(answer),
            _ => None,
        }
    }
}

impl<K: fmt::Debug, V: fmt::Debug, T: fmt::Debug> fmt::Debug for Computed<'_, K, V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inserted(new) => f.debug_tuple("Inserted").field(new).finish(),
            Self::Updated { old, new } => f
                .debug_struct("Updated")
                .field("old", old)
                .field("new", new)
                .finish(),
            Self::Removed(old) => f.debug_tuple("Removed").field(old).finish(),
            Self::Aborted(answer) => f.debug_tuple("Aborted").field(answer).finish(),
        }
    }
}

/// The error of [`HashMap::compare_exchange`]: the value is another one, or the key is absent.
///
/// # Examples
/// ```
/// let map = splitmap::HashMap::from([("a", 1)]);
/// let error = map.compare_exchange("a", &2, 3).unwrap_err();
/// assert_eq!((error.entry.as_deref(), error.value), (Some(&1), 3));
/// ```
pub struct CompareExchangeError<'map, K, V> {
    /// The entry that is there, if there is one.
    pub entry: Option<Ref<'map, K, V>>,
    /// The value that was to be put there.
    pub value: V,
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for CompareExchangeError<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompareExchangeError")
            .field("entry", &self.entry)
            .field("value", &self.value)
            .finish()
    }
}

impl<K, V: fmt::Debug> fmt::Display for CompareExchangeError<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.entry {
            Some(entry) => write!(f, "the value is {:?}, not the expected one", entry.value()),
            None => f.write_str("the key is absent"),
        }
    }
}

impl<K: fmt::Debug, V: fmt::Debug> Error for CompareExchangeError<'_, K, V> {}

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// Shows `f` the entry of `key`, and does with it what `f` answers: atomically, to the very entry that
    /// it saw, or to its absence.
    ///
    /// If another thread changes the entry before that is done, or where a new one would stand what is
    /// beside it, `f` is asked again, and its second argument
    /// is the value that it wanted to insert, given back; so nothing must be cloned, and nothing is made
    /// twice. It is `None` at first, and after other answers than [`Operation::Insert`].
    ///
    /// What is inserted has the key that is given here, also in the place of another entry. `f` may use the
    /// map. A panic in it leaves the map as it was. Lock-free; O(1) expected for each try.
    ///
    /// # Examples
    /// ```
    /// use splitmap::{HashMap, Operation};
    ///
    /// // The highest bid wins; one that is too low is given back.
    /// struct Bid {
    ///     amount: u32,
    ///     bidder: String,
    /// }
    /// let highest = HashMap::new();
    /// let place = |amount, bidder: &str| {
    ///     let mut bid = Some(Bid { amount, bidder: bidder.into() });
    ///     let computed = highest.compute("clock", |entry, returned| {
    ///         let bid = bid.take().or(returned).expect("here at first, and then given back");
    ///         match entry {
    ///             Some((_, highest)) if highest.amount >= bid.amount => Operation::Abort(bid),
    ///             _ => Operation::Insert(bid),
    ///         }
    ///     });
    ///     computed.aborted()
    /// };
    /// assert!(place(10, "ada").is_none() && place(12, "grace").is_none());
    /// assert_eq!(place(11, "ada").unwrap().bidder, "ada");
    /// assert_eq!(highest.get("clock").unwrap().bidder, "grace");
    /// ```
    pub fn compute<T>(
        &self,
        key: K,
        f: impl FnMut(Option<(&K, &V)>, Option<V>) -> Operation<V, T>,
    ) -> Computed<'_, K, V, T> {
        let hash = self.hash(&key);
        match self.list_or_new().compute(hash, key, K::eq, f) {
            Outcome::Inserted(new) => Computed::Inserted(Ref::new(new)),
            Outcome::Updated { old, new } => Computed::Updated {
                old: Ref::new(old),
                new: Ref::new(new),
            },
            Outcome::Removed(old) => Computed::Removed(old.map(Ref::new)),
            Outcome::Aborted(answer) => Computed::Aborted(answer),
        }
    }

    /// Sets the value of `key` to `new` if it equals `current`; gives the new entry.
    ///
    /// Atomic, as an atomic word's. Values are compared, not identities: an entry that changed from
    /// `current` and back passes. The key of the entry stays, as in [`update`](Self::update). O(1)
    /// expected.
    ///
    /// # Errors
    /// The value is another one, or the key is absent: `new` is given back, beside what is there.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([("state", "idle")]);
    /// assert_eq!(*map.compare_exchange("state", &"idle", "busy").unwrap(), "busy");
    /// assert!(map.compare_exchange("state", &"idle", "busy").is_err());
    /// ```
    pub fn compare_exchange<Q>(
        &self,
        key: &Q,
        current: &V,
        new: V,
    ) -> Result<Ref<'_, K, V>, CompareExchangeError<'_, K, V>>
    where
        Q: ?Sized + Hash + Equivalent<K>,
        V: PartialEq,
    {
        let (entry, value) = match self.list() {
            Some(list) => {
                let equal = |other: &K| key.equivalent(other);
                let test = |_: &K, value: &V| value == current;
                match list.replace_if(self.hash(key), new, equal, test) {
                    Ok((_, new)) => return Ok(Ref::new(new)),
                    Err((there, new)) => (there.map(Ref::new), new),
                }
            }
            None => (None, new),
        };
        Err(CompareExchangeError { entry, value })
    }

    /// Removes the entry of `key` if its value equals `current`; gives it, still readable.
    ///
    /// Atomic; as [`remove_if`](Self::remove_if), but tells why nothing was removed.
    ///
    /// # Errors
    /// The entry that has another value, or `None`: the key is absent.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([("lock", 7)]);
    /// assert_eq!(map.compare_remove("lock", &8).unwrap_err().as_deref(), Some(&7));
    /// assert!(map.compare_remove("lock", &7).is_ok());
    /// assert!(map.compare_remove("lock", &7).unwrap_err().is_none());
    /// ```
    pub fn compare_remove<Q>(
        &self,
        key: &Q,
        current: &V,
    ) -> Result<Ref<'_, K, V>, Option<Ref<'_, K, V>>>
    where
        Q: ?Sized + Hash + Equivalent<K>,
        V: PartialEq,
    {
        let Some(list) = self.list() else {
            return Err(None);
        };
        let equal = |other: &K| key.equivalent(other);
        list.try_remove_if(self.hash(key), equal, |_, value| value == current)
            .map(Ref::new)
            .map_err(|there| there.map(Ref::new))
    }
}
