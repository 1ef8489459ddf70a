//! A lock-free concurrent hash map: it grows without moving entries or stopping anyone, and its reads
//! are references into the map that block nobody.
//!
//! ```
//! use splitmap::HashMap;
//!
//! let map = HashMap::new();                       // share it by reference, Arc or static
//! std::thread::scope(|scope| {
//!     for n in 0..4 {
//!         let map = &map;
//!         scope.spawn(move || {
//!             map.insert(n, n * n);
//!             map.update(&0, |_key, sum| sum + n);
//!         });
//!     }
//! });
//! assert_eq!(map.len(), 4);
//! assert_eq!(*map.get(&3).unwrap(), 9);
//! ```
//!
//! # The layers
//!
//! ```text
//!   HashMap, Ref, Iter        map.rs, guard.rs, iter.rs     std names
//!        |
//!   split_order/              buckets over the list: directory of doubling segments, growth, walks
//!        |
//!   list/                     links, nodes, sentinels: find, insert, replace, mark, unlink
//!        |
//!   reclaim/                  hazards, batches, garbage (haphazard)
//!        |
//!   splitmap_arch             atomics, store→load order, barriers: the only place that knows the CPU
//! ```
//!
//! Imports run downward only. Each folder's `mod.rs` states its invariants and memory orderings.

#![no_std]

#[cfg(all(loom, not(test)))]
compile_error!(
    "splitmap has models of its own, and no form for those of other crates: build it without `--cfg loom`"
);

extern crate alloc;
extern crate std;

mod errors;
mod features;
mod guard;
mod hasher;
mod iter;
mod key;
mod list;
mod map;
mod operation;
mod reclaim;
mod set;
mod split_order;
mod sync;
mod tunables;
mod unwind;

pub use equivalent::Equivalent;
pub use errors::{OccupiedError, TryReserveError};
#[cfg(feature = "rayon")]
pub use features::rayon::{ParIter, ParKeys};
pub use guard::Ref;
pub use hasher::DefaultHashBuilder;
pub use iter::Iter;
pub use key::{Key, Keys, Values};
pub use map::{
    Builder, CompareExchangeError, Computed, Drain, Entry, ExtractIf, GetMany, HashMap, IntoIter,
    IntoKeys, IntoValues, IterMut, OccupiedEntry, OwnedIter, OwnedRef, Raw, VacantEntry, ValuesMut,
};
pub use operation::Operation;
pub use set::HashSet;
