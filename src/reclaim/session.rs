//! [`Session`]: what one operation may do with its seat's share of the map.
//!
//! ```text
//!   begin ──► hazards ──► unlink, retire ──► settle: the destructors that fell due, user code ──► end
//! ```

use core::ptr::NonNull;

use super::Domain;
use super::garbage::{Garbage, Reclaim};
use super::hazard::{FreeHazards, Guard};
use super::local::Local;
use super::seat::Claim;
use crate::probe::Probe;
use crate::sync::StoreLoad;

/// One operation of one thread on one map. Not to be used without its [`Seat`].
pub(crate) struct Session<'d, T: Reclaim> {
    pub(super) domain: &'d Domain<T>,
    pub(super) local: &'d Local<T>,
}

impl<T: Reclaim> Clone for Session<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: Reclaim> Copy for Session<'_, T> {}

impl<'d, T: Reclaim> Session<'d, T> {
    /// A hazard that is free.
    #[inline]
    pub(crate) fn hazard(self) -> Guard<'d> {
        self.local.hazards.acquire()
    }

    /// Hazards that are free, for one who takes many.
    pub(crate) fn hazards(self) -> FreeHazards<'d> {
        self.local.hazards.free()
    }

    #[inline]
    pub(crate) fn store_load(self) -> StoreLoad {
        self.domain.store_load
    }

    /// Hands over a node to be reclaimed when no hazard guards it. Runs no destructor.
    ///
    /// # Safety
    /// The caller unlinked `node` (H3): nobody can reach it any more who did not protect it before.
    #[inline]
    pub(crate) unsafe fn retire(self, node: NonNull<T>) {
        self.local.retired.add(1);
        if self.local.batch.push(node) {
            self.scan_batch();
        }
        self.local.some_fall_due();
    }

    #[cold]
    #[inline(never)]
    fn scan_batch(self) {
        let unprotected = self.scan();
        #[cfg(feature = "std")]
        let unprotected = self.domain.offer_to_background(unprotected);
        self.local.add_waiting(unprotected);
    }

    fn scan(self) -> Garbage<T> {
        let domain = self.domain;
        let hazards = || domain.each_local().map(|local| &local.hazards);
        let released = domain.censuses.released();
        let batch = &self.local.batch;
        batch.scan(hazards, domain.store_load, released)
    }

    /// Runs the destructors that fell due in this operation: user code, which may use the map.
    /// Called last, when the operation has taken effect.
    #[inline]
    pub(crate) fn settle(self) {
        #[cfg(feature = "std")]
        self.local.settle();
        #[cfg(not(feature = "std"))]
        self.domain.settling.settle(self.local);
    }

    /// Reclaims all it can, of what this thread has retired, what threads that are gone have left, and what
    /// waits for another one.
    pub(crate) fn flush(self) {
        for (n, orphan) in self.domain.numbered_locals() {
            if let Some(_claim) = Claim::try_new(n) {
                // SAFETY: this thread's, by the session and by the claim (H2).
                unsafe { self.local.adopt(orphan) };
            }
        }
        self.free_censuses();
        self.local.add_waiting(self.scan());
        #[cfg(feature = "std")]
        self.local.add_waiting(self.domain.take_handed());
        #[cfg(not(feature = "std"))]
        self.local.add_waiting(self.domain.settling.take());
        self.local.all_fall_due();
        self.settle();
    }

    /// Destructors are due.
    pub(crate) fn is_due(self) -> bool {
        self.local.is_due()
    }

    /// What the seat counts of its sampled operations.
    #[inline]
    pub(crate) fn probe(self) -> &'d Probe {
        &self.local.probe
    }

    /// Adds to this thread's share of a sum (wrapping).
    #[inline]
    pub(crate) fn count(self, amount: usize) {
        self.local.counted.add(amount);
    }

    /// Counts an insertion down to the next check; true when that is due.
    #[inline]
    pub(crate) fn check_is_due(self) -> bool {
        match self.local.until_check.get().checked_sub(1) {
            Some(left) => {
                self.local.until_check.set(left);
                false
            }
            None => true,
        }
    }

    pub(crate) fn check_again_after(self, insertions: usize) {
        self.local.until_check.set(insertions);
    }
}
