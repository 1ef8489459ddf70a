//! When was it? Stamps for calls and returns: sound, and with as little order among the threads as
//! that allows.
//!
//! The checker concludes one thing from stamps: if `a.returned < b.invoked`, `a` takes effect before
//! `b`. A false alarm is a pair of stamps in that order of calls that the memory model does not order.
//! On the other hand, whatever orders the threads in addition may hide the map's own bugs. So there
//! are three kinds:
//!
//! | kind | orders | sound by | hides |
//! | --- | --- | --- | --- |
//! | [`Counter`](Stamps::Counter) | a return before the calls that follow it, of all threads | the language: happens-before | missing edges between calls that do not overlap; lines bounce |
//! | [`Clock`](Stamps::Clock) | nothing by itself; each thread's own accesses, at call and return | fences, and a clock that all cores share | reordering across the borders of an operation |
//! | [`ProgramOrder`](Stamps::ProgramOrder) | nothing | each thread's order alone | nothing, but the check is weaker: calls of different threads count as overlapping |
//!
//! **Counter.** A return is a Release increment, a call an Acquire increment. Increments of one atomic
//! are totally ordered, and each continues the release sequences of those before it; so a call acquires
//! from every return with a lower stamp. That is precisely the order that linearizability presupposes,
//! and no more: a call's own accesses are not released by its call, nor acquired by its return.
//!
//! **Clock.** `CLOCK_MONOTONIC` is one for all cores ([`Instant`] promises that it is never less than
//! one taken before; the test below watches that). Return: a `SeqCst` fence, then the clock, so that the
//! operation's stores are visible when the clock is read. (x86-64: `mfence`, and the vDSO's `lfence;
//! rdtsc` or `rdtscp`, the sequences that Intel's manual gives in RDTSC for this. `AArch64`: `dmb`, then the
//! vDSO's load of its sequence number, which the barrier holds behind the stores, a branch on that, and
//! `isb; mrs`.) Call: the clock, a store of what it said, a `SeqCst` fence. The store depends on the
//! clock's value, and the fence orders it before the operation's accesses; without it they could be
//! done early, as reading the counter is not an access. Two `SeqCst` fences in the order of the clock
//! are in that order for the memory model too, and what follows the later one sees what precedes the
//! earlier one.
//!
//! **Program order.** All intervals are the same, from the beginning of a round to its end; the barrier
//! between two rounds orders them. What is checked is that each key by itself is sequentially consistent.

use super::history::PENDING;
use crossbeam_utils::CachePadded;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::time::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Clock,
    ProgramOrder,
}

/// The source of one round's or several rounds' stamps.
#[derive(Debug)]
pub(crate) enum Stamps {
    Counter(CachePadded<AtomicU64>),
    Clock {
        origin: Instant,
        /// What each thread read last, for the order that the store makes.
        read: Vec<CachePadded<AtomicU64>>,
    },
    ProgramOrder,
    /// Behind all others, for what is read when a round is over.
    End,
}

impl Stamps {
    /// For `threads` threads.
    pub(crate) fn new(kind: Kind, threads: usize) -> Self {
        match kind {
            Kind::Counter => Self::Counter(CachePadded::default()),
            Kind::Clock => Self::Clock {
                origin: Instant::now(),
                read: (0..threads).map(|_| CachePadded::default()).collect(),
            },
            Kind::ProgramOrder => Self::ProgramOrder,
        }
    }

    /// The stamp of a call by `thread`.
    pub(crate) fn invoke(&self, thread: usize) -> u64 {
        match self {
            // Acquire: what returned with a lower stamp happened before (see above).
            Self::Counter(counter) => counter.fetch_add(1, Ordering::Acquire),
            Self::Clock { origin, read } => {
                let now = nanoseconds(origin);
                // Relaxed: the fence orders it, before all that the operation does.
                read[thread].store(now, Ordering::Relaxed);
                fence(Ordering::SeqCst);
                now
            }
            Self::ProgramOrder => 0,
            Self::End => PENDING - 1,
        }
    }

    /// The stamp of a return.
    pub(crate) fn returned(&self) -> u64 {
        match self {
            // Release: to the calls with a higher stamp (see above).
            Self::Counter(counter) => counter.fetch_add(1, Ordering::Release),
            Self::Clock { origin, .. } => {
                // SeqCst: the operation's stores are visible before the clock is read.
                fence(Ordering::SeqCst);
                nanoseconds(origin)
            }
            Self::ProgramOrder => PENDING - 2,
            Self::End => PENDING - 1,
        }
    }

    /// The stamps of what comes after a barrier that all calls come before.
    pub(crate) fn at_the_end(&self) -> &Self {
        match self {
            Self::ProgramOrder => &Self::End,
            real => real,
        }
    }
}

fn nanoseconds(origin: &Instant) -> u64 {
    u64::try_from(origin.elapsed().as_nanos()).expect("a run of less than 584 years")
}

/// If this fails, refusals of histories stamped by the clock may be the machine's fault.
#[test]
fn clock_does_not_run_backwards_from_thread_to_thread() {
    let turns = crate::common::scaled(100_000);
    let (origin, read, turn) = (Instant::now(), AtomicU64::new(0), AtomicU64::new(0));
    let play = |parity| {
        for mine in (parity..turns).step_by(2) {
            // Acquire: pairs with the other thread's store of the turn.
            while turn.load(Ordering::Acquire) != mine {
                std::thread::yield_now();
            }
            let now = nanoseconds(&origin);
            // Relaxed: handed over with the turn.
            assert!(
                read.load(Ordering::Relaxed) <= now,
                "the clock ran backwards"
            );
            // Relaxed: as above.
            read.store(now, Ordering::Relaxed);
            // Release: pairs with the load of the turn.
            turn.store(mine + 1, Ordering::Release);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| play(0));
        scope.spawn(|| play(1));
    });
}
