//! What the threads do: victims until they are stopped, survivors until the end.
//!
//! ```text
//!   keys:   survivor 0's own │ survivor 1's own │ everybody's
//!           each owner has a model of them,       the values must fit their keys
//!           and every answer must agree
//! ```

use std::collections::HashMap as Model;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use splitmap::HashMap;

use crate::common::Random;
use crate::nursery::Nursery;
use crate::park::Victim;

pub(crate) const SURVIVORS: usize = 2;

/// A value that shows which key it is of, and whether it has been dropped.
#[derive(Debug)]
pub(crate) struct Value {
    key: u64,
    n: u64,
    check: u64,
}

impl Value {
    pub(crate) fn new(key: u64, n: u64) -> Self {
        let check = !(key ^ n);
        Self { key, n, check }
    }

    /// Its number, if it is whole and stands under `key`.
    pub(crate) fn of(&self, key: u64) -> u64 {
        assert_eq!(self.check, !(self.key ^ self.n), "read after its drop");
        assert_eq!(self.key, key, "the value of another key");
        self.n
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        assert_eq!(self.check, !(self.key ^ self.n), "dropped twice");
        // SAFETY: a field of our own. (Volatile, as nobody may read it any more, and a compiler knows.)
        unsafe { (&raw mut self.check).write_volatile(self.key ^ self.n) };
    }
}

pub(crate) type Map = HashMap<u64, Value, foldhash::fast::FixedState>;

/// What the threads of a round share; leaked, as the stopped ones keep it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) map: Map,
    pub(crate) nursery: Nursery,
    /// Keys of each region are below this: the controller raises it, and the map has to grow.
    pub(crate) span: AtomicU64,
    /// Operations of each survivor.
    pub(crate) done: [AtomicUsize; SURVIVORS],
    /// Entries that the survivors have replaced or removed.
    pub(crate) retired: AtomicUsize,
    pub(crate) over: AtomicBool,
    /// Victims clear the map now and then: entries of the survivors may be gone.
    pub(crate) clearing: bool,
}

impl Shared {
    pub(crate) fn new(span: u64, clearing: bool) -> Self {
        Self {
            map: Map::default(),
            nursery: Nursery::default(),
            span: AtomicU64::new(span),
            done: [const { AtomicUsize::new(0) }; SURVIVORS],
            retired: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            clearing,
        }
    }
}

/// The keys that everybody uses; the regions below are the survivors'.
pub(crate) const COMMON: u64 = SURVIVORS as u64;

pub(crate) fn key(region: u64, n: u64) -> u64 {
    region << 32 | n
}

pub(crate) fn region(key: u64) -> u64 {
    key >> 32
}

/// What a victim may be doing; 0 is nothing.
pub(crate) const DOING: [&str; 13] = [
    "(between)",
    "insert",
    "try_insert",
    "update",
    "remove",
    "remove_if",
    "get",
    "get_or_insert_with",
    "iter",
    "reserve",
    "flush",
    "clear",
    "insert (young map)",
];

/// A victim's life: operations in quick succession, among which it never stops of its own accord.
pub(crate) fn be_a_victim(shared: &'static Shared, victim: &'static Victim, seed: u64) {
    // What a thread does once, where it must not be stopped (see `park`): it takes its seat.
    HashMap::new().insert(0, 0);
    let mut random = Random::new(seed);
    let map = &shared.map;
    // At most one, so that a seat's hazards can be counted (`bound_of_round`).
    let mut held = None;
    victim.enlist();
    loop {
        let key = key(COMMON, random.below(shared.span.load(Ordering::Relaxed)));
        let n = random.next();
        let doing = match random.below(1024) {
            0..300 => 1,
            300..350 => 2,
            350..430 => 3,
            430..560 => 4,
            560..590 => 5,
            590..670 => 6,
            670..720 => 7,
            720..732 => 8,
            732..744 => 9,
            744 => 10,
            745 if shared.clearing => 11,
            746..800 => 12,
            _ => 0,
        };
        victim.doing.store(doing, Ordering::Relaxed);
        match doing {
            1 => drop(map.insert(key, Value::new(key, n))),
            2 => drop(map.try_insert(key, Value::new(key, n))),
            3 => drop(map.update(&key, |_, old| Value::new(key, old.of(key) + 1))),
            4 => drop(map.remove(&key)),
            5 => drop(map.remove_if(&key, |_, old| old.of(key) % 2 == 0)),
            6 => held = map.get(&key),
            7 => drop(map.get_or_insert_with(key, || Value::new(key, n))),
            8 => map.iter().take(8).for_each(|entry| {
                entry.of(*entry.key());
            }),
            9 => map.reserve(8),
            10 => map.flush(),
            11 => map.clear(),
            12 => shared.nursery.grow(),
            _ => held = None,
        }
        if let Some(held) = &held {
            held.of(*held.key());
        }
        victim.doing.store(0, Ordering::Relaxed);
    }
}

