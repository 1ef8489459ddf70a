//! The probes of a build without feature `profile`: nothing.

/// Nothing. See [`super`].
pub(crate) struct Probe;

#[expect(
    clippy::unused_self,
    reason = "the probes of builds with feature `profile` use it"
)]
impl Probe {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self
    }

    #[inline]
    pub(crate) const fn is_due(&self) -> bool {
        false
    }

    #[inline]
    pub(crate) const fn end(&self) {}

    #[inline]
    pub(crate) const fn begin(&self, _: &Rate, _: super::Kind, _: u32, _: u32) {}

    #[inline]
    pub(crate) const fn failed_exchange(&self) {}

    #[inline]
    pub(crate) const fn restarted(&self) {}

    #[inline]
    pub(crate) const fn reread(&self) {}

    #[inline]
    pub(crate) const fn helped(&self) {}

    #[inline]
    pub(crate) const fn filled(&self) {}

    #[inline]
    pub(crate) const fn passed(&self, _: usize) {}
}

/// Nothing. See [`super`].
pub(crate) struct Rate;

impl Rate {
    pub(crate) const fn new() -> Self {
        Self
    }
}
