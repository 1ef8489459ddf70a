//! White-box tests of growth: fillers that stop for good, or come late.

use alloc::vec::Vec;
use core::ops::Range;

use super::{Rules, SplitOrder, split_order};
use crate::list::NewNode;
use crate::reclaim::Reclamation;

mod failpoints;
mod snapshots;
mod verify;

type List = SplitOrder<u64, u64>;

fn insert(list: &List, key: u64) {
    let hash = split_order(key);
    drop(list.insert(hash, NewNode::new(hash, key, key), u64::eq));
}

fn get(list: &List, key: u64) -> Option<u64> {
    let (node, _guard) = list.get(split_order(key), |other| *other == key)?;
    // SAFETY: protected by `_guard`.
    Some(*unsafe { node.as_ref() }.value())
}

/// Keys hash as [`insert`] has it.
struct Spread;
impl Rules<u64> for Spread {
    fn hash(&self, key: &u64) -> u32 {
        split_order(*key)
    }
    fn eq(&self, a: &u64, b: &u64) -> bool {
        a == b
    }
}

/// Every entry is found, none is found that is not there, and a walk over everything sees each once.
fn check(list: &List, keys: Range<u64>) {
    let len = usize::try_from(keys.end - keys.start).unwrap();
    assert_eq!(list.len(), len);
    for key in keys.clone() {
        assert_eq!(get(list, key), Some(key));
    }
    for key in keys.end..keys.end + ABSENT {
        assert_eq!(get(list, key), None);
    }
    let (mut entries, mut seen) = (super::Entries::new(list), 0);
    while entries.next().is_some() {
        seen += 1;
    }
    assert_eq!(seen, len);
    let report = list.verify(&Spread);
    assert!(report.is_sound() && report.length_compared(), "{report}");
    assert_eq!((report.entries(), report.disturbed()), (len, 0));
}

/// Takes the next chunk of the growing level away, as a filler does that stops right after.
fn stop_a_filler(list: &List, stopped: &mut Vec<(u32, Range<usize>)>) {
    if let Some(level) = list.table.growing() {
        stopped.extend(list.table.claim_chunk(level).map(|chunk| (level, chunk)));
    }
}

/// Keys that are looked for and not there.
const ABSENT: u64 = if cfg!(miri) { 10 } else { 100 };

const KEYS: u64 = if cfg!(miri) {
    30
} else if cfg!(splitmap_emulated) {
    3_000
} else {
    20_000
};

#[test]
fn fillers_that_stop_for_good_leave_every_operation_right() {
    let list = List::new(0, Reclamation::new()).unwrap();
    let mut stopped = Vec::new();
    let first_level = list.table.level();
    for key in 0..KEYS {
        insert(&list, key);
        // Two chunks of three are never filled.
        stop_a_filler(&list, &mut stopped);
        stop_a_filler(&list, &mut stopped);
    }
    assert!(stopped.len() > 10);
    assert!(list.table.level() >= first_level + 3, "growth went on");
    check(&list, 0..KEYS);
    for key in 0..KEYS / 2 {
        assert!(
            list.remove_if(split_order(key), |other| *other == key, |_, _| true)
                .is_some()
        );
    }
    check(&list, KEYS / 2..KEYS);
    list.clear();
    check(&list, 0..0);
}

#[test]
fn fillers_that_come_late_link_their_slots_where_they_belong() {
    let list = List::new(0, Reclamation::new()).unwrap();
    let mut late = Vec::new();
    for key in 0..KEYS {
        insert(&list, key);
        stop_a_filler(&list, &mut late);
        // Some come back soon, some after several doublings, in no order.
        if key % 7 == 3 && !late.is_empty() {
            let (level, chunk) = late.swap_remove(usize::try_from(key).unwrap() * 31 % late.len());
            let (session, _seat) = list.domain.session();
            chunk.for_each(|place| list.fill_slot(session, level, place));
        }
    }
    check(&list, 0..KEYS);
    let (session, _seat) = list.domain.session();
    for (level, chunk) in late {
        chunk.for_each(|place| list.fill_slot(session, level, place));
    }
    check(&list, 0..KEYS);
    // Now the directory is whole: sentinels ascend in the order of the list.
    let (mut boundaries, (_, mut slot, _)) = (Vec::new(), list.table.start(0));
    let mut guard = session.hazard();
    list.clear();
    loop {
        boundaries.push(list.table.boundary(slot));
        // SAFETY: a linked slot.
        let succ = unsafe { crate::list::settle(slot) };
        // SAFETY: a linked slot, and `succ` was read there.
        match unsafe { crate::list::advance(session, slot, succ, &mut guard) } {
            crate::list::Step::Sentinel(next) => slot = next,
            _ => break,
        }
    }
    assert!(boundaries.is_sorted_by(|a, b| a < b));
    assert!(boundaries.len() >= 1 << list.table.level());
}

#[test]
fn a_filler_that_read_its_parent_before_the_level_was_published_does_not_link_there() {
    let list = List::new(0, Reclamation::new()).unwrap();
    let mut key = 0;
    let mut insert_until = |done: &dyn Fn() -> bool| {
        while !done() {
            insert(&list, key);
            key += 1;
        }
        key
    };
    insert_until(&|| list.table.growing().is_some());
    // A filler claims a chunk, reads the level, and is held up before it reads the parents' links.
    let level = list.table.growing().unwrap();
    let chunk = list.table.claim_chunk(level).unwrap();
    let starts: Vec<_> = chunk
        .map(|place| {
            (
                place,
                list.table.start(super::order::boundary(level, place)),
            )
        })
        .collect();
    // The others publish its level and fill the next one: finer sentinels behind the same parents.
    let keys = insert_until(&|| list.table.level() > level);
    let (session, _seat) = list.domain.session();
    for (place, (exact, parent, _)) in starts {
        // SAFETY: a slot.
        let succ = unsafe { parent.as_ref() }.load();
        let slot = list.table.slot_at(level, place);
        assert!(!list.split_empty(slot, level, (exact, parent, succ)));
        // What it does then.
        list.fill_slot(session, level, place);
    }
    check(&list, 0..keys);
}
