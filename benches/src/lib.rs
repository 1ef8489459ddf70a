//! Benchmarks of splitmap beside its peers: the same workloads, `u64 → u64`, the same hasher and the
//! same allocator for every map. See `compare` (the binary) and `map` (the criterion suite).
//!
//! # The layers
//!
//! ```text
//!   bin/compare.rs, map.rs      interleaved rounds and their table; criterion
//!   bin/iterate.rs              walks over whole maps, many look-ups at once
//!   bin/pauses.rs               how long single operations take, where values have slow destructors
//!        |
//!   workload/                   what is measured, and whether the map's answers were right
//!        |
//!   row.rs  maps.rs             a row's name and sizes; the maps behind one trait
//!        |
//!   team.rs  keys.rs  stats.rs  threads that start together; keys and random numbers; medians
//! ```

extern crate alloc;

mod keys;
mod maps;
mod row;
mod stats;
mod team;
mod workload;

pub use keys::{Rng, key, shuffled};
pub use maps::{Hasher, MAP_NAMES, Map};
pub use row::{Mix, Operation, Row};
pub use stats::{median, sorted};
pub use team::{Limit, Team, Worker};
pub use workload::{Bench, Prepared, Tally, prepare};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
