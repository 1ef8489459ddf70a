//! What this aarch64 processor and kernel have, asked once and kept in one byte.
//!
//! | bit | meaning |
//! | --- | --- |
//! | 0 | asked |
//! | 1 | LSE (`HWCAP_ATOMICS`) |
//! | 2 | the timer event stream ends a `wfe` (`HWCAP_EVTSTRM`) |
//!
//! Linux answers by `getauxval(AT_HWCAP)`, which reads memory and is no system call. Other systems
//! are taken to have neither; Apple's targets have LSE at compile time.

use core::sync::atomic::AtomicU8;
use core::sync::atomic::Ordering::Relaxed;

const ASKED: u8 = 1 << 0;
const LSE: u8 = 1 << 1;
const EVENT_STREAM: u8 = 1 << 2;

static FEATURES: AtomicU8 = AtomicU8::new(0);

/// Whether the Large System Extensions are there; constant in a `+lse` build.
#[inline(always)]
pub(super) fn has_lse() -> bool {
    cfg!(target_feature = "lse") || features() & LSE != 0
}

/// Whether something ends a `wfe` within about 100 µs.
#[inline]
pub(super) fn has_event_stream() -> bool {
    features() & EVENT_STREAM != 0
}

#[inline(always)]
fn features() -> u8 {
    // ORD[none] Relaxed: the byte alone is the message, and every thread finds the same answer.
    match FEATURES.load(Relaxed) {
        0 => ask(),
        known => known,
    }
}

#[cold]
#[inline(never)]
fn ask() -> u8 {
    let found = ASKED | ask_kernel();
    // ORD[none] Relaxed: as above.
    FEATURES.store(found, Relaxed);
    found
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
