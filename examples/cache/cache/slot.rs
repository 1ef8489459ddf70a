//! [`Slot`]: what the cache keeps for a key.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A value, when it ends, and whether somebody asked for it since the hand came by.
pub(crate) struct Slot<V> {
    pub(crate) value: V,
    /// `None`: later than the clock can say.
    expires_at: Option<Instant>,
    used: AtomicBool,
}

impl<V> Slot<V> {
    /// New ones count as used: the hand lets them stay for one round.
    pub(super) fn new(value: V, now: Instant, ttl: Duration) -> Self {
        Self {
            value,
            expires_at: now.checked_add(ttl),
            used: AtomicBool::new(true),
        }
    }

    pub(super) fn is_live(&self, now: Instant) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    // ORD Relaxed, here and below: a hint; the value comes from the map.
    pub(super) fn set_used(&self) {
        // Read first: the line stays shared while many ask for the same entry.
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn take_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }
}
