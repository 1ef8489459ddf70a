//! What is told to a census (`reclaim`), while one is being taken, of nodes that come, are seen, and go.
//!
//! ```text
//!   found:    pred ──► curr ──► next         curr is there, if it is unmarked now
//!   removed:  pred ──► curr ─(MARK)─► next   curr is gone; next is there, if it may have replaced it
//! ```
//!
//! Both look again after the census was found, so that what was over before it began is not told to it (C3).

use core::ptr::NonNull;

use super::link::{Kind, Link, Succ};
use super::node::Node;
use crate::reclaim::Session;

/// Tells that `node` was found, before that is shown to anybody. False: it is marked meanwhile, and may have been
/// replaced; so the caller may not show it, nor take it for gone, but looks again.
///
/// # Safety
/// The caller protects `node`.
#[inline]
pub(crate) unsafe fn found<K, V>(
    session: Session<'_, Node<K, V>>,
    node: NonNull<Node<K, V>>,
) -> bool {
    // SAFETY: the caller's promise.
    !session.is_observed() || unsafe { report_found(session, node) }
}

#[cold]
#[inline(never)]
unsafe fn report_found<K, V>(session: Session<'_, Node<K, V>>, node: NonNull<Node<K, V>>) -> bool {
    // SAFETY: protected by the caller.
    let link = unsafe { node.as_ref() }.next();
    let is_unmarked = || !load_again(session, link).is_marked();
    // SAFETY: protected by the caller; looks as asked for.
    unsafe { session.report_present(node, is_unmarked) }
}

/// Tells that `node`, which is marked with the successor `after`, is about to be unlinked from behind `pred`. False: it
/// does not stand there, and the caller may not unlink it from there: if it came back there, nobody would have told.
///
/// # Safety
/// The caller protects `node`, and `pred` if that is in one.
#[cold]
#[inline(never)]
pub(super) unsafe fn removed<K, V>(
    session: Session<'_, Node<K, V>>,
    pred: &Link<Node<K, V>>,
    node: NonNull<Node<K, V>>,
    after: Succ<Node<K, V>>,
) -> bool {
    let what = || {
        let Kind::Node(next) = after.kind() else {
            return (load_again(session, pred) == Succ::node(node)).then_some(None);
        };
        // L6: it is not unlinked before `node` is. So if that is linked when the hazard is out, it holds.
        let mut guard = session.hazard();
        // ORD[protect], and behind the look at the census: see `reclaim`.
        let again = guard.publish(next, pred.atomic(), session.store_load());
        if Link::from_raw(again) != Succ::node(node) {
            return None;
        }
        // SAFETY: protected by `guard`.
        let may_replace = unsafe { next.as_ref() }.hash() == {
            // SAFETY: protected by the caller.
            unsafe { node.as_ref() }.hash()
        };
        Some(may_replace.then_some((next, guard)))
    };
    // SAFETY: protected by the caller; looks as asked for.
    unsafe { session.report_removed(node, what) }
}

/// What stands in `link`, after what the caller stored and saw.
fn load_again<K, V>(session: Session<'_, Node<K, V>>, link: &Link<Node<K, V>>) -> Succ<Node<K, V>> {
    // ORD[census] Acquire, and behind the look at the census: see `reclaim`.
    Link::from_raw(session.store_load().load_after_publish(link.atomic()))
}
