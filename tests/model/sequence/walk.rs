//! An iteration that goes on through other operations, held against what `HashMap::iter` promises: what
//! is there throughout is given exactly once, nothing twice unless it was removed and came back, and
//! nothing that was not in the map at some moment since the iteration began.

use std::collections::{HashMap as StdMap, HashSet};

use super::entry::{Entry, Key, Shown};
use crate::common::Counted;
use splitmap::Iter;

pub(super) struct Walk<'map> {
    iter: Iter<'map, Key, Counted>,
    /// Keys that have been there since it began.
    steady: HashSet<u64>,
    /// Keys that were removed since.
    removed: HashSet<u64>,
    /// What entries have shown since, by the value's stamp.
    been: StdMap<u64, Shown>,
    given: HashSet<u64>,
}

impl<'map> Walk<'map> {
    pub(super) fn new(iter: Iter<'map, Key, Counted>, model: &StdMap<u64, Shown>) -> Self {
        Self {
            iter,
            steady: model.keys().copied().collect(),
            removed: HashSet::new(),
            been: model.values().map(|shown| (shown.value, *shown)).collect(),
            given: HashSet::new(),
        }
    }

    pub(super) fn note_put(&mut self, shown: Shown) {
        self.been.insert(shown.value, shown);
    }

    pub(super) fn note_removed(&mut self, number: u64) {
        self.steady.remove(&number);
        self.removed.insert(number);
    }

    /// The next entry that `mine` admits; at the end, whether anything was left out.
    pub(super) fn next(&mut self, mine: impl Fn(u64) -> bool) -> Option<Entry<'map>> {
        let Some(entry) = self.iter.find(|entry| mine(entry.key().number)) else {
            assert!(self.iter.next().is_none(), "an iterator is fused");
            let missed: Vec<_> = self.steady.difference(&self.given).collect();
            assert!(
                missed.is_empty(),
                "present throughout, but not given: {missed:?}"
            );
            return None;
        };
        let shown = Shown::by(&entry);
        assert_eq!(
            self.been.get(&shown.value),
            Some(&shown),
            "it was never there"
        );
        assert!(
            self.given.insert(shown.number) || self.removed.contains(&shown.number),
            "given twice: {shown:?}"
        );
        Some(entry)
    }
}
