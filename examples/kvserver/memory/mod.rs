//! What the program has allocated, and the limit that writes are held to.
//!
//! Every allocation is counted, whatever it is for: entries, tables, requests, replies, garbage. The resident size
//! would not do as the measure: it does not fall when entries go, as allocators keep what they once had.
//!
//! ```text
//!   alloc, dealloc ─► PENDING (the thread's own) ─ 16 KiB or more ─► USED ─► is_full: commands that store something
//!                                                                        └─► has_room: a request larger than 64 KiB
//! ```
//!
//! What it comes to: beyond the limit there may be what is under way: 64 KiB of request and as much of replies for each
//! client, a value and 16 KiB for each thread, and a doubling of the table, which is resident only as it is filled.

mod cgroup;

use core::cell::Cell;
use core::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::alloc::{GlobalAlloc, Layout, System};

/// Redis's text, which client libraries know.
pub(crate) const FULL: &str = "OOM command not allowed when used memory > 'maxmemory'.";

/// What an allocation takes besides its bytes, as the allocator rounds and marks it: glibc's at 32 bytes.
const OVERHEAD_BYTES: isize = 16;
/// What a thread counts before it tells the others: a line that all would write is slow.
const PENDING_BYTES_MAX: usize = 16 * 1024;

// ORD Relaxed throughout: a count and a setting, which order nothing.
static USED: AtomicIsize = AtomicIsize::new(0);
static LIMIT: AtomicUsize = AtomicUsize::new(usize::MAX);

thread_local! {
    /// No destructor: it may be used for as long as the thread allocates.
    static PENDING: Cell<isize> = const { Cell::new(0) };
}

/// The system's allocator, counted.
pub(crate) struct Counted;

// SAFETY: every call is handed on to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(bytes(layout.size()) + OVERHEAD_BYTES);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(bytes(layout.size()) + OVERHEAD_BYTES);
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        note(-bytes(layout.size()) - OVERHEAD_BYTES);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        note(bytes(new_size) - bytes(layout.size()));
        // SAFETY: the caller's promise.
        unsafe { System.realloc(block, layout, new_size) }
    }
}

/// A layout's size, which is at most `isize::MAX`.
fn bytes(size: usize) -> isize {
    size.cast_signed()
}

fn note(change: isize) {
    let pending = PENDING.get() + change;
    if pending.unsigned_abs() < PENDING_BYTES_MAX {
        PENDING.set(pending);
    } else {
        PENDING.set(0);
        USED.fetch_add(pending, Ordering::Relaxed);
    }
}

/// Tells what this thread has counted, before it ends.
pub(crate) fn end_thread() {
    USED.fetch_add(PENDING.take(), Ordering::Relaxed);
}

/// Bytes that are allocated, to 16 KiB for each thread.
pub(crate) fn used() -> usize {
    USED.load(Ordering::Relaxed).max(0).cast_unsigned()
}

/// From now on, [`is_full`] beyond so many bytes.
pub(crate) fn set_limit(limit: Option<usize>) {
    LIMIT.store(limit.unwrap_or(usize::MAX), Ordering::Relaxed);
}

/// Whether nothing more is to be stored.
pub(crate) fn is_full() -> bool {
    !has_room(0)
}

/// Whether so many bytes more are within the limit.
pub(crate) fn has_room(bytes: usize) -> bool {
    used().saturating_add(bytes) <= LIMIT.load(Ordering::Relaxed)
}

/// Three quarters of what this process's control group may use; the rest is for what the allocator loses between
/// blocks, code, stacks, and what is under way.
pub(crate) fn default_limit() -> Option<usize> {
    cgroup::limit("/".as_ref()).map(|bytes| bytes / 4 * 3)
}

#[cfg(test)]
mod tests {
    use super::{end_thread, used};
    use std::thread;

    #[test]
    fn what_is_allocated_counts_until_it_is_freed_also_by_another_thread() {
        const BYTES: usize = 64 << 20; // more than other tests take and give back meanwhile
        const ABOUT: usize = 16 << 20;
        let before = used();
        let block = thread::spawn(|| {
            let block = vec![0_u8; BYTES];
            end_thread();
            block
        });
        let mut block = block.join().expect("no panic");
        assert!(used().abs_diff(before + BYTES) < ABOUT);
        block.reserve_exact(BYTES);
        assert!(used().abs_diff(before + 2 * BYTES) < ABOUT);
        drop(block);
        assert!(used().abs_diff(before) < ABOUT);
    }
}
