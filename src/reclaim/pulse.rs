//! How far the operations on a map have come, for one who compares what he saw with what they counted.
//!
//! ```text
//!   insertion   hazard ─► linked ─► counted ───────────────────────► hazard freed
//!   removal     hazard ─► marked ─► counted ─► unlinked ─► retired ─► hazard freed
//! ```
//!
//! An effect that was seen and has not been counted is that of an operation on its way, which holds a hazard. If that
//! was seen freed, the count is seen too (`hazard.free`). What was counted may come back to what it was, by an
//! insertion and a removal: then what was retired, which only grows, has moved; or the removal is still on its way.
//!
//! Operations count by plain stores, so on a machine that reorders these a count may be seen before the hazard of its
//! operation. Who finds a difference looks once more behind a heavy barrier.

use super::garbage::Reclaim;
use super::{Domain, not_negative};

#[derive(Clone, Copy)]
pub(crate) struct Pulse {
    counted: usize,
    retired: usize,
    /// Hazards that are held: no fewer than the operations on their way, each of which may have one effect that
    /// is not counted yet.
    pub(crate) held: usize,
}

impl Pulse {
    /// The sum of what was [counted](super::Session::count).
    pub(crate) fn counted(self) -> usize {
        not_negative(self.counted)
    }

    /// Nothing was counted and nothing retired between the two.
    pub(crate) fn agrees_with(self, other: Self) -> bool {
        (self.counted, self.retired) == (other.counted, other.retired)
    }
}

impl<T: Reclaim> Domain<T> {
    pub(crate) fn pulse(&self) -> Pulse {
        let held = || self.each_local().map(|local| local.hazards.held()).sum();
        // An operation that has counted when that is read holds a hazard then, or has retired by the time that this
        // is read.
        let before: usize = held();
        let counted = self.total(|local| &local.counted);
        let after = held();
        let retired = self.total(|local| &local.retired);
        Pulse {
            counted,
            retired,
            held: before.max(after),
        }
    }
}
