//! Every threshold of the map in one place. Each says what it trades.
//!
//! Small under Miri, so that its few operations reach what lies behind them; and smaller in models
//! (loom), where each atomic costs.

/// Nodes that a thread keeps unlinked before it scans the hazards and frees those that none protects.
///
/// A batch shares one heavy barrier (`membarrier(2)`, 0.4 µs alone, 8 µs beside a running
/// thread): larger batches make updates cheaper and let each idle thread sit on more garbage.
/// (In models, more than they retire: they say when to scan.)
pub(crate) const BATCH: usize = pick(512, 4, 64);

/// Destructors that an operation runs for each entry that it removes.
///
/// Fewer spread a batch over more operations, each of which pays for getting at them: 16 take the time of a whole batch at
/// once, to a percent (docs/benchmarks/2026-11-26-pauses.md).
pub(crate) const DESTRUCTORS: usize = pick(16, 2, 64);

/// Batches that may wait for the background thread, if there is one.
///
/// More ride out a longer stay of the thread elsewhere: it looks every few milliseconds.
#[cfg(feature = "std")]
pub(crate) const BACKLOG: usize = pick(64, 4, 2);

/// Hazards that a thread owns from its first operation on; more are made, as many again each
/// time, when that many `Ref`s are held at once.
pub(crate) const HAZARDS: usize = pick(8, 8, 2);

/// How often the hazards of a thread can double: more of them than there is memory for.
pub(crate) const HAZARD_BLOCKS: usize = pick(if usize::BITS > 32 { 36 } else { 26 }, 8, 3);

/// Seats whose share of a map is found without a second look-up; a doubling directory holds the rest.
pub(crate) const NEAR: usize = pick(64, 64, 4);

/// Words of a chunk of seats: a further one is allocated for as many threads as they have bits.
pub(crate) const SEAT_WORDS: usize = pick(64, 2, 1);

/// log2 of the buckets of a map that was created without a capacity.
pub(crate) const MIN_LEVEL: u32 = if cfg!(any(miri, loom)) { 1 } else { 6 };

/// The largest level: hashes are kept to 32 bits, so more buckets could not be told apart; and where
/// addresses are short, no more slots could be had. (In models, fewer atomics to make.)
pub(crate) const MAX_LEVEL: u32 = if cfg!(loom) {
    5
} else if usize::BITS > 32 {
    32
} else {
    usize::BITS - 4
};

/// Buckets per entry at the moment when the table doubles (the maximum load is its inverse).
///
/// A bucket is one 8-byte slot; more of them mean shorter chains and more memory touched.
pub(crate) const BUCKETS_PER_ENTRY: usize = 2;

/// Slots of a new segment that a writer fills with each insertion while the table grows.
pub(crate) const FILL_CHUNK: usize = pick(8, 1, 1);

/// Look-ups whose cache misses [`get_many`](crate::HashMap::get_many) overlaps.
///
/// Larger ones overlap more misses, and let what was fetched be gone before its turn. Of 8, 16, 32 and 64, this
/// is the quickest, at 1 M and 8 M entries: two thirds of the time of single look-ups.
pub(crate) const MANY: usize = pick(32, 4, 2);

/// Buckets that an iterator collects at one time, and at the first time.
///
/// Larger ones overlap more cache misses and hold more hazards: one for each entry, of which there are a
/// quarter to a half as many as buckets.
pub(crate) const BLOCK: usize = pick(64, 4, 2);
pub(crate) const FIRST_BLOCK: usize = pick(8, 2, 2);

/// Reports that a snapshot has room for beyond one for each entry, at its first try.
///
/// What is inserted, removed and replaced while it is taken takes one each; with too little room it begins anew.
pub(crate) const CENSUS_ROOM: usize = pick(64, 16, 2);

/// Insertions by one thread that may pass between two looks at the length.
pub(crate) const CHECK_PERIOD_MAX: usize = 1 << 14;

/// How often [`verify`](crate::HashMap::verify) looks again at a chain that changes meanwhile, and at one link of it.
///
/// More tries leave fewer chains unlooked at, and let others keep it for longer.
pub(crate) const TRIES: usize = pick(64, 8, 3);

/// Entries with the same 32 bits of the hash that [`verify`](crate::HashMap::verify) compares each entry's key with: each takes a
/// hazard.
pub(crate) const NEIGHBOURS: usize = pick(8, 8, 2);

const fn pick(real: usize, miri: usize, loom: usize) -> usize {
    if cfg!(loom) {
        loom
    } else if cfg!(miri) {
        miri
    } else {
        real
    }
}
