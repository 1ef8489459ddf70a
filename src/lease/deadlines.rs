//! [`Deadlines`]: leases in the order in which they fall due.
//!
//! ```text
//!   until, renew ──► "lease 7, term 2: until 12:05" ─┐                 ┌─► by time   12:03 │ lease 4, term 1
//!   the end      ──► "lease 4: forget it"           ─┴─► inbox ──► order       12:05 │ lease 7, term 2
//!                    posted, without waiting              whoever has the lock takes them over, in their order
//! ```
//!
//! Why so: an ordered map that is lock-free would serve. `crossbeam-skiplist` is one, but it frees by epochs, so that
//! a stopped thread keeps all garbage of the process, and its history of leaks is long. A wheel of ticks in a
//! hash map frees well, but has to be walked where nothing is due. So here the order is a `BTreeMap` behind a lock
//! that nobody waits for: who does not get it leaves a message. Who gets it reads more than it has posted;
//! so messages do not pile up, unless a thread is stopped for good just there. No user code runs under the lock.
//!
//! A lease is known by the address of its core. None other has that: what is in the order, or in a message about a
//! deadline, keeps the memory (`Weak`), and "forget it" is posted before the last of these goes, and read before
//! what a newer lease in the same place posts.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::{Arc, Weak};
use core::fmt;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Instant;

use super::ended::EndReason;
use super::inbox::Inbox;
use super::shared::End;

/// Messages that who has posted one takes over: more than one, so that they do not pile up.
const READ_PER_POST: usize = 2;

/// Leases in the order of their deadlines: of any maps, with any keys and values. Feature `std`.
///
/// Give a lease a deadline with [`Lease::until`](crate::Lease::until), and let the time come with
/// [`expire`](Self::expire), or by a [`Sweeper`](crate::Sweeper). Clones are the same.
///
/// No operation waits for another thread, nor does any operation of a map know of this. Takes O(log n) for each
/// deadline, on average, and some 150 bytes for each lease that has one, which go when it ends.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use std::time::{Duration, Instant};
/// use splitmap::{Deadlines, HashMap};
///
/// let (map, deadlines) = (Arc::new(HashMap::new()), Deadlines::new());
/// let (now, second) = (Instant::now(), Duration::from_secs(1));
/// let _short = map.lease("short", 1).until(&deadlines, now + second);
/// let _long = map.lease("long", 2).until(&deadlines, now + 60 * second);
/// let swept = deadlines.expire(now + 2 * second, 100);
/// assert_eq!((swept.ended, swept.next), (1, Some(now + 60 * second)));
/// assert!(map.get("short").is_none() && map.get("long").is_some());
/// ```
#[derive(Clone, Default)]
pub struct Deadlines(Arc<Registry>);

#[derive(Default)]
struct Registry {
    inbox: Inbox<Message>,
    order: Mutex<Order>,
}

impl Default for Inbox<Message> {
    fn default() -> Self {
        Self::new()
    }
}

/// A lease in one of its terms.
struct Term {
    lease: Weak<dyn End>,
    term: usize,
}

enum Message {
    Until(usize, Instant, Term),
    Forget(usize),
}

#[derive(Default)]
struct Order {
    /// Messages that are not read yet.
    unread: VecDeque<Message>,
    by_time: BTreeMap<(Instant, usize), Term>,
    /// Of each lease that is in `by_time`, when.
    by_lease: HashMap<usize, Instant>,
}

impl Order {
    fn read(&mut self, message: Message) {
        match message {
            Message::Until(id, deadline, term) => {
                self.forget(id);
                self.by_lease.insert(id, deadline);
                self.by_time.insert((deadline, id), term);
            }
            Message::Forget(id) => self.forget(id),
        }
    }

    fn forget(&mut self, id: usize) {
        if let Some(deadline) = self.by_lease.remove(&id) {
            self.by_time.remove(&(deadline, id));
        }
    }

    fn next(&self) -> Option<Instant> {
        let (&(deadline, _), _) = self.by_time.first_key_value()?;
        Some(deadline)
    }
}

/// One step of [`Deadlines::expire`].
enum Step {
    /// Another thread has the lock.
    Busy,
    /// A message was read.
    Read,
    Due(Term),
    /// Nothing is due before that.
    Rest(Option<Instant>),
}

