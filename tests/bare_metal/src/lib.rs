//! A map where there is no operating system: what a firmware would do with one, and bring along.
//!
//! ```text
//!   firmware (C, say) ──► splitmap_bare_metal_run ──► HashMap ──► alloc ──► Bump, an array
//! ```

#![no_std]

extern crate alloc;

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::panic::PanicInfo;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use foldhash::fast::FixedState;
use splitmap::HashMap;

const SIZE: usize = 64 << 10;

/// Gives memory out, and takes none back.
#[repr(align(16))]
struct Bump {
    memory: UnsafeCell<[u8; SIZE]>,
    next: AtomicUsize,
}

// SAFETY: each byte is given out once.
unsafe impl Sync for Bump {}

// SAFETY: what is given out lies in `memory`, fits the layout, and is given out once.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let fit = |next: usize| {
            let end = next.next_multiple_of(layout.align()).checked_add(layout.size())?;
            (layout.align() <= 16 && end <= SIZE).then_some(end)
        };
        // Relaxed: the places handed out differ, whatever the order.
        let taken = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fit);
        taken.map_or(ptr::null_mut(), |next| {
            let first = next.next_multiple_of(layout.align());
            self.memory.get().cast::<u8>().wrapping_add(first)
        })
    }

    unsafe fn dealloc(&self, _memory: *mut u8, _layout: Layout) {}
}

#[global_allocator]
static MEMORY: Bump = Bump {
    memory: UnsafeCell::new([0; SIZE]),
    next: AtomicUsize::new(0),
};

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

static MAP: HashMap<u32, u32, FixedState> = HashMap::with_hasher(FixedState::with_seed(1));

/// Every kind of operation; the number of entries at the end.
#[unsafe(no_mangle)]
pub extern "C" fn splitmap_bare_metal_run() -> usize {
    for n in 0..100 {
        MAP.insert(n, n * n);
    }
    MAP.update(&7, |_, n| n + 1);
    MAP.retain(|n, _| n % 2 == 1);
    if MAP.remove(&9).is_none() || MAP.iter().any(|entry| *entry < *entry.key()) {
        return 0;
    }
    MAP.flush();
    MAP.len()
}
