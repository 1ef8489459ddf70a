//! Changes that depend on what is there: look, ask, and change that very entry, or look again.
//!
//! ```text
//!   find ──► window ──► f(entry) ──► exchange of the link that the window stands on
//!     ▲                                  │ lost: the entry is another one by now
//!     └──── the value comes back ◄───────┘
//! ```
//!
//! | operation | linearizes at |
//! |---|---|
//! | nothing done, absent | the load of the last link read |
//! | nothing done, found | the load of the node's own link, unmarked |
//! | inserted, replaced, removed | as in [`insert`](super::SplitOrder::insert) and [`remove_if`](super::SplitOrder::remove_if) |

use core::ptr;

use super::{Protected, SplitOrder};
use crate::list::{NewNode, Node, Visit, Window, search};
use crate::operation::Operation;
use crate::probe::Kind;
use crate::reclaim::Session;

/// What a computation did.
pub(crate) enum Outcome<'d, K, V, T> {
    Inserted(Protected<'d, K, V>),
    Updated {
        old: Protected<'d, K, V>,
        new: Protected<'d, K, V>,
    },
    Removed(Option<Protected<'d, K, V>>),
    Aborted(T),
}

/// What an exchange replaced, and what stands in its place; or what it found instead of what it was to
/// replace, and the value that it was to put there.
type Replaced<'d, K, V> =
    Result<(Protected<'d, K, V>, Protected<'d, K, V>), (Option<Protected<'d, K, V>>, V)>;

impl<K, V> SplitOrder<K, V> {
    /// Does what `f` answers to the entry of the key that is there. If that entry changes before it is
    /// done, `f` is asked again, and given back the value that it wanted to insert.
    pub(crate) fn compute<T>(
        &self,
        hash: u32,
        mut key: K,
        eq: impl Fn(&K, &K) -> bool,
        mut f: impl FnMut(Option<(&K, &V)>, Option<V>) -> Operation<V, T>,
    ) -> Outcome<'_, K, V, T> {
        let (session, _seat) = self.domain.operation();
        let mut guard = session.hazard();
        let mut returned = None;
        let outcome = loop {
            let mut window = self.find(session, hash, |other| eq(&key, other));
            let entry = window.found().map(|node| (node.key(), node.value()));
            let is_new = entry.is_none();
            match f(entry, returned.take()) {
                Operation::Abort(answer) => break Outcome::Aborted(answer),
                Operation::Remove if is_new => break Outcome::Removed(None),
                Operation::Remove => {
                    if self.remove_found(session, &mut window, hash) {
                        break Outcome::Removed(window.into_found());
                    }
                    session.probe().restarted();
                }
                Operation::Insert(value) => {
                    let new = NewNode::new(hash, key, value);
                    // Protected before anybody can reach it (L7).
                    let ptr = new.ptr();
                    guard.protect(ptr);
                    match self.set(session, &mut window, new) {
                        Ok(()) => {
                            let new = (ptr, guard);
                            break match window.into_found() {
                                Some(old) => Outcome::Updated { old, new },
                                None => Outcome::Inserted(new),
                            };
                        }
                        Err(back) => {
                            session.probe().restarted();
                            let (own, value) = back.into_parts();
                            (key, returned) = (own, Some(value));
                        }
                    }
                }
            }
        };
        self.done(session, Kind::Compute, hash);
        outcome
    }

    /// Replaces the entry by one with the same key and `value`, if it passes `test`; gives both.
    pub(crate) fn replace_if(
        &self,
        hash: u32,
        mut value: V,
        mut eq: impl FnMut(&K) -> bool,
        mut test: impl FnMut(&K, &V) -> bool,
    ) -> Replaced<'_, K, V> {
        let (session, _seat) = self.domain.operation();
        let mut guard = session.hazard();
        let result = loop {
            let mut window = self.find(session, hash, &mut eq);
            if !window
                .found()
                .is_some_and(|node| test(node.key(), node.value()))
            {
                break Err((window.into_found(), value));
            }
            let Some(new) = window.lend(|_, _| value) else {
                unreachable!("something passed the test");
            };
            // Protected before anybody can reach it (L7).
            let ptr = new.ptr();
            guard.protect(ptr);
            match self.set(session, &mut window, new) {
                Ok(()) => match window.into_found() {
                    Some(old) => break Ok((old, (ptr, guard))),
                    None => unreachable!("something passed the test"),
                },
                Err(back) => {
                    session.probe().restarted();
                    value = back.into_value();
                }
            }
        };
        self.done(session, Kind::Update, hash);
        result
    }

    /// Puts `new`, of the same key, in the place of this very entry, which the caller protects; gives it
    /// back if the entry is no longer there.
    pub(crate) fn replace_that(
        &self,
        node: &Node<K, V>,
        new: NewNode<K, V>,
    ) -> Result<Protected<'_, K, V>, NewNode<K, V>> {
        let (session, _seat) = self.domain.operation();
        // Protected before anybody can reach it (L7).
        let (ptr, mut guard) = (new.ptr(), session.hazard());
        guard.protect(ptr);
        let mut window = self.find_that(session, node);
        let result = if window.found().is_some() {
            self.set(session, &mut window, new).map(|()| (ptr, guard))
        } else {
            Err(new)
        };
        if result.is_err() && session.is_observed() {
            // As in `remove_that_held`.
            self.sweep(session, node.hash());
        }
        self.done(session, Kind::Update, node.hash());
        result
    }

    /// The place of this very node, which the caller protects.
    pub(super) fn find_that<'d>(
        &'d self,
        session: Session<'d, Node<K, V>>,
        that: &Node<K, V>,
    ) -> Window<'d, K, V> {
        search(session, self.route(that.hash()), |node| {
            // No other node has its address while it is protected.
            if ptr::eq(node, that) {
                Visit::Found
            } else if node.hash() <= that.hash() {
                Visit::Past
            } else {
                Visit::Beyond
            }
        })
    }
}
