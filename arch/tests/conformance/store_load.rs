//! The store-buffering litmus: what `StoreLoad` is for.
//!
//! ```text
//!   thread 0: x = 1; order; a = y          thread 1: y = 1; order; b = x
//!   forbidden: a == 0 and b == 0
//! ```
//!
//! Thread 0 is the reader (publish, then load); thread 1 is either a second reader or the remover
//! (store, `heavy`, load). A control run without order shows whether this machine would show the
//! forbidden outcome at all.

use crate::{all_cores, report};
use core::ptr::{null_mut, without_provenance_mut};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicPtr as Foreign, AtomicUsize as Counter};
use splitmap_arch::backends::{Backend, PtrWord};
use splitmap_arch::{AtomicPtr, StoreLoad};
use std::thread::scope;

/// Cells between two meetings of the threads.
const BATCH: usize = if cfg!(miri) { 4 } else { 200 };

const BATCHES: usize = if cfg!(miri) {
    8
} else if cfg!(splitmap_emulated) {
    100
} else {
    500
};

/// A system call per cell is too slow for as many rounds.
const BATCHES_WITH_HEAVY: usize = if cfg!(miri) { 8 } else { 60 };

/// The cells of one side, far from those of the other.
#[repr(align(128))]
struct Cell<W>(W);

/// Runs both sides on every cell, and counts the cells on which both read the old value.
fn stale_on_both_sides<W: Sync>(
    batches: usize,
    new: impl Fn() -> W,
    left: impl Fn(&W, &W) -> bool + Sync,
    right: impl Fn(&W, &W) -> bool + Sync,
) -> usize {
    let _cores = all_cores();
    let mut forbidden = 0;
    for _ in 0..batches {
        let cells: Vec<(Cell<W>, Cell<W>)> =
            (0..BATCH).map(|_| (Cell(new()), Cell(new()))).collect();
        let arrived = Counter::new(0);
        let side = |mine: &(dyn Fn(&W, &W) -> bool + Sync), swapped: bool| -> Vec<bool> {
            cells
                .iter()
                .enumerate()
                .map(|(i, (x, y))| {
                    // Meet at every cell, so that the two sides overlap.
                    // ORD[none] Relaxed: the meeting must not order the litmus itself.
                    arrived.fetch_add(1, Relaxed);
                    let mut spins = 0_u32;
                    while arrived.load(Relaxed) < 2 * (i + 1) {
                        core::hint::spin_loop();
                        spins += 1;
                        if cfg!(miri) || spins.is_multiple_of(1_000) {
                            // The other side may need this core.
                            std::thread::yield_now();
                        }
                    }
                    if swapped {
                        mine(&y.0, &x.0)
                    } else {
                        mine(&x.0, &y.0)
                    }
                })
                .collect()
        };
        let (stale_left, stale_right) = scope(|threads| {
            let other = threads.spawn(|| side(&right, true));
            (
                side(&left, false),
                other.join().expect("the right side does not panic"),
            )
        });
        forbidden += stale_left
            .iter()
            .zip(&stale_right)
            .filter(|(a, b)| **a && **b)
            .count();
    }
    forbidden
}

/// Not null: the new value of a cell.
fn one<T>() -> *mut T {
    without_provenance_mut(align_of::<T>())
}

fn publish_then_load(order: StoreLoad) -> impl Fn(&AtomicPtr<u8>, &AtomicPtr<u8>) -> bool + Sync {
    move |mine, theirs| order.publish_then_load(mine, one(), theirs).is_null()
}

fn store_heavy_load(order: StoreLoad) -> impl Fn(&AtomicPtr<u8>, &AtomicPtr<u8>) -> bool + Sync {
    move |mine, theirs| {
        // ORD[publish.link] AcqRel: the unlinking is a compare-and-swap.
        mine.compare_exchange(null_mut(), one())
            .expect("the cell is fresh");
        order.heavy();
        theirs.load_acquire().is_null()
    }
}

pub(crate) fn store_then_fence_forbids_store_buffering<B: Backend + Sync>(backend: B) {
    let side = |mine: &PtrWord, theirs: &PtrWord| {
        backend.store_then_fence(mine, one());
        theirs.load(Acquire).is_null()
    };
    let forbidden = stale_on_both_sides(BATCHES, || PtrWord::new(null_mut()), side, side);
    assert_eq!(forbidden, 0, "{}", backend.name());
}

#[test]
fn control_without_order_shows_what_the_machine_can_do() {
    let side = |mine: &PtrWord, theirs: &PtrWord| {
        mine.store(one(), Release);
        theirs.load(Acquire).is_null()
    };
    let forbidden = stale_on_both_sides(BATCHES, || PtrWord::new(null_mut()), side, side);
    report(&format!(
        "control: {forbidden} of {} store-buffering outcomes without order",
        BATCH * BATCHES
    ));
}

#[test]
fn fenced_readers_are_ordered_among_themselves() {
    // Symmetric on purpose: the asymmetric form orders a reader only against `heavy`.
    let order = StoreLoad::FENCED;
    let side = publish_then_load(order);
    let forbidden = stale_on_both_sides(BATCHES, AtomicPtr::default, &side, &side);
    assert_eq!(forbidden, 0, "{}", order.name());
}

#[test]
fn reader_and_remover_do_not_both_miss_each_other() {
    for order in [StoreLoad::FENCED, StoreLoad::register()] {
        let forbidden = stale_on_both_sides(
            BATCHES_WITH_HEAVY,
            AtomicPtr::default,
            publish_then_load(order),
            store_heavy_load(order),
        );
        report(&format!(
            "StoreLoad form {}: {forbidden} of {} forbidden outcomes, publish_then_load",
            order.name(),
            BATCH * BATCHES_WITH_HEAVY
        ));
        assert_eq!(forbidden, 0, "{}", order.name());
    }
}

/// The second half alone, after a release store that other code makes (haphazard's `protect_raw`).
#[test]
fn load_after_a_foreign_release_store_is_ordered() {
    struct Cells {
        foreign: Foreign<u8>,
        ours: AtomicPtr<u8>,
    }
    for order in [StoreLoad::FENCED, StoreLoad::register()] {
        let forbidden = stale_on_both_sides(
            BATCHES_WITH_HEAVY,
            || Cells {
                foreign: Foreign::new(null_mut()),
                ours: AtomicPtr::default(),
            },
            |mine, theirs| {
                mine.foreign.store(one(), Release);
                order.load_after_publish(&theirs.ours).is_null()
            },
            |mine, theirs| {
                mine.ours
                    .compare_exchange(null_mut(), one())
                    .expect("the cell is fresh");
                order.heavy();
                theirs.foreign.load(Acquire).is_null()
            },
        );
        report(&format!(
            "StoreLoad form {}: {forbidden} of {} forbidden outcomes, load_after_publish",
            order.name(),
            BATCH * BATCHES_WITH_HEAVY
        ));
        assert_eq!(forbidden, 0, "{}", order.name());
    }
}
