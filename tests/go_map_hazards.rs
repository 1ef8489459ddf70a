//! What breaks Go's built-in map, and must not break this one.
//!
//! Go's map may be used by one goroutine at a time, or be read by several. The runtime looks out for
//! misuse, as far as it can ("lightweight, best-effort detection", release notes of Go 1.6, "Runtime"), and
//! then ends the process: by a *fatal error*, not by a panic, so no `recover` helps (golang/go#45179, and
//! the refused proposal to make it a panic, golang/go#70887). What it does not detect corrupts the map.
//! Each test says what Go does in its place.

mod common;

#[path = "go_map_hazards/recovery.rs"]
mod recovery;

use common::{Random, scaled};
use recovery::{Over, quiet_panic};
use splitmap::{HashMap, Ref};
use std::collections::HashMap as Model;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;

/// Ten goroutines write to one map.
///
/// Go: `fatal error: concurrent map writes`; the process ends (golang/go#45179).
#[test]
fn ten_writers_on_one_map() {
    const WRITERS: u64 = 10;
    let each = scaled(40_000).max(30);
    let map = HashMap::new();
    (0..8).for_each(|shared| drop(map.insert(shared, 0)));
    let start = Barrier::new(10);
    thread::scope(|scope| {
        for writer in 1..=WRITERS {
            let (map, start) = (&map, &start);
            scope.spawn(move || {
                start.wait();
                for n in 0..each {
                    let own = writer << 32 | n;
                    assert!(map.insert(own, n).is_none());
                    map.update(&(n % 8), |_, sum| sum + 1).unwrap();
                    if n % 3 == 0 {
                        assert_eq!(map.remove(&own).as_deref(), Some(&n));
                    }
                }
            });
        }
    });
    let sum: u64 = (0..8).map(|shared| *map.get(&shared).unwrap()).sum();
    assert_eq!(sum, WRITERS * each, "an update was lost");
    for own in (1..=WRITERS).flat_map(|writer| (0..each).map(move |n| writer << 32 | n)) {
        let n = own & 0xffff_ffff;
        let expected = (n % 3 != 0).then_some(n);
        assert_eq!(map.get(&own).as_deref().copied(), expected);
    }
    let left = 8 + WRITERS * (each - each.div_ceil(3));
    let left = usize::try_from(left).unwrap();
    assert_eq!((map.len(), map.iter().count()), (left, left));
}

/// Readers look up and iterate while one goroutine's insertions make the map grow.
///
/// Go: `fatal error: concurrent map read and map write`, or `concurrent map iteration and map write` (found
/// since Go 1.8, release notes, "Concurrent Map Misuse"); undetected, a reader may miss entries that are
/// being moved.
#[test]
fn readers_while_it_grows() {
    let entries = scaled(400_000).max(60);
    let map = HashMap::new();
    // Keys below this have been inserted.
    let inserted = AtomicU64::new(0);
    let (reads, walks) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (start, over) = (&Barrier::new(4), &AtomicBool::new(false));
    thread::scope(|scope| {
        let _over = Over(over);
        for seed in 1..=2 {
            let (map, inserted, reads) = (&map, &inserted, &reads);
            scope.spawn(move || {
                let mut random = Random::new(seed);
                start.wait();
                loop {
                    let there = inserted.load(Ordering::Acquire);
                    let key = random.below(there.max(1));
                    if key < there {
                        assert_eq!(
                            map.get(&key).as_deref(),
                            Some(&!key),
                            "missed while it grew"
                        );
                    }
                    assert!(map.get(&(entries + key)).is_none());
                    reads.fetch_add(1, Ordering::Relaxed);
                    if there == entries || over.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
        }
        let (map, inserted, walks) = (&map, &inserted, &walks);
        scope.spawn(move || {
            start.wait();
            loop {
                let capacity = map.capacity();
                let there = inserted.load(Ordering::Acquire);
                let mut keys: Vec<u64> = map.iter().map(|entry| *entry.key()).collect();
                keys.sort_unstable();
                assert!(keys.is_sorted_by(|a, b| a < b), "a key twice");
                let before = usize::try_from(there).unwrap();
                assert!(
                    keys.iter().copied().take(before).eq(0..there),
                    "an entry was missed"
                );
                walks.fetch_add(usize::from(map.capacity() > capacity), Ordering::Relaxed);
                if there == entries || over.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        start.wait();
        for key in 0..entries {
            map.insert(key, !key);
            inserted.store(key + 1, Ordering::Release);
        }
    });
    let walks = walks.into_inner();
    println!(
        "{} rounds of reads; {walks} walks during which the table doubled, to a capacity of {}",
        reads.into_inner(),
        map.capacity()
    );
    assert!(cfg!(miri) || walks > 0);
}

/// A session that is on the map while it lives.
struct Session<'map> {
    map: &'map HashMap<u64, u64>,
    id: u64,
}

/// Where closed sessions are counted.
const CLOSED: u64 = u64::MAX;

impl<'map> Session<'map> {
    fn open(map: &'map HashMap<u64, u64>, id: u64) -> Self {
        assert!(map.insert(id, id).is_none());
        Self { map, id }
    }
}

impl Drop for Session<'_> {
    /// Go's `defer func() { delete(m, id); m["closed"]++ }()`.
    fn drop(&mut self) {
        assert_eq!(self.map.remove(&self.id).as_deref(), Some(&self.id));
        self.map.update(&CLOSED, |_, n| n + 1).unwrap();
    }
}

/// Deferred code of many goroutines writes to one map, half of the time because of a panic.
///
/// Go: `fatal error: concurrent map writes`, from functions that are just being left; in a goroutine that is
/// panicking, in place of the recovery that was to come (golang/go#45179).
#[test]
fn deferred_writes_in_many_threads_also_while_unwinding() {
    const THREADS: u64 = 8;
    let each = scaled(20_000).max(10);
    let map = HashMap::from([(CLOSED, 0)]);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let map = &map;
            scope.spawn(move || {
                for n in 0..each {
                    let left = catch_unwind(|| {
                        let id = thread << 32 | n << 1;
                        let _outer = Session::open(map, id);
                        let _inner = Session::open(map, id + 1);
                        if n % 2 == 0 {
                            quiet_panic("left");
                        }
                    });
                    assert_eq!(left.is_err(), n % 2 == 0);
                }
            });
        }
    });
    assert_eq!(map.get(&CLOSED).as_deref(), Some(&(2 * THREADS * each)));
    assert_eq!((map.len(), map.iter().count()), (1, 1));
}

/// Owned pairs, and the same entries still in the map's memory.
type Snapshot<'map> = (Model<u64, [u64; 4]>, Vec<Ref<'map, u64, [u64; 4]>>);

