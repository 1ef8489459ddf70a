//! A player's operations on the map as a whole: iteration, room, and what is left after a collection.

use std::collections::{HashMap as StdMap, HashSet};
use std::hash::BuildHasher;

use super::entry::Shown;
use super::player::Player;

impl<S: BuildHasher> Player<'_, S> {
    pub(super) fn forget_all(&mut self) {
        for (entry, shown) in self.kept.drain(..) {
            assert_eq!(Shown::by(&entry), shown, "a held entry changed");
        }
    }

    pub(super) fn advance(&mut self, count: usize) {
        for _ in 0..count {
            let id = self.id;
            let Some(walk) = &mut self.walk else { return };
            let Some(entry) = walk.next(|number| number >> 32 == id) else {
                self.coverage.walks += 1;
                self.walk = None;
                return;
            };
            let shown = Shown::by(&entry);
            self.keep(entry, shown);
        }
    }

    pub(super) fn end_walk(&mut self) {
        while self.walk.is_some() {
            self.advance(64);
        }
    }

    pub(super) fn iterate(&mut self) {
        let mut found = StdMap::new();
        for entry in self.map {
            let shown = Shown::by(&entry);
            if shown.number >> 32 == self.id {
                assert_eq!(found.insert(shown.number, shown), None, "given twice");
            }
        }
        assert_eq!(found, self.model);
        for (number, shown) in &self.model {
            let entry = self.map.get(number);
            assert_eq!(entry.as_ref().map(Shown::by), Some(*shown));
        }
    }

    /// Frees what can be freed: what is left is in the map, or held.
    pub(super) fn collect(&mut self) {
        self.map.flush();
        if !self.alone || self.walk.is_some() {
            return;
        }
        let held = self.kept.iter().map(|(_, shown)| shown);
        let (mut keys, mut values) = (HashSet::new(), HashSet::new());
        for shown in self.model.values().chain(held) {
            keys.insert(shown.key);
            values.insert(shown.value);
        }
        let alive = self.maker.census.alive();
        assert_eq!(
            alive.unsigned_abs(),
            keys.len() + values.len(),
            "keys and values alive"
        );
        assert_eq!(self.map.retired_len(), values.len() - self.model.len());
        let empty = self.map.retired_bytes() == 0;
        assert_eq!(empty, self.map.retired_len() == 0);
    }

    pub(super) fn reserve(&mut self, count: usize) {
        self.map.reserve(count);
        let least = if self.alone {
            self.model.len() + count
        } else {
            count
        };
        assert!(self.map.capacity() >= least);
    }

    pub(super) fn try_reserve(&mut self, count: usize, too_much: bool) {
        let before = self.map.capacity();
        if too_much {
            self.map.try_reserve(usize::MAX - count).unwrap_err();
            assert!(!self.alone || self.map.capacity() == before);
        } else {
            self.map.try_reserve(count).unwrap();
            assert!(self.map.capacity() >= before.max(count));
        }
    }

    pub(super) fn debug(&mut self) {
        let shown = format!("{:?}", self.map);
        if self.alone {
            let entries: Vec<String> = (self.map.iter())
                .map(|entry| format!("{:?}: {:?}", entry.key(), &*entry))
                .collect();
            assert_eq!(shown, format!("{{{}}}", entries.join(", ")));
        }
    }

    /// What `clear` does; one of many removes what is its own.
    pub(super) fn clear(&mut self) {
        let numbers: Vec<u64> = self.model.keys().copied().collect();
        if self.alone {
            self.map.clear();
            for number in numbers {
                self.take(number);
            }
        } else {
            for number in numbers {
                self.remove(number, false);
            }
        }
    }

    pub(super) fn measure(&mut self) {
        let capacity = self.map.capacity();
        let before = self.coverage.capacity;
        assert!(capacity >= before, "the table does not shrink");
        self.coverage.growths += usize::from(capacity > before && before > 0);
        self.coverage.capacity = capacity;
        if self.alone {
            let len = self.map.len();
            assert_eq!(len, self.model.len());
            assert_eq!(self.map.is_empty(), len == 0);
            self.coverage.len_max = self.coverage.len_max.max(len);
        }
    }
}
