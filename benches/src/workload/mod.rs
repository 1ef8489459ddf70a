//! What is measured: three shapes of loops, and for each the check that the map's answers were right.
//!
//! ```text
//!   steady.rs    gets and mixes: random keys, the map stays as it is or in balance
//!   churn.rs     insert and remove: each thread inserts its keys, then removes them; either is timed
//!   growing.rs   insert_growing: new maps
//! ```

mod churn;
mod growing;
mod steady;

use alloc::sync::Arc;
use core::ops::{Add, Range};
use core::time::Duration;
use std::time::Instant;

use crate::keys::{key, shuffled};
use crate::maps::{Dashmap, Flurry, Locked, Map, Papaya, Scc, Splitmap, for_each_map};
use crate::row::{Operation, Row};
use crate::team::{Limit, Rendezvous, Worker};
use churn::Churn;
use growing::Growing;
use steady::Steady;

/// A map and what is to be done with it.
pub trait Bench: Send + Sync {
    /// One thread's part of a measurement.
    fn run(&self, worker: &mut Worker, limit: Limit) -> Tally;

    /// Whether a measurement's answers, of all threads, can be right.
    ///
    /// # Errors
    /// They cannot.
    fn check(&self, tally: &Tally) -> Result<(), String>;

    /// Whether the map holds what it should hold after all the measurements.
    ///
    /// # Errors
    /// It does not.
    fn check_end(&self) -> Result<(), String>;
}

/// What a thread did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Operations that were timed.
    operations: u64,
    /// How long they took.
    time: Duration,
    /// All gets, and those that found an entry.
    reads: u64,
    hits: u64,
    /// Keys that were absent and were inserted; keys that were present and were removed.
    inserted: u64,
    removed: u64,
    /// Insertions and removals that should have done so and did not.
    failed: u64,
    /// Not 0 if a value was another key's.
    difference: u64,
}

impl Tally {
    /// Operations per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        float(self.operations) / self.time.as_secs_f64()
    }

    fn check_values(&self) -> Result<(), String> {
        if self.difference != 0 {
            return Err("a key had another key's value".into());
        }
        if self.failed > 0 {
            return Err(format!(
                "{} insertions or removals had the wrong result",
                self.failed
            ));
        }
        Ok(())
    }
}

impl Add<&Self> for Tally {
    type Output = Self;

