//! The fenced form: `fence(SeqCst)` on both sides. Needs nothing, works everywhere.
//!
//! The order of Miri, loom, the sanitizers, QEMU (which reorders `stlr` and `ldar`) and all
//! processors without a cheaper one.

use crate::ACTIVE;
use crate::contract::{Backend as _, PtrWord};
use core::sync::atomic::Ordering::Acquire;

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
        "fenced"
    }

    #[inline(always)]
    pub(crate) fn load_after_publish(self, link: &PtrWord) -> *mut () {
        // ORD[publish.dekker] SeqCst: pairs with the fence in `heavy`. Either the scan sees the
        // hazard stored before, or the load below sees the unlinking.
        ACTIVE.fence();
        // ORD[publish.link] Acquire: pairs with the release of the node's insertion.
        link.load(Acquire)
    }

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
        // ORD[publish.release, publish.dekker] Release, then SeqCst: pairs with `heavy`.
        ACTIVE.store_then_fence(hazard, value);
        // ORD[publish.link] Acquire: pairs with the release of the node's insertion.
        link.load(Acquire)
    }

    #[inline]
    pub(crate) fn heavy(self) {
        // ORD[publish.dekker] SeqCst: pairs with the reader's fence.
        ACTIVE.fence();
    }
}
