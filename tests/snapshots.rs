//! Snapshots: of one moment, beside writers whose entries say which moments there were; and what they keep.
//!
//! ```text
//!   writer    insert 1   insert 2   insert 3   ...        a snapshot with 3 and without 2 is of no moment
//!   round r   [r r r r r│q q q q]                         q = r - 1: replaced from the left to the right
//! ```
//!
//! Histories of all operations are in tests/linearizability; what happens if a taker is stopped, in tests/stopped.
#![cfg(not(loom))]

mod common;

use common::{BadHash, Census, scaled};
use splitmap::{HashMap, Snapshot};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

fn sorted<K: Copy + Ord, V: Copy>(snapshot: &Snapshot<'_, K, V>) -> BTreeMap<K, V> {
    let sorted: BTreeMap<K, V> = snapshot.iter().map(|(key, value)| (*key, *value)).collect();
    assert_eq!(sorted.len(), snapshot.len(), "a key twice");
    sorted
}

fn alive(census: &Census) -> i64 {
    i64::try_from(census.alive()).expect("not so many")
}

/// Keys of a snapshot, which are numbers in a row.
fn row(snapshot: &Snapshot<'_, u64, u64>) -> std::ops::Range<u64> {
    let keys = sorted(snapshot);
    let first = keys.first_key_value().map_or(0, |(key, _)| *key);
    let end = keys.last_key_value().map_or(0, |(key, _)| key + 1);
    assert_eq!(end - first, keys.len() as u64, "one is missing in {keys:?}");
    first..end
}

/// Sets a flag, also in a panic.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Runs `write` in a thread; and in two, `take` again and again, until that has returned, and once more.
fn beside(write: impl FnOnce() + Send, take: impl Fn() + Sync) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let until_over = || {
            while !over.load(Ordering::Acquire) {
                take();
            }
            take();
        };
        let takers = [scope.spawn(until_over), scope.spawn(until_over)];
        {
            let _over = Over(&over);
            write();
        }
        // The scope waits for what they run. They are gone, and their seats free, when they are joined.
        for taker in takers {
            taker.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    });
}

fn inserted_in_order<S: BuildHasher + Sync>(map: &HashMap<u64, u64, S>, n: u64) {
    // What anybody is known to have seen, by a snapshot or a get.
    let seen = AtomicU64::new(0);
    beside(
        || {
            for key in 0..n {
                map.insert(key, key);
                if key % 3 == 0 {
                    seen.fetch_max(key + 1, Ordering::AcqRel);
                }
            }
        },
        || {
            let before = seen.load(Ordering::Acquire);
            let row = row(&map.snapshot());
            assert!(
                row.start == 0 && before <= row.end,
                "{row:?} after {before} had been seen"
            );
            let next = u64::from(map.get(&row.end).is_some());
            seen.fetch_max(row.end + next, Ordering::AcqRel);
        },
    );
    assert_eq!(row(&map.snapshot()), 0..n);
}

#[test]
fn who_has_an_entry_has_those_inserted_before() {
    // The map grows meanwhile.
    inserted_in_order(&HashMap::new(), scaled(60_000));
    inserted_in_order(&HashMap::with_hasher(BadHash), scaled(500));
}

fn removed_in_order<S: BuildHasher + Sync>(map: &HashMap<u64, u64, S>, n: u64) {
    let removed = AtomicU64::new(0);
    (0..n).for_each(|key| drop(map.insert(key, key)));
    beside(
        || {
            for key in 0..n {
                map.remove(&key);
                removed.store(key + 1, Ordering::Release);
            }
        },
        || {
            let before = removed.load(Ordering::Acquire);
            let row = row(&map.snapshot());
            assert!(row.is_empty() || row.start >= before && row.end == n);
        },
    );
    assert!(map.snapshot().is_empty());
}

#[test]
fn who_lacks_an_entry_lacks_those_removed_before() {
    removed_in_order(&HashMap::new(), scaled(30_000));
    removed_in_order(&HashMap::with_hasher(BadHash), scaled(500));
}

