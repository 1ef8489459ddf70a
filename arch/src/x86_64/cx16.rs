//! `lock cmpxchg16b`: two neighbouring words at once.
//!
//! Intel SDM vol. 2A, "CMPXCHG8B/CMPXCHG16B". Like every locked instruction it is a full barrier.

use crate::contract::{PairBackend, sealed::Sealed};
use crate::pair::AtomicPair;
use core::arch::asm;
use core::sync::atomic::AtomicU8;
use core::sync::atomic::Ordering::Relaxed;

/// The right to use `cmpxchg16b`: the first x86-64 processors lacked it.
#[derive(Clone, Copy, Debug)]
pub struct Cx16(());

impl Cx16 {
    /// Asks the processor, once per process (`cpuid` is slow in a virtual machine).
    #[must_use]
    pub fn detect() -> Option<Self> {
        const UNKNOWN: u8 = 0;
        const ABSENT: u8 = 1;
        const PRESENT: u8 = 2;
        static CACHE: AtomicU8 = AtomicU8::new(UNKNOWN);

        if cfg!(target_feature = "cmpxchg16b") {
            return Some(Self(()));
        }
        // ORD[none] Relaxed: the byte alone is the message, and every thread finds the same answer.
        let mut cached = CACHE.load(Relaxed);
        if cached == UNKNOWN {
            cached = if cpuid_has_cx16() { PRESENT } else { ABSENT };
            // ORD[none] Relaxed: as above.
            CACHE.store(cached, Relaxed);
        }
        (cached == PRESENT).then_some(Self(()))
    }
}

/// Reads bit 13 of `ecx` from leaf 1 of `cpuid` ("CMPXCHG16B").
fn cpuid_has_cx16() -> bool {
    let features: u32;
    // SAFETY: every x86-64 processor has `cpuid` with leaf 1. `rbx`, which the compiler keeps for
    // itself, is put back.
    unsafe {
        asm!(
            "mov  {saved}, rbx", // saved = rbx
            "cpuid",             // eax, ebx, ecx, edx = cpuid(eax)
            "mov  rbx, {saved}", // rbx = saved
            saved = out(reg) _,
            inout("eax") 1_u32 => _,
            out("ecx") features,
            out("edx") _,
            options(nostack, preserves_flags),
        );
    }
    features & (1 << 13) != 0
}

impl Sealed for Cx16 {}

impl PairBackend for Cx16 {
    #[inline]
    fn compare_exchange_pair(
        self,
        pair: &AtomicPair,
        current: [usize; 2],
        new: [usize; 2],
    ) -> Result<[usize; 2], [usize; 2]> {
        let [mut low, mut high] = current;
        // SAFETY: `pair` is live and aligned to 16, and all shared access to it goes through this
        // instruction. `self` proves that the processor has it. `rbx` is put back; `dst` is pinned
        // to `rdi` so that it cannot be `rbx` itself.
        unsafe {
            asm!(
                "xchg {new_low}, rbx",                  // rbx = new.low; save the compiler's rbx
                "lock cmpxchg16b xmmword ptr [rdi]",    // if *dst == rdx:rax { *dst = rcx:rbx } else { rdx:rax = *dst }
                "mov  rbx, {new_low}",                  // put rbx back
                new_low = inout(reg) new[0] => _,
                in("rcx") new[1],
                inout("rax") low,
                inout("rdx") high,
                in("rdi") pair.as_ptr(),
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
