//! [`Canceller`]: ends a lease from elsewhere.

use alloc::sync::{Arc, Weak};
use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};

use super::Lease;
use super::ended::EndReason;
use super::shared::{Core, End};

impl<K, V, S> Lease<K, V, S>
where
    K: Send + Sync,
    V: Send + Sync,
    S: Send + Sync,
{
    /// What ends the lease from elsewhere.
    ///
    /// # Examples
    /// ```
    /// let map = std::sync::Arc::new(splitmap::HashMap::new());
    /// let lease = map.lease("a", 1);
    /// let canceller = lease.canceller();
    /// std::thread::spawn(move || assert!(canceller.cancel())).join().unwrap();
    /// assert!(map.get("a").is_none());
    /// ```
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller(self.remote())
    }

    pub(super) fn remote(&self) -> Weak<dyn End> {
        let core: Weak<Core<K, V, S>> = Arc::downgrade(&self.core);
        core
    }
}

/// Ends a [`Lease`] from elsewhere; made by [`Lease::canceller`]. Knows nothing of the map's types, and keeps nothing alive.
///
/// # Examples
/// ```
/// let map = std::sync::Arc::new(splitmap::HashMap::new());
/// let leases = [map.lease(1, "one"), map.lease(2, "two")];
/// let cancellers: Vec<splitmap::Canceller> = leases.iter().map(|lease| lease.canceller()).collect();
/// assert!(cancellers.iter().all(|canceller| canceller.cancel()));
/// assert!(map.is_empty());
/// ```
#[derive(Clone)]
pub struct Canceller(Weak<dyn End>);

// As `Lease`.
impl UnwindSafe for Canceller {}
impl RefUnwindSafe for Canceller {}

impl Canceller {
    /// Ends the lease, and runs its actions here; true if it ends by this call. (If its handle is just changing it,
    /// its thread ends it when it has done so.)
    ///
    /// # Panics
    /// If an action does, or a destructor of what is freed meanwhile.
    ///
    /// # Examples
    /// ```
    /// let map = std::sync::Arc::new(splitmap::HashMap::new());
    /// let lease = map.lease("a", 1);
    /// let canceller = lease.canceller();
    /// drop(lease);
    /// assert!(!canceller.cancel());
    /// ```
    #[expect(clippy::must_use_candidate, reason = "most who cancel do not ask")]
    pub fn cancel(&self) -> bool {
        let lease = self.0.upgrade();
        lease.is_some_and(|lease| lease.end(EndReason::Cancelled, None))
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").finish_non_exhaustive()
    }
}
