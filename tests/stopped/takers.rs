//! Threads stopped while they take snapshots.
//!
//! ```text
//!   taker     begin ── walk ── ╳            what is told to its census is bounded: who finds that too large ends it
//!   writer    ────────────────────────►    replaces everything, many times over
//! ```

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::common::Random;
use super::park::{self, Victim};
use super::work::{Map, Value};
use super::{PATIENCE, bound, spawn};

const STOPS: u64 = if cfg!(splitmap_emulated) { 3 } else { 40 };
const ENTRIES: u64 = if cfg!(splitmap_emulated) {
    1_000
} else {
    10_000
};

/// What a taker does, by its number in `Victim::doing`.
const DOING: [&str; 2] = ["between snapshots", "taking one"];

fn be_a_taker(map: &'static Map, victim: &'static Victim) {
    // It takes its seat.
    drop(map.snapshot());
    victim.enlist();
    loop {
        victim.doing.store(1, Ordering::Relaxed);
        let snapshot = map.snapshot();
        victim.doing.store(0, Ordering::Relaxed);
        assert_eq!(snapshot.len() as u64, ENTRIES);
    }
}

/// The most that one stopped taker keeps of what is replaced: what it shows, or what its census has room for (half as
/// much again as there are entries, and 64): of each, the entry and the one in its place.
fn kept_by_a_taker() -> usize {
    usize::try_from(ENTRIES + 2 * (ENTRIES + ENTRIES / 2 + 64)).unwrap()
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "blocked: {what}");
        thread::sleep(Duration::from_micros(100));
    }
}

#[test]
fn takers_of_snapshots_that_are_stopped_keep_what_they_show_and_no_more() {
    park::install_handler();
    let mut random = Random::new(7);
    let mut stopped = [0; DOING.len()];
    let mut most_kept = 0;
    for _ in 0..STOPS {
        let map: &'static Map = Box::leak(Box::default());
        (0..ENTRIES).for_each(|key| drop(map.insert(key, Value::new(key, 0))));
        let victim: &'static Victim = Box::leak(Box::default());
        let taker = spawn(move || be_a_taker(map, victim));
        wait_until("a taker's start", || victim.is_enlisted());
        let replace = |n| (0..ENTRIES).for_each(|key| drop(map.insert(key, Value::new(key, n))));
        // Beside others as well as alone.
        if random.below(2) == 0 {
            replace(1);
        }
        thread::sleep(Duration::from_micros(random.below(5_000)));
        park::stop(&taker);
        wait_until("a taker's stop", || victim.is_stopped());
        stopped[usize::from(victim.doing.load(Ordering::Relaxed))] += 1;

        // Far more than may be kept.
        for n in 2..14 {
            replace(n);
            most_kept = most_kept.max(map.retired_len());
        }
        let most = kept_by_a_taker() + bound(3, 3 * 64);
        assert!(most_kept <= most, "{most_kept} kept, more than {most}");
        // And the next one is taken as if nothing had happened.
        let snapshot = map.snapshot();
        assert_eq!(snapshot.len() as u64, ENTRIES);
        assert!(snapshot.iter().all(|(key, value)| value.of(*key) == 13));
    }
    println!(
        "{STOPS} takers stopped: {DOING:?} {stopped:?}; at most {most_kept} kept of {ENTRIES} replaced 12 times"
    );
    assert!(stopped[1] > 0);
}
