//! Walking everything: some buckets at a time, each taken whole.
//!
//! ```text
//!   slots, in the order of memory:  [·][a][·][·][b][·][·][c][·]  [·][d][e][·][·]...
//!                                   └───────── a block ───────┘  └─ the next one: read, and its
//!   1. first nodes:  a b c           all protected, looked at       first nodes fetched, when this
//!   2. second ones:  a'    c'        then these                     one has been collected
//! ```
//!
//! A walk from node to node would wait for memory at each step. A block's walks go in step instead, so that
//! they wait together. The position is a place among the slots, not a node, so nothing that happens to
//! entries can invalidate it. Growth does not move it: the walk keeps to the buckets of the level that it
//! began at, and takes one in parts when the table has finer ones.
//!
//! All nodes of a bucket are protected at the same time; when its walk is disturbed, it is collected anew,
//! and nothing of it has been shown yet. So a key that is present throughout is shown exactly once, and none
//! twice.

use alloc::vec::Vec;
use core::ptr::NonNull;

use super::failpoint::failpoint;
use super::order::boundary;
use super::range::{Range, Ranges};
use super::table::Exact;
use super::{Protected, SplitOrder};
use crate::list::{Kind, LinkPtr, Node, Step, Succ, advance, report, settle};
use crate::reclaim::{Guard, Session};
use crate::sync::prefetch_read;
use crate::tunables::{BLOCK, FIRST_BLOCK};

/// A walk over a bucket, between two steps.
struct Walk<K, V> {
    pred: LinkPtr<K, V>,
    /// What `pred` held some time ago: to be compared, until it is protected.
    succ: Succ<Node<K, V>>,
    range: Range,
}

impl<K, V> Clone for Walk<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V> Copy for Walk<K, V> {}

/// All entries, protected one by one.
pub(crate) struct Entries<'d, K, V> {
    list: &'d SplitOrder<K, V>,
    ranges: Ranges,
    /// Buckets to collect at one time.
    block: usize,
    /// Those of the block that is being given out.
    collected: Vec<Protected<'d, K, V>>,
    /// Those of the next block, and room for more.
    walks: Vec<Walk<K, V>>,
    /// How many of them are begun.
    begun: usize,
    /// What was left before that, and the level of the table.
    before: (Ranges, u32),
}

impl<'d, K, V> Entries<'d, K, V> {
    pub(crate) fn new(list: &'d SplitOrder<K, V>) -> Self {
        let level = list.table.level();
        let slots = 0..1 << level;
        let part = 0..0;
        Self::of(list, Ranges { level, slots, part })
    }

    fn of(list: &'d SplitOrder<K, V>, ranges: Ranges) -> Self {
        Self {
            list,
            block: FIRST_BLOCK,
            collected: Vec::new(),
            walks: Vec::new(),
            begun: 0,
            before: (ranges.clone(), ranges.level),
            ranges,
        }
    }

