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

use core::cell::Cell;
use core::mem;

use super::batch::Batch;
use super::garbage::{Garbage, Reclaim};
use super::hazard::Hazards;
use super::settings::Reclamation;
use crate::probe::{Probe, Rate};
use crate::tally::Tally;
use crate::unwind::to_the_end;

pub(super) struct Local<T: Reclaim> {
    settings: Reclamation,
    pub(super) hazards: Hazards,
    pub(super) batch: Batch<T>,
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
    pub(super) probe: Probe,
    pub(super) counted: Tally,
    pub(super) retired: Tally,
    pub(super) reclaimed: Tally,
}

impl<T: Reclaim> Local<T> {
    pub(super) fn new(settings: Reclamation, rate: &Rate) -> Self {
        Self {
            settings,
            hazards: Hazards::new(),
            batch: Batch::new(settings.batch),
            sink: Cell::new(Garbage::new()),
            waiting: Cell::new(0),
            due: Cell::new(0),
            draining: Cell::new(false),
            until_check: Cell::new(0),
            probe: Probe::new(rate),
            counted: Tally::new(),
            retired: Tally::new(),
            reclaimed: Tally::new(),
        }
    }

    /// Takes over what waits in a seat that has no owner.
    ///
    /// # Safety
    /// The caller owns both seats.
    pub(super) unsafe fn adopt(&self, orphan: &Self) {
        self.batch.adopt(&orphan.batch);
        self.add_waiting(orphan.take_waiting());
    }

    /// Adds nodes whose destructors are to be run.
    pub(super) fn add_waiting(&self, garbage: Garbage<T>) {
        let mut sink = self.sink.replace(Garbage::new());
        self.waiting.set(self.waiting.get() + garbage.len());
        sink.append(garbage);
        self.sink.set(sink);
    }

    /// Takes all of them.
    fn take_waiting(&self) -> Garbage<T> {
        self.waiting.set(0);
        self.due.set(0);
        self.sink.replace(Garbage::new())
    }

    /// A node was retired: so many destructors more, if there are so many, are for the end of this operation.
    #[inline]
    pub(super) fn some_fall_due(&self) {
        if self.waiting.get() > 0 {
            self.fall_due(self.settings.destructors);
        }
    }

    /// So are all.
    pub(super) fn all_fall_due(&self) {
        self.fall_due(usize::MAX);
    }

    fn fall_due(&self, more: usize) {
        let due = self.due.get().saturating_add(more);
        self.due.set(due.min(self.waiting.get()));
        self.probe.hurry();
    }

    #[inline]
    pub(super) fn is_due(&self) -> bool {
        self.due.get() > 0
    }

    /// Takes the nodes whose destructors are due.
    #[cfg(not(feature = "std"))]
    pub(super) fn take_due(&self) -> Garbage<T> {
        let due = self.start_due();
        let mut sink = self.sink.replace(Garbage::new());
        let taken = sink.take_first(due);
        self.sink.set(sink);
        taken
    }

    /// How many are due; the caller sees to them.
    fn start_due(&self) -> usize {
        let due = self.due.replace(0);
        self.waiting.set(self.waiting.get() - due);
        due
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
            let mut running = Running {
                local: self,
                list: self.sink.replace(Garbage::new()),
                left: self.start_due(),
                gone: 0,
            };
            to_the_end(|| running.reclaim_one());
        }
    }

    /// Runs destructors now.
    #[cfg(not(feature = "std"))]
    pub(super) fn reclaim(&self, garbage: Garbage<T>) {
        let mut running = Running {
            local: self,
            left: garbage.len(),
            list: garbage,
            gone: 0,
        };
        to_the_end(|| running.reclaim_one());
    }

    /// Runs the destructor of the first one of `garbage`; false: there is none.
    #[cfg(feature = "std")]
    pub(super) fn reclaim_one(&self, garbage: &mut Garbage<T>) -> bool {
        /// Counts it when it is gone, also by a panic.
        struct Gone<'a>(&'a Tally);
        impl Drop for Gone<'_> {
            fn drop(&mut self) {
                self.0.add(1);
            }
        }
        let _gone = (garbage.len() > 0).then(|| Gone(&self.reclaimed));
        garbage.reclaim_one()
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

/// Destructors that are being run.
struct Running<'a, T: Reclaim> {
    local: &'a Local<T>,
    /// Taken out of the sink, which the destructors may add to.
    list: Garbage<T>,
    /// So many of these are to be run; the rest goes back.
    left: usize,
    gone: usize,
}

impl<T: Reclaim> Running<'_, T> {
    fn reclaim_one(&mut self) -> bool {
        let Some(left) = self.left.checked_sub(1) else {
            return false;
        };
        (self.left, self.gone) = (left, self.gone + 1);
        self.list.reclaim_one()
    }
}

impl<T: Reclaim> Drop for Running<'_, T> {
    /// Also after a panic.
    fn drop(&mut self) {
        let mut list = mem::replace(&mut self.list, Garbage::new());
        list.append(self.local.sink.replace(Garbage::new()));
        self.local.sink.set(list);
        self.local.reclaimed.add(self.gone);
    }
}
