//! Walking: one protected step after the other, hand over hand.
//!
//! ```text
//!   pred ─────────► curr ─────────► next
//!   ▲ pred_guard    ▲ guard         protected in the next step, by pred_guard's handle
//! ```
//!
//! A step publishes a hazard for what stands behind `pred`, and reads `pred` again (L4). Marked nodes
//! are unlinked on the way. If `pred` itself turns out to be marked, the walk is lost and starts again.

use core::ptr::NonNull;

use super::link::{Kind, Link, Succ};
use super::node::Node;
use super::report;
use crate::reclaim::{Guard, Session};

/// A link that somebody stands on: a slot, or in a node.
pub(crate) type LinkPtr<K, V> = NonNull<Link<Node<K, V>>>;
/// A protected node, and its unmarked successor.
pub(super) type Found<K, V> = (NonNull<Node<K, V>>, Succ<Node<K, V>>);
/// A link, what it held, and the node found behind it.
pub(super) type Place<K, V> = (LinkPtr<K, V>, Succ<Node<K, V>>, Option<Found<K, V>>);
/// What a route knows of its beginning, the slot there, and what that held.
type Beginning<S, K, V> = (S, LinkPtr<K, V>, Succ<Node<K, V>>);

/// What stands behind a link.
pub(crate) enum Step<K, V> {
    /// A live node, protected, and its unmarked successor.
    Node(NonNull<Node<K, V>>, Succ<Node<K, V>>),
    Sentinel(LinkPtr<K, V>),
    End,
    /// The link is marked: its node is deleted, the walk has to start again.
    Lost,
}

/// Reads what stands behind `pred`, protects it with `guard`, and unlinks the marked nodes met.
///
/// # Safety
/// `pred` is the link of a node that the caller protects, or a slot that is linked (L5); `succ` was
/// loaded from it.
#[inline]
pub(crate) unsafe fn advance<K, V>(
    session: Session<'_, Node<K, V>>,
    pred: LinkPtr<K, V>,
    succ: Succ<Node<K, V>>,
    guard: &mut Guard<'_>,
) -> Step<K, V> {
    // SAFETY: a protected node's link, or a slot, which lives as long as the map.
    let pred = unsafe { pred.as_ref() };
    try_step(session, pred, succ, guard).unwrap_or_else(|now| retry_step(session, pred, now, guard))
}

/// [`advance`], if nothing changes meanwhile; else gives what `pred` holds now.
#[inline]
fn try_step<K, V>(
    session: Session<'_, Node<K, V>>,
    pred: &Link<Node<K, V>>,
    succ: Succ<Node<K, V>>,
    guard: &mut Guard<'_>,
) -> Result<Step<K, V>, Succ<Node<K, V>>> {
    match succ.kind() {
        Kind::Node(node) => {
            step_to(session, pred, node, guard).map(|(node, next)| Step::Node(node, next))
        }
        Kind::Sentinel(slot) => Ok(Step::Sentinel(slot)),
        Kind::End => Ok(Step::End),
    }
}

/// Protects `node`, which was read from `pred`, and reads its unmarked successor. If that cannot be, gives what `pred`
/// holds now: another node stands there, it is marked, or `node` is, and unlinked here.
#[inline]
fn step_to<K, V>(
    session: Session<'_, Node<K, V>>,
    pred: &Link<Node<K, V>>,
    node: NonNull<Node<K, V>>,
    guard: &mut Guard<'_>,
) -> Result<Found<K, V>, Succ<Node<K, V>>> {
    // ORD[protect] publish, then load; against the unlinking exchanges below and elsewhere.
    let node = guard
        .protect_in(node, pred.atomic(), session.store_load())
        .map_err(Link::from_raw)?;
    // SAFETY: protected (L4): found behind `pred`, unmarked, after the hazard was published.
    let next = unsafe { node.as_ref() }.next().load();
    if !next.is_marked() {
        return Ok((node, next));
    }
    // SAFETY: `node` is marked with that successor, and protected.
    Err(unsafe { unlink_met(session, pred, node, next.unmarked()) })
}

