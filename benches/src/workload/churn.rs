//! Insertions and removals, apart: again and again each thread inserts its part of the keys and then
//! removes it. Either is timed. The map goes to and fro between half full and full.

use super::{Bench, Measuring, Tally, count, filled, pace};
use crate::keys::{difference, shuffled};
use crate::maps::Map;
use crate::row::{Operation, Row};
use crate::team::{Limit, Rendezvous, Worker};

pub(super) struct Churn<M> {
    map: M,
    row: Row,
    /// The same keys; not in the same order, or else the allocator would give what is inserted one
    /// after the other memory side by side, and removals would walk through it.
    inserts: Vec<Vec<u64>>,
    removes: Vec<Vec<u64>>,
    start: Rendezvous,
}

impl<M: Map> Churn<M> {
    pub(super) fn new(row: Row) -> Self {
        let half = row.entries / 2;
        let threads = row.threads as u64;
        let parts = |seed| {
            // Which keys are near each other is random anyway.
            let part = |n| half + half * n / threads..half + half * (n + 1) / threads;
            (0..threads).map(|n| shuffled(part(n), seed)).collect()
        };
        Self {
            map: filled(&row, &(0..half)),
            row,
            inserts: parts(2),
            removes: parts(3),
            start: Rendezvous::new(row.threads),
        }
    }

    fn insert(&self, keys: &[u64], tally: &mut Tally) -> usize {
        for &key in keys {
            tally.failed += u64::from(!self.map.insert(key, key));
        }
        keys.len()
    }

    fn remove(&self, keys: &[u64], tally: &mut Tally) -> usize {
        for &key in keys {
            match self.map.remove(key) {
                Some(value) => tally.difference |= difference(key, value),
                None => tally.failed += 1,
            }
        }
        keys.len()
    }
}

impl<M: Map> Bench for Churn<M> {
    fn run(&self, worker: &mut Worker, limit: Limit) -> Tally {
        let (inserts, removes) = (&self.inserts[worker.index], &self.removes[worker.index]);
        let removals = self.row.operation == Operation::Remove;
        let mut tally = Tally::default();
        pace(
            &self.start,
            limit,
            inserts.len() as u64,
            |Measuring(measuring)| {
                Measuring(measuring && !removals)
                    .time(&mut tally, |tally| self.insert(inserts, tally));
                Measuring(measuring && removals)
                    .time(&mut tally, |tally| self.remove(removes, tally));
            },
        );
        tally
    }

    fn check(&self, tally: &Tally) -> Result<(), String> {
        tally.check_values()
    }

    fn check_end(&self) -> Result<(), String> {
        let half = self.row.entries / 2;
        match (
            count(&self.map, 0..half),
            count(&self.map, half..self.row.entries),
        ) {
            (found, 0) if found == half => Ok(()),
            found => Err(format!("({half}, 0) keys must be present, {found:?} are")),
        }
    }
}
