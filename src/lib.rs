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
//! # When to choose this map, and when not
//!
//! Choose it where many threads read and write one map and none may wait for another: services with latency targets, more
//! threads than cores, readers that hold what they found for long or across an `.await`, maps that grow while they serve.
//!
//! | | splitmap | papaya 0.2 | scc 3 | dashmap 6 | flurry 0.5 | `RwLock<HashMap>` |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | a read waits for | nobody | nobody | a writer of the bucket (`HashIndex`: nobody) | a writer of the shard | nobody | a writer |
//! | a write waits for | nobody | others' copying and allocating of tables | others in the bucket | others in the shard | others in the bin | everybody |
//! | growth | links new slots in, moves nothing | copies, in steps | copies, in steps | copies a shard at once | copies, in steps | copies at once |
//! | what a stalled reader keeps from being freed | what it holds | all garbage from then on | its bucket from being written; `HashIndex`: all garbage | its shard from being written | all garbage from then on | the map from being written |
//! | a value is changed | by another in its place | by another in its place | where it is | where it is | by another in its place | where it is |
//! | asked of keys | `Hash + Eq` | `Hash + Eq` | `Hash + Eq` | `Hash + Eq` | `Hash + Ord + Clone` | `Hash + Eq` |
//! | `no_std` | with `alloc` | no | no | no | no | no |
//!
//! Choose another one
//! - if a single thread, or a few that seldom meet, use it, or it is built once and then only read: std's map in a lock, or
//!   `Arc<HashMap>`, is quicker at everything;
//! - if small values are overwritten all the time: scc and dashmap change them where they are, where this map allocates
//!   an entry and frees the old one (an atomic as the value makes up for it);
//! - if most look-ups find nothing, in a map far larger than the caches: papaya's table of tags needs one cache miss for
//!   that, where this map needs one for the slot and, in every third or fourth bucket, another for a node.
//!
//! The repository's README has the rates beside each of them, those that are lost beside those that are won.
//!
//! # What may be relied on
//!
//! - **Operations on one key are linearizable**: each takes effect at one moment between its call and its return, the same
//!   for all threads. Closures may run several times, only the last of which takes effect.
//! - **Several operations are several**: what must be one step is [`update`](HashMap::update), [`compute`](HashMap::compute) or
//!   [`compare_exchange`](HashMap::compare_exchange).
//! - **[`len`](HashMap::len) is a sum of counts** that others change while it is taken, and exact when nobody does.
//! - **Iterators** give what is there throughout exactly once ([`iter`](HashMap::iter)). They are no [`snapshot`](HashMap::snapshot).
//! - **Everything that happened before** an entry was inserted is seen by who reads it (release and acquire).
//! - **Memory**: an allocation for each entry, two to four 8-byte slots beside it, and garbage within a bound that
//!   [`HashMap`'s documentation](HashMap#memory) gives.
//! - **Panics** in closures, `Hash`, `Eq` and destructors leave the map as it was before the operation or as it is after;
//!   out of memory in an insertion ends the process, as with std's.
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
//! | an entry that goes with a scope | [`lease`](HashMap::lease), [`try_lease`](HashMap::try_lease) |
//! | all entries | [`iter`](HashMap::iter), [`keys`](HashMap::keys), [`values`](HashMap::values) |
//! | all entries of one moment | [`snapshot`](HashMap::snapshot) |
//! | look for faults, and mend them | [`verify`](HashMap::verify), [`rebuild`](HashMap::rebuild) |
//! | see what waits to be freed, or free it now | [`retired_len`](HashMap::retired_len), [`reclaimed_count`](HashMap::reclaimed_count), [`flush`](HashMap::flush) |
//!
//! # Leases
//!
//! An entry may be bound to a scope, as Go binds a call with `defer`: [`lease`](HashMap::lease) inserts it and gives a
//! handle, and when that is dropped, by a return, a panic or the abortion of a task, *that very entry* is removed; a newer
//! one under its key stays. A lease can also be cancelled from elsewhere ([`Lease::canceller`]), have a deadline
//! (`Lease::until`, with [`Deadlines`]), or be bound to a `CancellationToken` (`Lease::bind`, feature `tokio`); whoever comes first
//! ends it, once, and runs its actions ([`Lease::on_end`]).
//!
//! ```
//! use std::sync::Arc;
//! use splitmap::HashMap;
//!
//! let online = Arc::new(HashMap::new());
//! let session = online.lease("ada", "10.0.0.1").on_end(|ended| println!("{} left", ended.key()));
//! assert!(online.contains_key("ada"));
//! drop(session);
//! assert!(!online.contains_key("ada"));
//! ```
//!
//! # Snapshots
//!
//! [`snapshot`](HashMap::snapshot) gives all entries of one moment while everybody goes on, and keeps them readable: to
//! sum them up, to serialize them, to write them to a file (`Snapshot::save` and `HashMap::load`, feature
//! `snapshot-file`), to make a second map of them.
//!
//! # Features
//!
//! - `std`, on by default: a hasher for maps that are given none, and one share of each map for each thread. Without it the
//!   crate needs `core` and `alloc` and an allocator: name a hasher (`HashMap::with_hasher`); an operation then takes
//!   a share for itself, by two atomic exchanges more. The targets must have compare-and-swap of a pointer.
//! - `serde`: maps and sets are serialized and deserialized.
//! - `tokio` (needs `std`): leases that end when a `CancellationToken` is cancelled.
//! - `snapshot-file` (needs `std` and Unix, brings `serde`): maps are written to files and read back, atomically and with
//!   checksums.
//! - `profile`: what contention costs, sampled: failed exchanges, retries, help, lengths of walks, hot keys
//!   (`HashMap::profile`). `metrics` (brings `profile`, needs `std`): the same through the facade of crate `metrics`.
//! - `rayon` (needs `std`): parallel iterators, and maps and sets filled by all cores.
//!
//! # Who runs the destructors
//!
//! Removed entries are freed in batches, and no operation pays for a whole one: those that remove or replace an entry run at most 16
//! destructors, those that read none. Where a single destructor takes long, have a thread run them:
//! [`reclaim_in_background`](HashMap::reclaim_in_background). [`Reclamation`] sets all that.
//!
//! # Choosing a hasher
//!
//! std's `RandomState`, the default, withstands attackers who choose keys that collide. Where keys come from friends,
//! `foldhash` is quicker: `HashMap::with_hasher(foldhash::fast::RandomState::default())`.
//!
//! # Choosing an allocator
//!
//! Entries are allocated by one thread and often freed by another: allocators with a heap for each thread (mimalloc,
//! jemalloc, snmalloc) are made for that, and the rates in the README are with mimalloc. No memory is ever kept from
//! the allocator for later use, but for a batch's list (4 KiB for each thread and map).
//!
//! # The layers
//!
//! ```text
//!   HashMap, HashSet          map.rs, set.rs                std names
//!   Ref, Key, Iter            guard.rs, key.rs, iter.rs
//!   Lease, Deadlines          lease/                        entries bound to a scope
//!        |
//!   split_order/              buckets over the list: directory of doubling segments, growth, walks
//!        |
//!   list/                     links, nodes, sentinels: find, insert, replace, mark, unlink
//!        |
//!   reclaim/                  hazards, seats, batches, garbage
//!        |
//!   probe/                    what a seat counts of its sampled operations (feature `profile`; else nothing)
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
mod lease;
mod list;
mod map;
mod operation;
mod probe;
#[cfg(feature = "profile")]
mod profile;
mod reclaim;
mod set;
mod split_order;
mod sync;
mod tally;
mod tunables;
mod unwind;
mod verification;

