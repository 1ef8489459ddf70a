//! Iteration against changes: what stays is shown once, what goes or comes at most once.

use alloc::vec;

use super::{Explore, Pair};

#[test]
fn an_iteration_beside_a_removal() {
    Pair {
        name: ["remove, reclaim", "iterate"],
        explore: Explore::Preemptions(3),
        keys: &[5, 6, 40],
        first: |list| list.remove_and_reclaim(5),
        second: |list| list.sorted(),
        left: |_, _, seen| {
            assert!(*seen == [(5, 5), (6, 6), (40, 40)] || *seen == [(6, 6), (40, 40)]);
            vec![(6, 6), (40, 40)]
        },
        outcomes: 2,
    }
    .check();
}

#[test]
fn an_iteration_beside_a_replacement() {
    Pair {
        name: ["insert over, reclaim", "iterate"],
        explore: Explore::Preemptions(3),
        keys: &[5, 6],
        first: |list| {
            let result = list.insert(5, 50);
            list.0.flush();
            result
        },
        second: |list| list.sorted(),
        left: |_, _, seen| {
            assert!(*seen == [(5, 5), (6, 6)] || *seen == [(5, 50), (6, 6)]);
            vec![(5, 50), (6, 6)]
        },
        outcomes: 2,
    }
    .check();
}

#[test]
fn an_iteration_beside_an_insertion() {
    Pair {
        name: ["insert", "iterate"],
        explore: Explore::All,
        keys: &[6],
        first: |list| list.insert(5, 5),
        second: |list| list.sorted(),
        left: |_, _, seen| {
            assert!(*seen == [(6, 6)] || *seen == [(5, 5), (6, 6)]);
            vec![(5, 5), (6, 6)]
        },
        outcomes: 2,
    }
    .check();
}

#[test]
fn an_iteration_beside_growth() {
    Pair {
        name: ["grow", "iterate"],
        explore: Explore::Preemptions(3),
        keys: &[5, 20],
        first: |list| list.grow_to(2),
        second: |list| list.sorted(),
        left: |_, (), seen| {
            assert_eq!(*seen, [(5, 5), (20, 20)]);
            vec![(5, 5), (20, 20)]
        },
        outcomes: 1,
    }
    .check();
}

/// A bucket that looks empty, as the sentinel of a finer one has come before its entries.
#[test]
fn an_iteration_beside_a_sentinel_that_comes() {
    Pair {
        name: ["grow", "iterate, behind a new sentinel"],
        explore: Explore::Preemptions(3),
        keys: &[20],
        first: |list| list.grow_to(2),
        second: |list| list.sorted(),
        left: |_, (), seen| {
            assert_eq!(*seen, [(20, 20)]);
            vec![(20, 20)]
        },
        outcomes: 1,
    }
    .check();
}
