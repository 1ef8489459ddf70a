//! Walking everything: bucket by bucket, each taken whole.
//!
//! ```text
//!   buckets of the level at the start:  [   0   )[   1   )[   2   )[   3   )
//!                                        taken    taken    ◄ collected in one undisturbed walk
//! ```
//!
//! The position is a hash, not a node, so nothing that happens to entries can invalidate it, and
//! growth does not move it. A bucket is collected by one walk hand over hand, all its nodes
//! protected at the same time; when the walk is disturbed, the bucket is collected anew, and nothing
//! of it has been shown yet. So a key that is present throughout is shown exactly once, and none
//! twice.

use alloc::vec::Vec;
use core::ptr::NonNull;

use super::{Protected, SplitOrder};
use crate::list::{Kind, Node, Step, advance, settle};
use crate::reclaim::{Garbage, Session};

/// The hashes that have not been walked yet.
#[derive(Clone, Debug)]
pub(crate) struct Ranges {
    next: u64,
    /// Each range is a bucket of this level.
    level: u32,
}

impl Ranges {
    fn take(&mut self) -> Option<Range> {
        let first = u32::try_from(self.next).ok()?;
        self.next += 1 << (32 - self.level);
        let last = u32::try_from(self.next - 1).unwrap_or(u32::MAX);
        Some(Range {
            level: self.level,
            first,
            last,
        })
    }
}

/// The hashes of a bucket of `level`, `first` to `last`.
#[derive(Clone, Copy)]
struct Range {
    level: u32,
    first: u32,
    last: u32,
}

impl<K, V> SplitOrder<K, V> {
    /// All hashes, a bucket of now at a time.
    pub(crate) fn ranges(&self) -> Ranges {
        Ranges {
            next: 0,
            level: self.table.level(),
        }
    }

    /// Collects the entries of the next bucket that has any; nothing is left if there are none.
    pub(crate) fn collect_next<'d>(
        &'d self,
        ranges: &mut Ranges,
        entries: &mut Vec<Protected<'d, K, V>>,
    ) {
        let (session, _seat) = self.domain.session();
        while entries.is_empty() {
            let Some(range) = ranges.take() else { break };
            while !self.collect_range(session, range, entries) {
                entries.clear();
            }
        }
        session.settle();
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

    /// Removes every entry that it meets.
    pub(crate) fn clear(&self) {
        let (session, _seat) = self.domain.session();
        let mut guard = session.hazard();
        let (_, mut slot, _) = self.table.start(0);
        loop {
            // SAFETY: a linked slot.
            let succ = unsafe { settle(slot) };
            // SAFETY: a linked slot, and `succ` was read there.
            match unsafe { advance(session, slot, succ, &mut guard) } {
                // Marked nodes are unlinked by the next step from the same slot.
                Step::Node(node, next) => {
                    // SAFETY: protected by `guard`.
                    if unsafe { node.as_ref() }.next().mark(next).is_ok() {
                        session.count(usize::MAX);
                    }
                }
                Step::Sentinel(next) => slot = next,
                Step::End => break,
                Step::Lost => unreachable!("slots are never marked"),
            }
        }
        session.settle();
    }

    /// Moves every node that is still in the list to `garbage`.
    pub(super) fn take_all(&mut self, garbage: &mut Garbage<Node<K, V>>) {
        let (_, _, mut succ) = self.table.start(0);
        loop {
            succ = match succ.unmarked().settled().kind() {
                Kind::Node(node) => {
                    // SAFETY: a node in the list is alive.
                    let after = unsafe { node.as_ref() }.next().load();
                    // SAFETY: `&mut self`: nobody else reaches the node; it is met once.
                    unsafe { garbage.push(node) };
                    after
                }
                // SAFETY: slots live as long as the table.
                Kind::Sentinel(slot) => unsafe { slot.as_ref() }.load(),
                Kind::End => break,
            }
        }
    }
}
