//! Lists that are broken in every way that `verify` looks for, one at a time, and mended again.
//!
//! ```text
//!   slot 0          slot 1 of level 2     slot 0 of level 1     slot 1 of level 2
//!   0               0x4000_0000           0x8000_0000           0xC000_0000          hashes, which are the keys
//!   ├─► 1 ► 2 ► 3 ──┴─► .. + 5 ───────────┴─────────────────────┴─► .. + 7 ──► end
//! ```

use alloc::vec;
use alloc::vec::Vec;
use core::ptr::NonNull;

use super::super::verify::Rules;
use crate::list::{Kind, Link, NewNode, Succ};
use crate::reclaim::Reclamation;
use crate::verification::{Place, Verification, Violation, ViolationKind};

type List = super::super::SplitOrder<u32, ()>;
type Node = crate::list::Node<u32, ()>;

/// The least hashes of the buckets.
const FIRST: [u32; 4] = [0, 0x4000_0000, 0x8000_0000, 0xC000_0000];
const KEYS: [u32; 5] = [1, 2, 3, FIRST[1] + 5, FIRST[3] + 7];

/// A key is its hash.
struct Plain;
impl Rules<u32> for Plain {
    fn hash(&self, key: &u32) -> u32 {
        *key
    }
    fn eq(&self, a: &u32, b: &u32) -> bool {
        a == b
    }
}

fn list() -> List {
    let list = List::with_level(2, Reclamation::new()).unwrap();
    for key in KEYS {
        insert(&list, key, u32::eq);
    }
    list
}

/// Inserts, and the list does not grow, as it seems to be empty meanwhile.
fn insert(list: &List, key: u32, eq: impl Fn(&u32, &u32) -> bool) {
    let count = |amount| list.domain.session().0.count(amount);
    let hidden = list.len() + 1;
    count(hidden.wrapping_neg());
    drop(list.insert(key, NewNode::new(key, key, ()), eq));
    count(hidden);
}

/// The slot of a bucket.
fn slot(list: &List, bucket: usize) -> &Link<Node> {
    // SAFETY: slots live as long as the table.
    unsafe { list.table.slot(2, FIRST[bucket]).as_ref() }
}

fn slot_place(bucket: usize) -> Place {
    let (level, index) = [(0, 0), (2, 0), (1, 0), (2, 1)][bucket];
    let first = FIRST[bucket];
    Place::Slot {
        level,
        index,
        first,
    }
}

/// The node of a key.
fn node(list: &List, key: u32) -> NonNull<Node> {
    list.get(key, |other| *other == key).unwrap().0
}

/// The link of that node.
fn link(list: &List, key: u32) -> &Link<Node> {
    // SAFETY: in the list.
    unsafe { node(list, key).as_ref() }.next()
}

/// An entry of the first bucket.
fn entry(position: usize, hash: u32) -> Place {
    Place::Entry {
        first: 0,
        position,
        hash,
    }
}

/// What is found while `links` hold other values.
fn broken(list: &List, links: &[(&Link<Node>, Succ<Node>)]) -> Verification {
    let before: Vec<_> = links.iter().map(|(link, _)| link.load()).collect();
    for (link, succ) in links {
        link.set(*succ);
    }
    let report = list.verify(&Plain);
    for ((link, _), before) in links.iter().zip(before) {
        link.set(before);
    }
    report
}

#[track_caller]
fn assert_found(report: &Verification, expected: &[(ViolationKind, Place)]) {
    let found: Vec<_> = report
        .violations()
        .iter()
        .map(|Violation { kind, place }| (*kind, *place))
        .collect();
    assert_eq!(found, expected, "{report}");
    assert_eq!(report.violation_count(), expected.len());
}

#[test]
fn a_sound_list_is_sound() {
    let list = list();
    let report = list.verify(&Plain);
    assert!(report.is_sound(), "{report}");
    assert_eq!((report.entries(), report.length()), (5, 5));
    assert!(report.length_compared());
    assert_eq!((report.slots(), report.unfilled()), (4, 0));
    assert_eq!((report.marked(), report.disturbed()), (0, 0));
    let chains: Vec<_> = report.chains().iter().collect();
    assert_eq!(chains, [(0, 1), (1, 2), (3, 1)]);
}

#[test]
fn entries_out_of_order() {
    let list = list();
    let [one, two] = [1, 2].map(|key| Succ::node(node(&list, key)));
    let three = link(&list, 2).load();
    let swapped = [
        (slot(&list, 0), two),
        (link(&list, 2), one),
        (link(&list, 1), three),
    ];
    let order = ViolationKind::Order { before: 2 };
    assert_found(&broken(&list, &swapped), &[(order, entry(1, 1))]);
    // One that belongs into the next bucket: that bucket's slot stands behind it.
    let astray = Succ::node(node(&list, KEYS[3]));
    let moved = [
        (link(&list, 3), astray),
        (link(&list, KEYS[3]), Succ::sentinel(slot(&list, 1).into())),
        (slot(&list, 1), Succ::sentinel(slot(&list, 2).into())),
    ];
    let order = ViolationKind::Order { before: KEYS[3] };
    assert_found(&broken(&list, &moved), &[(order, slot_place(1))]);
    assert!(list.verify(&Plain).is_sound());
}

