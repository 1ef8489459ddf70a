//! What is tested: a map from [`Key`]s to values, the real one or a broken one; and where its
//! operations are held up, so that they overlap on two cores too.

use super::history::{State, Value};
use crate::common::Random;
use splitmap::{Computed, HashMap, Operation};
use std::cell::RefCell;
use std::hash::{BuildHasher, Hash, Hasher};

/// At most so many turns of a loop.
const SPINS: u64 = if cfg!(miri) { 2 } else { 200 };

thread_local! {
    static RANDOM: RefCell<Option<Random>> = const { RefCell::new(None) };
}

/// From now on, [`widen`] holds the calling thread up.
pub(crate) fn widen_from(seed: u64) {
    RANDOM.set(Some(Random::new(seed)));
}

/// Now and then, gives the core to another thread, or spins for a while: called in the middle of
/// operations, from all the user code that they run.
pub(crate) fn widen() {
    RANDOM.with_borrow_mut(|random| {
        let Some(random) = random else {
            return;
        };
        match random.below(32) {
            0..3 => std::thread::yield_now(),
            3..6 => (0..random.below(SPINS)).for_each(|_| std::hint::spin_loop()),
            _ => {}
        }
    });
}

/// A key that dawdles when it is hashed and compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key(pub(crate) u64);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        widen();
        state.write_u64(self.0);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        widen();
        self.0 == other.0
    }
}

impl Eq for Key {}

/// What the closure of a `compute` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Insert(Value),
    Remove,
    Abort,
}

/// A map's operations, with values copied out.
pub(crate) trait Subject: Sync {
    fn get(&self, key: u64) -> State;
    fn get_key_value(&self, key: u64) -> Option<(u64, Value)>;
    fn contains_key(&self, key: u64) -> bool;
    fn insert(&self, key: u64, value: Value) -> State;
    /// The value that was in the way, if there was one.
    fn try_insert(&self, key: u64, value: Value) -> State;
    fn get_or_insert_with(&self, key: u64, value: &dyn Fn() -> Value) -> Value;
    fn update(&self, key: u64, f: &dyn Fn(Value) -> Value) -> State;
    /// The value that was replaced.
    fn replace(&self, key: u64, value: Value) -> State;
    /// What was there.
    fn compare_exchange(&self, key: u64, expected: Value, new: Value) -> State;
    /// What was there.
    fn compare_remove(&self, key: u64, expected: Value) -> State;
    /// Shows `f` what is there and what it gets back; says what it was shown last, and what was then there.
    fn compute(&self, key: u64, f: &mut dyn FnMut(State, State) -> Answer) -> (State, State);
    fn remove(&self, key: u64) -> State;
    fn remove_if(&self, key: u64, test: &mut dyn FnMut(Value) -> bool) -> State;
    fn walk(&self, show: &mut dyn FnMut(u64, Value));
    /// Says when the snapshot is there, then shows it.
    fn snapshot(&self, taken: &mut dyn FnMut(), show: &mut dyn FnMut(u64, Value));
    fn len(&self) -> usize;
    fn clear(&self);
    fn flush(&self);
}

impl<S: BuildHasher + Sync> Subject for HashMap<Key, Value, S> {
    fn get(&self, key: u64) -> State {
        self.get(&Key(key)).as_deref().copied()
    }

    fn get_key_value(&self, key: u64) -> Option<(u64, Value)> {
        let entry = self.get_key_value(&Key(key))?;
        Some((entry.key().0, *entry))
    }

    fn contains_key(&self, key: u64) -> bool {
        self.contains_key(&Key(key))
    }

    fn insert(&self, key: u64, value: Value) -> State {
        self.insert(Key(key), value).as_deref().copied()
    }

    fn try_insert(&self, key: u64, value: Value) -> State {
        match self.try_insert(Key(key), value) {
            Ok(new) => {
                assert_eq!((new.key().0, *new), (key, value));
                None
            }
            Err(error) => {
                assert_eq!((error.key.0, error.value), (key, value));
                Some(*error.entry)
            }
        }
    }

    fn get_or_insert_with(&self, key: u64, value: &dyn Fn() -> Value) -> Value {
        *self.get_or_insert_with(Key(key), value)
    }

    fn update(&self, key: u64, f: &dyn Fn(Value) -> Value) -> State {
        self.update(&Key(key), |_, value| f(*value))
            .as_deref()
            .copied()
    }

    fn replace(&self, key: u64, value: Value) -> State {
        match self.replace(&Key(key), value) {
            Ok(replaced) => Some(*replaced),
            Err(given_back) => {
                assert_eq!(given_back, value);
                None
            }
        }
    }

    fn compare_exchange(&self, key: u64, expected: Value, new: Value) -> State {
        match self.compare_exchange(&Key(key), &expected, new) {
            Ok(entry) => {
                assert_eq!(*entry, new);
                Some(expected)
            }
            Err(error) => {
                assert_eq!(error.value, new);
                error.entry.as_deref().copied()
            }
        }
    }

    fn compare_remove(&self, key: u64, expected: Value) -> State {
        let there = self.compare_remove(&Key(key), &expected);
        there.map_or_else(|there| there.as_deref().copied(), |removed| Some(*removed))
    }

    fn compute(&self, key: u64, f: &mut dyn FnMut(State, State) -> Answer) -> (State, State) {
        let computed = self.compute(Key(key), |entry, returned| {
            let seen = entry.map(|(_, value)| *value);
            match f(seen, returned) {
                Answer::Insert(new) => Operation::Insert(new),
                Answer::Remove => Operation::Remove,
                Answer::Abort => Operation::Abort(seen),
            }
        });
        match computed {
            Computed::Inserted(new) => (None, Some(*new)),
            Computed::Updated { old, new } => (Some(*old), Some(*new)),
            Computed::Removed(old) => (old.as_deref().copied(), None),
            Computed::Aborted(seen) => (seen, seen),
        }
    }

    fn remove(&self, key: u64) -> State {
        self.remove(&Key(key)).as_deref().copied()
    }

    fn remove_if(&self, key: u64, test: &mut dyn FnMut(Value) -> bool) -> State {
        self.remove_if(&Key(key), |_, value| test(*value))
            .as_deref()
            .copied()
    }

    fn walk(&self, show: &mut dyn FnMut(u64, Value)) {
        for entry in self {
            show(entry.key().0, *entry);
        }
    }

    fn snapshot(&self, taken: &mut dyn FnMut(), show: &mut dyn FnMut(u64, Value)) {
        let snapshot = self.snapshot();
        taken();
        assert_eq!(snapshot.iter().count(), snapshot.len());
        for (key, value) in &snapshot {
            // Others remove and free what they can.
            widen();
            show(key.0, *value);
        }
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn clear(&self) {
        self.clear();
    }

    fn flush(&self) {
        self.flush();
    }
}