    pub(crate) fn list(&self) -> &'d SplitOrder<K, V> {
        self.list
    }

    /// The next entry.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Protected<'d, K, V>> {
        self.collected.pop().or_else(|| self.next_block())
    }

    /// Takes half of what is left off, if that is enough.
    #[cfg(feature = "rayon")]
    pub(crate) fn split(&mut self) -> Option<Self> {
        self.give_back();
        let upper = self.ranges.split()?;
        Some(Self::of(self.list, upper))
    }

    /// Undoes what [`begin_walks`](Self::begin_walks) did, if nothing has come of it yet.
    fn give_back(&mut self) {
        if core::mem::take(&mut self.begun) > 0 {
            self.ranges = self.before.0.clone();
        }
    }

    /// Collects the next buckets that have entries, and gives one of these.
    #[inline(never)]
    fn next_block(&mut self) -> Option<Protected<'d, K, V>> {
        let (session, _seat) = self.list.domain.session();
        if self.before.1 != self.list.table.level() {
            // The buckets may hold much more by now: in smaller parts, then.
            self.give_back();
        }
        while self.collected.is_empty() && (self.begun > 0 || self.begin_walks()) {
            self.go_in_step(session);
            if session.is_observed() {
                self.report(session);
            }
            // Small at first, for those who want only some.
            self.block = BLOCK.min(2 * self.block);
            self.begin_walks();
            session.settle();
        }
        self.collected.pop()
    }

    /// Begins the walks of the next block, and fetches their nodes; false if nothing is left.
    fn begin_walks(&mut self) -> bool {
        if self.ranges.is_empty() {
            return false;
        }
        let level = self.list.table.level();
        self.before = (self.ranges.clone(), level);
        let nowhere = Walk {
            pred: NonNull::dangling(),
            succ: Succ::END,
            range: Range { level: 0, first: 0 },
        };
        self.walks.resize(self.block, nowhere);
        if !self.begin_at_level() {
            for _ in 0..self.block {
                let Some(range) = self.ranges.take(level) else {
                    break;
                };
                self.begin_walk(range);
            }
        }
        true
    }

    /// Begins the walks of the next block, if all its slots are filled, and the table has no finer buckets
    /// than the iterator: there, one whose slot holds a sentinel is empty.
    fn begin_at_level(&mut self) -> bool {
        let (table, level) = (&self.list.table, self.ranges.level);
        if !self.ranges.part.is_empty() || table.has_finer(level) {
            return false;
        }
        let wanted = self.block.min(self.ranges.slots.len());
        let (born, place, slots) = table.run(self.ranges.slots.start, wanted);
        let walks = self.walks.as_mut_slice();
        let (mut begun, mut filled) = (0, true);
        for (i, slot) in slots.iter().enumerate() {
            let succ = slot.load();
            let first = boundary(born, place + i);
            walks[begun] = Walk {
                pred: NonNull::from(slot),
                succ,
                range: Range { level, first },
            };
            // No branch: which ones are empty cannot be foretold.
            begun += usize::from(!succ.is_settled_sentinel());
            filled &= succ.is_start();
        }
        // Asked again, after the slots were read (as in `Table::is_beyond`).
        if !filled || table.has_finer(level) {
            return false;
        }
        for walk in &walks[..begun] {
            prefetch_read(walk.succ.address());
        }
        self.begun = begun;
        self.ranges.slots.start += slots.len();
        // What is likely to come after these, a cache line after the other.
        for line in (0..slots.len()).step_by(64 / size_of_val(&slots[0])) {
            prefetch_read(slots.as_ptr().wrapping_add(slots.len() + line));
        }
        true
    }

    /// Begins a walk of `range`, unless that is empty.
    #[cold]
    fn begin_walk(&mut self, range: Range) {
        let (exact, pred, succ) = self.list.table.start(range.first);
        if !self.list.ends(succ, exact_for(exact, range), range) {
            prefetch_read(succ.address());
            self.walks[self.begun] = Walk { pred, succ, range };
            self.begun += 1;
        }
    }

    /// Takes all walks to their ends, a step of each in turn.
    fn go_in_step(&mut self, session: Session<'d, Node<K, V>>) {
        let mut free = session.hazards();
        let mut guard = free.next();
        while self.begun > 0 {
            let begun = core::mem::take(&mut self.begun);
            for i in 0..begun {
                let mut walk = self.walks[i];
                match self.list.step(session, &mut walk, &mut guard) {
                    Stepped::Node(node, more) => {
                        let guard = core::mem::replace(&mut guard, free.next());
                        self.collected.push((node, guard));
                        self.walks[self.begun] = walk;
                        self.begun += usize::from(more);
                    }
                    Stepped::End => {}
                    Stepped::Disturbed => self.collect_anew(session, walk.range),
                }
            }
        }
    }

    /// Tells a census what is about to be shown.
    #[cold]
    fn report(&self, session: Session<'d, Node<K, V>>) {
        for &(ptr, _) in &self.collected {
            failpoint!(EntryCollected);
            // SAFETY: protected by its guard.
            if !unsafe { report::found(session, ptr) } {
                // It may be shown, as it was there; whoever unlinks it tells what stands in its place.
                // SAFETY: protected by its guard.
                self.list.sweep(session, unsafe { ptr.as_ref() }.hash());
            }
        }
    }

    #[cold]
    fn collect_anew(&mut self, session: Session<'d, Node<K, V>>, range: Range) {
        // SAFETY: protected by the entry's guard.
        self.collected
            .retain(|(node, _)| !range.contains(unsafe { node.as_ref() }));
        let others = self.collected.len();
        while !self.list.collect_range(session, range, &mut self.collected) {
            self.collected.truncate(others);
        }
    }
}