fn replaced_in_order<S: BuildHasher + Sync>(map: &HashMap<u64, u64, S>, keys: u64, rounds: u64) {
    (0..keys).for_each(|key| drop(map.insert(key, 0)));
    let shown = AtomicU64::new(0);
    beside(
        || {
            for round in 1..=rounds {
                for key in 0..keys {
                    match key % 3 {
                        0 => drop(map.insert(key, round)),
                        1 => drop(map.update(&key, |_, before| before + 1)),
                        _ => drop(map.compare_exchange(&key, &(round - 1), round)),
                    }
                }
                if round % 16 == 0 {
                    map.flush();
                }
            }
        },
        || {
            let before = shown.load(Ordering::Acquire);
            let values: Vec<u64> = sorted(&map.snapshot()).into_values().collect();
            assert_eq!(values.len() as u64, keys);
            assert!(values.is_sorted_by(|a, b| a >= b), "{values:?}");
            assert!(values[0] - values[values.len() - 1] <= 1, "{values:?}");
            let sum = values.iter().sum();
            assert!(before <= sum, "older than one that was there before");
            shown.fetch_max(sum, Ordering::AcqRel);
        },
    );
}

#[test]
fn replacements_are_shown_in_their_order() {
    replaced_in_order(&HashMap::new(), 100, scaled(2_000));
    replaced_in_order(&HashMap::new(), 3, scaled(60_000));
    replaced_in_order(&HashMap::with_hasher(BadHash), 10, scaled(10_000));
}

/// Moved by removal and insertion it is nowhere at times, and never in two places; the other way round, never nowhere.
#[test]
fn what_is_moved_is_not_in_two_places() {
    let map = HashMap::new();
    let is_moved_first = |key: u64| key < 50;
    map.insert(0, 0);
    map.insert(50, 50);
    beside(
        || {
            for n in 0..scaled(100_000) {
                let (from, to) = (n % 50, (n + 1) % 50);
                map.remove(&from);
                map.insert(to, to);
                map.insert(50 + to, to);
                map.remove(&(50 + from));
            }
        },
        || {
            let keys = sorted(&map.snapshot());
            let (first, last): (Vec<u64>, Vec<u64>) =
                keys.into_keys().partition(|key| is_moved_first(*key));
            assert!(first.len() <= 1, "{first:?}");
            assert!([1, 2].contains(&last.len()), "{last:?}");
        },
    );
}

#[test]
fn a_map_without_entries_has_a_snapshot_without() {
    let map: HashMap<u64, u64> = HashMap::new();
    let none = map.snapshot();
    assert!(none.is_empty() && none.iter().next().is_none());
    map.insert(1, 1);
    assert_eq!((map.snapshot().len(), none.len()), (1, 0));
    map.clear();
    assert!(map.snapshot().is_empty());
}

#[test]
fn entries_and_values_without_a_size() {
    let units = HashMap::from([((), ())]);
    let snapshot = units.snapshot();
    units.remove(&());
    units.flush();
    assert_eq!(snapshot.iter().collect::<Vec<_>>(), [(&(), &())]);
    let set = HashMap::new();
    (0..100).for_each(|key| drop(set.insert(key, ())));
    let snapshot = set.snapshot();
    set.clear();
    assert!(sorted(&snapshot).into_keys().eq(0..100));
}

#[test]
fn what_is_removed_is_kept_as_long_as_it_is_shown() {
    let census = Census::default();
    let map = HashMap::new();
    let n = scaled(50_000).max(20);
    (0..n).for_each(|key| drop(map.insert(key, census.counted(key))));
    let (one, other) = (map.snapshot(), map.snapshot());
    (0..n).for_each(|key| drop(map.update(&key, |_, _| census.counted(n))));
    map.clear();
    map.flush();
    assert_eq!(alive(&census), n.cast_signed());
    drop(one);
    map.flush();
    assert!(other.iter().all(|(key, value)| *key == value.get()));
    assert_eq!((other.len() as u64, alive(&census)), (n, n.cast_signed()));
    // Another thread's, by now.
    std::thread::scope(|scope| {
        scope.spawn(move || {
            assert!(other.iter().all(|(key, value)| *key == value.get()));
        });
    });
    map.flush();
    assert_eq!(alive(&census), 0);
}

