//! Insertions into new maps without capacity, each until it holds all entries.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::{Bench, Measuring, Tally, lead_in};
use crate::keys::shuffled;
use crate::maps::Map;
use crate::row::Row;
use crate::team::{Limit, Rendezvous, Worker};

/// Keys that a thread takes at once, so that all are in the same map most of the time.
const CHUNK: usize = 64;

/// Insertions between two rendezvous, at least: what the threads lose there must not show.
const BATCH: usize = if cfg!(test) { 1 } else { 1 << 16 };

pub(super) struct Growing<M> {
    keys: Vec<u64>,
    batch: Mutex<Arc<Batch<M>>>,
    sync: Rendezvous,
    measuring: AtomicBool,
    over: AtomicBool,
}

/// Maps that are filled one after the other.
struct Batch<M> {
    maps: Vec<M>,
    /// How many chunks, of all maps, are taken.
    taken: AtomicUsize,
}

impl<M: Map> Batch<M> {
    fn new(maps: usize) -> Self {
        let maps = (0..maps).map(|_| M::with_capacity(0)).collect();
        Self {
            maps,
            taken: AtomicUsize::new(0),
        }
    }

    /// A map, and where in its keys a chunk begins.
    fn take(&self, chunks: usize) -> Option<(&M, usize)> {
        let taken = self.taken.fetch_add(1, Ordering::Relaxed);
        Some((self.maps.get(taken / chunks)?, taken % chunks * CHUNK))
    }
}

impl<M: Map> Growing<M> {
    pub(super) fn new(row: Row) -> Self {
        Self {
            keys: shuffled(0..row.entries, 2),
            batch: Mutex::new(Arc::new(Batch::new(0))),
            sync: Rendezvous::new(row.threads),
            measuring: AtomicBool::new(false),
            over: AtomicBool::new(false),
        }
    }

    fn maps(&self) -> usize {
        BATCH.div_ceil(self.keys.len())
    }

    fn batch(&self) -> Arc<Batch<M>> {
        Arc::clone(&self.batch.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn exchange(&self, batch: Batch<M>) -> Arc<Batch<M>> {
        let mut place = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        core::mem::replace(&mut place, Arc::new(batch))
    }

    /// How many keys a thread inserted.
    fn fill(&self, batch: &Batch<M>, tally: &mut Tally) -> usize {
        let mut inserted = 0;
        while let Some((map, start)) = batch.take(self.keys.len().div_ceil(CHUNK)) {
            let keys = &self.keys[start..self.keys.len().min(start + CHUNK)];
            for &key in keys {
                tally.failed += u64::from(!map.insert(key, key));
            }
            inserted += keys.len();
        }
        inserted
    }

    /// How many of every sixteenth key are missing.
    fn missing(&self, batch: &Batch<M>) -> u64 {
        let keys = || self.keys.iter().step_by(16);
        let missing = |map: &M| {
            keys()
                .map(|&key| u64::from(map.get(key) != Some(key)))
                .sum::<u64>()
        };
        batch.maps.iter().map(missing).sum()
    }

    /// The first worker says to all how the measurement goes on: whether the next batch counts, and
    /// whether there is one. They see both after the next rendezvous.
    fn direct(&self, limit: Limit, start: Instant, batches: usize) {
        let (measuring, over) = match limit {
            Limit::Time(slice) => {
                let time = start.elapsed();
                (
                    time >= lead_in(slice),
                    batches > 0 && time >= slice + lead_in(slice),
                )
            }
            Limit::Operations(all) => (
                true,
                (batches * self.maps() * self.keys.len()) as u64 >= all,
            ),
        };
        self.measuring.store(measuring, Ordering::Relaxed);
        self.over.store(over, Ordering::Relaxed);
    }
}

impl<M: Map> Bench for Growing<M> {
    fn run(&self, worker: &mut Worker, limit: Limit) -> Tally {
        let leader = worker.index == 0;
        let start = Instant::now();
        let mut tally = Tally::default();
        let mut batches = 0;
        loop {
            if leader {
                self.direct(limit, start, batches);
                self.exchange(Batch::new(self.maps()));
            }
            self.sync.wait();
            let batch = self.batch();
            let measuring = self.measuring.load(Ordering::Relaxed);
            let over = self.over.load(Ordering::Relaxed);
            self.sync.wait();
            if over {
                return tally;
            }
            Measuring(measuring).time(&mut tally, |tally| self.fill(&batch, tally));
            drop(batch);
            self.sync.wait();
            if leader {
                tally.failed += self.missing(&self.exchange(Batch::new(0)));
            }
            batches += usize::from(measuring);
        }
    }

    fn check(&self, tally: &Tally) -> Result<(), String> {
        tally.check_values()
    }

    fn check_end(&self) -> Result<(), String> {
        Ok(())
    }
}
