//! User code panics in the middle of growth and of an iteration; it is recovered, and the map is read,
//! written and iterated.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread;

use crate::common::{Random, scaled};
use splitmap::{HashMap, Ref};

/// Panics without a message: what is not caught is seen all the same.
pub(crate) fn quiet_panic(what: &'static str) -> ! {
    resume_unwind(Box::new(what))
}

/// Tells other threads that the test is over, also when it failed: else they would go on for ever.
pub(crate) struct Over<'a>(pub(crate) &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Where an entry's code panics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Trap {
    None,
    Hash,
    Eq,
    DropKey,
    DropValue,
}

/// A key that panics where it was told to.
#[derive(Debug)]
struct Key(u64, Trap);

/// A value that does when it is dropped.
#[derive(Debug)]
struct Value(u64, Trap);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if self.1 == Trap::Hash {
            quiet_panic("hash");
        }
        state.write_u64(self.0);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        if self.1 == Trap::Eq || other.1 == Trap::Eq {
            quiet_panic("eq");
        }
        self.0 == other.0
    }
}
impl Eq for Key {}

impl splitmap::Equivalent<Key> for u64 {
    fn equivalent(&self, key: &Key) -> bool {
        *self == key.0
    }
}

/// Keys and values that there are.
static ALIVE: AtomicI64 = AtomicI64::new(0);
/// Panics in their destructors.
static DROP_PANICS: AtomicU64 = AtomicU64::new(0);

/// What a destructor does; not while the thread is panicking, as that would abort.
fn dropped(panics: bool) {
    ALIVE.fetch_sub(1, Ordering::Relaxed);
    if panics && !thread::panicking() {
        DROP_PANICS.fetch_add(1, Ordering::Relaxed);
        quiet_panic("drop");
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        dropped(self.1 == Trap::DropKey);
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        dropped(self.1 == Trap::DropValue);
    }
}

/// What one thread knows of its keys, and how often it recovered.
struct Recovering<'map> {
    map: &'map HashMap<Key, Value>,
    thread: u64,
    model: BTreeMap<u64, u64>,
    /// Panics recovered; of those, while the table grew.
    recovered: [u64; 2],
}

impl Recovering<'_> {
    /// Runs what may panic. Whether it took effect: a destructor's panic comes after that.
    fn took_effect(&mut self, operation: impl FnOnce()) -> bool {
        let map = self.map;
        // More entries than fit the table, and it has not doubled yet.
        let growing = map.len() > map.capacity();
        let Err(panic) = catch_unwind(AssertUnwindSafe(operation)) else {
            return true;
        };
        let still_growing = growing && map.len() > map.capacity();
        self.recovered[0] += 1;
        self.recovered[1] += u64::from(still_growing);
        panic.downcast_ref() == Some(&"drop")
    }

    fn insert(&mut self, n: u64, key: Trap, value: Trap) {
        ALIVE.fetch_add(2, Ordering::Relaxed);
        let (map, key, value) = (self.map, Key(n, key), Value(!n, value));
        if self.took_effect(|| drop(map.insert(key, value))) {
            self.model.insert(n, !n);
        }
    }

    fn key(&self, n: u64) -> u64 {
        self.thread << 32 | n
    }

    /// Reads, writes and iterates.
    fn check(&mut self, n: u64) {
        let (map, key) = (self.map, self.key(n));
        // What an operation that panicked had still to drop is dropped by the next one.
        self.took_effect(|| drop(map.get(&key)));
        assert_eq!(
            self.map.get(&key).map(|entry| entry.0),
            self.model.get(&key).copied()
        );
        let absent = self.key(1 << 31);
        assert!(self.map.get(&absent).is_none());
        if n.is_power_of_two() {
            let own = |entry: &Ref<'_, Key, Value>| entry.key().0 >> 32 == self.thread;
            let entries = self.map.iter().filter(own);
            let pairs: Vec<_> = entries.map(|entry| (entry.key().0, entry.0)).collect();
            assert_eq!(pairs.len(), self.model.len());
            assert_eq!(pairs.into_iter().collect::<BTreeMap<_, _>>(), self.model);
        }
    }

    fn recover(mut self, entries: u64) -> Self {
        for n in 0..entries {
            let (map, new, old) = (self.map, self.key(n), self.key(n / 2));
            match n % 7 {
                0 => self.insert(new, Trap::Hash, Trap::None),
                1 => self.insert(old, Trap::Eq, Trap::None),
                // These are replaced below, and their destructors run when they are freed.
                2 => self.insert(old, Trap::DropKey, Trap::None),
                3 => self.insert(old, Trap::None, Trap::DropValue),
                4 => drop(self.took_effect(|| map.flush())),
                5 => {
                    let update = |_: &Key, _: &Value| quiet_panic("update");
                    assert!(!self.took_effect(|| drop(map.update(&old, update))));
                }
                _ => {
                    if self.took_effect(|| drop(map.remove(&old))) {
                        self.model.remove(&old);
                    }
                }
            }
            self.check(n / 2);
            self.insert(new, Trap::None, Trap::None);
            self.insert(old, Trap::None, Trap::None);
            self.check(n);
        }
        self
    }
}

