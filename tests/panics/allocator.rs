//! The system's allocator, with a balance for each thread, and one that can be told to refuse.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::null_mut;

/// Which allocations of this thread are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refuse {
    None,
    /// The one after so many others.
    Nth(u64),
    /// All of so many bytes or more.
    AtLeast(usize),
    /// All of zeroed memory: in splitmap, segments of slots.
    Zeroed,
}

/// Allocations not yet freed, and their bytes: what this thread allocated minus what it freed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Balance {
    allocations: isize,
    bytes: isize,
}

impl Balance {
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            allocations: self.allocations - before.allocations,
            bytes: self.bytes - before.bytes,
        }
    }
}

thread_local! {
    // Without destructors and lazy initialisation, so that the allocator may use them at any time.
    static RULE: Cell<Refuse> = const { Cell::new(Refuse::None) };
    static ASKED: Cell<u64> = const { Cell::new(0) };
    static BALANCE: Cell<Balance> = const { Cell::new(Balance { allocations: 0, bytes: 0 }) };
}

/// Of this thread.
pub(crate) fn balance() -> Balance {
    BALANCE.get()
}

/// How often this thread asked for memory.
pub(crate) fn asked() -> u64 {
    ASKED.get()
}

/// Runs `f` while `rule` holds for this thread, and leaves there what remains of the rule.
pub(crate) fn refusing<R>(rule: &mut Refuse, f: impl FnOnce() -> R) -> R {
    struct Restore<'a>(&'a mut Refuse);
    impl Drop for Restore<'_> {
        fn drop(&mut self) {
            *self.0 = RULE.replace(Refuse::None);
        }
    }
    RULE.set(*rule);
    let _restore = Restore(rule);
    f()
}

/// Whether to refuse this allocation.
fn is_refused(bytes: usize, zeroed: bool) -> bool {
    ASKED.set(ASKED.get() + 1);
    match RULE.get() {
        Refuse::None => false,
        Refuse::AtLeast(least) => bytes >= least,
        Refuse::Zeroed => zeroed,
        Refuse::Nth(0) => {
            RULE.set(Refuse::None);
            true
        }
        Refuse::Nth(n) => {
            RULE.set(Refuse::Nth(n - 1));
            false
        }
    }
}

fn account(allocations: isize, bytes: isize) {
    let balance = BALANCE.get();
    BALANCE.set(Balance {
        allocations: balance.allocations + allocations,
        bytes: balance.bytes + bytes,
    });
}

/// Enters a successful allocation into the books.
fn entered(memory: *mut u8, bytes: usize) -> *mut u8 {
    if !memory.is_null() {
        account(1, bytes.cast_signed());
    }
    memory
}

pub(crate) struct Accounting;

// SAFETY: `System`'s answers, or null, which is allowed.
unsafe impl GlobalAlloc for Accounting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_refused(layout.size(), false) {
            return null_mut();
        }
        // SAFETY: the caller's promise.
        entered(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_refused(layout.size(), true) {
            return null_mut();
        }
        // SAFETY: the caller's promise.
        entered(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if is_refused(size, false) {
            return null_mut();
        }
        // SAFETY: the caller's promise.
        let new = unsafe { System.realloc(memory, layout, size) };
        if !new.is_null() {
            account(0, size.cast_signed() - layout.size().cast_signed());
        }
        new
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        account(-1, -layout.size().cast_signed());
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) };
    }
}
