//! Growth: when to double, and filling the new level while everybody goes on.
//!
//! ```text
//!   length > capacity ──► begin: allocate the segment of level + 1
//!   each insertion     ──► claim a chunk of it, link those sentinels, in order
//!   all chunks claimed ──► publish the level; look-ups start at the new slots
//! ```
//!
//! Filling a slot: find its place from the parent's slot, write the successor into it (pending), link
//! it by one exchange, take the pending tag off. Who meets a pending slot through the list knows that
//! it is linked; who meets one through the directory does not, and takes the parent's instead. Nobody
//! waits for a filler: one that stops for good leaves at most a chunk of slots unfilled, which their
//! parents go on to serve.

use core::ptr::NonNull;

use super::SplitOrder;
use super::failpoint::failpoint;
use super::order::boundary;
use super::table::{Start, capacity_of};
use crate::errors::TryReserveError;
use crate::list::{Link, Node, Succ, Visit, Window, search, settle};
use crate::reclaim::Session;
use crate::tunables::{CHECK_PERIOD_MAX, MAX_LEVEL};

/// A walk over more nodes than this makes an insertion look at the length.
const LONG_WALK: usize = 6;

/// The level that holds `capacity` entries.
pub(super) fn level_for(capacity: usize) -> Result<u32, TryReserveError> {
    (0..=MAX_LEVEL)
        .find(|&level| capacity_of(level) >= capacity)
        .ok_or(TryReserveError::capacity_overflow())
}

impl<K, V> SplitOrder<K, V> {
    /// What follows the insertion of `new`: count it, tell a census, help the table to grow.
    #[inline]
    pub(super) fn inserted<'d>(
        &'d self,
        session: Session<'d, Node<K, V>>,
        (new, hash): (NonNull<Node<K, V>>, u32),
        passed: usize,
    ) {
        failpoint!(EntryLinked);
        session.count(1);
        if session.is_observed() {
            self.report_inserted(session, new, hash);
        }
        if let Some(level) = self.table.growing() {
            self.fill_chunk(session, level);
        } else if session.check_is_due() || passed > LONG_WALK {
            self.check_length(session);
        }
    }

    #[cold]
    fn check_length<'d>(&'d self, session: Session<'d, Node<K, V>>) {
        let (len, capacity) = (self.len(), self.table.capacity());
        if let Some(room) = capacity.checked_sub(len) {
            // All threads together fill at most half of the room until each looks again; close to
            // the end, a 64th of the capacity may pass unseen.
            let threads = self.domain.seats().max(1);
            let period = (room / (2 * threads)).max(capacity / (64 * threads));
            session.check_again_after(period.min(CHECK_PERIOD_MAX));
        } else {
            failpoint!(GrowthDue);
            // Without memory the map goes on with longer chains, and tries again at the next look.
            let _ = self.table.begin();
            session.check_again_after(0);
        }
    }

    /// Fills some slots of the growing level, or publishes it when none are left.
    #[cold]
    fn fill_chunk<'d>(&'d self, session: Session<'d, Node<K, V>>, level: u32) {
        match self.table.claim_chunk(level) {
            Some(places) => {
                failpoint!(ChunkClaimed);
                // The chunk's parents lie side by side, their first nodes do not.
                places
                    .clone()
                    .for_each(|place| self.table.prefetch(boundary(level, place)));
                places.for_each(|place| self.fill_slot(session, level, place));
                session.probe().filled();
                failpoint!(ChunkDone);
            }
            None => self.table.publish(level),
        }
    }

    pub(super) fn fill_slot<'d>(
        &'d self,
        session: Session<'d, Node<K, V>>,
        level: u32,
        place: usize,
    ) {
        let slot = self.table.slot_at(level, place);
        let hash = boundary(level, place);
        if !self.split_empty(slot, level, self.table.start(hash)) {
            while !self.place_of(session, hash).insert_sentinel(slot) {
                session.probe().failed_exchange();
            }
        }
        failpoint!(SlotLinked);
        // SAFETY: linked just now.
        unsafe { settle(NonNull::from(slot)) };
        failpoint!(SlotSettled);
    }

    /// The place of a sentinel: before all nodes whose hash is at least `hash`.
    pub(super) fn place_of<'d>(
        &'d self,
        session: Session<'d, Node<K, V>>,
        hash: u32,
    ) -> Window<'d, K, V> {
        search(session, self.route(hash), |node| {
            failpoint!(PlaceSearched);
            if node.hash() < hash {
                Visit::Past
            } else {
                Visit::Beyond
            }
        })
    }

    /// Links `slot` behind its parent, the start of a walk to it, if the parent's bucket has no entries,
    /// as is most often so: without a hazard, as sentinels need none. False: it has some, or the
    /// parent's slot is not filled, or the parent is no longer the one before it.
    pub(super) fn split_empty(
        &self,
        slot: &Link<Node<K, V>>,
        level: u32,
        (exact, parent, succ): Start<Node<K, V>>,
    ) -> bool {
        if exact != Some(level - 1) || !succ.is_sentinel_or_end() {
            return false;
        }
        // The sentinel behind the parent's is the next bucket's, if the level, read after the link, is
        // still the parent's: finer ones than `slot`, which is ours, are not linked before `level` is
        // published (T2). One that is linked later makes the exchange fail.
        if self.table.level() != level - 1 {
            return false;
        }
        slot.set(succ.pending());
        failpoint!(SlotPending);
        // SAFETY: slots live as long as the table.
        let parent = unsafe { parent.as_ref() };
        parent
            .exchange(succ, Succ::sentinel(NonNull::from(slot)))
            .is_ok()
    }

    /// Entries that fit before the table doubles.
    pub(crate) fn capacity(&self) -> usize {
        self.table.capacity()
    }

    /// Makes room for `additional` more entries: grows at once, filling the new levels itself,
    /// together with whoever inserts meanwhile.
    pub(crate) fn try_reserve(&self, additional: usize) -> Result<(), TryReserveError> {
        let wanted = self
            .len()
            .checked_add(additional)
            .ok_or(TryReserveError::capacity_overflow())?;
        let wanted = level_for(wanted)?;
        let (session, _seat) = self.domain.session();
        while self.table.level() < wanted {
            self.table.begin()?;
            while let Some(level) = self.table.growing() {
                self.fill_chunk(session, level);
                session.settle();
            }
        }
        Ok(())
    }
}
