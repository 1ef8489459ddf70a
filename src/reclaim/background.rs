//! Destructors in a thread of their own: operations hand over what they would drop.
//!
//! ```text
//!   scan ──offer──► handed (slots) ──take──► the thread's list ──► reclaimed, one by one
//!     └── all slots are full: the operation's own sink, as if there were no thread
//! ```
//!
//! The thread has one list in hand at a time: so if it stands still, that is kept and what is in the slots, and
//! operations go on.

use super::garbage::{Garbage, Reclaim};
use super::handed::Taker;
use super::{Domain, Session};
use crate::tunables::BACKLOG;

impl<T: Reclaim> Domain<T> {
    /// Begins to hand over; `None` if another thread takes already.
    pub(crate) fn open_background(&self) -> Option<Taker> {
        self.handed.open()
    }

    /// Gives back what the background thread does not take.
    pub(super) fn offer_to_background(&self, garbage: Garbage<T>) -> Garbage<T> {
        self.handed.offer(garbage, self.settings.backlog)
    }

    /// What is in the slots, for one who is not the background thread.
    pub(super) fn take_handed(&self) -> Garbage<T> {
        let mut garbage = Garbage::new();
        (0..BACKLOG).for_each(|n| garbage.append(self.handed.take(n)));
        garbage
    }
}

/// The background thread's round over the slots.
pub(crate) struct Round<'d, T: Reclaim> {
    session: Session<'d, T>,
    /// It closes them.
    last: bool,
    /// How many are left.
    slots: usize,
    in_hand: Garbage<T>,
}

impl<'d, T: Reclaim> Session<'d, T> {
    /// Takes what was handed over, slot by slot; and nothing more is, if it is the `last` time.
    pub(crate) fn take_round(self, last: bool) -> Round<'d, T> {
        Round {
            session: self,
            last,
            slots: BACKLOG,
            in_hand: Garbage::new(),
        }
    }
}

impl<T: Reclaim> Round<'_, T> {
    /// Reclaims the next node, if there is one; if that panics, it is gone too.
    pub(crate) fn reclaim_one(&mut self) -> bool {
        while self.in_hand.len() == 0 {
            let Some(n) = self.slots.checked_sub(1) else {
                return false;
            };
            self.slots = n;
            let handed = &self.session.domain.handed;
            self.in_hand = if self.last {
                handed.close(n)
            } else {
                handed.take(n)
            };
        }
        self.session.local.reclaim_one(&mut self.in_hand)
    }
}
