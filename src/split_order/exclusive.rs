//! All nodes, for one who has the list to himself: to take it apart, to change values, to shrink the table.
//!
//! ```text
//!   slots in the order of memory:   [·][·][·][·][·][·][·]...
//!                                    ▲           ▲
//!                     nodes up to the│next       │first node is fetched ahead
//!                         sentinel   │           │
//! ```
//!
//! In the list's own order each node would be a cache miss after the other; the slots tell ahead where
//! the nodes are. Every node stands behind exactly one linked slot. No slot is pending and no node in the
//! list is marked: those are states of an operation, and none is running.

use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

use super::SplitOrder;
use super::growth::level_for;
use super::table::{Slots, Table};
use crate::errors::TryReserveError;
use crate::list::{Kind, Node, Succ};
use crate::reclaim::{Garbage, Reclaim};
use crate::sync::prefetch_read;
use crate::tunables::MIN_LEVEL;
use crate::unwind::to_the_end;

/// Slots between the one whose first node is fetched and the one whose nodes are given.
const AHEAD: usize = 16;

/// A place among the nodes of a list.
struct Cursor<K, V> {
    slots: Slots,
    ahead: Slots,
    succ: Succ<Node<K, V>>,
}

impl<K, V> Cursor<K, V> {
    fn new(table: &Table<Node<K, V>>) -> Self {
        let mut cursor = Self {
            slots: Slots::default(),
            ahead: Slots::default(),
            succ: Succ::END,
        };
        (0..AHEAD).for_each(|_| cursor.fetch_ahead(table));
        cursor
    }

    fn fetch_ahead(&mut self, table: &Table<Node<K, V>>) {
        if let Some(slot) = self.ahead.next(table) {
            prefetch_read(slot.load().address());
        }
    }

    /// The next node. The walk has left it: it may be freed.
    fn next(&mut self, table: &Table<Node<K, V>>) -> Option<NonNull<Node<K, V>>> {
        loop {
            match self.succ.unmarked().kind() {
                Kind::Node(node) => {
                    // SAFETY: in the list, so alive.
                    self.succ = unsafe { node.as_ref() }.next().load();
                    return Some(node);
                }
                Kind::Sentinel(_) | Kind::End => {
                    let succ = self.slots.next(table)?.load();
                    self.fetch_ahead(table);
                    // Slots that are not filled have no nodes of their own.
                    if succ.is_start() {
                        self.succ = succ;
                    }
                }
            }
        }
    }

    /// Reclaims all nodes that are left; if a destructor panics, the rest too, and the panic goes on (a
    /// second one aborts, as in a `Vec`'s drop).
    ///
    /// # Safety
    /// The caller has the list to himself, and nobody uses it afterwards.
    unsafe fn reclaim_rest(&mut self, table: &Table<Node<K, V>>) {
        to_the_end(|| {
            let Some(node) = self.next(table) else {
                return false;
            };
            // SAFETY: the caller's alone; each node is met once, and the walk has left it.
            unsafe { Reclaim::reclaim(node) };
            true
        });
    }
}

/// The nodes of a list that is no longer shared.
pub(crate) struct OwnedNodes<K, V> {
    table: Table<Node<K, V>>,
    cursor: Cursor<K, V>,
}

impl<K, V> OwnedNodes<K, V> {
    /// The next entry.
    pub(crate) fn next(&mut self) -> Option<(K, V)> {
        let node = self.cursor.next(&self.table)?;
        // SAFETY: ours, met once, and the walk has left it; of the nodes with the same key, this one was in
        // the list, and the others were reclaimed by `into_nodes`.
        Some(unsafe { Node::into_entry(node) })
    }
}

impl<K, V> Drop for OwnedNodes<K, V> {
    fn drop(&mut self) {
        // SAFETY: `&mut self`, and the table is dropped next.
        unsafe { self.cursor.reclaim_rest(&self.table) };
    }
}

