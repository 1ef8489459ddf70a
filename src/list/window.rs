//! Walking: one protected step, and the search for the place of a key.
//!
//! ```text
//!            Window
//!   ... ──► pred ──────► curr ──────► next ...
//!           (slot, or    (found, or   (unmarked when read)
//!            protected)   the first one behind the place)
//! ```

use core::ptr::NonNull;

use super::link::{Kind, Link, Succ};
use super::node::{NewNode, Node};
use crate::reclaim::{Guard, Session};

/// What stands behind a link.
pub(crate) enum Step<K, V> {
    /// A live node, protected, and its unmarked successor.
    Node(NonNull<Node<K, V>>, Succ<Node<K, V>>),
    Sentinel(NonNull<Link<Node<K, V>>>),
    End,
    /// The link is marked: its node is deleted, the walk has to start again.
    Lost,
}

/// Reads what stands behind `pred`, protects it with `guard`, and unlinks the marked nodes met.
///
/// # Safety
/// `pred` is the link of a node that the caller protects, or a slot that is linked (L5); `succ` was
/// loaded from it.
#[inline(always)]
pub(crate) unsafe fn advance<K, V>(
    session: Session<'_, Node<K, V>>,
    pred: NonNull<Link<Node<K, V>>>,
    succ: Succ<Node<K, V>>,
    guard: &mut Guard<'_>,
) -> Step<K, V> {
    // SAFETY: a protected node's link, or a slot, which lives as long as the map.
    let pred = unsafe { pred.as_ref() };
    try_step(session, pred, succ, guard).unwrap_or_else(|now| retry_step(session, pred, now, guard))
}

/// [`advance`], if nothing changes meanwhile; else gives what `pred` holds now.
#[inline(always)]
fn try_step<K, V>(
    session: Session<'_, Node<K, V>>,
    pred: &Link<Node<K, V>>,
    succ: Succ<Node<K, V>>,
    guard: &mut Guard<'_>,
) -> Result<Step<K, V>, Succ<Node<K, V>>> {
    let node = match succ.kind() {
        Kind::Node(node) => node,
        Kind::Sentinel(slot) => return Ok(Step::Sentinel(slot)),
        Kind::End => return Ok(Step::End),
    };
    // ORD[protect] publish, then load; against the unlinking exchanges below and elsewhere.
    let again = guard.protect_then_load(node, pred.atomic(), session.store_load());
    let again = Link::from_raw(again);
    if again != succ {
        return Err(again);
    }
    // SAFETY: protected (L4): found behind `pred`, unmarked, after the hazard was published.
    let next = unsafe { node.as_ref() }.next().load();
    if !next.is_marked() {
        return Ok(Step::Node(node, next));
    }
    // SAFETY: `node` is marked with the successor `next`, and protected.
    Err(unsafe { unlink(session, pred, node, next.unmarked()) })
}

#[cold]
#[inline(never)]
fn retry_step<K, V>(
    session: Session<'_, Node<K, V>>,
    pred: &Link<Node<K, V>>,
    mut succ: Succ<Node<K, V>>,
    guard: &mut Guard<'_>,
) -> Step<K, V> {
    loop {
        if succ.is_marked() {
            return Step::Lost;
        }
        match try_step(session, pred, succ, guard) {
            Ok(step) => return step,
            Err(now) => succ = now,
        }
    }
}

/// Unlinks the marked `node`; gives what `pred` holds afterwards.
///
/// # Safety
/// `node` is protected and marked, and `after` is its successor.
#[cold]
unsafe fn unlink<K, V>(
    session: Session<'_, Node<K, V>>,
    pred: &Link<Node<K, V>>,
    node: NonNull<Node<K, V>>,
    after: Succ<Node<K, V>>,
) -> Succ<Node<K, V>> {
    match pred.exchange(Succ::node(node), after) {
        Ok(()) => {
            // SAFETY: this exchange unlinked it (L3).
            unsafe { session.retire(node) };
            after
        }
        Err(now) => now,
    }
}

/// Makes a linked slot one that walks may start at, if its filler has not come to it yet; gives its
/// value.
///
/// # Safety
/// `slot` was met behind a link, so it is linked.
pub(crate) unsafe fn settle<K, V>(slot: NonNull<Link<Node<K, V>>>) -> Succ<Node<K, V>> {
    // SAFETY: slots live as long as the map.
    let slot = unsafe { slot.as_ref() };
    let succ = slot.load();
    if succ.is_pending() {
        // A failure means that another thread did it: a linked slot never becomes pending again.
        return match slot.exchange(succ, succ.settled()) {
            Ok(()) => succ.settled(),
            Err(now) => now,
        };
    }
    succ
}

/// What a search makes of a node.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visit {
    /// It stands before the place: go on.
    Past,
    /// It stands behind the place: stop.
    Beyond,
    /// It is the one.
    Found,
}

