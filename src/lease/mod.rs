//! [`Lease`]: an entry whose removal is bound to a scope, as Go binds a call with `defer`.
//!
//! ```text
//!   mod.rs        Lease                   the handle
//!   shared.rs     Core                    what they share; ending: once, by one thread
//!   state.rs      State                   the word that decides who that is
//!   canceller.rs  Canceller               a remote control
//!   ended.rs      EndReason, Ended        what those are told who ask
//!   until.rs      Lease::until, renew     (std) a lease's deadline
//!   deadlines.rs  Deadlines               (std) leases in the order of their deadlines
//!   inbox.rs      Inbox                   (std) what others have to say of that order
//!   sweeper.rs    Sweeper                 (std) a thread that ends those that are due
//!   token.rs      Lease::bind             (tokio) cancellation tokens
//! ```
//!
//! Above the map: a lease is an [`OwnedRef`](crate::OwnedRef) that removes its very entry. A map knows nothing of it.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::ops::Deref;
use core::panic::{RefUnwindSafe, UnwindSafe};

use crate::errors::OccupiedError;
use crate::map::HashMap;

mod canceller;
#[cfg(feature = "std")]
mod deadlines;
mod ended;
#[cfg(feature = "std")]
mod inbox;
#[cfg(all(test, loom))]
mod models;
mod shared;
mod state;
#[cfg(feature = "std")]
mod sweeper;
#[cfg(feature = "tokio")]
mod token;
#[cfg(feature = "std")]
mod until;

pub use canceller::Canceller;
#[cfg(feature = "std")]
pub use deadlines::{Deadlines, Swept};
#[cfg(feature = "std")]
pub use ended::RenewError;
pub use ended::{EndReason, Ended, LeaseEndedError};
use shared::Core;
#[cfg(feature = "std")]
pub use sweeper::Sweeper;

/// An entry that leaves its map when this handle is dropped; made by [`HashMap::lease`].
///
/// The counterpart of Go's deferred call, for entries: whatever ends the scope, be it a return, a `?`, a panic or the
/// abortion of a task, the entry goes. What goes is *that very entry*: if somebody has replaced it, the newer one
/// stays; if somebody has removed it, nothing is to be done.
///
/// - **It ends once**: when the handle is dropped, when it is [cancelled](Canceller), or when its deadline has
///   passed (`until`) and somebody [expires](crate::Deadlines::expire) it. One thread ends it, whoever comes first; it removes the entry
///   and runs the [actions](Self::on_end). Nobody waits. Or it is [kept](Self::keep).
/// - **It owns what it needs**: it shares ownership of the map, is `Send` and `Sync` if keys, values and hasher are, and
///   may outlive the task that made it. (In a value of the same map it keeps that map for ever, as any `Arc` there.)
/// - **It shows the entry**, as an [`OwnedRef`](crate::OwnedRef) does, as long as the handle is there; also after the end.
///
/// # Cost
/// A lease holds one hazard for as long as its handle exists, as a [`Ref`](crate::Ref) does: of some hundred bytes,
/// and it raises the map's `H` (see [Memory](HashMap#memory)) by one. A thread that leases very many
/// entries has to look longer for a free hazard. Besides, an allocation of some hundred bytes. Leasing is an insertion, ending
/// a removal.
///
/// # Panics
/// A panic in an action or in a destructor leaves from where the lease is ended, when it has ended. If the handle is dropped *while*
/// its thread unwinds, such a panic ends there, having been reported by the hook, so that it does not end the process; without
/// feature `std` it does. A second one in the same end ends the process in any case.
///
/// # Examples
/// A registry of sessions. However a session ends, it is no longer listed.
/// ```
/// use std::sync::Arc;
/// use std::thread;
/// use splitmap::HashMap;
///
/// let sessions = Arc::new(HashMap::new());
/// let session = thread::spawn({
///     let sessions = Arc::clone(&sessions);
///     move || {
///         let _listed = sessions.lease("ada", "10.0.0.1");
///         assert!(sessions.contains_key("ada"));
///         panic!("the session breaks");
///     }
/// });
/// assert!(session.join().is_err());
/// assert!(!sessions.contains_key("ada"));
/// ```
#[must_use = "the entry leaves the map when the lease is dropped"]
pub struct Lease<K: 'static, V: 'static, S: 'static = crate::DefaultHashBuilder> {
    core: Arc<Core<K, V, S>>,
    /// Where its deadline is.
    #[cfg(feature = "std")]
    deadlines: Option<Deadlines>,
}

