//! The rest of the face: what each method promises, against std's map, with good and bad hashes.
//! (`semantics.rs` has the first methods, `tests/face_threads.rs` the same beside other threads.)

mod common;

use std::collections::HashMap as Std;
use std::hash::BuildHasher;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use common::{BadHash, Census, Counted, Random, TruncHash, scaled};
use splitmap::{Computed, Entry, HashMap, Operation};

type Map<H> = HashMap<u64, u64, H>;

fn sorted(entries: impl IntoIterator<Item = (u64, u64)>) -> Vec<(u64, u64)> {
    let mut entries: Vec<_> = entries.into_iter().collect();
    entries.sort_unstable();
    entries
}

fn content<H>(map: &Map<H>) -> Vec<(u64, u64)> {
    sorted(map.iter().map(|entry| (*entry.key(), *entry)))
}

/// One random operation on both maps.
fn operate<H: BuildHasher>(map: &Map<H>, std: &mut Std<u64, u64>, random: &mut Random) {
    let (k, v) = (random.below(40), random.below(1000));
    match random.below(14) {
        0 => {
            let replaced = map.replace(&k, v).map(|old| *old);
            let there = std.get_mut(&k).map(|old| core::mem::replace(old, v));
            assert_eq!(replaced, there.ok_or(v));
        }
        1 => assert_eq!(*map.get_or_insert(k, v), *std.entry(k).or_insert(v)),
        2 => {
            let result = map.try_get_or_insert_with(k, || if v < 500 { Ok(v) } else { Err(v) });
            if v < 500 || std.contains_key(&k) {
                assert_eq!(result.as_deref(), Ok(&*std.entry(k).or_insert(v)));
            } else {
                assert_eq!(result.unwrap_err(), v);
            }
        }
        3 => {
            let updated = *map.update_or_insert(k, |_, old| old + 1, v);
            assert_eq!(
                updated,
                *std.entry(k).and_modify(|old| *old += 1).or_insert(v)
            );
        }
        4 => compute(map, std, k, v),
        5 => {
            let current = std.get(&k).copied().filter(|n| n % 2 == 0).unwrap_or(v);
            match map.compare_exchange(&k, &current, v) {
                Ok(new) => {
                    assert_eq!(*new, v);
                    assert_eq!(std.insert(k, v), Some(current));
                }
                Err(error) => {
                    assert_eq!((error.entry.as_deref(), error.value), (std.get(&k), v));
                    assert_ne!(std.get(&k), Some(&current));
                }
            }
        }
        6 => {
            let current = std.get(&k).copied().filter(|n| n % 2 == 0).unwrap_or(v);
            match map.compare_remove(&k, &current) {
                Ok(removed) => assert_eq!(std.remove(&k), Some(*removed)),
                Err(there) => {
                    assert_eq!(there.as_deref(), std.get(&k));
                    assert_ne!(std.get(&k), Some(&current));
                }
            }
        }
        7 => assert_eq!(
            map.remove_entry(&k).map(|e| (*e.key(), *e)),
            std.remove_entry(&k)
        ),
        8 => entry(map, std, k, v),
        9 => {
            let popped = map.pop_any();
            assert_eq!(popped.is_none(), std.is_empty());
            if let Some(popped) = popped {
                assert_eq!(std.remove(popped.key()), Some(*popped));
            }
        }
        10 if v < 100 => {
            map.retain(|k, v| (k + v) % 3 != 0);
            std.retain(|k, v| (*k + *v) % 3 != 0);
        }
        11 if v < 100 => {
            let extracted = map
                .extract_if(|k, v| (k + v) % 5 == 0)
                .map(|e| (*e.key(), *e));
            assert_eq!(
                sorted(extracted),
                sorted(std.extract_if(|k, v| (*k + *v) % 5 == 0))
            );
        }
        12 if v < 20 => {
            let drained = map.drain().map(|e| (*e.key(), *e));
            assert_eq!(sorted(drained), sorted(std.drain()));
        }
        _ => assert_eq!(map.insert(k, v).map(|old| *old), std.insert(k, v)),
    }
    assert_eq!(map.len(), std.len());
}

fn compute<H: BuildHasher>(map: &Map<H>, std: &mut Std<u64, u64>, k: u64, v: u64) {
    let there = std.get(&k).copied();
    let computed = map.compute(k, |entry, returned| {
        assert!(returned.is_none(), "nobody else is here");
        assert_eq!(entry.map(|(_, old)| *old), there);
        match v % 3 {
            0 => Operation::Insert(v),
            1 => Operation::Remove,
            _ => Operation::Abort(v),
        }
    });
    match computed {
        Computed::Inserted(new) => {
            assert_eq!((v % 3, *new, there), (0, v, None));
            std.insert(k, v);
        }
        Computed::Updated { old, new } => {
            assert_eq!((v % 3, *new, Some(*old)), (0, v, there));
            std.insert(k, v);
        }
        Computed::Removed(old) => {
            assert_eq!((v % 3, old.as_deref().copied()), (1, there));
            std.remove(&k);
        }
        Computed::Aborted(answer) => assert_eq!((v % 3, answer), (2, v)),
    }
}

