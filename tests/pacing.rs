//! Paced reclamation: how many destructors an operation runs, what waits meanwhile, and the background thread.
//!
//! ```text
//!   remove remove remove ... remove    a batch is full: who pays for its destructors?
//!   N      N      N                    paced: each of the next ones for N, none for all
//!   -      -      -         thread     in the background: none; or N, when the thread does not keep up
//! ```

#![cfg(feature = "std")]

#[path = "common/mod.rs"]
mod common;

use std::cell::Cell;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use common::{Census, Counted, Random, scaled};
use splitmap::{HashMap, Reclaimer, Reclamation};

type Hasher = foldhash::fast::FixedState;
type Map<V> = HashMap<u64, V, Hasher>;

fn map<V>(settings: Reclamation) -> Map<V> {
    HashMap::builder_with_hasher(Hasher::with_seed(1))
        .reclamation(settings)
        .build()
}

/// `HashMap`'s documentation, "Memory": `seats` is its T, `hazards` its H, `lists` its L.
fn bound(seats: usize, lists: usize, batch: usize, hazards: usize) -> usize {
    (seats + lists) * batch.max(2 * hazards)
}

/// The hazards of a seat that holds `refs`.
fn hazards(refs: usize) -> usize {
    2 * (refs + 5)
}

thread_local! {
    /// Destructors that ran in this thread.
    static DROPS: Cell<usize> = const { Cell::new(0) };
}

fn drops() -> usize {
    DROPS.get()
}

/// Counts its drop, in the thread where that is.
struct Dropped(Counted);

impl Drop for Dropped {
    fn drop(&mut self) {
        DROPS.set(DROPS.get() + 1);
    }
}

/// One of the first `kinds` of operations, on one of 50 keys; false: one that removes nothing.
fn operate(map: &Map<Dropped>, census: &Census, random: &mut Random, kinds: u64) -> bool {
    let (key, new) = (random.below(50), || Dropped(census.counted(7)));
    match random.below(kinds) {
        0 | 1 => map.insert(key, new()).is_some(),
        2 => map.remove(&key).is_some(),
        3 => map.pop_any().is_some(),
        4 => map.get(&key).is_some_and(|entry| entry.0.get() != 7),
        _ => map.update(&key, |_, _| new()).is_some(),
    }
}

#[test]
fn an_operation_runs_at_most_so_many_destructors_and_one_that_removes_nothing_none() {
    for most in [1, 2, 16] {
        let (census, mut random) = (Census::default(), Random::new(3));
        let map = map(Reclamation::new().batch(64).destructors(most));
        let (mut greatest, mut removed) = (0, 0);
        for _ in 0..scaled(40_000).max(400) {
            let before = drops();
            let changed = operate(&map, &census, &mut random, 6);
            let ran = drops() - before;
            assert!(ran <= if changed { most } else { 0 }, "{ran} of {most}");
            greatest = greatest.max(ran);
            removed += usize::from(changed);
            assert!(map.retired_len() <= bound(1, 0, 64, hazards(0)));
            assert_eq!(map.retired_len() + map.reclaimed_count(), removed);
        }
        assert_eq!(greatest, most, "and no fewer, now and then");
        let before = drops();
        map.flush();
        assert_eq!((map.retired_len(), map.reclaimed_count()), (0, removed));
        assert!(drops() > before);
        drop(map);
        assert_eq!(census.alive(), 0);
    }
}

#[test]
fn a_batch_is_as_large_as_it_is_set() {
    let inserts = scaled(4_000).max(40);
    for batch in [1, 3, 10, if cfg!(miri) { 20 } else { 100 }] {
        let map = map(Reclamation::new().batch(batch).destructors(usize::MAX));
        let mut most = 0;
        for n in 0..inserts {
            map.insert(n % 7, n);
            most = most.max(map.retired_len());
        }
        // The node that fills it is in use by the operation itself.
        assert!(most <= batch.max(2), "{most} wait in a batch of {batch}");
        assert!(most >= batch - 1);
    }
    let never = map(Reclamation::new().batch(usize::MAX));
    (0..100).for_each(|n| drop(never.insert(n % 7, n)));
    assert_eq!(never.retired_len(), 100 - 7);
    never.flush();
    assert_eq!(never.retired_len(), 0);
}

