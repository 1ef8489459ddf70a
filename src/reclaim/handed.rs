//! A stack on which garbage is handed to another thread, or to an operation that runs destructors already.
//!
//! ```text
//!   closed ──open──► null ◄──offer: a list, by one exchange──► head ──► node ──► ... ──► null
//!      ▲               │ take: all of it                        │
//!      └───────────────┴─────── close: gives what is there ─────┘
//! ```
//!
//! It is taken as a whole only, so that an address that comes back (ABA) does no harm. Closed is a state of the
//! same word: nothing can be handed to one who has gone.
//!
//! Edges: `handed` — the exchange in `offer` (`AcqRel`) → the exchanges in `take` and `close` (`AcqRel`): who takes
//! the nodes sees what those did who handed them over. `len` orders nothing: it is a limit.

use core::ptr::{self, NonNull};

use super::garbage::{Garbage, Reclaim};
use crate::sync::{AtomicPtr, AtomicUsize};

pub(super) struct Handed<T: Reclaim> {
    head: AtomicPtr<T>,
    /// How many nodes were handed over and not yet [`done`](Self::done) with.
    len: AtomicUsize,
}

/// Nobody takes what is handed over. (No node has this address: they are aligned to 8.)
const fn closed<T>() -> *mut T {
    ptr::without_provenance_mut(1)
}

impl<T: Reclaim> Handed<T> {
    /// A closed one.
    #[cfg(feature = "std")]
    pub(super) fn closed() -> Self {
        Self {
            head: AtomicPtr::new(closed()),
            len: AtomicUsize::new(0),
        }
    }

    /// An open one.
    #[cfg(not(feature = "std"))]
    pub(super) fn opened() -> Self {
        Self {
            head: AtomicPtr::default(),
            len: AtomicUsize::new(0),
        }
    }

    /// Opens it for one who takes; false if that has been done.
    #[cfg(feature = "std")]
    pub(super) fn open(&self) -> bool {
        // No pair: it publishes nothing.
        let opened = self.head.compare_exchange(closed(), ptr::null_mut());
        opened.is_ok()
    }

    /// Hands `garbage` over; gives it back if that would make it more than `most`, or nobody takes it.
    pub(super) fn offer(&self, garbage: Garbage<T>, most: usize) -> Garbage<T> {
        let Some((first, last)) = garbage.ends() else {
            return garbage;
        };
        let len = garbage.len();
        // Relaxed: the exchange decides.
        let mut head = self.head.load_relaxed();
        if head == closed() {
            return garbage;
        }
        // Relaxed: a limit.
        if self.len.fetch_add_relaxed(len).saturating_add(len) > most {
            head = closed();
        }
        while head != closed() {
            // SAFETY: of the list, so ours until the exchange.
            unsafe { T::set_next(last, head) };
            // ORD[handed] AcqRel: hands the nodes over.
            match self.head.compare_exchange(head, first.as_ptr()) {
                Ok(_) => {
                    garbage.forget();
                    return Garbage::new();
                }
                Err(now) => head = now,
            }
        }
        // Too many, or closed meanwhile.
        // SAFETY: still ours.
        unsafe { T::set_next(last, ptr::null_mut()) };
        self.done(len);
        garbage
    }

    /// Takes everything that was handed over, and leaves it open, or closed.
    pub(super) fn take(&self) -> Garbage<T> {
        // Relaxed: the exchange decides.
        let mut head = self.head.load_relaxed();
        while !head.is_null() && head != closed() {
            // ORD[handed] AcqRel: pairs with the exchange in `offer`.
            match self.head.compare_exchange(head, ptr::null_mut()) {
                Ok(head) => return list(head),
                Err(now) => head = now,
            }
        }
        Garbage::new()
    }

    /// Takes everything that was handed over, the last of it.
    #[cfg(feature = "std")]
    pub(super) fn close(&self) -> Garbage<T> {
        // ORD[handed] AcqRel: pairs with the exchange in `offer`.
        list(self.head.swap(closed()))
    }

    /// So many of those that were taken count no more.
    pub(super) fn done(&self, nodes: usize) {
        // Relaxed: a limit.
        self.len.fetch_add_relaxed(0_usize.wrapping_sub(nodes));
    }

    /// Whether there is nothing to take.
    #[cfg(not(feature = "std"))]
    pub(super) fn is_empty(&self) -> bool {
        // Relaxed: a hint.
        self.head.load_relaxed().is_null()
    }
}

/// The list that begins at `head`, which was taken off the stack.
fn list<T: Reclaim>(mut head: *mut T) -> Garbage<T> {
    let mut garbage = Garbage::new();
    while let Some(node) = NonNull::new(head).filter(|node| node.as_ptr() != closed()) {
        // SAFETY: taken together with all that is behind it, so ours.
        head = unsafe { T::next(node) };
        // SAFETY: ours.
        unsafe { garbage.push(node) };
    }
    garbage
}
