//! Probes: what a seat counts of the contention that its sampled operations meet (feature `profile`).
//!
//! ```text
//!   operation ──► … ──► its end ──countdown──► 0? ──no──► as ever
//!       │                                      └──yes──► it was the sampled one: its key and kind are recorded
//!       └ the countdown stands at 1? failed exchanges, restarts, help and nodes passed count, in the seat's table
//!   profile ──reads all tables──► sums
//! ```
//!
//! So an operation that is not sampled pays for a decrement and a branch, and nobody writes what others write. (At the end,
//! since few values are alive there that a call would have to save.) An operation that is nested in another one, in user code,
//! ends the sample, if that is on; what the outer one did by then counts for it.
//!
//! The number of operations from one sample to the next is drawn at random, evenly from 1 to twice the mean less one, so
//! that samples are not in step with what the program does by turns. Each sample stands for as many operations as were
//! drawn for it: what samples stand for, together, is what the seat did.
//!
//! Without the feature, everything here is of size zero and does nothing (`off`).
//!
//! Edges: `hot` — `hot.rs`. Counts are tallies (`crate::tally`).

#[cfg(feature = "profile")]
mod hot;
#[cfg(not(feature = "profile"))]
mod off;
#[cfg(feature = "profile")]
mod rate;
#[cfg(feature = "profile")]
mod table;

#[cfg(feature = "profile")]
pub use hot::HotSpot;
#[cfg(not(feature = "profile"))]
pub(crate) use off::{Probe, Rate, Unsampled};
#[cfg(feature = "profile")]
pub(crate) use rate::{Mean, Rate};
#[cfg(feature = "profile")]
pub(crate) use table::{Counts, LENGTHS, Probe, Unsampled};

/// Operations on a key, as profiles tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Get,
    Insert,
    Update,
    Compute,
    Remove,
}

/// How many kinds there are.
#[cfg(feature = "profile")]
pub(crate) const KINDS: usize = Kind::Remove as usize + 1;
