//! Walking everything: bucket by bucket, each taken whole.
//!
//! ```text
//!   buckets:   [   0   )[   1   )[   2   )[   3   )
//!               taken    taken    ◄ collected in one undisturbed walk
//! ```
//!
//! The position is a hash, not a node, so nothing that happens to entries can invalidate it, and
//! growth does not move it: it only makes the steps from there on smaller. A bucket is collected by one walk hand over hand, all its nodes
//! protected at the same time; when the walk is disturbed, the bucket is collected anew, and nothing
//! of it has been shown yet. So a key that is present throughout is shown exactly once, and none
//! twice.

use alloc::vec::Vec;
use core::ptr::NonNull;

use super::{Protected, SplitOrder};
use crate::list::{LinkPtr, Node, Step, advance, settle};
use crate::reclaim::Session;
use crate::unwind::to_the_end;

/// Hashes that have not been walked yet: from `next` to before `end`.
#[derive(Clone, Debug)]
pub(crate) struct Ranges {
    next: u64,
    end: u64,
}

impl Ranges {
    pub(crate) const ALL: Self = Self {
        next: 0,
        end: 1 << 32,
    };

    /// The next range: a bucket of `level`, or what is left of one.
    fn take(&mut self, level: u32) -> Option<Range> {
        if self.next >= self.end {
            return None;
        }
        let width = 1_u64 << (32 - level);
        let first = u32::try_from(self.next).ok()?;
        self.next = self.end.min((self.next / width + 1) * width);
        let last = u32::try_from(self.next - 1).ok()?;
        Some(Range { level, first, last })
    }

    /// Takes the upper half off.
    #[cfg(feature = "rayon")]
    pub(crate) fn split(&mut self) -> Option<Self> {
        let middle = u64::midpoint(self.next, self.end);
        let upper = Self {
            next: middle,
            end: self.end,
        };
        let splits = self.next < middle;
        splits.then(|| {
            self.end = middle;
            upper
        })
    }
}

/// The hashes `first` to `last`, of a bucket of `level`.
#[derive(Clone, Copy)]
struct Range {
    level: u32,
    first: u32,
    last: u32,
}

impl<K, V> SplitOrder<K, V> {
    /// Collects the entries of the next bucket that has any; nothing is left if there are none.
    pub(crate) fn collect_next<'d>(
        &'d self,
        ranges: &mut Ranges,
        entries: &mut Vec<Protected<'d, K, V>>,
    ) {
        let (session, _seat) = self.domain.session();
        while entries.is_empty() {
            let Some(range) = ranges.take(self.table.level()) else {
                break;
            };
            while !self.collect_range(session, range, entries) {
                entries.clear();
            }
            session.settle();
        }
    }

    /// Collects the entries with hashes in `range`; false if the walk was disturbed.
    fn collect_range<'d>(
        &'d self,
        session: Session<'d, Node<K, V>>,
        range: Range,
        entries: &mut Vec<Protected<'d, K, V>>,
    ) -> bool {
        let (exact, mut pred, mut succ) = self.table.start(range.first);
        // Exact for the whole range, not for a part of it.
        let exact = exact.filter(|&level| level == range.level);
        let mut guard = session.hazard();
        // Guards the predecessor while it stands before the range, so is not collected.
        let mut _before = None;
        loop {
            // SAFETY: `pred` is a slot to start at, a slot met on the way, or the link of a node
            // that `entries` or `_before` protects; `succ` was read there.
            match unsafe { advance(session, pred, succ, &mut guard) } {
                Step::Lost => return false,
                Step::End => return true,
                Step::Sentinel(slot) => {
                    if self.table.is_beyond(slot, exact, range.last) {
                        return true;
                    }
                    // SAFETY: met behind a link.
                    succ = unsafe { settle(slot) };
                    pred = slot;
                }
                Step::Node(ptr, next) => {
                    // SAFETY: protected by `guard`.
                    let node = unsafe { ptr.as_ref() };
                    if node.hash() > range.last {
                        return true;
                    }
                    (pred, succ) = (NonNull::from(node.next()), next);
                    let guard = core::mem::replace(&mut guard, session.hazard());
                    if node.hash() < range.first {
                        _before = Some(guard);
                    } else {
                        entries.push((ptr, guard));
                    }
                }
            }
        }
    }

    /// Removes every entry that it meets, also if destructors that run meanwhile panic.
    pub(crate) fn clear(&self) {
        let (session, _seat) = self.domain.session();
        let (_, first, _) = self.table.start(0);
        let mut next = Some(first);
        to_the_end(|| {
            // A step that panics has done its part, or is done again from the same slot.
            next = next.and_then(|slot| clear_bucket(session, slot));
            next.is_some()
        });
    }
}

/// Removes the entries between the linked `slot` and the next sentinel, and gives that.
fn clear_bucket<K, V>(
    session: Session<'_, Node<K, V>>,
    slot: LinkPtr<K, V>,
) -> Option<LinkPtr<K, V>> {
    let mut guard = session.hazard();
    loop {
        // Between two steps: nothing here depends on what destructors do to the map.
        session.settle();
        // SAFETY: a linked slot.
        let succ = unsafe { settle(slot) };
        // SAFETY: a linked slot, and `succ` was read there.
        match unsafe { advance(session, slot, succ, &mut guard) } {
            // Marked nodes are unlinked by the next step from the same slot.
            Step::Node(node, _) => {
                // SAFETY: protected by `guard`.
                if unsafe { node.as_ref() }.next().mark().is_some() {
                    session.count(usize::MAX);
                }
            }
            Step::Sentinel(next) => return Some(next),
            Step::End => return None,
            Step::Lost => unreachable!("slots are never marked"),
        }
    }
}
