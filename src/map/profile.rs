//! Profiles of contention (feature `profile`).

use core::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use super::{Builder, HashMap};
use crate::probe::{Counts, Mean};
use crate::profile::{Profile, ProfileRateError};
use crate::split_order::SplitOrder;

impl<K, V, S> HashMap<K, V, S> {
    /// What the sampled operations met so far: failed exchanges, retries, help, lengths of walks, hot keys and buckets; and
    /// how much garbage waits. (Feature `profile`.)
    ///
    /// One operation in 200 is sampled, unless it is set: [`Builder::profile_rate`],
    /// [`set_profile_rate`](Self::set_profile_rate). Each thread counts in a table of its own; this adds them up, in some hundred
    /// loads for each thread that has used the map. What has been counted stays: for what happens within a time, take a profile
    /// before and one behind it, and [the difference](Profile::since).
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::new();
    /// std::thread::scope(|scope| {
    ///     for _ in 0..2 {
    ///         scope.spawn(|| (0..10_000).for_each(|n| drop(map.insert(n % 10, n))));
    ///     }
    /// });
    /// let profile = map.profile();
    /// assert!(profile.samples() > 0);
    /// println!("{profile}");
    /// ```
    #[must_use]
    pub fn profile(&self) -> Profile {
        let counts = self.list().map_or_else(Counts::default, SplitOrder::probed);
        Profile::new(
            self.profile_mean(),
            counts,
            self.retired_len(),
            self.reclaimed_count(),
        )
    }

    /// Sets which fraction of the operations is sampled from now on: 1 is each, 0 none. (Feature `profile`.)
    ///
    /// Each thread learns of it within 4,096 of its operations. (Less than one in 16 million counts as that.)
    /// Which ones are sampled is drawn at random: from one to the next it is 200 operations at the default of 0.005, on
    /// average, and up to twice as many. Makes the map's table, if nothing has been inserted yet.
    ///
    /// # Errors
    /// The rate is not from 0 to 1: nothing has changed.
    ///
    /// # Panics
    /// As the first insertion does, if there is no memory for the table.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::<u32, u32>::new();
    /// map.set_profile_rate(0.25)?;
    /// assert_eq!(map.profile().rate(), 0.25);
    /// # Ok::<_, splitmap::ProfileRateError>(())
    /// ```
    pub fn set_profile_rate(&self, rate: f64) -> Result<(), ProfileRateError> {
        let mean = ProfileRateError::check(rate)?;
        self.list_or_new().set_rate(mean);
        Ok(())
    }

    /// The hash of `key`, by which a [`Profile`] calls it. (Feature `profile`.)
    ///
    /// It has 32 bits: in a large map, several keys may share one.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), splitmap::ProfileRateError> {
    /// let map = splitmap::HashMap::builder().profile_rate(1.0)?.build();
    /// (0..100).for_each(|n| drop(map.insert("total", n)));
    /// let hottest = map.profile().hot_hashes()[0].hash();
    /// let key = map.keys().find(|key| map.profiled_hash(&**key) == hottest);
    /// assert_eq!(*key.unwrap(), "total");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn profiled_hash<Q>(&self, key: &Q) -> u32
    where
        Q: ?Sized + Hash + Equivalent<K>,
        S: BuildHasher,
    {
        crate::split_order::split_order(self.hash_builder.hash_one(key))
    }

    pub(super) fn profile_mean(&self) -> Mean {
        self.list().map_or(self.first_mean, SplitOrder::rate)
    }
}

impl<K, V, S> Builder<K, V, S> {
    /// Which fraction of the operations is sampled for [profiles](HashMap::profile), from the beginning; else 0.005. (Feature
    /// `profile`.)
    ///
    /// # Errors
    /// As [`HashMap::set_profile_rate`].
    ///
    /// # Examples
    /// ```
    /// let map: splitmap::HashMap<u32, u32> = splitmap::HashMap::builder().profile_rate(0.0)?.build();
    /// assert_eq!(map.profile().rate(), 0.0);
    /// # Ok::<_, splitmap::ProfileRateError>(())
    /// ```
    pub fn profile_rate(mut self, rate: f64) -> Result<Self, ProfileRateError> {
        self.mean = ProfileRateError::check(rate)?;
        Ok(self)
    }

    pub(super) fn profile_mean(mut self, mean: Mean) -> Self {
        self.mean = mean;
        self
    }
}
