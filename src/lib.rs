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
//! # Choosing a method
//!
//! | wanted | method |
//! | --- | --- |
//! | read | [`get`](HashMap::get), [`get_many`](HashMap::get_many), [`get_owned`](HashMap::get_owned) |
//! | set, or insert if absent | [`insert`](HashMap::insert), [`try_insert`](HashMap::try_insert), [`get_or_insert_with`](HashMap::get_or_insert_with) |
//! | change, atomically | [`update`](HashMap::update), [`update_or_insert`](HashMap::update_or_insert), [`compare_exchange`](HashMap::compare_exchange) |
//! | decide by what is there | [`compute`](HashMap::compute) in one step, [`entry`](HashMap::entry) in two |
//! | remove | [`remove`](HashMap::remove), [`remove_if`](HashMap::remove_if), [`pop_any`](HashMap::pop_any), [`retain`](HashMap::retain), [`drain`](HashMap::drain) |
//! | all entries | [`iter`](HashMap::iter), [`keys`](HashMap::keys), [`values`](HashMap::values) |
//!
//! # Features
//!
//! - `std`, on by default: a hasher for maps that are given none, and one share of each map for each thread. Without it the
//!   crate needs `core` and `alloc` and an allocator: name a hasher (`HashMap::with_hasher`); an operation then takes
//!   a share for itself, by two atomic exchanges more. The targets must have compare-and-swap of a pointer.
//! - `serde`: maps and sets are serialized and deserialized.
//! - `rayon` (needs `std`): parallel iterators, and maps and sets filled by all cores.
//!
//! # Choosing a hasher
//!
//! std's `RandomState`, the default, withstands attackers who choose keys that collide. Where keys come from friends,
//! `foldhash` is quicker: `HashMap::with_hasher(foldhash::fast::RandomState::default())`.
//!
//! # The layers
//!
//! ```text
//!   HashMap, HashSet          map.rs, set.rs                std names
//!   Ref, Key, Iter            guard.rs, key.rs, iter.rs
//!        |
//!   split_order/              buckets over the list: directory of doubling segments, growth, walks
//!        |
//!   list/                     links, nodes, sentinels: find, insert, replace, mark, unlink
//!        |
//!   reclaim/                  hazards, seats, batches, garbage
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
#[cfg(any(feature = "std", test))]
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