// A panic elsewhere leaves a lease as it is, or ended.
impl<K: RefUnwindSafe, V: RefUnwindSafe, S> UnwindSafe for Lease<K, V, S> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe, S> RefUnwindSafe for Lease<K, V, S> {}

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq + 'static,
    V: 'static,
    S: BuildHasher + 'static,
{
    /// Sets the entry of `key`, as [`insert`](Self::insert), until the lease ends: then this very entry is removed.
    ///
    /// An entry that is there is replaced, in one step; so is the entry of another lease, which then has nothing to
    /// remove. O(1) expected.
    ///
    /// # Examples
    /// ```
    /// let map = std::sync::Arc::new(splitmap::HashMap::new());
    /// let lease = map.lease("a", 1);
    /// assert_eq!(*map.get("a").unwrap(), 1);
    /// drop(lease);
    /// assert!(map.get("a").is_none());
    ///
    /// let lease = map.lease("a", 2);
    /// map.insert("a", 3);
    /// drop(lease);
    /// assert_eq!(*map.get("a").unwrap(), 3, "somebody else's");
    /// ```
    pub fn lease(self: &Arc<Self>, key: K, value: V) -> Lease<K, V, S> {
        self.insert_held(key, value, |entry| Lease::new(Core::new(entry)))
    }

    /// As [`lease`](Self::lease), if `key` is absent: of several threads that try, one has it.
    ///
    /// # Errors
    /// The key has an entry: key and value are given back, beside it.
    ///
    /// # Examples
    /// ```
    /// let locks = std::sync::Arc::new(splitmap::HashMap::new());
    /// let lock = locks.try_lease("printer", "ada").unwrap();
    /// assert_eq!(*locks.try_lease("printer", "grace").unwrap_err().entry, "ada");
    /// drop(lock);
    /// assert!(locks.try_lease("printer", "grace").is_ok());
    /// ```
    pub fn try_lease(
        self: &Arc<Self>,
        key: K,
        value: V,
    ) -> Result<Lease<K, V, S>, OccupiedError<'_, K, V>> {
        self.try_insert_held(key, value, |entry| Lease::new(Core::new(entry)))
    }
}

impl<K, V, S> Lease<K, V, S> {
    fn new(core: Arc<Core<K, V, S>>) -> Self {
        Self {
            core,
            #[cfg(feature = "std")]
            deadlines: None,
        }
    }

    /// The key.
    ///
    /// # Examples
    /// ```
    /// let map = std::sync::Arc::new(splitmap::HashMap::new());
    /// assert_eq!(map.lease("a", 1).key(), &"a");
    /// ```
    #[must_use]
    pub fn key(&self) -> &K {
        self.core.entry().key()
    }

    /// The value; also what it dereferences to.
    ///
    /// # Examples
    /// ```
    /// let map = std::sync::Arc::new(splitmap::HashMap::new());
    /// assert_eq!(map.lease("a", 1).value(), &1);
    /// ```
    #[must_use]
    pub fn value(&self) -> &V {
        self.core.entry().value()
    }

