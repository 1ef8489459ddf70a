//! The twin on loom's atomics: the same calls, no ordering weaker, and none stronger but where it says so.
//!
//! loom's `AtomicPtr` lacks the tag operations, so those are compare-and-swap loops here; counters
//! use loom's own `AtomicUsize`, which keeps the models small. loom treats a `SeqCst`
//! access as `AcqRel`, but models `SeqCst` fences exactly, and so the fenced form of `StoreLoad`.

use crate::contract::{Backend, Never, PtrWord, sealed::Sealed};
use ::loom::sync::atomic::fence;
use core::fmt;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

pub(crate) use self::Loom as Active;
pub(crate) use crate::fenced::Form;
pub(crate) use ::loom::thread::yield_now as spin_hint;

/// What `backends` shows of this build.
pub(crate) mod list {
    pub use super::Loom;
}

/// Nothing: a hint has no place in a model.
pub(crate) fn prefetch_read(_p: *const ()) {}

/// A yield: loom must run the other thread for the word to change.
pub(crate) fn wait_while_equal(_word: &AtomicUsize, _value: usize) {
    spin_hint();
}

/// The backend made of loom's atomics.
#[derive(Clone, Copy, Debug)]
pub struct Loom(());

impl Loom {
    /// The token.
    pub(crate) const ACTIVE: Self = Self(());

    /// Always there in a loom build.
    #[must_use]
    pub const fn detect() -> Option<Self> {
        Some(Self::ACTIVE)
    }

    /// Replaces the pointer by `change` of it; acquire-release.
    fn update(word: &PtrWord, change: impl Fn(*mut ()) -> *mut ()) -> *mut () {
        // ORD[none] Relaxed: the compare-and-swap checks what this read.
        let mut seen = word.load(Relaxed);
        // ORD[rmw] AcqRel: the contract's.
        while let Err(found) = word.compare_exchange(seen, change(seen), AcqRel, Relaxed) {
            seen = found;
        }
        seen
    }
}

impl Sealed for Loom {}

impl Backend for Loom {
    type Wide = Never;

    fn name(self) -> &'static str {
        "loom"
    }

    fn wide(self) -> Option<Never> {
        None
    }

    fn compare_exchange(
        self,
        word: &PtrWord,
        current: *mut (),
        new: *mut (),
    ) -> Result<*mut (), *mut ()> {
        word.compare_exchange(current, new, AcqRel, Acquire)
    }

    fn swap(self, word: &PtrWord, new: *mut ()) -> *mut () {
        word.swap(new, AcqRel)
    }

    fn fetch_or(self, word: &PtrWord, bits: usize) -> *mut () {
        Self::update(word, |p| p.map_addr(|addr| addr | bits))
    }

    fn fetch_and(self, word: &PtrWord, mask: usize) -> *mut () {
        Self::update(word, |p| p.map_addr(|addr| addr & mask))
    }

    fn fetch_add(self, word: &PtrWord, addend: usize) -> *mut () {
        Self::update(word, |p| p.wrapping_byte_add(addend))
    }

    fn fetch_add_relaxed(self, word: &PtrWord, addend: usize) -> *mut () {
        // Stronger than asked; counters do not come here (see `AtomicUsize` below).
        self.fetch_add(word, addend)
    }

    fn fence(self) {
        // ORD[publish.dekker] SeqCst: the total order of these fences is the whole point.
        fence(SeqCst);
    }

    fn store_then_fence(self, word: &PtrWord, value: *mut ()) {
        // ORD[publish.release] Release: pairs with the scan's acquire load of the hazard.
        word.store(value, Release);
        // ORD[publish.dekker] SeqCst: orders the store before the caller's next load.
        fence(SeqCst);
    }
}

/// A number that threads share: twin of `atomic_usize.rs`.
#[derive(Default)]
pub struct AtomicUsize {
    word: ::loom::sync::atomic::AtomicUsize,
}

// ORD[word], ORD[rmw]: as in `atomic_usize.rs` and `portable.rs`, call by call.
impl AtomicUsize {
    /// A shared number that holds `value`.
    #[must_use]
    pub fn new(value: usize) -> Self {
        Self {
            word: ::loom::sync::atomic::AtomicUsize::new(value),
        }
    }

    /// The number, with no ordering.
    pub fn load_relaxed(&self) -> usize {
        self.word.load(Relaxed)
    }

    /// The number; what the writer did before its release is visible.
    pub fn load_acquire(&self) -> usize {
        self.word.load(Acquire)
    }

    /// Stores with no ordering.
    pub fn store_relaxed(&self, value: usize) {
        self.word.store(value, Relaxed);
    }

    /// Stores; whoever loads it with acquire sees what was done before.
    pub fn store_release(&self, value: usize) {
        self.word.store(value, Release);
    }

    /// Strong compare-and-swap; acquire-release, acquire on failure.
    ///
    /// # Errors
    ///
    /// The number found, when it is not `current`; the word is unchanged.
    pub fn compare_exchange(&self, current: usize, new: usize) -> Result<usize, usize> {
        self.word.compare_exchange(current, new, AcqRel, Acquire)
    }

    /// Puts `new` in and returns what was there; acquire-release.
    pub fn swap(&self, new: usize) -> usize {
        self.word.swap(new, AcqRel)
    }

    /// Adds, wrapping, and returns the previous number; acquire-release.
    pub fn fetch_add(&self, addend: usize) -> usize {
        self.word.fetch_add(addend, AcqRel)
    }

    /// Adds, wrapping, and returns the previous number; relaxed.
    pub fn fetch_add_relaxed(&self, addend: usize) -> usize {
        self.word.fetch_add(addend, Relaxed)
    }

    /// Sets the bits of `bits`, returns the previous number; acquire-release.
    pub fn fetch_or(&self, bits: usize) -> usize {
        self.word.fetch_or(bits, AcqRel)
    }

    /// Keeps only the bits of `mask`, returns the previous number; acquire-release.
    pub fn fetch_and(&self, mask: usize) -> usize {
        self.word.fetch_and(mask, AcqRel)
    }

    /// The number, by exclusive access: loom checks that it is.
    pub fn load_mut(&mut self) -> usize {
        self.word.with_mut(|value| *value)
    }
}

impl fmt::Debug for AtomicUsize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.load_relaxed(), f)
    }
}
