//! A bounded cache whose entries expire.
//!
//! ```text
//!   get ─────────► map: key ─► slot { value, expires_at, used }
//!                        ▲
//!   insert ─► too many? ─┴─ a hand goes round the map (second chance, or "clock"):
//!                           expired ─► out     used ─► no longer used, stays     else ─► out
//! ```
//!
//! An entry that has expired counts as absent, though it stays until somebody meets it: a `get`, a hand, or
//! [`Cache::remove_expired`].
//!
//! Nobody waits for anybody. No insertion returns before it has seen no more entries than the capacity, so at
//! any time there are at most two more for each call that runs. The map frees removed entries in batches: see its
//! documentation for how many values may be waiting, if yours are large.
//!
//! Two threads that miss the same key at the same time both load it, and the first to come stays; where loading
//! is dear, see the example `async_dedup`.

mod clock;
mod counters;
mod slot;
#[cfg(test)]
mod tests;

use core::ops::Deref;
use core::ptr;
use core::sync::atomic::{AtomicIsize, Ordering};
use core::time::Duration;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Instant;

use splitmap::{HashMap, Ref};

use clock::Clock;
use counters::Counters;
pub(crate) use counters::Stats;
use slot::Slot;

/// A cache of at most some number of entries, each of which expires some time after it was inserted.
pub(crate) struct Cache<K: 'static, V: 'static> {
    map: Arc<HashMap<K, Slot<V>>>,
    clock: Clock<K, V>,
    /// Entries that are there. (The map's own `len` is a sum of counts that are read one after the other: off by
    /// as much as happens meanwhile, and so no bound.) An insertion counts up when it is done, a removal
    /// counts down before it tries: where the map is empty, this is not above 0.
    count: AtomicIsize,
    capacity: isize,
    ttl: Duration,
    counters: Counters,
}

/// A value of the cache: readable as long as it is held, whatever becomes of its entry.
pub(crate) struct Cached<'c, K, V>(Ref<'c, K, Slot<V>>);

impl<K, V> Deref for Cached<'_, K, V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.0.value().value
    }
}

impl<K: Hash + Eq, V> Cache<K, V> {
    /// A cache of at most `capacity` entries, each of which lives for `ttl`.
    pub(crate) fn new(capacity: usize, ttl: Duration) -> Self {
        let map = Arc::new(HashMap::new());
        Self {
            clock: Clock::new(&map),
            map,
            count: AtomicIsize::new(0),
            capacity: isize::try_from(capacity).unwrap_or(isize::MAX),
            ttl,
            counters: Counters::default(),
        }
    }

    /// The value of `key`, if it is there and has not expired.
    pub(crate) fn get(&self, key: &K) -> Option<Cached<'_, K, V>> {
        let found = self.live(key);
        self.counters.note_request(found.is_some());
        found
    }

    /// Sets the value of `key`; gives the one that this replaced.
    pub(crate) fn insert(&self, key: K, value: V) -> Option<Cached<'_, K, V>> {
        let now = Instant::now();
        let old = self.map.insert(key, Slot::new(value, now, self.ttl));
        if old.is_none() {
            self.count_new(now);
        }
        old.filter(|old| old.is_live(now)).map(Cached)
    }

    /// The value of `key`, loaded and inserted if it is absent.
    ///
    /// # Errors
    /// That of `load`; the cache is as it was.
    pub(crate) fn get_or_load<E>(
        &self,
        key: K,
        load: impl FnOnce(&K) -> Result<V, E>,
    ) -> Result<Cached<'_, K, V>, E> {
        if let Some(found) = self.get(&key) {
            return Ok(found);
        }
        let value = load(&key)?;
        self.counters.note_load();
        let now = Instant::now();
        let slot = Slot::new(value, now, self.ttl);
        Ok(Cached(self.insert_if_absent(key, slot, now)))
    }

    /// Removes `key`; gives its value.
    pub(crate) fn remove(&self, key: &K) -> Option<Cached<'_, K, V>> {
        let now = Instant::now();
        let removed = self.remove_if(key, |_| true)?;
        removed.is_live(now).then(|| Cached(removed))
    }

    /// Removes all entries that have expired.
    pub(crate) fn remove_expired(&self) {
        let now = Instant::now();
        for entry in self.map.iter().filter(|slot| !slot.is_live(now)) {
            self.remove_expired_entry(entry.key(), now);
        }
    }

    /// How many entries there are, with those that have expired and that nobody has met.
    pub(crate) fn len(&self) -> usize {
        // ORD Relaxed, here and below: a count; the entries come from the map.
        usize::try_from(self.count.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// What happened so far.
    pub(crate) fn stats(&self) -> Stats {
        self.counters.stats()
    }

    fn live(&self, key: &K) -> Option<Cached<'_, K, V>> {
        let entry = self.map.get(key)?;
        let now = Instant::now();
        if entry.is_live(now) {
            entry.set_used();
            return Some(Cached(entry));
        }
        self.remove_expired_entry(key, now);
        None
    }

    /// The live entry of `key`: the one that is there, or this one.
    fn insert_if_absent(&self, key: K, slot: Slot<V>, now: Instant) -> Ref<'_, K, Slot<V>> {
        let (mut key, mut slot) = (key, slot);
        loop {
            match self.map.try_insert(key, slot) {
                Ok(entry) => {
                    self.count_new(now);
                    return entry;
                }
                Err(occupied) if occupied.entry.is_live(now) => return occupied.entry,
                Err(occupied) => (key, slot) = (occupied.key, occupied.value),
            }
            self.remove_expired_entry(&key, now);
        }
    }

    /// Counts a new entry, and makes room if there is one too many.
    fn count_new(&self, now: Instant) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let too_many = || self.count.load(Ordering::Relaxed) > self.capacity;
        self.clock.go_on(&self.map, too_many, |key, slot| {
            if !slot.is_live(now) {
                self.remove_expired_entry(key, now);
            } else if !slot.take_used()
                // That entry, not another one that has taken its place.
                && self.remove_if(key, |other| ptr::eq(other, slot)).is_some()
            {
                self.counters.note_evicted();
            }
        });
    }

    fn remove_expired_entry(&self, key: &K, now: Instant) {
        if self.remove_if(key, |slot| !slot.is_live(now)).is_some() {
            self.counters.note_expired();
        }
    }

    /// Every removal: removes the entry of `key` if it passes `test`.
    fn remove_if(&self, key: &K, test: impl Fn(&Slot<V>) -> bool) -> Option<Ref<'_, K, Slot<V>>> {
        self.count.fetch_sub(1, Ordering::Relaxed);
        let removed = self.map.remove_if(key, |_, slot| test(slot));
        if removed.is_none() {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
        removed
    }
}
