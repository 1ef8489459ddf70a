//! What can go wrong: reservations that cannot be met, and keys that are taken.

use alloc::alloc::handle_alloc_error;
use core::alloc::Layout;
use core::error::Error;
use core::fmt;

use crate::guard::Ref;

/// The error of [`HashMap::try_reserve`](crate::HashMap::try_reserve), as
/// [`std::collections::TryReserveError`]: the map is unchanged and usable.
///
/// # Examples
/// ```
/// let map = splitmap::HashMap::<u64, u64>::new();
/// let error = map.try_reserve(usize::MAX).unwrap_err();
/// assert!(error.to_string().contains("capacity"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TryReserveError(Reason);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    CapacityOverflow,
    Alloc(Layout),
}

impl TryReserveError {
    pub(crate) const fn capacity_overflow() -> Self {
        Self(Reason::CapacityOverflow)
    }

    pub(crate) const fn alloc(layout: Layout) -> Self {
        Self(Reason::Alloc(layout))
    }

    /// Does what std's infallible methods do: panics "capacity overflow", or calls
    /// [`handle_alloc_error`].
    pub(crate) fn raise(self) -> ! {
        match self.0 {
            Reason::CapacityOverflow => panic!("capacity overflow"),
            Reason::Alloc(layout) => handle_alloc_error(layout),
        }
    }
}

impl fmt::Display for TryReserveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::CapacityOverflow => f.write_str(
                "the map cannot have that capacity: it exceeds the greatest possible one",
            ),
            Reason::Alloc(layout) => write!(
                f,
                "the memory allocator refused {} bytes for the map's capacity",
                layout.size()
            ),
        }
    }
}

impl Error for TryReserveError {}

/// The error of [`HashMap::try_insert`](crate::HashMap::try_insert): the key is taken. Gives back
/// what was to be inserted, beside the entry that is there.
///
/// # Examples
/// ```
/// let map = splitmap::HashMap::new();
/// map.insert("a", 1);
/// let error = map.try_insert("a", 2).unwrap_err();
/// assert_eq!((*error.entry, error.key, error.value), (1, "a", 2));
/// ```
pub struct OccupiedError<'a, K, V> {
    /// The entry that has the key.
    pub entry: Ref<'a, K, V>,
    /// The key that was not inserted.
    pub key: K,
    /// The value that was not inserted.
    pub value: V,
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for OccupiedError<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OccupiedError")
            .field("key", self.entry.key())
            .field("old_value", self.entry.value())
            .field("new_value", &self.value)
            .finish()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Display for OccupiedError<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "failed to insert {:?}, key {:?} already exists with value {:?}",
            self.value,
            self.entry.key(),
            self.entry.value(),
        )
    }
}

impl<K: fmt::Debug, V: fmt::Debug> Error for OccupiedError<'_, K, V> {}
