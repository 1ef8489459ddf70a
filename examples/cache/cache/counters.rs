//! What happened in the cache.
//!
//! Every thread adds to the same words, which costs more than a look-up where many threads ask at once: leave
//! them out, or give each thread its own, if that is the case.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts. ORD Relaxed throughout: they order nothing.
#[derive(Default)]
pub(crate) struct Counters {
    hits: AtomicU64,
    misses: AtomicU64,
    loads: AtomicU64,
    evicted: AtomicU64,
    expired: AtomicU64,
}

/// The counts at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stats {
    /// Requests that found a value.
    pub(crate) hits: u64,
    /// Requests that found none, or one that had expired.
    pub(crate) misses: u64,
    /// Values that were loaded.
    pub(crate) loads: u64,
    /// Entries that had to make room.
    pub(crate) evicted: u64,
    /// Entries that were met when they had expired.
    pub(crate) expired: u64,
}

impl Counters {
    pub(super) fn note_request(&self, hit: bool) {
        let counter = if hit { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note_load(&self) {
        self.loads.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note_evicted(&self) {
        self.evicted.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note_expired(&self) {
        self.expired.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stats(&self) -> Stats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            hits: count(&self.hits),
            misses: count(&self.misses),
            loads: count(&self.loads),
            evicted: count(&self.evicted),
            expired: count(&self.expired),
        }
    }
}