fn entry<H: BuildHasher>(map: &Map<H>, std: &mut Std<u64, u64>, k: u64, v: u64) {
    match map.entry(k) {
        Entry::Occupied(entry) => {
            assert_eq!((entry.key(), Some(entry.get())), (&k, std.get(&k)));
            match v % 3 {
                0 => assert_eq!(entry.insert(v).map(|new| *new), Ok(v)),
                1 => assert_eq!(entry.remove().as_deref(), std.get(&k)),
                _ => assert_eq!(Some(&*entry.into_ref()), std.get(&k)),
            }
            match v % 3 {
                0 => drop(std.insert(k, v)),
                1 => drop(std.remove(&k)),
                _ => {}
            }
        }
        Entry::Vacant(entry) => {
            assert_eq!(entry.key(), &k);
            assert!(std.insert(k, v).is_none());
            assert_eq!(*entry.insert(v).unwrap(), v);
        }
    }
    let modified = map.entry(k).and_modify(|_, old| old + 1).or_insert(v);
    assert_eq!(
        *modified,
        *std.entry(k).and_modify(|old| *old += 1).or_insert(v)
    );
}

fn agrees_with_std<H: BuildHasher + Clone + Default>(hasher: &H) {
    let mut random = Random::new(7);
    for _ in 0..if cfg!(miri) { 1 } else { 4 } {
        let mut map = Map::with_hasher(hasher.clone());
        let mut std = Std::new();
        for n in 0..scaled(20_000) {
            operate(&map, &mut std, &mut random);
            if n % 500 == 0 {
                whole(&mut map, &mut std);
            }
        }
        whole(&mut map, &mut std);
        assert_eq!(sorted(map), sorted(std));
    }
}

/// What concerns the whole map, and what needs it exclusively.
fn whole<H: BuildHasher + Clone + Default>(map: &mut Map<H>, std: &mut Std<u64, u64>) {
    let expected = sorted(std.clone());
    assert_eq!(content(map), expected);
    let keys: Vec<u64> = (0..45).collect();
    let many = map.get_many(&keys).map(|entry| entry.as_deref().copied());
    assert!(many.eq(keys.iter().map(|key| std.get(key).copied())));
    let copy = map.clone();
    assert!(copy == *map && content(&copy) == expected);
    copy.insert(1000, 0);
    assert!(copy != *map);
    let rebuilt: Map<H> = expected.iter().copied().collect();
    assert!(rebuilt == *map);
    for (key, value) in map.iter_mut() {
        *value += key % 2;
    }
    for (key, value) in &mut *std {
        *value += key % 2;
    }
    if let Some(value) = map.get_mut(&3) {
        *value += 5;
    }
    std.entry(3).and_modify(|value| *value += 5);
    map.values_mut().for_each(|value| *value += 1);
    for value in std.values_mut() {
        *value += 1;
    }
    map.shrink_to_fit();
    assert_eq!(content(map), sorted(std.clone()));
    assert_eq!(sorted(copy).len(), expected.len() + 1);
}

#[test]
fn random_operations_agree_with_std() {
    agrees_with_std(&foldhash::fast::FixedState::default());
}

#[test]
fn random_operations_agree_with_std_when_all_keys_collide() {
    agrees_with_std(&BadHash);
}

/// [`TruncHash`] of three bits.
#[derive(Clone, Default)]
struct Few;

impl BuildHasher for Few {
    type Hasher = <TruncHash as BuildHasher>::Hasher;
    fn build_hasher(&self) -> Self::Hasher {
        TruncHash(3).build_hasher()
    }
}

#[test]
fn random_operations_agree_with_std_when_few_hashes_differ() {
    agrees_with_std(&Few);
}

#[test]
fn a_shrunk_map_has_its_entries_and_grows_again() {
    let mut map: Map<_> = HashMap::with_hasher(foldhash::fast::FixedState::default());
    let n = scaled(8000).max(100);
    for k in 0..n {
        map.insert(k, k);
    }
    let full = map.capacity();
    map.retain(|k, _| k % 10 == 0);
    map.shrink_to(usize::MAX);
    assert_eq!(map.capacity(), full, "more than there is");
    map.shrink_to_fit();
    assert!(map.capacity() < full && map.capacity() >= map.len());
    for k in 0..n {
        assert_eq!(map.get(&k).is_some(), k % 10 == 0);
        map.insert(k, k + 1);
    }
    assert_eq!(
        content(&map),
        (0..n).map(|k| (k, k + 1)).collect::<Vec<_>>()
    );
}

/// Also in the midst of growth.
#[test]
fn a_shrunk_map_is_never_larger() {
    for n in 0..if cfg!(miri) { 20 } else { 200 } {
        let mut map: Map<_> = HashMap::with_hasher(foldhash::fast::FixedState::default());
        (0..n).for_each(|k| drop(map.insert(k, k)));
        let before = map.capacity();
        map.shrink_to(1 << 12);
        assert_eq!(map.capacity(), before, "{n} entries");
        assert_eq!(content(&map), (0..n).map(|k| (k, k)).collect::<Vec<_>>());
    }
}