/// [`unlink`] of a node that was met on a walk; gives what `pred` holds then.
///
/// # Safety
/// As [`unlink`].
#[cold]
#[inline(never)]
unsafe fn unlink_met<K, V>(
    session: Session<'_, Node<K, V>>,
    pred: &Link<Node<K, V>>,
    node: NonNull<Node<K, V>>,
    after: Succ<Node<K, V>>,
) -> Succ<Node<K, V>> {
    // SAFETY: the caller's promise.
    match unsafe { unlink(session, pred, node, after) } {
        Ok(()) => {
            // Another thread marked it, most often.
            session.probe().helped();
            after
        }
        Err(now) => now,
    }
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
        session.probe().stepped_again();
        if succ.is_marked() {
            return Step::Lost;
        }
        match try_step(session, pred, succ, guard) {
            Ok(step) => return step,
            Err(now) => succ = now,
        }
    }
}

/// Unlinks the marked `node` and retires it; if `pred` no longer holds it, gives what it does.
///
/// # Safety
/// `node` is protected and marked, and `after` is its successor.
#[inline]
pub(super) unsafe fn unlink<K, V>(
    session: Session<'_, Node<K, V>>,
    pred: &Link<Node<K, V>>,
    node: NonNull<Node<K, V>>,
    after: Succ<Node<K, V>>,
) -> Result<(), Succ<Node<K, V>>> {
    // SAFETY: the caller's promise.
    if session.is_observed() && !unsafe { report::removed(session, pred, node, after) } {
        return Err(pred.load());
    }
    pred.exchange(Succ::node(node), after)
        .inspect_err(|_| session.probe().failed_exchange())?;
    // SAFETY: this exchange unlinked it (L3).
    unsafe { session.retire(node) };
    Ok(())
}

/// Makes a linked slot one that walks may start at, if its filler has not come to it yet; gives its
/// value.
///
/// # Safety
/// `slot` was met behind a link, so it is linked.
pub(crate) unsafe fn settle<K, V>(slot: LinkPtr<K, V>) -> Succ<Node<K, V>> {
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
    fn start(self) -> Beginning<Self::Start, K, V>;
    /// The sentinel stands behind the place.
    fn ends_at(self, start: Self::Start, sentinel: LinkPtr<K, V>) -> bool;
}

/// Finds a node and what protects it: [`search`](super::search) for those who change nothing. The
/// first step stands apart, in registers, as most look-ups need no other.
#[inline]
pub(crate) fn lookup<K, V>(
    session: Session<'_, Node<K, V>>,
    route: impl Route<K, V>,
    mut visit: impl FnMut(&Node<K, V>) -> Visit,
) -> Option<(NonNull<Node<K, V>>, Guard<'_>)> {
    let mut guard = session.hazard();
    let (start, pred, succ) = route.start();
    match succ.kind() {
        Kind::Node(node) => {
            // SAFETY: a slot lives as long as the map.
            let link = unsafe { pred.as_ref() }.atomic();
            // ORD[protect] publish, then load; against the unlinking exchanges below.
            if let Ok(node) = guard.protect_in(node, link, session.store_load()) {
                // SAFETY: protected (L4): found behind `pred` after the hazard was published.
                let curr = unsafe { node.as_ref() };
                let next = curr.next().load();
                if !next.is_marked() {
                    match visit(curr) {
                        // SAFETY: protected by `guard`.
                        Visit::Found if unsafe { report::found(session, node) } => {
                            return Some((node, guard));
                        }
                        Visit::Found => {}
                        Visit::Beyond => return None,
                        Visit::Past => {
                            return walk_on(session, route, visit, start, (curr, next), guard);
                        }
                    }
                }
            }
        }
        Kind::Sentinel(slot) if route.ends_at(start, slot) => return None,
        Kind::Sentinel(_) => {}
        Kind::End => return None,
    }
    drop(guard);
    look_again(session, route, visit)
}

