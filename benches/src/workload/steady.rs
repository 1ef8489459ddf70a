//! Gets and mixes: every thread draws random keys.

use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};

use super::{Bench, Tally, count, filled, float, pace};
use crate::keys::{UPDATE, difference};
use crate::maps::Map;
use crate::row::{Mix, Operation, Row};
use crate::team::{Limit, Rendezvous, Worker};

/// Operations between two looks at the clock.
const CHUNK: usize = 1024;

pub(super) struct Steady<M> {
    map: M,
    operation: Operation,
    /// Which keys are read and updated, and which are inserted and removed.
    read: Range<u64>,
    write: Range<u64>,
    /// How many of the row's keys must be present.
    present: AtomicU64,
    start: Rendezvous,
}

impl<M: Map> Steady<M> {
    pub(super) fn new(row: Row) -> Self {
        let n = row.entries;
        let (present, read) = match row.operation {
            Operation::GetMiss => (n, n..2 * n),
            Operation::Mix(_) => (n * 3 / 4, 0..n),
            _ => (n, 0..n),
        };
        Self {
            map: filled(&row, &(0..present)),
            operation: row.operation,
            read,
            write: n / 2..n,
            present: AtomicU64::new(present),
            start: Rendezvous::new(row.threads),
        }
    }

    #[inline]
    fn get(&self, key: u64, tally: &mut Tally) {
        tally.reads += 1;
        if let Some(value) = self.map.get(key) {
            tally.hits += 1;
            tally.difference |= difference(key, value);
        }
    }

    fn gets(&self, worker: &mut Worker, tally: &mut Tally) -> usize {
        for _ in 0..CHUNK {
            self.get(worker.rng.next().key(&self.read), tally);
        }
        CHUNK
    }

    fn mix(&self, mix: Mix, worker: &mut Worker, tally: &mut Tally) -> usize {
        let update = mix.read + mix.update;
        let insert = update + mix.insert;
        for _ in 0..CHUNK {
            let random = worker.rng.next();
            match random.percent() {
                p if p < mix.read => self.get(random.key(&self.read), tally),
                p if p < update => {
                    self.map
                        .update(random.key(&self.read), |value| value.wrapping_add(UPDATE));
                }
                p if p < insert => {
                    let key = random.key(&self.write);
                    tally.inserted += u64::from(self.map.insert(key, key));
                }
                _ => {
                    let key = random.key(&self.write);
                    if let Some(value) = self.map.remove(key) {
                        tally.removed += 1;
                        tally.difference |= difference(key, value);
                    }
                }
            }
        }
        CHUNK
    }
}

impl<M: Map> Bench for Steady<M> {
    fn run(&self, worker: &mut Worker, limit: Limit) -> Tally {
        let mut tally = Tally::default();
        pace(&self.start, limit, CHUNK as u64, |measuring| {
            measuring.time(&mut tally, |tally| match self.operation {
                Operation::Mix(mix) => self.mix(mix, worker, tally),
                _ => self.gets(worker, tally),
            });
        });
        tally
    }

    fn check(&self, tally: &Tally) -> Result<(), String> {
        tally.check_values()?;
        // In a mix, how many of the written keys are present varies, by 1 % of all when they are few.
        let (expected, tolerance) = match self.operation {
            Operation::GetMiss => (0.0, 0.0),
            Operation::Mix(_) => (0.75, 0.04 + 3.0 / float(tally.reads + 1).sqrt()),
            _ => (1.0, 0.0),
        };
        let hits = float(tally.hits) / float(tally.reads);
        if (hits - expected).abs() > tolerance {
            return Err(format!("{:.2} % of the gets were hits", hits * 100.0));
        }
        self.present.fetch_add(tally.inserted, Ordering::Relaxed);
        self.present.fetch_sub(tally.removed, Ordering::Relaxed);
        Ok(())
    }

    fn check_end(&self) -> Result<(), String> {
        let expected = self.present.load(Ordering::Relaxed);
        match count(&self.map, 0..self.write.end) {
            found if found == expected => Ok(()),
            found => Err(format!("{expected} keys must be present, {found} are")),
        }
    }
}
