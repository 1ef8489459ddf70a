//! Protect against retire: nothing is reclaimed in a reader's hands, and all is in the end.
//!
//! ```text
//!   reader:   hazard = node; link still there? ──► reads key and value ──► hazard = null
//!   remover:  unlink; barrier; scan the hazards ──► drops key and value, if none
//! ```

use alloc::vec;

use super::{Explore, Pair, hash_of, join, model, read, run, spawn};

#[test]
fn a_get_beside_a_removal_that_reclaims() {
    Pair {
        name: ["remove, reclaim", "get"],
        explore: Explore::All,
        keys: &[5],
        first: |list| list.remove_and_reclaim(5),
        second: |list| list.get(5),
        left: |_, &removed, &got| {
            assert_eq!(removed, Some(5));
            assert!([Some(5), None].contains(&got));
            vec![]
        },
        outcomes: 2,
    }
    .check();
}

#[test]
fn a_get_behind_a_node_that_is_removed_and_reclaimed() {
    Pair {
        // The reader first: so a scan between its two hazards takes 3 preemptions, and not 4.
        name: ["get behind", "remove, reclaim"],
        explore: Explore::Preemptions(3),
        keys: &[5, 6],
        first: |list| list.get(6),
        second: |list| list.remove_and_reclaim(5),
        left: |_, &got, &removed| {
            assert_eq!((removed, got), (Some(5), Some(6)));
            vec![(6, 6)]
        },
        outcomes: 1,
    }
    .check();
}

#[test]
fn a_get_beside_a_replacement_that_reclaims() {
    Pair {
        name: ["insert over, reclaim", "get"],
        explore: Explore::All,
        keys: &[5],
        first: |list| {
            let result = list.insert(5, 50);
            list.0.flush();
            result
        },
        second: |list| list.get(5),
        left: |_, &replaced, &got| {
            assert_eq!(replaced, Some(5));
            assert!([Some(5), Some(50)].contains(&got), "never absent");
            vec![(5, 50)]
        },
        outcomes: 2,
    }
    .check();
}

/// A walk that changes from hazard to hazard, beside a scan that reads them one after the other. Two are
/// held already, as by `Ref`s, so that the walk takes others, the last one first.
#[test]
fn a_longer_walk_beside_a_removal_that_reclaims() {
    Pair {
        name: ["get behind two, with Refs", "remove, reclaim"],
        explore: Explore::Preemptions(3),
        keys: &[5, 6, 7],
        first: |list| {
            let (session, _seat) = list.0.domain.session();
            let _held: [_; 2] = core::array::from_fn(|_| session.hazard());
            list.get(7)
        },
        second: |list| list.remove_and_reclaim(6),
        left: |_, &got, &removed| {
            assert_eq!((got, removed), (Some(7), Some(6)));
            vec![(5, 5), (7, 7)]
        },
        outcomes: 1,
    }
    .check();
}

/// A key that two nodes use: its owner, which was replaced, and the node that borrows it.
#[test]
fn a_lent_key_outlives_its_owners_value() {
    Pair {
        name: ["update, remove, reclaim", "get"],
        explore: Explore::Preemptions(3),
        keys: &[5],
        first: |list| {
            list.update(5, |n| n * 10);
            list.remove_and_reclaim(5)
        },
        second: |list| list.get(5),
        left: |_, &removed, &got| {
            assert_eq!(removed, Some(50));
            assert!([Some(5), Some(50), None].contains(&got));
            vec![]
        },
        outcomes: 3,
    }
    .check();
}

/// The last two users of a key go at the same time, in two threads.
#[test]
fn two_threads_give_up_one_key() {
    model(
        "reclaim | reclaim, one key",
        Explore::Preemptions(3),
        || {
            run(&[5], 2, |list| {
                list.update(5, |n| n * 10);
                let other = spawn(1, move || list.remove_and_reclaim(5));
                list.0.flush();
                assert_eq!(join(other), Some(50));
                vec![]
            });
        },
    );
}

/// Two scans at once: each node is reclaimed by one of them.
#[test]
fn two_threads_reclaim() {
    Pair {
        name: ["remove, reclaim", "remove another, reclaim"],
        explore: Explore::Preemptions(3),
        keys: &[5, 40],
        first: |list| list.remove_and_reclaim(5),
        second: |list| list.remove_and_reclaim(40),
        left: |_, &one, &other| {
            assert_eq!((one, other), (Some(5), Some(40)));
            vec![]
        },
        outcomes: 1,
    }
    .check();
}

/// A hazard that another thread frees is taken again by its owner.
#[test]
fn a_ref_dropped_in_another_thread() {
    model("get | drop a foreign Ref", Explore::All, || {
        run(&[5, 6], 2, |list| {
            let entry = list.0.get(hash_of(5), |key| key.read() == 5);
            let entry = entry.expect("is there");
            let other = spawn(1, move || {
                let value = read(&entry);
                drop(entry);
                value
            });
            assert_eq!(list.get(6), Some(6));
            assert_eq!(list.remove_and_reclaim(5), Some(5));
            assert_eq!(join(other), 5);
            vec![(6, 6)]
        });
    });
}

/// The same, beside a third thread's scan: whatever it finds in the hazard, the other's reads came before.
#[test]
fn a_ref_dropped_in_another_thread_beside_a_scan() {
    let name = "get another | drop a foreign Ref | remove, reclaim";
    model(name, Explore::Preemptions(3), || {
        run(&[5, 40], 3, |list| {
            let entry = list.0.get(hash_of(5), |key| key.read() == 5);
            let entry = entry.expect("is there");
            let reader = spawn(1, move || {
                let value = read(&entry);
                drop(entry);
                value
            });
            let remover = spawn(2, move || list.remove_and_reclaim(5));
            assert_eq!(list.get(40), Some(40));
            assert_eq!(join(remover), Some(5));
            assert_eq!(join(reader), 5);
            vec![(40, 40)]
        });
    });
}

/// The reader holds as many hazards as there are, so that it makes more while the other scans.
#[test]
fn a_get_with_a_new_hazard_beside_a_removal_that_reclaims() {
    Pair {
        name: ["get, with many Refs", "remove, reclaim"],
        explore: Explore::Preemptions(3),
        keys: &[5],
        first: |list| {
            let (session, _seat) = list.0.domain.session();
            let _held: [_; 4] = core::array::from_fn(|_| session.hazard());
            list.get(5)
        },
        second: |list| list.remove_and_reclaim(5),
        left: |_, &got, &removed| {
            assert_eq!(removed, Some(5));
            assert!([Some(5), None].contains(&got));
            vec![]
        },
        outcomes: 2,
    }
    .check();
}

/// The reader is new to the map: what a scan must look at is made meanwhile.
#[test]
fn a_first_get_beside_a_removal_that_reclaims() {
    let name = "remove, reclaim | first get";
    model(name, Explore::Preemptions(3), || {
        run(&[5], 1, |list| {
            let other = spawn(1, move || list.get(5));
            assert_eq!(list.remove_and_reclaim(5), Some(5));
            assert!([Some(5), None].contains(&join(other)));
            vec![]
        });
    });
}
