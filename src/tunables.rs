//! Every threshold of the map in one place. Each says what it trades.

/// Nodes that a thread keeps unlinked before it hands them to reclamation together.
///
/// A batch shares one heavy barrier (`membarrier(2)`, 0.4 µs alone, 8 µs beside a running
/// thread): larger batches make updates cheaper and let each idle thread sit on more garbage.
///
/// Small under Miri, so that its few operations fill some.
pub(crate) const BATCH: usize = if cfg!(miri) { 4 } else { 512 };

/// Hazards that a thread owns from its first operation on; more are made, as many again each
/// time, when that many `Ref`s are held at once.
pub(crate) const HAZARDS: usize = 8;

/// log2 of the buckets of a map that was created without a capacity.
pub(crate) const MIN_LEVEL: u32 = if cfg!(miri) { 1 } else { 6 };

/// The largest level: hashes are kept to 32 bits, so more buckets could not be told apart; and where
/// addresses are short, no more slots could be had.
pub(crate) const MAX_LEVEL: u32 = if usize::BITS > 32 {
    32
} else {
    usize::BITS - 4
};

/// Buckets per entry at the moment when the table doubles (the maximum load is its inverse).
///
/// A bucket is one 8-byte slot; more of them mean shorter chains and more memory touched.
pub(crate) const BUCKETS_PER_ENTRY: usize = 2;

/// Slots of a new segment that a writer fills with each insertion while the table grows.
pub(crate) const FILL_CHUNK: usize = if cfg!(miri) { 1 } else { 8 };

/// Insertions by one thread that may pass between two looks at the length.
pub(crate) const CHECK_PERIOD_MAX: usize = 1 << 14;
