//! Looking for faults, beside everybody, without changing anything.
//!
//! ```text
//!   slots, in the order of hashes:   [a] [·] [b] ...        · unfilled: `a` serves for it
//!   a chain, from one to the next:   [a] ──► node ──► node ──► [b]       ascending, and it ends there
//! ```
//!
//! A chain runs from a filled slot to the next one that was filled before the walk began. Each step shows
//! two neighbours at one moment ([`Look`]), so what contradicts an invariant is a violation then, whatever others do:
//!
//! | looked for | contradicts |
//! |---|---|
//! | entries, or slots within, that do not ascend | L1 |
//! | a chain that ends elsewhere: the next slot is not reached | L1, L5 |
//! | links that lead nowhere, or to no slot; tags that may not be | the table in `list/link.rs`, T3 |
//! | an entry twice in a chain | L1 |
//! | two live entries with the same key: the former is looked at again, and is not marked | one entry for each key |
//! | a key that hashes elsewhere, or is unequal to itself | what is asked of `Hash` and `Eq` |
//! | more or fewer entries than were counted, while nothing moved | every insertion and removal counts ([`Pulse`]) |
//!
//! A walk that is disturbed starts its chain again, and forgets what it found there. One that meets a link which
//! it may not follow leaves the chain: the next one has a beginning of its own.

use alloc::vec::Vec;
use core::ptr::NonNull;

use super::order::{birth, boundary};
use super::{Protected, SplitOrder};
use crate::list::{Behind, Link, LinkPtr, Look, Node, Succ};
use crate::reclaim::{Pulse, Session};
use crate::sync::prefetch_read;
use crate::tunables::{NEIGHBOURS, TRIES};
use crate::verification::{Place, Verification, ViolationKind, Violations};

/// Buckets between the one whose first node is fetched and the one that is looked at.
const AHEAD: usize = 16;

/// What is asked of keys: always the same hash, and an equality.
pub(crate) trait Rules<K> {
    fn hash(&self, key: &K) -> u32;
    fn eq(&self, a: &K, b: &K) -> bool;
}

/// A slot of the table.
struct Slot<'t, K, V> {
    level: u32,
    index: usize,
    link: &'t Link<Node<K, V>>,
}

impl<K, V> Clone for Slot<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V> Copy for Slot<'_, K, V> {}

impl<K, V> Slot<'_, K, V> {
    /// The least hash of its bucket.
    fn first(self) -> u32 {
        boundary(self.level, self.index)
    }

    fn place(self) -> Place {
        Place::Slot {
            level: self.level,
            index: self.index,
            first: self.first(),
        }
    }
}

/// What a chain showed.
#[derive(Default)]
struct Shown {
    entries: usize,
    marked: usize,
    violations: Violations,
    /// It was left before its end.
    cut: bool,
}

/// A walk of a chain.
struct Walk<'d, K, V> {
    look: Look<'d, K, V>,
    /// The least hash of the chain.
    first: u32,
    /// What the walk has come to.
    at: Place,
    /// The hash there: what comes must not be less.
    floor: u32,
    /// Live entries before the last one, with the same hash.
    same: Vec<Protected<'d, K, V>>,
    shown: Shown,
}

impl<K, V> SplitOrder<K, V> {
    /// Looks at everything, and compares what is there with what was counted.
    pub(crate) fn verify(&self, rules: &impl Rules<K>) -> Verification {
        let before = self.domain.pulse();
        let (mut report, cut) = self.look(rules);
        let complete = !cut && report.disturbed == 0;
        self.compare_length(before, complete, &mut report);
        report
    }

