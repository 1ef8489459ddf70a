//! What a map keeps for one seat: hazards, the batch of nodes to retire, and its share of the
//! counters. Owned by the thread in that seat; other threads read the counters only.

use alloc::vec::Vec;
use core::cell::Cell;
use core::ptr::NonNull;

use super::garbage::{Garbage, Reclaim, Reclaimed, with_sink};
use super::hazard::{HazardDomain, Hazards};
use crate::sync::{AtomicUsize, StoreLoad};
use crate::tunables::BATCH;

/// A counter that one thread writes and all may read: no read-modify-write, no shared line.
pub(super) struct Tally(AtomicUsize);

impl Tally {
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Adds (wrapping; a negative amount as its two's complement). By the seat's owner only.
    #[inline]
    pub(super) fn add(&self, amount: usize) {
        // Relaxed, and no read-modify-write: one writer (the seat's owner); readers of the sum
        // are promised nothing about other memory.
        self.0
            .store_relaxed(self.0.load_relaxed().wrapping_add(amount));
    }

    pub(super) fn read(&self) -> usize {
        // Relaxed: as above.
        self.0.load_relaxed()
    }
}

pub(super) struct Local<T: Reclaim> {
    pub(super) hazards: Hazards,
    /// Unlinked, not yet given to haphazard.
    batch: Cell<Vec<NonNull<T>>>,
    /// Given back by haphazard, destructors not yet run.
    sink: Cell<Garbage<T>>,
    /// There is something in the sink.
    dirty: Cell<bool>,
    /// A frame of this thread is running destructors from the sink.
    draining: Cell<bool>,
    /// Insertions until the next look at the length (used by the layer above).
    pub(super) until_check: Cell<usize>,
    pub(super) counted: Tally,
    pub(super) retired: Tally,
    pub(super) reclaimed: Tally,
}

impl<T: Reclaim> Local<T> {
    /// # Safety
    /// As [`Hazards::new`].
    pub(super) unsafe fn new(domain: &HazardDomain) -> Self {
        Self {
            // SAFETY: the caller's promise.
            hazards: unsafe { Hazards::new(domain) },
            batch: Cell::new(Vec::new()),
            sink: Cell::new(Garbage::new()),
            dirty: Cell::new(false),
            draining: Cell::new(false),
            until_check: Cell::new(0),
            counted: Tally::new(),
            retired: Tally::new(),
            reclaimed: Tally::new(),
        }
    }

    /// # Safety
    /// As [`super::Session::retire`].
    pub(super) unsafe fn retire(&self, node: NonNull<T>, domain: &HazardDomain, order: StoreLoad) {
        let mut batch = self.batch.take();
        batch.reserve_exact(BATCH.saturating_sub(batch.len()));
        batch.push(node);
        self.retired.add(1);
        let full = batch.len() >= BATCH;
        self.batch.set(batch);
        if full {
            self.flush(domain, order);
        }
    }

    /// Hands the batch to haphazard. Runs no user code: what comes back lands in the sink.
    fn flush(&self, domain: &HazardDomain, order: StoreLoad) {
        let mut batch = self.batch.take();
        if batch.is_empty() {
            return;
        }
        // ORD[protect] The heavy half: every node of the batch was unlinked before this barrier,
        // and is shown to a scan only after it. See `reclaim`.
        order.heavy();
        let mut sink = self.sink.replace(Garbage::new());
        with_sink(&mut sink, || {
            for node in batch.drain(..) {
                // SAFETY: the node was unlinked by this thread's successful exchange, once (L3),
                // so no new hazard can be validated on it; it stays allocated until reclaimed,
                // and the domain is dropped by the map that owns it.
                unsafe { domain.retire_ptr::<T, Reclaimed<T>>(node.as_ptr()) };
            }
        });
        self.dirty.set(!sink.is_empty());
        self.sink.set(sink);
        self.batch.set(batch);
    }

    /// Runs the destructors that are due, unless a frame below already does.
    #[inline]
    pub(super) fn settle(&self) {
        if self.dirty.get() {
            self.drain();
        }
    }

    #[cold]
    fn drain(&self) {
        struct Draining<'a, T: Reclaim>(&'a Local<T>);
        impl<T: Reclaim> Drop for Draining<'_, T> {
            fn drop(&mut self) {
                self.0.draining.set(false);
            }
        }
        /// Counts a list when it is gone, also by a panic.
        struct Gone<'a>(&'a Tally, usize);
        impl Drop for Gone<'_> {
            fn drop(&mut self) {
                self.0.add(self.1);
            }
        }
        if self.draining.replace(true) {
            return; // the frame below goes on with what we add
        }
        let _draining = Draining(self);
        while self.dirty.replace(false) {
            let list = self.sink.replace(Garbage::new());
            let _gone = Gone(&self.reclaimed, list.len());
            // The destructors may use the map and add garbage.
            drop(list);
        }
    }

    /// Retires and settles everything that waits here.
    pub(super) fn collect(&self, domain: &HazardDomain, order: StoreLoad) {
        self.flush(domain, order);
        let mut sink = self.sink.replace(Garbage::new());
        with_sink(&mut sink, || domain.eager_reclaim());
        self.sink.set(sink);
        self.dirty.set(true);
        self.drain();
    }

    /// Moves everything that waits here to `garbage`.
    pub(super) fn dismantle(&mut self, garbage: &mut Garbage<T>) {
        for node in self.batch.take() {
            // SAFETY: unlinked and never given to haphazard: nobody else has it, now that the
            // map is borrowed exclusively.
            unsafe { garbage.push(node) };
        }
        let mut sink = self.sink.replace(Garbage::new());
        while let Some(node) = sink.pop() {
            // SAFETY: the list owned it.
            unsafe { garbage.push(node) };
        }
    }
}
