//! Hints of x86-64.

use crate::AtomicUsize;
use core::arch::asm;

pub(crate) use core::hint::spin_loop as spin_hint;

/// `prefetcht0`.
#[inline(always)]
pub(crate) fn prefetch_read(p: *const ()) {
    // SAFETY: a prefetch changes no register and no memory, and faults on no address.
    unsafe {
        asm!(
            "prefetcht0 byte ptr [{p}]", // cache(*p)
            p = in(reg) p,
            options(nostack, preserves_flags, readonly),
        );
    }
}

/// `pause`: user code cannot sleep on a word here (`umwait` is rare, and slower to leave).
#[inline]
pub(crate) fn wait_while_equal(_word: &AtomicUsize, _value: usize) {
    spin_hint();
}
