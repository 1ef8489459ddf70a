//! Hints: prefetching, backing off, waiting for a word. Leaving them out changes no result.

use crate::{AtomicUsize, native};

/// Fetches the cache line of `p` ahead of a read. A hint: it never faults, whatever `p` is.
///
/// x86-64: `prefetcht0`. aarch64: `prfm pldl1keep`. Elsewhere, and under Miri: nothing.
///
/// ```
/// splitmap_arch::prefetch_read(core::ptr::null::<u64>());
/// ```
#[inline(always)]
pub fn prefetch_read<T>(p: *const T) {
    native::prefetch_read(p.cast());
}

/// Tells the processor that this thread is waiting for another (`pause`, `isb`; loom: a yield).
///
/// ```
/// splitmap_arch::spin_hint();
/// ```
#[inline]
pub fn spin_hint() {
    native::spin_hint();
}

/// Waits for `word` to become something else than `value`. Returns when it did, or for no reason:
/// call it in a loop that reads the word again. It orders nothing.
///
/// aarch64 Linux: arms the exclusive monitor with `ldaxr` and sleeps in `wfe`, until another core
/// writes the cache line, an interrupt comes, or the kernel's timer event stream ticks (about every
/// 100 µs). Without an event stream (`HWCAP_EVTSTRM`) it does not sleep. x86-64: one `pause`.
/// Elsewhere: one [`spin_hint`].
///
/// So no call blocks for longer than that on a thread that has stopped.
///
/// ```
/// use splitmap_arch::{AtomicUsize, wait_while_equal};
///
/// let ready = AtomicUsize::new(1);
/// while ready.load_acquire() == 0 {
///     wait_while_equal(&ready, 0);
/// }
/// ```
#[inline]
pub fn wait_while_equal(word: &AtomicUsize, value: usize) {
    native::wait_while_equal(word, value);
}

/// Bounded exponential back-off: 1, 2, 4, … 64 spin hints, then always 64.
///
/// For the retry after a failed compare-and-swap: somebody else has just succeeded, so letting the
/// line go for a moment helps the throughput. Never for waiting on another thread's progress.
/// (crossbeam's; under `--cfg loom` each spin is a yield.)
///
/// ```
/// use splitmap_arch::{AtomicUsize, Backoff};
///
/// let word = AtomicUsize::new(0);
/// let backoff = Backoff::new();
/// let mut seen = word.load_relaxed();
/// while let Err(found) = word.compare_exchange(seen, seen * 3 + 1) {
///     seen = found;
///     backoff.spin();
/// }
/// assert_eq!(word.load_relaxed(), 1);
/// ```
#[derive(Debug)]
pub struct Backoff {
    #[cfg(not(loom))]
    steps: crossbeam_utils::Backoff,
}

impl Backoff {
    /// A back-off that has not waited yet.
    #[inline]
    #[must_use]
    #[cfg_attr(
        loom,
        expect(
            clippy::missing_const_for_fn,
            reason = "crossbeam's is not const either"
        )
    )]
    pub fn new() -> Self {
        Self {
            #[cfg(not(loom))]
            steps: crossbeam_utils::Backoff::new(),
        }
    }

    /// Waits a little, and longer the next time, up to 64 spin hints.
    #[inline]
    pub fn spin(&self) {
        #[cfg(not(loom))]
        self.steps.spin();
        #[cfg(loom)]
        spin_hint();
    }

    /// Begins again with the shortest wait.
    #[inline]
    pub fn reset(&self) {
        #[cfg(not(loom))]
        self.steps.reset();
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}
