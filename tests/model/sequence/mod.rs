//! Sequences of operations, played on the map and on a model of it: the whole public interface.
//!
//! ```text
//!   bytes ──op──► Setup, Op, Op, ...  ──player──►  splitmap::HashMap      the same answers?
//!                                          └────►  std's HashMap
//! ```
//!
//! Shared by the property tests (`tests/model`) and the fuzz targets (`fuzz/`), which include it by its
//! path beside `tests/common`.

mod changes;
mod entry;
mod hashing;
mod op;
mod player;
mod walk;
mod whole;

use std::collections::HashMap as StdMap;
use std::fmt;
use std::hash::BuildHasher;

use crate::common::{BadHash, Census};
use entry::Maker;
pub(crate) use hashing::Edges;
use hashing::{Spread, Trunc};
pub(crate) use op::{Hashing, Op, Setup, Start, decode};
use player::Player;
use splitmap::HashMap;

/// What was played.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Coverage {
    pub(crate) operations: usize,
    pub(crate) growths: usize,
    /// Closures whose result came too late, as the entry had changed meanwhile.
    pub(crate) retries: usize,
    /// Iterations that went to their end through other operations.
    pub(crate) walks: usize,
    pub(crate) len_max: usize,
    pub(crate) kept_max: usize,
    capacity: usize,
}

impl Coverage {
    pub(crate) fn add(&mut self, other: Self) {
        self.operations += other.operations;
        self.growths += other.growths;
        self.retries += other.retries;
        self.walks += other.walks;
        self.len_max = self.len_max.max(other.len_max);
        self.kept_max = self.kept_max.max(other.kept_max);
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            operations,
            growths,
            retries,
            walks,
            len_max,
            kept_max,
            capacity: _,
        } = self;
        write!(
            f,
            "{operations} operations, {growths} doublings, {retries} retried closures, {walks} \
             iterations through changes, at most {len_max} entries and {kept_max} held"
        )
    }
}

/// Calls a generic function with the hasher that a [`Hashing`] names.
macro_rules! with_hasher {
    ($hashing:expr, $play:ident($($argument:expr),*)) => {
        match $hashing {
            Hashing::Spread => $play::<Spread>($($argument),*),
            Hashing::Edges => $play::<Edges>($($argument),*),
            Hashing::Bad => $play::<BadHash>($($argument),*),
            Hashing::Trunc2 => $play::<Trunc<2>>($($argument),*),
            Hashing::Trunc3 => $play::<Trunc<3>>($($argument),*),
            Hashing::Trunc4 => $play::<Trunc<4>>($($argument),*),
            Hashing::Trunc5 => $play::<Trunc<5>>($($argument),*),
        }
    };
}

/// Plays `ops` on one map.
pub(crate) fn play(setup: Setup, ops: &[Op]) -> Coverage {
    with_hasher!(setup.hashing, play_alone(setup, ops))
}

fn play_alone<S: BuildHasher + Default>(setup: Setup, ops: &[Op]) -> Coverage {
    let census = Census::default();
    let mut maker = Maker::new(&census);
    let mut model = StdMap::new();
    let map: HashMap<_, _, S> = match setup.start {
        Start::Empty => HashMap::default(),
        Start::WithCapacity(capacity) => {
            let map = HashMap::with_capacity_and_hasher(usize::from(capacity), S::default());
            assert!(map.capacity() >= usize::from(capacity));
            map
        }
        Start::Collected(count) => (0..u64::from(scaled(count)))
            .map(|number| {
                let (key, value, shown) = maker.entry(number);
                model.insert(number, shown);
                (key, value)
            })
            .collect(),
    };
    let mut player = Player::new(&map, model, maker, setup.key_mask);
    for op in ops {
        player.play(*op);
    }
    let coverage = player.finish();
    assert!(census.alive().unsigned_abs() >= 2 * map.len());
    drop(map);
    assert_eq!(census.alive(), 0, "keys or values were leaked");
    coverage
}

/// Plays each of `sequences` in a thread of its own, on keys of its own, all on one map.
pub(crate) fn play_together(setup: Setup, sequences: &[&[Op]]) -> Coverage {
    with_hasher!(setup.hashing, play_in_threads(setup, sequences))
}

fn play_in_threads<S: BuildHasher + Default + Sync>(setup: Setup, sequences: &[&[Op]]) -> Coverage {
    let census = Census::default();
    let map = HashMap::<_, _, S>::default();
    let start = std::sync::Barrier::new(sequences.len());
    let mut coverage = Coverage::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (1..)
            .zip(sequences)
            .map(|(id, ops)| {
                let mut player = Player::one_of_many(&map, &census, id, setup.key_mask);
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    for op in *ops {
                        player.play(*op);
                    }
                    player
                })
            })
            .collect();
        // All have ended before the first one is looked at: its keys are as it left them.
        let players: Vec<_> = threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect();
        let mut growths = 0;
        for player in players {
            let seen = player.finish();
            growths = growths.max(seen.growths); // all see the same ones
            coverage.add(seen);
        }
        coverage.growths = growths;
    });
    coverage.len_max = map.len();
    assert!(census.alive().unsigned_abs() >= 2 * map.len());
    drop(map);
    assert_eq!(census.alive(), 0, "keys or values were leaked");
    coverage
}

/// How many keys are put in at once: fewer where each costs a hundred times as much.
fn scaled(count: u8) -> u8 {
    if cfg!(miri) { count / 16 } else { count }
}
