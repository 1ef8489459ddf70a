//! The maps, behind one trait. Each is used as its documentation does: a guard for each operation
//! where it has guards, an update in place where it has none.

use std::collections::HashMap as StdHashMap;
use std::sync::{PoisonError, RwLock};

/// The hasher of all the maps.
pub type Hasher = foldhash::fast::RandomState;

/// A concurrent map from `u64` to `u64`.
pub trait Map: Send + Sync + 'static {
    /// As in [`MAP_NAMES`].
    const NAME: &'static str;
    /// An empty map with room for `capacity` entries.
    fn with_capacity(capacity: usize) -> Self;
    /// The value, copied out of the map.
    fn get(&self, key: u64) -> Option<u64>;
    /// Inserts or replaces; whether the key was absent.
    fn insert(&self, key: u64, value: u64) -> bool;
    /// Changes the value by `f`; whether the key was present.
    fn update(&self, key: u64, f: impl Fn(u64) -> u64) -> bool;
    /// Removes; what the value was.
    fn remove(&self, key: u64) -> Option<u64>;
}

/// Runs `$run!(Type)` for each map, in the order of [`MAP_NAMES`].
macro_rules! for_each_map {
    ($run:ident) => {
        $run!(Splitmap, Papaya, Scc, Dashmap, Flurry, Locked)
    };
}
pub(crate) use for_each_map;

macro_rules! names {
    ($($map:ty),*) => { &[$(<$map as Map>::NAME),*] };
}

/// All maps; the first is the one that the others are compared with.
pub const MAP_NAMES: &[&str] = for_each_map!(names);

pub(crate) type Splitmap = splitmap::HashMap<u64, u64, Hasher>;
pub(crate) type Papaya = papaya::HashMap<u64, u64, Hasher>;
pub(crate) type Scc = scc::HashMap<u64, u64, Hasher>;
pub(crate) type Dashmap = dashmap::DashMap<u64, u64, Hasher>;
pub(crate) type Flurry = flurry::HashMap<u64, u64, Hasher>;
pub(crate) type Locked = RwLock<StdHashMap<u64, u64, Hasher>>;

impl Map for Splitmap {
    const NAME: &'static str = "splitmap";

    fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity_and_hasher(capacity, Hasher::default())
    }

    #[inline]
    fn get(&self, key: u64) -> Option<u64> {
        self.get(&key).map(|value| *value)
    }

    #[inline]
    fn insert(&self, key: u64, value: u64) -> bool {
        self.insert(key, value).is_none()
    }

    #[inline]
    fn update(&self, key: u64, f: impl Fn(u64) -> u64) -> bool {
        self.update(&key, |_, value| f(*value)).is_some()
    }

    #[inline]
    fn remove(&self, key: u64) -> Option<u64> {
        self.remove(&key).map(|value| *value)
    }
}

impl Map for Papaya {
    const NAME: &'static str = "papaya";

    fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity_and_hasher(capacity, Hasher::default())
    }

    #[inline]
    fn get(&self, key: u64) -> Option<u64> {
        self.pin().get(&key).copied()
    }

    #[inline]
    fn insert(&self, key: u64, value: u64) -> bool {
        self.pin().insert(key, value).is_none()
    }

    #[inline]
    fn update(&self, key: u64, f: impl Fn(u64) -> u64) -> bool {
        self.pin().update(key, |value| f(*value)).is_some()
    }

    #[inline]
    fn remove(&self, key: u64) -> Option<u64> {
        self.pin().remove(&key).copied()
    }
}

impl Map for Scc {
    const NAME: &'static str = "scc";

    fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity_and_hasher(capacity, Hasher::default())
    }

    #[inline]
    fn get(&self, key: u64) -> Option<u64> {
        self.read_sync(&key, |_, value| *value)
    }

    #[inline]
    fn insert(&self, key: u64, value: u64) -> bool {
        self.upsert_sync(key, value).is_none()
    }

    #[inline]
    fn update(&self, key: u64, f: impl Fn(u64) -> u64) -> bool {
        self.update_sync(&key, |_, value| *value = f(*value))
            .is_some()
    }

    #[inline]
    fn remove(&self, key: u64) -> Option<u64> {
        self.remove_sync(&key).map(|(_, value)| value)
    }
}

impl Map for Dashmap {
    const NAME: &'static str = "dashmap";

    fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity_and_hasher(capacity, Hasher::default())
    }

    #[inline]
    fn get(&self, key: u64) -> Option<u64> {
        self.get(&key).map(|value| *value)
    }

    #[inline]
    fn insert(&self, key: u64, value: u64) -> bool {
        self.insert(key, value).is_none()
    }

    #[inline]
    fn update(&self, key: u64, f: impl Fn(u64) -> u64) -> bool {
        self.get_mut(&key)
            .map(|mut value| *value = f(*value))
            .is_some()
    }

    #[inline]
    fn remove(&self, key: u64) -> Option<u64> {
        self.remove(&key).map(|(_, value)| value)
    }
}

impl Map for Flurry {
    const NAME: &'static str = "flurry";

    fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity_and_hasher(capacity, Hasher::default())
    }

    #[inline]
    fn get(&self, key: u64) -> Option<u64> {
        self.pin().get(&key).copied()
    }

    #[inline]
    fn insert(&self, key: u64, value: u64) -> bool {
        self.pin().insert(key, value).is_none()
    }

    #[inline]
    fn update(&self, key: u64, f: impl Fn(u64) -> u64) -> bool {
        self.pin()
            .compute_if_present(&key, |_, value| Some(f(*value)))
            .is_some()
    }

    #[inline]
    fn remove(&self, key: u64) -> Option<u64> {
        self.pin().remove(&key).copied()
    }
}

impl Map for Locked {
    const NAME: &'static str = "RwLock<HashMap>";

    fn with_capacity(capacity: usize) -> Self {
        Self::new(StdHashMap::with_capacity_and_hasher(
            capacity,
            Hasher::default(),
        ))
    }

    #[inline]
    fn get(&self, key: u64) -> Option<u64> {
        self.read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .copied()
    }

    #[inline]
    fn insert(&self, key: u64, value: u64) -> bool {
        self.write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, value)
            .is_none()
    }

    #[inline]
    fn update(&self, key: u64, f: impl Fn(u64) -> u64) -> bool {
        let mut map = self.write().unwrap_or_else(PoisonError::into_inner);
        map.get_mut(&key).map(|value| *value = f(*value)).is_some()
    }

    #[inline]
    fn remove(&self, key: u64) -> Option<u64> {
        self.write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&key)
    }
}
