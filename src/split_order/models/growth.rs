//! Growth against everything, and slots whose filler stops in the middle.
//!
//! ```text
//!   level 1   [ 0 ........ 31 ][ 32 ....... 63 ]
//!   level 2   [ 0 .. 15 ][ 16 ][ 32 .. 47 ][ 48 ]     keys; new sentinels at 16 and 48
//!   level 3   [0 7][8 15] ...                         at 8, 24, 40, 56
//! ```

use alloc::vec;
use core::ptr::NonNull;

use super::{Explore, List, Pair, hash_of, join, model, run, run_at, spawn};
use crate::list::settle;
use crate::split_order::order::boundary;
use crate::split_order::table::capacity_of;

impl List {
    /// Doubles the table, alone or together with others, until it has `2^level` buckets.
    pub(super) fn grow_to(self, level: u32) {
        let room = capacity_of(level).saturating_sub(self.0.len());
        self.0.try_reserve(room).expect("memory");
    }
}

#[test]
fn a_get_beside_growth() {
    Pair {
        name: ["grow", "get, get, get"],
        explore: Explore::Preemptions(3),
        keys: &[5, 20],
        first: |list| list.grow_to(2),
        second: |list| (list.get(20), list.get(5), list.get(19)),
        left: |_, (), &seen| {
            assert_eq!(seen, (Some(20), Some(5), None));
            vec![(5, 5), (20, 20)]
        },
        outcomes: 1,
    }
    .check();
}

/// 16 is the first key behind the new sentinel.
#[test]
fn an_insertion_beside_growth() {
    Pair {
        name: ["grow", "insert"],
        explore: Explore::Preemptions(3),
        keys: &[20],
        first: |list| list.grow_to(2),
        second: |list| list.insert(16, 16),
        left: |_, (), &replaced| {
            assert_eq!(replaced, None);
            vec![(16, 16), (20, 20)]
        },
        outcomes: 1,
    }
    .check();
}

/// 15 is what the new sentinel is linked behind.
#[test]
fn a_removal_beside_growth() {
    Pair {
        name: ["grow", "remove, reclaim"],
        explore: Explore::Preemptions(3),
        keys: &[15, 20],
        first: |list| list.grow_to(2),
        second: |list| list.remove_and_reclaim(15),
        left: |_, (), &removed| {
            assert_eq!(removed, Some(15));
            vec![(20, 20)]
        },
        outcomes: 1,
    }
    .check();
}

#[test]
fn an_update_beside_growth() {
    Pair {
        name: ["grow", "update"],
        explore: Explore::Preemptions(3),
        keys: &[15],
        first: |list| list.grow_to(2),
        second: |list| list.update(15, |n| n + 1),
        left: |_, (), &updated| {
            assert_eq!(updated, Some(16));
            vec![(15, 16)]
        },
        outcomes: 1,
    }
    .check();
}

#[test]
fn two_threads_grow_one_level() {
    model("grow | grow", Explore::Preemptions(3), || {
        run(&[20], 2, |list| {
            let other = spawn(1, move || list.grow_to(2));
            list.grow_to(2);
            join(other);
            vec![(20, 20)]
        });
    });
}

/// A filler is late with its slot of level 1, the middle, while another thread publishes that level and
/// fills a slot of the next behind the same parent.
#[test]
fn a_late_filler_beside_the_next_growth() {
    model(
        "publish, fill the next | fill",
        Explore::Preemptions(3),
        || {
            run_at(0, &[], 2, |list| {
                let begin = |level| {
                    list.0.table.begin().expect("memory");
                    list.0.table.claim_chunk(level).expect("the first").start
                };
                let fill = move |level, place| {
                    let (session, _seat) = list.0.domain.session();
                    list.0.fill_slot(session, level, place);
                };
                let middle = begin(1);
                let late = spawn(1, move || fill(1, middle));
                list.0.table.publish(1);
                fill(2, begin(2));
                join(late);
                vec![]
            });
        },
    );
}

