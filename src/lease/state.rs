//! Who ends a lease: the one word that decides.
//!
//! ```text
//!                 end ┌────────► ENDED(reason)     the thread whose exchange that was winds up
//!                     │              ▲
//!            ┌───► ACTIVE            │ finish: the handle, instead of the one who called
//!     finish │        │ begin        │
//!            └────── BUSY ─────► CALLED(reason)
//!                          end
//!                  ACTIVE ─────► KEPT
//! ```
//!
//! Above the kind stands the term: each new deadline begins another one, and a deadline ends the lease in its own
//! term only. So a deadline that was renewed in time ends nothing, whoever still knows of it. (The term wraps:
//! after 2^28 renewals, on a 32-bit machine, while one thread is about to end the lease.)
//!
//! Nobody waits: who finds the handle at work leaves the end to it.
//!
//! Edges: `lease` — each exchange here (`AcqRel`) → the next one (`AcqRel`): who ends a lease sees what its handle did.

use super::ended::EndReason;
use crate::sync::AtomicUsize;

const KIND: usize = 0b1111;
#[cfg(feature = "std")]
const TERM: usize = KIND + 1;

const ACTIVE: usize = 0;
/// The handle changes the lease.
const BUSY: usize = 1;
const KEPT: usize = 2;
/// And the reason: the handle ends the lease when it has changed it.
const CALLED: usize = 4;
/// And the reason.
const ENDED: usize = 8;
/// Beside `ENDED`: that removed the entry.
const REMOVED: usize = 4;

pub(super) struct State(AtomicUsize);

/// What a call to end a lease came to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// The caller ends it, and nobody else.
    Mine,
    /// The handle ends it, as soon as it has changed it.
    Handles,
    /// Nobody: it has ended before, or was kept, or is in another term.
    Nobodys,
}

impl State {
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(ACTIVE))
    }

    /// Changes the kind by `next`, unless that says no; gives the kind that was there.
    fn change(&self, mut next: impl FnMut(usize, usize) -> Option<usize>) -> Result<usize, usize> {
        // Relaxed: the exchange decides.
        let mut now = self.0.load_relaxed();
        loop {
            let kind = now & KIND;
            let Some(new) = next(kind, now - kind) else {
                return Err(kind);
            };
            // ORD[lease] AcqRel: pairs with the exchanges before and behind.
            match self.0.compare_exchange(now, new) {
                Ok(_) => return Ok(kind),
                Err(found) => now = found,
            }
        }
    }

    /// Ends the lease, if it is in `term` (`None`: whatever its term).
    pub(super) fn end(&self, reason: EndReason, term: Option<usize>) -> Call {
        let changed = self.change(|kind, now| match kind {
            _ if term.is_some_and(|term| term != now) => None,
            ACTIVE => Some(now | ENDED | reason as usize),
            BUSY => Some(now | CALLED | reason as usize),
            _ => None, // over
        });
        match changed {
            Ok(ACTIVE) => Call::Mine,
            Ok(_) => Call::Handles,
            Err(_) => Call::Nobodys,
        }
    }

    /// The handle begins to change the lease.
    ///
    /// # Errors
    /// It has ended.
    pub(super) fn begin(&self) -> Result<(), EndReason> {
        self.leave_active(|term| term | BUSY)
    }

    /// The handle has changed the lease. Some: and ends it now.
    pub(super) fn finish(&self) -> Option<EndReason> {
        let kind = self.change(|kind, term| match kind {
            BUSY => Some(term | ACTIVE),
            called => Some(term | (called ^ CALLED) | ENDED),
        });
        reason(kind.unwrap_or_default(), CALLED)
    }

    /// The handle makes the entry a plain one.
    ///
    /// # Errors
    /// The lease has ended.
    pub(super) fn keep(&self) -> Result<(), EndReason> {
        self.leave_active(|term| term | KEPT)
    }

    /// The handle begins another term, and gives it.
    ///
    /// # Errors
    /// The lease has ended.
    #[cfg(feature = "std")]
    pub(super) fn renew(&self) -> Result<usize, EndReason> {
        let mut begun = 0;
        self.leave_active(|term| {
            begun = term.wrapping_add(TERM);
            begun | ACTIVE
        })?;
        Ok(begun)
    }

    fn leave_active(&self, mut to: impl FnMut(usize) -> usize) -> Result<(), EndReason> {
        match self.change(|kind, term| (kind == ACTIVE).then(|| to(term))) {
            Ok(_) => Ok(()),
            // Neither busy nor kept: that is the handle's own doing, and so over.
            Err(kind) => Err(reason(kind, ENDED).unwrap_or(EndReason::Dropped)),
        }
    }

    /// The one who ended the lease has removed the entry.
    pub(super) fn set_removed(&self) {
        // ORD[lease] AcqRel: as there is no weaker call.
        self.0.fetch_or(REMOVED);
    }

    /// Whether the one who ended the lease has removed the entry.
    pub(super) fn removed(&self) -> bool {
        // ORD[lease] Acquire: pairs with the exchange in `set_removed`.
        self.0.load_acquire() & (ENDED | REMOVED) == ENDED | REMOVED
    }

    /// Why it has ended, if it has.
    pub(super) fn ended(&self) -> Option<EndReason> {
        // ORD[lease] Acquire: pairs with the exchange that ended it.
        reason(self.0.load_acquire() & KIND, ENDED)
    }
}

/// The reason in `kind`, if it has one of that sort.
fn reason(kind: usize, sort: usize) -> Option<EndReason> {
    if kind & sort == 0 {
        return None;
    }
    [EndReason::Dropped, EndReason::Cancelled, EndReason::Expired]
        .into_iter()
        .find(|&reason| reason as usize == kind & 0b11)
}