impl Registry {
    fn order(&self) -> Option<MutexGuard<'_, Order>> {
        match self.order.try_lock() {
            Ok(order) => Some(order),
            // Nothing panics under the lock.
            Err(TryLockError::Poisoned(order)) => Some(order.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn next_message(&self, order: &mut Order) -> Option<Message> {
        if order.unread.is_empty() {
            order.unread = self.inbox.take();
        }
        order.unread.pop_front()
    }

    fn post(&self, message: Message) {
        self.inbox.post(message);
        if let Some(mut order) = self.order() {
            for _ in 0..READ_PER_POST {
                let Some(message) = self.next_message(&mut order) else {
                    return;
                };
                order.read(message);
            }
        }
    }

    fn step(&self, now: Instant) -> Step {
        let Some(mut order) = self.order() else {
            return Step::Busy;
        };
        if let Some(message) = self.next_message(&mut order) {
            order.read(message);
            return Step::Read;
        }
        match order.next() {
            Some(deadline) if deadline <= now => {
                let Some(((_, id), term)) = order.by_time.pop_first() else {
                    return Step::Rest(None);
                };
                order.by_lease.remove(&id);
                Step::Due(term)
            }
            next => Step::Rest(next),
        }
    }
}

/// What a call of [`Deadlines::expire`] did.
///
/// # Examples
/// ```
/// let swept = splitmap::Deadlines::new().expire(std::time::Instant::now(), 100);
/// assert_eq!(swept, splitmap::Swept { ended: 0, more: false, next: None });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swept {
    /// How many leases it ended.
    pub ended: usize,
    /// Whether to call again: the limit was reached, or another thread was just at it.
    pub more: bool,
    /// If there is no more: the next deadline.
    pub next: Option<Instant>,
}

impl Deadlines {
    /// No deadlines yet.
    ///
    /// # Examples
    /// ```
    /// let deadlines = splitmap::Deadlines::new();
    /// assert!(!deadlines.expire(std::time::Instant::now(), 1).more);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the leases whose deadlines are not after `now`, the earliest first, in at most `limit` steps: each ends
    /// one lease, or reads one message about a new deadline or an ended lease.
    ///
    /// Their actions ([`Lease::on_end`](crate::Lease::on_end)) run here. Several threads may call this at one
    /// time; each lease is ended by one.
    ///
    /// # Panics
    /// If an action does, or a destructor of what is freed meanwhile. That lease has ended, and the next call goes on
    /// with the others.
    ///
    /// # Examples
    /// ```
    /// use std::time::Instant;
    /// let (map, deadlines) = (std::sync::Arc::new(splitmap::HashMap::new()), splitmap::Deadlines::new());
    /// let now = Instant::now();
    /// let _leases: Vec<_> = (0..10).map(|n| map.lease(n, n).until(&deadlines, now)).collect();
    /// assert!(deadlines.expire(now, 5).more);
    /// while deadlines.expire(now, 5).more {} // another thread may come in between
    /// assert!(map.is_empty());
    /// ```
    #[expect(
        clippy::must_use_candidate,
        reason = "who calls this now and then need not ask"
    )]
    pub fn expire(&self, now: Instant, limit: usize) -> Swept {
        let mut ended = 0;
        for _ in 0..limit {
            match self.0.step(now) {
                Step::Read => {}
                Step::Due(Term { lease, term }) => {
                    // None: its handle is being dropped.
                    let lease = lease.upgrade();
                    let expired = lease.is_some_and(|it| it.end(EndReason::Expired, Some(term)));
                    ended += usize::from(expired);
                }
                Step::Rest(next) => {
                    return Swept {
                        ended,
                        more: false,
                        next,
                    };
                }
                Step::Busy => break,
            }
        }
        Swept {
            ended,
            more: true,
            next: None,
        }
    }

    /// Puts a lease in its new term into the order.
    pub(super) fn file(&self, id: usize, deadline: Instant, lease: Weak<dyn End>, term: usize) {
        let term = Term { lease, term };
        self.0.post(Message::Until(id, deadline, term));
    }

    pub(super) fn forget(&self, id: usize) {
        self.0.post(Message::Forget(id));
    }
}

impl fmt::Debug for Deadlines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deadlines").finish_non_exhaustive()
    }
}

/// Dropped when the lease ends: it is forgotten here.
pub(super) struct Bond {
    pub(super) deadlines: Deadlines,
    pub(super) id: usize,
}

impl Drop for Bond {
    fn drop(&mut self) {
        self.deadlines.forget(self.id);
    }
}
