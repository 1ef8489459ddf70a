//! Windows: a place in the list, protected, and what can be done there.
//!
//! ```text
//!   ... ──► pred ──────► curr ──────► next ...
//!           (slot, or    (found, or   (unmarked when read)
//!            protected)   the first one behind the place)
//! ```

use core::ptr::NonNull;

use super::link::{Kind, Link, Succ};
use super::node::{NewNode, Node};
use super::walk::{Found, LinkPtr, Route, Visit, Walk, unlink};
use crate::reclaim::{Guard, Session};

/// A place in the list, protected.
pub(crate) struct Window<'d, K, V> {
    pred: LinkPtr<K, V>,
    /// What `pred` held, unmarked.
    succ: Succ<Node<K, V>>,
    /// The found node, and its unmarked successor.
    found: Option<Found<K, V>>,
    /// Guards the node that `pred` is in, if it is in one.
    _pred_guard: Option<Guard<'d>>,
    /// Guards the node behind `pred`, if there is one.
    guard: Guard<'d>,
    /// Nodes passed.
    pub(crate) passed: usize,
}

/// Finds the place that `visit` describes.
#[inline]
pub(crate) fn search<K, V>(
    session: Session<'_, Node<K, V>>,
    route: impl Route<K, V>,
    mut visit: impl FnMut(&Node<K, V>) -> Visit,
) -> Window<'_, K, V> {
    let mut walk = Walk {
        pred_guard: None,
        guard: session.hazard(),
        passed: 0,
    };
    loop {
        let (start, pred, succ) = route.start();
        walk.passed = 0;
        let ends_at = |slot| route.ends_at(start, slot);
        if let Some((pred, succ, found)) = walk.go(session, ends_at, &mut visit, pred, succ) {
            session.probe().passed(walk.passed);
            let Walk {
                pred_guard,
                guard,
                passed,
            } = walk;
            return Window {
                pred,
                succ,
                found,
                _pred_guard: pred_guard,
                guard,
                passed,
            };
        }
        session.probe().restarted();
    }
}

impl<'d, K, V> Window<'d, K, V> {
    pub(crate) fn found(&self) -> Option<&Node<K, V>> {
        // SAFETY: protected by `guard`.
        self.found
            .as_ref()
            .map(|(node, _)| unsafe { node.as_ref() })
    }

    /// A node with the found one's key, and the value that `f` makes of the found one.
    pub(crate) fn lend(&self, f: impl FnOnce(&K, &V) -> V) -> Option<NewNode<K, V>> {
        let (node, _) = self.found?;
        // SAFETY: protected by `guard`.
        let found = unsafe { node.as_ref() };
        let value = f(found.key(), found.value());
        // SAFETY: protected by `guard`, and a pointer as it stands in the list.
        Some(unsafe { NewNode::lent(node, value) })
    }

    /// The found node and what protects it.
    pub(crate) fn into_found(self) -> Option<(NonNull<Node<K, V>>, Guard<'d>)> {
        let (node, _) = self.found?;
        Some((node, self.guard))
    }

    /// The found node and what protects it, or the place where it would be.
    pub(crate) fn into_found_or_place(self) -> Result<(NonNull<Node<K, V>>, Guard<'d>), Self> {
        match self.found {
            Some((node, _)) => Ok((node, self.guard)),
            None => Err(self),
        }
    }

    fn pred(&self) -> &Link<Node<K, V>> {
        // SAFETY: a slot, or in a node that `_pred_guard` protects.
        unsafe { self.pred.as_ref() }
    }

    /// Links `new` at this place, if nothing changed here; else gives it back.
    pub(crate) fn insert(&self, new: NewNode<K, V>) -> Result<(), NewNode<K, V>> {
        debug_assert!(self.found.is_none());
        new.node().next().set(self.succ);
        // L6: `guard` protects the node in `succ`, if it is one.
        match self.pred().exchange(self.succ, Succ::node(new.ptr())) {
            Ok(()) => {
                new.published();
                Ok(())
            }
            Err(_) => Err(new),
        }
    }

    /// Links `slot`, which the caller fills, at this place, if nothing changed here.
    pub(crate) fn insert_sentinel(&self, slot: &Link<Node<K, V>>) -> bool {
        slot.set(self.succ.pending());
        self.pred()
            .exchange(self.succ, Succ::sentinel(NonNull::from(slot)))
            .is_ok()
    }

    /// Deletes the found node. True: by this call; the caller runs [`finish`](Self::finish) next.
    pub(crate) fn mark(&mut self) -> bool {
        let Some((node, next)) = &mut self.found else {
            return false;
        };
        // SAFETY: protected by `guard`.
        let marked = unsafe { node.as_ref() }.next().mark();
        marked.inspect(|&after| *next = after).is_some()
    }

    /// Deletes the found node and puts `new` in its place by one exchange; gives it back if the node
    /// has been deleted. On success the caller runs [`finish`](Self::finish) next.
    #[inline]
    pub(crate) fn replace(
        &mut self,
        session: Session<'d, Node<K, V>>,
        new: NewNode<K, V>,
    ) -> Result<(), NewNode<K, V>> {
        let Some((node, next)) = &mut self.found else {
            return Err(new);
        };
        // SAFETY: protected by `guard`.
        let link = unsafe { node.as_ref() }.next();
        let ptr = Succ::node(new.ptr());
        let mut next_guard = None;
        while !next.is_marked() {
            // L6: `new` will point there, so nobody may free it meanwhile.
            if let Kind::Node(after) = next.kind() {
                let guard = next_guard.get_or_insert_with(|| session.hazard());
                match guard.protect_in(after, link.atomic(), session.store_load()) {
                    Ok(after) => *next = Succ::node(after),
                    Err(now) => {
                        session.probe().failed_exchange();
                        *next = Link::from_raw(now);
                        continue;
                    }
                }
            }
            new.node().next().set(*next);
            match link.exchange(*next, ptr.marked()) {
                Ok(()) => {
                    new.published();
                    *next = ptr;
                    return Ok(());
                }
                Err(now) => {
                    session.probe().failed_exchange();
                    *next = now;
                }
            }
        }
        Err(new)
    }

    /// Unlinks the found node, which this thread has marked. False: the predecessor changed, and a
    /// search past the node's hash is needed to unlink it.
    pub(crate) fn finish(&self, session: Session<'d, Node<K, V>>) -> bool {
        let Some((node, after)) = self.found else {
            return true;
        };
        // SAFETY: protected by `guard`, and marked with that successor by this thread.
        unsafe { unlink(session, self.pred(), node, after) }.is_ok()
    }
}
