//! What a backend must do: each primitive specified once.
//!
//! A primitive is named after the `core` call that it models, and `Portable` *is* that call. An
//! implementation may be stronger than its specification, never weaker; nothing above this layer
//! may lean on the surplus. In particular no read-modify-write here is a fence: after an
//! `ldaxr`/`stlxr` loop a later load may pass the store. Only `fence` and `store_then_fence` are.
//!
//! A backend is a token of size zero. It comes from a `detect` function, so holding one proves that
//! the instructions exist on this processor.
//!
//! Progress: every primitive is lock-free; on x86-64 and with LSE each is wait-free.

use crate::pair::AtomicPair;
use core::fmt::Debug;

/// The word that pointer primitives work on.
#[cfg(not(loom))]
pub type PtrWord = core::sync::atomic::AtomicPtr<()>;
/// The word that pointer primitives work on, as loom's model of it.
#[cfg(loom)]
pub type PtrWord = ::loom::sync::atomic::AtomicPtr<()>;

pub(crate) mod sealed {
    /// Keeps the set of backends closed: an outside one could break the promises.
    #[expect(
        unnameable_types,
        reason = "the point of a sealing trait is that nobody outside can name it"
    )]
    pub trait Sealed {}
}

/// The read-modify-write primitives, on words that hold a pointer.
///
/// Pointers stay pointers (strict provenance): tag operations keep the provenance of the word, as
/// `AtomicPtr::fetch_or` does. Counters pass through `without_provenance_mut` and `addr`.
pub trait Backend: sealed::Sealed + Copy + Debug {
    /// Compare-and-swap of two neighbouring words, where there is one.
    type Wide: PairBackend;

    /// A name for logs.
    fn name(self) -> &'static str;

    /// Finds out what the processor has, for a backend that chooses by it. Before the first call such
    /// a backend is right, but perhaps not the fastest.
    fn prepare(self) {}

    /// The two-word compare-and-swap, or `None` where the processor lacks it.
    fn wide(self) -> Option<Self::Wide>;

    /// Strong compare-and-swap; acquire-release, acquire on failure.
    ///
    /// Models `AtomicPtr::compare_exchange(current, new, AcqRel, Acquire)`: no spurious failure.
    /// LSE: `casal`. LL/SC: `ldaxr`/`stlxr` loop. x86-64: `lock cmpxchg`.
    ///
    /// # Errors
    ///
    /// The value found, when it is not `current`; the word is unchanged.
    fn compare_exchange(
        self,
        word: &PtrWord,
        current: *mut (),
        new: *mut (),
    ) -> Result<*mut (), *mut ()>;

    /// Puts `new` in and returns what was there; acquire-release.
    ///
    /// Models `AtomicPtr::swap(new, AcqRel)`. LSE: `swpal`. x86-64: `xchg`.
    fn swap(self, word: &PtrWord, new: *mut ()) -> *mut ();

    /// Sets the bits of `bits` in the address, returns the previous pointer; acquire-release.
    ///
    /// Models `AtomicPtr::fetch_or(bits, AcqRel)`. LSE: `ldsetal`. x86-64: `lock or`, or a
    /// `lock cmpxchg` loop when the result is used.
    fn fetch_or(self, word: &PtrWord, bits: usize) -> *mut ();

    /// Keeps only the bits of `mask` in the address, returns the previous pointer; acquire-release.
    ///
    /// Models `AtomicPtr::fetch_and(mask, AcqRel)`. LSE: `ldclral` of `!mask`.
    fn fetch_and(self, word: &PtrWord, mask: usize) -> *mut ();

    /// Adds to the address, wrapping, returns the previous value; acquire-release.
    ///
    /// Models `AtomicPtr::fetch_byte_add(addend, AcqRel)`. LSE: `ldaddal`. x86-64: `lock xadd`.
    fn fetch_add(self, word: &PtrWord, addend: usize) -> *mut ();

    /// Adds to the address, wrapping, returns the previous value; relaxed.
    ///
    /// Models `AtomicPtr::fetch_byte_add(addend, Relaxed)`. LSE: `ldadd`.
    fn fetch_add_relaxed(self, word: &PtrWord, addend: usize) -> *mut ();

    /// A full fence: models `fence(SeqCst)`.
    ///
    /// x86-64: `lock or` on the stack, or `mfence`. aarch64: `dmb ish`.
    fn fence(self);

    /// Stores, then fences: models `store(value, Release); fence(SeqCst)`.
    ///
    /// aarch64: `stlr`, `dmb ish`.
    fn store_then_fence(self, word: &PtrWord, value: *mut ());

    /// Sets `tag` in the word if it holds exactly `expected`; strong, acquire-release.
    ///
    /// Models `compare_exchange(expected, expected | tag, AcqRel, Acquire)`, and is that on every
    /// backend: a bit-set instruction cannot compare.
    ///
    /// # Errors
    ///
    /// The value found, when it is not `expected`; the word is unchanged.
    #[inline(always)]
    fn mark_if_equal(
        self,
        word: &PtrWord,
        expected: *mut (),
        tag: usize,
    ) -> Result<*mut (), *mut ()> {
        self.compare_exchange(word, expected, expected.map_addr(|addr| addr | tag))
    }
}

/// Compare-and-swap of two neighbouring words.
pub trait PairBackend: sealed::Sealed + Copy + Debug {
    /// Strong two-word compare-and-swap; acquire-release, acquire on failure.
    ///
    /// LSE: `caspal`. LL/SC: `ldaxp`/`stlxp` loop. x86-64: `lock cmpxchg16b`. No `core` call does
    /// this on stable Rust.
    ///
    /// # Errors
    ///
    /// The pair found, read in one piece, when it is not `current`; the memory is unchanged.
    fn compare_exchange_pair(
        self,
        pair: &AtomicPair,
        current: [usize; 2],
        new: [usize; 2],
    ) -> Result<[usize; 2], [usize; 2]>;
}

/// The two-word backend of builds that have none: no value of it exists.
#[derive(Clone, Copy, Debug)]
pub enum Never {}

impl sealed::Sealed for Never {}

impl PairBackend for Never {
    fn compare_exchange_pair(
        self,
        _pair: &AtomicPair,
        _current: [usize; 2],
        _new: [usize; 2],
    ) -> Result<[usize; 2], [usize; 2]> {
        match self {}
    }
}
