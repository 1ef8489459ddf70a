//! Models: the map's own code under loom, which runs every interleaving of a few operations, and
//! every value that the memory model lets each load give (`ci/loom`).
//!
//! ```text
//!   Pair { first | second }      side by side; then, alone: is the content one that may be?
//!   model("name", Explore, ..)   the same for more threads; the list is dropped, nothing leaks
//! ```
//!
//! Entries are [`Probe`]s: their reads and their drops are accesses that loom tracks, as are the looks that
//! walks take at nodes, and the freeing of these (`sync::Life`). If a drop does not *happen after* each
//! read in the memory model's sense, loom fails, whatever the order in this execution; and what is not
//! dropped is a leak.
//!
//! loom's own limits: the stores to one word are ordered as they are executed, and `SeqCst` accesses are
//! no stronger than `AcqRel` (no access here is `SeqCst`; fences are, and are exact).

mod background;
mod changes;
mod entries;
mod growth;
mod reclamation;
mod seats;
mod snapshots;
mod walks;

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;
use core::fmt::Debug;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::println;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use loom::alloc::Track;
use loom::cell::UnsafeCell;
use loom::thread::JoinHandle;

use super::SplitOrder;
use crate::list::{NewNode, Step, advance, settle};
use crate::reclaim::{Reclamation, Seat};

/// loom itself: it must run a store behind the storing thread's own load before another thread's load. The
/// released loom does not (tokio-rs/loom#166, #392); `ci/loom` mends it, by `ci/loom.patch`.
#[test]
fn loom_does_not_overlook_interleavings() {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let results = Arc::clone(&seen);
    model("control: load | load, store", Explore::All, move || {
        let word = loom::sync::Arc::new(crate::sync::AtomicUsize::new(0));
        let theirs = loom::sync::Arc::clone(&word);
        let other = loom::thread::spawn(move || {
            theirs.load_relaxed();
            theirs.store_relaxed(1);
        });
        results
            .lock()
            .expect("no panic")
            .insert(word.load_relaxed());
        join(other);
    });
    assert_eq!(*seen.lock().expect("no panic"), BTreeSet::from([0, 1]));
}

/// How far a model is explored.
#[derive(Clone, Copy)]
pub(crate) enum Explore {
    /// Every interleaving.
    All,
    /// Those with at most so many switches away from a thread that could go on.
    Preemptions(usize),
}

/// Explores `body` and says how many executions that took. `LOOM_MAX_PREEMPTIONS` overrides the bound.
pub(crate) fn model(name: &str, explore: Explore, body: impl Fn() + Send + Sync + 'static) {
    let executions = Arc::new(AtomicUsize::new(0));
    let mut builder = loom::model::Builder::new();
    builder.max_branches = 50_000;
    if let (Explore::Preemptions(bound), None) = (explore, builder.preemption_bound) {
        builder.preemption_bound = Some(bound);
    }
    let bound = match builder.preemption_bound {
        Some(bound) => format!("at most {bound} preemptions"),
        None => "complete".into(),
    };
    let (count, start) = (Arc::clone(&executions), Instant::now());
    builder.check(move || {
        // Relaxed: a count, in one thread.
        count.fetch_add(1, Ordering::Relaxed);
        Seat::vacate_all();
        body();
    });
    let (executions, seconds) = (
        executions.load(Ordering::Relaxed),
        start.elapsed().as_secs_f32(),
    );
    println!("loom: {name}: {executions} executions, {bound}, {seconds:.1} s");
}

/// A key or value whose reads and drop loom tracks.
struct Probe {
    n: Track<u64>,
    alive: UnsafeCell<bool>,
}

impl Probe {
    fn new(n: u64) -> Self {
        Self {
            n: Track::new(n),
            alive: UnsafeCell::new(true),
        }
    }

    fn read(&self) -> u64 {
        self.alive.with(|alive| {
            // SAFETY: loom fails if a drop does not happen before or after this read.
            assert!(unsafe { *alive }, "read after its drop");
        });
        *self.n.get_ref()
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.alive.with_mut(|alive| {
            // SAFETY: as in `read`.
            let alive = unsafe { &mut *alive };
            assert!(core::mem::replace(alive, false), "dropped twice");
        });
    }
}

