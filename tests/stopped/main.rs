//! Threads that are stopped for good, at random instructions in the middle of operations, while others
//! go on.
//!
//! ```text
//!   victims    insert remove get iter ... ╳            a signal parks each for ever (park.rs)
//!   survivors  ─────────────────────────────────────►  every answer checked (work.rs)
//!   controller   stop │ slice │ stop │ slice │ ...     are all others still at work?
//! ```
//!
//! What must hold: operations are completed all the time (but for slices in which a busy machine runs none
//! of us), and by each survivor after each stop; the map grows when entries come; the survivors' answers
//! and the final content are right; and what is removed and not yet freed stays within the bound that
//! `HashMap` documents ([`bound`]).
//!
//! Victims are stopped where the scheduler or a random delay finds them; much of their time goes into
//! tables that are growing (nursery.rs). One in six gets the signal as it begins, and stops in its first
//! operations on a map. The test prints where they stopped.
//!
//! Not under Miri, which has no signals.

#![cfg(all(target_os = "linux", not(miri)))]

#[path = "../common/mod.rs"]
mod common;
mod nursery;
mod park;
mod report;
mod takers;
mod work;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use common::Random;
use park::Victim;
use work::{SURVIVORS, Shared, Survivor, be_a_victim, region};

/// A few are enough to see that it works where each takes ten times as long.
const ROUNDS: u64 = if cfg!(splitmap_emulated) { 2 } else { 9 };
/// Threads stopped in each round.
const STOPS: u64 = 24;
/// Victims at work at one time.
const AT_WORK: usize = 4;
/// The keys of each region at first, doubled after every `STOPS_PER_DOUBLING` stops.
const FIRST_SPAN: u64 = 32;
const STOPS_PER_DOUBLING: u64 = 3;

const SLICE: Duration = Duration::from_millis(if cfg!(splitmap_emulated) { 300 } else { 100 });
/// So many slices without an operation are not the machine's doing.
const IDLE: usize = 20;
/// Who has not got on after this long has been blocked.
const PATIENCE: Duration = Duration::from_secs(if cfg!(splitmap_emulated) { 120 } else { 30 });

/// The greatest number of entries removed and not yet freed, from `HashMap`'s documentation, "Memory":
/// `seats` is its T, `hazards` its H.
fn bound(seats: usize, hazards: usize) -> usize {
    seats * 512.max(2 * hazards)
}

/// The bound of a round: of the threads that used its map.
fn bound_of_round() -> usize {
    // The victims, the survivors and the controller.
    let seats = usize::try_from(STOPS).unwrap() + AT_WORK + SURVIVORS + 1;
    // 8, or up to twice as many as are needed at one time: 5 for an operation, a `Ref` or two, and the
    // entries of an iterator's first buckets, of which there are a dozen. So most seats have 16, or 32.
    bound(seats, 32 * seats)
}

/// Looks after the survivors of a round.
struct Monitor<'a> {
    shared: &'a Shared,
    slice: Instant,
    before: usize,
    /// Operations completed in each slice.
    slices: Vec<usize>,
    /// The most that was retired and not freed.
    waiting: usize,
}

impl<'a> Monitor<'a> {
    fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            slice: Instant::now(),
            before: 0,
            slices: Vec::new(),
            waiting: 0,
        }
    }

    fn look(&mut self) {
        self.waiting = self.waiting.max(self.shared.map.retired_len());
        assert!(
            self.waiting <= bound_of_round(),
            "{} entries wait to be freed, more than the documented {}",
            self.waiting,
            bound_of_round()
        );
        if self.slice.elapsed() >= SLICE {
            self.slice = Instant::now();
            let done = self.shared.done.iter().map(relaxed).sum();
            self.slices.push(done - self.before);
            self.before = done;
            let idle = self.slices.iter().rev().take_while(|&&done| done == 0);
            assert!(
                idle.count() < IDLE,
                "no operation in {IDLE} times {SLICE:?}"
            );
        }
    }

    /// Waits until `done`; looks after the others meanwhile.
    fn wait(&mut self, what: &str, done: impl Fn() -> bool) {
        let start = Instant::now();
        while !done() {
            self.look();
            assert!(start.elapsed() < PATIENCE, "blocked: {what}");
            thread::sleep(Duration::from_micros(100));
        }
    }

    /// Each of the three regions comes to hold more than half of its `span` keys.
    fn wait_for_growth(&mut self, span: u64) {
        let entries = usize::try_from(span).unwrap();
        self.wait("growth", || self.shared.map.capacity() >= entries);
    }

    fn stop(&mut self, AtWork(thread, victim): &AtWork) -> &'static Victim {
        self.wait("a victim's start", || victim.is_enlisted());
        park::stop(thread);
        self.wait("a victim's stop", || victim.is_stopped());
        victim
    }
}

fn relaxed(count: &AtomicUsize) -> usize {
    count.load(Ordering::Relaxed)
}

fn spawn(work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let builder = thread::Builder::new().stack_size(512 << 10);
    builder.spawn(work).unwrap()
}

