//! [`Builder`]: a map with settings.

use core::fmt;
use core::marker::PhantomData;

use super::HashMap;
use crate::errors::TryReserveError;
use crate::reclaim::Reclamation;

/// Settings of a map that is to be made; from [`HashMap::builder`].
///
/// # Examples
/// ```
/// let map: splitmap::HashMap<u32, u32, _> = splitmap::HashMap::builder()
///     .capacity(1000)
///     .hasher(foldhash::fast::RandomState::default())
///     .build();
/// assert!(map.capacity() >= 1000);
/// ```
#[must_use = "a builder makes a map when it is told to `build`"]
pub struct Builder<K, V, S = crate::DefaultHashBuilder> {
    capacity: usize,
    hasher: S,
    reclamation: Reclamation,
    #[cfg(feature = "profile")]
    pub(super) mean: crate::probe::Mean,
    _map: PhantomData<fn() -> (K, V)>,
}

#[cfg(feature = "std")]
impl<K, V> HashMap<K, V> {
    /// The settings of a new map: no capacity, and the default hasher.
    ///
    /// # Examples
    /// ```
    /// let map: splitmap::HashMap<u32, u32> = splitmap::HashMap::builder().capacity(10).build();
    /// assert!(map.capacity() >= 10);
    /// ```
    pub fn builder() -> Builder<K, V> {
        HashMap::builder_with_hasher(crate::DefaultHashBuilder::new())
    }
}

impl<K, V, S> HashMap<K, V, S> {
    /// The settings of a new map that hashes with `hash_builder`; there without feature `std` too.
    ///
    /// # Examples
    /// ```
    /// let hasher = foldhash::fast::RandomState::default();
    /// let map: splitmap::HashMap<u32, u32, _> =
    ///     splitmap::HashMap::builder_with_hasher(hasher).capacity(10).build();
    /// assert!(map.capacity() >= 10);
    /// ```
    pub const fn builder_with_hasher(hash_builder: S) -> Builder<K, V, S> {
        Builder {
            capacity: 0,
            hasher: hash_builder,
            reclamation: Reclamation::new(),
            #[cfg(feature = "profile")]
            mean: crate::probe::Mean::DEFAULT,
            _map: PhantomData,
        }
    }

    /// How removed entries are freed.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::<u32, u32>::new();
    /// assert_eq!(map.reclamation(), splitmap::Reclamation::new());
    /// ```
    pub const fn reclamation(&self) -> Reclamation {
        self.reclamation
    }
}

impl<K, V, S> Builder<K, V, S> {
    /// Room for `capacity` entries from the beginning.
    ///
    /// # Examples
    /// ```
    /// let map: splitmap::HashMap<u32, u32> = splitmap::HashMap::builder().capacity(10).build();
    /// assert!(map.capacity() >= 10);
    /// ```
    pub fn capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity;
        self
    }

    /// The hasher.
    ///
    /// # Examples
    /// ```
    /// let hasher = foldhash::fast::RandomState::default();
    /// let map: splitmap::HashMap<u32, u32, _> = splitmap::HashMap::builder().hasher(hasher).build();
    /// assert!(map.is_empty());
    /// ```
    pub fn hasher<T>(self, hasher: T) -> Builder<K, V, T> {
        Builder {
            capacity: self.capacity,
            hasher,
            reclamation: self.reclamation,
            #[cfg(feature = "profile")]
            mean: self.mean,
            _map: PhantomData,
        }
    }

    /// How removed entries are freed.
    ///
    /// # Examples
    /// ```
    /// use splitmap::{HashMap, Reclamation};
    ///
    /// let one_by_one = Reclamation::new().destructors(1);
    /// let map: HashMap<u32, u32> = HashMap::builder().reclamation(one_by_one).build();
    /// assert_eq!(map.reclamation(), one_by_one);
    /// ```
    pub fn reclamation(mut self, reclamation: Reclamation) -> Self {
        self.reclamation = reclamation;
        self
    }

    /// The map.
    ///
    /// # Panics
    /// "capacity overflow", if the capacity exceeds the greatest possible one.
    ///
    /// # Examples
    /// ```
    /// let map: splitmap::HashMap<u32, u32> = splitmap::HashMap::builder().build();
    /// assert_eq!(map.capacity(), 0);
    /// ```
    #[must_use]
    pub fn build(self) -> HashMap<K, V, S> {
        self.try_build().unwrap_or_else(|error| error.raise())
    }

    /// The map, if the memory for its capacity can be had.
    ///
    /// # Errors
    /// As [`HashMap::try_reserve`].
    ///
    /// # Examples
    /// ```
    /// let builder = splitmap::HashMap::<u32, u32>::builder().capacity(usize::MAX);
    /// assert!(builder.try_build().is_err());
    /// ```
    pub fn try_build(self) -> Result<HashMap<K, V, S>, TryReserveError> {
        let mut map = HashMap::with_hasher(self.hasher);
        map.reclamation = self.reclamation;
        #[cfg(feature = "profile")]
        {
            map.first_mean = self.mean;
        }
        if self.capacity > 0 {
            map.list_with(self.capacity)?;
        }
        Ok(map)
    }
}

impl<K, V, S: Clone> Clone for Builder<K, V, S> {
    fn clone(&self) -> Self {
        Self {
            capacity: self.capacity,
            hasher: self.hasher.clone(),
            reclamation: self.reclamation,
            #[cfg(feature = "profile")]
            mean: self.mean,
            _map: PhantomData,
        }
    }
}

impl<K, V, S> fmt::Debug for Builder<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("capacity", &self.capacity)
            .field("reclamation", &self.reclamation)
            .finish_non_exhaustive()
    }
}
