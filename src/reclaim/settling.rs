//! Running destructors where seats are operations': those that fall due within a destructor wait until it is over.
//!
//! ```text
//!   operation in seat 0 ──settles: `busy`──► destructor ──► operation in seat 1
//!        ▲                                                        │ hands on what has fallen due
//!        └────────────── then what was handed on ◄── stack ◄──────┘
//! ```
//!
//! There a seat does not tell that its thread is running destructors already: a chain of destructors that each
//! remove the next entry would recurse. So one operation at a time settles, for all; others hand on what they
//! have, unless that comes to a batch: the one that settles may be stopped.
//!
//! Edges: `settling` — the exchanges of the stack (`AcqRel`) → its `swap` (`AcqRel`): who takes the nodes sees what
//! those did who handed them on. `busy` orders nothing: it says only who settles.

use core::ptr::{self, NonNull};

use super::garbage::{Garbage, Reclaim};
use super::local::Local;
use crate::sync::{AtomicPtr, AtomicUsize};
use crate::tunables::BATCH;

/// What a domain keeps for it.
pub(super) struct Settling<T> {
    busy: AtomicUsize,
    stack: AtomicPtr<T>,
    /// How many nodes are in the stack.
    len: AtomicUsize,
}

impl<T: Reclaim> Settling<T> {
    pub(super) fn new() -> Self {
        Self {
            busy: AtomicUsize::new(0),
            stack: AtomicPtr::default(),
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
        let waiting = local.waiting();
        if waiting == 0 {
            return;
        }
        loop {
            // No pair: as above.
            if self.busy.fetch_or(1) != 0 {
                // Relaxed: a threshold.
                if waiting + self.len.load_relaxed() < BATCH {
                    self.push(local.take_waiting());
                } else {
                    local.settle();
                }
            } else {
                let _busy = Busy(&self.busy);
                local.settle();
                while !self.is_empty() {
                    local.add_waiting(self.take());
                    local.settle();
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
        self.stack.load_acquire().is_null()
    }

    fn push(&self, mut garbage: Garbage<T>) {
        // Relaxed: a threshold.
        self.len.fetch_add_relaxed(garbage.len());
        while let Some(node) = garbage.pop() {
            // Relaxed: the exchange decides.
            let mut head = self.stack.load_relaxed();
            loop {
                // SAFETY: popped, so ours until the exchange.
                unsafe { T::set_next(node, head) };
                // ORD[settling] AcqRel: hands the node on.
                match self.stack.compare_exchange(head, node.as_ptr()) {
                    Ok(_) => break,
                    Err(now) => head = now,
                }
            }
        }
    }

    /// Everything that was handed on.
    pub(super) fn take(&self) -> Garbage<T> {
        let mut garbage = Garbage::new();
        // ORD[settling] AcqRel: pairs with the exchanges in `push`.
        let mut head = self.stack.swap(ptr::null_mut());
        while let Some(node) = NonNull::new(head) {
            // SAFETY: taken off the stack, together with all that is behind it: ours.
            head = unsafe { T::next(node) };
            // SAFETY: ours.
            unsafe { garbage.push(node) };
        }
        // Relaxed: a threshold.
        self.len
            .fetch_add_relaxed(0_usize.wrapping_sub(garbage.len()));
        garbage
    }
}