/// The nodes of a list that is borrowed exclusively.
pub(crate) struct NodesMut<'m, K, V> {
    table: &'m Table<Node<K, V>>,
    cursor: Cursor<K, V>,
}

impl<'m, K, V> NodesMut<'m, K, V> {
    /// The next entry.
    pub(crate) fn next(&mut self) -> Option<(&'m K, &'m mut V)> {
        let node = self.cursor.next(self.table)?;
        // SAFETY: made by `nodes_mut` of `&'m mut`, and each node is met once.
        Some(unsafe { Node::entry_mut(node) })
    }
}

impl<K, V> SplitOrder<K, V> {
    /// The value of a key, for changing.
    pub(crate) fn get_mut(&mut self, hash: u32, eq: impl FnMut(&K) -> bool) -> Option<&mut V> {
        let (node, _guard) = self.get(hash, eq)?;
        // SAFETY: in the list, which `&mut self` has to itself.
        Some(unsafe { Node::entry_mut(node) }.1)
    }

    pub(crate) fn nodes_mut(&mut self) -> NodesMut<'_, K, V> {
        NodesMut {
            cursor: Cursor::new(&self.table),
            table: &self.table,
        }
    }

    /// The entries, and an end of all else: what waits for reclamation is reclaimed.
    pub(crate) fn into_nodes(mut self) -> OwnedNodes<K, V> {
        let mut garbage = Garbage::new();
        self.domain.dismantle(&mut garbage);
        // User code; if it panics, `self` is dropped.
        drop(garbage);
        let mut this = ManuallyDrop::new(self);
        // SAFETY: this part of `this` is never used again, nor dropped.
        let table = unsafe { ptr::read(&raw const this.table) };
        // SAFETY: the same. (It is dismantled: no user code runs.)
        unsafe { ptr::drop_in_place(&raw mut this.domain) };
        OwnedNodes {
            cursor: Cursor::new(&table),
            table,
        }
    }

    /// Makes the table as small as `capacity` entries, or those that there are, allow.
    pub(crate) fn shrink_to(&mut self, capacity: usize) -> Result<(), TryReserveError> {
        let level = level_for(capacity.max(self.len()))?.max(MIN_LEVEL);
        let growing = self.table.growing().is_some();
        if level > self.table.level() || (level == self.table.level() && !growing) {
            return Ok(());
        }
        let small = Table::new(level)?;
        // The nodes stand in the order of their hashes, whatever the table: they move over one by one, each
        // behind the one before, or its slot.
        let (_, first, mut succ) = self.table.start(0);
        debug_assert!(ptr::eq(first.as_ptr(), self.table.slot_at(0, 0)));
        let mut slot = small.slot(level, 0);
        let mut tail = slot;
        loop {
            match succ.kind() {
                Kind::Node(node) => {
                    // SAFETY: in the list, which `&mut self` has to itself.
                    let this = unsafe { node.as_ref() };
                    succ = this.next().load();
                    let own_slot = small.slot(level, this.hash());
                    if own_slot != slot {
                        (slot, tail) = (own_slot, own_slot);
                    }
                    // SAFETY: a slot of `small`, or the link of a node moved there.
                    let behind = unsafe { tail.as_ref() };
                    this.next().set(behind.load());
                    behind.set(Succ::node(node));
                    tail = NonNull::from(this.next());
                }
                // SAFETY: slots live as long as the table.
                Kind::Sentinel(slot) => succ = unsafe { slot.as_ref() }.load(),
                Kind::End => break,
            }
        }
        // The old one's slots are freed.
        self.table = small;
        Ok(())
    }
}

impl<K, V> Drop for SplitOrder<K, V> {
    fn drop(&mut self) {
        let mut garbage = Garbage::new();
        self.domain.dismantle(&mut garbage);
        // User code from here on; a panic in it still frees the rest, and `garbage`.
        // SAFETY: `&mut self`, and the table is dropped next.
        unsafe { Cursor::new(&self.table).reclaim_rest(&self.table) };
    }
}
