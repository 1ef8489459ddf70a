//! What [leases](crate::Lease) are made of: entries that are held from the moment on when they are there, and
//! changes of such an entry.

use alloc::sync::Arc;
use core::hash::{BuildHasher, Hash};

use super::HashMap;
use super::owned::OwnedRef;
use crate::errors::OccupiedError;
use crate::guard::Ref;
use crate::list::NewNode;

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq + 'static,
    V: 'static,
    S: BuildHasher + 'static,
{
    /// As [`insert`](Self::insert), but gives what `hold` makes of the new entry, before destructors run.
    pub(crate) fn insert_held<R>(
        self: &Arc<Self>,
        key: K,
        value: V,
        hold: impl FnOnce(OwnedRef<K, V, S>) -> R,
    ) -> R {
        let hash = self.hash(&key);
        let new = NewNode::new(hash, key, value);
        self.list_or_new().insert_held(hash, new, K::eq, |new| {
            // SAFETY: just inserted here.
            hold(unsafe { OwnedRef::new(self, Ref::new(new)) })
        })
    }

    /// As [`try_insert`](Self::try_insert), but gives what `hold` makes of the new entry, before destructors run.
    pub(crate) fn try_insert_held<R>(
        self: &Arc<Self>,
        key: K,
        value: V,
        hold: impl FnOnce(OwnedRef<K, V, S>) -> R,
    ) -> Result<R, OccupiedError<'_, K, V>> {
        let hash = self.hash(&key);
        let new = NewNode::new(hash, key, value);
        let inserted = self.list_or_new().try_insert_held(hash, new, K::eq, |new| {
            // SAFETY: just inserted here.
            hold(unsafe { OwnedRef::new(self, Ref::new(new)) })
        });
        inserted.map_err(|(there, new)| {
            let (key, value) = new.into_parts();
            OccupiedError {
                entry: Ref::new(there),
                key,
                value,
            }
        })
    }
}

impl<K, V, S> OwnedRef<K, V, S> {
    /// Puts an entry with the same key and `value` in the place of this very entry, and gives what `hold` makes of
    /// it, before destructors run; gives the value back if the entry is no longer there.
    pub(crate) fn update_held<R>(&self, value: V, hold: impl FnOnce(Self) -> R) -> Result<R, V> {
        let Some(list) = self.map.list() else {
            return Err(value);
        };
        list.update_that_held(self.entry.node(), value, |new| {
            // SAFETY: just inserted here.
            hold(unsafe { Self::new(&self.map, Ref::new(new)) })
        })
    }

    /// Removes this very entry, and calls `then`, before destructors run: with false if it was no longer there.
    pub(crate) fn remove_held<R>(&self, then: impl FnOnce(bool) -> R) -> R {
        match self.map.list() {
            Some(list) => list.remove_that_held(self.entry.node(), then),
            None => then(false),
        }
    }
}