    /// Looks at everything; whether a chain was left before its end.
    pub(super) fn look(&self, rules: &impl Rules<K>) -> (Verification, bool) {
        let (session, _seat) = self.domain.session();
        let (mut report, mut cut) = (Verification::default(), false);
        // The finest one that has its segment: what comes later is met on the way.
        let level = self.table.growing().unwrap_or(self.table.level());
        let buckets = 1 << level;
        let mut from = None;
        for bucket in 0..buckets {
            if bucket + AHEAD < buckets {
                prefetch_read(self.slot_of(bucket + AHEAD, level).link.load().address());
            }
            let slot = self.slot_of(bucket, level);
            match self.fault(slot, slot.link.load()) {
                Ok(true) => {
                    if let Some(from) = from.replace(slot) {
                        cut |= self.add_chain(session, rules, from, Some(slot), &mut report);
                    }
                }
                Ok(false) => report.unfilled += 1,
                Err(kind) => {
                    report.violations.add(kind, slot.place());
                    cut = true;
                }
            }
        }
        if let Some(from) = from {
            cut |= self.add_chain(session, rules, from, None, &mut report);
        }
        (report, cut)
    }

    fn slot_of(&self, bucket: usize, level: u32) -> Slot<'_, K, V> {
        let (level, index) = birth(bucket, level);
        let link = self.table.slot_at(level, index);
        Slot { level, index, link }
    }

    /// The slot that a link leads to, if it is one.
    fn slot_behind(&self, link: LinkPtr<K, V>) -> Option<Slot<'_, K, V>> {
        let (level, index) = self.table.place_of(link)?;
        let link = self.table.slot_at(level, index);
        Some(Slot { level, index, link })
    }

    /// Whether a walk may begin at a slot that holds `succ`, if that is lawful.
    fn fault(&self, slot: Slot<'_, K, V>, succ: Succ<Node<K, V>>) -> Result<bool, ViolationKind> {
        if succ.is_marked() {
            return Err(ViolationKind::MarkedSlot);
        }
        if succ.is_start() || !self.table.is_base(slot.level) {
            return Ok(succ.is_start());
        }
        Err(if succ.is_pending() {
            ViolationKind::PendingSlot
        } else {
            ViolationKind::EmptySlot
        })
    }

    /// Adds the chain between two filled slots to the report; true: it was left before its end.
    fn add_chain<'d>(
        &'d self,
        session: Session<'d, Node<K, V>>,
        rules: &impl Rules<K>,
        from: Slot<'d, K, V>,
        to: Option<Slot<'d, K, V>>,
        report: &mut Verification,
    ) -> bool {
        if to.is_some_and(|to| from.link.load() == Succ::sentinel(NonNull::from(to.link))) {
            // As most are: empty.
            report.chains.add(0);
            return false;
        }
        let shown = (0..TRIES).find_map(|_| Walk::new(session, from).go(self, rules, to));
        let Some(shown) = shown else {
            report.disturbed += 1;
            return false;
        };
        report.entries += shown.entries;
        report.marked += shown.marked;
        report.chains.add(shown.entries);
        report.violations.append(shown.violations);
        shown.cut
    }

    /// Compares the entries that were met with those that were counted, if they are comparable.
    fn compare_length(&self, before: Pulse, complete: bool, report: &mut Verification) {
        let after = self.domain.pulse();
        report.length = after.counted();
        let difference = report.entries.abs_diff(report.length);
        // Each operation on its way may have one effect that is not counted, or counted and not seen.
        let explained = difference <= before.held + after.held;
        report.length_compared =
            complete && before.is_still(after) && (difference == 0 || !explained);
        if report.length_compared && difference > 0 {
            let (counted, entries) = (report.length, report.entries);
            let kind = ViolationKind::Length { counted, entries };
            report.violations.add(kind, Place::Map);
        }
    }
}

impl<'d, K, V> Walk<'d, K, V> {
    fn new(session: Session<'d, Node<K, V>>, from: Slot<'d, K, V>) -> Self {
        Self {
            look: Look::new(session, from.link),
            first: from.first(),
            at: from.place(),
            floor: from.first(),
            same: Vec::new(),
            shown: Shown::default(),
        }
    }

