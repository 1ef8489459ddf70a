//! Operations on entries against each other: one wins, none is lost, links stay whole.
//!
//! Keys 5, 6 and 7 are neighbours in one bucket, in this order; 40 is in the other bucket.

use alloc::vec;

use super::{Explore, Pair, join, model, run, spawn};

#[test]
fn two_insertions_of_one_key() {
    Pair {
        name: ["insert", "insert the same"],
        explore: Explore::All,
        keys: &[],
        first: |list| list.insert(5, 50),
        second: |list| list.insert(5, 51),
        left: |_, &one, &other| match (one, other) {
            (None, Some(50)) => vec![(5, 51)],
            (Some(51), None) => vec![(5, 50)],
            both => panic!("{both:?}"),
        },
        outcomes: 2,
    }
    .check();
}

#[test]
fn two_insertions_side_by_side() {
    Pair {
        name: ["insert", "insert beside"],
        explore: Explore::All,
        keys: &[],
        first: |list| list.insert(5, 5),
        second: |list| list.insert(6, 6),
        left: |_, &one, &other| {
            assert_eq!((one, other), (None, None));
            vec![(5, 5), (6, 6)]
        },
        outcomes: 1,
    }
    .check();
}

/// Between the two loads of the link before 6, another node may come to stand there.
#[test]
fn an_insertion_before_a_node_that_a_search_is_at() {
    Pair {
        name: ["insert before", "get it"],
        explore: Explore::All,
        keys: &[6],
        first: |list| list.insert(5, 5),
        second: |list| list.get(5),
        left: |_, &replaced, &got| {
            assert!(replaced.is_none() && [None, Some(5)].contains(&got));
            vec![(5, 5), (6, 6)]
        },
        outcomes: 2,
    }
    .check();
}

#[test]
fn of_two_conditional_insertions_one_wins() {
    Pair {
        name: ["try_insert", "try_insert the same"],
        explore: Explore::All,
        keys: &[],
        first: |list| list.try_insert(5, 50),
        second: |list| list.try_insert(5, 51),
        left: |_, &one, &other| match (one, other) {
            (Ok(50), Err(50)) => vec![(5, 50)],
            (Err(51), Ok(51)) => vec![(5, 51)],
            both => panic!("{both:?}"),
        },
        outcomes: 2,
    }
    .check();
}

#[test]
fn of_two_removals_one_wins() {
    Pair {
        name: ["remove", "remove the same"],
        explore: Explore::Preemptions(3),
        keys: &[5],
        first: |list| list.remove(5),
        second: |list| list.remove_and_reclaim(5),
        left: |_, &one, &other| {
            assert!([(Some(5), None), (None, Some(5))].contains(&(one, other)));
            vec![]
        },
        outcomes: 2,
    }
    .check();
}

#[test]
fn an_insertion_behind_a_node_that_is_being_removed() {
    Pair {
        name: ["remove, reclaim", "insert behind"],
        explore: Explore::Preemptions(3),
        keys: &[5],
        first: |list| list.remove_and_reclaim(5),
        second: |list| list.insert(6, 6),
        left: |_, &one, &other| {
            assert_eq!((one, other), (Some(5), None));
            vec![(6, 6)]
        },
        outcomes: 1,
    }
    .check();
}

#[test]
fn a_removal_and_a_new_insertion_of_one_key() {
    Pair {
        name: ["remove, reclaim", "insert the same"],
        explore: Explore::Preemptions(3),
        keys: &[5],
        first: |list| list.remove_and_reclaim(5),
        second: |list| list.insert(5, 50),
        left: |_, &removed, &replaced| match (removed, replaced) {
            (Some(5), None) => vec![(5, 50)],
            (Some(50), Some(5)) => vec![],
            both => panic!("{both:?}"),
        },
        outcomes: 2,
    }
    .check();
}

/// Each unlinks what the other has marked, if it comes by; each node is unlinked once.
#[test]
fn two_removals_of_neighbours() {
    Pair {
        name: ["remove", "remove the next, reclaim"],
        explore: Explore::Preemptions(3),
        keys: &[5, 6, 7],
        first: |list| list.remove(5),
        second: |list| list.remove_and_reclaim(6),
        left: |_, &one, &other| {
            assert_eq!((one, other), (Some(5), Some(6)));
            vec![(7, 7)]
        },
        outcomes: 1,
    }
    .check();
}

