//! The executable specification: every primitive is the `core` call that it models.
//!
//! Runs under Miri and the sanitizers, which do not see inside assembly, and on every processor
//! that has no backend of its own.

use crate::AtomicUsize;
use crate::contract::{Backend, Never, PtrWord, sealed::Sealed};
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use core::sync::atomic::fence;

#[allow(unused_imports, reason = "the hints of builds without assembly")]
pub(crate) use core::hint::spin_loop as spin_hint;

/// Nothing: `core` has no stable prefetch.
#[allow(dead_code, reason = "the hints of builds without assembly")]
#[inline(always)]
pub(crate) const fn prefetch_read(_p: *const ()) {}

/// One spin hint.
#[allow(dead_code, reason = "the hints of builds without assembly")]
pub(crate) fn wait_while_equal(_word: &AtomicUsize, _value: usize) {
    spin_hint();
}

/// The backend made of `core`'s atomics.
#[derive(Clone, Copy, Debug)]
pub struct Portable(());

impl Portable {
    /// The token: `core`'s atomics are everywhere.
    pub(crate) const ACTIVE: Self = Self(());

    /// Always there.
    #[must_use]
    pub const fn detect() -> Option<Self> {
        Some(Self::ACTIVE)
    }
}

impl Sealed for Portable {}

// ORD[rmw] AcqRel, Acquire on failure: the contract's orderings, for the edges that callers name;
// Relaxed only in `fetch_add_relaxed`, whose name says that it orders nothing.
impl Backend for Portable {
    type Wide = Never;

    fn name(self) -> &'static str {
        if cfg!(splitmap_emulated) {
            "portable+emulated"
        } else {
            "portable"
        }
    }

    fn wide(self) -> Option<Never> {
        None
    }

    #[inline(always)]
    fn compare_exchange(
        self,
        word: &PtrWord,
        current: *mut (),
        new: *mut (),
    ) -> Result<*mut (), *mut ()> {
        word.compare_exchange(current, new, AcqRel, Acquire)
    }

    #[inline(always)]
    fn swap(self, word: &PtrWord, new: *mut ()) -> *mut () {
        word.swap(new, AcqRel)
    }

    #[inline(always)]
    fn fetch_or(self, word: &PtrWord, bits: usize) -> *mut () {
        word.fetch_or(bits, AcqRel)
    }

    #[inline(always)]
    fn fetch_and(self, word: &PtrWord, mask: usize) -> *mut () {
        word.fetch_and(mask, AcqRel)
    }

    #[inline(always)]
    fn fetch_add(self, word: &PtrWord, addend: usize) -> *mut () {
        word.fetch_byte_add(addend, AcqRel)
    }

    #[inline(always)]
    fn fetch_add_relaxed(self, word: &PtrWord, addend: usize) -> *mut () {
        word.fetch_byte_add(addend, Relaxed)
    }

    #[inline(always)]
    fn fence(self) {
        // ORD[publish.dekker] SeqCst: the total order of these fences is the whole point.
        fence(SeqCst);
    }

    #[inline(always)]
    fn store_then_fence(self, word: &PtrWord, value: *mut ()) {
        // ORD[publish.release] Release: what was read under the old hazard happens before its reuse.
        word.store(value, Release);
        // ORD[publish.dekker] SeqCst: orders the store before the caller's next load.
        fence(SeqCst);
    }
}
