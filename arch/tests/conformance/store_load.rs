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
use core::fmt;
use core::ptr::{null_mut, without_provenance_mut};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicPtr as Foreign, AtomicUsize as Counter};
use core::time::Duration;
use splitmap_arch::backends::{Backend, PtrWord};
use splitmap_arch::{AtomicPtr, StoreLoad};
use std::thread::scope;
use std::time::Instant;

/// Cells between two meetings of the threads.
const BATCH: usize = if cfg!(miri) { 4 } else { 200 };

/// Batches of one run, at most.
const BATCHES: usize = if cfg!(miri) { 8 } else { 250 };

/// Time for one run, at most: on a busy machine the two sides rarely run at once. (Miri's clock is
/// its own.)
const BUDGET: Duration = Duration::from_millis(450);

/// The cells of one side, far from those of the other.
#[repr(align(128))]
struct Cell<W>(W);

/// What a run found.
struct Outcome {
    forbidden: usize,
    cells: usize,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} store-buffering outcomes in {}",
            self.forbidden, self.cells
        )
    }
}

/// Runs both sides on every cell, and counts the cells on which both read the old value.
fn stale_on_both_sides<W: Sync>(
    new: impl Fn() -> W,
    left: impl Fn(&W, &W) -> bool + Sync,
    right: impl Fn(&W, &W) -> bool + Sync,
) -> Outcome {
    let _cores = all_cores();
    let begin = Instant::now();
    let (mut forbidden, mut cells_run) = (0, 0);
    while cells_run < BATCHES * BATCH && begin.elapsed() < BUDGET {
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
        cells_run += BATCH;
    }
    Outcome {
        forbidden,
        cells: cells_run,
    }
}

/// Not null: the new value of a cell.
fn one<T>() -> *mut T {
    without_provenance_mut(align_of::<T>())
}

/// The forms of this build: one or two.
fn forms() -> Vec<StoreLoad> {
    let mut forms = vec![StoreLoad::FENCED, StoreLoad::register()];
    forms.dedup();
    forms
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
    let outcome = stale_on_both_sides(|| PtrWord::new(null_mut()), side, side);
    assert_eq!(outcome.forbidden, 0, "{}: {outcome}", backend.name());
}

/// Shows whether this machine lets the outcome be seen; asserts nothing.
#[test]
fn control_without_order() {
    let reader = |mine: &AtomicPtr<u8>, theirs: &AtomicPtr<u8>| {
        mine.store_release(one());
        theirs.load_acquire().is_null()
    };
    let remover = |mine: &AtomicPtr<u8>, theirs: &AtomicPtr<u8>| {
        mine.swap(one());
        theirs.load_acquire().is_null()
    };
    let outcome = stale_on_both_sides(AtomicPtr::default, reader, reader);
    report(&format!("control, two sides without order: {outcome}"));
    let outcome = stale_on_both_sides(AtomicPtr::default, reader, remover);
    report(&format!("control, remover without `heavy`: {outcome}"));
}

#[test]
fn fenced_readers_are_ordered_among_themselves() {
    // Symmetric on purpose: the asymmetric form orders a reader only against `heavy`.
    let order = StoreLoad::FENCED;
    let side = publish_then_load(order);
    let outcome = stale_on_both_sides(AtomicPtr::default, &side, &side);
    assert_eq!(outcome.forbidden, 0, "{}: {outcome}", order.name());
}

#[test]
fn reader_and_remover_do_not_both_miss_each_other() {
    for order in forms() {
        let outcome = stale_on_both_sides(
            AtomicPtr::default,
            publish_then_load(order),
            store_heavy_load(order),
        );
        let form = order.name();
        report(&format!(
            "StoreLoad form {form}, publish_then_load: {outcome}"
        ));
        assert_eq!(outcome.forbidden, 0, "{form}");
    }
}

/// The second half alone, after a release store that other code makes.
#[test]
fn load_after_a_foreign_release_store_is_ordered() {
    struct Cells {
        foreign: Foreign<u8>,
        ours: AtomicPtr<u8>,
    }
    for order in forms() {
        let outcome = stale_on_both_sides(
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
        let form = order.name();
        report(&format!(
            "StoreLoad form {form}, load_after_publish: {outcome}"
        ));
        assert_eq!(outcome.forbidden, 0, "{form}");
    }
}

/// A look behind a read-modify-write.
#[test]
fn load_after_an_update_is_ordered() {
    for order in forms() {
        let form = order.name();
        let outcome = stale_on_both_sides(
            AtomicPtr::default,
            |mine, theirs| {
                mine.compare_exchange(null_mut(), one())
                    .expect("the cell is fresh");
                order.load_after_update(theirs).is_null()
            },
            store_heavy_load(order),
        );
        report(&format!(
            "StoreLoad form {form}, update, load_after_update: {outcome}"
        ));
        assert_eq!(outcome.forbidden, 0, "{form}");
    }
}
