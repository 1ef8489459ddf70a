//! Going on after a panic in user code: what must be finished is finished; and not going on, where it cannot be.

use core::mem;

/// Runs `f`, which allocates in the midst of a change, and ends the process if that panics: as it may for lack of
/// memory, where there is no std, or its hook is set so.
pub(crate) fn or_abort<R>(f: impl FnOnce() -> R) -> R {
    struct Abort;
    impl Drop for Abort {
        fn drop(&mut self) {
            abort("out of memory in the midst of a change");
        }
    }
    let abort = Abort;
    let result = f();
    mem::forget(abort);
    result
}

/// Ends the process.
#[cold]
pub(crate) fn abort(why: &str) -> ! {
    /// A panic while panicking ends it, also without std.
    struct Again<'a>(&'a str);
    impl Drop for Again<'_> {
        fn drop(&mut self) {
            panic!("splitmap: {}", self.0);
        }
    }
    let _again = Again(why);
    panic!("splitmap: {why}")
}

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
