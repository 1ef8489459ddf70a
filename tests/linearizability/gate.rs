//! A barrier between rounds that lets all threads off at nearly the same time.
//!
//! std's wakes threads one after the other, each in longer than a round takes.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Looks at the gate before the core is given to another thread.
const SPINS: u32 = if cfg!(miri) { 0 } else { 50 };

#[derive(Debug)]
pub(crate) struct Gate {
    threads: usize,
    arrived: AtomicUsize,
    opened: AtomicUsize,
    /// A thread has panicked and will not come.
    broken: AtomicBool,
}

/// Breaks the gate if its thread panics.
#[derive(Debug)]
pub(crate) struct Ticket<'a>(&'a Gate);

impl Gate {
    pub(crate) fn new(threads: usize) -> Self {
        Self {
            threads,
            arrived: AtomicUsize::new(0),
            opened: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
        }
    }

    pub(crate) fn ticket(&self) -> Ticket<'_> {
        Ticket(self)
    }

    /// Waits for all threads; false if one of them has panicked.
    pub(crate) fn pass(&self) -> bool {
        // Acquire: the last thread's reset of `arrived`, before it is added to again.
        let opened = self.opened.load(Ordering::Acquire);
        // AcqRel: the last one to arrive has seen what all others did, and hands it on below.
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            // Relaxed: handed on with `opened`.
            self.arrived.store(0, Ordering::Relaxed);
            // Release: one round happens before the next.
            self.opened.fetch_add(1, Ordering::Release);
        }
        let mut spins = 0;
        // Acquire: pairs with the Release above.
        while self.opened.load(Ordering::Acquire) == opened {
            // Relaxed: a flag.
            if self.broken.load(Ordering::Relaxed) {
                return false;
            }
            spins += 1;
            if spins < SPINS {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
        true
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Relaxed: a flag.
            self.0.broken.store(true, Ordering::Relaxed);
        }
    }
}
