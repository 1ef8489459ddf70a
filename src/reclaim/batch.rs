//! [`Batch`]: nodes that one seat has unlinked, and that a hazard may protect yet.
//!
//! ```text
//!   push ──► nodes ──scan, when full──► unprotected: to the sink
//!              ▲ │ protected: stay
//!              │ └ pinned: apart, so that they do not put the next scan off
//!              └── when pins were given up ◄─┘
//! ```

use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use core::cell::Cell;
use core::ptr::NonNull;

use super::garbage::{Garbage, Reclaim};
use super::hazard::Hazards;
use crate::sync::StoreLoad;
use crate::tunables::BATCH;
use crate::unwind::or_abort;

/// Used by the seat's owner only (H2).
pub(super) struct Batch<T> {
    /// Of so many nodes a scan is worth it, at least.
    least: usize,
    nodes: Cell<Vec<NonNull<T>>>,
    /// So many of them are scanned.
    full: Cell<usize>,
    /// Nodes that were pinned at the last look.
    pinned: Cell<Vec<NonNull<T>>>,
    /// How often pins had been given up then.
    released: Cell<usize>,
    /// Room for the addresses that a scan finds.
    addresses: Cell<Vec<usize>>,
}

impl<T: Reclaim> Batch<T> {
    pub(super) fn new(least: usize) -> Self {
        Self {
            least,
            nodes: Cell::default(),
            full: Cell::new(least),
            pinned: Cell::default(),
            released: Cell::new(0),
            addresses: Cell::default(),
        }
    }

    /// Adds a node. True: it is full, and to be scanned.
    #[inline]
    pub(super) fn push(&self, node: NonNull<T>) -> bool {
        // SAFETY: the only reference to it: one thread's (H2), and it ends before anything else is called. (To push
        // where there is room calls nobody.)
        let nodes = unsafe { &mut *self.nodes.as_ptr() };
        if nodes.len() == nodes.capacity() {
            return self.push_with_room(node);
        }
        nodes.push(node);
        nodes.len() >= self.full.get()
    }

    #[cold]
    #[inline(never)]
    fn push_with_room(&self, node: NonNull<T>) -> bool {
        let mut nodes = self.nodes.take();
        // Without memory the node would be neither in the list nor here.
        or_abort(|| {
            nodes.reserve_exact(BATCH.min(self.least).saturating_sub(nodes.len()));
            nodes.push(node);
        });
        let full = nodes.len() >= self.full.get();
        self.nodes.set(nodes);
        full
    }

    /// Takes those nodes out that no hazard in `all`, which gives all that there are, protects. Runs no user code.
    pub(super) fn scan<'a, I: Iterator<Item = &'a Hazards>>(
        &self,
        all: impl FnOnce() -> I,
        order: StoreLoad,
        released: usize,
    ) -> Garbage<T> {
        let (mut nodes, mut addresses) = (self.nodes.take(), self.addresses.take());
        let mut pinned = self.pinned.take();
        if self.released.replace(released) != released {
            or_abort(|| nodes.append(&mut pinned));
        }
        let mut unprotected = Garbage::new();
        // ORD[protect] The heavy half: every node of the batch was unlinked before this barrier; which seats
        // there are, and their hazards, are read after it. See `reclaim`.
        order.heavy();
        let mut hazards = 0;
        let complete = all().try_for_each(|of_a_seat| {
            hazards += of_a_seat.read(&mut addresses)?;
            Ok::<_, TryReserveError>(())
        });
        // Without memory for the addresses the nodes wait for another scan.
        if complete.is_ok() {
            addresses.sort_unstable();
            nodes.retain(|&node| {
                let protected = addresses.binary_search(&node.addr().get()).is_ok();
                // SAFETY: in a batch. Asked after the hazards were read: who pins it was protecting it (H6).
                if !protected && unsafe { T::is_pinned(node) } {
                    or_abort(|| pinned.push(node));
                } else if !protected {
                    // SAFETY: unlinked and retired once (H3), and protected by nobody: a hazard that is
                    // published later does not hold (ORD[protect]). So it is this batch's alone.
                    unsafe { unprotected.push(node) };
                }
                protected
            });
        }
        // So the next scan frees half of the batch, at least, and reads four hazards for each of its nodes,
        // at most.
        let least = self.least.max(hazards / 4);
        self.full.set(least.max(2 * nodes.len()));
        addresses.clear();
        self.nodes.set(nodes);
        self.pinned.set(pinned);
        self.addresses.set(addresses);
        unprotected
    }

    /// Takes over what is in the batch of a seat that has no owner; the caller owns both seats.
    pub(super) fn adopt(&self, orphan: &Self) {
        let mut nodes = self.nodes.take();
        or_abort(|| orphan.take().for_each(|node| nodes.push(node)));
        self.nodes.set(nodes);
    }

    /// All that is in it.
    pub(super) fn take(&self) -> impl Iterator<Item = NonNull<T>> + use<T> {
        self.nodes.take().into_iter().chain(self.pinned.take())
    }
}
