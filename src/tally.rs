//! [`Tally`]: a counter of one thread's that all may read.
//!
//! ```text
//!   owner: load ─► add ─► store (Release)          no read-modify-write, no line that others write
//!   others:                        load (Acquire)  and a sum over all seats
//! ```
//!
//! Edges: `tally` — what the owner did before it counted (Release) → who reads the count (Acquire): it is seen.

use crate::sync::AtomicUsize;

/// A counter that one thread writes and all may read: no read-modify-write, no shared line.
pub(crate) struct Tally(AtomicUsize);

impl Tally {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Adds (wrapping; a negative amount as its two's complement). By the seat's owner only.
    #[inline]
    pub(crate) fn add(&self, amount: usize) {
        // No read-modify-write: one writer (the seat's owner), whose own load may be Relaxed. ORD[tally] Release:
        // who reads the sum sees what was counted.
        self.0
            .store_release(self.0.load_relaxed().wrapping_add(amount));
    }

    pub(crate) fn read(&self) -> usize {
        // ORD[tally] Acquire: pairs with the store above.
        self.0.load_acquire()
    }
}

/// A sum of tallies that change while they are read: what reduces it may be read before what it
/// reduces. Never less than nothing.
pub(crate) fn not_negative(sum: usize) -> usize {
    if sum > usize::MAX / 2 { 0 } else { sum }
}
