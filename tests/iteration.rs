//! What iteration promises: every entry that is there throughout is given exactly once, whatever else happens.
//!
//! ```text
//!   stays    0 .. steady          never removed: now and then replaced by an equal one
//!   comes    behind, for a time   inserted and removed by others meanwhile; the table grows
//! ```

use std::collections::HashMap as Model;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use splitmap::HashMap;

#[path = "common/mod.rs"]
mod common;
use common::{BadHash, Random, TruncHash, scaled};

/// Everything given, with how often.
fn tally<'m>(entries: impl Iterator<Item = splitmap::Ref<'m, u64, u64>>) -> Model<u64, usize> {
    let mut seen = Model::new();
    for entry in entries {
        assert_eq!(*entry.key(), *entry.value() % 1_000_000);
        *seen.entry(*entry.key()).or_default() += 1;
    }
    seen
}

/// Iterates over a map in which `steady` entries stay, while others come and go, until there are `enough`: so
/// that it doubles several times meanwhile.
fn each_that_stays_is_given_once<S: BuildHasher + Clone + Sync>(
    hasher: &S,
    steady: u64,
    enough: u64,
) {
    for round in 0..scaled(10).max(1) {
        let mut map = HashMap::with_hasher(hasher.clone());
        map.extend((0..steady).map(|n| (n, n)));
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut random = Random::new(round);
                for n in steady.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    map.insert(n % 1_000_000, n % 1_000_000);
                    // Another value of the same key: its number is what it is modulo a million.
                    let old = random.below(steady);
                    map.insert(old, old + 1_000_000 * random.below(10));
                    if n % 3 == 0 {
                        map.remove(&(steady + random.below(n - steady + 1)));
                    }
                }
            });
            while (map.len() as u64) < enough {
                let seen = tally(map.iter());
                for n in 0..steady {
                    assert_eq!(seen.get(&n), Some(&1), "key {n} of {steady}");
                }
                assert!(seen.values().all(|&times| times == 1));
            }
            over.store(true, Ordering::Relaxed);
        });
    }
}

#[test]
fn each_entry_that_stays_is_given_once_while_the_map_grows() {
    let sizes: &[u64] = if cfg!(miri) {
        &[10]
    } else {
        &[10, 100, 1_000, 10_000]
    };
    for &steady in sizes {
        let enough = if cfg!(miri) { 2 * steady } else { 16 * steady };
        each_that_stays_is_given_once(&RandomState::new(), steady, enough);
    }
}

#[test]
fn each_entry_that_stays_is_given_once_when_hashes_collide() {
    for hasher in [TruncHash(2), TruncHash(5)] {
        each_that_stays_is_given_once(&hasher, scaled(200).max(3), scaled(1_000).max(10));
    }
    each_that_stays_is_given_once(&BadHash, scaled(100).max(3), scaled(500).max(10));
}

/// An iterator of a small table goes on when that has become large: it takes the old buckets in parts, and
/// protects only some entries at a time.
#[test]
fn an_iterator_from_before_much_growth_goes_on() {
    let map: HashMap<u64, u64> = (0..10).map(|n| (n, n)).collect();
    let mut entries = map.iter();
    let first = *entries.next().unwrap().key();
    let many = scaled(50_000).max(100);
    for n in 10..many {
        map.insert(n, n);
    }
    // Walk on a little, and then see how many entries it keeps from being freed.
    let second = *entries.next().unwrap().key();
    map.clear();
    map.flush();
    let kept = map.retired_len();
    assert!(kept <= 100, "{kept} of {many} entries are protected");
    for n in 0..many {
        map.insert(n, n);
    }
    let mut seen = tally(entries);
    // Given before, or protected when they were removed.
    seen.remove(&first);
    seen.remove(&second);
    assert!(seen.keys().all(|&n| n < many));
    drop(map.iter());
    map.flush();
    assert_eq!(map.retired_len(), 0);
}

#[test]
fn one_dropped_half_way_or_by_a_panic_leaves_nothing_protected() {
    let entries = scaled(3_000).max(40);
    let map: HashMap<u64, u64> = (0..entries).map(|n| (n, n)).collect();
    for stop in (0..entries).step_by(usize::try_from(entries / 20).unwrap()) {
        let mut half = map.iter();
        assert_eq!(
            half.by_ref().take(usize::try_from(stop).unwrap()).count() as u64,
            stop
        );
        drop(half);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            for (n, _entry) in (0..=stop).zip(&map) {
                if n == stop {
                    std::panic::resume_unwind(Box::new("in the body"));
                }
            }
        }));
        assert!(panicked.is_err());
    }
    map.clear();
    map.flush();
    assert_eq!(map.retired_len(), 0);
}

/// The other thread goes on where the first one stopped, and frees the first one's hazards.
#[test]
fn one_is_sent_to_another_thread_half_way() {
    let entries = scaled(3_000).max(40);
    let map: HashMap<u64, u64> = (0..entries).map(|n| (n, n)).collect();
    thread::scope(|scope| {
        let mut rest = map.iter();
        let mut seen = tally(rest.by_ref().take(usize::try_from(entries / 2).unwrap()));
        let rest = scope.spawn(move || tally(rest)).join().unwrap();
        seen.extend(rest);
        assert_eq!(seen.len() as u64, entries);
        assert!(seen.values().all(|&times| times == 1));
    });
    map.clear();
    map.flush();
    assert_eq!(map.retired_len(), 0);
}

/// The body of the loop may do anything to the map.
#[test]
fn the_body_changes_the_map() {
    let entries = scaled(2_000).max(40);
    let map: HashMap<u64, u64> = (0..entries).map(|n| (n, n)).collect();
    let mut given = 0;
    for entry in &map {
        let n = *entry.key();
        if n < entries {
            given += 1;
            assert_eq!(map.remove(&n).as_deref(), Some(&n));
            map.insert(n + entries, n + entries);
            map.reserve(10);
        }
    }
    assert_eq!(given, entries);
    assert_eq!(map.len() as u64, entries);
    assert!(map.iter().all(|entry| *entry.key() >= entries));
}