#[test]
fn settings_stay_with_the_map_and_nothing_counts_as_one() {
    let none = Reclamation::new().batch(0).destructors(0);
    assert_eq!(none, Reclamation::new().batch(1).destructors(1));
    let settings = Reclamation::new().batch(10).destructors(3).backlog(5);
    let map = map::<u64>(settings);
    assert_eq!(map.clone().reclamation(), settings);
    let backlog = |n| Reclamation::new().backlog(n);
    assert_eq!(backlog(usize::MAX), backlog(64));
}

/// `Ref`s that are held make batches larger, and smaller again when they are dropped: the bound is that of
/// the documentation throughout, also for one destructor at a time.
#[test]
fn the_bound_on_garbage_holds_with_refs_and_without() {
    for most in [1, 2, 16] {
        let map = map(Reclamation::new().batch(32).destructors(most));
        let refs = scaled(4_000).clamp(16, 1_000);
        let bound = |refs| bound(1, 0, 32, hazards(usize::try_from(refs).unwrap()));
        for round in 0..3 {
            (0..refs).for_each(|n| drop(map.insert(n, round)));
            let held: Vec<_> = (0..refs).map(|n| map.get(&n).unwrap()).collect();
            for n in 0..5 * refs {
                map.insert(n % refs, n);
                assert!(map.retired_len() <= bound(refs));
            }
            assert!(map.retired_len() >= held.len());
        }
        for n in 0..10 * refs {
            map.insert(n % 10, n);
            assert!(map.retired_len() <= bound(refs));
        }
        map.clear();
        assert!(map.retired_len() <= bound(refs));
    }
}

/// They remove entry after entry, and run destructors in between.
#[test]
fn clear_and_retain_are_paced_and_stay_under_the_bound() {
    type Empty = fn(&Map<Dropped>);
    let empty: [Empty; 2] = [|map| map.clear(), |map| map.retain(|_, _| false)];
    for empty in empty {
        let census = Census::default();
        let map = map(Reclamation::new().batch(16).destructors(2));
        for n in 0..scaled(8_000).max(100) {
            map.insert(n, Dropped(census.counted(n)));
        }
        empty(&map);
        let waiting = map.retired_len();
        assert_eq!((map.len(), census.alive()), (0, waiting.cast_signed()));
        assert!(waiting <= bound(1, 0, 16, hazards(64)), "{waiting}");
    }
}

/// Destructors that remove the next entry each: as many operations, which each make some due.
#[test]
fn what_destructors_remove_is_paced_as_well() {
    struct Next(u64, Weak<Map<Next>>);
    impl Drop for Next {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
            if let Some(map) = self.1.upgrade() {
                map.remove(&(self.0 + 1));
            }
        }
    }
    let map = Arc::new(map(Reclamation::new().batch(4).destructors(1)));
    let entries = scaled(40_000).max(60);
    (0..entries).for_each(|n| drop(map.insert(n, Next(n, Arc::downgrade(&map)))));
    let before = drops();
    for n in (0..entries).step_by(10) {
        map.remove(&n);
        assert!(map.retired_len() <= bound(1, 0, 4, hazards(5)));
    }
    assert!(drops() > before);
    drop(map);
    assert_eq!(drops() - before, usize::try_from(entries).unwrap());
}

/// A value whose destructor panics, if it says so.
struct Bomb(#[expect(dead_code, reason = "counted")] Counted, bool);

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(!self.1, "bomb");
    }
}

#[test]
fn destructors_that_panic_leave_the_rest_to_the_operations_that_follow() {
    let census = Census::default();
    let map = map(Reclamation::new().batch(32).destructors(4));
    let (mut panics, mut bombs) = (0, 0);
    for n in 0..scaled(20_000).max(120) {
        // Never two in an operation.
        let bomb = n % 13 == 5;
        bombs += usize::from(bomb);
        let new = Bomb(census.counted(n), bomb);
        let inserted = catch_unwind(AssertUnwindSafe(|| drop(map.insert(n % 3, new))));
        panics += usize::from(inserted.is_err());
        assert!(map.retired_len() <= bound(1, 0, 32, hazards(0)));
    }
    assert!(panics > 0 && panics <= bombs);
    // One by one, to the end.
    for n in 0..100 {
        let new = Bomb(census.counted(n), false);
        let _ = catch_unwind(AssertUnwindSafe(|| drop(map.insert(n % 3, new))));
    }
    let waiting = map.retired_len().cast_signed();
    assert_eq!(census.alive(), waiting + 3);
    drop(map);
    assert_eq!(census.alive(), 0);
}

