//! Maps with one flaw each, of the kinds that concurrent maps have had: each must be refused.
//!
//! All are the real map with one operation done in two steps or from a copy. Nothing holds them up
//! between the steps but what holds up the real map's operations too.

use super::history::{State, Value};
use super::subject::{Answer, Key, Subject};
use splitmap::HashMap;
use std::collections::HashMap as StdMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// None: to see that this file adds no other.
    Sound,
    /// `insert` removes the old entry, then inserts the new one.
    InsertInTwoSteps,
    /// `get` keeps what it read for later gets, and may do so after the write that drops it.
    StaleGet,
    /// `try_insert` looks, then inserts.
    CheckThenInsert,
    /// `get_or_insert_with` looks, then inserts, and gives what it made.
    CheckThenGive,
    /// `update` reads, then writes what it made of that.
    LostUpdate,
    /// `update` inserts a key that was removed meanwhile.
    UpdateRevives,
    /// `replace` looks, then inserts.
    ReplaceInserts,
    /// `compare_exchange` looks, then inserts.
    ComparesThenInserts,
    /// `compare_remove` looks, then removes.
    ComparesThenRemoves,
    /// `compute` looks, then does what it is told.
    ComputesInTwoSteps,
    /// `remove_if` tests one entry and removes whatever is there then.
    RemovesAnother,
    /// `remove` gives what it read before it removed.
    RemoveGivesOld,
    /// A walk gives an entry again if it was replaced meanwhile.
    WalkTwice,
    /// A walk leaves an entry out if it was replaced meanwhile.
    WalkMisses,
    /// A snapshot is a walk.
    SnapshotWalks,
    /// A snapshot has even keys of one moment, and odd keys of a later one.
    SnapshotInHalves,
    /// A snapshot leaves an entry out if it was replaced meanwhile.
    SnapshotMisses,
    /// A snapshot is the one that was taken when it was called before.
    SnapshotOfLastCall,
    /// `clear` leaves an entry if it was replaced meanwhile.
    ClearLeaves,
    /// `clear` takes from the count what it is going to remove, not what it removes.
    ClearCountsAhead,
    /// `len` counts an insertion twice if another thread inserted the key meanwhile.
    LenCountsTwice,
    /// `len` says what was so when it was called before.
    LenOfLastCall,
}

/// The real map, but for its flaw.
#[derive(Debug)]
pub(crate) struct Broken {
    flaw: Flaw,
    map: HashMap<Key, Value, foldhash::fast::RandomState>,
    /// What [`Flaw::StaleGet`] and [`Flaw::SnapshotOfLastCall`] keep.
    kept: Mutex<StdMap<u64, Value>>,
    /// What the flaws of `len` keep. Relaxed, as it is a count, read for its number only.
    len: AtomicUsize,
}

impl Broken {
    pub(crate) fn new(flaw: Flaw) -> Self {
        Self {
            flaw,
            map: HashMap::default(),
            kept: Mutex::default(),
            len: AtomicUsize::new(0),
        }
    }

    fn subject(&self) -> &dyn Subject {
        &self.map
    }

    /// Runs a change of `key`, and forgets what was kept of it.
    fn change<T>(&self, key: u64, change: impl FnOnce(&dyn Subject) -> T) -> T {
        let result = change(self.subject());
        if self.flaw == Flaw::StaleGet {
            self.kept.lock().unwrap().remove(&key);
        }
        result
    }

    fn stale_get(&self, key: u64) -> State {
        let kept = self.kept.lock().unwrap().get(&key).copied();
        kept.or_else(|| {
            let value = self.subject().get(key)?;
            self.kept.lock().unwrap().insert(key, value);
            Some(value)
        })
    }

    fn two_step_update(&self, key: u64, f: &dyn Fn(Value) -> Value) -> State {
        let new = f(self.subject().get(key)?);
        if self.flaw == Flaw::UpdateRevives || self.subject().contains_key(key) {
            self.subject().insert(key, new);
            return Some(new);
        }
        None
    }