/// A list under test, by keys below 64: the upper 6 bits of the hash.
#[derive(Clone, Copy)]
struct List(&'static SplitOrder<Probe, Probe>);

fn hash_of(key: u64) -> u32 {
    u32::try_from(key).expect("below 64") << 26
}

impl List {
    fn insert(self, key: u64, value: u64) -> Option<u64> {
        let new = NewNode::new(hash_of(key), Probe::new(key), Probe::new(value));
        let replaced = self
            .0
            .insert(hash_of(key), new, |a, b| a.read() == b.read());
        replaced.map(|entry| read(&entry))
    }

    fn try_insert(self, key: u64, value: u64) -> Result<u64, u64> {
        let new = NewNode::new(hash_of(key), Probe::new(key), Probe::new(value));
        match self
            .0
            .try_insert(hash_of(key), new, |a, b| a.read() == b.read())
        {
            Ok(entry) => Ok(read(&entry)),
            Err((entry, _new)) => Err(read(&entry)),
        }
    }

    fn get(self, key: u64) -> Option<u64> {
        let entry = self.0.get(hash_of(key), |other| other.read() == key)?;
        Some(read(&entry))
    }

    fn update(self, key: u64, f: impl Fn(u64) -> u64) -> Option<u64> {
        let eq = |other: &Probe| other.read() == key;
        let f = |_: &Probe, value: &Probe| Probe::new(f(value.read()));
        self.0.update(hash_of(key), eq, f).map(|entry| read(&entry))
    }

    fn remove(self, key: u64) -> Option<u64> {
        let eq = |other: &Probe| other.read() == key;
        let removed = self.0.remove_if(hash_of(key), eq, |_, _| true);
        removed.map(|entry| read(&entry))
    }

    /// Removes, and reclaims whatever can be reclaimed.
    fn remove_and_reclaim(self, key: u64) -> Option<u64> {
        let removed = self.remove(key);
        self.0.flush();
        removed
    }

    /// Keys and values, as an iteration shows them, sorted.
    fn sorted(self) -> Entries {
        let mut entries = super::Entries::new(self.0);
        let mut shown: Entries = core::iter::from_fn(|| entries.next())
            .map(|entry| {
                // SAFETY: protected by the entry's guard.
                let node = unsafe { entry.0.as_ref() };
                (node.key().read(), node.value().read())
            })
            .collect();
        shown.sort_unstable();
        shown
    }

    /// Asserts that nodes and sentinels ascend (L1), when nobody else is there.
    fn assert_ordered(self) {
        let (session, _seat) = self.0.domain.session();
        let mut guard = session.hazard();
        let (_, mut pred, mut succ) = self.0.table.start(0);
        let (mut boundary, mut hash) = (0, None);
        loop {
            // SAFETY: `pred` is a linked slot, or of a node that nobody retires, as nobody else is there.
            match unsafe { advance(session, pred, succ, &mut guard) } {
                Step::Sentinel(slot) => {
                    let last = core::mem::replace(&mut boundary, self.0.table.boundary(slot));
                    assert!(
                        boundary > last && hash < Some(boundary),
                        "a sentinel out of order"
                    );
                    // SAFETY: met behind a link.
                    (pred, succ) = (slot, unsafe { settle(slot) });
                }
                Step::Node(node, next) => {
                    // SAFETY: as above.
                    let node = unsafe { node.as_ref() };
                    let last = hash.replace(node.hash());
                    assert!(
                        hash >= last && hash >= Some(boundary),
                        "a node out of order"
                    );
                    (pred, succ) = (NonNull::from(node.next()), next);
                }
                Step::End => return,
                Step::Lost => unreachable!("nobody removes"),
            }
        }
    }

    /// Makes what a thread in each of `seats` keeps for the list, and sees to it that their
    /// insertions do not look at the length: that has models of its own.
    fn seat(self, seats: core::ops::Range<usize>) {
        for seat in seats.rev() {
            Seat::reserve(seat);
            Seat::sit(seat);
            let (session, _seat) = self.0.domain.session();
            session.check_again_after(1000);
            // As many hazards as an update holds.
            let _held: [_; 4] = core::array::from_fn(|_| session.hazard());
        }
    }
}

/// The value of a protected entry, whose key is read too.
fn read((node, _guard): &super::Protected<'_, Probe, Probe>) -> u64 {
    // SAFETY: protected by `_guard`.
    let node = unsafe { node.as_ref() };
    node.key().read();
    node.value().read()
}

/// What a list should hold in the end.
type Entries = Vec<(u64, u64)>;

/// Two operations side by side on a list of two buckets that holds `keys` (each its own value), and what
/// is there in the end, by their results.
struct Pair<A, B> {
    name: [&'static str; 2],
    explore: Explore,
    keys: &'static [u64],
    first: fn(List) -> A,
    second: fn(List) -> B,
    left: fn(List, &A, &B) -> Entries,
    /// How many different results there are: all of them must have been seen.
    outcomes: usize,
}

impl<A: Debug + 'static, B: Debug + 'static> Pair<A, B> {
    fn check(self) {
        let Self {
            name,
            explore,
            keys,
            first,
            second,
            left,
            outcomes,
        } = self;
        let seen = Arc::new(Mutex::new(BTreeSet::new()));
        let results = Arc::clone(&seen);
        model(&name.join(" | "), explore, move || {
            run(keys, 2, |list| {
                let other = spawn(1, move || second(list));
                let (a, b) = (first(list), join(other));
                results
                    .lock()
                    .expect("no panic")
                    .insert(format!("{:?}", (&a, &b)));
                left(list, &a, &b)
            });
        });
        let seen = seen.lock().expect("no panic");
        assert_eq!(seen.len(), outcomes, "{seen:?}");
    }
}

/// A list of two buckets with `keys`, for `threads` seats; main sits in 0. `body` joins its threads and
/// says what should be there; then, alone, that is compared and the list is dropped.
fn run(keys: &[u64], threads: usize, body: impl FnOnce(List) -> Entries) {
    run_at(1, keys, threads, body);
}

/// [`run`], on a list of `2^level` buckets.
fn run_at(level: u32, keys: &[u64], threads: usize, body: impl FnOnce(List) -> Entries) {
    run_with(level, Reclamation::new(), keys, threads, body);
}

/// [`run_at`], with settings.
fn run_with(
    level: u32,
    settings: Reclamation,
    keys: &[u64],
    threads: usize,
    body: impl FnOnce(List) -> Entries,
) {
    let list = Box::into_raw(Box::new(
        SplitOrder::with_level(level, settings).expect("memory"),
    ));
    // SAFETY: freed below, when all threads have been joined.
    let shared = List(unsafe { &*list });
    shared.seat(0..threads);
    for &key in keys {
        assert_eq!(shared.insert(key, key), None);
    }
    let mut expected = body(shared);
    expected.sort_unstable();
    assert_eq!(shared.sorted(), expected);
    assert_eq!(shared.0.len(), expected.len());
    shared.assert_ordered();
    for key in 0..64 {
        let value = expected
            .iter()
            .find(|entry| entry.0 == key)
            .map(|entry| entry.1);
        assert_eq!(shared.get(key), value, "key {key}");
    }
    // SAFETY: of `Box::into_raw`; nobody uses `shared` any more.
    drop(unsafe { Box::from_raw(list) });
}

/// Runs `f` in a thread of seat `seat`.
fn spawn<T: 'static>(seat: usize, f: impl FnOnce() -> T + 'static) -> JoinHandle<T> {
    Seat::reserve(seat);
    loom::thread::spawn(move || {
        Seat::sit(seat);
        f()
    })
}

fn join<T>(thread: JoinHandle<T>) -> T {
    thread.join().expect("loom ends the model at a panic")
}
