//! Garbage that is handed to a background thread: lists, each in a slot of its own.
//!
//! ```text
//!   scan ──offer──► [list][list][    ][    ]...  slots          closed ◄─────────────┐
//!                     │     └─── take ──► its destructors         │ open: null       │ close: gives what is there
//!                     └── all are full: back to the operation     └──► null ◄──► list┘
//! ```
//!
//! A list is put where there is null, and never linked behind another one: that could be gone meanwhile, and
//! something else at its address (ABA). Closed is a state of the same word: nothing can be handed to one who has gone.
//!
//! Progress: wait-free. Each slot is tried once.
//!
//! Edges: `handed` — the exchange in `offer` (`AcqRel`) → those in `take` (`AcqRel`): who takes the nodes sees
//! what those did who handed them over. `handed.close` — `take`'s exchange for closed → `open`'s: slots are opened
//! when all of them have been closed.

use alloc::sync::Arc;
use core::array;
use core::ptr;

use super::garbage::{Garbage, Reclaim};
use crate::sync::{AtomicPtr, AtomicUsize};
use crate::tunables::BACKLOG;

pub(super) struct Handed<T: Reclaim> {
    slots: [AtomicPtr<T>; BACKLOG],
    taker: Taker,
}

/// Whether the one who takes has gone and left the slots open, as he may if he finds no way to them any more.
#[derive(Clone)]
pub(crate) struct Taker(Arc<AtomicUsize>);

impl Taker {
    /// He goes.
    pub(crate) fn goes(&self) {
        // ORD[handed.close] AcqRel: pairs with the exchange in `open`.
        self.0.fetch_or(1);
    }

    fn has_gone(&self) -> bool {
        // Relaxed: a hint.
        self.0.load_relaxed() != 0
    }
}

/// Nobody takes what is put there. (No node has this address: they are aligned to 8.)
const fn closed<T>() -> *mut T {
    ptr::without_provenance_mut(1)
}

impl<T: Reclaim> Handed<T> {
    /// With all slots closed.
    pub(super) fn new() -> Self {
        Self {
            slots: array::from_fn(|_| AtomicPtr::new(closed())),
            taker: Taker(Arc::new(AtomicUsize::new(0))),
        }
    }

    /// Opens the slots for one who takes; `None` if another one does. The first slot tells, and is the last to be
    /// closed.
    pub(super) fn open(&self) -> Option<Taker> {
        let (first, others) = self.slots.split_first().expect("there are slots");
        // ORD[handed.close] AcqRel: the others have been closed, too.
        let opened = first.compare_exchange(closed(), ptr::null_mut()).is_ok();
        if opened {
            for slot in others {
                // Relaxed: it publishes nothing.
                slot.store_relaxed(ptr::null_mut());
            }
        }
        // Or they are open, and he who took has gone. ORD[handed.close] AcqRel: pairs with `goes`.
        let opened = opened || self.taker.0.compare_exchange(1, 0).is_ok();
        opened.then(|| self.taker.clone())
    }

    /// Puts `garbage` into one of the first `most` slots; gives it back if all are full, or closed.
    pub(super) fn offer(&self, garbage: Garbage<T>, most: usize) -> Garbage<T> {
        if self.taker.has_gone() {
            return self.with_one_left(garbage);
        }
        let Some(first) = garbage.first() else {
            return garbage;
        };
        for slot in self.slots.iter().take(most) {
            // Relaxed: the exchange decides.
            let there = slot.load_relaxed();
            if ptr::eq(slot, &raw const self.slots[0]) && there == closed() {
                break;
            }
            // ORD[handed] AcqRel: hands the nodes over.
            let free = there.is_null();
            if free && slot.compare_exchange(there, first.as_ptr()).is_ok() {
                garbage.forget();
                return Garbage::new();
            }
        }
        garbage
    }

    /// Adds to `garbage` what is in one of the slots, as nobody else will take it.
    #[cold]
    fn with_one_left(&self, mut garbage: Garbage<T>) -> Garbage<T> {
        let mut lists = (0..BACKLOG).map(|n| self.take(n));
        if let Some(list) = lists.find(|list| list.len() > 0) {
            garbage.append(list);
        }
        garbage
    }

    /// Takes what is in slot `n`, and leaves it free, or closed.
    pub(super) fn take(&self, n: usize) -> Garbage<T> {
        self.take_for(n, ptr::null_mut())
    }

    /// Takes what is in slot `n`, and closes it: the last ones first.
    pub(super) fn close(&self, n: usize) -> Garbage<T> {
        self.take_for(n, closed())
    }

    fn take_for(&self, n: usize, next: *mut T) -> Garbage<T> {
        let slot = &self.slots[n];
        // Relaxed: the exchange decides.
        let mut there = slot.load_relaxed();
        while there != next && there != closed() {
            // ORD[handed] AcqRel: pairs with the exchange in `offer`; ORD[handed.close]: with that in `open`.
            match slot.compare_exchange(there, next) {
                // SAFETY: put there by `offer`, and taken by one.
                Ok(first) => return unsafe { Garbage::of(first) },
                Err(now) => there = now,
            }
        }
        Garbage::new()
    }
}