pub use equivalent::Equivalent;
pub use errors::{OccupiedError, TryReserveError};
#[cfg(feature = "rayon")]
pub use features::rayon::{ParIter, ParKeys};
#[cfg(all(feature = "snapshot-file", unix))]
pub use features::snapshot_file;
pub use guard::Ref;
pub use hasher::DefaultHashBuilder;
pub use iter::Iter;
pub use key::{Key, Keys, Values};
pub use lease::{Canceller, EndReason, Ended, Lease, LeaseEndedError};
#[cfg(feature = "std")]
pub use lease::{Deadlines, RenewError, Sweeper, Swept};
#[cfg(feature = "std")]
pub use map::Reclaimer;
pub use map::{
    Builder, CompareExchangeError, Computed, Drain, Entry, ExtractIf, GetMany, HashMap, IntoIter,
    IntoKeys, IntoValues, IterMut, OccupiedEntry, OwnedIter, OwnedRef, Raw, Snapshot, SnapshotIter,
    VacantEntry, ValuesMut,
};
pub use operation::Operation;
#[cfg(feature = "profile")]
pub use probe::HotSpot;
#[cfg(feature = "profile")]
pub use profile::{OperationKind, Profile, ProfileRateError};
pub use reclaim::Reclamation;
pub use set::HashSet;
pub use verification::{Chains, Place, Rebuilt, Verification, Violation, ViolationKind};
