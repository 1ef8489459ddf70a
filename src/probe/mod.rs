//! Probes: what a seat counts of the contention that its sampled operations meet (feature `profile`).
//!
//! ```text
//!   operation ──countdown──► 0? ──no──────────────────────────► as ever
//!                             └─yes─► sampled: from here to the seat's next operation, failed exchanges,
//!                                     restarts, help and nodes passed count, in the seat's table
//!   profile ──reads all tables──► sums
//! ```
//!
//! So an operation that is not sampled pays for a decrement and a branch, and nobody writes what others write. A sample ends
//! where the seat's next operation begins; so its end costs nothing either, and what an operation does after another one that is
//! nested in it counts for that one, or for none.
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
pub(crate) use off::{Probe, Rate};
#[cfg(feature = "profile")]
pub(crate) use rate::{Mean, Rate};
#[cfg(feature = "profile")]
pub(crate) use table::{Counts, LENGTHS, Probe};

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
