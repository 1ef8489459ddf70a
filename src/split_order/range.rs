//! What an iterator has not walked yet: buckets of one level, by the places of their slots.
//!
//! ```text
//!   slots   ·  ·  ·  [3][4][5][6] ...     numbered in the order of memory
//!   part       [··███]                    the rest of bucket 2, which the table has divided since
//! ```

use core::ops;

use super::order::boundary;
use super::table::place_of_slot;
use crate::list::Node;

/// What has not been walked yet.
#[derive(Clone, Debug)]
pub(super) struct Ranges {
    /// The level whose buckets these are.
    pub(super) level: u32,
    /// Numbers of slots, in the order of memory.
    pub(super) slots: ops::Range<usize>,
    /// What is left of a bucket that is taken in parts.
    pub(super) part: ops::Range<u64>,
}

impl Ranges {
    pub(super) fn is_empty(&self) -> bool {
        self.part.is_empty() && self.slots.is_empty()
    }

    /// The next range, while the table is at `level`: a bucket, or a part of one.
    #[inline]
    pub(super) fn take(&mut self, level: u32) -> Option<Range> {
        if self.part.is_empty() {
            let first = u64::from(boundary_of_slot(self.slots.next()?));
            self.part = first..first + (1 << (32 - self.level));
        }
        let first = u32::try_from(self.part.start).ok()?;
        self.part.start += 1 << (32 - level);
        Some(Range { level, first })
    }

    /// Takes the upper half of the slots off.
    #[cfg(feature = "rayon")]
    pub(super) fn split(&mut self) -> Option<Self> {
        let middle = self.slots.start + self.slots.len() / 2;
        let upper = Self {
            level: self.level,
            slots: middle..self.slots.end,
            part: 0..0,
        };
        (self.slots.len() > 1).then(|| {
            self.slots.end = middle;
            upper
        })
    }
}

/// The smallest hash of the bucket of slot number `slot`.
fn boundary_of_slot(slot: usize) -> u32 {
    let (level, place) = place_of_slot(slot);
    boundary(level, place)
}

/// The hashes of the bucket of `level` that begins at `first`.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub(super) level: u32,
    pub(super) first: u32,
}

impl Range {
    #[inline]
    pub(super) fn last(self) -> u32 {
        self.first | u32::MAX.checked_shr(self.level).unwrap_or(0)
    }

    pub(super) fn contains<K, V>(self, node: &Node<K, V>) -> bool {
        (self.first..=self.last()).contains(&node.hash())
    }
}
