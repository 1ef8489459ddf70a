//! One seat's table, and the countdown to its next sample.
//!
//! ```text
//!   until   … 3 ─► 2 ─► 1 ─► 0 ─► due: an operation is sampled, `is_on` ─┐
//!           ▲                                                            │ until = 1
//!           │  interval drawn ◄── due again, with the next operation: off ◄┘
//!           └─ at most LOOK at a time; the rest waits in `rest`
//! ```
//!
//! All cells are the seat's owner's alone (H2 of `reclaim`); tallies and hot lists may be read by all.

use core::array;
use core::cell::Cell;

use super::hot::{Hot, HotSpot};
use super::rate::{Mean, Rate};
use super::{KINDS, Kind};
use crate::tally::{Tally, not_negative};
use alloc::vec::Vec;

/// Operations until a seat looks at the rate again, at most.
const LOOK: usize = 4096;

/// Classes of a traversal's length: 0, 1, 2 or 3, 4 to 7, …; the last one is open.
pub(crate) const LENGTHS: usize = 8;

pub(crate) struct Probe {
    /// Operations until something is due.
    until: Cell<usize>,
    /// Operations from then on until the next sample.
    rest: Cell<usize>,
    /// How many operations the next sample stands for; 0: none has been drawn.
    interval: Cell<usize>,
    /// The mean that it was drawn with.
    mean: Cell<Mean>,
    /// Never 0 (xorshift).
    random: Cell<u32>,
    /// The operation that runs is sampled.
    is_on: Cell<bool>,
    /// It has met others.
    is_contended: Cell<bool>,
    /// The hash of its key.
    hash: Cell<u32>,
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
    rereads: Tally,
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
    pub(crate) rereads: usize,
    pub(crate) helped: usize,
    pub(crate) filled: usize,
    pub(crate) lengths: [usize; LENGTHS],
    pub(crate) buckets: Vec<HotSpot>,
    pub(crate) keys: Vec<HotSpot>,
    pub(crate) contended: Vec<HotSpot>,
}

impl Probe {
    /// For the seat's owner, who counts down from his first operation on.
    pub(crate) fn new() -> Self {
        Self {
            until: Cell::new(1),
            rest: Cell::new(0),
            interval: Cell::new(0),
            mean: Cell::new(Mean::DEFAULT),
            random: Cell::new(0x9E37_79B9),
            is_on: Cell::new(false),
            is_contended: Cell::new(false),
            hash: Cell::new(0),
            nodes: Cell::new(0),
            table: Table {
                operations: array::from_fn(|_| Tally::new()),
                represented: Tally::new(),
                failed_exchanges: Tally::new(),
                restarts: Tally::new(),
                rereads: Tally::new(),
                helped: Tally::new(),
                filled: Tally::new(),
                lengths: array::from_fn(|_| Tally::new()),
                buckets: Hot::new(),
                keys: Hot::new(),
                contended: Hot::new(),
            },
        }
    }

    /// Counts an operation down. True: [`begin`](Self::begin) is due.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        let until = self.until.get().wrapping_sub(1);
        self.until.set(until);
        until == 0
    }

    /// Something else begins that is not sampled: what it meets does not count.
    #[inline]
    pub(crate) fn end(&self) {
        self.is_on.set(false);
    }

    /// What is due with this operation on the key with `hash`, in the bucket that begins with `bucket`: the end of a sample,
    /// a look at the rate, or a sample.
    pub(crate) fn begin(&self, rate: &Rate, kind: Kind, hash: u32, bucket: u32) {
        self.is_on.set(false);
        let mean = rate.get();
        if self.interval.get() == 0 || self.mean.replace(mean) != mean {
            self.mean.set(mean);
            let Some(interval) = mean.draw(self.random()) else {
                self.interval.set(0);
                self.until.set(LOOK);
                return;
            };
            self.interval.set(interval);
            // This operation is the first of them.
            self.rest.set(interval - 1);
        }
        match self.rest.get() {
            0 => self.sample(kind, hash, bucket),
            rest => {
                let until = rest.min(LOOK);
                self.until.set(until);
                self.rest.set(rest - until);
            }
        }
    }

    fn sample(&self, kind: Kind, hash: u32, bucket: u32) {
        let table = &self.table;
        table.represented.add(self.interval.get());
        table.operations[kind as usize].add(1);
        table.lengths[0].add(1);
        table.buckets.add(bucket);
        table.keys.add(hash);
        self.is_on.set(true);
        self.is_contended.set(false);
        self.hash.set(hash);
        self.nodes.set(0);
        self.until.set(1);
        // The next operation ends this sample, and is the first that the next sample stands for.
        let interval = self.mean.get().draw(self.random());
        self.interval.set(interval.unwrap_or(0));
        self.rest.set(interval.map_or(0, |interval| interval - 1));
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
    #[inline]
    pub(crate) fn failed_exchange(&self) {
        self.contended(|table| &table.failed_exchanges);
    }

    /// A walk, or the operation, begins again.
    #[inline]
    pub(crate) fn restarted(&self) {
        self.contended(|table| &table.restarts);
    }

    /// A link was another one when it was read again.
    #[inline]
    pub(crate) fn reread(&self) {
        self.contended(|table| &table.rereads);
    }

    /// A marked node was unlinked on the way, or a slot settled.
    #[inline]
    pub(crate) fn helped(&self) {
        self.contended(|table| &table.helped);
    }

    /// A chunk of slots was filled.
    #[inline]
    pub(crate) fn filled(&self) {
        if self.is_on.get() {
            self.table.filled.add(1);
        }
    }

    /// A walk has passed `nodes` nodes.
    #[inline]
    pub(crate) fn passed(&self, nodes: usize) {
        if self.is_on.get() {
            self.add_passed(nodes);
        }
    }

    #[cold]
    #[inline(never)]
    fn add_passed(&self, nodes: usize) {
        let before = self.nodes.get();
        self.nodes.set(before + nodes);
        let (from, to) = (class(before), class(before + nodes));
        if from != to {
            self.table.lengths[to].add(1);
            self.table.lengths[from].add(usize::MAX);
        }
    }

    #[inline]
    fn contended(&self, tally: impl Fn(&Table) -> &Tally) {
        if self.is_on.get() {
            self.add_contended(tally(&self.table));
        }
    }

    #[cold]
    #[inline(never)]
    fn add_contended(&self, tally: &Tally) {
        tally.add(1);
        if !self.is_contended.replace(true) {
            self.table.contended.add(self.hash.get());
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
            *sum += not_negative(tally.read());
        }
        add(&mut counts.represented, &table.represented);
        add(&mut counts.failed_exchanges, &table.failed_exchanges);
        add(&mut counts.restarts, &table.restarts);
        add(&mut counts.rereads, &table.rereads);
        add(&mut counts.helped, &table.helped);
        add(&mut counts.filled, &table.filled);
        add_spots(&mut counts.buckets, &table.buckets);
        add_spots(&mut counts.keys, &table.keys);
        add_spots(&mut counts.contended, &table.contended);
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
                sum.excess += spot.excess;
            }
            None => sums.push(spot),
        }
    }
}
