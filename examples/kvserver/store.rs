//! The data: one [`splitmap::HashMap`] from key to entry, shared by all connections.
//!
//! Redis orders all commands by running them on one thread. Here each command takes
//! effect in one atomic step of the map instead:
//!
//! | operation | step of the map |
//! | --- | --- |
//! | [`Store::get`] | `get` |
//! | [`Store::set`] | `insert`, which gives the replaced entry |
//! | [`Store::set_if_absent`] | `try_insert` |
//! | [`Store::modify`] | `compute` |
//! | [`Store::remove`] | `remove` |
//! | [`Store::lease`] | `lease`, as `insert`, until the lease is dropped |
//!
//! An entry whose time has passed counts as absent: whoever meets it removes it with
//! `remove_if`, or replaces it in the same step; the sweep (see [`crate::expiry`]) finds
//! those nobody meets.

use alloc::sync::Arc;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};
use std::path::Path;
use std::time::Instant;

use splitmap::snapshot_file::{Saved, SnapshotFileError};
use splitmap::{Computed, HashMap, Lease, Operation, Ref};

use crate::blob::Blob;
use crate::glob;

/// An entry of the store, readable however long it is held.
pub(crate) type EntryRef<'s> = Ref<'s, Blob, Entry>;

/// An entry that goes when this is dropped.
pub(crate) type EntryLease = Lease<Blob, Entry>;

/// A value, and when it ends. Cloning shares the bytes.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) data: Blob,
    pub(crate) expires_at: Option<Instant>,
}

impl Entry {
    /// An entry that does not expire.
    pub(crate) fn lasting(data: &[u8]) -> Self {
        Self {
            data: data.into(),
            expires_at: None,
        }
    }

    /// This entry's time limit, with other bytes.
    pub(crate) fn with_data(&self, data: Blob) -> Self {
        Self {
            data,
            expires_at: self.expires_at,
        }
    }

    /// These bytes, with another time limit.
    pub(crate) fn with_expiry(&self, expires_at: Option<Instant>) -> Self {
        Self {
            data: self.data.clone(),
            expires_at,
        }
    }

    /// Whether this entry has a time limit.
    pub(crate) fn is_volatile(&self) -> bool {
        self.expires_at.is_some()
    }

    /// Whether this entry's time has not passed. The clock is read for volatile entries only.
    pub(crate) fn is_live(&self) -> bool {
        self.expires_at.is_none_or(|end| Instant::now() < end)
    }
}

/// The keys and their values.
#[derive(Default)]
pub(crate) struct Store {
    map: Arc<HashMap<Blob, Entry>>,
    volatile: AtomicBool,
}

