//! How a lease ends, as those are told who ask or are called.

use core::error::Error;
use core::fmt;

/// What ended a [`Lease`](crate::Lease).
///
/// # Examples
/// ```
/// let map = std::sync::Arc::new(splitmap::HashMap::new());
/// let lease = map.lease("a", 1).on_end(|ended| assert_eq!(ended.reason(), splitmap::EndReason::Dropped));
/// drop(lease);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndReason {
    /// The handle was dropped, also by a panic, or [`end`](crate::Lease::end) was called.
    Dropped = 0,
    /// A [`Canceller`](crate::Canceller) or a token that it was bound to.
    Cancelled = 1,
    /// Its deadline passed.
    Expired = 2,
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dropped => "its handle was dropped",
            Self::Cancelled => "it was cancelled",
            Self::Expired => "its deadline passed",
        })
    }
}

/// What an action of [`on_end`](crate::Lease::on_end) is told.
///
/// # Examples
/// ```
/// let map = std::sync::Arc::new(splitmap::HashMap::new());
/// let lease = map.lease("a", 1).on_end(|ended| {
///     assert_eq!((*ended.key(), *ended.value(), ended.removed()), ("a", 1, false));
/// });
/// map.insert("a", 2); // another's, which stays
/// drop(lease);
/// ```
pub struct Ended<'lease, K, V> {
    pub(super) key: &'lease K,
    pub(super) value: &'lease V,
    pub(super) reason: EndReason,
    pub(super) removed: bool,
}

impl<K, V> Ended<'_, K, V> {
    /// The key.
    ///
    /// # Examples
    /// ```
    /// let map = std::sync::Arc::new(splitmap::HashMap::new());
    /// drop(map.lease("a", 1).on_end(|ended| assert_eq!(*ended.key(), "a")));
    /// ```
    #[must_use]
    pub fn key(&self) -> &K {
        self.key
    }

    /// The value.
    ///
    /// # Examples
    /// ```
    /// let map = std::sync::Arc::new(splitmap::HashMap::new());
    /// drop(map.lease("a", 1).on_end(|ended| assert_eq!(*ended.value(), 1)));
    /// ```
    #[must_use]
    pub fn value(&self) -> &V {
        self.value
    }

    /// What ended the lease.
    ///
    /// # Examples
    /// ```
    /// use splitmap::EndReason;
    /// let map = std::sync::Arc::new(splitmap::HashMap::new());
    /// map.lease("a", 1).on_end(|ended| assert_eq!(ended.reason(), EndReason::Dropped)).end();
    /// ```
    #[must_use]
    pub fn reason(&self) -> EndReason {
        self.reason
    }

    /// Whether that removed the entry. False: somebody else had removed or replaced it before.
    ///
    /// # Examples
    /// ```
    /// let map = std::sync::Arc::new(splitmap::HashMap::new());
    /// let lease = map.lease("a", 1).on_end(|ended| assert!(!ended.removed()));
    /// map.remove("a");
    /// drop(lease);
    /// ```
    #[must_use]
    pub fn removed(&self) -> bool {
        self.removed
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Ended<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ended")
            .field("key", self.key)
            .field("value", self.value)
            .field("reason", &self.reason)
            .field("removed", &self.removed)
            .finish()
    }
}

/// The error of [`Lease::keep`](crate::Lease::keep): the lease has ended before. Lease again what is still wanted.
///
/// # Examples
/// ```
/// let map = std::sync::Arc::new(splitmap::HashMap::new());
/// let lease = map.lease("a", 1);
/// lease.canceller().cancel();
/// let error = lease.keep().unwrap_err();
/// assert_eq!(error.to_string(), "the lease has ended: it was cancelled");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseEndedError {
    /// What ended it.
    pub reason: EndReason,
}

impl fmt::Display for LeaseEndedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the lease has ended: {}", self.reason)
    }
}

impl Error for LeaseEndedError {}

/// The error of [`Lease::renew`](crate::Lease::renew).
///
/// # Examples
/// ```
/// # #[cfg(feature = "std")] {
/// use splitmap::RenewError;
/// let map = std::sync::Arc::new(splitmap::HashMap::new());
/// let error = map.lease("a", 1).renew(std::time::Instant::now()).unwrap_err();
/// assert_eq!(error, RenewError::NoDeadline);
/// # }
/// ```
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewError {
    /// The lease has ended before. Lease again what is still wanted.
    Ended(EndReason),
    /// The lease has no deadline yet. Give it one with [`Lease::until`](crate::Lease::until).
    NoDeadline,
}

#[cfg(feature = "std")]
impl fmt::Display for RenewError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(reason) => write!(f, "the lease has ended: {reason}"),
            Self::NoDeadline => f.write_str("the lease has no deadline: give it one with `until`"),
        }
    }
}

#[cfg(feature = "std")]
impl Error for RenewError {}
