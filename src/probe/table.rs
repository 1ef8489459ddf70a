//! One seat's table, and the countdown to its next sample.
//!
//! ```text
//!   interval drawn ─► until … 3 ─► 2 ─► 1: the sampled operation ─► 0: recorded ─┐
//!        ▲            at most LOOK at a time; the rest waits in `rest`           │
//!        └───────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! So the countdown itself says which operation is sampled, and each sample costs one visit. Destructors that fall due
//! [hurry](Probe::hurry) it, so that an operation has one thing to ask at its end; what it would be is kept meanwhile.
//!
//! All cells are the seat's owner's alone (H2 of `reclaim`); tallies and hot lists may be read by all.

use core::array;
use core::cell::Cell;

use super::hot::{Hot, HotSpot};
use super::rate::{Mean, Rate};
use super::{KINDS, Kind};
use crate::tally::Tally;
use alloc::vec::Vec;

/// Operations until a seat looks at the rate again, at most.
const LOOK: usize = 4096;

/// Classes of a traversal's length: 0, 1, 2 or 3, 4 to 7, …; the last one is open.
pub(crate) const LENGTHS: usize = 8;

pub(crate) struct Probe {
    /// Operations until something is to be seen to, at the end of the last of them.
    until: Cell<usize>,
    /// What `until` would be without a [`hurry`](Self::hurry); 0: there is none.
    kept: Cell<usize>,
    /// Operations behind those, up to the next sample.
    rest: Cell<usize>,
    /// How many operations the next sample stands for; 0: none is to be taken.
    interval: Cell<usize>,
    /// The mean that it was drawn with.
    mean: Cell<Mean>,
    /// Never 0 (xorshift).
    random: Cell<u32>,
    /// What runs is no operation on a key.
    is_suspended: Cell<bool>,
    /// The sampled operation has met others.
    is_contended: Cell<bool>,
    /// Nodes that it has passed.
    nodes: Cell<usize>,
    table: Table,
}

/// What a seat counts.
struct Table {
    /// Operations that were sampled, by kind.
    operations: [Tally; KINDS],
    /// Operations that they stand for.
    represented: Tally,
    failed_exchanges: Tally,
    restarts: Tally,
    steps_again: Tally,
    helped: Tally,
    filled: Tally,
    /// Sampled operations, by the length of what they passed.
    lengths: [Tally; LENGTHS],
    buckets: Hot,
    keys: Hot,
    contended: Hot,
}

/// Sums over seats.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) operations: [usize; KINDS],
    pub(crate) represented: usize,
    pub(crate) failed_exchanges: usize,
    pub(crate) restarts: usize,
    pub(crate) steps_again: usize,
    pub(crate) helped: usize,
    pub(crate) filled: usize,
    pub(crate) lengths: [usize; LENGTHS],
    pub(crate) buckets: Vec<HotSpot>,
    pub(crate) keys: Vec<HotSpot>,
    pub(crate) contended: Vec<HotSpot>,
}

impl Probe {
    /// The end of an operation is told by the countdown alone.
    pub(crate) const COUNTS_DOWN: bool = true;

    pub(crate) fn new(rate: &Rate) -> Self {
        let probe = Self {
            until: Cell::new(0),
            kept: Cell::new(0),
            rest: Cell::new(0),
            interval: Cell::new(0),
            mean: Cell::new(Mean::DEFAULT),
            random: Cell::new(0x9E37_79B9),
            is_suspended: Cell::new(false),
            is_contended: Cell::new(false),
            nodes: Cell::new(0),
            table: Table {
                operations: array::from_fn(|_| Tally::new()),
                represented: Tally::new(),
                failed_exchanges: Tally::new(),
                restarts: Tally::new(),
                steps_again: Tally::new(),
                helped: Tally::new(),
                filled: Tally::new(),
                lengths: array::from_fn(|_| Tally::new()),
                buckets: Hot::new(),
                keys: Hot::new(),
                contended: Hot::new(),
            },
        };
        probe.count_on(rate);
        probe
    }

