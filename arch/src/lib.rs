//! Atomic primitives of splitmap: the only place that knows the processor.
//!
//! ```text
//!   AtomicPtr  AtomicUsize        StoreLoad                    WideCas          hints
//!   (links)    (counters)         (publish, then load; heavy)  (16 bytes)       (prefetch, wait)
//!        \         |              /            |               /
//!         the backend of this build             asymmetric | ordered | fenced
//!         portable | x86_64 | aarch64 (lse or llsc, chosen at run time) | loom
//! ```
//!
//! | build | read-modify-write | publish, then load ([`StoreLoad`]) | [`WideCas`] |
//! | --- | --- | --- | --- |
//! | x86-64 Linux | `lock` instructions, from core | asymmetric (`membarrier`), else fenced | `lock cmpxchg16b` |
//! | x86-64, elsewhere | the same | fenced (`lock or`) | the same |
//! | aarch64 | `casal` … or `ldaxr`/`stlxr` loops | ordered: `stlr`, `ldar` | `caspal` or `ldaxp`/`stlxp` |
//! | aarch64, `--cfg splitmap_emulated` | the same | fenced (`dmb ish`) | the same |
//! | Miri, `--cfg splitmap_portable`, other CPUs | core | fenced | none |
//! | `--cfg loom` | loom's | fenced | none |
//!
//! Each primitive is specified once, in [`backends::Backend`]; `backends::Portable` is that
//! specification made of core's calls, and `tests/conformance` holds every other backend to it.
//! No method takes an `Ordering`: the ordering is in the name, and the pairs are in
//! `arch/README.md`.
//!
//! # Example
//!
//! A reader publishes a hazard and reads the link again; a remover unlinks, then looks at the
//! hazards. One of the two always sees the other.
//!
//! ```
//! use splitmap_arch::{AtomicPtr, StoreLoad};
//!
//! let order = StoreLoad::register();       // once, before the first reader
//! let mut node = 7;
//! let link = AtomicPtr::new(&raw mut node);
//! let hazard = AtomicPtr::default();
//!
//! // reader
//! let seen = link.load_acquire();
//! let protected = order.publish_then_load(&hazard, seen, &link) == seen;
//! assert!(protected);
//!
//! // remover
//! let unlinked = link.swap(core::ptr::null_mut());
//! order.heavy();
//! assert_eq!(hazard.load_acquire(), unlinked, "still in use: not to be freed");
//! ```
#![no_std]
#![expect(
    clippy::inline_always,
    reason = "each primitive is one instruction or a few; a call would cost more, and the \
              disassembly checks look for them in their callers"
)]
#![cfg_attr(
    loom,
    allow(
        clippy::must_use_candidate,
        reason = "clippy does not see that loom's atomics are changed through shared references"
    )
)]

#[cfg(any(test, loom))]
extern crate std;

mod atomic_ptr;
#[cfg(not(loom))]
mod atomic_usize;
mod contract;
mod demand;
#[allow(dead_code, reason = "the form of builds that have no cheaper one")]
mod fenced;
mod hint;
mod huge;
mod pair;
#[cfg(not(loom))]
mod portable;
mod store_load;

// `native`: the backend (`Active`), the store-load form (`Form`) and the hints of this build.
// The only place that selects by processor.
//
//   loom? ──yes──► loom                                                        fenced
//     │no
//   miri, splitmap_portable? ──yes──► portable                                 fenced
//     │no
//   x86_64, 64-bit pointers? ──yes──► x86_64                                   linux: asymmetric
//     │no                                                                      else fenced
//   aarch64, 64-bit pointers, little endian? ──yes──► aarch64 (lse | llsc)     ordered; emulated:
//     │no                                                                      fenced
//   portable                                                                   fenced
#[cfg(loom)]
#[path = "loom.rs"]
mod native;

#[cfg(all(
    target_arch = "x86_64",
    target_pointer_width = "64",
    not(any(loom, miri, splitmap_portable))
))]
#[path = "x86_64/mod.rs"]
mod native;

#[cfg(all(
    target_arch = "aarch64",
    target_pointer_width = "64",
    target_endian = "little",
    not(any(loom, miri, splitmap_portable))
))]
#[path = "aarch64/mod.rs"]
mod native;

#[cfg(not(any(
    loom,
    all(
        target_pointer_width = "64",
        any(
            target_arch = "x86_64",
            all(target_arch = "aarch64", target_endian = "little")
        ),
        not(any(miri, splitmap_portable))
    )
)))]
mod native {
    //! No assembly: Miri, the sanitizers, and processors without a backend of their own.
    pub(crate) use crate::fenced::Form;
    pub(crate) use crate::portable::Portable as Active;
    pub(crate) use crate::portable::{prefetch_read, spin_hint, wait_while_equal};
    pub(crate) mod list {
        pub use crate::portable::Portable;
    }
}

use crate::contract::Backend as _;
use crate::native::Active;

pub use crate::atomic_ptr::AtomicPtr;
#[cfg(not(loom))]
pub use crate::atomic_usize::AtomicUsize;
#[cfg(all(target_arch = "aarch64", target_os = "linux", target_feature = "lse"))]
#[doc(hidden)]
pub use crate::demand::refuse_without_lse;
pub use crate::hint::{Backoff, prefetch_read, spin_hint, wait_while_equal};
pub use crate::huge::advise_huge_pages;
#[cfg(loom)]
pub use crate::native::AtomicUsize;
pub use crate::pair::{AtomicPair, WideCas};
pub use crate::store_load::StoreLoad;

// Words that need no backend: plain loads, stores and counts with core's orderings.
#[cfg(loom)]
pub use ::loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
#[cfg(all(not(loom), target_has_atomic = "64"))]
pub use core::sync::atomic::AtomicU64;
#[cfg(not(loom))]
pub use core::sync::atomic::{AtomicBool, AtomicU32};

/// The backends by name, for the conformance tests and the disassembly check.
#[doc(hidden)]
pub mod backends {
    pub use crate::contract::{Backend, Never, PairBackend, PtrWord};
    pub use crate::native::list::*;
}

/// The backend of every read-modify-write of this crate's types.
const ACTIVE: Active = Active::ACTIVE;

/// Names the backend that this process runs on, for test and benchmark logs.
///
/// One of `aarch64-lse`, `aarch64-llsc`, `x86_64`, `portable`, `loom`, with the suffix `+emulated`
/// when the build was made for QEMU (`--cfg splitmap_emulated`).
///
/// ```
/// assert!(!splitmap_arch::backend_name().is_empty());
/// ```
#[must_use]
pub fn backend_name() -> &'static str {
    ACTIVE.name()
}

/// A full fence: models `core::sync::atomic::fence(SeqCst)`.
///
/// Prefer [`StoreLoad`]: it knows the cheapest correct form on each processor.
///
/// ```
/// splitmap_arch::fence_seq_cst();
/// ```
#[inline]
pub fn fence_seq_cst() {
    ACTIVE.fence();
}
