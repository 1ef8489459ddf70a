//! A census: which nodes are in the list at one moment, counted while everybody goes on.
//!
//! E. Petrank, S. Timnat, "Lock-Free Data-Structure Iterators", DISC 2013 (their snap-collector).
//!
//! ```text
//!   active = census           the taker walks over everything      active = null       what was reported present,
//!        │                    and reports each node that it meets       │              less what was reported removed
//!   ─────┴──────────────────────────────────────────────────────────────┴──────────►
//!          an insertion reports its node, when it is linked             the moment that the census shows
//!          who finds a node reports it, before he says so
//!          who unlinks a marked node reports that first
//! ```
//!
//! Whoever is about to show that a node is there, or gone, looks at `active` *after* what he saw; while a census is
//! being taken, he reports it first, in the place of a thread that did it and has not come to say so. So nothing that
//! anybody can have seen is missing when the census ends, and what has not been reported by then counts as
//! later. Otherwise that look is all that it costs.
//!
//! C1  A node that is linked before `active` is set, and stays, is met by the walk; one that is linked later is
//!     reported before the insertion returns, and before anybody shows it.
//! C2  A node that is marked after `active` was set is reported removed before it is unlinked, and so before anybody
//!     can find it absent. If it was replaced, its successor is reported present by the same report.
//!     (A successor may have been marked before; then it was not unlinked, and the walk passes there, too.)
//! C3  Only nodes are reported present that were unmarked after `active` was set; and as present in the place of a
//!     node, only what was not unlinked then. So none is without a later report of its removal, if there was one. Who
//!     finds a node marked by then looks again: its successor may be in its place, and not reported.
//! C4  What is in a census is pinned (H6), so that an address in it means one node.
//! C5  A census that has become too large is given up by whoever finds it so: its taker may have been stopped.
//! C6  An ended census is freed when no hazard has it, as nodes are.
//!
//! A second taker joins the census that is active, with a walk of his own; the first to come to its end takes it, and
//! the other begins again.
//!
//! Edges: `census` — the exchange of `active`, then [`StoreLoad::heavy`], then the taker's loads, against the exchange of
//! a link or a load of it, then [`StoreLoad::load_after_update`] of `active`: either the walk sees the link as it was
//! changed, or the census is seen. The same at the end: what is not seen in the census was reported by one whose report others
//! cannot have seen when they looked at `active` and found the census there. `census.ended` — the push of an ended one
//! (`AcqRel`) → its taking (`AcqRel`). `census.released` — the count of pins given up (`AcqRel`) → a scan (Acquire).

mod addresses;
mod record;
mod taking;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ptr::{self, NonNull};

use super::Session;
use super::garbage::Reclaim;
use super::hazard::Guard;
use crate::sync::{AtomicPtr, AtomicUsize};
use record::Census;
pub(crate) use taking::{Lost, Pinned};

/// What a domain keeps for it.
pub(super) struct Censuses<T: Reclaim> {
    /// The one that is being taken.
    active: AtomicPtr<Census<T>>,
    /// Those that a hazard may still have.
    ended: AtomicPtr<Census<T>>,
    /// How often pins were given up: what waits for that may be free now.
    released: AtomicUsize,
}

impl<T: Reclaim> Censuses<T> {
    pub(super) fn new() -> Self {
        Self {
            active: AtomicPtr::default(),
            ended: AtomicPtr::default(),
            released: AtomicUsize::new(0),
        }
    }

    /// Says that pins were given up.
    fn release(&self) {
        // Relaxed: the exchange decides.
        let mut times = self.released.load_relaxed();
        // ORD[census.released] AcqRel: who reads the number finds the pins gone.
        while let Err(now) = self.released.compare_exchange(times, times.wrapping_add(1)) {
            times = now;
        }
    }

    /// How often pins were given up.
    pub(super) fn released(&self) -> usize {
        // ORD[census.released] Acquire: pairs with the exchange in `release`.
        self.released.load_acquire()
    }

    /// Ends `census`, which the caller protects; false: it has ended before.
    fn end(&self, census: NonNull<Census<T>>) -> bool {
        // ORD[census] AcqRel: see the header.
        let ended = self
            .active
            .compare_exchange(census.as_ptr(), ptr::null_mut());
        ended.is_ok()
    }

    /// Leaves an ended `census` to be freed. By the one who ended it. It is never linked behind what stands there: that
    /// could be gone meanwhile, and something else at its address (ABA); so what is there is taken, and put there with it.
    fn leave(&self, census: NonNull<Census<T>>) {
        // SAFETY: ended by the caller, and freed only by one who takes it off `ended`.
        unsafe { census.as_ref() }
            .next
            .store_relaxed(ptr::null_mut());
        let mut first = census;
        // ORD[census.ended] AcqRel: pairs with the swap in `take_ended`.
        while self
            .ended
            .compare_exchange(ptr::null_mut(), first.as_ptr())
            .is_err()
        {
            // ORD[census.ended] AcqRel: as in `take_ended`.
            let Some(taken) = NonNull::new(self.ended.swap(ptr::null_mut())) else {
                continue;
            };
            let mut last = taken;
            // SAFETY: taken off: ours, to its end.
            while let Some(next) = NonNull::new(unsafe { last.as_ref() }.next.load_relaxed()) {
                last = next;
            }
            // SAFETY: as above. Relaxed: published by the exchange.
            unsafe { last.as_ref() }.next.store_relaxed(first.as_ptr());
            first = taken;
        }
    }