    /// The real map's snapshot.
    fn entries(&self) -> StdMap<u64, Value> {
        let mut entries = StdMap::new();
        self.subject().snapshot(&mut || {}, &mut |key, value| {
            entries.insert(key, value);
        });
        entries
    }

    /// Counts in `len` as much as the flaw has it.
    fn count(&self, change: isize) {
        if matches!(self.flaw, Flaw::LenCountsTwice | Flaw::ClearCountsAhead) {
            self.len
                .fetch_add(change.cast_unsigned(), Ordering::Relaxed);
        }
    }
}

impl Subject for Broken {
    fn get(&self, key: u64) -> State {
        match self.flaw {
            Flaw::StaleGet => self.stale_get(key),
            _ => self.subject().get(key),
        }
    }

    fn get_key_value(&self, key: u64) -> Option<(u64, Value)> {
        self.subject().get_key_value(key)
    }

    fn contains_key(&self, key: u64) -> bool {
        self.subject().contains_key(key)
    }

    fn insert(&self, key: u64, value: Value) -> State {
        if self.flaw == Flaw::InsertInTwoSteps {
            let removed = self.subject().remove(key);
            return removed
                .or_else(|| self.subject().insert(key, value))
                .inspect(|_| {
                    self.subject().insert(key, value);
                });
        }
        if self.flaw == Flaw::LenCountsTwice {
            self.count(1 - isize::from(self.subject().contains_key(key)));
            return self.subject().insert(key, value);
        }
        let replaced = self.change(key, |map| map.insert(key, value));
        self.count(1 - isize::from(replaced.is_some()));
        replaced
    }

    fn try_insert(&self, key: u64, value: Value) -> State {
        let there = match self.flaw {
            Flaw::CheckThenInsert => self.subject().get(key).or_else(|| {
                self.subject().insert(key, value);
                None
            }),
            _ => self.change(key, |map| map.try_insert(key, value)),
        };
        self.count(isize::from(there.is_none()));
        there
    }

    fn get_or_insert_with(&self, key: u64, value: &dyn Fn() -> Value) -> Value {
        if self.flaw == Flaw::CheckThenGive {
            return self.subject().get(key).unwrap_or_else(|| {
                let new = value();
                self.subject().insert(key, new);
                new
            });
        }
        let inserted = std::cell::Cell::new(None);
        let make = || {
            inserted.set(Some(value()));
            inserted.get().unwrap()
        };
        let got = self.change(key, |map| map.get_or_insert_with(key, &make));
        self.count(isize::from(inserted.get() == Some(got)));
        got
    }

    fn update(&self, key: u64, f: &dyn Fn(Value) -> Value) -> State {
        match self.flaw {
            Flaw::LostUpdate | Flaw::UpdateRevives => self.two_step_update(key, f),
            _ => self.change(key, |map| map.update(key, f)),
        }
    }

    fn replace(&self, key: u64, value: Value) -> State {
        match self.flaw {
            Flaw::ReplaceInserts => self.subject().get(key).inspect(|_| {
                self.subject().insert(key, value);
            }),
            _ => self.change(key, |map| map.replace(key, value)),
        }
    }

    fn compare_exchange(&self, key: u64, expected: Value, new: Value) -> State {
        match self.flaw {
            Flaw::ComparesThenInserts => self.subject().get(key).inspect(|there| {
                if *there == expected {
                    self.subject().insert(key, new);
                }
            }),
            _ => self.change(key, |map| map.compare_exchange(key, expected, new)),
        }
    }

    fn compare_remove(&self, key: u64, expected: Value) -> State {
        let there = match self.flaw {
            Flaw::ComparesThenRemoves => self.subject().get(key).inspect(|there| {
                if *there == expected {
                    self.subject().remove(key);
                }
            }),
            _ => self.change(key, |map| map.compare_remove(key, expected)),
        };
        self.count(-isize::from(there == Some(expected)));
        there
    }