/// Three threads: two removals, and a search that passes both nodes and helps to unlink them.
#[test]
fn a_search_helps_two_removals() {
    model(
        "insert behind | remove | remove",
        Explore::Preemptions(3),
        || {
            run(&[5, 6], 3, |list| {
                let first = spawn(1, move || list.remove(5));
                let second = spawn(2, move || list.remove(6));
                assert_eq!(list.insert(7, 7), None);
                assert_eq!((join(first), join(second)), (Some(5), Some(6)));
                vec![(7, 7)]
            });
        },
    );
}

#[test]
fn a_replacement_is_never_seen_as_an_absence() {
    Pair {
        name: ["insert over", "get, get"],
        explore: Explore::All,
        keys: &[5],
        first: |list| list.insert(5, 50),
        second: |list| (list.get(5), list.get(5)),
        left: |_, &replaced, seen| {
            assert_eq!(replaced, Some(5));
            let old_first = [(5, 5), (5, 50), (50, 50)];
            assert!(old_first.map(|(a, b)| (Some(a), Some(b))).contains(seen));
            vec![(5, 50)]
        },
        outcomes: 3,
    }
    .check();
}

#[test]
fn two_updates_are_both_applied() {
    Pair {
        name: ["update", "update"],
        explore: Explore::Preemptions(3),
        keys: &[5],
        first: |list| list.update(5, |n| n + 100),
        second: |list| list.update(5, |n| n + 10),
        left: |list, &one, &other| {
            assert!(
                [(105, 115), (115, 15)]
                    .map(|(a, b)| (Some(a), Some(b)))
                    .contains(&(one, other))
            );
            list.0.flush();
            vec![(5, 115)]
        },
        outcomes: 2,
    }
    .check();
}

#[test]
fn an_update_beside_a_removal() {
    Pair {
        name: ["remove, reclaim", "update"],
        explore: Explore::Preemptions(3),
        keys: &[5],
        first: |list| list.remove_and_reclaim(5),
        second: |list| list.update(5, |n| n * 10),
        left: |_, &removed, &updated| {
            assert!([(Some(5), None), (Some(50), Some(50))].contains(&(removed, updated)));
            vec![]
        },
        outcomes: 2,
    }
    .check();
}

/// A replacement copies the pointer to the next node while that node is removed and reclaimed.
#[test]
fn a_replacement_before_a_node_that_is_being_removed() {
    Pair {
        name: ["remove the next, reclaim", "insert over"],
        explore: Explore::Preemptions(3),
        keys: &[5, 6],
        first: |list| list.remove_and_reclaim(6),
        second: |list| list.insert(5, 50),
        left: |_, &removed, &replaced| {
            assert_eq!((removed, replaced), (Some(6), Some(5)));
            vec![(5, 50)]
        },
        outcomes: 1,
    }
    .check();
}

/// Whoever finds what was inserted later finds what was inserted earlier.
#[test]
fn what_was_inserted_first_is_found_first() {
    Pair {
        name: ["insert, insert", "get, get"],
        explore: Explore::All,
        keys: &[],
        first: |list| (list.insert(5, 5), list.insert(40, 40)),
        second: |list| (list.get(40), list.get(5)),
        left: |_, _, (later, earlier)| {
            assert!(later.is_none() || earlier.is_some());
            vec![(5, 5), (40, 40)]
        },
        outcomes: 3,
    }
    .check();
}

/// `clear` takes what was there; what comes meanwhile may stay.
#[test]
fn clear_beside_an_insertion() {
    Pair {
        name: ["clear", "insert"],
        explore: Explore::Preemptions(3),
        keys: &[5, 40],
        first: |list| list.0.clear(),
        second: |list| list.insert(6, 6),
        left: |list, (), _| list.get(6).map(|value| (6, value)).into_iter().collect(),
        outcomes: 1,
    }
    .check();
}