impl Store {
    /// The live entry of `key`.
    pub(crate) fn get(&self, key: &[u8]) -> Option<EntryRef<'_>> {
        let entry = self.map.get(key)?;
        if entry.is_live() {
            return Some(entry);
        }
        drop(entry);
        self.remove_if_dead(key);
        None
    }

    /// Sets `key` to `entry`; gives the live entry that this replaced.
    pub(crate) fn set(&self, key: &[u8], entry: Entry) -> Option<EntryRef<'_>> {
        let volatile = entry.is_volatile();
        let old = self.map.insert(key.into(), entry);
        self.note_volatile(volatile);
        old.filter(|old| old.is_live())
    }

    /// Sets `key` to `entry` until the lease ends; then this very entry goes.
    pub(crate) fn lease(&self, key: &[u8], entry: Entry) -> EntryLease {
        let volatile = entry.is_volatile();
        let lease = self.map.lease(key.into(), entry);
        self.note_volatile(volatile);
        lease
    }

    /// Whether the key of `lease` still has the leased entry, and no newer one.
    pub(crate) fn is_leased_by(&self, lease: &EntryLease) -> bool {
        let entry = self.map.get(&**lease.key());
        entry.is_some_and(|entry| ptr::eq(entry.value(), lease.value()))
    }

    /// Sets `key` unless it is there already: then gives the live entry that is.
    pub(crate) fn set_if_absent(&self, key: &[u8], entry: Entry) -> Result<(), EntryRef<'_>> {
        let volatile = entry.is_volatile();
        let (mut key, mut entry): (Blob, Entry) = (key.into(), entry);
        loop {
            match self.map.try_insert(key, entry) {
                Ok(_) => {
                    self.note_volatile(volatile);
                    return Ok(());
                }
                Err(occupied) if occupied.entry.is_live() => return Err(occupied.entry),
                Err(occupied) => (key, entry) = (occupied.key, occupied.value),
            }
            self.remove_if_dead(&key);
        }
    }

    /// Sets `key` to what `change` makes of its live entry (`None` when absent), in one
    /// atomic step; gives the new entry. When `change` fails, `key` keeps its value.
    ///
    /// `change` runs again whenever another thread changed the key in between.
    pub(crate) fn modify<E>(
        &self,
        key: &[u8],
        change: impl Fn(Option<&Entry>) -> Result<Entry, E>,
    ) -> Result<EntryRef<'_>, E> {
        let computed = self.map.compute(key.into(), |old, _| {
            let live = old.map(|(_, entry)| entry).filter(|old| old.is_live());
            change(live).map_or_else(Operation::Abort, Operation::Insert)
        });
        match computed {
            Computed::Inserted(new) | Computed::Updated { new, .. } => {
                self.note_volatile(new.is_volatile());
                Ok(new)
            }
            Computed::Aborted(error) => Err(error),
            Computed::Removed(_) => unreachable!("nothing was to be removed"),
        }
    }

    /// Removes `key`; whether a live entry went.
    pub(crate) fn remove(&self, key: &[u8]) -> bool {
        self.map.remove(key).is_some_and(|entry| entry.is_live())
    }

    /// Removes `key` if its time has passed; whether it had.
    pub(crate) fn remove_if_dead(&self, key: &[u8]) -> bool {
        self.map
            .remove_if(key, |_, entry| !entry.is_live())
            .is_some()
    }

    /// Removes every entry that was there when this began and is not replaced meanwhile.
    pub(crate) fn clear(&self) {
        self.map.clear();
    }

    /// All entries, dead ones too. The iterator holds up nobody and may be held for long.
    pub(crate) fn entries(&self) -> impl Iterator<Item = EntryRef<'_>> + Send {
        self.map.iter()
    }

    /// Writes all entries of one moment, dead ones too, to the file at `path`, which is the former one until the new one is whole.
    pub(crate) fn save(&self, path: &Path) -> Result<Saved, SnapshotFileError> {
        self.map.snapshot().save(path)
    }

    /// The live entries of the snapshot at `path`, and how many have died since it was made.
    pub(crate) fn load(path: &Path) -> Result<(Self, usize), SnapshotFileError> {
        let map: HashMap<Blob, Entry> = HashMap::load(path)?;
        let all = map.len();
        map.retain(|_, entry| entry.is_live());
        let expired = all - map.len();
        let volatile = AtomicBool::new(true); // perhaps: the sweep will see
        Ok((
            Self {
                map: Arc::new(map),
                volatile,
            },
            expired,
        ))
    }

    /// The live keys that match `pattern`.
    pub(crate) fn keys(&self, pattern: &[u8]) -> Vec<Blob> {
        self.entries()
            .filter(|entry| glob::matches(pattern, entry.key()) && entry.is_live())
            .map(|entry| entry.key().clone())
            .collect()
    }

    /// The number of entries, with dead ones that nobody has met yet.
    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    /// The number of entries that are out of the map but still held or not yet freed.
    pub(crate) fn retired_len(&self) -> usize {
        self.map.retired_len()
    }

    /// The memory of those entries in bytes, without what keys and values of more than 22 bytes own
    /// elsewhere.
    pub(crate) fn retired_bytes(&self) -> usize {
        self.map.retired_bytes()
    }

    /// Whether a volatile entry may be there; forgets it, until [`Store::note_volatile`].
    pub(crate) fn take_volatile(&self) -> bool {
        // ORD Relaxed: a hint to the sweep; the entries themselves come from the map.
        self.volatile.swap(false, Ordering::Relaxed)
    }

    /// Tells the sweep that it is needed, if `volatile`; after the entry went into the map,
    /// or the sweep might come and go before it.
    pub(crate) fn note_volatile(&self, volatile: bool) {
        // ORD Relaxed: as above. Read first: the line stays shared.
        if volatile && !self.volatile.load(Ordering::Relaxed) {
            self.volatile.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Store};
    use crate::integer;
    use core::time::Duration;
    use std::thread;
    use std::time::Instant;

    fn dead(data: &[u8]) -> Entry {
        Entry {
            expires_at: Some(Instant::now()),
            ..Entry::lasting(data)
        }
    }

    fn increment(store: &Store, key: &[u8]) {
        store
            .modify(key, |old| {
                let number = old
                    .map_or(Some(0), |entry| integer::parse(&entry.data))
                    .ok_or(())?;
                Ok::<_, ()>(Entry::lasting((number + 1).to_string().as_bytes()))
            })
            .expect("an integer");
    }

    #[test]
    fn a_dead_entry_is_absent_to_every_operation() {
        let store = Store::default();
        store.set(b"k", dead(b"1"));
        assert!(store.get(b"k").is_none());
        store.set(b"k", dead(b"1"));
        assert!(store.set(b"k", dead(b"2")).is_none());
        assert!(!store.remove(b"k"));
        store.set(b"k", dead(b"1"));
        assert!(store.keys(b"*").is_empty());
        assert!(store.set_if_absent(b"k", Entry::lasting(b"3")).is_ok());
        assert!(store.set_if_absent(b"k", Entry::lasting(b"4")).is_err());
        store.set(b"k", dead(b"7"));
        increment(&store, b"k");
        assert_eq!(&*store.get(b"k").expect("set").data, b"1");
    }

    #[test]
    fn a_refused_change_leaves_the_entry_as_it_was() {
        let store = Store::default();
        store.set(b"k", Entry::lasting(b"v"));
        assert_eq!(store.modify(b"k", |_| Err("no")).err(), Some("no"));
        assert_eq!(&*store.get(b"k").expect("still there").data, b"v");
        assert_eq!(store.modify(b"absent", |_| Err("no")).err(), Some("no"));
        assert!(store.get(b"absent").is_none());
    }

    #[test]
    fn one_of_many_threads_takes_the_place_of_a_dead_entry() {
        let store = Store::default();
        for _ in 0..500 {
            store.set(b"lock", dead(b"old"));
            let try_lock = || store.set_if_absent(b"lock", Entry::lasting(b"new")).is_ok();
            let winners = thread::scope(|scope| {
                let threads = [(); 3].map(|()| scope.spawn(try_lock));
                threads.map(|thread| usize::from(thread.join().expect("no panic")))
            });
            assert_eq!(winners.iter().sum::<usize>(), 1);
        }
    }

    #[test]
    fn no_increment_is_lost_between_threads_while_the_key_comes_and_goes() {
        let store = Store::default();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..5_000).for_each(|_| increment(&store, b"n")));
            }
            scope.spawn(|| {
                for _ in 0..5_000 {
                    store.set(b"other", dead(b"x"));
                    store.remove_if_dead(b"other");
                    store.remove_if_dead(b"n");
                }
            });
        });
        assert_eq!(&*store.get(b"n").expect("set").data, b"20000");
        assert!(store.get(b"other").is_none());
        thread::sleep(Duration::from_millis(1));
        assert_eq!(store.len(), 1);
    }
}