/// One that goes on, and knows what the map must hold of its own keys.
pub(crate) struct Survivor {
    shared: &'static Shared,
    id: u64,
    pub(crate) model: Model<u64, u64>,
    random: Random,
}

impl Survivor {
    pub(crate) fn new(shared: &'static Shared, id: u64, seed: u64) -> Self {
        Self {
            shared,
            id,
            model: Model::new(),
            random: Random::new(seed),
        }
    }

    /// Works until the round is over.
    pub(crate) fn survive(mut self) -> Self {
        let done = &self.shared.done[usize::try_from(self.id).unwrap()];
        while !self.shared.over.load(Ordering::Relaxed) {
            match self.random.below(64) {
                0..48 => self.operate_on_own(),
                48..62 => self.operate_on_common(),
                62 => self.shared.nursery.grow(),
                _ => self.walk(),
            }
            done.fetch_add(1, Ordering::Relaxed);
        }
        self
    }

    /// The map's answer must be the model's.
    fn agree(&self, found: Option<u64>, expected: Option<u64>) {
        if !(self.shared.clearing && found.is_none()) {
            assert_eq!(found, expected);
        }
    }

    fn operate_on_own(&mut self) {
        let map = &self.shared.map;
        let span = self.shared.span.load(Ordering::Relaxed);
        let (key, n) = (key(self.id, self.random.below(span)), self.random.next());
        let expected = self.model.get(&key).copied();
        let number = |entry: splitmap::Ref<'_, u64, Value>| entry.of(key);
        match self.random.below(16) {
            0..6 => {
                self.agree(map.insert(key, Value::new(key, n)).map(number), expected);
                self.model.insert(key, n);
            }
            6..8 => {
                let found = map.try_insert(key, Value::new(key, n));
                let found = found.map_err(|error| number(error.entry)).map(number);
                if found == Ok(n) {
                    self.agree(None, expected);
                    self.model.insert(key, n);
                } else {
                    assert_eq!(found, Err(expected.unwrap()));
                }
            }
            8..10 => {
                let updated = map.update(&key, |_, old| Value::new(key, old.of(key) ^ n));
                self.agree(updated.map(number), expected.map(|old| old ^ n));
                self.model.entry(key).and_modify(|old| *old ^= n);
            }
            10..13 => {
                self.agree(map.remove(&key).map(number), expected);
                self.model.remove(&key);
            }
            _ => self.agree(map.get(&key).map(number), expected),
        }
        if expected.is_some() && self.model.get(&key) != expected.as_ref() {
            // Replaced or removed.
            self.shared.retired.fetch_add(1, Ordering::Relaxed);
        }
        if self.shared.clearing {
            // What others cleared cannot be told from what is still to be cleared.
            match map.get(&key).map(number) {
                Some(n) => assert_eq!(self.model.get(&key), Some(&n)),
                None => drop(self.model.remove(&key)),
            }
        }
    }

    fn operate_on_common(&mut self) {
        let map = &self.shared.map;
        let span = self.shared.span.load(Ordering::Relaxed);
        let (key, n) = (key(COMMON, self.random.below(span)), self.random.next());
        match self.random.below(8) {
            0..3 => drop(map.insert(key, Value::new(key, n))),
            3..5 => drop(map.remove(&key)),
            5 => drop(map.update(&key, |_, old| Value::new(key, old.of(key)))),
            _ => drop(map.get(&key).inspect(|entry| {
                entry.of(key);
            })),
        }
    }

    fn walk(&mut self) {
        for entry in self.shared.map.iter().take(16) {
            let n = entry.of(*entry.key());
            // Nobody else writes what this thread owns.
            if region(*entry.key()) == self.id {
                self.agree(Some(n), self.model.get(entry.key()).copied());
            }
        }
    }
}
