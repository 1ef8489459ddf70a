//! Stopping a thread for good at whatever instruction it is.
//!
//! ```text
//!   controller ──SIGUSR1──► victim: in the allocator?  no ──► park: never comes back
//!                                                      yes ─► due; parks when it leaves the allocator
//! ```
//!
//! malloc has locks of its own, and a thread that stopped while it holds one would stop all others: not
//! the map's doing. So this binary's allocator marks the time that a thread spends in it, and the signal
//! handler puts the parking off until then. Victims take no other lock: they print nothing, and what a
//! thread does once (thread-local destructors are registered under a lock of the loader) is behind them
//! before they may be stopped.

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::os::unix::thread::JoinHandleExt;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering, compiler_fence};
use std::thread::JoinHandle;

/// What is known of a thread that is to be stopped.
#[derive(Debug, Default)]
pub(crate) struct Victim {
    /// What it is doing: written by the victim before and after each operation.
    pub(crate) doing: AtomicU8,
    /// It was in the allocator when the signal came, and stopped when it left that.
    pub(crate) was_put_off: AtomicBool,
    place: OnceLock<Backtrace>,
    /// It may be stopped: it has its seat and its thread-local variables.
    enlisted: AtomicBool,
    stopped: AtomicBool,
}

thread_local! {
    /// None of them has a destructor or is made lazily: a signal handler may use them.
    static VICTIM: Cell<Option<&'static Victim>> = const { Cell::new(None) };
    static UNSTOPPABLE: AtomicBool = const { AtomicBool::new(false) };
    static DUE: AtomicBool = const { AtomicBool::new(false) };
}

/// std's allocator, during which nobody is stopped.
struct Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// Runs `f`, which allocates or holds a lock, and stops the thread afterwards if that fell due meanwhile.
pub(crate) fn unstoppable<R>(f: impl FnOnce() -> R) -> R {
    // Relaxed, with compiler fences: only a handler on this very thread looks at them.
    let outer = UNSTOPPABLE.with(|flag| flag.swap(true, Ordering::Relaxed));
    compiler_fence(Ordering::SeqCst);
    let result = f();
    compiler_fence(Ordering::SeqCst);
    UNSTOPPABLE.with(|flag| flag.store(outer, Ordering::Relaxed));
    compiler_fence(Ordering::SeqCst);
    if !outer && DUE.with(|due| due.load(Ordering::Relaxed)) {
        stop_here();
    }
    result
}

// SAFETY: `System` does it all.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, passed on.
        unstoppable(|| unsafe { System.alloc(layout) })
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, passed on.
        unstoppable(|| unsafe { System.alloc_zeroed(layout) })
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, passed on.
        unstoppable(|| unsafe { System.dealloc(memory, layout) });
    }
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise, passed on.
        unstoppable(|| unsafe { System.realloc(memory, layout, size) })
    }
}

extern "C" fn on_signal(_signal: libc::c_int) {
    // Relaxed: of this thread.
    if UNSTOPPABLE.with(|flag| flag.load(Ordering::Relaxed)) {
        DUE.with(|due| due.store(true, Ordering::Relaxed));
    } else {
        stop_here();
    }
}

/// Parks the calling thread for ever, if it is a victim.
///
/// Before that it notes where it is, which allocates and takes the unwinder's locks, and gives them back:
/// a victim, interrupted outside the allocator, holds neither.
fn stop_here() {
    let Some(victim) = VICTIM.take() else { return };
    let was_put_off = DUE.with(|due| due.swap(false, Ordering::Relaxed));
    victim.was_put_off.store(was_put_off, Ordering::Relaxed);
    // Unwinding out of a handler's frame costs too much under emulation.
    if cfg!(not(splitmap_emulated)) {
        let _ = victim.place.set(Backtrace::force_capture());
    }
    // Release: what was noted happens before the controller reads it.
    victim.stopped.store(true, Ordering::Release);
    loop {
        // SAFETY: waits for a signal; no precondition.
        unsafe { libc::pause() };
    }
}

/// Lets SIGUSR1 stop victims. (Again is the same as once.)
pub(crate) fn install_handler() {
    // SAFETY: all zeroes are a `sigaction`: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = on_signal as extern "C" fn(libc::c_int) as libc::sighandler_t;
    // A system call that is interrupted in the allocator goes on.
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: a handler of the signature that goes without SA_SIGINFO, which uses this thread's own
    // variables and, where it does not come back, what the victim holds no lock of.
    let failed = unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, ptr::null_mut()) };
    assert_eq!(failed, 0);
}

impl Victim {
    /// The calling thread may be stopped from here on.
    pub(crate) fn enlist(&'static self) {
        VICTIM.set(Some(self));
        // Release: the controller sends the signal when it sees this.
        self.enlisted.store(true, Ordering::Release);
    }

    pub(crate) fn is_enlisted(&self) -> bool {
        self.enlisted.load(Ordering::Acquire)
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// The functions of the map that it stopped in, innermost first, as `module::Type::function`.
    pub(crate) fn functions(&self) -> Vec<String> {
        let trace = self.place.get().map(Backtrace::to_string);
        let lines = trace.iter().flat_map(|trace| trace.lines());
        lines
            .filter_map(|line| line.trim().split_once(": "))
            .map(|(_, name)| name.trim_start_matches('<'))
            .filter(|name| name.starts_with("splitmap::"))
            .map(|name| {
                // `a::b::<impl a::c::Type<K,V>>::f` and `a::b::Type<K,V>::f::{{closure}}`
                let name = name.trim_end_matches("::{{closure}}");
                let path = name.split('<').next().unwrap_or(name);
                let function = name.rsplit("::").next().unwrap_or(name);
                format!(
                    "{}::{function}",
                    path.trim_end_matches(&["::", function].concat())
                        .trim_end_matches("::")
                )
            })
            .collect()
    }
}

/// Sends the signal to a victim's thread, which has not been joined.
pub(crate) fn stop(thread: &JoinHandle<()>) {
    // SAFETY: a `JoinHandle` keeps the thread's id valid.
    unsafe { libc::pthread_kill(thread.as_pthread_t(), libc::SIGUSR1) };
}
