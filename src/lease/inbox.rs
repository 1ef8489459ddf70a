//! Messages for whoever is reading: posted without waiting, taken all at once, in their order.
//!
//! ```text
//!   post ──► head ──► third ──► second ──► first         a Treiber stack
//!   take:    head ──► null                                and what was in it, turned round
//! ```
//!
//! A letter is linked behind the address that was read, and that may be of another letter by the time of the exchange (the
//! first one taken, freed, and made anew): the right one to be linked behind, reached by the pointer to the former. Machines
//! do not tell the two apart, and Rust's model does (provenance); it has no way to say this but exposed addresses, which
//! Miri's strict mode, and so `ci/miri`, refuses.
//!
//! Edges: `inbox` — the exchange in `post` (`AcqRel`) → the `swap` in `take` (`AcqRel`): who reads a message sees
//! what was done before it was posted.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::ptr;

use crate::sync::AtomicPtr;

pub(super) struct Inbox<T: Send> {
    head: AtomicPtr<Letter<T>>,
}

struct Letter<T> {
    message: T,
    /// The one posted before.
    next: *mut Self,
}

impl<T: Send> Inbox<T> {
    pub(super) fn new() -> Self {
        Self {
            head: AtomicPtr::new(ptr::null_mut()),
        }
    }

    pub(super) fn post(&self, message: T) {
        let letter = Box::into_raw(Box::new(Letter {
            message,
            next: ptr::null_mut(),
        }));
        // Relaxed: the exchange decides.
        let mut head = self.head.load_relaxed();
        loop {
            // SAFETY: ours until the exchange.
            unsafe { (*letter).next = head };
            // ORD[inbox] AcqRel: publishes the letter.
            match self.head.compare_exchange(head, letter) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    /// All messages, the one posted first in front.
    pub(super) fn take(&self) -> VecDeque<T> {
        let mut messages = VecDeque::new();
        // Relaxed: a hint; what is posted just now is for the next one who looks.
        if self.head.load_relaxed().is_null() {
            return messages;
        }
        // ORD[inbox] AcqRel: pairs with the exchanges in `post`.
        let mut head = self.head.swap(ptr::null_mut());
        while !head.is_null() {
            // SAFETY: of `Box::into_raw`, and taken off the stack, together with all that is behind it: ours.
            let letter = unsafe { Box::from_raw(head) };
            head = letter.next;
            messages.push_front(letter.message);
        }
        messages
    }
}

impl<T: Send> Drop for Inbox<T> {
    fn drop(&mut self) {
        self.take();
    }
}
