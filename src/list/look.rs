//! Looking: a walk that changes nothing, and takes no link for lawful.
//!
//! ```text
//!   anchor ───────► marked ──────► marked ──────► node
//!   ▲ unmarked,     ▲ `first`                     ▲ its hazard is published, then `anchor` read again (L8)
//!     or a slot
//! ```
//!
//! Other walks unlink what is marked, and follow links without a doubt. One that looks for faults must not: to
//! unlink in a list that is broken may break more of it. Each step shows two neighbours as they stood at one
//! moment, those marked left out; or says what is wrong with the link in between. A walk that comes to a node again (Brent's way to
//! see that: one node is remembered, and a later one each time that the walk has become twice as long) stops.

use core::ptr::NonNull;

use super::link::{Link, Shape, Succ};
use super::node::Node;
use super::walk::LinkPtr;
use crate::reclaim::{Guard, Session};
use crate::tunables::TRIES;

/// Steps before the first node is remembered: most walks are shorter.
const FIRST_REST: usize = 16;

/// A node and its protection.
type Protected<'d, K, V> = (NonNull<Node<K, V>>, Guard<'d>);

/// What stands behind the place of a [`Look`].
pub(crate) enum Behind<'d, K, V> {
    /// A live node, where the walk stands now; and the live node where it stood, if it was one.
    Node(NonNull<Node<K, V>>, Option<Protected<'d, K, V>>),
    Sentinel(LinkPtr<K, V>),
    End,
    /// Unlawful: the link leads nowhere.
    Empty,
    /// Unlawful: the link of a node is pending.
    Pending,
    /// Unlawful: the walk was there before.
    Cycle,
    /// The walk was disturbed, and has to start again.
    Lost,
}

/// A place in the list, protected.
pub(crate) struct Look<'d, K, V> {
    session: Session<'d, Node<K, V>>,
    anchor: LinkPtr<K, V>,
    /// What the anchor held.
    held: Succ<Node<K, V>>,
    /// The live node that the anchor is in, unless it is a slot.
    at: Option<Protected<'d, K, V>>,
    /// Marked nodes passed.
    pub(crate) marked: usize,
    steps: usize,
    /// How many steps it takes to remember another node.
    rest: usize,
    /// The node that is remembered.
    remembered: Option<NonNull<Node<K, V>>>,
    guard: Option<Guard<'d>>,
}

impl<'d, K, V> Look<'d, K, V> {
    /// A walk from `slot`, which is linked.
    pub(crate) fn new(session: Session<'d, Node<K, V>>, slot: &Link<Node<K, V>>) -> Self {
        Self {
            session,
            anchor: NonNull::from(slot),
            held: slot.load(),
            at: None,
            marked: 0,
            steps: 0,
            rest: FIRST_REST,
            remembered: None,
            guard: None,
        }
    }

    /// Goes on from `slot`, which was met.
    pub(crate) fn enter(&mut self, slot: &Link<Node<K, V>>) {
        (self.anchor, self.held, self.at) = (NonNull::from(slot), slot.load(), None);
    }

    /// What stands behind; goes there, if it is a node.
    pub(crate) fn next(&mut self) -> Behind<'d, K, V> {
        for _ in 0..TRIES {
            match self.try_next() {
                Ok(behind) => return behind,
                Err(now) if now.is_marked() => break,
                Err(now) => {
                    self.held = now;
                    // It may be met again, now that the walk goes back to its anchor.
                    self.remembered = None;
                }
            }
        }
        Behind::Lost
    }

    /// [`next`](Self::next), if nothing changes meanwhile; else gives what the anchor holds now.
    fn try_next(&mut self) -> Result<Behind<'d, K, V>, Succ<Node<K, V>>> {
        // SAFETY: a slot, which lives as long as the map, or in the node that `at` protects.
        let anchor = unsafe { self.anchor.as_ref() };
        let (mut succ, mut in_node) = (self.held, self.at.is_some());
        // The first marked node that was passed keeps its address from being reused; the last one is read.
        let (mut first, mut last, mut marked) = (None, None, 0);
        loop {
            let end = match succ.shape() {
                _ if in_node && succ.is_pending() => Behind::Pending,
                Shape::Node(node) => {
                    let (node, guard) = self.protect(anchor, node, first.is_none())?;
                    if self.remembered == Some(node) {
                        return Ok(Behind::Cycle);
                    }
                    self.remember(node);
                    // SAFETY: protected by `guard`.
                    let link = unsafe { node.as_ref() }.next();
                    succ = link.load();
                    if succ.is_marked() {
                        (succ, in_node) = (succ.unmarked(), true);
                        marked += 1;
                        let passed = first.is_some().then_some(&mut last);
                        *passed.unwrap_or(&mut first) = Some(guard);
                        continue;
                    }
                    (self.anchor, self.held) = (NonNull::from(link), succ);
                    Behind::Node(node, self.at.replace((node, guard)))
                }
                // What is behind a marked node is behind the anchor if that still leads there (L8).
                _ if first.is_some() && anchor.load() != self.held => return Err(anchor.load()),
                Shape::Sentinel(slot) => Behind::Sentinel(slot),
                Shape::End => Behind::End,
                Shape::Empty => Behind::Empty,
            };
            self.marked += marked;
            return Ok(end);
        }
    }

    /// Protects `node`, which stands behind `anchor`: next to it, or behind marked nodes.
    fn protect(
        &mut self,
        anchor: &Link<Node<K, V>>,
        node: NonNull<Node<K, V>>,
        is_next: bool,
    ) -> Result<Protected<'d, K, V>, Succ<Node<K, V>>> {
        if self.steps == self.rest {
            // Both hazards are published before the anchor is read again: no protection is copied.
            let guard = self.guard.get_or_insert_with(|| self.session.hazard());
            guard.protect(node);
            self.remembered = None;
        }
        let mut guard = self.session.hazard();
        // ORD[protect] publish, then load; against the exchanges that unlink.
        let again = guard.publish(node, anchor.atomic(), self.session.store_load());
        let again = Link::from_raw(again);
        if again != self.held {
            return Err(again);
        }
        let node = match again.shape() {
            // The pointer that was read last: see `protect_in`.
            Shape::Node(read_last) if is_next => read_last,
            _ => node,
        };
        Ok((node, guard))
    }

    /// Counts a step to `node`, and remembers that, when its time has come.
    fn remember(&mut self, node: NonNull<Node<K, V>>) {
        if self.steps == self.rest {
            self.remembered = Some(node);
            self.rest *= 2;
        }
        self.steps += 1;
    }
}
