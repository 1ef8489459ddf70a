//! Snapshots beside changes: what they show is what was there at one moment, for everybody.
//!
//! ```text
//!   taker:    active = census; barrier; walk ...................; active = null; barrier; what was reported
//!   changer:        link, or mark; a census? report; unlink
//!   reader:                find; a census? report; go on, and change something else
//! ```

use alloc::vec;
use alloc::vec::Vec;

use super::{Entries, Explore, List, Pair, join, model, run, spawn};

impl List {
    /// Keys and values of a snapshot, sorted.
    fn snapshot(self) -> Entries {
        let snapshot = self.0.snapshot();
        let mut shown: Entries = (0..snapshot.len())
            .filter_map(|n| snapshot.get(n))
            .map(|(key, value)| (key.read(), value.read()))
            .collect();
        shown.sort_unstable();
        shown
    }
}

#[test]
fn a_snapshot_beside_two_insertions() {
    Pair {
        name: ["snapshot", "insert, insert"],
        explore: Explore::Preemptions(2),
        keys: &[],
        first: List::snapshot,
        second: |list| {
            // The later one stands before the other: a walk alone would find it missing.
            assert_eq!(list.insert(40, 40), None);
            assert_eq!(list.insert(5, 5), None);
        },
        left: |_, shown, ()| {
            let all = vec![(5, 5), (40, 40)];
            assert!(
                [vec![], vec![(40, 40)], all.clone()].contains(shown),
                "{shown:?}"
            );
            all
        },
        outcomes: 3,
    }
    .check();
}

#[test]
fn a_snapshot_beside_a_replacement() {
    Pair {
        name: ["snapshot", "insert over"],
        explore: Explore::Preemptions(2),
        keys: &[5],
        first: List::snapshot,
        second: |list| {
            assert_eq!(list.insert(5, 50), Some(5));
        },
        left: |_, shown, ()| {
            assert!([vec![(5, 5)], vec![(5, 50)]].contains(shown), "{shown:?}");
            vec![(5, 50)]
        },
        outcomes: 2,
    }
    .check();
}

#[test]
fn a_snapshot_beside_two_replacements() {
    Pair {
        name: ["snapshot", "update, update"],
        explore: Explore::Preemptions(2),
        keys: &[5, 40],
        first: List::snapshot,
        second: |list| {
            list.update(40, |n| n + 1);
            list.update(5, |n| n + 1);
        },
        left: |_, shown, ()| {
            let of = |a, b| vec![(5, a), (40, b)];
            assert!(
                [of(5, 40), of(5, 41), of(6, 41)].contains(shown),
                "{shown:?}"
            );
            of(6, 41)
        },
        outcomes: 3,
    }
    .check();
}

#[test]
fn a_snapshot_beside_a_removal_and_an_insertion() {
    Pair {
        name: ["snapshot", "remove, insert"],
        explore: Explore::Preemptions(2),
        keys: &[5],
        first: List::snapshot,
        second: |list| {
            assert_eq!(list.remove(5), Some(5));
            assert_eq!(list.insert(40, 40), None);
        },
        left: |_, shown, ()| {
            let left = vec![(40, 40)];
            assert!(
                [vec![(5, 5)], vec![], left.clone()].contains(shown),
                "{shown:?}"
            );
            left
        },
        outcomes: 3,
    }
    .check();
}

/// What was removed since is still readable: it is pinned.
#[test]
fn a_snapshot_outlives_what_it_shows() {
    Pair {
        name: ["snapshot", "remove, reclaim"],
        explore: Explore::Preemptions(2),
        keys: &[5],
        first: List::snapshot,
        second: |list| list.remove_and_reclaim(5),
        left: |_, shown, &removed| {
            assert_eq!(removed, Some(5));
            assert!([vec![(5, 5)], vec![]].contains(shown), "{shown:?}");
            vec![]
        },
        outcomes: 2,
    }
    .check();
}

/// `change`, in a thread of its own, of the entry with key 40; beside it one that gets that entry and then inserts
/// another one, 5; and a snapshot. Of these, `agree` is told what it shows, and what the reader found.
fn beside_a_reader(
    name: &str,
    keys: &'static [u64],
    change: fn(List),
    agree: fn(&Entries, Option<u64>) -> bool,
    left: fn() -> Entries,
) {
    model(name, Explore::Preemptions(1), move || {
        run(keys, 3, |list| {
            let changer = spawn(1, move || change(list));
            let reader = spawn(2, move || {
                let seen = list.get(40);
                list.insert(5, 5);
                seen
            });
            let shown = list.snapshot();
            join(changer);
            assert!(agree(&shown, join(reader)), "{shown:?}");
            left()
        });
    });
}

fn has(shown: &Entries, key: u64) -> bool {
    shown.contains(&(key, key))
}

/// Who finds an entry before its inserter has come to report it, and goes on.
#[test]
fn a_snapshot_beside_a_reader_of_an_insertion() {
    beside_a_reader(
        "snapshot | insert | get, insert another",
        &[],
        |list| {
            list.insert(40, 40);
        },
        |shown, seen| seen.is_none() || !has(shown, 5) || has(shown, 40),
        || vec![(5, 5), (40, 40)],
    );
}

/// Who finds an entry absent before its remover has come to report that, and goes on.
#[test]
fn a_snapshot_beside_a_reader_of_a_removal() {
    beside_a_reader(
        "snapshot | remove | get, insert another",
        &[40],
        |list| {
            list.remove(40);
        },
        |shown, seen| seen.is_some() || !has(shown, 5) || !has(shown, 40),
        || vec![(5, 5)],
    );
}

/// Who finds a replacement before its maker has come to report it, and goes on.
#[test]
fn a_snapshot_beside_a_reader_of_a_replacement() {
    beside_a_reader(
        "snapshot | insert over | get, insert another",
        &[40],
        |list| {
            list.insert(40, 41);
        },
        |shown, seen| {
            let values: Vec<u64> = shown.iter().filter(|e| e.0 == 40).map(|e| e.1).collect();
            let is_one = [vec![40], vec![41]].contains(&values);
            is_one && (!has(shown, 5) || seen != Some(41) || values == [41])
        },
        || vec![(5, 5), (40, 41)],
    );
}

/// Two at once: both are of one moment, and they agree on the order of what changed.
#[test]
fn two_snapshots_beside_an_insertion() {
    model(
        "snapshot | snapshot | insert",
        Explore::Preemptions(1),
        || {
            run(&[5], 3, |list| {
                let other = spawn(1, move || list.snapshot());
                let inserter = spawn(2, move || list.insert(40, 40));
                let shown = list.snapshot();
                join(inserter);
                for shown in [shown, join(other)] {
                    let (before, after) = (vec![(5, 5)], vec![(5, 5), (40, 40)]);
                    assert!([before, after].contains(&shown), "{shown:?}");
                }
                vec![(5, 5), (40, 40)]
            });
        },
    );
}