/// Snapshots are taken and handed to other threads while writing goes on: owned pairs, and `Ref`s.
///
/// Go: a map is a reference, so handing it over is no snapshot; copying it in a loop (`maps.Clone`) beside a
/// writer is `fatal error: concurrent map iteration and map write`.
#[test]
fn snapshots_are_handed_to_other_threads_while_writing_goes_on() {
    const KEYS: u64 = 200;
    let snapshots = scaled(400).max(3);
    let map: HashMap<u64, [u64; 4]> = (0..KEYS).map(|key| (key, [0; 4])).collect();
    let (over, written) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        let (map, over, written) = (&map, &over, &written);
        let _over = Over(over);
        let whole = |value: &[u64; 4]| value.iter().all(|part| part == &value[0]);
        for seed in 1..=2 {
            scope.spawn(move || {
                let _over = Over(over);
                let mut random = Random::new(seed);
                while !over.load(Ordering::Relaxed) {
                    let key = random.below(KEYS);
                    map.update(&key, |_, old| old.map(|part| part + 1)).unwrap();
                    map.insert(KEYS + random.below(KEYS), [0; 4]);
                    map.remove(&(KEYS + random.below(KEYS)));
                    written.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let (hand_over, snapshot) = mpsc::sync_channel::<Snapshot<'_>>(4);
        let reader = scope.spawn(move || {
            let mut last: Model<u64, u64> = Model::new();
            for (pairs, refs) in snapshot {
                let before = written.load(Ordering::Relaxed);
                assert_eq!(pairs.len(), refs.len(), "a key twice");
                assert_eq!(pairs.keys().filter(|key| **key < KEYS).count() as u64, KEYS);
                // Others write meanwhile; what was taken does not change.
                while written.load(Ordering::Relaxed) < before + 50 && !over.load(Ordering::Relaxed)
                {
                    assert!(refs.iter().all(|entry| whole(entry)));
                    thread::yield_now();
                }
                for entry in &refs {
                    assert_eq!(pairs[entry.key()], **entry);
                    if *entry.key() < KEYS {
                        let n = last.insert(*entry.key(), entry[0]);
                        assert!(
                            n.is_none_or(|n| n <= entry[0]),
                            "an older value than before"
                        );
                    }
                }
            }
        });
        for _ in 0..snapshots {
            let refs: Vec<_> = map.iter().collect();
            let pairs = refs.iter().map(|entry| (*entry.key(), **entry)).collect();
            hand_over.send((pairs, refs)).unwrap();
        }
        drop(hand_over);
        reader.join().unwrap();
    });
    let written = written.into_inner();
    println!("{snapshots} snapshots beside {written} writes");
    let sum: u64 = (0..KEYS).map(|key| map.get(&key).unwrap()[0]).sum();
    assert_eq!(sum, written, "an update was lost");
}
