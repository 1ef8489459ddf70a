//! x86-64: `core`'s atomics, and assembly for the one thing that stable `core` cannot say.
//!
//! | primitive | here | compiles to |
//! | --- | --- | --- |
//! | word read-modify-writes | `core` | `lock cmpxchg`, `xchg`, `lock or`, `lock and`, `lock xadd` |
//! | `fence` | `core` | `lock or` on the stack (2 ns; older compilers: `mfence`, 17 ns) |
//! | `store_then_fence` | `core`, two calls | `mov`, `lock or`; one `xchg` in assembly was no faster |
//! | two words | assembly, `cx16.rs` | `lock cmpxchg16b` |
//!
//! Times: AMD EPYC, rustc 1.95, store + fence + load in a loop.

#[cfg(target_os = "linux")]
mod asymmetric;
mod cx16;
mod hint;

use self::cx16::Cx16;
use crate::contract::{Backend, PtrWord, sealed::Sealed};
use crate::portable::Portable;

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
        Portable::ACTIVE.fence();
    }

    #[inline(always)]
    fn store_then_fence(self, word: &PtrWord, value: *mut ()) {
        Portable::ACTIVE.store_then_fence(word, value);
    }
}