    /// Walks the chain, which ends at `to`, or at the list's end; `None`: it was disturbed.
    fn go(
        mut self,
        list: &'d SplitOrder<K, V>,
        rules: &impl Rules<K>,
        to: Option<Slot<'d, K, V>>,
    ) -> Option<Shown> {
        loop {
            match self.look.next() {
                Behind::Node(node, before) => {
                    // SAFETY: protected by the look, which stands there.
                    self.comes_to(unsafe { node.as_ref() }, before, rules);
                    continue;
                }
                Behind::Sentinel(link) => {
                    if self.passes(list, link, to) {
                        continue;
                    }
                }
                Behind::End => {
                    if let Some(to) = to {
                        self.found(ViolationKind::Unreachable, to.place());
                    }
                }
                Behind::Empty if matches!(self.at, Place::Entry { .. }) => {
                    self.cut(ViolationKind::EmptyLink);
                }
                Behind::Empty => self.cut(ViolationKind::EmptySlot),
                Behind::Pending => self.cut(ViolationKind::PendingLink),
                Behind::Cycle => self.cut(ViolationKind::Cycle),
                Behind::Lost => return None,
            }
            break;
        }
        self.shown.marked = self.look.marked;
        Some(self.shown)
    }

    /// Judges a live node, and what it says of the one before it.
    fn comes_to(
        &mut self,
        node: &Node<K, V>,
        before: Option<Protected<'d, K, V>>,
        rules: &impl Rules<K>,
    ) {
        let (hash, key) = (node.hash(), node.key());
        self.at = Place::Entry {
            first: self.first,
            position: self.shown.entries,
            hash,
        };
        self.shown.entries += 1;
        if hash < self.floor {
            let before = self.floor;
            self.found(ViolationKind::Order { before }, self.at);
        }
        self.floor = hash;
        let now = rules.hash(key);
        if now != hash {
            self.found(ViolationKind::Misplaced { now }, self.at);
        }
        if !rules.eq(key, key) {
            self.found(ViolationKind::Unequal, self.at);
        }
        // SAFETY: protected by its guard, as are those in `same`.
        match before.filter(|(before, _)| unsafe { before.as_ref() }.hash() == hash) {
            Some(before) => {
                if self.same.len() == NEIGHBOURS {
                    self.same.remove(0);
                }
                self.same.push(before);
            }
            None => self.same.clear(),
        }
        let is_twin = |(other, _): &Protected<'d, K, V>| {
            // SAFETY: as above.
            let other = unsafe { other.as_ref() };
            // Not marked now, so not when `node` was seen live: both were then.
            rules.eq(other.key(), key) && !other.next().load().is_marked()
        };
        if self.same.iter().any(is_twin) {
            self.found(ViolationKind::Duplicate, self.at);
        }
    }

    /// Judges a sentinel, and enters it if it stands within the chain; false: the walk ends.
    fn passes(
        &mut self,
        list: &'d SplitOrder<K, V>,
        link: LinkPtr<K, V>,
        to: Option<Slot<'d, K, V>>,
    ) -> bool {
        // Most often it is the next one.
        let next = to.filter(|to| NonNull::from(to.link) == link);
        let Some(slot) = next.or_else(|| list.slot_behind(link)) else {
            self.cut(ViolationKind::StraySentinel);
            return false;
        };
        if slot.first() <= self.floor {
            self.at = slot.place();
            let before = self.floor;
            self.cut(ViolationKind::Order { before });
            return false;
        }
        if let Some(to) = to.filter(|to| to.first() <= slot.first()) {
            if to.first() < slot.first() {
                self.found(ViolationKind::Unreachable, to.place());
            }
            return false;
        }
        (self.at, self.floor) = (slot.place(), slot.first());
        self.same.clear();
        self.look.enter(slot.link);
        if slot.link.load().is_marked() {
            self.cut(ViolationKind::MarkedSlot);
            return false;
        }
        true
    }

    fn found(&mut self, kind: ViolationKind, place: Place) {
        self.shown.violations.add(kind, place);
    }

    /// Where the walk is, something is wrong by which it cannot go on.
    fn cut(&mut self, kind: ViolationKind) {
        self.found(kind, self.at);
        self.shown.cut = true;
    }
}