    fn compute(&self, key: u64, f: &mut dyn FnMut(State, State) -> Answer) -> (State, State) {
        if self.flaw != Flaw::ComputesInTwoSteps {
            let (seen, after) = self.change(key, |map| map.compute(key, f));
            self.count(isize::from(after.is_some()) - isize::from(seen.is_some()));
            return (seen, after);
        }
        let seen = self.subject().get(key);
        match f(seen, None) {
            Answer::Insert(new) => {
                self.subject().insert(key, new);
                (seen, Some(new))
            }
            Answer::Remove => {
                self.subject().remove(key);
                (seen, None)
            }
            Answer::Abort => (seen, seen),
        }
    }

    fn remove(&self, key: u64) -> State {
        let removed = match self.flaw {
            Flaw::RemoveGivesOld => {
                let old = self.subject().get(key);
                self.subject().remove(key).and(old)
            }
            _ => self.change(key, |map| map.remove(key)),
        };
        self.count(-isize::from(removed.is_some()));
        removed
    }

    fn remove_if(&self, key: u64, test: &mut dyn FnMut(Value) -> bool) -> State {
        let removed = match self.flaw {
            Flaw::RemovesAnother => {
                let seen = self.subject().get(key).filter(|value| test(*value));
                seen.filter(|_| self.subject().remove(key).is_some())
            }
            _ => self.change(key, |map| map.remove_if(key, test)),
        };
        self.count(-isize::from(removed.is_some()));
        removed
    }

    fn walk(&self, show: &mut dyn FnMut(u64, Value)) {
        let mut given = Vec::new();
        self.subject()
            .walk(&mut |key, value| given.push((key, value)));
        for (key, value) in given {
            let replaced = || self.subject().get(key).filter(|now| *now != value);
            match self.flaw {
                Flaw::WalkTwice => {
                    show(key, value);
                    if let Some(now) = replaced() {
                        show(key, now);
                    }
                }
                Flaw::WalkMisses if replaced().is_some() => {}
                _ => show(key, value),
            }
        }
    }

    fn snapshot(&self, taken: &mut dyn FnMut(), show: &mut dyn FnMut(u64, Value)) {
        let mut shown = StdMap::new();
        match self.flaw {
            Flaw::SnapshotWalks => self.subject().walk(&mut |key, value| {
                shown.insert(key, value);
            }),
            Flaw::SnapshotInHalves => {
                shown.extend(self.entries().iter().filter(|(key, _)| *key % 2 == 0));
                shown.extend(self.entries().iter().filter(|(key, _)| *key % 2 == 1));
            }
            Flaw::SnapshotMisses => {
                shown = self.entries();
                shown.retain(|key, value| {
                    let now = self.subject().get(*key);
                    now.is_none_or(|now| now == *value)
                });
            }
            Flaw::SnapshotOfLastCall => {
                let now = self.entries();
                shown = std::mem::replace(&mut *self.kept.lock().unwrap(), now);
            }
            _ => return self.subject().snapshot(taken, show),
        }
        taken();
        for (key, value) in shown {
            show(key, value);
        }
    }

    fn len(&self) -> usize {
        let len = self.subject().len();
        match self.flaw {
            Flaw::LenCountsTwice | Flaw::ClearCountsAhead => self.len.load(Ordering::Relaxed),
            Flaw::LenOfLastCall => self.len.swap(len, Ordering::Relaxed),
            _ => len,
        }
    }

    fn clear(&self) {
        let mut entries = Vec::new();
        self.subject()
            .walk(&mut |key, value| entries.push((key, value)));
        match self.flaw {
            Flaw::ClearLeaves => {
                for (key, value) in entries {
                    self.subject().remove_if(key, &mut |now| now == value);
                }
            }
            Flaw::ClearCountsAhead => {
                self.count(-entries.len().cast_signed());
                for (key, _) in entries {
                    self.subject().remove(key);
                }
            }
            _ => {
                self.subject().clear();
                self.kept.lock().unwrap().clear();
            }
        }
    }

    fn flush(&self) {
        self.subject().flush();
    }
}
