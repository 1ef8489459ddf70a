//! Self-check, as that of maps.

use core::hash::{BuildHasher, Hash};

use super::HashSet;
use crate::verification::{Rebuilt, Verification};

impl<T, S> HashSet<T, S>
where
    T: Hash + Eq,
    S: BuildHasher,
{
    /// As [`HashMap::verify`](crate::HashMap::verify).
    ///
    /// # Examples
    /// ```
    /// let set = splitmap::HashSet::from([1, 2]);
    /// assert!(set.verify().is_sound());
    /// ```
    #[must_use]
    pub fn verify(&self) -> Verification {
        self.map.verify()
    }

    /// As [`HashMap::rebuild`](crate::HashMap::rebuild).
    ///
    /// # Examples
    /// ```
    /// let mut set = splitmap::HashSet::from([1, 2]);
    /// assert_eq!(set.rebuild().moved, 0); // nothing was to be done
    /// ```
    pub fn rebuild(&mut self) -> Rebuilt {
        self.map.rebuild()
    }
}
