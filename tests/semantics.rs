//! What each method promises, one sentence a test, beside `std::collections::HashMap` where it has
//! the same method.

mod common;

use common::{BadHash, Census, Random, TruncHash, scaled};
use splitmap::HashMap;
use std::collections::HashMap as StdMap;
use std::hash::BuildHasher;
use std::sync::Arc;

/// How often, how many: fewer under Miri, where each costs a thousand times as much.
const fn times(native: u64, under_miri: u64) -> u64 {
    if cfg!(miri) { under_miri } else { native }
}

#[test]
fn random_operations_agree_with_std() {
    agree_with_std(foldhash::fast::RandomState::default(), 1_000);
}

#[test]
fn random_operations_agree_with_std_when_all_keys_collide() {
    agree_with_std(BadHash, 60);
}

#[test]
fn random_operations_agree_with_std_when_few_hashes_differ() {
    agree_with_std(TruncHash(3), 200);
}

fn agree_with_std<S: BuildHasher>(hasher: S, keys: u64) {
    let map = HashMap::with_hasher(hasher);
    let mut model = StdMap::new();
    let mut random = Random::new(5);
    for n in 0..scaled(60_000).max(70) {
        let key = random.below(keys);
        match random.below(10) {
            0..=2 => {
                assert_eq!(map.insert(key, n).as_deref().copied(), model.insert(key, n));
            }
            3 => match map.try_insert(key, n) {
                Ok(new) => {
                    assert_eq!((*new.key(), *new), (key, n));
                    assert!(model.insert(key, n).is_none());
                }
                Err(error) => {
                    assert_eq!(model.get(&key), Some(&*error.entry));
                    assert_eq!((error.key, error.value), (key, n));
                }
            },
            4 => assert_eq!(map.remove(&key).as_deref().copied(), model.remove(&key)),
            5 => {
                let odd = model.get(&key).is_some_and(|v| v % 2 == 1);
                let removed = map.remove_if(&key, |_, v| v % 2 == 1);
                assert_eq!(removed.is_some(), odd);
                if odd {
                    model.remove(&key);
                }
            }
            6 => {
                let new = map.update(&key, |k, v| k + v);
                let expected = model.get_mut(&key).map(|v| {
                    *v += key;
                    *v
                });
                assert_eq!(new.as_deref().copied(), expected);
                assert_eq!(new.map(|new| *new.key()), expected.map(|_| key));
            }
            7 => {
                let entry = map.get_or_insert_with(key, || n);
                assert_eq!(*entry, *model.entry(key).or_insert(n));
            }
            _ => {
                assert_eq!(map.get(&key).as_deref(), model.get(&key));
                assert_eq!(map.contains_key(&key), model.contains_key(&key));
            }
        }
        assert_eq!(map.len(), model.len());
    }
    let mut entries: Vec<_> = map.iter().map(|entry| (*entry.key(), *entry)).collect();
    entries.sort_unstable();
    let mut expected: Vec<_> = model.into_iter().collect();
    expected.sort_unstable();
    assert_eq!(entries, expected);
    map.clear();
    assert!(map.is_empty());
    assert_eq!(map.iter().count(), 0);
}

#[test]
fn an_empty_map_answers_without_allocating() {
    let map = HashMap::<String, u32>::new();
    assert!(map.get("a").is_none() && map.remove("a").is_none() && !map.contains_key("a"));
    assert!(map.update("a", |_, v| *v).is_none());
    assert_eq!((map.len(), map.capacity(), map.iter().count()), (0, 0, 0));
    map.clear();
    assert_eq!(format!("{map:?}"), "{}");
}

#[test]
fn a_static_map_needs_no_constructor_call() {
    static MAP: HashMap<u32, u32, BadHash> = HashMap::with_hasher(BadHash);
    MAP.insert(1, 2);
    assert_eq!(*MAP.get(&1).unwrap(), 2);
}

#[test]
fn keys_and_values_may_borrow() {
    let text = String::from("borrowed text");
    let map: HashMap<&str, &str> = HashMap::new();
    map.insert(&text[..8], &text[9..]);
    assert_eq!(*map.get("borrowed").unwrap(), "text");
}

#[test]
fn zero_sized_and_over_aligned_entries_work() {
    #[derive(PartialEq, Eq, Hash, Debug, Clone, Copy)]
    #[repr(align(128))]
    struct Wide(u8);
    let map = HashMap::new();
    map.insert((), ());
    assert!(map.insert((), ()).is_some());
    assert_eq!(map.len(), 1);
    let (wide, many) = (HashMap::new(), if cfg!(miri) { 10 } else { 100 });
    for n in 0..many {
        wide.insert(Wide(n), Wide(n));
        wide.update(&Wide(n), |k, v| Wide(k.0 ^ v.0));
    }
    for n in 0..many {
        let entry = wide.get(&Wide(n)).unwrap();
        assert_eq!((entry.key(), *entry), (&Wide(n), Wide(0)));
        assert_eq!(std::ptr::from_ref(entry.key()).addr() % 128, 0);
    }
}

#[test]
fn a_replaced_entry_stays_readable_while_it_is_held() {
    let census = Census::default();
    let map = HashMap::new();
    map.insert(1, census.counted(10));
    let first = map.get(&1).unwrap();
    for n in 11..times(5_000, 40) {
        map.insert(1, census.counted(n));
    }
    map.flush();
    assert_eq!(first.get(), 10);
    assert_eq!(census.alive(), 2, "the held entry and the present one");
    drop(first);
    map.flush();
    assert_eq!(census.alive(), 1);
}

