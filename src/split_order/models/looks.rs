//! `verify` against changes: nothing is ever wrong, no node is looked at that may be freed.

use alloc::vec;

use super::{Explore, List, Pair, Probe, hash_of, read};
use crate::split_order::Rules;

struct Probed;
impl Rules<Probe> for Probed {
    fn hash(&self, key: &Probe) -> u32 {
        hash_of(key.read())
    }
    fn eq(&self, a: &Probe, b: &Probe) -> bool {
        a.read() == b.read()
    }
}

/// Looks at everything; gives how many entries were met.
fn look(list: List) -> usize {
    let (report, cut) = list.0.look(&Probed);
    assert!(report.is_sound() && !cut, "{report}");
    report.entries()
}

/// The same, and compares that with the counts: many more atomics.
fn verify(list: List) -> usize {
    let report = list.0.verify(&Probed);
    assert!(report.is_sound(), "{report}");
    report.entries()
}

#[test]
fn a_verification_beside_a_removal_that_reclaims() {
    Pair {
        name: ["remove, reclaim", "verify"],
        explore: Explore::Preemptions(2),
        keys: &[5, 6, 40],
        first: |list| list.remove_and_reclaim(5),
        second: verify,
        left: |_, _, _| vec![(6, 6), (40, 40)],
        outcomes: 2,
    }
    .check();
}

#[test]
fn a_verification_beside_a_replacement_that_reclaims() {
    Pair {
        name: ["insert over, reclaim", "look"],
        explore: Explore::Preemptions(2),
        keys: &[5, 6],
        first: |list| {
            let replaced = list.insert(5, 50);
            list.0.flush();
            replaced
        },
        second: look,
        left: |_, _, _| vec![(5, 50), (6, 6)],
        outcomes: 1,
    }
    .check();
}

/// The count is what it was in the end, and one more in between.
#[test]
fn a_verification_beside_an_insertion_and_a_removal() {
    Pair {
        name: ["insert, remove another", "verify"],
        explore: Explore::Preemptions(2),
        keys: &[40],
        first: |list| (list.insert(5, 5), list.remove(40)),
        second: verify,
        left: |_, _, _| vec![(5, 5)],
        outcomes: 3,
    }
    .check();
}

#[test]
fn a_verification_beside_growth() {
    Pair {
        name: ["grow", "look"],
        explore: Explore::Preemptions(2),
        keys: &[5, 20],
        first: |list| list.grow_to(2),
        second: look,
        left: |_, (), _| vec![(5, 5), (20, 20)],
        outcomes: 1,
    }
    .check();
}

/// A marked node that nobody has unlinked yet is passed, while another thread unlinks it, and removes and frees
/// the one behind it too.
#[test]
fn a_verification_that_passes_a_marked_node() {
    Pair {
        name: ["remove what is behind, reclaim", "mark, look"],
        explore: Explore::Preemptions(2),
        keys: &[5, 6],
        first: |list| list.remove_and_reclaim(6),
        second: |list| {
            let entry = list.0.get(hash_of(5), |key| key.read() == 5);
            let entry = entry.expect("nobody else removes it");
            read(&entry);
            let (session, _seat) = list.0.domain.session();
            // SAFETY: protected by the entry's guard.
            assert!(unsafe { entry.0.as_ref() }.next().mark().is_some());
            session.count(usize::MAX);
            drop(entry);
            look(list)
        },
        left: |_, _, _| vec![],
        outcomes: 2,
    }
    .check();
}
