//! Exclusive-monitor loops: load-link, store-conditional. They run on every aarch64 processor.
//!
//! ```text
//!   retry:  ldaxr   previous = *dst, monitor = dst      (acquire)
//!           …       registers only
//!           stlxr   if the monitor still holds: store   (release)
//!           cbnz    else goto retry
//! ```
//!
//! Each loop is one `asm!` block: between the two halves nothing but register work may happen (Arm
//! ARM, "Load-Exclusive and Store-Exclusive instruction usage restrictions"), and code that
//! the compiler puts there, a spill for instance, could clear the monitor for ever.
//!
//! Not a fence: a later load may pass the `stlxr`.
//!
//! Progress: lock-free; a store-conditional fails when another core took the line, or, rarely, for
//! no reason, and is retried inside, so that no failure seen outside is spurious.

use super::{full_fence, store_then_fence};
use crate::contract::{Backend, PairBackend, PtrWord, sealed::Sealed};
use crate::pair::AtomicPair;
use core::arch::asm;

/// The exclusive-monitor backend.
#[derive(Clone, Copy, Debug)]
pub struct Llsc(());

impl Llsc {
    /// The token: every aarch64 processor has these instructions.
    pub(super) const ACTIVE: Self = Self(());

    /// Always there on this architecture.
    #[must_use]
    pub const fn detect() -> Option<Self> {
        Some(Self::ACTIVE)
    }
}

impl Sealed for Llsc {}

/// A fetch-and-modify loop around one register instruction.
macro_rules! fetch_modify {
    ($load:literal, $modify:literal, $pseudocode:literal, $store:literal, $word:expr, $operand:expr) => {{
        let previous: *mut ();
        // SAFETY: the word is live and aligned and reached only atomically. The block leaves nothing
        // behind but the outputs; no instruction in it touches the flags.
        unsafe {
            asm!(
                "2:",                                                 // retry:
                concat!($load, " {previous}, [{dst}]"),               // previous = *dst; monitor = dst
                concat!($modify, " // ", $pseudocode),                // next = previous with operand
                concat!($store, " {busy:w}, {next}, [{dst}]"),        // if monitor { *dst = next; busy = 0 } else { busy = 1 }
                "cbnz {busy:w}, 2b",                                  // if busy goto retry
                previous = out(reg) previous,
                next = out(reg) _,
                busy = out(reg) _,
                operand = in(reg) $operand,
                dst = in(reg) $word.as_ptr(),
                options(nostack, preserves_flags),
            );
        }
        previous
    }};
}

impl Backend for Llsc {
    type Wide = Self;

