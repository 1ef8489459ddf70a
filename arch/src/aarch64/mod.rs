//! aarch64: Large System Extensions where the processor has them, exclusive-monitor loops elsewhere.
//!
//! | file | what |
//! | --- | --- |
//! | `lse.rs` | one instruction each (`casal`, `swpal`, `ldaddal` …), Armv8.1 and later |
//! | `llsc.rs` | `ldaxr`/`stlxr` loops, every processor |
//! | `detect.rs` | what this processor has |
//! | `ordered.rs` | publish, then load: `stlr`, `ldar` |
//! | `hint.rs` | `prfm`, `wfe` |
//!
//! `Dispatch` chooses: at compile time with `+lse` (then no other form is compiled into callers),
//! else by one relaxed load of a byte and a branch that always goes the same way (`detect.rs`). The
//! compiler's own "outline atomics" would cost a call besides. Both forms may work on one word at the same time.

mod detect;
mod hint;
mod llsc;
mod lse;
#[cfg(not(splitmap_emulated))]
mod ordered;

use self::llsc::Llsc;
use self::lse::Lse;
use crate::contract::{Backend, PairBackend, PtrWord, sealed::Sealed};
use crate::pair::AtomicPair;
use core::sync::atomic::Ordering::{Release, SeqCst};
use core::sync::atomic::fence;

pub(crate) use self::Dispatch as Active;
pub(crate) use self::hint::{prefetch_read, spin_hint, wait_while_equal};
#[cfg(not(splitmap_emulated))]
pub(crate) use self::ordered::Form;
#[cfg(splitmap_emulated)]
pub(crate) use crate::fenced::Form;

/// What `backends` shows of this build.
pub(crate) mod list {
    pub use super::Dispatch;
    pub use super::llsc::Llsc;
    pub use super::lse::Lse;
    pub use crate::portable::Portable;
}

/// The backend that the public types use: LSE if there, else LL/SC.
#[derive(Clone, Copy, Debug)]
pub struct Dispatch(());

impl Dispatch {
    /// The token: one of the two is always there.
    pub(crate) const ACTIVE: Self = Self(());

    /// Always there on this architecture.
    #[must_use]
    pub fn detect() -> Option<Self> {
        detect::ask();
        Some(Self::ACTIVE)
    }
}

/// Calls the primitive on whichever backend the processor has.
macro_rules! dispatch {
    ($primitive:ident($($argument:expr),*)) => {
        match Lse::if_known() {
            Some(lse) => lse.$primitive($($argument),*),
            None => Llsc::ACTIVE.$primitive($($argument),*),
        }
    };
}

impl Sealed for Dispatch {}

impl Backend for Dispatch {
    type Wide = Self;

    fn name(self) -> &'static str {
        self.prepare();
        dispatch!(name())
    }

    fn prepare(self) {
        detect::ask();
    }

    fn wide(self) -> Option<Self> {
        Some(self)
    }

    #[inline(always)]
    fn compare_exchange(
        self,
        word: &PtrWord,
        current: *mut (),
        new: *mut (),
    ) -> Result<*mut (), *mut ()> {
        dispatch!(compare_exchange(word, current, new))
    }

    #[inline(always)]
    fn swap(self, word: &PtrWord, new: *mut ()) -> *mut () {
        dispatch!(swap(word, new))
    }

    #[inline(always)]
    fn fetch_or(self, word: &PtrWord, bits: usize) -> *mut () {
        dispatch!(fetch_or(word, bits))
    }

    #[inline(always)]
    fn fetch_and(self, word: &PtrWord, mask: usize) -> *mut () {
        dispatch!(fetch_and(word, mask))
    }

    #[inline(always)]
    fn fetch_add(self, word: &PtrWord, addend: usize) -> *mut () {
        dispatch!(fetch_add(word, addend))
    }

    #[inline(always)]
    fn fetch_add_relaxed(self, word: &PtrWord, addend: usize) -> *mut () {
        dispatch!(fetch_add_relaxed(word, addend))
    }

    #[inline(always)]
    fn fence(self) {
        full_fence();
    }

    #[inline(always)]
    fn store_then_fence(self, word: &PtrWord, value: *mut ()) {
        store_then_fence(word, value);
    }
}

impl PairBackend for Dispatch {
    #[inline]
    fn compare_exchange_pair(
        self,
        pair: &AtomicPair,
        current: [usize; 2],
        new: [usize; 2],
    ) -> Result<[usize; 2], [usize; 2]> {
        dispatch!(compare_exchange_pair(pair, current, new))
    }
}

/// `dmb ish`, for every backend here.
#[inline(always)]
fn full_fence() {
    // ORD[publish.dekker] SeqCst: the total order of these fences is the whole point.
    fence(SeqCst);
}

/// `stlr`, `dmb ish`, for every backend here.
#[inline(always)]
fn store_then_fence(word: &PtrWord, value: *mut ()) {
    // ORD[publish.release] Release: what was read under the old hazard happens before its reuse.
    word.store(value, Release);
    full_fence();
}