/// A level is published while its slot is being filled: nobody enters that before it is linked.
#[test]
fn insertions_beside_the_filler_of_a_published_level() {
    model(
        "publish, insert, insert | fill",
        Explore::Preemptions(3),
        || {
            run_at(0, &[], 2, |list| {
                list.0.table.begin().expect("memory");
                let middle = list.0.table.claim_chunk(1).expect("the first").start;
                let late = spawn(1, move || {
                    let (session, _seat) = list.0.domain.session();
                    list.0.fill_slot(session, 1, middle);
                });
                list.0.table.publish(1);
                // On both sides of the middle.
                for key in [5, 40] {
                    assert_eq!(list.insert(key, key), None);
                    assert_eq!(list.get(key), Some(key));
                }
                join(late);
                vec![(5, 5), (40, 40)]
            });
        },
    );
}

/// Insertions that find the table full begin to grow it, and fill what they begin.
#[test]
fn two_insertions_that_grow_the_table() {
    fn insert(list: List, keys: &[u64]) {
        let (session, _seat) = list.0.domain.session();
        session.check_again_after(0);
        for &key in keys {
            assert_eq!(list.insert(key, key), None);
        }
    }
    let name = "insert, insert | insert; growing";
    model(name, Explore::Preemptions(3), || {
        run(&[1], 2, |list| {
            let other = spawn(1, move || insert(list, &[20]));
            insert(list, &[21, 50]);
            join(other);
            assert!(list.0.table.growing().is_some() || list.0.table.level() > 1);
            [1, 20, 21, 50].map(|key| (key, key)).into()
        });
    });
}

/// Where a filler stops for good.
#[derive(Clone, Copy)]
enum Stop {
    Claimed,
    Pending,
    Linked,
}

/// Begins level 2 and takes the slot of key 16 up to `stop`; the other slot is filled, and the level
/// published.
fn stopped_filler(list: List, stop: Stop) {
    let table = &list.0.table;
    table.begin().expect("memory");
    let place = table.claim_chunk(2).expect("the first").start;
    assert_eq!(boundary(2, place), hash_of(16));
    let slot = table.slot_at(2, place);
    let (session, _seat) = list.0.domain.session();
    match stop {
        Stop::Claimed => {}
        Stop::Pending => slot.set(table.start(hash_of(16)).2.pending()),
        Stop::Linked => {
            let window = list.0.place_of(session, hash_of(16));
            assert!(window.insert_sentinel(slot));
            assert!(slot.load().is_pending());
        }
    }
    let place = table.claim_chunk(2).expect("the second").start;
    list.0.fill_slot(session, 2, place);
    assert!(table.claim_chunk(2).is_none());
    table.publish(2);
}

fn everything_beside_a_stopped_filler(name: &str, stop: Stop) {
    model(name, Explore::Preemptions(3), move || {
        run(&[15, 20], 2, move |list| {
            stopped_filler(list, stop);
            let other = spawn(1, move || (list.insert(16, 16), list.get(20)));
            assert_eq!(list.remove_and_reclaim(15), Some(15));
            assert_eq!(list.get(20), Some(20));
            assert_eq!(join(other), (None, Some(20)));
            vec![(16, 16), (20, 20)]
        });
    });
}

#[test]
fn a_filler_that_stopped_before_it_linked() {
    everything_beside_a_stopped_filler("a slot claimed for ever", Stop::Claimed);
}

#[test]
fn a_filler_that_stopped_between_writing_and_linking() {
    everything_beside_a_stopped_filler("a slot pending for ever", Stop::Pending);
}

#[test]
fn a_filler_that_stopped_after_it_linked() {
    everything_beside_a_stopped_filler("a slot linked, not settled", Stop::Linked);
}

/// Whoever meets the linked slot settles it; the filler comes back at the same time.
#[test]
fn a_filler_and_a_walk_settle_one_slot() {
    model("insert, get | settle", Explore::All, || {
        run(&[20], 2, |list| {
            stopped_filler(list, Stop::Linked);
            let slot = NonNull::from(list.0.table.slot_at(2, 0));
            let other = spawn(1, move || {
                // SAFETY: linked by `stopped_filler`.
                unsafe { settle(slot) };
            });
            assert_eq!((list.insert(17, 17), list.get(20)), (None, Some(20)));
            join(other);
            vec![(17, 17), (20, 20)]
        });
    });
}