// The background thread.

/// Waits until `done`.
fn wait(done: impl Fn() -> bool) {
    while !done() {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Churns in two threads; gives the destructors that ran in them.
fn churn(map: &Map<Dropped>, census: &Census) -> usize {
    thread::scope(|scope| {
        let threads: [_; 2] = [1, 2].map(|seed| {
            scope.spawn(move || {
                let mut random = Random::new(seed);
                for _ in 0..scaled(60_000).max(100) {
                    // No update: one that comes too late drops the value that it made.
                    operate(map, census, &mut random, 5);
                }
                drops()
            })
        });
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    })
}

#[test]
fn the_background_thread_runs_the_destructors_and_operations_none() {
    // So many wait that no operation need help.
    let settings = Reclamation::new().batch(if cfg!(miri) { 30 } else { 2_000 });
    let (census, map) = (Census::default(), Arc::new(map(settings)));
    let reclaimer = map.reclaim_in_background().unwrap();
    assert_eq!(churn(&map, &census), 0);
    wait(|| map.reclaimed_count() > 0);
    drop(reclaimer);
    // Each thread's batch at most, and nothing that was handed over.
    assert!(map.retired_len() <= 2 * 2_000);
    map.flush();
    let waiting = (map.retired_len() + map.len()).cast_signed();
    assert_eq!(census.alive(), waiting);
    drop(map);
    assert_eq!(census.alive(), 0);
}

#[test]
fn without_the_thread_operations_run_destructors_again() {
    let (census, map) = (
        Census::default(),
        Arc::new(map(Reclamation::new().batch(20))),
    );
    for _ in 0..if cfg!(miri) { 1 } else { 3 } {
        let reclaimer = map.reclaim_in_background().unwrap();
        let error = map.reclaim_in_background().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        churn(&map, &census);
        drop(reclaimer);
        assert!(churn(&map, &census) > 0);
        assert!(map.retired_len() <= bound(4, 0, 20, 4 * hazards(0)));
    }
    drop(map);
    assert_eq!(census.alive(), 0);
}

#[test]
fn the_background_thread_survives_panics() {
    let (census, map) = (
        Census::default(),
        Arc::new(map(Reclamation::new().batch(10))),
    );
    let reclaimer = map.reclaim_in_background().unwrap();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if thread::current().name() != Some("splitmap-reclaim") {
            hook(info);
        }
    }));
    for round in 1..5 {
        for n in 0..25 {
            map.insert(n % 3, Bomb(census.counted(n), n < 5 && round < 4));
        }
        // Two batches at least: those of the first ones are gone.
        wait(|| reclaimer.panics() >= 5 * round.min(3));
    }
    assert_eq!(reclaimer.panics(), 15);
    drop(reclaimer);
    drop(map);
    assert_eq!(census.alive(), 0);
}

/// How far a destructor has come that waits.
const COMES: usize = 0;
const WAITS: usize = 1;
const GOES: usize = 2;

/// A value whose destructor waits, if it says so.
struct Held(
    #[expect(dead_code, reason = "counted")] Counted,
    Option<Arc<AtomicUsize>>,
);

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(stage) = &self.1 {
            stage.store(WAITS, Ordering::Release);
            wait(|| stage.load(Ordering::Acquire) == GOES);
        }
    }
}

