//! Filing entries anew whose keys hash elsewhere by now, for one who has the list to himself.
//!
//! ```text
//!   1.  slot ──► node ──► astray ──► node ──► twin ──► slot     each key is hashed, and compared with
//!                  └─────────────────▲  └──────────────▲          those before it of the same hash
//!   2.  slot ──► astray ──► slot                                what was taken out astray goes to its place,
//!                                                                 unless its twin is there
//! ```
//!
//! Nothing is allocated: nodes that are out of the list hang together by their own links. User code may panic
//! at every step: then what is astray goes to the place of its new hash unasked, so that nothing is lost.

use core::ptr::NonNull;

use super::SplitOrder;
use super::table::Table;
use super::verify::Rules;
use crate::list::{Kind, LinkPtr, Node, Succ};
use crate::reclaim::{Garbage, Session};
use crate::verification::Rebuilt;

/// What was taken out of a list, which this has to itself.
struct Refiling<'l, K, V> {
    table: &'l Table<Node<K, V>>,
    session: Session<'l, Node<K, V>>,
    /// Nodes that are to be filed by the hash that they have now, the first of them.
    astray: Succ<Node<K, V>>,
    /// Nodes with the key of one that is in the list.
    twins: Garbage<Node<K, V>>,
}

impl<K, V> SplitOrder<K, V> {
    /// Files every entry by the hash that its key has now; of those with equal keys, one that was in its
    /// place stays, the first such.
    pub(crate) fn rebuild(&mut self, rules: &impl Rules<K>) -> Rebuilt {
        // One that has ended may have pinned what becomes a twin, and be freed after it.
        self.domain.free_all_censuses();
        let (session, _seat) = self.domain.session();
        let mut refiling = Refiling {
            table: &self.table,
            session,
            astray: Succ::END,
            twins: Garbage::new(),
        };
        refiling.take_out(rules);
        let mut moved = 0;
        while let Some(filed) = refiling.file_next(|a, b| rules.eq(a, b)) {
            moved += usize::from(filed);
        }
        Rebuilt {
            moved,
            duplicates: refiling.twins.len(),
        }
    }
}

impl<'l, K, V> Refiling<'l, K, V> {
    #[expect(clippy::unused_self, reason = "it has the list to itself")]
    fn node(&self, node: NonNull<Node<K, V>>) -> &'l Node<K, V> {
        // SAFETY: in the list, or taken out of it by this, which has it to itself and frees none.
        unsafe { node.as_ref() }
    }

    /// Takes out what is not in its place, and what has a twin before it there.
    fn take_out(&mut self, rules: &impl Rules<K>) {
        let (_, mut pred, _) = self.table.start(0);
        // Where those begin that have the hash of the last one that stays.
        let (mut first, mut last) = (pred, None);
        loop {
            // SAFETY: a slot, or the link of a node in the list.
            let link = unsafe { pred.as_ref() };
            match link.load().kind() {
                Kind::Node(ptr) => {
                    let node = self.node(ptr);
                    // User code, as the comparisons below: nothing is half changed here.
                    let hash = rules.hash(node.key());
                    if hash != node.hash() {
                        link.set(node.next().load());
                        self.leave_astray(ptr, hash);
                        continue;
                    }
                    if last != Some(hash) {
                        (first, last) = (pred, Some(hash));
                    }
                    if self.has_twin(first, pred, |other| rules.eq(other, node.key())) {
                        link.set(node.next().load());
                        self.discard(ptr);
                    } else {
                        pred = NonNull::from(node.next());
                    }
                }
                Kind::Sentinel(slot) => (pred, last) = (slot, None),
                Kind::End => break,
            }
        }
    }

    /// Whether a node from the link `at` on, and before the link `end`, is `eq`.
    fn has_twin(
        &self,
        mut at: LinkPtr<K, V>,
        end: LinkPtr<K, V>,
        mut eq: impl FnMut(&K) -> bool,
    ) -> bool {
        while at != end {
            // SAFETY: a slot, or the link of a node in the list.
            let Kind::Node(node) = unsafe { at.as_ref() }.load().kind() else {
                return false;
            };
            let node = self.node(node);
            if eq(node.key()) {
                return true;
            }
            at = NonNull::from(node.next());
        }
        false
    }

    /// Keeps `node`, which was taken out, to be filed by `hash`.
    fn leave_astray(&mut self, node: NonNull<Node<K, V>>, hash: u32) {
        self.node(node).next().set(self.astray);
        self.astray = Succ::node(node);
        // SAFETY: out of the list, and this has the list to itself.
        unsafe { Node::set_hash(node, hash) };
    }

    /// Gives `node` up, which was taken out.
    fn discard(&mut self, node: NonNull<Node<K, V>>) {
        // SAFETY: out of the list, and this has the list to itself; given up once.
        unsafe { self.twins.push(node) };
        self.session.count(usize::MAX);
    }

    /// Files one that is astray, unless one of the same hash is `eq` to it; whether it was filed. `None`: no
    /// more are left.
    fn file_next(&mut self, eq: impl FnMut(&K, &K) -> bool) -> Option<bool> {
        let Kind::Node(ptr) = self.astray.kind() else {
            return None;
        };
        let node = self.node(ptr);
        // User code: until it has answered, the node is astray.
        let place = self.place(node, eq);
        self.astray = node.next().load();
        match place {
            Some(place) => {
                // SAFETY: a slot, or the link of a node in the list.
                let place = unsafe { place.as_ref() };
                node.next().set(place.load());
                place.set(Succ::node(ptr));
            }
            None => self.discard(ptr),
        }
        Some(place.is_some())
    }

    /// The link behind all that do not sort after `node`; `None` if one of the same hash is `eq` to it.
    fn place(
        &self,
        node: &Node<K, V>,
        mut eq: impl FnMut(&K, &K) -> bool,
    ) -> Option<LinkPtr<K, V>> {
        let hash = node.hash();
        let (exact, mut pred, _) = self.table.start(hash);
        loop {
            // SAFETY: a slot, or the link of a node in the list.
            match unsafe { pred.as_ref() }.load().kind() {
                Kind::Node(other) if self.node(other).hash() <= hash => {
                    let other = self.node(other);
                    if other.hash() == hash && eq(other.key(), node.key()) {
                        return None;
                    }
                    pred = NonNull::from(other.next());
                }
                Kind::Sentinel(slot) if !self.table.is_beyond(slot, exact, hash) => pred = slot,
                _ => return Some(pred),
            }
        }
    }
}

impl<K, V> Drop for Refiling<'_, K, V> {
    /// After a panic: files what is left, and asks nobody.
    fn drop(&mut self) {
        while self.file_next(|_, _| false).is_some() {}
    }
}
