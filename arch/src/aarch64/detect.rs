//! What this aarch64 processor and kernel have, kept in one byte.
//!
//! | bit | meaning |
//! | --- | --- |
//! | 0 | LSE (`HWCAP_ATOMICS`) |
//! | 1 | the timer event stream ends a `wfe` (`HWCAP_EVTSTRM`) |
//! | 2 | somebody asked |
//!
//! Linux answers by `getauxval(AT_HWCAP)`, which reads memory and is no system call. Other systems
//! are taken to have neither; Apple's targets have LSE at compile time.
//!
//! Who asks: `StoreLoad::register`, and every `detect`. The primitives do not: until somebody asked
//! they use the exclusive-monitor loops, which are right on every processor. That keeps them at one
//! load and one branch, with no call to make room for.

use core::sync::atomic::AtomicU8;
use core::sync::atomic::Ordering::Relaxed;

const LSE: u8 = 1 << 0;
const EVENT_STREAM: u8 = 1 << 1;
const ASKED: u8 = 1 << 2;

static FEATURES: AtomicU8 = AtomicU8::new(0);

/// Whether the Large System Extensions are known to be there; constant in a `+lse` build.
#[inline(always)]
pub(super) fn has_lse() -> bool {
    // ORD[none] Relaxed: the byte alone is the message, and both answers are right ones.
    cfg!(target_feature = "lse") || FEATURES.load(Relaxed) & LSE != 0
}

/// Whether something is known to end a `wfe` within about 100 µs.
#[inline]
pub(super) fn has_event_stream() -> bool {
    // ORD[none] Relaxed: as above.
    FEATURES.load(Relaxed) & EVENT_STREAM != 0
}

/// Asks the kernel, once, and keeps the answer. Threads that race find the same.
pub(super) fn ask() {
    // ORD[none] Relaxed: as above.
    if FEATURES.load(Relaxed) == 0 {
        // ORD[none] Relaxed: as above.
        FEATURES.store(ASKED | ask_kernel(), Relaxed);
    }
}

#[cfg(target_os = "linux")]
fn ask_kernel() -> u8 {
    /// Linux `arch/arm64/include/uapi/asm/hwcap.h`.
    const HWCAP_EVTSTRM: libc::c_ulong = 1 << 2;
    const HWCAP_ATOMICS: libc::c_ulong = 1 << 8;

    // SAFETY: `getauxval` only reads the process's auxiliary vector, for any argument.
    let capabilities = unsafe { libc::getauxval(libc::AT_HWCAP) };
    let mut found = 0;
    if capabilities & HWCAP_ATOMICS != 0 {
        found |= LSE;
    }
    if capabilities & HWCAP_EVTSTRM != 0 {
        found |= EVENT_STREAM;
    }
    found
}

#[cfg(not(target_os = "linux"))]
const fn ask_kernel() -> u8 {
    0
}
