//! Huge pages for large tables: a table that is read at random misses the TLB at every access.

/// The page size that is asked for.
const HUGE: usize = 2 << 20;

/// Asks the kernel to back `len` bytes from `start` with huge pages (2 MiB), as far as whole ones lie
/// within. A hint: it changes no content and may do nothing.
///
/// Linux: `madvise(MADV_HUGEPAGE)`, which takes effect where
/// `/sys/kernel/mm/transparent_hugepage/enabled` is `madvise` or `always`. Call it before the memory
/// is touched. Elsewhere and under Miri: nothing.
///
/// ```
/// let table = vec![0_u64; 1 << 20];
/// splitmap_arch::advise_huge_pages(table.as_ptr().cast(), 8 << 20);
/// ```
pub fn advise_huge_pages(start: *const u8, len: usize) {
    let lead = start.addr().wrapping_neg() % HUGE;
    let whole = len.saturating_sub(lead) / HUGE * HUGE;
    if whole > 0 {
        advise(start.wrapping_add(lead), whole);
    }
}

#[cfg(all(target_os = "linux", not(miri), not(loom)))]
fn advise(start: *const u8, len: usize) {
    // SAFETY: this advice changes how memory is backed, never what it holds, and for a range that is
    // not mapped the kernel gives an error, which a hint may ignore.
    let _ = unsafe { libc::madvise(start.cast_mut().cast(), len, libc::MADV_HUGEPAGE) };
}

#[cfg(not(all(target_os = "linux", not(miri), not(loom))))]
fn advise(_: *const u8, _: usize) {}
