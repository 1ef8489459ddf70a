//! Destructors in a thread of their own: operations hand over what they would drop.
//!
//! ```text
//!   scan ──offer──► handed (a stack) ──take──► the thread's list ──► reclaimed, one by one
//!     └── more than `backlog` wait: the operation's own sink, as if there were no thread
//! ```
//!
//! What the thread has taken counts as waiting until its destructor is over: so a thread that stands still keeps
//! no more than the backlog, and operations go on.

use super::garbage::{Garbage, Reclaim};
use super::handed::Handed;
use super::{Domain, Session};

impl<T: Reclaim> Domain<T> {
    /// Begins to hand over; false if another thread takes already.
    pub(crate) fn open_background(&self) -> bool {
        self.handed.open()
    }

    /// Gives back what the background thread does not take.
    pub(super) fn offer_to_background(&self, garbage: Garbage<T>) -> Garbage<T> {
        self.handed.offer(garbage, self.settings.backlog)
    }

    /// What was handed over, for one who is not the background thread.
    pub(super) fn take_for_background(&self) -> Garbage<T> {
        let garbage = self.handed.take();
        self.handed.done(garbage.len());
        garbage
    }
}

/// What the background thread has taken.
pub(crate) struct Taken<'d, T: Reclaim> {
    session: Session<'d, T>,
    garbage: Garbage<T>,
}

impl<'d, T: Reclaim> Session<'d, T> {
    /// Takes what was handed over; and nothing more is, if it is the `last` time.
    pub(crate) fn take_handed(self, last: bool) -> Taken<'d, T> {
        let handed = &self.domain.handed;
        Taken {
            session: self,
            garbage: if last { handed.close() } else { handed.take() },
        }
    }
}

impl<T: Reclaim> Taken<'_, T> {
    /// Reclaims one node, if there is one left; if that panics, it is gone too.
    pub(crate) fn reclaim_one(&mut self) -> bool {
        /// Counts it when it is gone, also by a panic.
        struct Done<'a, T: Reclaim>(&'a Handed<T>);
        impl<T: Reclaim> Drop for Done<'_, T> {
            fn drop(&mut self) {
                self.0.done(1);
            }
        }
        let one = self.garbage.take_first(1);
        if one.len() == 0 {
            return false;
        }
        let _done = Done(&self.session.domain.handed);
        self.session.local.reclaim(one);
        true
    }
}
