//! Going on after a panic in user code: what must be finished is finished.

/// Calls `step` until it gives false. If a call panics, the rest still runs, and the panic goes on; a
/// second one aborts, as in a `Vec`'s drop.
pub(crate) fn to_the_end(step: impl FnMut() -> bool) {
    struct Rest<F: FnMut() -> bool>(F);
    impl<F: FnMut() -> bool> Drop for Rest<F> {
        fn drop(&mut self) {
            while (self.0)() {}
        }
    }
    let mut rest = Rest(step);
    while (rest.0)() {}
}
