//! Going on after a panic in user code: what must be finished is finished; and not going on, where it cannot be.

#[cfg(feature = "std")]
use alloc::boxed::Box;
#[cfg(feature = "std")]
use core::any::Any;
use core::mem;
#[cfg(feature = "std")]
use core::panic::AssertUnwindSafe;
#[cfg(feature = "std")]
use std::panic::catch_unwind;

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

/// Drops what a panic carried: user code, too, which might panic in turn, and so on. A few times are enough.
#[cfg(feature = "std")]
pub(crate) fn discard(mut payload: Box<dyn Any + Send>) {
    for _ in 0..8 {
        match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            Ok(()) => return,
            Err(another) => payload = another,
        }
    }
    mem::forget(payload);
}
