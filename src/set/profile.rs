//! Profiles of contention, as those of maps (feature `profile`).

use core::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use super::HashSet;
use crate::profile::{Profile, ProfileRateError};

impl<T, S> HashSet<T, S> {
    /// As [`HashMap::profile`](crate::HashMap::profile). (Feature `profile`.)
    ///
    /// # Examples
    /// ```
    /// let set = splitmap::HashSet::from([1, 2]);
    /// println!("{}", set.profile());
    /// ```
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.map.profile()
    }

    /// As [`HashMap::set_profile_rate`](crate::HashMap::set_profile_rate). (Feature `profile`.)
    ///
    /// # Errors
    /// The rate is not from 0 to 1.
    ///
    /// # Examples
    /// ```
    /// let set = splitmap::HashSet::<u32>::new();
    /// assert!(set.set_profile_rate(2.0).is_err());
    /// ```
    pub fn set_profile_rate(&self, rate: f64) -> Result<(), ProfileRateError> {
        self.map.set_profile_rate(rate)
    }

    /// As [`HashMap::profiled_hash`](crate::HashMap::profiled_hash). (Feature `profile`.)
    ///
    /// # Examples
    /// ```
    /// let set = splitmap::HashSet::from([1, 2]);
    /// assert_eq!(set.profiled_hash(&1), set.profiled_hash(&1));
    /// ```
    #[must_use]
    pub fn profiled_hash<Q>(&self, element: &Q) -> u32
    where
        Q: ?Sized + Hash + Equivalent<T>,
        S: BuildHasher,
    {
        self.map.profiled_hash(element)
    }
}