/// Where to begin a search, and which sentinels end it.
pub(crate) trait Route<K, V>: Copy {
    /// What [`ends_at`](Self::ends_at) has to know of the beginning.
    type Start: Copy;
    /// A linked slot whose boundary is not above the place, and its value; perhaps a nearer one after
    /// a restart.
    fn start(self) -> (Self::Start, NonNull<Link<Node<K, V>>>, Succ<Node<K, V>>);
    /// The sentinel stands behind the place.
    fn ends_at(self, start: Self::Start, sentinel: NonNull<Link<Node<K, V>>>) -> bool;
}

/// A place in the list, protected.
pub(crate) struct Window<'d, K, V> {
    pred: NonNull<Link<Node<K, V>>>,
    /// What `pred` held, unmarked.
    succ: Succ<Node<K, V>>,
    /// The found node, and its unmarked successor.
    found: Option<(NonNull<Node<K, V>>, Succ<Node<K, V>>)>,
    /// Guards the node that `pred` is in, if it is in one.
    _pred_guard: Option<Guard<'d>>,
    /// Guards the node behind `pred`, if there is one.
    guard: Guard<'d>,
    /// Nodes passed.
    pub(crate) passed: usize,
}

/// Finds the place that `visit` describes.
#[inline]
pub(crate) fn search<'d, K, V>(
    session: Session<'d, Node<K, V>>,
    route: impl Route<K, V>,
    mut visit: impl FnMut(&Node<K, V>) -> Visit,
) -> Window<'d, K, V> {
    let mut walk = Walk { pred_guard: None, guard: session.hazard(), passed: 0 };
    loop {
        let (start, pred, succ) = route.start();
        walk.passed = 0;
        let ends_at = |slot| route.ends_at(start, slot);
        if let Some((pred, succ, found)) = walk.go(session, ends_at, &mut visit, pred, succ) {
            let Walk { pred_guard, guard, passed } = walk;
            return Window { pred, succ, found, _pred_guard: pred_guard, guard, passed };
        }
    }
}

/// Finds a node and what protects it: [`search`] for those who change nothing. The first step stands
/// apart, in registers, as most look-ups need no other.
#[inline(always)]
pub(crate) fn lookup<'d, K, V>(
    session: Session<'d, Node<K, V>>,
    route: impl Route<K, V>,
    mut visit: impl FnMut(&Node<K, V>) -> Visit,
) -> Option<(NonNull<Node<K, V>>, Guard<'d>)> {
    let mut guard = session.hazard();
    let (start, pred, succ) = route.start();
    match succ.kind() {
        Kind::Node(node) => {
            // SAFETY: a slot lives as long as the map.
            let link = unsafe { pred.as_ref() }.atomic();
            // ORD[protect] publish, then load; against the unlinking exchanges below.
            if Link::from_raw(guard.protect_then_load(node, link, session.store_load())) == succ {
                // SAFETY: protected (L4): found behind `pred` after the hazard was published.
                let curr = unsafe { node.as_ref() };
                let next = curr.next().load();
                if !next.is_marked() {
                    return match visit(curr) {
                        Visit::Found => Some((node, guard)),
                        Visit::Beyond => None,
                        Visit::Past => {
                            let pred = NonNull::from(curr.next());
                            look_on(session, route, visit, (start, pred, next), Some(guard))
                        }
                    };
                }
            }
        }
        Kind::Sentinel(slot) if route.ends_at(start, slot) => return None,
        Kind::Sentinel(_) => {}
        Kind::End => return None,
    }
    drop(guard);
    look_on(session, route, visit, (start, pred, succ), None)
}

/// The rest of a [`lookup`]: from a link that held a successor, guarded if it is a node's.
#[inline(never)]
fn look_on<'d, K, V, R: Route<K, V>>(
    session: Session<'d, Node<K, V>>,
    route: R,
    mut visit: impl FnMut(&Node<K, V>) -> Visit,
    mut from: (R::Start, NonNull<Link<Node<K, V>>>, Succ<Node<K, V>>),
    pred_guard: Option<Guard<'d>>,
) -> Option<(NonNull<Node<K, V>>, Guard<'d>)> {
    let mut walk = Walk { pred_guard, guard: session.hazard(), passed: 0 };
    loop {
        let (start, pred, succ) = from;
        let ends_at = |slot| route.ends_at(start, slot);
        if let Some((_, _, found)) = walk.go(session, ends_at, &mut visit, pred, succ) {
            return found.map(|(node, _)| (node, walk.guard));
        }
        from = route.start();
    }
}

/// A place: a link, what it held, and the node found behind it with its successor.
type Place<K, V> = (
    NonNull<Link<Node<K, V>>>,
    Succ<Node<K, V>>,
    Option<(NonNull<Node<K, V>>, Succ<Node<K, V>>)>,
);

