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
use alloc::vec::Vec;
use core::array;
use core::cell::{Cell, RefCell};
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use haphazard::HazardPointer;

use crate::sync::{AtomicBool, AtomicPtr, ExclusiveCell, Ordering, StoreLoad};
use crate::tunables::HAZARDS;

/// haphazard's domain family of this crate.
pub(super) struct Family;

pub(super) type HazardDomain = haphazard::Domain<Family>;

/// One hazard of a seat.
pub(super) struct Hazard {
    busy: AtomicBool,
    /// Used by the holder of `busy` alone. The lifetime is a fiction: the record lives as long as
    /// the domain (H1).
    record: ExclusiveCell<ManuallyDrop<HazardPointer<'static, Family>>>,
}

impl Hazard {
    /// # Safety
    /// As [`Hazards::new`].
    unsafe fn new(domain: &HazardDomain) -> Self {
        // SAFETY: the caller promises that nobody uses it after the domain's end.
        let domain: &'static HazardDomain = unsafe { &*core::ptr::from_ref(domain) };
        Self {
            busy: AtomicBool::new(false),
            record: ExclusiveCell::new(ManuallyDrop::new(HazardPointer::new_in_domain(domain))),
        }
    }

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

/// The hazards of one seat: a few at first, and twice as many whenever all are held.
///
/// ```text
///   first [8]   more[0] [8]   more[1] [16]   more[2] [32]  ...      numbered through
/// ```
pub(super) struct Hazards {
    first: [Hazard; HAZARDS],
    more: RefCell<Vec<NonNull<[Hazard]>>>,
    /// Number of the hazard that was found last, beyond the first two.
    cursor: Cell<usize>,
}

impl Hazards {
    /// # Safety
    /// No guard of these is used after `domain` has been dropped (H1).
    pub(super) unsafe fn new(domain: &HazardDomain) -> Self {
        Self {
            // SAFETY: the caller's promise.
            first: array::from_fn(|_| unsafe { Hazard::new(domain) }),
            more: RefCell::new(Vec::new()),
            cursor: Cell::new(0),
        }
    }

    /// Takes a free hazard. Called by the owner of the seat only (H2).
    #[inline]
    pub(super) fn acquire(&self, domain: &HazardDomain) -> Guard<'_> {
        // A walk holds two.
        let two = self.first[0].acquire().or_else(|| self.first[1].acquire());
        two.unwrap_or_else(|| self.acquire_other(domain))
    }

    /// Looks from where the last one was found, in both directions, before it makes more. So it is near
    /// for a thread that takes ever more of them, or takes and frees like a stack.
    #[cold]
    #[inline(never)]
    fn acquire_other(&self, domain: &HazardDomain) -> Guard<'_> {
        let len = HAZARDS << self.more.borrow().len();
        let cursor = self.cursor.get();
        for distance in 0..=len / 2 {
            // A power of two: the numbers go round.
            let (up, down) = (cursor.wrapping_add(distance), cursor.wrapping_sub(distance));
            for n in [up % len, down % len] {
                if let Some(guard) = self.get(n).acquire() {
                    self.cursor.set(n);
                    return guard;
                }
            }
        }
        // SAFETY: the caller of `new` promised it for all guards of this value.
        let block: Box<[Hazard]> = (0..len).map(|_| unsafe { Hazard::new(domain) }).collect();
        self.more.borrow_mut().push(NonNull::from(Box::leak(block)));
        self.cursor.set(len);
        self.acquire_other(domain)
    }

    /// Hazard number `n`.
    fn get(&self, n: usize) -> &Hazard {
        let Some(block) = (n / HAZARDS).checked_ilog2() else {
            return &self.first[n];
        };
        let block = self.more.borrow()[block as usize];
        // SAFETY: blocks are freed with `self`.
        let block = unsafe { block.as_ref() };
        &block[n - block.len()]
    }
}

impl Drop for Hazards {
    fn drop(&mut self) {
        for block in self.more.get_mut().drain(..) {
            // SAFETY: of `Box::leak` in `acquire_other`; taken out of its only owner.
            drop(unsafe { Box::from_raw(block.as_ptr()) });
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
        self.hazard.record.with_mut(|record| {
            // SAFETY: `busy` is set and belongs to this guard, borrowed exclusively, so nobody else
            // reaches the cell's content; the domain is alive (H1).
            let record = unsafe { &mut *record };
            // ORD[protect] Release store in haphazard (`HazPtrRecord::protect`); see `reclaim`.
            record.protect_raw(node.as_ptr());
        });
    }

    /// Publishes a hazard for `node`, which was read from `link`, and reads `link` again: the node, now
    /// protected, if it still stands there, untagged; else what does.
    ///
    /// Use the pointer that is given from then on: the older one has the same address, but may be that
    /// of a node that was freed and made anew in between, which Rust tells apart (provenance).
    #[inline]
    pub(crate) fn protect_in<T>(
        &mut self,
        node: NonNull<T>,
        link: &AtomicPtr<T>,
        store_load: StoreLoad,
    ) -> Result<NonNull<T>, *mut T> {
        self.protect(node);
        // ORD[protect] the load half: see `reclaim`.
        let again = store_load.load_after_publish(link);
        NonNull::new(again)
            .filter(|&again| again == node)
            .ok_or(again)
    }
}

impl Drop for Guard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.hazard.record.with_mut(|record| {
            // SAFETY: as in `protect`.
            let record = unsafe { &mut *record };
            // Release store of null, in haphazard: our reads of the node happen before a scan that
            // finds it unprotected (the scan loads with Acquire).
            record.reset_protection();
        });
        // ORD[hazard.free] Release: pairs with the Acquire load in `acquire`.
        self.hazard.busy.store(false, Ordering::Release);
    }
}
