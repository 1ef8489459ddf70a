//! Taking the whole list apart, when the map is dropped.
//!
//! ```text
//!   slots in the order of memory:   [·][·][·][·][·][·][·]...
//!                                    ▲           ▲
//!                     nodes up to the│next       │first node is fetched ahead
//!                         sentinel are reclaimed │
//! ```
//!
//! In the list's own order each node would be a cache miss after the other; the slots tell ahead where
//! the nodes are. Every node stands behind exactly one linked slot.

use core::ptr::NonNull;

use super::table::{Slots, Table};
use crate::list::{Kind, Node, Succ};
use crate::reclaim::Reclaim;
use crate::sync::prefetch_read;
use crate::unwind::to_the_end;

/// Slots between the one whose first node is fetched and the one whose nodes are reclaimed.
const AHEAD: usize = 16;

/// The nodes of a list that are still to be reclaimed.
struct Teardown<'t, K, V> {
    slots: Slots<'t, Node<K, V>>,
    ahead: Slots<'t, Node<K, V>>,
    succ: Succ<Node<K, V>>,
}

/// Reclaims all nodes of the list of `table`; if a destructor panics, the rest too, and the panic goes
/// on (a second one aborts, as in a `Vec`'s drop).
///
/// # Safety
/// Nobody else uses the list, and nobody will: the table is dropped next.
pub(super) unsafe fn teardown<K, V>(table: &Table<Node<K, V>>) {
    let mut nodes = Teardown {
        slots: table.slots(),
        ahead: table.slots(),
        succ: Succ::END,
    };
    for _ in 0..AHEAD {
        nodes.fetch_ahead();
    }
    to_the_end(|| nodes.reclaim_one());
}

impl<K, V> Teardown<'_, K, V> {
    /// Reclaims the next node; false if there is none.
    fn reclaim_one(&mut self) -> bool {
        let Some(node) = self.next_node() else {
            return false;
        };
        // SAFETY: `teardown`'s caller has the list to itself; each node is met once, and the walk has
        // left it.
        unsafe { Reclaim::reclaim(node) };
        true
    }

    fn next_node(&mut self) -> Option<NonNull<Node<K, V>>> {
        loop {
            match self.succ.unmarked().kind() {
                Kind::Node(node) => {
                    // SAFETY: in the list, so alive.
                    self.succ = unsafe { node.as_ref() }.next().load();
                    return Some(node);
                }
                Kind::Sentinel(_) | Kind::End => {
                    let succ = self.slots.next()?.load();
                    self.fetch_ahead();
                    // Slots that are not filled have no nodes of their own; none is pending: that is
                    // a filler's state in mid-operation, and no operation is running.
                    if succ.is_start() {
                        self.succ = succ;
                    }
                }
            }
        }
    }

    fn fetch_ahead(&mut self) {
        if let Some(slot) = self.ahead.next() {
            prefetch_read(slot.load().address());
        }
    }
}