#[test]
fn an_entry_with_the_hash_of_another_key() {
    let list = list();
    let two = node(&list, 2);
    // SAFETY: in the list, which nobody else has.
    unsafe { Node::set_hash(two, 3) };
    let misplaced = ViolationKind::Misplaced { now: 2 };
    assert_found(&list.verify(&Plain), &[(misplaced, entry(1, 3))]);
    // SAFETY: as above.
    unsafe { Node::set_hash(two, 2) };
    assert!(list.verify(&Plain).is_sound());
}

#[test]
fn tags_and_links_that_may_not_be() {
    let list = list();
    for bucket in 0..4 {
        let slot = slot(&list, bucket);
        for (succ, kind) in [
            (slot.load().marked(), ViolationKind::MarkedSlot),
            (slot.load().pending(), ViolationKind::PendingSlot),
            (Succ::EMPTY, ViolationKind::EmptySlot),
        ] {
            let report = broken(&list, &[(slot, succ)]);
            assert_found(&report, &[(kind, slot_place(bucket))]);
        }
    }
    let two = link(&list, 2);
    for (succ, kind) in [
        (two.load().pending(), ViolationKind::PendingLink),
        (two.load().pending().marked(), ViolationKind::PendingLink),
        (Succ::EMPTY, ViolationKind::EmptyLink),
    ] {
        let report = broken(&list, &[(two, succ)]);
        // A marked one is no entry, so that its link is that of the one before.
        let place = if succ.is_marked() {
            entry(0, 1)
        } else {
            entry(1, 2)
        };
        assert_found(&report, &[(kind, place)]);
    }
    let stray = Link::new(Succ::END);
    let astray = Succ::sentinel(NonNull::from(&stray));
    let report = broken(&list, &[(link(&list, 3), astray)]);
    assert_found(&report, &[(ViolationKind::StraySentinel, entry(2, 3))]);
    let report = broken(&list, &[(slot(&list, 2), astray)]);
    assert_found(&report, &[(ViolationKind::StraySentinel, slot_place(2))]);
    assert!(list.verify(&Plain).is_sound());
}

#[test]
fn slots_that_are_not_reached() {
    let list = list();
    let unreachable = (ViolationKind::Unreachable, slot_place(1));
    let length = |entries| {
        let counted = KEYS.len();
        (ViolationKind::Length { counted, entries }, Place::Map)
    };
    let ends = broken(&list, &[(link(&list, 3), Succ::END)]);
    assert_found(&ends, &[unreachable]);
    let passes_by = Succ::sentinel(slot(&list, 2).into());
    let leads_elsewhere = broken(&list, &[(slot(&list, 0), passes_by)]);
    assert_found(&leads_elsewhere, &[unreachable, length(2)]);
    let leads_elsewhere = Succ::node(node(&list, KEYS[4]));
    let leads_elsewhere = broken(&list, &[(slot(&list, 0), leads_elsewhere)]);
    assert_found(&leads_elsewhere, &[unreachable, length(3)]);
    let leads_back = Succ::sentinel(slot(&list, 1).into());
    let leads_back = broken(&list, &[(slot(&list, 2), leads_back)]);
    let order = ViolationKind::Order { before: FIRST[2] };
    assert_found(&leads_back, &[(order, slot_place(1))]);
    assert!(list.verify(&Plain).is_sound());
}

#[test]
fn a_list_that_goes_round() {
    let list = list();
    for (from, to) in [(1, 1), (3, 1), (3, 3)] {
        let round = Succ::node(node(&list, to));
        for round in [round, round.marked()] {
            let report = broken(&list, &[(link(&list, from), round)]);
            let mut kinds = report.violations().iter().map(|violation| violation.kind);
            assert!(kinds.any(|kind| kind == ViolationKind::Cycle), "{report}");
        }
    }
    assert!(list.verify(&Plain).is_sound());
}

#[test]
fn counters_that_are_wrong() {
    let list = list();
    let (session, _seat) = list.domain.session();
    session.count(1);
    let length = ViolationKind::Length {
        counted: 6,
        entries: 5,
    };
    assert_found(&list.verify(&Plain), &[(length, Place::Map)]);
    // It may be that of an operation on its way: that would have a hazard.
    let hazard = session.hazard();
    let report = list.verify(&Plain);
    assert!(report.is_sound() && !report.length_compared(), "{report}");
    drop(hazard);
    session.count(usize::MAX);
    assert!(list.verify(&Plain).length_compared());
}

#[test]
fn keys_that_are_equal() {
    let list = list();
    insert(&list, 2, |_, _| false);
    let twin = (ViolationKind::Duplicate, entry(2, 2));
    assert_found(&list.verify(&Plain), &[twin]);
    // Not one that is removed, but still linked.
    link(&list, 2).mark().unwrap();
    list.domain.session().0.count(usize::MAX);
    let report = list.verify(&Plain);
    assert!(report.is_sound() && report.length_compared(), "{report}");
    assert_eq!((report.marked(), report.entries()), (1, 5));
}

