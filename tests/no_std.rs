//! The map as it is without feature `std`: a seat for each operation. (With `std`, the same must hold.)
//!
//! Run by `ci/nostd` without it, on this machine, where there are threads to be found out by.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use splitmap::{HashMap, HashSet};

#[path = "common/mod.rs"]
mod common;
use common::{BadHash, Census, Random, scaled};

type Hasher = foldhash::fast::FixedState;
type Map<K, V> = HashMap<K, V, Hasher>;

#[test]
fn a_map_and_a_set_without_a_default_hasher() {
    static MAP: Map<u32, u32> = HashMap::with_hasher(Hasher::with_seed(1));
    (0..100).for_each(|n| drop(MAP.insert(n, n * n)));
    assert_eq!((MAP.len(), MAP.get(&7).as_deref()), (100, Some(&49)));
    let set: HashSet<u32, Hasher> = MAP.iter().map(|entry| *entry.key()).collect();
    assert!(set.len() == 100 && set.contains(&99));
}

/// No seat is taken between two operations, so that all that is left lies in free ones: or in one that another
/// test's thread is in just now.
fn collect_all<V>(map: &Map<u64, V>) {
    map.flush();
    while cfg!(not(feature = "std")) && map.retired_len() > 0 {
        thread::yield_now();
        map.flush();
    }
}

/// Operations of several threads, each with a seat for itself: nothing is lost, nothing dropped twice.
#[test]
fn threads_that_the_map_knows_nothing_of() {
    const THREADS: u64 = 4;
    let census = Census::default();
    let map = Map::default();
    let keys = scaled(500).max(10);
    thread::scope(|scope| {
        for id in 0..THREADS {
            let (map, census) = (&map, &census);
            scope.spawn(move || {
                let mut random = Random::new(id);
                let mut held = Vec::new();
                for n in 0..scaled(40_000).max(60) {
                    let key = random.below(keys);
                    match random.below(8) {
                        0..3 => drop(map.insert(key, census.counted(n))),
                        3 => drop(map.remove(&key)),
                        4 => drop(map.update(&key, |_, old| census.counted(old.get() + 1))),
                        5 => held.extend(map.get(&key)),
                        6 if random.below(50) == 0 => map.flush(),
                        _ => {
                            let sum: u64 = map.iter().take(5).map(|entry| entry.get()).sum();
                            assert!(sum < 5 * 1_000_000);
                        }
                    }
                    if held.len() > 20 {
                        held.clear();
                    }
                }
            });
        }
    });
    collect_all(&map);
    assert_eq!(map.len(), map.iter().count());
    drop(map);
    assert_eq!(census.alive(), 0);
}

/// A value whose destructor uses the map that it was in.
struct Nested<'m> {
    map: &'m HashMap<u64, u64, BadHash>,
    n: u64,
}

impl Drop for Nested<'_> {
    fn drop(&mut self) {
        self.map.insert(self.n, self.n);
    }
}

/// Operations in closures and destructors of others: each has a seat for itself.
#[test]
fn operations_within_operations() {
    let noted: HashMap<u64, u64, BadHash> = HashMap::with_hasher(BadHash);
    let map: Map<u64, Nested<'_>> = Map::default();
    for n in 0..20 {
        map.get_or_insert_with(n, || {
            assert!(map.get(&n).is_none());
            noted.insert(1_000 + n, n);
            Nested { map: &noted, n }
        });
    }
    let counted = AtomicU64::new(0);
    map.retain(|n, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        map.contains_key(n) && n % 2 == 0
    });
    assert_eq!(counted.into_inner(), 20);
    map.clear();
    collect_all(&map);
    drop(map);
    assert_eq!(noted.len(), 40);
}

/// Destructors that remove the next entry each: they run one after the other, not one within the other.
#[test]
fn a_chain_of_destructors_does_not_recurse() {
    type Chain = Map<u64, Next>;
    static CHAIN: Chain = HashMap::with_hasher(Hasher::with_seed(2));
    static DEPTH: AtomicU64 = AtomicU64::new(0);
    static DEEPEST: AtomicU64 = AtomicU64::new(0);
    struct Next(u64);
    impl Drop for Next {
        fn drop(&mut self) {
            let depth = DEPTH.fetch_add(1, Ordering::Relaxed) + 1;
            DEEPEST.fetch_max(depth, Ordering::Relaxed);
            CHAIN.remove(&(self.0 + 1));
            CHAIN.flush();
            DEPTH.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let entries = scaled(20_000).max(50);
    for n in 0..entries {
        CHAIN.insert(n, Next(n));
    }
    CHAIN.remove(&0);
    while !CHAIN.is_empty() {
        collect_all(&CHAIN);
    }
    let deepest = DEEPEST.load(Ordering::Relaxed);
    assert!(deepest <= 2, "{deepest} destructors within each other");
}

/// Leases need no std: who drops the handle, or cancels, removes that very entry, once.
#[test]
fn a_lease_goes_with_its_handle() {
    let (census, map) = (Census::default(), Arc::new(Map::default()));
    let ended = Arc::new(AtomicU64::new(0));
    for n in 0..scaled(4_000).max(20) {
        let lease = map.lease(n % 3, census.counted(n)).on_end({
            let ended = Arc::clone(&ended);
            move |_| {
                ended.fetch_add(1, Ordering::Relaxed);
            }
        });
        let canceller = lease.canceller();
        thread::scope(|scope| {
            scope.spawn(|| canceller.cancel());
            drop(lease);
        });
        assert!(map.is_empty());
        assert_eq!(ended.load(Ordering::Relaxed), n + 1);
    }
    drop(map);
    assert_eq!(census.alive(), 0);
}
