//! The Large System Extensions: each primitive is one instruction.
//!
//! Arm ARM C6.2, "CAS", "SWP", "LDADD", "LDSET", "LDCLR", "CASP". The suffix `a` makes the load an
//! acquire, `l` the store a release. Assembly, because without `+lse` at compile time `core` emits a
//! call (outline atomics) or an exclusive loop.

use super::{detect, full_fence, store_then_fence};
use crate::contract::{Backend, PairBackend, PtrWord, sealed::Sealed};
use crate::pair::AtomicPair;
use core::arch::asm;

/// The right to use the Large System Extensions.
#[derive(Clone, Copy, Debug)]
pub struct Lse(());

impl Lse {
    /// Asks the processor; always there in a `+lse` build.
    #[must_use]
    pub fn detect() -> Option<Self> {
        detect::ask();
        Self::if_known()
    }

    /// The token, if somebody asked and the processor has it. No call, at most one branch.
    #[inline(always)]
    pub(super) fn if_known() -> Option<Self> {
        detect::has_lse().then_some(Self(()))
    }
}

impl Sealed for Lse {}

/// A fetch-and-modify: one instruction with the operand and the previous value in registers.
macro_rules! fetch_modify {
    ($instruction:literal, $pseudocode:literal, $word:expr, $operand:expr) => {{
        let previous: *mut ();
        // SAFETY: the word is live and aligned and reached only atomically; the caller's `Lse` token
        // proves that the processor has the instruction.
        unsafe {
            asm!(
                ".arch_extension lse",
                concat!($instruction, " {operand}, {previous}, [{dst}] // ", $pseudocode),
                operand = in(reg) $operand,
                previous = lateout(reg) previous,
                dst = in(reg) $word.as_ptr(),
                options(nostack, preserves_flags),
            );
        }
        previous
    }};
}

impl Backend for Lse {
    type Wide = Self;

    fn name(self) -> &'static str {
        if cfg!(splitmap_emulated) {
            "aarch64-lse+emulated"
        } else {
            "aarch64-lse"
        }
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
        let found: *mut ();
        // SAFETY: `word` is live and aligned and reached only atomically; `self` proves that the
        // processor has the instruction.
        unsafe {
            asm!(
                ".arch_extension lse",
                "casal {found}, {new}, [{dst}]", // if *dst == found { *dst = new }; found = old *dst
                found = inout(reg) current => found,
                new = in(reg) new,
                dst = in(reg) word.as_ptr(),
                options(nostack, preserves_flags),
            );
        }
        if found == current {
            Ok(found)
        } else {
            Err(found)
        }
    }

    #[inline(always)]
    fn swap(self, word: &PtrWord, new: *mut ()) -> *mut () {
        fetch_modify!("swpal", "previous = *dst; *dst = operand", word, new)
    }

    #[inline(always)]
    fn fetch_or(self, word: &PtrWord, bits: usize) -> *mut () {
        fetch_modify!("ldsetal", "previous = *dst; *dst |= operand", word, bits)
    }

    #[inline(always)]
    fn fetch_and(self, word: &PtrWord, mask: usize) -> *mut () {
        fetch_modify!("ldclral", "previous = *dst; *dst &= !operand", word, !mask)
    }

    #[inline(always)]
    fn fetch_add(self, word: &PtrWord, addend: usize) -> *mut () {
        fetch_modify!("ldaddal", "previous = *dst; *dst += operand", word, addend)
    }

    #[inline(always)]
    fn fetch_add_relaxed(self, word: &PtrWord, addend: usize) -> *mut () {
        fetch_modify!("ldadd", "previous = *dst; *dst += operand", word, addend)
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

impl PairBackend for Lse {
    #[inline]
    fn compare_exchange_pair(
        self,
        pair: &AtomicPair,
        current: [usize; 2],
        new: [usize; 2],
    ) -> Result<[usize; 2], [usize; 2]> {
        let [mut low, mut high] = current;
        // SAFETY: `pair` is live and aligned to 16, and all shared access to it is atomic; `self`
        // proves that the processor has the instruction, which wants neighbouring registers, the
        // first one even.
        unsafe {
            asm!(
                ".arch_extension lse",
                "caspal x0, x1, x2, x3, [{dst}]", // if *dst == x1:x0 { *dst = x3:x2 }; x1:x0 = old *dst
                inout("x0") low,
                inout("x1") high,
                in("x2") new[0],
                in("x3") new[1],
                dst = in(reg) pair.as_ptr(),
                options(nostack, preserves_flags),
            );
        }
        let found = [low, high];
        if found == current {
            Ok(found)
        } else {
            Err(found)
        }
    }
}