    /// Takes the ended ones: the first one of them.
    fn take_ended(&self) -> *mut Census<T> {
        // Relaxed: a hint.
        if self.ended.load_relaxed().is_null() {
            return ptr::null_mut();
        }
        // ORD[census.ended] AcqRel: pairs with the exchange in `leave`.
        self.ended.swap(ptr::null_mut())
    }

    /// Frees those of the ended ones from `head` on, which are the caller's, that `is_protected` does not name.
    fn free(&self, mut head: *mut Census<T>, is_protected: impl Fn(usize) -> bool) {
        while let Some(census) = NonNull::new(head) {
            // SAFETY: taken off the stack, together with all that is behind it: ours.
            head = unsafe { census.as_ref() }.next.load_relaxed();
            if is_protected(census.addr().get()) {
                self.leave(census);
            } else {
                // SAFETY: of `Box::into_raw` in `begin_census`; ended, and no hazard has it (C6).
                drop(unsafe { Box::from_raw(census.as_ptr()) });
                self.release();
            }
        }
    }

    /// Frees all, before nodes are.
    pub(super) fn dismantle(&mut self) {
        if let Some(census) = NonNull::new(core::mem::take(&mut self.active).load_mut()) {
            self.leave(census);
        }
        let ended = self.take_ended();
        self.free(ended, |_| false);
    }
}

impl<'d, T: Reclaim> Session<'d, T> {
    /// Whether a census is being taken: asked after what is to be reported then was seen or done.
    #[inline]
    pub(crate) fn is_observed(self) -> bool {
        let domain = self.domain;
        // ORD[census] behind the exchange or load of a link: see the header.
        let active = domain.store_load.load_after_update(&domain.censuses.active);
        !active.is_null()
    }

    /// The census that is being taken, protected.
    fn census(self) -> Option<(NonNull<Census<T>>, Guard<'d>)> {
        let active = &self.domain.censuses.active;
        let mut guard = self.hazard();
        // ORD[census] Acquire: the census is there.
        let mut census = NonNull::new(active.load_acquire())?;
        loop {
            match guard.protect_in(census, active, self.domain.store_load) {
                Ok(census) => return Some((census, guard)),
                Err(now) => census = NonNull::new(now)?,
            }
        }
    }

    /// Reports that `node` is there, if `is_there` says so. False: it does not.
    ///
    /// # Safety
    /// The caller protects `node`. `is_there` looks by [`StoreLoad::load_after_publish`](crate::sync::StoreLoad).
    #[cold]
    pub(crate) unsafe fn report_present(
        self,
        node: NonNull<T>,
        is_there: impl FnOnce() -> bool,
    ) -> bool {
        let Some((census, _guard)) = self.census() else {
            return true;
        };
        if !is_there() {
            return false; // C3
        }
        // SAFETY: protected by `_guard`.
        let record = unsafe { census.as_ref() };
        // SAFETY: protected by the caller.
        if !unsafe { record.report_present(node) } {
            self.give_up(census);
        }
        true
    }

    /// Reports that `node` is removed, and what stands in its place, if `what` says so. False: it does not say so, and
    /// nothing may come of it.
    ///
    /// # Safety
    /// The caller protects `node`. `what` looks by [`StoreLoad::load_after_publish`](crate::sync::StoreLoad), and
    /// gives a protected node, if any.
    #[cold]
    pub(crate) unsafe fn report_removed(
        self,
        node: NonNull<T>,
        what: impl FnOnce() -> Option<Option<(NonNull<T>, Guard<'d>)>>,
    ) -> bool {
        let Some((census, _guard)) = self.census() else {
            return true;
        };
        let Some(by) = what() else {
            return false;
        };
        let by_node = by.as_ref().map(|(node, _)| *node);
        // SAFETY: protected by `_guard`.
        let record = unsafe { census.as_ref() };
        // SAFETY: protected by the caller, and by the guard in `by`.
        if !unsafe { record.report_removed(node, by_node) } {
            self.give_up(census);
        }
        true
    }

    /// Ends a census that has become too large (C5), and that the caller protects.
    fn give_up(self, census: NonNull<Census<T>>) {
        let censuses = &self.domain.censuses;
        // SAFETY: protected by the caller.
        let too_large = unsafe { &census.as_ref().too_large };
        // Relaxed: the exchange in `end` publishes it.
        too_large.store_relaxed(1);
        if censuses.end(census) {
            censuses.leave(census);
        }
    }

    /// Frees the ended censuses that nobody reports to any more.
    pub(super) fn free_censuses(self) {
        let censuses = &self.domain.censuses;
        let ended = censuses.take_ended();
        if ended.is_null() {
            return;
        }
        let mut addresses = Vec::new();
        // ORD[protect] The heavy half: they had ended before.
        self.domain.store_load.heavy();
        let complete = self
            .domain
            .each_local()
            .try_for_each(|local| local.hazards.read(&mut addresses).map(drop));
        // Without memory they wait.
        censuses.free(ended, |address| {
            complete.is_err() || addresses.contains(&address)
        });
    }
}

/// For tests: what one who reports has, from the moment on when he has found the census.
#[cfg(all(test, not(loom)))]
impl<'d, T: Reclaim> Session<'d, T> {
    pub(crate) fn reporter(self) -> Option<Guard<'d>> {
        self.census().map(|(_, guard)| guard)
    }
}
