//! Running destructors where seats are operations': those that fall due within a destructor wait until it is over.
//!
//! ```text
//!   operation in seat 0 ──settles: `busy`──► destructor ──► operation in seat 1
//!        ▲                                                        │ hands on what has fallen due
//!        └────────────── then what was handed on ◄── handed ◄─────┘
//! ```
//!
//! There a seat does not tell that its thread is running destructors already: a chain of destructors that each
//! remove the next entry would recurse. So one operation at a time settles, for all; others hand on what is due in
//! them, unless that comes to a batch: the one that settles may be stopped. So it may run more destructors than
//! are its own, where operations run at the same time.
//!
//! Who hands something on takes what is there, and puts both there. It is never linked behind what stands there: that
//! could be gone meanwhile, and something else at its address (ABA).
//!
//! Edges: `settling` — the exchange in `push` (`AcqRel`) → `swap` (`AcqRel`): who takes the nodes sees what
//! those did who handed them on. `busy` orders nothing: it says only who settles.

use core::ptr;

use super::garbage::{Garbage, Reclaim};
use super::local::Local;
use crate::sync::{AtomicPtr, AtomicUsize};
use crate::tunables::BATCH;

/// What a domain keeps for it.
pub(super) struct Settling<T> {
    busy: AtomicUsize,
    handed: AtomicPtr<T>,
    /// How many nodes that is.
    len: AtomicUsize,
}

impl<T: Reclaim> Settling<T> {
    pub(super) fn new() -> Self {
        Self {
            busy: AtomicUsize::new(0),
            handed: AtomicPtr::default(),
            len: AtomicUsize::new(0),
        }
    }

    /// [`Local::settle`] for the operation that has the seat of `local`.
    pub(super) fn settle(&self, local: &Local<T>) {
        struct Busy<'a>(&'a AtomicUsize);
        impl Drop for Busy<'_> {
            fn drop(&mut self) {
                // No pair: it says only who settles.
                self.0.fetch_and(0);
            }
        }
        if !local.is_due() {
            return;
        }
        loop {
            // No pair: as above.
            if self.busy.fetch_or(1) != 0 {
                let due = local.take_due();
                // Relaxed: a threshold.
                if due.len() + self.len.load_relaxed() < BATCH {
                    self.push(due);
                } else {
                    local.reclaim(due);
                }
            } else {
                let _busy = Busy(&self.busy);
                local.settle();
                while !self.is_empty() {
                    local.reclaim(self.take());
                }
            }
            // Who saw `busy` may have handed something on since, and left. (Relaxed: a hint; who set it asks, too.)
            if self.is_empty() || self.busy.load_relaxed() != 0 {
                return;
            }
        }
    }

    fn is_empty(&self) -> bool {
        // ORD[settling] Acquire: not needed for the answer; as there is no weaker call with that name.
        self.handed.load_acquire().is_null()
    }

    fn push(&self, mut garbage: Garbage<T>) {
        // Relaxed: a threshold.
        self.len.fetch_add_relaxed(garbage.len());
        while let Some(first) = garbage.first() {
            // ORD[settling] AcqRel: hands the nodes on.
            let put = self
                .handed
                .compare_exchange(ptr::null_mut(), first.as_ptr());
            if put.is_ok() {
                return garbage.forget();
            }
            garbage.append(self.take_list());
        }
    }

    /// Everything that was handed on.
    pub(super) fn take(&self) -> Garbage<T> {
        let garbage = self.take_list();
        // Relaxed: a threshold.
        self.len
            .fetch_add_relaxed(0_usize.wrapping_sub(garbage.len()));
        garbage
    }

    fn take_list(&self) -> Garbage<T> {
        // ORD[settling] AcqRel: pairs with the exchange in `push`.
        // SAFETY: put there by `push`, and taken by one.
        unsafe { Garbage::of(self.handed.swap(ptr::null_mut())) }
    }
}
