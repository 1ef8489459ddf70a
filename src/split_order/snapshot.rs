//! The nodes that are there at one moment, while others go on: a census of the list (`reclaim::census`).
//!
//! ```text
//!   begin ──► walk over all buckets: what is found is reported ──► finish: nodes, pinned
//!     ▲                                                              │ too many reports, or another taker was first
//!     └──────────────────── with twice the room ◄────────────────────┘
//! ```

use core::ptr::{self, NonNull};

use super::failpoint::failpoint;
use super::{Entries, SplitOrder};
use crate::list::{Node, Visit, search};
use crate::reclaim::{Lost, Pinned, Session};
use crate::sync::prefetch_read;
use crate::tunables::CENSUS_ROOM;

/// Nodes between the one that is given and the one that is fetched.
const AHEAD: usize = 16;

/// The nodes of one moment.
pub(crate) struct Snapshot<'d, K, V>(Pinned<'d, Node<K, V>>);

impl<K, V> Snapshot<'_, K, V> {
    pub(crate) fn len(&self) -> usize {
        self.0.nodes().len()
    }

    /// Entry number `n`.
    #[inline]
    pub(crate) fn get(&self, n: usize) -> Option<(&K, &V)> {
        let nodes = self.0.nodes();
        if let Some(node) = nodes.get(n + AHEAD) {
            prefetch_read(node.as_ptr());
        }
        // SAFETY: pinned (H6), for as long as `self` is.
        let node = unsafe { nodes.get(n)?.as_ref() };
        Some((node.key(), node.value()))
    }
}

impl<K, V> SplitOrder<K, V> {
    /// All entries of one moment between call and return.
    pub(crate) fn snapshot(&self) -> Snapshot<'_, K, V> {
        let mut times = 1_usize;
        loop {
            let len = self.len();
            let room = (len + len / 2 + CENSUS_ROOM).saturating_mul(times);
            let (session, _seat) = self.domain.session();
            let census = session.begin_census(room);
            let mut walk = Entries::new(self);
            // What is found is reported, while a census is active.
            while census.is_active() && walk.next().is_some() {}
            drop(walk);
            failpoint!(CensusWalked);
            match census.finish() {
                Ok(nodes) => {
                    session.settle();
                    return Snapshot(nodes);
                }
                Err(Lost::TooLarge) => times = times.saturating_mul(2),
                Err(Lost::Taken) => {}
            }
        }
    }

    /// Tells a census of `new`, which this thread has inserted and perhaps does not protect. If it is no longer
    /// there, whoever removed it has told that.
    #[cold]
    pub(super) fn report_inserted<'d>(
        &'d self,
        session: Session<'d, Node<K, V>>,
        new: NonNull<Node<K, V>>,
        hash: u32,
    ) {
        // What is found is reported.
        search(session, self.route(hash), |node| {
            // Another node that has its address by now does no harm: it is there.
            if ptr::eq(node, new.as_ptr()) {
                Visit::Found
            } else if node.hash() <= hash {
                Visit::Past
            } else {
                Visit::Beyond
            }
        });
    }
}
