//! Running destructors where seats are operations': those that fall due within a destructor wait until it is over.
//!
//! ```text
//!   operation in seat 0 ──settles: `busy`──► destructor ──► operation in seat 1
//!        ▲                                                        │ hands on what has fallen due
//!        └────────────── then what was handed on ◄── stack ◄──────┘
//! ```
//!
//! There a seat does not tell that its thread is running destructors already: a chain of destructors that each
//! remove the next entry would recurse. So one operation at a time settles, for all; others hand on what is due in
//! them, unless that comes to a batch: the one that settles may be stopped. So it may run more destructors than
//! are its own, where operations run at the same time.
//!
//! `busy` orders nothing: it says only who settles.

use super::garbage::{Garbage, Reclaim};
use super::handed::Handed;
use super::local::Local;
use crate::sync::AtomicUsize;
use crate::tunables::BATCH;

/// What a domain keeps for it.
pub(super) struct Settling<T: Reclaim> {
    busy: AtomicUsize,
    handed: Handed<T>,
}

impl<T: Reclaim> Settling<T> {
    pub(super) fn new() -> Self {
        Self {
            busy: AtomicUsize::new(0),
            handed: Handed::opened(),
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
                local.reclaim(self.handed.offer(local.take_due(), BATCH));
            } else {
                let _busy = Busy(&self.busy);
                local.settle();
                while !self.handed.is_empty() {
                    local.reclaim(self.take());
                }
            }
            // Who saw `busy` may have handed something on since, and left. (Relaxed: a hint; who set it asks, too.)
            if self.handed.is_empty() || self.busy.load_relaxed() != 0 {
                return;
            }
        }
    }

    /// Everything that was handed on.
    pub(super) fn take(&self) -> Garbage<T> {
        let garbage = self.handed.take();
        self.handed.done(garbage.len());
        garbage
    }
}
