//! The probes of a build without feature `profile`: nothing.

use core::marker::PhantomData;

/// Nothing. See [`super`].
pub(crate) struct Probe;

#[expect(
    clippy::unused_self,
    reason = "the probes of builds with feature `profile` use it"
)]
impl Probe {
    pub(crate) const COUNTS_DOWN: bool = false;

    #[inline]
    pub(crate) const fn new(_: &Rate) -> Self {
        Self
    }

    #[inline]
    pub(crate) const fn is_due(&self) -> bool {
        false
    }

    #[inline]
    pub(crate) const fn suspend(&self) -> Unsampled<'_> {
        Unsampled(PhantomData)
    }

    #[inline]
    pub(crate) const fn hurry(&self) {}

    #[inline]
    pub(crate) const fn is_sample_due(&self) -> bool {
        false
    }

    #[inline]
    pub(crate) const fn see_to_sample(&self, _: &Rate, _: super::Kind, _: u32, _: u32) {}

    #[inline]
    pub(crate) const fn failed_exchange(&self) {}

    #[inline]
    pub(crate) const fn restarted(&self) {}

    #[inline]
    pub(crate) const fn stepped_again(&self) {}

    #[inline]
    pub(crate) const fn helped(&self) {}

    #[inline]
    pub(crate) const fn filled(&self) {}

    #[inline]
    pub(crate) const fn passed(&self, _: usize) {}
}

/// Nothing. See [`super`].
pub(crate) struct Unsampled<'p>(PhantomData<&'p Probe>);

/// Nothing. See [`super`].
pub(crate) struct Rate;

impl Rate {
    pub(crate) const fn new() -> Self {
        Self
    }
}
