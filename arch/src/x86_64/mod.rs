//! x86-64: `core`'s atomics, and assembly for the three things that `core` cannot say.
//!
//! | primitive | here | why |
//! | --- | --- | --- |
//! | word read-modify-writes | `core` | compiles to `lock cmpxchg`, `xchg`, `lock or`, `lock xadd` |
//! | `fence` | `lock or` on the stack | `core`'s is `mfence`, which takes longer and orders no more here |
//! | `store_then_fence` | `xchg` | one locked instruction stores and fences; `core` has no name for both |
//! | two words | `lock cmpxchg16b` | not stable in `core` |
//!
//! Every locked instruction is a full barrier between the ordinary loads and stores around it
//! (Intel SDM vol. 3A, 10.2.2 "Memory Ordering in P6 and More Recent Processor Families"; AMD APM
//! vol. 2, 7.2), so each of them implements `fence(SeqCst)`. `mfence` adds only the order of
//! `clflush`, non-temporal and device accesses, which nothing here uses.

#[cfg(target_os = "linux")]
mod asymmetric;
mod cx16;
mod hint;

use self::cx16::Cx16;
use crate::contract::{Backend, PtrWord, sealed::Sealed};
use crate::portable::Portable;
use core::arch::asm;

pub(crate) use self::X86_64 as Active;
#[cfg(target_os = "linux")]
pub(crate) use self::asymmetric::Form;
pub(crate) use self::hint::{prefetch_read, spin_hint, wait_while_equal};
#[cfg(not(target_os = "linux"))]
pub(crate) use crate::fenced::Form;

/// What `backends` shows of this build.
pub(crate) mod list {
    pub use super::X86_64;
    pub use super::cx16::Cx16;
    pub use crate::portable::Portable;
}

/// The x86-64 backend.
#[derive(Clone, Copy, Debug)]
pub struct X86_64(());

impl X86_64 {
    /// The token: these instructions are in every x86-64 processor.
    pub(crate) const ACTIVE: Self = Self(());

    /// Always there on this architecture.
    #[must_use]
    pub const fn detect() -> Option<Self> {
        Some(Self::ACTIVE)
    }
}

impl Sealed for X86_64 {}

impl Backend for X86_64 {
    type Wide = Cx16;

    fn name(self) -> &'static str {
        if cfg!(splitmap_emulated) {
            "x86_64+emulated"
        } else {
            "x86_64"
        }
    }

    fn wide(self) -> Option<Cx16> {
        Cx16::detect()
    }

    #[inline(always)]
    fn compare_exchange(
        self,
        word: &PtrWord,
        current: *mut (),
        new: *mut (),
    ) -> Result<*mut (), *mut ()> {
        Portable::ACTIVE.compare_exchange(word, current, new)
    }

    #[inline(always)]
    fn swap(self, word: &PtrWord, new: *mut ()) -> *mut () {
        Portable::ACTIVE.swap(word, new)
    }

    #[inline(always)]
    fn fetch_or(self, word: &PtrWord, bits: usize) -> *mut () {
        Portable::ACTIVE.fetch_or(word, bits)
    }

    #[inline(always)]
    fn fetch_and(self, word: &PtrWord, mask: usize) -> *mut () {
        Portable::ACTIVE.fetch_and(word, mask)
    }

    #[inline(always)]
    fn fetch_add(self, word: &PtrWord, addend: usize) -> *mut () {
        Portable::ACTIVE.fetch_add(word, addend)
    }

    #[inline(always)]
    fn fetch_add_relaxed(self, word: &PtrWord, addend: usize) -> *mut () {
        Portable::ACTIVE.fetch_add_relaxed(word, addend)
    }

    #[inline(always)]
    fn fence(self) {
        // SAFETY: the locked `or` of 0 leaves the addressed stack word, which is mapped, as it was;
        // being atomic it loses no other thread's write to it. Without `nomem` the compiler moves
        // no access across. Flags are declared clobbered by leaving out `preserves_flags`.
        unsafe {
            asm!(
                "lock or dword ptr [rsp], 0", // drain the store buffer; *rsp |= 0
            );
        }
    }

    #[inline(always)]
    fn store_then_fence(self, word: &PtrWord, value: *mut ()) {
        // SAFETY: `word` is a live, aligned `AtomicPtr`, reached only atomically, and `xchg` with
        // memory is atomic: a store with Release (x86 stores are) and then a full barrier.
        unsafe {
            asm!(
                "xchg qword ptr [{dst}], {value}", // swap(*dst, value); drain the store buffer
                dst = in(reg) word.as_ptr(),
                value = inout(reg) value => _,
                options(nostack, preserves_flags),
            );
        }
    }
}