    /// What ended the lease, if it has ended. (If not, the entry may have been replaced or removed all the same.)
    ///
    /// # Examples
    /// ```
    /// let map = std::sync::Arc::new(splitmap::HashMap::new());
    /// let lease = map.lease("a", 1);
    /// assert_eq!(lease.ended(), None);
    /// lease.canceller().cancel();
    /// assert_eq!(lease.ended(), Some(splitmap::EndReason::Cancelled));
    /// ```
    #[must_use]
    pub fn ended(&self) -> Option<EndReason> {
        self.core.state.ended()
    }

    /// Has `action` called when the lease ends: once, by the thread that ends it, when the entry is out of the map. Not if it
    /// is [kept](Self::keep).
    ///
    /// Of several, the last one is called first. If the lease has ended already, `action` is called here; or, if that is
    /// just being done, by the thread that does it, after the others. It may use the map; it should be short, as those who
    /// cancel a lease or sweep many run it.
    ///
    /// # Examples
    /// ```
    /// let map = std::sync::Arc::new(splitmap::HashMap::new());
    /// let lease = map.lease("a", 1).on_end(|ended| println!("{} is gone: {}", ended.key(), ended.reason()));
    /// drop(lease); // prints
    /// ```
    pub fn on_end(self, action: impl FnOnce(&Ended<'_, K, V>) + Send + 'static) -> Self {
        let added = self
            .core
            .add(action, |duties, action| duties.act(Box::new(action)));
        if let Err((reason, action)) = added {
            self.core.act_late(reason, Box::new(action));
        }
        self
    }

    /// Puts `value` in the place of this very entry, in one step; the lease is then for the new one.
    ///
    /// # Errors
    /// The lease has ended, or somebody has replaced or removed the entry: the value is given back.
    ///
    /// # Examples
    /// ```
    /// let map = std::sync::Arc::new(splitmap::HashMap::new());
    /// let mut lease = map.lease("ada", "away");
    /// lease.update("here").unwrap();
    /// assert_eq!(*map.get("ada").unwrap(), "here");
    /// drop(lease);
    /// assert!(map.is_empty());
    /// ```
    pub fn update(&mut self, value: V) -> Result<(), V> {
        self.core.update(value)
    }

    /// Leaves the entry in the map, as a plain one. The actions are dropped, not run.
    ///
    /// # Errors
    /// The lease has ended before.
    ///
    /// # Examples
    /// ```
    /// let map = std::sync::Arc::new(splitmap::HashMap::new());
    /// map.lease("a", 1).keep().unwrap();
    /// assert_eq!(*map.get("a").unwrap(), 1);
    /// ```
    pub fn keep(self) -> Result<(), LeaseEndedError> {
        let kept = self.core.state.keep();
        kept.map_err(|reason| LeaseEndedError { reason })
    }

    /// Ends the lease, as dropping it does; true if that removes the entry.
    ///
    /// # Panics
    /// If an action does, or a destructor of what is freed meanwhile.
    ///
    /// # Examples
    /// ```
    /// let map = std::sync::Arc::new(splitmap::HashMap::new());
    /// let lease = map.lease("a", 1);
    /// map.remove("a");
    /// assert!(!lease.end());
    /// assert!(map.lease("a", 2).end());
    /// ```
    #[expect(clippy::must_use_candidate, reason = "most who end a lease do not ask")]
    pub fn end(self) -> bool {
        self.core.end_by_handle()
    }
}

impl<K, V, S> Deref for Lease<K, V, S> {
    type Target = V;

    fn deref(&self) -> &V {
        self.value()
    }
}

impl<K, V, S> Drop for Lease<K, V, S> {
    fn drop(&mut self) {
        #[cfg(feature = "std")]
        if std::thread::panicking() {
            // A second panic that leaves a destructor would end the process. The hook has reported it.
            let end = core::panic::AssertUnwindSafe(|| self.core.end_by_handle());
            if let Err(payload) = std::panic::catch_unwind(end) {
                crate::unwind::discard(payload);
            }
            return;
        }
        self.core.end_by_handle();
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for Lease<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("key", self.key())
            .field("value", self.value())
            .field("ended", &self.ended())
            .finish()
    }
}