#[test]
fn a_background_thread_that_stands_still_keeps_no_more_than_the_bound() {
    let (batch, lists) = (16, 4);
    let settings = Reclamation::new()
        .batch(batch)
        .backlog(lists)
        .destructors(2);
    let (census, map) = (Census::default(), Arc::new(map(settings)));
    let reclaimer = map.reclaim_in_background().unwrap();
    let stage = Arc::new(AtomicUsize::new(COMES));
    map.insert(0, Held(census.counted(0), Some(Arc::clone(&stage))));
    let mut most = 0;
    let insert = |n| map.insert(n % 3, Held(census.counted(n), None));
    for n in 0..scaled(20_000).max(200) {
        insert(n);
        most = most.max(map.retired_len());
        if n == 100 {
            // It has come to that one, or will.
            wait(|| stage.load(Ordering::Acquire) == WAITS);
        }
    }
    // This thread's seat and the other one's; the slots, and what is in hand.
    assert!(most <= bound(2, lists + 1, batch, hazards(0)), "{most}");
    // What lies in the slots is not the thread's alone.
    map.flush();
    assert!(map.retired_len() <= batch.max(2 * hazards(0)));
    stage.store(GOES, Ordering::Release);
    drop(reclaimer);
    map.flush();
    assert_eq!(census.alive(), 3);
    drop(map);
    assert_eq!(census.alive(), 0);
}

/// A destructor, run by the thread, is the last one to have its handle.
#[test]
fn the_thread_may_drop_its_own_handle() {
    struct Owner(#[expect(dead_code, reason = "dropped with it")] Option<Reclaimer>);
    let map: Arc<Map<Owner>> = Arc::new(map(Reclamation::new().batch(1)));
    let reclaimer = map.reclaim_in_background().unwrap();
    map.insert(0, Owner(Some(reclaimer)));
    for n in 0..5 {
        map.insert(n % 2, Owner(None));
    }
    wait(|| map.reclaim_in_background().is_ok());
}

#[test]
fn the_map_may_go_first() {
    let census = Census::default();
    let map = Arc::new(map(Reclamation::new().batch(4)));
    let reclaimer = map.reclaim_in_background().unwrap();
    for n in 0..100 {
        map.insert(n % 10, census.counted(n));
    }
    drop(map);
    // By the thread, if it was looking just then.
    wait(|| census.alive() == 0);
    drop(reclaimer);
}

/// Destructors that use the map, in the thread: what they remove is handed over in turn.
#[test]
fn destructors_in_the_background_may_use_the_map() {
    struct Next(u64, Weak<Map<Next>>, Arc<AtomicUsize>);
    impl Drop for Next {
        fn drop(&mut self) {
            self.2.fetch_add(1, Ordering::Relaxed);
            if let Some(map) = self.1.upgrade() {
                map.remove(&(self.0 + 1));
                map.flush();
            }
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let map = Arc::new(map(Reclamation::new().batch(2)));
    let entries = scaled(8_000).max(50);
    for n in 0..entries {
        map.insert(n, Next(n, Arc::downgrade(&map), Arc::clone(&dropped)));
    }
    let reclaimer = map.reclaim_in_background().unwrap();
    for n in [0, entries / 2] {
        map.remove(&n);
    }
    // These fill batches.
    for n in 2 * entries..2 * entries + 10 {
        map.insert(n, Next(n, Arc::downgrade(&map), Arc::clone(&dropped)));
        map.remove(&n);
    }
    wait(|| map.is_empty());
    drop(reclaimer);
    map.flush();
    assert_eq!(map.retired_len(), 0);
    assert_eq!(
        dropped.load(Ordering::Relaxed),
        usize::try_from(entries).unwrap() + 10
    );
}

/// The thread cannot find the map then, and ends; operations run destructors again, and another one can be had.
#[test]
fn the_map_may_be_taken_out_of_its_arc() {
    let (map, census) = (
        Arc::new(map(Reclamation::new().batch(16))),
        Census::default(),
    );
    let reclaimer = map.reclaim_in_background().unwrap();
    let put = |map: &Map<Dropped>| {
        for n in 0..scaled(20_000) {
            drop(map.insert(n % 10, Dropped(census.counted(n))));
        }
    };
    put(&map);
    let mut shared = map;
    let map = loop {
        match Arc::try_unwrap(shared) {
            Ok(map) => break map,
            Err(arc) => shared = arc, // the thread is looking
        }
        thread::yield_now();
    };
    drop(reclaimer);
    put(&map);
    assert!(map.retired_len() <= bound(2, 0, 16, 2 * hazards(0)));
    let map = Arc::new(map);
    let reclaimer = map.reclaim_in_background().unwrap();
    assert!(map.reclaim_in_background().is_err());
    put(&map);
    drop(reclaimer);
    assert!(map.reclaim_in_background().is_ok());
}
