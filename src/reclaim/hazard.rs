//! Hazards: one haphazard record each, with the flag that says whether somebody uses it.
//!
//! ```text
//!   free ──acquire (the seat's owner only)──► held ──protect──► guards a node
//!     ▲                                                            │
//!     └────────── release (any thread: a `Ref` may travel) ◄───────┘
//! ```
//!
//! A hazard belongs for good to one seat. Only that seat's owner takes it; whoever drops the
//! [`Guard`] frees it, by two stores and without looking anything up. Handles never go back to
//! haphazard before the map ends: `HazardPointer::new` and its drop share a list with a lock bit,
//! and no operation here may wait for another thread.
//!
//! Edges: `hazard.free` — `Guard::drop`'s store of `busy` (Release) → `acquire`'s load (Acquire):
//! the reset of the record happens before the next protection through it.

use alloc::boxed::Box;
use core::array;
use core::cell::UnsafeCell;
use core::ptr::NonNull;

use haphazard::HazardPointer;

use crate::sync::{AtomicBool, AtomicPtr, Ordering, StoreLoad};
use crate::tunables::HAZARDS;

/// haphazard's domain family of this crate.
pub(super) struct Family;

pub(super) type HazardDomain = haphazard::Domain<Family>;

/// One hazard of a seat.
pub(super) struct Hazard {
    busy: AtomicBool,
    /// Used by the holder of `busy` alone. The lifetime is a fiction: the record lives as long as
    /// the domain (H1).
    record: UnsafeCell<core::mem::ManuallyDrop<HazardPointer<'static, Family>>>,
}

impl Hazard {
    /// Takes the hazard if it is free. By the owner of the seat only (H2).
    #[inline]
    fn acquire(&self) -> Option<Guard<'_>> {
        // ORD[hazard.free] Acquire: pairs with the Release store in `Guard::drop`.
        if self.busy.load(Ordering::Acquire) {
            return None;
        }
        // Relaxed: only this thread takes hazards of this seat (H2), so nobody decides by it; the
        // next owner of the seat sees it through ORD[seat].
        self.busy.store(true, Ordering::Relaxed);
        Some(Guard { hazard: self })
    }
}

/// `HAZARDS` hazards, and more when they are all held.
pub(super) struct HazardBlock {
    hazards: [Hazard; HAZARDS],
    more: AtomicPtr<HazardBlock>,
}

impl HazardBlock {
    /// # Safety
    /// No guard of this block is used after `domain` has been dropped (H1).
    pub(super) unsafe fn new(domain: &HazardDomain) -> Self {
        // SAFETY: the caller promises that the reference is not used after the domain's end.
        let domain: &'static HazardDomain = unsafe { &*core::ptr::from_ref(domain) };
        Self {
            hazards: array::from_fn(|_| Hazard {
                busy: AtomicBool::new(false),
                record: UnsafeCell::new(core::mem::ManuallyDrop::new(
                    HazardPointer::new_in_domain(domain),
                )),
            }),
            more: AtomicPtr::new(core::ptr::null_mut()),
        }
    }

    /// Takes a free hazard. Called by the owner of the seat only (H2).
    #[inline]
    pub(super) fn acquire(&self, domain: &HazardDomain) -> Guard<'_> {
        let first = self.hazards[0].acquire();
        // A walk holds two.
        let guard = first.or_else(|| self.hazards[1].acquire());
        guard.unwrap_or_else(|| self.acquire_other(domain))
    }

    #[cold]
    #[inline(never)]
    fn acquire_other(&self, domain: &HazardDomain) -> Guard<'_> {
        let mut block = self;
        loop {
            if let Some(guard) = block.hazards.iter().find_map(Hazard::acquire) {
                return guard;
            }
            block = block.next(domain);
        }
    }

    fn next(&self, domain: &HazardDomain) -> &HazardBlock {
        // Relaxed: written by owners of this seat only; the former ones' writes happen before
        // ours (ORD[seat]).
        let mut more = self.more.load_relaxed();
        if more.is_null() {
            // SAFETY: the caller of `new` for this block promised the same for its guards, and
            // the new block belongs to this one.
            more = Box::into_raw(Box::new(unsafe { HazardBlock::new(domain) }));
            // Release: for `Drop`'s sake alone, which may run on another thread.
            self.more.store_release(more);
        }
        // SAFETY: a block is freed with the first of its chain, which `self` borrows.
        unsafe { &*more }
    }
}

impl Drop for HazardBlock {
    fn drop(&mut self) {
        // Iterative: a chain may be long, and a drop in a drop would need stack for each.
        let mut next =
            core::mem::replace(&mut self.more, AtomicPtr::new(core::ptr::null_mut())).load_mut();
        while !next.is_null() {
            // SAFETY: made by `Box::into_raw` in `next`, and taken out of its only owner.
            let mut block = unsafe { Box::from_raw(next) };
            next = core::mem::replace(&mut block.more, AtomicPtr::new(core::ptr::null_mut()))
                .load_mut();
        }
    }
}

/// A held hazard. Dropping it ends the protection and frees the hazard.
pub(crate) struct Guard<'d> {
    hazard: &'d Hazard,
}

// SAFETY: a guard is the exclusive right to one `Hazard`'s record (`busy` is set while it exists);
// its record is an atomic in a haphazard domain, which may be stored to from any thread, and the
// flag passes on by Release/Acquire (ORD[hazard.free]).
unsafe impl Send for Guard<'_> {}
// SAFETY: nothing can be done with a shared guard; `protect` and `drop` take it exclusively.
unsafe impl Sync for Guard<'_> {}

impl Guard<'_> {
    /// Announces that `node` is in use. The protection holds only if a load that [`StoreLoad`]
    /// orders after this call still finds `node` reachable and unmarked, or if `node` is not
    /// reachable for anybody yet.
    #[inline]
    pub(crate) fn protect<T>(&mut self, node: NonNull<T>) {
        let record = self.hazard.record.get();
        // SAFETY: `busy` is set and belongs to this guard, borrowed exclusively, so nobody else
        // reaches the cell's content; the domain is alive (H1).
        let record = unsafe { &mut *record };
        // ORD[protect] Release store in haphazard (`HazPtrRecord::protect`); see `reclaim`.
        record.protect_raw(node.as_ptr());
    }

    /// Protects what `link` points at, if it is still `node`: gives the value of `link` after the
    /// hazard was published.
    #[inline]
    pub(crate) fn protect_then_load<T>(
        &mut self,
        node: NonNull<T>,
        link: &AtomicPtr<T>,
        store_load: StoreLoad,
    ) -> *mut T {
        self.protect(node);
        // ORD[protect] the load half: see `reclaim`.
        store_load.load_after_publish(link)
    }
}

impl Drop for Guard<'_> {
    #[inline]
    fn drop(&mut self) {
        let record = self.hazard.record.get();
        // SAFETY: as in `protect`.
        let record = unsafe { &mut *record };
        // Release store of null, in haphazard: our reads of the node happen before a scan that
        // finds it unprotected (the scan loads with Acquire).
        record.reset_protection();
        // ORD[hazard.free] Release: pairs with the Acquire load in `acquire`.
        self.hazard.busy.store(false, Ordering::Release);
    }
}
