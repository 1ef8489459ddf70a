//! What a map keeps for one seat: hazards, the batch of nodes to retire, and its share of the
//! counters. Owned by the thread in that seat; other threads read the hazards and counters only.

use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use core::cell::Cell;
use core::ptr::NonNull;

use super::garbage::{Garbage, Reclaim};
use super::hazard::Hazards;
use crate::sync::{AtomicUsize, StoreLoad};
use crate::tunables::BATCH;
use crate::unwind::or_abort;

/// A counter that one thread writes and all may read: no read-modify-write, no shared line.
pub(super) struct Tally(AtomicUsize);

impl Tally {
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Adds (wrapping; a negative amount as its two's complement). By the seat's owner only.
    #[inline]
    pub(super) fn add(&self, amount: usize) {
        // No read-modify-write: one writer (the seat's owner), whose own load may be Relaxed. ORD[tally] Release:
        // who reads the sum sees what was counted.
        self.0
            .store_release(self.0.load_relaxed().wrapping_add(amount));
    }

    pub(super) fn read(&self) -> usize {
        // ORD[tally] Acquire: pairs with the store above.
        self.0.load_acquire()
    }
}

pub(super) struct Local<T: Reclaim> {
    pub(super) hazards: Hazards,
    /// Unlinked, and perhaps still protected.
    batch: Cell<Vec<NonNull<T>>>,
    /// So many in the batch are scanned.
    full: Cell<usize>,
    /// Room for the addresses that a scan finds.
    addresses: Cell<Vec<usize>>,
    /// Unprotected, destructors not yet run.
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
    pub(super) fn new() -> Self {
        Self {
            hazards: Hazards::new(),
            batch: Cell::new(Vec::new()),
            full: Cell::new(BATCH),
            addresses: Cell::new(Vec::new()),
            sink: Cell::new(Garbage::new()),
            dirty: Cell::new(false),
            draining: Cell::new(false),
            until_check: Cell::new(0),
            counted: Tally::new(),
            retired: Tally::new(),
            reclaimed: Tally::new(),
        }
    }

    /// Puts `node` into the batch. True: that is full, and to be scanned.
    ///
    /// # Safety
    /// As [`super::Session::retire`].
    pub(super) unsafe fn retire(&self, node: NonNull<T>) -> bool {
        let mut batch = self.batch.take();
        // Without memory the node would be neither in the list nor here.
        or_abort(|| {
            batch.reserve_exact(BATCH.saturating_sub(batch.len()));
            batch.push(node);
        });
        self.retired.add(1);
        let full = batch.len() >= self.full.get();
        self.batch.set(batch);
        full
    }

    /// Moves those nodes of the batch into the sink that no hazard in `locals`, which gives all that there
    /// are, protects. Runs no user code.
    pub(super) fn scan<'a, I: Iterator<Item = &'a Self>>(
        &self,
        locals: impl FnOnce() -> I,
        order: StoreLoad,
    ) where
        T: 'a,
    {
        let (mut batch, mut addresses) = (self.batch.take(), self.addresses.take());
        // ORD[protect] The heavy half: every node of the batch was unlinked before this barrier; which seats
        // there are, and their hazards, are read after it. See `reclaim`.
        order.heavy();
        let mut hazards = 0;
        let complete = locals().try_for_each(|local| {
            hazards += local.hazards.read(&mut addresses)?;
            Ok::<_, TryReserveError>(())
        });
        // Without memory for the addresses the nodes wait for another scan.
        if complete.is_ok() {
            addresses.sort_unstable();
            let mut sink = self.take_waiting();
            batch.retain(|&node| {
                let protected = addresses.binary_search(&node.addr().get()).is_ok();
                if !protected {
                    // SAFETY: unlinked and retired once (H3), and protected by nobody: a hazard that is
                    // published later does not hold (ORD[protect]). So it is this batch's alone.
                    unsafe { sink.push(node) };
                }
                protected
            });
            self.put_waiting(sink);
        }
        // So the next scan frees half of the batch, at least, and reads four hazards for each of its nodes,
        // at most.
        self.full.set(BATCH.max(2 * batch.len()).max(hazards / 4));
        addresses.clear();
        self.batch.set(batch);
        self.addresses.set(addresses);
    }

    /// Takes over what waits in a seat that has no owner.
    ///
    /// # Safety
    /// The caller owns both seats.
    pub(super) unsafe fn adopt(&self, orphan: &Self) {
        let (mut batch, mut theirs) = (self.batch.take(), orphan.batch.take());
        or_abort(|| batch.append(&mut theirs));
        self.batch.set(batch);
        orphan.batch.set(theirs);
        // A panic in its last operation may have left some there.
        self.add_waiting(orphan.take_waiting());
    }

    /// Takes the nodes whose destructors are due.
    pub(super) fn take_waiting(&self) -> Garbage<T> {
        self.dirty.set(false);
        self.sink.replace(Garbage::new())
    }

    /// Adds nodes whose destructors are due.
    pub(super) fn add_waiting(&self, garbage: Garbage<T>) {
        let mut sink = self.take_waiting();
        sink.append(garbage);
        self.put_waiting(sink);
    }

    fn put_waiting(&self, sink: Garbage<T>) {
        self.dirty.set(!sink.is_empty());
        self.sink.set(sink);
    }

    /// How many destructors are due.
    #[cfg(not(feature = "std"))]
    pub(super) fn waiting(&self) -> usize {
        let sink = self.take_waiting();
        let waiting = sink.len();
        self.put_waiting(sink);
        waiting
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
        while self.dirty.get() {
            let list = self.take_waiting();
            let _gone = Gone(&self.reclaimed, list.len());
            // The destructors may use the map and add garbage.
            drop(list);
        }
    }

    /// Moves everything that waits here to `garbage`.
    pub(super) fn dismantle(&mut self, garbage: &mut Garbage<T>) {
        for node in self.batch.take() {
            // SAFETY: unlinked, and now that the domain is borrowed exclusively nobody else has it.
            unsafe { garbage.push(node) };
        }
        garbage.append(self.take_waiting());
    }
}
