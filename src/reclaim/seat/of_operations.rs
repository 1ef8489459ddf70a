//! A seat for each operation: for machines without threads, or with some that Rust knows nothing of.
//!
//! ```text
//!   operation ── seat 0 ──┐ a closure of it ── seat 1 ──┐ an interrupt ── seat 2
//!                         └─────────────────────────────┴─── one of each, whoever runs them
//! ```
//!
//! Two exchanges more for each operation. An operation that is nested in another one, or that interrupts it,
//! has a seat of its own, so that nothing is used by two.

use core::marker::PhantomData;

use super::{claim, release};

/// The right to use one seat, for one operation.
pub(crate) struct Seat {
    index: usize,
    /// Not `Send`: as with threads' seats.
    _thread: PhantomData<*const ()>,
}

impl Seat {
    /// No seat is known beforehand.
    #[inline]
    pub(in crate::reclaim) fn known(_limit: usize) -> Option<Self> {
        None
    }

    /// A seat that nobody has.
    pub(crate) fn current() -> Self {
        Self {
            index: claim(),
            _thread: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn index(&self) -> usize {
        self.index
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        release(self.index);
    }
}
