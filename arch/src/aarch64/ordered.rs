//! The ordered form of aarch64: `stlr`, then `ldar`, and no barrier between.
//!
//! The architecture observes a Load-Acquire (`ldar`) after every Store-Release (`stlr`) that comes
//! earlier in program order (Arm ARM B2.3, "Barrier-ordered-before"; `[L]; po; [A]` in its formal
//! model). `ldapr`, which a plain `Acquire` load becomes with `+rcpc`, is excepted: Arm's page on it says
//! that a Store-Release followed by it creates no ordering requirement. Hence assembly: the compiler
//! may not choose the instruction. `ci/asm` checks it.
//!
//! It is not a fence: it orders the caller's earlier *release* stores before the load, and no others.
//!
//! The remover's side keeps the full fence: its unlinking may be an `ldaxr`/`stlxr` loop, whose
//! store a later `ldr` or `ldapr` may pass.
//!
//! ```text
//!   stlr hazard ─bob─► ldar link ─fr─► unlink ─dmb─► read hazard ─fr─► stlr hazard
//! ```
//!
//! is a cycle in "ordered-before", which the architecture forbids: not both reads can be stale.
//!
//! Only this form is compiled in, so nothing branches.

use crate::ACTIVE;
use crate::contract::{Backend as _, PtrWord};
use core::arch::asm;

/// The only form of this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form(());

#[expect(
    clippy::unused_self,
    reason = "one interface with the form that has a choice"
)]
impl Form {
    pub(crate) const FENCED: Self = Self(());

    pub(crate) const fn register() -> Self {
        Self::FENCED
    }

    pub(crate) const fn name(self) -> &'static str {
        "ordered"
    }

    #[inline(always)]
    pub(crate) fn load_after_publish(self, link: &PtrWord) -> *mut () {
        let found: *mut ();
        // ORD[publish.dekker, publish.link] `ldar`: after the caller's `stlr`; acquires the node.
        // SAFETY: `link` is a live, aligned `AtomicPtr`; this is its `load` with an ordering at
        // least `Acquire`. Without `nomem` the compiler keeps the caller's store before it, and
        // without `readonly` all later accesses after it.
        unsafe {
            asm!(
                "ldar {found}, [{link}]", // found = *link, after every earlier stlr
                link = in(reg) link.as_ptr(),
                found = lateout(reg) found,
                options(nostack, preserves_flags),
            );
        }
        found
    }

    /// `ldar` here too: the store of an `AcqRel` read-modify-write is a Store-Release, whatever its form.
    #[inline(always)]
    pub(crate) fn load_after_update(self, word: &PtrWord) -> *mut () {
        self.load_after_publish(word)
    }

    #[inline(always)]
    pub(crate) fn publish_then_load(
        self,
        hazard: &PtrWord,
        value: *mut (),
        link: &PtrWord,
    ) -> *mut () {
        let found: *mut ();
        // ORD[publish.release] `stlr`: pairs with the scan's acquire load of the hazard.
        // ORD[publish.dekker, publish.link] `ldar`: after the `stlr`; acquires the node.
        // SAFETY: both words are live, aligned `AtomicPtr`s; these are `store(Release)` of one and
        // `load(Acquire)` of the other, ordered besides.
        unsafe {
            asm!(
                "stlr {value}, [{hazard}]", // *hazard = value, after everything earlier
                "ldar {found}, [{link}]",   // found = *link, after the stlr
                hazard = in(reg) hazard.as_ptr(),
                value = in(reg) value,
                link = in(reg) link.as_ptr(),
                found = lateout(reg) found,
                options(nostack, preserves_flags),
            );
        }
        found
    }

    #[inline]
    pub(crate) fn heavy(self) {
        // ORD[publish.dekker] SeqCst: orders the unlinking before the reads of the hazards.
        ACTIVE.fence();
    }
}