/// A victim at work.
struct AtWork(JoinHandle<()>, &'static Victim);

fn recruit(shared: &'static Shared, seed: u64) -> AtWork {
    let victim: &Victim = Box::leak(Box::default());
    let thread = spawn(move || be_a_victim(shared, victim, seed));
    AtWork(thread, victim)
}

/// What a round gave.
struct Outcome {
    stopped: Vec<&'static Victim>,
    slices: Vec<usize>,
    operations: usize,
    /// The most that was removed and not yet freed, of all that was removed.
    waiting: usize,
    retired: usize,
    doublings: u32,
    /// Young maps that were filled.
    filled: usize,
}

/// Stops `STOPS` threads, one after the other. `clearing`: victims clear the map now and then;
/// `churning`: in the end, so much is removed that it would not fit in the bound.
fn round(seed: u64, clearing: bool, churning: bool) -> Outcome {
    let shared: &'static Shared = Box::leak(Box::new(Shared::new(FIRST_SPAN, clearing)));
    let mut random = Random::new(seed);
    let survivors: Vec<Receiver<Survivor>> = (0..)
        .take(SURVIVORS)
        .map(|id| {
            let (result, survivor) = mpsc::channel();
            let seed = random.next();
            spawn(move || {
                let survivor = Survivor::new(shared, id, seed).survive();
                result.send(survivor).unwrap();
            });
            survivor
        })
        .collect();
    let mut monitor = Monitor::new(shared);
    let mut at_work = VecDeque::new();
    let mut stopped = Vec::new();
    for stop in 1..=STOPS {
        let in_first_operations = stop % 6 == 0;
        while !in_first_operations && at_work.len() < AT_WORK {
            at_work.push_back(recruit(shared, random.next()));
        }
        let next = if in_first_operations {
            recruit(shared, random.next())
        } else {
            thread::sleep(Duration::from_micros(random.below(3_000)));
            at_work.pop_front().unwrap()
        };
        stopped.push(monitor.stop(&next));
        for done in &shared.done {
            let before = relaxed(done);
            monitor.wait("a survivor, after a stop", || relaxed(done) > before + 16);
        }
        if stop % STOPS_PER_DOUBLING == 0 {
            let span = 2 * shared.span.load(Ordering::Relaxed);
            shared.span.store(span, Ordering::Relaxed);
            if !clearing {
                monitor.wait_for_growth(span);
            }
        }
    }
    // The others stop too: what is compared below must stand still.
    stopped.extend(at_work.iter().map(|victim| monitor.stop(victim)));
    monitor.wait_for_growth(shared.span.load(Ordering::Relaxed));
    if churning {
        monitor.wait("removals", || {
            relaxed(&shared.retired) > 2 * bound_of_round()
        });
    }
    shared.over.store(true, Ordering::Relaxed);
    let survivors: Vec<Survivor> = survivors
        .iter()
        .map(|survivor| survivor.recv_timeout(PATIENCE))
        .map(|survivor| survivor.expect("a survivor was blocked, or panicked (see above)"))
        .collect();
    monitor.look();
    check(shared, &survivors, stopped.len());
    Outcome {
        stopped,
        slices: monitor.slices,
        operations: shared.done.iter().map(relaxed).sum(),
        waiting: monitor.waiting,
        retired: relaxed(&shared.retired),
        doublings: (shared.map.capacity() / 32).ilog2(),
        filled: relaxed(&shared.nursery.filled),
    }
}

/// The map holds what the survivors know of, each once, and what all changed fits its keys; it can be
/// read, written, cleared and collected as if nobody had been stopped.
fn check(shared: &Shared, survivors: &[Survivor], stopped: usize) {
    let map = &shared.map;
    let mut found = BTreeMap::new();
    for entry in map {
        let n = entry.of(*entry.key());
        assert!(found.insert(*entry.key(), n).is_none(), "a key twice");
    }
    // A thread that is stopped between a change and its count leaves the count one off.
    assert!(map.len().abs_diff(found.len()) <= stopped);
    for (id, survivor) in (0..).zip(survivors) {
        let own = found.iter().filter(|(key, _)| region(**key) == id);
        assert!(
            own.clone()
                .all(|(key, n)| survivor.model.get(key) == Some(n))
        );
        if !shared.clearing {
            assert_eq!(own.count(), survivor.model.len());
        }
        for key in survivor.model.keys() {
            assert_eq!(
                map.get(key).map(|entry| entry.of(*key)),
                found.get(key).copied()
            );
        }
    }
    map.clear();
    assert_eq!(map.iter().count(), 0);
    assert!(map.len() <= stopped);
    map.flush();
    assert!(map.retired_len() <= bound_of_round());
}

#[test]
fn the_others_go_on_whatever_the_stopped_ones_were_doing() {
    park::install_handler();
    let soak = std::env::var("SPLITMAP_SOAK").map_or(1, |factor| factor.parse().unwrap());
    let rounds = ROUNDS * u64::clamp(soak, 1, 20); // stopped threads stay, each with its stack
    let start = Instant::now();
    let churning = cfg!(not(splitmap_emulated)) || soak > 1;
    let outcomes: Vec<Outcome> = (0..rounds)
        .map(|n| round(n, n % 3 == 2, churning && n % 4 == 0))
        .collect();
    println!("{rounds} rounds, {:.1} s", start.elapsed().as_secs_f64());
    report::print(&outcomes);
    let stopped: usize = outcomes.iter().map(|round| round.stopped.len()).sum();
    assert!(cfg!(splitmap_emulated) || stopped >= 200);
}