/// User code panics while the table grows, is recovered, and the map is used on, by several threads.
///
/// Go: a panic in an assignment (a key that cannot be hashed) that was recovered left the map marked as
/// being written, and the next assignment, by the same goroutine, ended the process by
/// `fatal error: concurrent map writes` (golang/go#19359, repaired since; the same with several goroutines
/// is what no Go map withstands).
#[test]
fn a_panic_in_the_middle_of_growth_is_recovered() {
    let entries = scaled(40_000).max(24);
    let map = HashMap::new();
    let start = Barrier::new(3);
    let threads: Vec<Recovering<'_>> = thread::scope(|scope| {
        let threads: Vec<_> = (1..=3)
            .map(|thread| {
                let recovering = Recovering {
                    map: &map,
                    thread,
                    model: BTreeMap::new(),
                    recovered: [0; 2],
                };
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    recovering.recover(entries)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut expected = BTreeMap::new();
    for Recovering {
        model,
        thread,
        recovered: [recovered, growing],
        ..
    } in threads
    {
        println!(
            "thread {thread}: {recovered} panics recovered, {growing} of them while the table grew"
        );
        assert!(cfg!(miri) || growing > 20);
        expected.extend(model);
    }
    let found: BTreeMap<u64, u64> = map.iter().map(|entry| (entry.key().0, entry.0)).collect();
    assert_eq!(found, expected);
    assert_eq!(map.len(), found.len());
    // All is dropped, one panic after the other.
    while catch_unwind(AssertUnwindSafe(|| map.flush())).is_err() {}
    let _ = catch_unwind(AssertUnwindSafe(|| drop(map)));
    assert_eq!(ALIVE.load(Ordering::Relaxed), 0, "leaked, or dropped twice");
    println!(
        "{} panics in destructors",
        DROP_PANICS.load(Ordering::Relaxed)
    );
}

/// The body of an iteration panics while others write, and is recovered.
///
/// Go: `fatal error: concurrent map iteration and map write`, before or after the panic; what the
/// abandoned iteration held is the garbage collector's business. Here: nothing stays behind, and no entry
/// stays protected.
#[test]
fn a_panic_in_the_middle_of_an_iteration_is_recovered() {
    let entries = scaled(8_000).max(20);
    let map: HashMap<u64, u64> = (0..entries).map(|n| (n, n)).collect();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let (map, over) = (&map, &over);
        let end = Over(over);
        let writer = scope.spawn(move || {
            let mut random = Random::new(1);
            while !over.load(Ordering::Relaxed) {
                // What was there stays; others come and go, and the table grows.
                let key = entries + random.below(8 * entries);
                map.insert(key, key);
                map.remove(&(entries + random.below(8 * entries)));
                let old = random.below(entries);
                map.update(&old, |_, n| *n).unwrap();
            }
        });
        for round in 0..scaled(400).max(5) {
            let mut seen = 0;
            let stop = round * 37 % entries;
            let iteration = catch_unwind(AssertUnwindSafe(|| {
                for entry in map {
                    assert_eq!(entry.key(), entry.value());
                    if seen == stop {
                        quiet_panic("iteration");
                    }
                    seen += 1;
                }
            }));
            assert!(iteration.is_err());
            if round % 16 == 0 {
                let old = map.iter().filter(|entry| **entry < entries).count();
                assert_eq!(
                    old as u64, entries,
                    "one that stayed was missed, or came twice"
                );
            }
        }
        drop(end);
        // Its seat is free then. (The end of the scope does not wait for that.)
        writer.join().unwrap();
    });
    // What the writer left is taken over.
    map.flush();
    assert_eq!(map.retired_len(), 0);
    for stop in 0..40 {
        let iteration = || {
            (0..=stop)
                .zip(&map)
                .last()
                .map(|_| quiet_panic("iteration"))
        };
        assert!(catch_unwind(AssertUnwindSafe(iteration)).is_err());
    }
    map.clear();
    map.flush();
    assert_eq!((map.len(), map.retired_len()), (0, 0), "still protected");
}
