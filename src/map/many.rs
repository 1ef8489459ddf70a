//! Many look-ups at once, their cache misses overlapped.
//!
//! ```text
//!   one by one:   hash ─ slot ····· ─ node ····· ─ hash ─ slot ····· ─ node ····· ─      ····· a miss
//!   a batch:      hash hash hash  slot slot slot ·····  node node node ·····  answer answer answer
//! ```

use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::iter::FusedIterator;

use equivalent::Equivalent;

use super::HashMap;
use crate::guard::Ref;
use crate::split_order::SplitOrder;
use crate::tunables::MANY;

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// The entries of many keys, in their order: what [`get`](Self::get) gives for each, in a map larger than
    /// the caches sooner.
    ///
    /// The keys are taken in batches of 32. All of a batch are hashed, all their buckets are fetched from
    /// memory at once, then all their first entries; then each is looked up when its turn comes. Each look-up
    /// is atomic, and all together are not: they take place one after the other.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([("a", 1), ("b", 2)]);
    /// let values: Vec<Option<i32>> = map
    ///     .get_many(&["a", "x", "b"])
    ///     .map(|entry| entry.map(|value| *value))
    ///     .collect();
    /// assert_eq!(values, [Some(1), None, Some(2)]);
    /// ```
    pub fn get_many<'k, Q, I>(&self, keys: I) -> GetMany<'_, K, V, S, I::IntoIter>
    where
        I: IntoIterator<Item = &'k Q>,
        Q: ?Sized + Hash + Equivalent<K> + 'k,
    {
        GetMany {
            map: self,
            keys: keys.into_iter(),
            batch: [None; MANY],
            next: MANY,
        }
    }
}

/// An iterator over the entries of many keys; made by [`HashMap::get_many`].
///
/// # Examples
/// ```
/// let map = splitmap::HashMap::from([(1, 10)]);
/// let mut entries = map.get_many([&1, &2]);
/// assert_eq!(entries.next().unwrap().as_deref(), Some(&10));
/// assert!(entries.next().unwrap().is_none());
/// assert!(entries.next().is_none());
/// ```
pub struct GetMany<'map, K, V, S, I: Iterator> {
    map: &'map HashMap<K, V, S>,
    keys: I,
    /// The keys that are fetched, with their hashes; those before `next` are answered.
    batch: [Option<(I::Item, u32)>; MANY],
    next: usize,
}

impl<'k, K, V, S, I, Q> GetMany<'_, K, V, S, I>
where
    K: Hash + Eq,
    S: BuildHasher,
    I: Iterator<Item = &'k Q>,
    Q: ?Sized + Hash + Equivalent<K> + 'k,
{
    /// Takes the next batch of keys and fetches what will be needed.
    fn fetch(&mut self) {
        for place in &mut self.batch {
            *place = self.keys.next().map(|key| (key, self.map.hash(key)));
            if place.is_none() {
                break;
            }
        }
        self.next = 0;
        let Some(list) = self.map.list() else { return };
        let hashes = || self.batch.iter().map_while(|place| Some(place.as_ref()?.1));
        hashes().for_each(|hash| list.prefetch_slot(hash));
        hashes().for_each(|hash| list.prefetch_first(hash));
    }
}

impl<'map, 'k, K, V, S, I, Q> Iterator for GetMany<'map, K, V, S, I>
where
    K: Hash + Eq,
    S: BuildHasher,
    I: Iterator<Item = &'k Q>,
    Q: ?Sized + Hash + Equivalent<K> + 'k,
{
    type Item = Option<Ref<'map, K, V>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == MANY {
            self.fetch();
        }
        let (key, hash) = self.batch[self.next].take()?;
        self.next += 1;
        let get = |list: &'map SplitOrder<K, V>| list.get(hash, |other| key.equivalent(other));
        Some(self.map.list().and_then(get).map(Ref::new))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let fetched = self.batch.iter().flatten().count();
        let (least, most) = self.keys.size_hint();
        (
            least.saturating_add(fetched),
            most.and_then(|most| most.checked_add(fetched)),
        )
    }
}

impl<K, V, S, I: ExactSizeIterator> ExactSizeIterator for GetMany<'_, K, V, S, I> where
    Self: Iterator
{
}

impl<K, V, S, I: FusedIterator> FusedIterator for GetMany<'_, K, V, S, I> where Self: Iterator {}

impl<K, V, S, I: Iterator> fmt::Debug for GetMany<'_, K, V, S, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetMany").finish_non_exhaustive()
    }
}