#[test]
fn keys_that_equal_nothing() {
    struct Unequal;
    impl Rules<u32> for Unequal {
        fn hash(&self, key: &u32) -> u32 {
            *key
        }
        fn eq(&self, a: &u32, b: &u32) -> bool {
            a == b && *a != 2
        }
    }
    let unequal = (ViolationKind::Unequal, entry(1, 2));
    assert_found(&list().verify(&Unequal), &[unequal]);
}

/// What an operation that was stopped in the midst leaves is lawful.
#[test]
fn states_of_operations_are_no_violations() {
    let list = list();
    let (session, _seat) = list.domain.session();
    // Removals that are not unlinked, one behind the other, and the last of a bucket.
    for link in [1, 2, 3, KEYS[3]].map(|key| link(&list, key)) {
        link.mark().unwrap();
        session.count(usize::MAX);
    }
    let report = list.verify(&Plain);
    assert!(report.is_sound() && report.length_compared(), "{report}");
    assert_eq!((report.entries(), report.marked()), (1, 4));
    // A new level: slots that are empty, pending, linked and pending.
    list.table.begin().unwrap();
    let finer = |index| list.table.slot_at(3, index);
    finer(0).set(slot(&list, 0).load().pending());
    let half = FIRST[2] + (FIRST[1] >> 1);
    assert!(list.place_of(session, half).insert_sentinel(finer(2)));
    let report = list.verify(&Plain);
    assert!(report.is_sound() && report.length_compared(), "{report}");
    assert_eq!((report.slots(), report.unfilled()), (4, 4));
    assert!(finer(2).load().is_pending(), "nothing is changed");
    // They are filled, then.
    for index in [1, 3, 0, 2] {
        if index != 2 {
            list.fill_slot(session, 3, index);
        }
    }
    finer(2).set(finer(2).load().settled());
    let report = list.verify(&Plain);
    assert!(report.is_sound(), "{report}");
    assert_eq!((report.slots(), report.unfilled()), (8, 0));
}

#[test]
fn slots_of_a_level_that_is_being_filled() {
    let list = list();
    list.table.begin().unwrap();
    let finer = list.table.slot_at(3, 0);
    let place = Place::Slot {
        level: 3,
        index: 0,
        first: FIRST[1] / 2,
    };
    let next = Succ::sentinel(slot(&list, 1).into());
    let filled = broken(&list, &[(finer, next)]);
    assert_found(&filled, &[(ViolationKind::Unreachable, place)]);
    let to_finer = (link(&list, 3), Succ::sentinel(finer.into()));
    let linked = broken(&list, &[to_finer]);
    assert_found(&linked, &[(ViolationKind::EmptySlot, place)]);
    let marked = broken(&list, &[to_finer, (finer, next.marked())]);
    assert_found(&marked, &[(ViolationKind::MarkedSlot, place)]);
    assert!(broken(&list, &[to_finer, (finer, next)]).is_sound());
    assert!(list.verify(&Plain).is_sound());
}

/// The hashes of the nodes, in the order of the list.
fn hashes(list: &List) -> Vec<u32> {
    let (mut hashes, mut succ) = (vec![], slot(list, 0).load());
    loop {
        succ = match succ.kind() {
            Kind::Node(node) => {
                // SAFETY: in the list.
                let node = unsafe { node.as_ref() };
                hashes.push(node.hash());
                node.next().load()
            }
            // SAFETY: slots live as long as the table.
            Kind::Sentinel(slot) => unsafe { slot.as_ref() }.load(),
            Kind::End => return hashes,
        };
    }
}

#[test]
fn rebuilding_files_entries_in_every_order() {
    /// Each hash becomes another one, in turn.
    struct Turned(u32);
    impl Rules<u32> for Turned {
        fn hash(&self, key: &u32) -> u32 {
            key.wrapping_mul(0x9E37_79B9).rotate_left(self.0)
        }
        fn eq(&self, a: &u32, b: &u32) -> bool {
            a == b
        }
    }
    let keys = if cfg!(miri) { 10 } else { 500 };
    let mut list = List::with_level(2, Reclamation::new()).unwrap();
    for key in 0..keys {
        drop(list.insert(key, NewNode::new(key, key, ()), u32::eq));
    }
    assert!(list.table.level() > 2 || cfg!(miri));
    for turn in 0..if cfg!(miri) { 2 } else { 32 } {
        let rules = Turned(turn);
        let rebuilt = list.rebuild(&rules);
        assert_eq!(rebuilt.duplicates, 0);
        assert!(rebuilt.moved + 1 >= keys as usize / 2, "{rebuilt:?}");
        let report = list.verify(&rules);
        assert!(report.is_sound() && report.length_compared(), "{report}");
        assert_eq!(report.entries(), keys as usize);
        assert!(hashes(&list).is_sorted());
    }
}