    fn name(self) -> &'static str {
        if cfg!(splitmap_emulated) {
            "aarch64-llsc+emulated"
        } else {
            "aarch64-llsc"
        }
    }

    fn wide(self) -> Option<Self> {
        Some(self)
    }

    #[inline(always)]
    fn compare_exchange(
        self,
        word: &PtrWord,
        current: *mut (),
        new: *mut (),
    ) -> Result<*mut (), *mut ()> {
        let found: *mut ();
        // SAFETY: `word` is live and aligned and reached only atomically. The block leaves nothing
        // behind but the outputs and the flags, which `preserves_flags` is left out for; a monitor
        // still armed after a mismatch is harmless, the next exclusive load moves it.
        unsafe {
            asm!(
                "2:",                             // retry:
                "ldaxr {found}, [{dst}]",         // found = *dst; monitor = dst
                "cmp   {found}, {current}",       // Z = found == current
                "b.ne  3f",                       // if !Z goto done
                "stlxr {busy:w}, {new}, [{dst}]", // if monitor { *dst = new; busy = 0 } else { busy = 1 }
                "cbnz  {busy:w}, 2b",             // if busy goto retry
                "3:",                             // done: found tells
                found = out(reg) found,
                busy = out(reg) _,
                current = in(reg) current,
                new = in(reg) new,
                dst = in(reg) word.as_ptr(),
                options(nostack),
            );
        }
        if found == current {
            Ok(found)
        } else {
            Err(found)
        }
    }

    #[inline(always)]
    fn swap(self, word: &PtrWord, new: *mut ()) -> *mut () {
        let previous: *mut ();
        // SAFETY: as for the loops of `fetch_modify!`, with nothing between the two halves.
        unsafe {
            asm!(
                "2:",                             // retry:
                "ldaxr {previous}, [{dst}]",      // previous = *dst; monitor = dst
                "stlxr {busy:w}, {new}, [{dst}]", // if monitor { *dst = new; busy = 0 } else { busy = 1 }
                "cbnz  {busy:w}, 2b",             // if busy goto retry
                previous = out(reg) previous,
                busy = out(reg) _,
                new = in(reg) new,
                dst = in(reg) word.as_ptr(),
                options(nostack, preserves_flags),
            );
        }
        previous
    }

    #[inline(always)]
    fn fetch_or(self, word: &PtrWord, bits: usize) -> *mut () {
        fetch_modify!(
            "ldaxr",
            "orr {next}, {previous}, {operand}",
            "next = previous | operand",
            "stlxr",
            word,
            bits
        )
    }

    #[inline(always)]
    fn fetch_and(self, word: &PtrWord, mask: usize) -> *mut () {
        fetch_modify!(
            "ldaxr",
            "and {next}, {previous}, {operand}",
            "next = previous & operand",
            "stlxr",
            word,
            mask
        )
    }

    #[inline(always)]
    fn fetch_add(self, word: &PtrWord, addend: usize) -> *mut () {
        fetch_modify!(
            "ldaxr",
            "add {next}, {previous}, {operand}",
            "next = previous + operand",
            "stlxr",
            word,
            addend
        )
    }

    #[inline(always)]
    fn fetch_add_relaxed(self, word: &PtrWord, addend: usize) -> *mut () {
        fetch_modify!(
            "ldxr",
            "add {next}, {previous}, {operand}",
            "next = previous + operand",
            "stxr",
            word,
            addend
        )
    }

    #[inline(always)]
    fn fence(self) {
        full_fence();
    }

    #[inline(always)]
    fn store_then_fence(self, word: &PtrWord, value: *mut ()) {
        store_then_fence(word, value);
    }
}

impl PairBackend for Llsc {
    #[inline]
    fn compare_exchange_pair(
        self,
        pair: &AtomicPair,
        current: [usize; 2],
        new: [usize; 2],
    ) -> Result<[usize; 2], [usize; 2]> {
        let (low, high): (usize, usize);
        // SAFETY: `pair` is live and aligned to 16, and all shared access to it is atomic. The block
        // leaves nothing behind but the outputs and the flags.
        //
        // `ldaxp` alone may tear (before LSE2): only the store that succeeds proves that both words
        // were read at one moment, so a mismatch stores back what it read.
        unsafe {
            asm!(
                "2:",                                                   // retry:
                "ldaxp {low}, {high}, [{dst}]",                         // high:low = *dst; monitor = dst
                "cmp   {low}, {current_low}",                           // Z = low == current_low
                "ccmp  {high}, {current_high}, #0, eq",                 // Z = Z && high == current_high
                "csel  {next_low}, {new_low}, {low}, eq",               // next = Z ? new : what was read
                "csel  {next_high}, {new_high}, {high}, eq",
                "stlxp {busy:w}, {next_low}, {next_high}, [{dst}]",     // if monitor { *dst = next; busy = 0 } else { busy = 1 }
                "cbnz  {busy:w}, 2b",                                   // if busy goto retry
                low = out(reg) low,
                high = out(reg) high,
                next_low = out(reg) _,
                next_high = out(reg) _,
                busy = out(reg) _,
                current_low = in(reg) current[0],
                current_high = in(reg) current[1],
                new_low = in(reg) new[0],
                new_high = in(reg) new[1],
                dst = in(reg) pair.as_ptr(),
                options(nostack),
            );
        }
        let found = [low, high];
        if found == current {
            Ok(found)
        } else {
            Err(found)
        }
    }
}
