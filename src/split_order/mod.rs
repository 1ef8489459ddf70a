//! The split-ordered list: buckets over the one list, found by the directory, doubling in place.
//!
//! O. Shalev, N. Shavit, "Split-Ordered Lists: Lock-Free Extensible Hash Tables", J. ACM 53(3), 2006.
//!
//! ```text
//!   hash ──bucket──► slot ═══► node ──► node ──► slot ═══► slot ═══► node ──► ...   one list
//!                    (the slot is the sentinel itself)     ▲
//!   growth: new slots are linked between the old ones ─────┘   nothing moves, nobody stops
//! ```
//!
//! A look-up starts at its bucket's slot and ends at the key, at a node that sorts behind it, or at
//! the next bucket's sentinel. If a sentinel finer than the look-up's level comes in between, the
//! look-up walks through it ([`Table::is_beyond`]).
//!
//! | operation | linearizes at |
//! |---|---|
//! | get, absent | the load of the last link read |
//! | get, found | the load of the node's own link, unmarked |
//! | insert, new | the exchange of the predecessor's link |
//! | insert, replacing; update | the exchange of the replaced node's link |
//! | remove | the mark |

#[cfg(feature = "std")]
mod background;
mod clear;
mod compute;
mod entries;
mod exclusive;
mod failpoint;
mod growth;
mod held;
#[cfg(all(test, loom))]
pub(crate) mod models;
mod order;
mod pop;
mod range;
mod rebuild;
mod sample;
mod snapshot;
mod table;
#[cfg(all(test, not(loom)))]
mod tests;
mod verify;

use alloc::vec::Vec;
use core::ptr::NonNull;

pub(crate) use compute::Outcome;
pub(crate) use entries::Entries;
pub(crate) use exclusive::{NodesMut, OwnedNodes};
pub(crate) use order::split_order;
pub(crate) use snapshot::Snapshot;
pub(crate) use verify::Rules;

use crate::errors::TryReserveError;
use crate::list::{LinkPtr, NewNode, Node, Route, Visit, Window, lookup, search};
use crate::probe::Kind;
use crate::reclaim::{Domain, Guard, Reclamation, Session};
use crate::sync::{AtomicUsize, StoreLoad};
use crate::tunables::MIN_LEVEL;
use failpoint::failpoint;
use growth::level_for;
use table::{Exact, Start, Table};

pub(crate) struct SplitOrder<K, V> {
    table: Table<Node<K, V>>,
    domain: Domain<Node<K, V>>,
    /// The hash of the entry that was popped last: a hint where the next one may be.
    popped: AtomicUsize,
}

/// A node and its protection.
pub(crate) type Protected<'d, K, V> = (NonNull<Node<K, V>>, Guard<'d>);

/// The entry that is there, and the one that was to be inserted.
pub(crate) type Occupied<'d, K, V> = (Protected<'d, K, V>, NewNode<K, V>);

/// The route to a hash.
struct ToHash<'t, K, V> {
    table: &'t Table<Node<K, V>>,
    hash: u32,
}

impl<K, V> Clone for ToHash<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V> Copy for ToHash<'_, K, V> {}

impl<K, V> Route<K, V> for ToHash<'_, K, V> {
    type Start = Exact;

    #[inline]
    fn start(self) -> Start<Node<K, V>> {
        self.table.start(self.hash)
    }

    #[inline]
    fn ends_at(self, start: Exact, sentinel: LinkPtr<K, V>) -> bool {
        self.table.is_beyond(sentinel, start, self.hash)
    }
}

/// Looks for a key among the nodes.
#[inline]
fn visit_key<K, V>(hash: u32, mut eq: impl FnMut(&K) -> bool) -> impl FnMut(&Node<K, V>) -> Visit {
    move |node| {
        // Equality first: it is what most look-ups meet.
        if node.hash() == hash {
            return if eq(node.key()) {
                Visit::Found
            } else {
                Visit::Past
            };
        }
        if node.hash() < hash {
            Visit::Past
        } else {
            Visit::Beyond
        }
    }
}

impl<K, V> SplitOrder<K, V> {
    /// Bytes of an entry.
    pub(crate) const NODE_SIZE: usize = size_of::<Node<K, V>>();

