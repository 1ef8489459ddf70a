//! The rest of the face beside other threads: nothing is done twice, nothing is lost.

mod common;

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::scope;

use common::{BadHash, Census, TruncHash, scaled};
use splitmap::{Computed, Entry, HashMap, HashSet, Operation};

const THREADS: u64 = 4;

/// Runs `test` with a good hasher, one with few hashes, and one with a single hash.
fn with_hashers(test: impl Fn(&dyn Fn() -> HashMap<u64, u64, Any>)) {
    for kind in [
        Any::Good(foldhash::fast::FixedState::default()),
        Any::Few,
        Any::Bad,
    ] {
        test(&|| HashMap::with_hasher(kind.clone()));
    }
}

#[derive(Clone)]
enum Any {
    Good(foldhash::fast::FixedState),
    Few,
    Bad,
}

impl BuildHasher for Any {
    type Hasher = Box<dyn core::hash::Hasher>;
    fn build_hasher(&self) -> Self::Hasher {
        match self {
            Self::Good(hasher) => Box::new(hasher.build_hasher()),
            Self::Few => Box::new(TruncHash(2).build_hasher()),
            Self::Bad => Box::new(BadHash.build_hasher()),
        }
    }
}

fn in_threads(f: impl Fn(u64) + Sync) {
    scope(|scope| {
        for thread in 0..THREADS {
            let f = &f;
            scope.spawn(move || f(thread));
        }
    });
}

#[test]
fn increments_by_every_method_are_all_there() {
    with_hashers(|make| {
        let map = make();
        let each = scaled(4000).max(16);
        in_threads(|thread| {
            for n in 0..each {
                let key = n % 3;
                match (n + thread) % 4 {
                    0 => drop(map.update_or_insert(key, |_, n| n + 1, 1)),
                    1 => {
                        let mut last = None;
                        let computed = map.compute(key, |entry, returned| {
                            assert_eq!(returned, last, "what was made comes back");
                            last = Some(entry.map_or(0, |(_, n)| *n) + 1);
                            Operation::<_, ()>::Insert(last.unwrap())
                        });
                        if let Computed::Updated { old, new } = computed {
                            assert_eq!(*old + 1, *new);
                        }
                    }
                    2 => {
                        let mut seen = *map.get_or_insert(key, 0);
                        while let Err(error) = map.compare_exchange(&key, &seen, seen + 1) {
                            seen = *error.entry.expect("nobody removes");
                            assert_eq!(error.value % 2, error.value & 1);
                        }
                    }
                    _ => loop {
                        let done = match map.entry(key) {
                            Entry::Occupied(entry) => {
                                let new = entry.get() + 1;
                                entry.insert(new).is_ok()
                            }
                            Entry::Vacant(entry) => entry.insert(1).is_ok(),
                        };
                        if done {
                            break;
                        }
                    },
                }
            }
        });
        assert_eq!(map.values().map(|n| *n).sum::<u64>(), THREADS * each);
    });
}

#[test]
fn each_entry_is_taken_by_one() {
    with_hashers(|make| {
        let map = make();
        let all = scaled(2000).max(24);
        (&map).extend((0..all).map(|n| (n, n)));
        let (taken, sum) = (AtomicU64::new(0), AtomicU64::new(0));
        let take = |n: u64| {
            taken.fetch_add(1, Ordering::Relaxed);
            sum.fetch_add(n, Ordering::Relaxed);
        };
        in_threads(|thread| match thread {
            0 => map.drain().for_each(|entry| take(*entry)),
            1 => map
                .extract_if(|k, _| k % 2 == 0)
                .for_each(|entry| take(*entry)),
            2 => (0..all).for_each(|k| {
                if let Entry::Occupied(entry) = map.entry(k) {
                    entry.remove().into_iter().for_each(|entry| take(*entry));
                }
            }),
            _ => {
                while let Some(entry) = map.pop_any() {
                    take(*entry);
                }
            }
        });
        let taken = taken.into_inner();
        assert_eq!((taken, sum.into_inner()), (all, all * (all - 1) / 2));
        assert!(map.is_empty() && map.iter().next().is_none());
    });
}

/// An entry is replaced all the time; `retain` asks about it, and never removes what it was not shown.
#[test]
fn retain_removes_what_it_was_shown() {
    with_hashers(|make| {
        let map = make();
        let (stop, odd_removed) = (AtomicBool::new(false), AtomicU64::new(0));
        map.insert(1, 0);
        scope(|scope| {
            scope.spawn(|| {
                for n in 0..scaled(20_000).max(60) {
                    // Even values may go at any time; odd ones never do.
                    let replaced = map.insert(1, 2 * n + 1);
                    assert!(replaced.is_none_or(|old| *old % 2 == 0));
                    let replaced = map.insert(1, 2 * n + 2);
                    odd_removed.fetch_add(u64::from(replaced.is_none()), Ordering::Relaxed);
                }
                stop.store(true, Ordering::Relaxed);
            });
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    map.retain(|_, value| value % 2 == 1);
                }
            });
        });
        assert_eq!(odd_removed.into_inner(), 0);
    });
}

#[test]
fn of_equal_elements_one_is_inserted_and_removed() {
    let set = HashSet::new();
    let (inserted, removed) = (AtomicU64::new(0), AtomicU64::new(0));
    in_threads(|_| {
        for n in 0..scaled(20_000).max(40) {
            inserted.fetch_add(u64::from(set.insert(n % 16)), Ordering::Relaxed);
            removed.fetch_add(u64::from(set.remove(&(n % 16))), Ordering::Relaxed);
        }
    });
    let left = u64::try_from(set.len()).unwrap();
    assert_eq!(inserted.into_inner(), removed.into_inner() + left);
}

/// What is computed and comes too late, and what changes replace, is dropped once.
#[test]
fn values_of_changes_are_dropped_once() {
    let census = Census::default();
    {
        let map = HashMap::new();
        in_threads(|thread| {
            for n in 0..scaled(4000).max(20) {
                let key = n % 4;
                match (n + thread) % 5 {
                    0 => drop(map.compute(key, |_, returned| {
                        Operation::<_, ()>::Insert(returned.unwrap_or_else(|| census.counted(n)))
                    })),
                    1 => drop(map.replace(&key, census.counted(n))),
                    2 => drop(map.get_or_insert_with(key, || census.counted(n))),
                    3 => drop(map.update_or_insert_with(
                        key,
                        |_, old| census.counted(old.get() + 1),
                        || census.counted(n),
                    )),
                    _ => drop(map.pop_any()),
                }
            }
        });
        assert!(census.alive() >= isize::try_from(map.len()).unwrap());
    }
    assert_eq!(census.alive(), 0);
}

#[test]
fn many_look_ups_beside_changes_see_what_stays() {
    let map = HashMap::new();
    let many = if cfg!(miri) { 40 } else { 200 };
    let keys: Vec<u64> = (0..many).collect();
    (&map).extend(keys.iter().map(|&k| (k, k)));
    let stop = AtomicBool::new(false);
    scope(|scope| {
        scope.spawn(|| {
            for n in 0..scaled(20_000).max(60) {
                map.insert(1000 + n, n); // the table grows
                map.update(&(n % (many / 2)), |k, _| *k);
                map.remove(&(1000 + n / 2));
            }
            stop.store(true, Ordering::Relaxed);
        });
        while !stop.load(Ordering::Relaxed) {
            for (entry, key) in map.get_many(&keys).zip(&keys) {
                assert_eq!(entry.as_deref(), Some(key));
            }
        }
    });
}