#[test]
fn owned_entries_are_dropped_once() {
    let census = Census::default();
    let n = scaled(4000).max(40);
    for taken in [0, 1, n / 2, n] {
        let map: HashMap<u64, Counted> = HashMap::new();
        for k in 0..n {
            map.insert(k, census.counted(k));
        }
        for k in (0..n).step_by(2) {
            // Lent keys, and retired owners of them.
            map.update(&k, |k, _| census.counted(*k));
        }
        (0..n).step_by(5).for_each(|k| drop(map.remove(&k)));
        let left = map.len();
        let mut entries = map.into_iter();
        let taken = usize::try_from(taken).unwrap();
        let some: Vec<_> = entries.by_ref().take(taken).collect();
        assert_eq!(some.len(), taken.min(left));
        assert!(some.iter().all(|(k, v)| *k == v.get() && k % 5 != 0));
        assert_eq!(
            census.alive(),
            isize::try_from(left).unwrap(),
            "the retired are gone"
        );
        drop(entries);
        assert_eq!(census.alive(), isize::try_from(some.len()).unwrap());
    }
    assert_eq!(census.alive(), 0);
}

#[test]
fn keys_that_own_memory_are_taken_out() {
    let map: HashMap<String, String> = (0..50).map(|n| (n.to_string(), String::new())).collect();
    for n in 0..50 {
        map.update(&n.to_string(), |key, _| key.repeat(2));
        map.update(&n.to_string(), |key, _| key.repeat(3));
    }
    let (keys, values) = (map.clone().into_keys(), map.clone().into_values());
    assert_eq!((keys.count(), values.count()), (50, 50));
    for (key, value) in map {
        assert_eq!(value, key.repeat(3));
    }
}

#[test]
fn a_drain_that_is_dropped_or_panics_has_removed_all() {
    let map: HashMap<u64, u64> = (0..100).map(|n| (n, n)).collect();
    map.drain().take(3).for_each(drop);
    assert!(map.is_empty());
    (&map).extend((0..100).map(|n| (n, n)));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        map.drain().for_each(|entry| assert!(*entry > 1000));
    }));
    assert!(panicked.is_err() && map.is_empty());
    map.insert(1, 1);
    assert_eq!(content(&map), [(1, 1)]);
}

#[test]
fn extract_if_leaves_what_it_was_not_asked_for() {
    let map: HashMap<u64, u64> = (0..100).map(|n| (n, n)).collect();
    assert_eq!(map.extract_if(|_, _| true).take(30).count(), 30);
    assert_eq!(map.len(), 70);
}

#[test]
fn keys_and_values_are_those_of_the_entries() {
    let map: HashMap<u64, u64> = (0..100).map(|n| (n, 2 * n)).collect();
    assert_eq!(map.keys().map(|key| *key).sum::<u64>(), 4950);
    assert_eq!(map.values().map(|value| *value).sum::<u64>(), 9900);
    assert!(map.keys().all(|key| *key.into_ref() % 2 == 0));
}

#[test]
fn owned_references_keep_the_map() {
    let census = Census::default();
    let map = Arc::new(HashMap::new());
    for n in 0..10 {
        map.insert(n, census.counted(n));
    }
    let entry = map.get_owned(&3).unwrap();
    let removed = map.owned(|map| map.remove(&4)).unwrap();
    assert!(map.owned(|map| map.remove(&4)).is_none() && map.get_owned(&4).is_none());
    let mut entries = map.iter_owned();
    let first = entries.next().unwrap();
    drop(map);
    std::thread::spawn(move || {
        assert_eq!((*entry.key(), entry.get(), removed.get()), (3, 3, 4));
        assert_eq!(
            entries.chain([first]).map(|entry| entry.get()).sum::<u64>(),
            45 - 4
        );
    })
    .join()
    .unwrap();
    assert_eq!(census.alive(), 0, "the last one dropped the map");
}

#[test]
fn a_raw_map_needs_no_hasher() {
    let map = HashMap::with_hasher(());
    let raw = map.raw();
    for n in 0..100_u64 {
        assert!(raw.insert(n % 7, n, n).is_none());
    }
    for n in 0..100 {
        let eq = |key: &u64| *key == n;
        assert_eq!(raw.get(n % 7, eq).as_deref(), Some(&n));
        assert_eq!(raw.try_insert(n % 7, n, 0).unwrap_err().value, 0);
        assert_eq!(
            raw.update(n % 7, eq, |_, n| n + 1).as_deref(),
            Some(&(n + 1))
        );
        assert!(raw.remove_if(n % 7, eq, |_, value| *value == n).is_none());
        assert_eq!(raw.remove(n % 7, eq).as_deref(), Some(&(n + 1)));
    }
    assert!(map.is_empty());
}