/// The rest of a [`lookup`], behind its first node, which `guard` protects, and which has a successor. Inlined, as a
/// quarter of the look-ups come here.
#[inline]
fn walk_on<'d, K, V, R: Route<K, V>>(
    session: Session<'d, Node<K, V>>,
    route: R,
    mut visit: impl FnMut(&Node<K, V>) -> Visit,
    start: R::Start,
    (first, succ): (&Node<K, V>, Succ<Node<K, V>>),
    guard: Guard<'d>,
) -> Option<(NonNull<Node<K, V>>, Guard<'d>)> {
    let mut walk = Walk {
        pred_guard: Some(guard),
        guard: session.hazard(),
        passed: 1,
    };
    let ends_at = |slot| route.ends_at(start, slot);
    let pred = NonNull::from(first.next());
    if let Some((_, _, found)) = walk.go(session, ends_at, &mut visit, pred, succ) {
        session.probe().passed(walk.passed);
        return found.map(|(node, _)| (node, walk.guard));
    }
    drop(walk);
    session.probe().restarted();
    look_again(session, route, visit)
}

/// A [`lookup`] from its beginning: the first one was disturbed, or did not start at its own bucket's slot.
#[cold]
#[inline(never)]
fn look_again<K, V>(
    session: Session<'_, Node<K, V>>,
    route: impl Route<K, V>,
    mut visit: impl FnMut(&Node<K, V>) -> Visit,
) -> Option<(NonNull<Node<K, V>>, Guard<'_>)> {
    let mut walk = Walk {
        pred_guard: None,
        guard: session.hazard(),
        passed: 0,
    };
    loop {
        let (start, pred, succ) = route.start();
        let ends_at = |slot| route.ends_at(start, slot);
        if let Some((_, _, found)) = walk.go(session, ends_at, &mut visit, pred, succ) {
            session.probe().passed(walk.passed);
            return found.map(|(node, _)| (node, walk.guard));
        }
        session.probe().restarted();
    }
}

/// The hazards of a walk, hand over hand.
pub(super) struct Walk<'d> {
    /// Guards the node that the walk stands on, if it is one.
    pub(super) pred_guard: Option<Guard<'d>>,
    /// Guards the node behind it.
    pub(super) guard: Guard<'d>,
    /// Nodes passed.
    pub(super) passed: usize,
}

impl<'d> Walk<'d> {
    /// Walks on from `pred`, which held `succ`; `None` if the predecessor was lost.
    #[inline]
    pub(super) fn go<K, V>(
        &mut self,
        session: Session<'d, Node<K, V>>,
        ends_at: impl Fn(LinkPtr<K, V>) -> bool,
        mut visit: impl FnMut(&Node<K, V>) -> Visit,
        mut pred: LinkPtr<K, V>,
        mut succ: Succ<Node<K, V>>,
    ) -> Option<Place<K, V>> {
        loop {
            let node = match succ.kind() {
                Kind::Node(node) => node,
                Kind::Sentinel(slot) if ends_at(slot) => return Some((pred, succ, None)),
                Kind::Sentinel(slot) => {
                    // SAFETY: met behind a link.
                    succ = unsafe { settle(slot) };
                    pred = slot;
                    continue;
                }
                Kind::End => return Some((pred, succ, None)),
            };
            // SAFETY: a slot to start at or met on the way, or the link of a node that `pred_guard` protects.
            let link = unsafe { pred.as_ref() };
            let (node, next) = match step_to(session, link, node, &mut self.guard) {
                Ok(found) => found,
                Err(now) if now.is_marked() => return None,
                Err(now) => {
                    succ = now;
                    continue;
                }
            };
            // SAFETY: protected by `guard`.
            let curr = unsafe { node.as_ref() };
            match visit(curr) {
                // SAFETY: protected by `guard`.
                Visit::Found if unsafe { report::found(session, node) } => {
                    return Some((pred, Succ::node(node), Some((node, next))));
                }
                Visit::Found => return None,
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