#[test]
fn garbage_stays_under_the_documented_bound_behind_a_stalled_reader() {
    let map = HashMap::new();
    map.insert(0, 0);
    let held = map.get(&0).unwrap();
    let mut most = 0;
    for n in 0..scaled(200_000).min(times(u64::MAX, 60)) {
        map.insert(n % 10, n);
        most = most.max(map.retired_len());
    }
    // One thread, few hazards.
    assert!(most <= 512, "{most} entries were waiting");
    assert_eq!(*held, 0);
}

#[test]
fn an_updated_entry_keeps_its_key_alive_through_every_update() {
    let census = Census::default();
    let map = HashMap::new();
    map.insert(String::from("key"), census.counted(0));
    let mut held = Vec::new();
    for n in 1..20 {
        held.push(map.update("key", |_, _| census.counted(n)).unwrap());
    }
    let removed = map.remove("key").unwrap();
    map.flush();
    assert_eq!((removed.key().as_str(), removed.get()), ("key", 19));
    assert!(held.iter().all(|entry| entry.key() == "key"));
    drop(removed);
    held.truncate(1);
    map.flush();
    assert_eq!(
        (held[0].key().as_str(), held[0].get(), census.alive()),
        ("key", 1, 1)
    );
    drop(held);
    map.flush();
    assert_eq!((census.alive(), map.retired_len()), (0, 0));
}

#[test]
fn many_refs_may_be_held_at_once() {
    let map = HashMap::new();
    let many = times(1_000, 40);
    for n in 0..many {
        map.insert(n, n);
    }
    let held: Vec<_> = (0..many).map(|n| map.get(&n).unwrap()).collect();
    map.clear();
    map.flush();
    assert!(held.iter().zip(0..).all(|(entry, n)| **entry == n));
    assert_eq!(map.retired_len(), held.len());
    drop(held);
    map.flush();
    assert_eq!(map.retired_len(), 0);
}

#[test]
fn clear_frees_as_it_goes() {
    let (census, map) = (Census::default(), HashMap::with_hasher(BadHash));
    for n in 0..times(6_000, 60) {
        map.insert(n, census.counted(n));
        if n % times(50, 10) == times(49, 9) {
            map.clear();
        }
        assert!(map.retired_len() <= 512 + 2 * (1000 + 1) + 8);
    }
    let many = HashMap::new();
    for n in 0..scaled(40_000).min(times(u64::MAX, 30)) {
        many.insert(n, census.counted(n));
    }
    many.clear();
    assert!(many.retired_len() <= 512 + 2 * (1000 + 1) + 8);
}

#[test]
fn a_ref_may_be_dropped_by_another_thread() {
    let map = HashMap::new();
    map.insert(1, String::from("one"));
    std::thread::scope(|scope| {
        for _ in 0..times(100, 10) {
            let entry = map.get(&1).unwrap();
            scope.spawn(move || assert_eq!(*entry, "one"));
        }
    });
    map.remove(&1);
    map.flush();
    assert_eq!(map.retired_len(), 0);
}

#[test]
fn everything_is_dropped_with_the_map_whichever_thread_made_it() {
    let census = Census::default();
    let map = Arc::new(HashMap::new());
    let threads: Vec<_> = (0..4)
        .map(|t| {
            let (map, census) = (Arc::clone(&map), census.clone());
            std::thread::spawn(move || {
                for n in 0..scaled(2_000) {
                    map.insert(n % 100, census.counted(n));
                    map.remove(&((n + t) % 100));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    drop(map);
    assert_eq!(census.alive(), 0);
}

#[test]
fn reserve_makes_room_and_keeps_the_entries() {
    let map = HashMap::new();
    let (few, many) = (times(100, 10), times(10_000, 40));
    for n in 0..few {
        map.insert(n, n);
    }
    map.reserve(usize::try_from(many).unwrap());
    assert!(map.capacity() as u64 >= few + many);
    assert!((0..few).all(|n| map.get(&n).as_deref() == Some(&n)));
    let before = map.capacity();
    for n in 0..many {
        map.insert(n, n);
    }
    assert_eq!(map.capacity(), before, "what was reserved suffices");
}

#[test]
fn too_large_a_capacity_is_an_error_and_changes_nothing() {
    let map = HashMap::new();
    map.insert(1, 1);
    let error = map.try_reserve(usize::MAX).unwrap_err();
    assert!(error.to_string().contains("capacity"), "{error}");
    assert_eq!(*map.get(&1).unwrap(), 1);
    let empty = HashMap::<u32, u32>::new();
    assert!(empty.try_reserve(usize::MAX).is_err());
    empty.insert(1, 1);
}

#[test]
#[should_panic(expected = "capacity overflow")]
fn with_too_large_a_capacity_panics_as_std_does() {
    let _ = HashMap::<u32, u32>::with_capacity(usize::MAX);
}

#[test]
fn an_iterator_sees_each_present_entry_once_while_the_map_grows() {
    let (present, chunk) = (times(200, 12), times(50, 4));
    let map = HashMap::new();
    for n in 0..present {
        map.insert(n, n);
    }
    let mut seen = StdMap::new();
    for (i, entry) in (0..).zip(map.iter()) {
        *seen.entry(*entry.key()).or_insert(0) += 1;
        // Several doublings and replacements in the midst of the iteration (which sees some of the
        // new entries: so not at every step, or it would never end).
        for n in 0..if i < present / 2 { chunk } else { 0 } {
            map.insert(1_000 + i * chunk + n, 0);
        }
        map.insert(i % present, 7);
        map.update(&(i % present), |_, v| v + 1);
    }
    assert!((0..present).all(|n| seen.get(&n) == Some(&1)));
    assert!(
        seen.values().all(|&times| times == 1),
        "nothing is seen twice"
    );
}