#[test]
fn each_of_many_snapshots_stays_as_it_was() {
    let census = Census::default();
    let map = HashMap::new();
    let keys = 0..20_u64;
    let mut taken = Vec::new();
    for version in 0..60 {
        for key in keys.clone() {
            map.insert(key, census.counted(version));
        }
        taken.push(map.snapshot());
    }
    map.flush();
    assert_eq!(alive(&census), 60 * 20);
    // From the middle outwards.
    for n in 0..60_usize {
        let at = if n % 2 == 0 { n / 2 } else { 59 - n / 2 };
        let shown = taken[at].iter();
        assert!(shown.map(|(_, value)| value.get()).all(|n| n == at as u64));
        assert_eq!(taken[at].len(), 20);
    }
    while let Some(last) = taken.pop() {
        drop(last);
        map.flush();
        assert_eq!(alive(&census), 20 * (taken.len() as u64 + 1).cast_signed());
    }
}

/// More snapshots of one entry than are counted: it stays, and goes with the map.
#[test]
fn more_snapshots_than_an_entry_counts_are_no_less_right() {
    let census = Census::default();
    let map = HashMap::from([(1, census.counted(1))]);
    let taken: Vec<_> = (0..300).map(|_| map.snapshot()).collect();
    map.clear();
    map.flush();
    for snapshot in taken {
        assert!(snapshot.iter().all(|(_, value)| value.get() == 1));
    }
    map.flush();
    assert!(alive(&census) <= 1);
    drop(map);
    assert_eq!(alive(&census), 0);
}

#[test]
fn one_that_is_forgotten_keeps_its_entries_until_the_map_goes() {
    let census = Census::default();
    let mut map = HashMap::new();
    (0..100).for_each(|key| drop(map.insert(key, census.counted(key))));
    std::mem::forget(map.snapshot());
    (0..50).for_each(|key| drop(map.remove(&key)));
    map.flush();
    assert_eq!(alive(&census), 100);
    assert_eq!(map.snapshot().len(), 50);
    map.iter_mut()
        .for_each(|(key, value)| assert_eq!(*key, value.get()));
    assert_eq!(map.into_iter().count(), 50);
    assert_eq!(alive(&census), 0);
}

/// What waits in one thread: one batch, or twice what the last scan left (`HashMap`, "Memory"); it holds few hazards.
const BATCH: usize = 512;

#[test]
fn no_more_is_kept_than_a_snapshot_shows() {
    const KEYS: u64 = 1000;
    let census = Census::default();
    let map = HashMap::new();
    (0..KEYS).for_each(|key| drop(map.insert(key, census.counted(key))));
    let snapshot = map.snapshot();
    let mut most = 0;
    for n in 0..scaled(1_000_000).max(3 * KEYS) {
        map.insert(n % KEYS, census.counted(n % KEYS));
        most = most.max(map.retired_len());
    }
    let kept = usize::try_from(KEYS).unwrap();
    // Other tests' threads may have some hazards of this one's seat: there are none on this map.
    assert!(most <= kept + 2 * BATCH, "{most} wait to be freed");
    assert!(snapshot.iter().all(|(key, value)| *key == value.get()));
    drop(snapshot);
    // One batch suffices to find that they are free.
    for n in 0..3 * BATCH as u64 {
        map.insert(n % KEYS, census.counted(n % KEYS));
    }
    assert!(map.retired_len() <= 2 * BATCH);
    map.flush();
    assert_eq!(alive(&census), KEYS.cast_signed());
}

/// Takers that are in each other's way, and updates in theirs: nothing of what is given up stays.
#[test]
fn garbage_is_bounded_while_snapshots_are_taken() {
    const KEYS: u64 = 100;
    let census = Census::default();
    let map = HashMap::new();
    (0..KEYS).for_each(|key| drop(map.insert(key, census.counted(0))));
    let most = AtomicU64::new(0);
    beside(
        || {
            for n in 0..scaled(200_000) {
                map.insert(n % KEYS, census.counted(n));
                most.fetch_max(map.retired_len() as u64, Ordering::Relaxed);
            }
        },
        || {
            let snapshot = map.snapshot();
            assert_eq!(snapshot.len() as u64, KEYS);
            snapshot
                .iter()
                .for_each(|(_, value)| assert!(value.get() < scaled(200_000)));
        },
    );
    // Two takers with 100 entries each, and what their censuses have room for; three batches.
    let most = most.into_inner();
    assert!(
        most <= 3 * 2 * BATCH as u64 + 2 * 2 * (3 * KEYS + 64),
        "{most} wait"
    );
    map.flush();
    assert_eq!(alive(&census), KEYS.cast_signed());
}