    /// Counts an operation down, at its end. True: there is something to see to.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        let until = self.until.get().wrapping_sub(1);
        self.until.set(until);
        until == 0
    }

    /// There will be something to see to at the end of this operation, whatever the countdown says.
    pub(crate) fn hurry(&self) {
        if self.kept.get() == 0 {
            self.kept.set(self.until.replace(1));
        }
    }

    /// Whether it is the countdown's end that is [due](Self::is_due); else that goes on.
    pub(crate) fn is_sample_due(&self) -> bool {
        let left = self.kept.replace(0).saturating_sub(1);
        self.until.set(left);
        left == 0
    }

    /// The countdown ends with the operation on the key with `hash`, in the bucket that begins with `bucket`: it is recorded, if it
    /// is to be; and a new countdown begins.
    pub(crate) fn see_to_sample(&self, rate: &Rate, kind: Kind, hash: u32, bucket: u32) {
        if self.rest.get() == 0 && self.interval.get() > 0 {
            self.record(kind, hash, bucket);
        }
        self.count_on(rate);
    }

    fn record(&self, kind: Kind, hash: u32, bucket: u32) {
        let table = &self.table;
        table.represented.add(self.interval.replace(0));
        table.operations[kind as usize].add(1);
        table.lengths[class(self.nodes.replace(0))].add(1);
        table.buckets.add(bucket);
        table.keys.add(hash);
        if self.is_contended.replace(false) {
            table.contended.add(hash);
        }
    }

    /// Sets the countdown, for what is left of the interval or a new one.
    fn count_on(&self, rate: &Rate) {
        let mean = rate.get();
        if self.mean.replace(mean) != mean || self.interval.get() == 0 {
            let interval = mean.draw(self.random()).unwrap_or(0);
            self.interval.set(interval);
            self.rest.set(interval);
        }
        let rest = self.rest.get();
        // None is to be sampled: until the next look.
        let until = if rest == 0 { LOOK } else { rest.min(LOOK) };
        self.until.set(until);
        self.rest.set(rest.saturating_sub(until));
    }

    /// What is done until the answer is dropped counts in no sample.
    #[inline]
    pub(crate) fn suspend(&self) -> Unsampled<'_> {
        Unsampled {
            probe: self,
            before: self.is_suspended.replace(true),
        }
    }

    /// The operation that runs is the sampled one.
    fn is_on(&self) -> bool {
        let is_last = self.until.get() == 1 && self.kept.get() <= 1 && self.rest.get() == 0;
        is_last && self.interval.get() > 0 && !self.is_suspended.get()
    }

    fn random(&self) -> u32 {
        let mut x = self.random.get();
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.random.set(x);
        x
    }

    /// An exchange failed, or a mark was there already.
    #[cold]
    #[inline(never)]
    pub(crate) fn failed_exchange(&self) {
        self.contended(|table| &table.failed_exchanges);
    }

    /// A walk, or the operation, begins again.
    #[cold]
    #[inline(never)]
    pub(crate) fn restarted(&self) {
        self.contended(|table| &table.restarts);
    }

    /// A step of a walk is done again.
    #[cold]
    #[inline(never)]
    pub(crate) fn stepped_again(&self) {
        self.contended(|table| &table.steps_again);
    }

    /// A marked node was unlinked on the way.
    #[cold]
    #[inline(never)]
    pub(crate) fn helped(&self) {
        self.contended(|table| &table.helped);
    }

    /// A chunk of slots was filled.
    #[cold]
    #[inline(never)]
    pub(crate) fn filled(&self) {
        if self.is_on() {
            self.table.filled.add(1);
        }
    }

    /// A walk has passed `nodes` nodes.
    #[inline]
    pub(crate) fn passed(&self, nodes: usize) {
        // Most often it is not the last one before something is to be seen to.
        if self.until.get() == 1 {
            self.add_passed(nodes);
        }
    }

    #[cold]
    #[inline(never)]
    fn add_passed(&self, nodes: usize) {
        if self.is_on() {
            self.nodes.set(self.nodes.get() + nodes);
        }
    }

    #[inline]
    fn contended(&self, tally: impl Fn(&Table) -> &Tally) {
        if self.is_on() {
            self.is_contended.set(true);
            tally(&self.table).add(1);
        }
    }

    /// Adds this table to `counts`. By anybody.
    pub(crate) fn add_to(&self, counts: &mut Counts) {
        let table = &self.table;
        let add = |sum: &mut usize, tally: &Tally| *sum = sum.wrapping_add(tally.read());
        for (sum, tally) in counts.operations.iter_mut().zip(&table.operations) {
            add(sum, tally);
        }
        for (sum, tally) in counts.lengths.iter_mut().zip(&table.lengths) {
            add(sum, tally);
        }
        add(&mut counts.represented, &table.represented);
        add(&mut counts.failed_exchanges, &table.failed_exchanges);
        add(&mut counts.restarts, &table.restarts);
        add(&mut counts.steps_again, &table.steps_again);
        add(&mut counts.helped, &table.helped);
        add(&mut counts.filled, &table.filled);
        add_spots(&mut counts.buckets, &table.buckets);
        add_spots(&mut counts.keys, &table.keys);
        add_spots(&mut counts.contended, &table.contended);
    }
}

/// While it is there, nothing counts. See [`Probe::suspend`].
pub(crate) struct Unsampled<'p> {
    probe: &'p Probe,
    before: bool,
}

impl Drop for Unsampled<'_> {
    #[inline]
    fn drop(&mut self) {
        self.probe.is_suspended.set(self.before);
    }
}

/// The class of a length: 0, 1, 2 or 3, 4 to 7, ….
fn class(nodes: usize) -> usize {
    let bits = usize::BITS - nodes.leading_zeros();
    (bits as usize).min(LENGTHS - 1)
}

fn add_spots(sums: &mut Vec<HotSpot>, hot: &Hot) {
    for spot in hot.read() {
        match sums.iter_mut().find(|sum| sum.hash == spot.hash) {
            Some(sum) => {
                sum.count += spot.count;
            }
            None => sums.push(spot),
        }
    }
}