/// The hazards of a walk, hand over hand.
struct Walk<'d> {
    /// Guards the node that the walk stands on, if it is one.
    pred_guard: Option<Guard<'d>>,
    /// Guards the node behind it.
    guard: Guard<'d>,
    /// Nodes passed.
    passed: usize,
}

impl<'d> Walk<'d> {
    /// Walks on from `pred`, which held `succ`; `None` if the predecessor was lost.
    #[inline]
    fn go<K, V>(
        &mut self,
        session: Session<'d, Node<K, V>>,
        ends_at: impl Fn(NonNull<Link<Node<K, V>>>) -> bool,
        mut visit: impl FnMut(&Node<K, V>) -> Visit,
        mut pred: NonNull<Link<Node<K, V>>>,
        mut succ: Succ<Node<K, V>>,
    ) -> Option<Place<K, V>> {
        loop {
            // SAFETY: `pred` is a slot to start at, a slot met on the way, or the link of a node
            // that `pred_guard` protects; `succ` was read there.
            match unsafe { advance(session, pred, succ, &mut self.guard) } {
                Step::Lost => return None,
                Step::End => return Some((pred, Succ::END, None)),
                Step::Sentinel(slot) if ends_at(slot) => {
                    return Some((pred, Succ::sentinel(slot), None));
                }
                Step::Sentinel(slot) => {
                    // SAFETY: met behind a link.
                    succ = unsafe { settle(slot) };
                    pred = slot;
                }
                Step::Node(node, next) => {
                    // SAFETY: protected by `guard`.
                    let curr = unsafe { node.as_ref() };
                    match visit(curr) {
                        Visit::Found => return Some((pred, Succ::node(node), Some((node, next)))),
                        Visit::Beyond => return Some((pred, Succ::node(node), None)),
                        Visit::Past => {
                            (pred, succ) = (NonNull::from(curr.next()), next);
                            self.passed += 1;
                            // The handles change places, not the protections: a scan that reads
                            // one and then the other must not miss the node.
                            let free = self.pred_guard.take().unwrap_or_else(|| session.hazard());
                            self.pred_guard = Some(core::mem::replace(&mut self.guard, free));
                        }
                    }
                }
            }
        }
    }
}

impl<'d, K, V> Window<'d, K, V> {
    pub(crate) fn found(&self) -> Option<&Node<K, V>> {
        // SAFETY: protected by `guard`.
        self.found.map(|(node, _)| unsafe { &*node.as_ptr().cast_const() })
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

    /// Reads the found node's successor again; false if the node has been deleted.
    pub(crate) fn refresh(&mut self) -> bool {
        self.found.as_mut().is_some_and(|(node, next)| {
            // SAFETY: protected by `guard`.
            *next = unsafe { node.as_ref() }.next().load();
            !next.is_marked()
        })
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

    /// Links the claimed `slot` at this place, if nothing changed here.
    pub(crate) fn insert_sentinel(&self, slot: &Link<Node<K, V>>) -> bool {
        slot.set(self.succ.pending());
        self.pred().exchange(self.succ, Succ::sentinel(NonNull::from(slot))).is_ok()
    }

    /// Deletes the found node, if nothing changed behind it. True: deleted by this call; the caller
    /// runs [`finish`](Self::finish) next.
    pub(crate) fn mark(&self) -> bool {
        self.found.is_some_and(|(node, next)| {
            // SAFETY: protected by `guard`.
            unsafe { node.as_ref() }.next().mark(next).is_ok()
        })
    }

    /// Deletes the found node and puts `new` in its place by one exchange; else gives it back.
    /// On success the caller runs [`finish`](Self::finish) next.
    pub(crate) fn replace(&mut self, new: NewNode<K, V>) -> Result<(), NewNode<K, V>> {
        let Some((node, next)) = self.found else { return Err(new) };
        new.node().next().set(next);
        let ptr = Succ::node(new.ptr());
        // SAFETY: protected by `guard`.
        match unsafe { node.as_ref() }.next().exchange(next, ptr.marked()) {
            Ok(()) => {
                new.published();
                self.found = Some((node, ptr));
                Ok(())
            }
            Err(_) => Err(new),
        }
    }

    /// Unlinks the found node, which this thread has marked. False: the predecessor changed, and a
    /// search past the node's hash is needed to unlink it.
    pub(crate) fn finish(&self, session: Session<'d, Node<K, V>>) -> bool {
        let Some((node, after)) = self.found else { return true };
        let unlinked = self.pred().exchange(Succ::node(node), after).is_ok();
        if unlinked {
            // SAFETY: this exchange unlinked it (L3).
            unsafe { session.retire(node) };
        }
        unlinked
    }
}
