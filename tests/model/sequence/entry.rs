//! Keys and values that are counted and told apart: which key object, which value object.

use std::hash::{Hash, Hasher};

use crate::common::{Census, Counted};
use splitmap::{Equivalent, Ref};

/// Keys of the same number are equal; the stamp says which one it is.
#[derive(Debug)]
pub(crate) struct Key {
    pub(super) number: u64,
    pub(super) stamp: Counted,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        // Touched, so that a freed key is noticed.
        self.stamp.get();
        other.stamp.get();
        self.number == other.number
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.number);
    }
}

impl Equivalent<Key> for u64 {
    fn equivalent(&self, key: &Key) -> bool {
        key.stamp.get();
        *self == key.number
    }
}

pub(crate) type Entry<'map> = Ref<'map, Key, Counted>;

/// What an entry shows, or must show: the key's number, and the stamps of key and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) number: u64,
    pub(super) key: u64,
    pub(super) value: u64,
}

impl Shown {
    pub(super) fn of(key: &Key, value: &Counted) -> Self {
        Self {
            number: key.number,
            key: key.stamp.get(),
            value: value.get(),
        }
    }

    pub(super) fn by(entry: &Entry<'_>) -> Self {
        Self::of(entry.key(), entry)
    }
}

/// Makes keys and values, each with another stamp.
#[derive(Debug)]
pub(super) struct Maker<'map> {
    pub(super) census: &'map Census,
    last: u64,
}

impl<'map> Maker<'map> {
    pub(super) fn new(census: &'map Census) -> Self {
        Self { census, last: 0 }
    }

    pub(super) fn value(&mut self) -> Counted {
        self.last += 1;
        self.census.counted(self.last)
    }

    /// An entry, and what it shows.
    pub(super) fn entry(&mut self, number: u64) -> (Key, Counted, Shown) {
        let stamp = self.value();
        let (key, value) = (Key { number, stamp }, self.value());
        let shown = Shown::of(&key, &value);
        (key, value, shown)
    }
}
