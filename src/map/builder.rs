//! [`Builder`]: a map with settings.

use core::fmt;
use core::marker::PhantomData;

use super::HashMap;
use crate::errors::TryReserveError;

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
        Builder {
            capacity: 0,
            hasher: crate::DefaultHashBuilder::new(),
            _map: PhantomData,
        }
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
            _map: PhantomData,
        }
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
        HashMap::with_capacity_and_hasher(self.capacity, self.hasher)
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
        let map = HashMap::with_hasher(self.hasher);
        map.try_reserve(self.capacity)?;
        Ok(map)
    }
}

impl<K, V, S: Clone> Clone for Builder<K, V, S> {
    fn clone(&self) -> Self {
        Self {
            capacity: self.capacity,
            hasher: self.hasher.clone(),
            _map: PhantomData,
        }
    }
}

impl<K, V, S> fmt::Debug for Builder<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
