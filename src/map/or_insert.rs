//! The operations on one key that make its value: from nothing, or from the value that is there.

use core::convert::Infallible;
use core::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use super::HashMap;
use crate::guard::Ref;
use crate::operation::Operation;

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// The entry of `key`, inserted with `value` if it is absent.
    ///
    /// What is not needed is dropped; [`try_insert`](Self::try_insert) gives it back. O(1) expected.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::new();
    /// assert_eq!(*map.get_or_insert(1, "a"), "a");
    /// assert_eq!(*map.get_or_insert(1, "b"), "a");
    /// ```
    pub fn get_or_insert(&self, key: K, value: V) -> Ref<'_, K, V> {
        self.get_or_insert_with(key, || value)
    }

    /// The entry of `key`, inserted with what `value` gives if it is absent.
    ///
    /// `value` is called at most once; what it gave is dropped if another thread inserted the key
    /// meanwhile.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::new();
    /// assert_eq!(*map.get_or_insert_with(1, || "a"), "a");
    /// assert_eq!(*map.get_or_insert_with(1, || unreachable!()), "a");
    /// ```
    pub fn get_or_insert_with(&self, key: K, value: impl FnOnce() -> V) -> Ref<'_, K, V> {
        match self.try_get_or_insert_with(key, || Ok::<_, Infallible>(value())) {
            Ok(entry) => entry,
            Err(never) => match never {},
        }
    }

    /// The entry of `key`, inserted with what `value` gives if it is absent and `value` succeeds.
    ///
    /// As [`get_or_insert_with`](Self::get_or_insert_with).
    ///
    /// # Errors
    /// That of `value`; the map is as it was.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::new();
    /// let parse = |text: &'static str| map.try_get_or_insert_with(text, || text.parse::<i32>());
    /// assert_eq!(parse("12").as_deref(), Ok(&12));
    /// assert!(parse("twelve").is_err());
    /// assert_eq!(map.len(), 1);
    /// ```
    pub fn try_get_or_insert_with<E>(
        &self,
        key: K,
        value: impl FnOnce() -> Result<V, E>,
    ) -> Result<Ref<'_, K, V>, E> {
        let hash = self.hash(&key);
        let list = self.list_or_new();
        list.get_or_insert(hash, key, value, K::eq).map(Ref::new)
    }

    /// Replaces the value of `key` by what `f` makes of key and value, atomically; gives the new
    /// entry, or `None` if the key is absent.
    ///
    /// No other change of the entry falls between what `f` saw and what it made: if one does, `f` is
    /// called again with the new state, so it may run more than once. The key is neither cloned nor
    /// moved. Lock-free; two allocations' worth of memory for an updated entry, as the key stays
    /// where it was.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([("hits", 1)]);
    /// assert_eq!(map.update("hits", |_, n| n + 1).as_deref(), Some(&2));
    /// assert!(map.update("misses", |_, n| n + 1).is_none());
    /// ```
    pub fn update<Q>(&self, key: &Q, f: impl Fn(&K, &V) -> V) -> Option<Ref<'_, K, V>>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        let list = self.list()?;
        list.update(self.hash(key), |other| key.equivalent(other), f)
            .map(Ref::new)
    }

    /// Replaces the value of `key` by what `f` makes of it, atomically, or inserts `value` if the key is
    /// absent; gives the new entry.
    ///
    /// As [`update_or_insert_with`](Self::update_or_insert_with).
    ///
    /// # Examples
    /// ```
    /// let words = splitmap::HashMap::new();
    /// for word in ["one", "two", "one"] {
    ///     words.update_or_insert(word, |_, n| n + 1, 1);
    /// }
    /// assert_eq!(*words.get("one").unwrap(), 2);
    /// ```
    pub fn update_or_insert(&self, key: K, f: impl Fn(&K, &V) -> V, value: V) -> Ref<'_, K, V> {
        self.update_or_insert_with(key, f, || value)
    }

    /// Replaces the value of `key` by what `f` makes of it, atomically, or inserts what `value` gives if
    /// the key is absent; gives the new entry.
    ///
    /// `f` may run more than once, as in [`update`](Self::update); `value` at most once. Unlike in
    /// `update`, the key is replaced together with the value, so the entry takes one allocation.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::new();
    /// let push = |n| *map.update_or_insert_with("sum", |_, sum| sum + n, || n);
    /// assert_eq!((push(1), push(2)), (1, 3));
    /// ```
    pub fn update_or_insert_with(
        &self,
        key: K,
        f: impl Fn(&K, &V) -> V,
        value: impl FnOnce() -> V,
    ) -> Ref<'_, K, V> {
        /// What there is to insert: the way to make it, or what was made and came back.
        enum Value<V, F> {
            Make(F),
            Made(Option<V>),
        }
        let (mut value, mut made_now) = (Value::Make(value), false);
        let computed = self.compute(key, |entry, returned| {
            if made_now {
                value = Value::Made(returned);
            }
            made_now = entry.is_none();
            if let Some((key, there)) = entry {
                return Operation::Insert(f(key, there));
            }
            match core::mem::replace(&mut value, Value::Made(None)) {
                Value::Make(make) => Operation::Insert(make()),
                Value::Made(Some(made)) => Operation::Insert(made),
                Value::Made(None) => Operation::Abort(()),
            }
        });
        match computed.into_entry() {
            Some(entry) => entry,
            None => unreachable!("a value that was not inserted comes back"),
        }
    }
}
