//! Who still needs a node that is out of the list: users of its key, and pins.
//!
//! ```text
//!   31     30 ....... 24   23 ............................. 0
//!   ┌──────┬───────────────┬─────────────────────────────────┐
//!   │ LENT │ pins          │ shares of its key, its own too  │
//!   └──────┴───────────────┴─────────────────────────────────┘
//! ```
//!
//! - LENT, from birth: the key is another node's, so that there are no shares of it here.
//! - Shares keep the key, and the memory, when the node itself has been reclaimed.
//! - Pins keep the whole node from being reclaimed: a scan leaves it in its batch. As many pins as fit stay for good,
//!   so that a count that has lost some is never taken for one that has come to its end; such a node goes with the map.
//!
//! Edges: `shares` — each user's decrement (Release) → the last one's (Acquire): every use of the key happens before
//! its drop (as in `Arc`). `pins` — `unpin` (Release) → `is_pinned` (Acquire): what was read under the pin happens
//! before the node is reclaimed.

use crate::sync::{AtomicU32, Ordering};
use crate::unwind::abort;

const LENT: u32 = 1 << 31;
const PIN: u32 = 1 << 24;
const PINS: u32 = LENT - PIN;
const SHARES: u32 = PIN - 1;
/// More users of one key than this end the process (as `Arc` does), before the count wraps.
const SHARES_MAX: u32 = SHARES / 2;

pub(super) struct Uses(AtomicU32);

impl Uses {
    /// Of a node that owns its key.
    pub(super) fn owner() -> Self {
        Self(AtomicU32::new(1))
    }

    /// Of a node with another one's key.
    pub(super) fn lent() -> Self {
        Self(AtomicU32::new(LENT))
    }

    #[inline]
    pub(super) fn is_lent(&self) -> bool {
        // Relaxed: from birth on, which a reader of the node sees (ORD[link]); the counts do not matter here.
        self.0.load(Ordering::Relaxed) & LENT != 0
    }

    /// Takes a share of the key for a further node. The caller holds one.
    pub(super) fn share(&self) {
        // Relaxed: the caller's own share keeps the count above 0, as in `Arc::clone`.
        if self.0.fetch_add(1, Ordering::Relaxed) & SHARES > SHARES_MAX {
            // As `Arc` on overflow: a count that wraps would free a key in use.
            abort("too many users of one key")
        }
    }

    /// Gives a share up. True: it was the last one.
    pub(super) fn release(&self) -> bool {
        // ORD[shares] AcqRel: our use of the key happens before the last user's decrement, whose Acquire half pairs
        // with the Release half of all that came before.
        self.0.fetch_sub(1, Ordering::AcqRel) & SHARES == 1
    }

    /// The shares, for the only one who has any.
    pub(super) fn last_shares(&self) -> u32 {
        // ORD[shares] Acquire: the others' uses of the key happen before what the caller does with it.
        self.0.load(Ordering::Acquire) & SHARES
    }

    /// Keeps the node from being reclaimed. The caller protects it, or has pinned it.
    pub(super) fn pin(&self) {
        // Relaxed: a scan that finds the caller's protection gone sees what came before its end (ORD[hazard]).
        self.change_pins(u32::wrapping_add, Ordering::Relaxed);
    }

    /// Undoes one [`pin`](Self::pin).
    pub(super) fn unpin(&self) {
        // ORD[pins] Release: see the header.
        self.change_pins(u32::wrapping_sub, Ordering::Release);
    }

    fn change_pins(&self, change: fn(u32, u32) -> u32, order: Ordering) {
        // Relaxed: the exchange decides.
        let mut now = self.0.load(Ordering::Relaxed);
        while now & PINS != PINS {
            match self
                .0
                .compare_exchange_weak(now, change(now, PIN), order, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(other) => now = other,
            }
        }
    }

    pub(super) fn is_pinned(&self) -> bool {
        // ORD[pins] Acquire: see the header.
        self.0.load(Ordering::Acquire) & PINS != 0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn pins_and_shares_are_counted_apart() {
        let uses = Uses::owner();
        uses.pin();
        uses.share();
        assert!(uses.is_pinned() && !uses.is_lent() && !uses.release());
        uses.unpin();
        assert!(!uses.is_pinned() && uses.last_shares() == 1 && uses.release());
        let lent = Uses::lent();
        lent.pin();
        assert!(lent.is_pinned() && lent.is_lent());
        lent.unpin();
        assert!(!lent.is_pinned() && lent.is_lent());
    }

    #[test]
    fn more_pins_than_can_be_counted_stay() {
        let uses = Uses::lent();
        for _ in 0..200 {
            uses.pin();
        }
        for _ in 0..200 {
            uses.unpin();
        }
        assert!(uses.is_pinned() && uses.is_lent());
    }
}