    fn add(self, other: &Self) -> Self {
        Self {
            operations: self.operations + other.operations,
            time: self.time + other.time,
            reads: self.reads + other.reads,
            hits: self.hits + other.hits,
            inserted: self.inserted + other.inserted,
            removed: self.removed + other.removed,
            failed: self.failed + other.failed,
            difference: self.difference | other.difference,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}

/// A map that is ready for a row's measurements.
#[derive(Clone)]
pub struct Prepared {
    /// The map's name.
    pub name: &'static str,
    /// What to measure.
    pub bench: Arc<dyn Bench>,
}

impl core::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Prepared")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The map of that name, filled for the row.
///
/// # Panics
/// There is none of that name.
#[must_use]
pub fn prepare(row: Row, name: &str) -> Prepared {
    macro_rules! find {
        ($($map:ty),*) => {
            $(if name == <$map>::NAME {
                return Prepared { name: <$map>::NAME, bench: prepare_map::<$map>(row) };
            })*
        };
    }
    for_each_map!(find);
    panic!("no map is called {name}");
}

fn prepare_map<M: Map>(row: Row) -> Arc<dyn Bench> {
    match row.operation {
        Operation::GetHit | Operation::GetMiss | Operation::Mix(_) => {
            Arc::new(Steady::<M>::new(row))
        }
        Operation::Insert | Operation::Remove => Arc::new(Churn::<M>::new(row)),
        Operation::InsertGrowing => Arc::new(Growing::<M>::new(row)),
    }
}

/// A map with room for all the row's entries that holds the keys of these indices, put in at random;
/// then each is replaced at random, so that whatever the map defers to later operations is done.
fn filled<M: Map>(row: &Row, indices: &Range<u64>) -> M {
    let map = M::with_capacity(row.capacity());
    for seed in 0..2 {
        for key in shuffled(indices.clone(), seed) {
            map.insert(key, key);
        }
    }
    map
}

/// How many of these keys there are.
fn count<M: Map>(map: &M, indices: Range<u64>) -> u64 {
    indices
        .map(|index| u64::from(map.get(key(index)).is_some()))
        .sum()
}

/// Calls `step` until the limit, in all threads that come here; a step does `operations` that count.
/// Its argument tells whether to count them.
fn pace(start: &Rendezvous, limit: Limit, operations: u64, mut step: impl FnMut(Measuring)) {
    start.wait();
    match limit {
        Limit::Time(slice) => {
            let start = Instant::now();
            while start.elapsed() < lead_in(slice) {
                step(Measuring(false));
            }
            let start = Instant::now();
            while {
                step(Measuring(true));
                start.elapsed() < slice
            } {}
        }
        Limit::Operations(all) => {
            let steps = all.div_ceil(operations * start.threads() as u64);
            (0..steps).for_each(|_| step(Measuring(true)));
        }
    }
}

fn lead_in(slice: Duration) -> Duration {
    slice / 16
}

/// Whether what is done now counts.
#[derive(Clone, Copy)]
struct Measuring(bool);

impl Measuring {
    /// Calls `run`, which gives the number of its operations.
    fn time(self, tally: &mut Tally, run: impl FnOnce(&mut Tally) -> usize) {
        let start = Instant::now();
        let operations = run(tally);
        if self.0 {
            tally.time += start.elapsed();
            tally.operations += operations as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maps::MAP_NAMES;
    use crate::team::Team;

    fn small_rows() -> impl Iterator<Item = Row> {
        Row::all(&[1, 2]).filter(|row| row.entries <= 1000)
    }

    fn run(row: Row, bench: &Arc<dyn Bench>) -> Result<(), String> {
        let team = Team::new(row.threads);
        for limit in [
            Limit::Operations(5000),
            Limit::Time(Duration::from_millis(1)),
        ] {
            assert!(team.measure(bench, limit)? > 0.0);
        }
        bench.check_end()
    }

    #[test]
    fn every_map_passes_every_row() {
        for row in small_rows() {
            for name in MAP_NAMES {
                assert_eq!(run(row, &prepare(row, name).bench), Ok(()), "{row} {name}");
            }
        }
    }

    /// Has a fault in one key of eight.
    struct Faulty<const FAULT: u8>(Splitmap);
    const LOSES: u8 = 0;
    const INVENTS: u8 = 1;
    const CONFUSES: u8 = 2;

    impl<const FAULT: u8> Map for Faulty<FAULT> {
        const NAME: &'static str = "faulty";

        fn with_capacity(capacity: usize) -> Self {
            Self(Map::with_capacity(capacity))
        }

        fn get(&self, key: u64) -> Option<u64> {
            let value = Map::get(&self.0, key);
            match FAULT {
                LOSES => value.filter(|_| !key.is_multiple_of(8)),
                INVENTS if key.is_multiple_of(8) => Some(key),
                CONFUSES if key.is_multiple_of(8) => value.map(|value| value + 1),
                _ => value,
            }
        }

        fn insert(&self, key: u64, value: u64) -> bool {
            Map::insert(&self.0, key, value)
        }

        fn update(&self, key: u64, f: impl Fn(u64) -> u64) -> bool {
            Map::update(&self.0, key, f)
        }

        fn remove(&self, key: u64) -> Option<u64> {
            Map::remove(&self.0, key)
        }
    }

    #[test]
    fn a_map_that_loses_entries_fails_every_row_that_expects_some() {
        for row in small_rows().filter(|row| row.operation != Operation::GetMiss) {
            assert!(
                run(row, &prepare_map::<Faulty<LOSES>>(row)).is_err(),
                "{row}"
            );
        }
    }

    #[test]
    fn a_map_that_invents_entries_fails_every_row_that_expects_none() {
        let finds_no_more = [Operation::GetHit, Operation::InsertGrowing];
        for row in small_rows().filter(|row| !finds_no_more.contains(&row.operation)) {
            assert!(
                run(row, &prepare_map::<Faulty<INVENTS>>(row)).is_err(),
                "{row}"
            );
        }
    }

    #[test]
    fn a_map_that_confuses_values_fails_rows_that_read_them() {
        let reads = |row: &Row| matches!(row.operation, Operation::GetHit | Operation::Mix(_));
        for row in small_rows().filter(reads) {
            assert!(
                run(row, &prepare_map::<Faulty<CONFUSES>>(row)).is_err(),
                "{row}"
            );
        }
    }
}
