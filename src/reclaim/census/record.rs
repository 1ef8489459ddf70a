//! What has been reported to one census.
//!
//! ```text
//!   present:  a set of nodes, each pinned once
//!   removals: node, by ──► node, by ──► ...     a stack; each node pinned once more
//!   the census: present, and each `by`, less each `node`
//! ```
//!
//! Edges: `census.removal` — the push of a removal (`AcqRel`) → its taking (`AcqRel`).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ptr::{self, NonNull};

use super::super::garbage::Reclaim;
use super::addresses::{Addresses, Put};
use crate::sync::{AtomicPtr, AtomicUsize};
use crate::unwind::or_abort;

/// Stands in the place of the removals when they have been taken.
fn closed<T>() -> *mut Removal<T> {
    ptr::without_provenance_mut(1)
}

/// A node that was removed, and what is in its place.
struct Removal<T> {
    node: NonNull<T>,
    by: Option<NonNull<T>>,
    next: *mut Removal<T>,
}

/// What has been reported.
pub(super) struct Census<T: Reclaim> {
    present: Addresses<T>,
    removals: AtomicPtr<Removal<T>>,
    /// Reports so far, and how many are too many.
    reports: AtomicUsize,
    room: usize,
    /// It was given up for its size.
    pub(super) too_large: AtomicUsize,
    /// The next one of those that have ended.
    pub(super) next: AtomicPtr<Census<T>>,
}

impl<T: Reclaim> Census<T> {
    pub(super) fn new(room: usize) -> Self {
        Self {
            present: Addresses::new(room),
            removals: AtomicPtr::default(),
            reports: AtomicUsize::new(0),
            room,
            too_large: AtomicUsize::new(0),
            next: AtomicPtr::default(),
        }
    }

    /// Counts a report; false: too many.
    fn has_room(&self) -> bool {
        // Relaxed: a threshold.
        self.reports.fetch_add_relaxed(1) < self.room
    }

    /// False: it has become too large.
    ///
    /// # Safety
    /// The caller protects `node`.
    pub(super) unsafe fn report_present(&self, node: NonNull<T>) -> bool {
        // SAFETY: the caller's promise.
        match unsafe { self.present.put(node) } {
            Put::New => self.has_room(),
            Put::There => true,
            Put::Full => false,
        }
    }

    /// False: it has become too large.
    ///
    /// # Safety
    /// The caller protects both.
    pub(super) unsafe fn report_removed(&self, node: NonNull<T>, by: Option<NonNull<T>>) -> bool {
        for pinned in [Some(node), by].into_iter().flatten() {
            // SAFETY: protected by the caller.
            unsafe { T::pin(pinned) };
        }
        // Relaxed: the exchange decides.
        let mut next = self.removals.load_relaxed();
        let removal = or_abort(|| Box::into_raw(Box::new(Removal { node, by, next })));
        while next != closed() {
            // SAFETY: ours until the exchange.
            unsafe { (*removal).next = next };
            // ORD[census.removal] AcqRel: publishes the removal and the pins.
            match self.removals.compare_exchange(next, removal) {
                Ok(_) => return self.has_room(),
                Err(now) => next = now,
            }
        }
        // SAFETY: of `Box::into_raw`, and published to nobody.
        let removal = unsafe { Box::from_raw(removal) };
        release(&removal);
        true
    }

    /// Takes the removals, one after the other; none can be added any more.
    fn take_removals(&self) -> impl Iterator<Item = Removal<T>> + use<T> {
        // ORD[census.removal] AcqRel: pairs with the exchanges in `report_removed`.
        let mut head = self.removals.swap(closed());
        core::iter::from_fn(move || {
            let taken = !head.is_null() && head != closed();
            taken.then(|| {
                // SAFETY: of `Box::into_raw`; taken off, together with all that is behind it: ours.
                let removal = unsafe { Box::from_raw(head) };
                head = removal.next;
                *removal
            })
        })
    }

    /// The nodes that were there, with a pin on each.
    pub(super) fn take(&self) -> Vec<NonNull<T>> {
        let removals: Vec<_> = self.take_removals().collect();
        let mut unplaced = Vec::new();
        for by in removals.iter().filter_map(|removal| removal.by) {
            // SAFETY: pinned by its removal, which gives the pin up.
            if !unsafe { self.present.put_pinned(by) } {
                unplaced.push(by);
            }
        }
        unplaced.sort_unstable();
        unplaced.dedup_by(|other, node| {
            if other == node {
                // SAFETY: pinned by each of its removals.
                unsafe { T::unpin(*other) };
            }
            other == node
        });
        let mut gone: Vec<_> = removals.iter().map(|removal| removal.node).collect();
        gone.sort_unstable();
        let mut nodes = Vec::new();
        for node in self.present.take().chain(unplaced) {
            if gone.binary_search(&node).is_ok() {
                // SAFETY: pinned when it was put there.
                unsafe { T::unpin(node) };
            } else {
                nodes.push(node);
            }
        }
        for removal in removals {
            // SAFETY: pinned when its removal was reported.
            unsafe { T::unpin(removal.node) };
        }
        nodes
    }
}

/// Gives the pins of a removal up.
fn release<T: Reclaim>(removal: &Removal<T>) {
    for pinned in [Some(removal.node), removal.by].into_iter().flatten() {
        // SAFETY: pinned when it was reported.
        unsafe { T::unpin(pinned) };
    }
}

impl<T: Reclaim> Drop for Census<T> {
    fn drop(&mut self) {
        // What nobody took, or was reported too late.
        self.take_removals().for_each(|removal| release(&removal));
        for node in self.present.rest() {
            // SAFETY: pinned when it was put there.
            unsafe { T::unpin(node) };
        }
    }
}