impl<K, V> SplitOrder<K, V> {
    /// Whether a walk of `range` has nothing to look at behind a link that holds `succ`.
    #[inline]
    fn ends(&self, succ: Succ<Node<K, V>>, exact: Exact, range: Range) -> bool {
        match succ.kind() {
            Kind::End => true,
            Kind::Sentinel(slot) => self.table.is_beyond(slot, exact, range.last()),
            Kind::Node(_) => false,
        }
    }

    /// One step of a walk in its bucket.
    #[inline]
    fn step<'d>(
        &'d self,
        session: Session<'d, Node<K, V>>,
        walk: &mut Walk<K, V>,
        guard: &mut Guard<'d>,
    ) -> Stepped<K, V> {
        // SAFETY: `pred` is a slot to start at, or the link of a node that this walk has come to, which is
        // protected among those that are collected; `succ` was read there.
        match unsafe { advance(session, walk.pred, walk.succ, guard) } {
            Step::Node(ptr, next) => {
                // SAFETY: protected by `guard`.
                let node = unsafe { ptr.as_ref() };
                if node.hash() > walk.range.last() {
                    return Stepped::End;
                }
                if node.hash() < walk.range.first {
                    // From a coarser slot: that is for `collect_range`.
                    return Stepped::Disturbed;
                }
                (walk.pred, walk.succ) = (NonNull::from(node.next()), next);
                let more = matches!(next.kind(), Kind::Node(_));
                if more {
                    prefetch_read(next.address());
                } else if !self.ends(next, Some(walk.range.level), walk.range) {
                    return Stepped::Disturbed;
                }
                Stepped::Node(ptr, more)
            }
            Step::End => Stepped::End,
            // A finer one within the bucket, or what was a node has gone.
            Step::Lost | Step::Sentinel(_) => Stepped::Disturbed,
        }
    }

    /// Collects the entries with hashes in `range`, one after the other; false if the walk was disturbed.
    #[cold]
    fn collect_range<'d>(
        &'d self,
        session: Session<'d, Node<K, V>>,
        range: Range,
        entries: &mut Vec<Protected<'d, K, V>>,
    ) -> bool {
        let (exact, mut pred, mut succ) = self.table.start(range.first);
        let exact = exact_for(exact, range);
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
                    if self.table.is_beyond(slot, exact, range.last()) {
                        return true;
                    }
                    // SAFETY: met behind a link.
                    succ = unsafe { settle(slot) };
                    pred = slot;
                }
                Step::Node(ptr, next) => {
                    // SAFETY: protected by `guard`.
                    let node = unsafe { ptr.as_ref() };
                    if node.hash() > range.last() {
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
}

/// What a step of a walk came to.
enum Stepped<K, V> {
    /// A node of the bucket, now protected; and whether another one stands behind it.
    Node(NonNull<Node<K, V>>, bool),
    /// The end of the bucket.
    End,
    /// The walk was disturbed, and the bucket is to be collected anew.
    Disturbed,
}

/// `exact`, if that is for the whole range, and not for a part of it.
fn exact_for(exact: Exact, range: Range) -> Exact {
    exact.filter(|&level| level == range.level)
}
