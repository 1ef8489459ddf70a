//! Changes whose outcome is handed over before any destructor runs: for those who must not lose it by a panic.
//!
//! ```text
//!   find ──► exchange ──► hold(new entry) ──► settle: destructors, which may panic
//!            it is there  somebody has it     what `hold` made is dropped, and undoes the change
//! ```

use super::{Occupied, Protected, SplitOrder};
use crate::list::{NewNode, Node};
use crate::probe::Kind;

impl<K, V> SplitOrder<K, V> {
    /// Inserts or replaces; `hold` is given the new entry.
    pub(crate) fn insert_held<'d, R>(
        &'d self,
        hash: u32,
        mut new: NewNode<K, V>,
        eq: impl Fn(&K, &K) -> bool,
        hold: impl FnOnce(Protected<'d, K, V>) -> R,
    ) -> R {
        let (session, _seat) = self.domain.operation();
        // Protected before anybody can reach it (L7).
        let (node, mut guard) = (new.ptr(), session.hazard());
        guard.protect(node);
        loop {
            let mut window = self.find(session, hash, |key| eq(new.node().key(), key));
            match self.set(session, &mut window, new) {
                Ok(()) => break,
                Err(back) => {
                    session.probe().restarted();
                    new = back;
                }
            }
        }
        let result = hold((node, guard));
        self.done(session, Kind::Insert, hash);
        result
    }

    /// Inserts if the key is absent, and gives `hold` the new entry; else gives the entry that is there, and
    /// the new one back.
    pub(crate) fn try_insert_held<'d, R>(
        &'d self,
        hash: u32,
        mut new: NewNode<K, V>,
        eq: impl Fn(&K, &K) -> bool,
        hold: impl FnOnce(Protected<'d, K, V>) -> R,
    ) -> Result<R, Occupied<'d, K, V>> {
        let (session, _seat) = self.domain.operation();
        // Protected before anybody can reach it, so before anybody can retire it: no fence needed.
        let (node, mut guard) = (new.ptr(), session.hazard());
        guard.protect(node);
        let result = loop {
            let window = self.find(session, hash, |key| eq(new.node().key(), key));
            match window.into_found_or_place() {
                Ok(found) => break Err((found, new)),
                Err(window) => match window.insert(new) {
                    Ok(()) => {
                        self.inserted(session, (node, hash), window.passed);
                        break Ok(hold((node, guard)));
                    }
                    Err(back) => {
                        session.probe().failed_exchange();
                        session.probe().restarted();
                        new = back;
                    }
                },
            }
        };
        self.done(session, Kind::Insert, hash);
        result
    }

    /// Puts an entry with the same key and `value` in the place of this very entry, which the caller protects,
    /// and gives `hold` the new one; gives the value back if the entry is no longer there.
    pub(crate) fn update_that_held<'d, R>(
        &'d self,
        node: &Node<K, V>,
        value: V,
        hold: impl FnOnce(Protected<'d, K, V>) -> R,
    ) -> Result<R, V> {
        let (session, _seat) = self.domain.operation();
        let mut guard = session.hazard();
        let mut window = self.find_that(session, node);
        let mut value = Some(value);
        let new = window.lend(|_, _| value.take().unwrap_or_else(|| unreachable!("lent once")));
        let result = match new {
            Some(new) => {
                // Protected before anybody can reach it (L7).
                let ptr = new.ptr();
                guard.protect(ptr);
                match self.set(session, &mut window, new) {
                    Ok(()) => Ok(hold((ptr, guard))),
                    Err(back) => Err(back.into_value()),
                }
            }
            None => Err(value.unwrap_or_else(|| unreachable!("lent to nobody"))),
        };
        if result.is_err() && session.is_observed() {
            // As in `remove_that_held`.
            self.sweep(session, node.hash());
        }
        self.done(session, Kind::Update, node.hash());
        result
    }

    /// Removes this very entry, which the caller protects; false if it was no longer there.
    pub(crate) fn remove_that(&self, node: &Node<K, V>) -> bool {
        self.remove_that_held(node, |removed| removed)
    }

    /// As [`remove_that`](Self::remove_that), and calls `then` with the answer: no look-up finds the entry by then.
    pub(crate) fn remove_that_held<R>(&self, node: &Node<K, V>, then: impl FnOnce(bool) -> R) -> R {
        let (session, _seat) = self.domain.operation();
        let removed = node.next().mark().is_some();
        if removed {
            session.count(usize::MAX);
        } else {
            session.probe().failed_exchange();
        }
        // It is gone, also if another thread removed it; and a census is told so before the caller is.
        if removed || session.is_observed() {
            self.sweep(session, node.hash());
        }
        let done = then(removed);
        self.done(session, Kind::Remove, node.hash());
        done
    }
}
