//! Hints of aarch64.

use super::detect::has_event_stream;
use crate::AtomicUsize;
use core::arch::asm;

pub(crate) use core::hint::spin_loop as spin_hint;

/// `prfm pldl1keep`.
#[inline(always)]
pub(crate) fn prefetch_read(p: *const ()) {
    // SAFETY: a prefetch changes no register and no memory, and faults on no address.
    unsafe {
        asm!(
            "prfm pldl1keep, [{p}]", // cache(*p)
            p = in(reg) p,
            options(nostack, preserves_flags, readonly),
        );
    }
}

/// Sleeps on the exclusive monitor until the word is written, or the event stream ticks.
///
/// Arm ARM, "Wait for Event mechanism": the loss of the monitor that `ldaxr` armed is an event, so a
/// write between the `ldaxr` and the `wfe` is not missed.
#[inline]
pub(crate) fn wait_while_equal(word: &AtomicUsize, value: usize) {
    if !has_event_stream() {
        spin_hint();
        return;
    }
    // SAFETY: `word` is a live, aligned atomic; this is a load of it, and a wait that the event
    // stream bounds.
    unsafe {
        asm!(
            "ldaxr {seen}, [{word}]", // seen = *word; monitor = word
            "cmp   {seen}, {value}",  // Z = seen == value
            "b.ne  2f",               // if !Z goto done
            "wfe",                    // sleep until an event: monitor lost, interrupt, timer
            "2:",                     // done:
            seen = out(reg) _,
            word = in(reg) word.word().as_ptr(),
            value = in(reg) value,
            options(nostack),
        );
    }
}