    /// An empty list with room for `capacity` entries.
    pub(crate) fn new(capacity: usize, settings: Reclamation) -> Result<Self, TryReserveError> {
        Self::with_level(level_for(capacity)?.max(MIN_LEVEL), settings)
    }

    fn with_level(level: u32, settings: Reclamation) -> Result<Self, TryReserveError> {
        // Registered before any reader of this map exists, and for good.
        let store_load = StoreLoad::register();
        Ok(Self {
            table: Table::new(level)?,
            domain: Domain::new(store_load, settings),
            popped: AtomicUsize::new(0),
        })
    }

    fn route(&self, hash: u32) -> ToHash<'_, K, V> {
        ToHash {
            table: &self.table,
            hash,
        }
    }

    /// The place of a key: `eq` compares it with keys of the same hash.
    #[inline]
    fn find<'d>(
        &'d self,
        session: Session<'d, Node<K, V>>,
        hash: u32,
        eq: impl FnMut(&K) -> bool,
    ) -> Window<'d, K, V> {
        search(session, self.route(hash), visit_key(hash, eq))
    }

    /// Unlinks all marked nodes with this hash, by walking past them.
    #[cold]
    fn sweep<'d>(&'d self, session: Session<'d, Node<K, V>>, hash: u32) {
        self.find(session, hash, |_| false);
    }

    #[inline]
    pub(crate) fn get(&self, hash: u32, eq: impl FnMut(&K) -> bool) -> Option<Protected<'_, K, V>> {
        let (session, _seat) = self.domain.operation();
        let found = lookup(session, self.route(hash), visit_key(hash, eq));
        self.done(session, Kind::Get, hash);
        found
    }

    /// Fetches the slot of a look-up ahead of it.
    pub(crate) fn prefetch_slot(&self, hash: u32) {
        self.table.prefetch_slot(hash);
    }

    /// Fetches the first node of a look-up ahead of it, when its slot is there.
    pub(crate) fn prefetch_first(&self, hash: u32) {
        self.table.prefetch(hash);
    }

    /// The entry that is there, or a new one, if `value` gives one.
    pub(crate) fn get_or_insert<E>(
        &self,
        hash: u32,
        key: K,
        value: impl FnOnce() -> Result<V, E>,
        eq: impl Fn(&K, &K) -> bool,
    ) -> Result<Protected<'_, K, V>, E> {
        // Kept for both halves: the insertion below is nested in this operation.
        let (session, _seat) = self.domain.operation();
        let visit = visit_key(hash, |other| eq(&key, other));
        if let Some(found) = lookup(session, self.route(hash), visit) {
            self.done(session, Kind::Get, hash);
            return Ok(found);
        }
        // Destructors that fell due meanwhile run when the insertion has taken effect; or in the thread's
        // next operation, if `value` gives none, or panics.
        Ok(
            match self.try_insert(hash, NewNode::new(hash, key, value()?), eq) {
                Ok(new) => new,
                Err((there, _new)) => there,
            },
        )
    }

    /// Inserts or replaces; gives what was replaced.
    pub(crate) fn insert(
        &self,
        hash: u32,
        mut new: NewNode<K, V>,
        eq: impl Fn(&K, &K) -> bool,
    ) -> Option<Protected<'_, K, V>> {
        let (session, _seat) = self.domain.operation();
        let replaced = loop {
            let mut window = self.find(session, hash, |key| eq(new.node().key(), key));
            match self.set(session, &mut window, new) {
                Ok(()) => break window.into_found(),
                Err(back) => {
                    session.probe().restarted();
                    new = back;
                }
            }
        };
        self.done(session, Kind::Insert, hash);
        replaced
    }

    /// Inserts if the key is absent; else gives the entry that is there, and the new one back.
    pub(crate) fn try_insert(
        &self,
        hash: u32,
        new: NewNode<K, V>,
        eq: impl Fn(&K, &K) -> bool,
    ) -> Result<Protected<'_, K, V>, Occupied<'_, K, V>> {
        self.try_insert_held(hash, new, eq, |new| new)
    }

    /// Replaces the entry by one with the same key and the value that `f` makes of it, however often
    /// that takes; gives the new entry.
    pub(crate) fn update(
        &self,
        hash: u32,
        mut eq: impl FnMut(&K) -> bool,
        f: impl Fn(&K, &V) -> V,
    ) -> Option<Protected<'_, K, V>> {
        let (session, _seat) = self.domain.operation();
        let mut guard = session.hazard();
        // Values that came too late: their destructors run when the operation is over.
        let mut rejected = Vec::new();
        let updated = loop {
            let mut window = self.find(session, hash, &mut eq);
            let Some(new) = window.lend(&f) else {
                break None;
            };
            // Protected before anybody can reach it.
            let ptr = new.ptr();
            guard.protect(ptr);
            match window.replace(session, new) {
                Ok(()) => {
                    self.unlink(session, &window, hash);
                    break Some((ptr, guard));
                }
                Err(back) => {
                    session.probe().restarted();
                    rejected.push(back);
                }
            }
        };
        drop(rejected);
        self.done(session, Kind::Update, hash);
        updated
    }

    /// Removes the entry if it passes `test`; gives it.
    pub(crate) fn remove_if(
        &self,
        hash: u32,
        eq: impl FnMut(&K) -> bool,
        test: impl FnMut(&K, &V) -> bool,
    ) -> Option<Protected<'_, K, V>> {
        self.try_remove_if(hash, eq, test).ok()
    }

    /// Removes the entry if it passes `test`; gives it, or the one that did not pass.
    pub(crate) fn try_remove_if(
        &self,
        hash: u32,
        mut eq: impl FnMut(&K) -> bool,
        mut test: impl FnMut(&K, &V) -> bool,
    ) -> Result<Protected<'_, K, V>, Option<Protected<'_, K, V>>> {
        let (session, _seat) = self.domain.operation();
        let result = loop {
            let mut window = self.find(session, hash, &mut eq);
            let passes = |node: &Node<K, V>| test(node.key(), node.value());
            if !window.found().is_some_and(passes) {
                break Err(window.into_found());
            }
            if self.remove_found(session, &mut window, hash) {
                break window.into_found().ok_or(None);
            }
            session.probe().restarted();
        };
        self.done(session, Kind::Remove, hash);
        result
    }

    /// Puts `new` where `window` is: in the place of what was found there, or as a new entry.
    #[inline]
    fn set<'d>(
        &'d self,
        session: Session<'d, Node<K, V>>,
        window: &mut Window<'d, K, V>,
        new: NewNode<K, V>,
    ) -> Result<(), NewNode<K, V>> {
        let (ptr, hash) = (new.ptr(), new.node().hash());
        if window.found().is_some() {
            window.replace(session, new)?;
            self.unlink(session, window, hash);
        } else {
            window
                .insert(new)
                .inspect_err(|_| session.probe().failed_exchange())?;
            self.inserted(session, (ptr, hash), window.passed);
        }
        Ok(())
    }

    /// Removes what was found; false if another thread did.
    #[inline]
    fn remove_found<'d>(
        &'d self,
        session: Session<'d, Node<K, V>>,
        window: &mut Window<'d, K, V>,
        hash: u32,
    ) -> bool {
        let removed = window.mark();
        if removed {
            session.count(usize::MAX);
            self.unlink(session, window, hash);
        } else {
            session.probe().failed_exchange();
        }
        removed
    }

    /// Unlinks the node of `window`, which this thread has marked.
    #[inline]
    fn unlink<'d>(
        &'d self,
        session: Session<'d, Node<K, V>>,
        window: &Window<'d, K, V>,
        hash: u32,
    ) {
        failpoint!(EntryMarked);
        if !window.finish(session) {
            self.sweep(session, hash);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.domain.counted()
    }

    pub(crate) fn retired(&self) -> usize {
        self.domain.retired()
    }

    pub(crate) fn reclaimed(&self) -> usize {
        self.domain.reclaimed()
    }

    /// Reclaims what can be reclaimed.
    pub(crate) fn flush(&self) {
        let (session, _seat) = self.domain.session();
        session.flush();
    }
}