/// A value whose destructor does something.
struct Loud<'a>(&'a dyn Fn());

impl Drop for Loud<'_> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn destructors_that_panic_meanwhile_leave_the_next_snapshot_right() {
    let (dropped, armed) = (Cell::new(0_u32), Cell::new(false));
    let on_drop = || {
        dropped.set(dropped.get() + 1);
        // One in each operation: a second panic while the first one unwinds would end the process.
        let panics = dropped.get() % 5 == 0 && armed.take();
        assert!(!panics, "a destructor panics");
    };
    let quietly = |operation: &mut dyn FnMut()| {
        armed.set(true);
        let result = catch_unwind(AssertUnwindSafe(operation));
        armed.set(false);
        result.is_ok()
    };
    let map = HashMap::new();
    (0..50).for_each(|key| drop(map.insert(key, Loud(&on_drop))));
    let (mut made, mut taken, mut panics) = (50, 0, 0);
    for round in 0..scaled(10_000).max(1200) {
        made += 1;
        let new = map.insert(round % 50, Loud(&on_drop));
        drop(new);
        let mut len = None;
        if quietly(&mut || len = Some(map.snapshot().len())) {
            assert_eq!(len, Some(50));
            taken += 1;
        } else {
            panics += 1;
        }
        if round % 600 == 599 && !quietly(&mut || map.flush()) {
            panics += 1;
        }
    }
    assert!(taken >= 100 && panics > 0, "{taken} taken, {panics} panics");
    let last = map.snapshot();
    map.clear();
    map.flush();
    assert_eq!((last.len(), dropped.get()), (50, made - 50));
    drop(last);
    drop(map);
    assert_eq!(dropped.get(), made);
}

#[test]
fn one_is_taken_within_any_operation_and_within_another_one() {
    thread_local! {
        static MAP: &'static HashMap<u64, Loud<'static>> = Box::leak(Box::default());
        static TAKEN: Cell<u64> = const { Cell::new(0) };
    }
    let take = || {
        MAP.with(|map| {
            let len = map.snapshot().len() as u64;
            assert!(len <= 8);
            TAKEN.set(TAKEN.get() + 1);
        });
    };
    let take: &'static dyn Fn() = Box::leak(Box::new(take));
    MAP.with(|map| {
        for n in 0..scaled(20_000).max(600) {
            let key = n % 8;
            map.insert(key, Loud(take));
            map.update(&key, |_, _| {
                take();
                Loud(take)
            });
            map.get_or_insert_with((n + 1) % 8, || {
                take();
                Loud(take)
            });
            map.remove_if(&key, |_, _| {
                take();
                n % 3 == 0
            });
            map.iter().for_each(|_| take());
            // Destructors that fall due take some while this one is being taken.
            assert!(map.snapshot().len() <= 8);
        }
        map.clear();
        map.flush();
        assert!(map.snapshot().is_empty());
    });
    assert!(TAKEN.get() > 1000);
}

#[test]
fn a_map_of_a_snapshot_has_its_entries() {
    let map = HashMap::new();
    (0..500_u64).for_each(|key| drop(map.insert(key, key * key)));
    let snapshot = map.snapshot();
    map.retain(|key, _| key % 2 == 0);
    let before: HashMap<u64, u64> = HashMap::from_snapshot(&snapshot);
    assert_eq!((before.len(), map.len()), (500, 250));
    assert!(
        snapshot
            .iter()
            .all(|(key, value)| before.get(key).is_some_and(|v| *v == *value))
    );
    assert_eq!(
        format!("{:?}", HashMap::from([(1, 2)]).snapshot()),
        "{1: 2}"
    );
    let mut entries = snapshot.iter();
    entries.next();
    assert_eq!((entries.len(), entries.clone().count()), (499, 499));
    assert!(entries.by_ref().count() == 499 && entries.next().is_none());
}
