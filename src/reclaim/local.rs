//! What a map keeps for one seat: hazards, the batch of nodes to retire, and its share of the
//! counters. Owned by the thread in that seat; other threads read the hazards and counters only.
//!
//! ```text
//!   retire ──► batch ──scan, when full──► sink ──────────► destructors
//!                                          ▲ `due` of them at the end of the operation:
//!      each retirement makes some more due ┘ never more than are there
//! ```
//!
//! So what waits here, what is due apart, never grows while anything is in the sink: a retirement adds one node, and
//! makes one due, at least. And when nothing is, the batch is all that waits: that is the bound on garbage.

use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use core::cell::Cell;
use core::ptr::NonNull;

use super::garbage::{Garbage, Reclaim};
use super::hazard::Hazards;
use super::settings::Reclamation;
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
    settings: Reclamation,
    pub(super) hazards: Hazards,
    /// Unlinked, and perhaps still protected.
    batch: Cell<Vec<NonNull<T>>>,
    /// So many in the batch are scanned.
    full: Cell<usize>,
    /// Unlinked, and pinned at the last look: apart, so that they do not put the next scan off.
    pinned: Cell<Vec<NonNull<T>>>,
    /// How often pins had been given up then.
    released: Cell<usize>,
    /// Room for the addresses that a scan finds.
    addresses: Cell<Vec<usize>>,
    /// Unprotected, destructors not yet run.
    sink: Cell<Garbage<T>>,
    /// How many are in the sink.
    waiting: Cell<usize>,
    /// How many of them the operation that is running is to run, in its end.
    due: Cell<usize>,
    /// A frame of this thread is running destructors from the sink.
    draining: Cell<bool>,
    /// Insertions until the next look at the length (used by the layer above).
    pub(super) until_check: Cell<usize>,
    pub(super) counted: Tally,
    pub(super) retired: Tally,
    pub(super) reclaimed: Tally,
}

impl<T: Reclaim> Local<T> {
    pub(super) fn new(settings: Reclamation) -> Self {
        Self {
            settings,
            hazards: Hazards::new(),
            batch: Cell::new(Vec::new()),
            full: Cell::new(settings.batch),
            pinned: Cell::new(Vec::new()),
            released: Cell::new(0),
            addresses: Cell::new(Vec::new()),
            sink: Cell::new(Garbage::new()),
            waiting: Cell::new(0),
            due: Cell::new(0),
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
            batch.reserve_exact(BATCH.min(self.settings.batch).saturating_sub(batch.len()));
            batch.push(node);
        });
        self.retired.add(1);
        let full = batch.len() >= self.full.get();
        self.batch.set(batch);
        full
    }

    /// Takes those nodes out of the batch that no hazard in `locals`, which gives all that there are, protects.
    /// Runs no user code.
    pub(super) fn scan<'a, I: Iterator<Item = &'a Self>>(
        &self,
        locals: impl FnOnce() -> I,
        order: StoreLoad,
        released: usize,
    ) -> Garbage<T>
    where
        T: 'a,
    {
        let (mut batch, mut addresses) = (self.batch.take(), self.addresses.take());
        let mut pinned = self.pinned.take();
        if self.released.replace(released) != released {
            or_abort(|| batch.append(&mut pinned));
        }
        let mut unprotected = Garbage::new();
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
            batch.retain(|&node| {
                let protected = addresses.binary_search(&node.addr().get()).is_ok();
                // SAFETY: in a batch. Asked after the hazards were read: who pins it was protecting it (H6).
                if !protected && unsafe { T::is_pinned(node) } {
                    or_abort(|| pinned.push(node));
                } else if !protected {
                    // SAFETY: unlinked and retired once (H3), and protected by nobody: a hazard that is
                    // published later does not hold (ORD[protect]). So it is this batch's alone.
                    unsafe { unprotected.push(node) };
                }
                protected
            });
        }
        // So the next scan frees half of the batch, at least, and reads four hazards for each of its nodes,
        // at most.
        let least = self.settings.batch.max(hazards / 4);
        self.full.set(least.max(2 * batch.len()));
        addresses.clear();
        self.batch.set(batch);
        self.pinned.set(pinned);
        self.addresses.set(addresses);
        unprotected
    }

    /// Takes over what waits in a seat that has no owner.
    ///
    /// # Safety
    /// The caller owns both seats.
    pub(super) unsafe fn adopt(&self, orphan: &Self) {
        let (mut batch, mut theirs) = (self.batch.take(), orphan.batch.take());
        let mut pinned = orphan.pinned.take();
        or_abort(|| {
            batch.append(&mut theirs);
            batch.append(&mut pinned);
        });
        self.batch.set(batch);
        orphan.batch.set(theirs);
        self.add_waiting(orphan.take_waiting(usize::MAX));
    }

    /// Adds nodes whose destructors are to be run.
    pub(super) fn add_waiting(&self, garbage: Garbage<T>) {
        let mut sink = self.sink.replace(Garbage::new());
        sink.append(garbage);
        self.waiting.set(sink.len());
        self.sink.set(sink);
    }

    /// Takes the first `most` of them, or all.
    fn take_waiting(&self, most: usize) -> Garbage<T> {
        let mut sink = self.sink.replace(Garbage::new());
        let taken = sink.take_first(most);
        self.waiting.set(sink.len());
        self.due.set(self.due.get().min(sink.len()));
        self.sink.set(sink);
        taken
    }

    /// A node was retired: so many destructors more, if there are so many, are for the end of this operation.
    pub(super) fn some_fall_due(&self) {
        self.fall_due(self.settings.destructors);
    }

    /// So are all.
    pub(super) fn all_fall_due(&self) {
        self.fall_due(usize::MAX);
    }

    fn fall_due(&self, more: usize) {
        let due = self.due.get().saturating_add(more);
        self.due.set(due.min(self.waiting.get()));
    }

    #[inline]
    pub(super) fn is_due(&self) -> bool {
        self.due.get() > 0
    }

    /// Takes the nodes whose destructors are due.
    pub(super) fn take_due(&self) -> Garbage<T> {
        self.take_waiting(self.due.replace(0))
    }

    /// Runs the destructors that are due, unless a frame below already does.
    #[inline]
    pub(super) fn settle(&self) {
        if self.is_due() {
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
        if self.draining.replace(true) {
            return; // the frame below goes on with what we make due
        }
        let _draining = Draining(self);
        while self.is_due() {
            // The destructors may use the map, and make others due.
            self.reclaim(self.take_due());
        }
    }

    /// Runs destructors now.
    pub(super) fn reclaim(&self, garbage: Garbage<T>) {
        /// Counts a list when it is gone, also by a panic.
        struct Gone<'a>(&'a Tally, usize);
        impl Drop for Gone<'_> {
            fn drop(&mut self) {
                self.0.add(self.1);
            }
        }
        let _gone = Gone(&self.reclaimed, garbage.len());
        drop(garbage);
    }

    /// Moves everything that waits here to `garbage`.
    pub(super) fn dismantle(&mut self, garbage: &mut Garbage<T>) {
        for node in self.batch.take().into_iter().chain(self.pinned.take()) {
            // SAFETY: unlinked, and now that the domain is borrowed exclusively nobody else has it.
            unsafe { garbage.push(node) };
        }
        garbage.append(self.take_waiting(usize::MAX));
    }
}
