//! How far the operations on a map have come, for one who compares what he sees with what they counted.
//!
//! ```text
//!   insertion   hazard ─► linked ─► counted ─────────────────────────► hazard freed
//!   removal     hazard ─► marked ─► counted ─► unlinked, retired ────► hazard freed
//!                                                (by himself or another one, who holds a hazard too)
//!
//!   looking     retired, held, counted ─► what is there ─► held, counted, held, retired
//! ```
//!
//! Whoever sees a count sees the effect (`tally`); whoever sees an effect finds the hazard held, or freed and the
//! count beside it (`hazard.free`). So if the counts stood still, what was seen and not counted, or counted and not
//! seen, is the effect of an operation that was on its way, at the beginning or at the end: one for each.
//!
//! A sum may stand still by an insertion and a removal. But what was retired only grows: the removal moves it, or is
//! found on its way. For that, it is read first at the beginning, and last at the end.

use super::Domain;
use super::garbage::Reclaim;
use crate::tally::not_negative;

#[derive(Clone, Copy)]
pub(crate) struct Pulse {
    counted: usize,
    /// Read before and behind that.
    retired: [usize; 2],
    /// Hazards that are held, before or behind that: no fewer than the operations on their way.
    pub(crate) held: usize,
}

impl Pulse {
    /// The sum of what was [counted](super::Session::count).
    pub(crate) fn counted(self) -> usize {
        not_negative(self.counted)
    }

    /// Nothing was counted and nothing retired until `later`.
    pub(crate) fn is_still(self, later: Self) -> bool {
        (self.counted, self.retired[0]) == (later.counted, later.retired[1])
    }
}

impl<T: Reclaim> Domain<T> {
    pub(crate) fn pulse(&self) -> Pulse {
        let held = || self.each_local().map(|local| local.hazards.held()).sum();
        let retired = || self.total(|local| &local.retired);
        let (first, before): (_, usize) = (retired(), held());
        let counted = self.total(|local| &local.counted);
        let (after, last) = (held(), retired());
        Pulse {
            counted,
            retired: [first, last],
            held: before.max(after),
        }
    }
}
