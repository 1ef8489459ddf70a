//! A count that threads share.
//!
//! Its word is a pointer word that holds a number (`without_provenance_mut`, `addr`), so that each
//! primitive exists once in each backend. `loom.rs` has the twin of this file on loom's counter.

use crate::ACTIVE;
use crate::contract::{Backend as _, PtrWord};
use core::fmt;
use core::ptr::without_provenance_mut;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// A number that threads share, with the orderings in the method names. All methods are lock-free.
///
/// ```
/// use splitmap_arch::AtomicUsize;
///
/// static COUNT: AtomicUsize = AtomicUsize::new(usize::MAX);
/// assert_eq!(COUNT.fetch_add(2), usize::MAX);
/// assert_eq!(COUNT.load_acquire(), 1, "addition wraps");
/// ```
#[repr(transparent)]
pub struct AtomicUsize {
    word: PtrWord,
}

impl AtomicUsize {
    /// A shared number that holds `value` (a `const fn` except under `--cfg loom`).
    #[inline]
    #[must_use]
    pub const fn new(value: usize) -> Self {
        Self {
            word: PtrWord::new(without_provenance_mut(value)),
        }
    }

    /// The number, with no ordering.
    #[inline(always)]
    pub fn load_relaxed(&self) -> usize {
        // ORD[none] Relaxed: asked for by the caller's choice of this method.
        self.word.load(Relaxed).addr()
    }

    /// The number; what the writer did before its release is visible.
    #[inline(always)]
    pub fn load_acquire(&self) -> usize {
        // ORD[word] Acquire: pairs with `store_release` and every read-modify-write of this type.
        self.word.load(Acquire).addr()
    }

    /// Stores with no ordering.
    #[inline(always)]
    pub fn store_relaxed(&self, value: usize) {
        // ORD[none] Relaxed: asked for by the caller's choice of this method.
        self.word.store(without_provenance_mut(value), Relaxed);
    }

    /// Stores; whoever loads it with acquire sees what was done before.
    #[inline(always)]
    pub fn store_release(&self, value: usize) {
        // ORD[word] Release: pairs with `load_acquire` and every read-modify-write of this type.
        self.word.store(without_provenance_mut(value), Release);
    }

    /// Strong compare-and-swap; acquire-release, acquire on failure. No spurious failure.
    ///
    /// # Errors
    ///
    /// The number found, when it is not `current`; the word is unchanged.
    ///
    /// ```
    /// let level = splitmap_arch::AtomicUsize::new(4);
    /// assert_eq!(level.compare_exchange(4, 5), Ok(4));
    /// assert_eq!(level.compare_exchange(4, 5), Err(5));
    /// ```
    #[inline(always)]
    pub fn compare_exchange(&self, current: usize, new: usize) -> Result<usize, usize> {
        let current = without_provenance_mut(current);
        match ACTIVE.compare_exchange(&self.word, current, without_provenance_mut(new)) {
            Ok(previous) => Ok(previous.addr()),
            Err(found) => Err(found.addr()),
        }
    }

    /// Puts `new` in and returns what was there; acquire-release.
    #[inline(always)]
    pub fn swap(&self, new: usize) -> usize {
        ACTIVE.swap(&self.word, without_provenance_mut(new)).addr()
    }

    /// Adds, wrapping, and returns the previous number; acquire-release.
    #[inline(always)]
    pub fn fetch_add(&self, addend: usize) -> usize {
        ACTIVE.fetch_add(&self.word, addend).addr()
    }

    /// Adds, wrapping, and returns the previous number; orders nothing: for statistics.
    #[inline(always)]
    pub fn fetch_add_relaxed(&self, addend: usize) -> usize {
        ACTIVE.fetch_add_relaxed(&self.word, addend).addr()
    }

    /// Sets the bits of `bits`, returns the previous number; acquire-release.
    #[inline(always)]
    pub fn fetch_or(&self, bits: usize) -> usize {
        ACTIVE.fetch_or(&self.word, bits).addr()
    }

    /// Keeps only the bits of `mask`, returns the previous number; acquire-release.
    #[inline(always)]
    pub fn fetch_and(&self, mask: usize) -> usize {
        ACTIVE.fetch_and(&self.word, mask).addr()
    }

    /// The number, by exclusive access.
    ///
    /// ```
    /// assert_eq!(splitmap_arch::AtomicUsize::new(3).load_mut(), 3);
    /// ```
    #[inline(always)]
    pub fn load_mut(&mut self) -> usize {
        self.word.get_mut().addr()
    }

    /// The word, for `wait_while_equal`.
    #[allow(dead_code, reason = "only aarch64 can wait on a word")]
    pub(crate) const fn word(&self) -> &PtrWord {
        &self.word
    }
}

impl Default for AtomicUsize {
    /// Zero.
    fn default() -> Self {
        Self::new(0)
    }
}

impl fmt::Debug for AtomicUsize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.load_relaxed(), f)
    }
}
