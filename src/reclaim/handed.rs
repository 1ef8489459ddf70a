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

use core::array;
use core::ptr;

use super::garbage::{Garbage, Reclaim};
use crate::sync::AtomicPtr;
use crate::tunables::BACKLOG;

pub(super) struct Handed<T: Reclaim> {
    slots: [AtomicPtr<T>; BACKLOG],
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
        }
    }

    /// Opens the slots for one who takes; false if another one does. The first slot tells, and is the last to be
    /// closed.
    pub(super) fn open(&self) -> bool {
        let (first, others) = self.slots.split_first().expect("there are slots");
        // ORD[handed.close] AcqRel: the others have been closed, too.
        let opened = first.compare_exchange(closed(), ptr::null_mut()).is_ok();
        if opened {
            for slot in others {
                // Relaxed: it publishes nothing.
                slot.store_relaxed(ptr::null_mut());
            }
        }
        opened
    }

    /// Puts `garbage` into one of the first `most` slots; gives it back if all are full, or closed.
    pub(super) fn offer(&self, garbage: Garbage<T>, most: usize) -> Garbage<T> {
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
