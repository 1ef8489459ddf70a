//! Snapshots beside threads that have done something and have not come to say so.
//!
//! ```text
//!   taker     begin ── walk ──╳ CensusWalked                                   ─► its moment
//!   changer                      insert ──╳ EntryLinked
//!   here                                      get: there ── insert another
//! ```
//!
//! Whatever is done here is told, or follows from what is; so if the snapshot has the other one, it has the first.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::mpsc::channel;
use std::thread::{JoinHandle, spawn};

use crate::HashMap;
use crate::split_order::failpoint::{Failpoint, Held, arm};

type Map = Arc<HashMap<u64, u64, foldhash::fast::FixedState>>;

/// A thread that stands at a failpoint, in the midst of an operation.
struct Standing<R> {
    held: Held,
    thread: JoinHandle<R>,
}

impl<R: Send + 'static> Standing<R> {
    /// Has a thread do `operation` until it comes to `point`.
    fn at(point: Failpoint, map: &Map, operation: impl FnOnce(&Map) -> R + Send + 'static) -> Self {
        let ((arm, held), map) = (arm(point), Arc::clone(map));
        let thread = spawn(move || {
            arm();
            operation(&map)
        });
        assert!(held.stands(), "it never came to {point:?}");
        Self { held, thread }
    }

    /// Lets it go on.
    fn result(self) -> R {
        drop(self.held);
        self.thread.join().expect("no panic")
    }
}

fn entries(map: &Map) -> BTreeMap<u64, u64> {
    let snapshot = map.snapshot();
    let entries: BTreeMap<u64, u64> = snapshot.iter().map(|(key, value)| (*key, *value)).collect();
    assert_eq!(entries.len(), snapshot.len(), "a key twice");
    entries
}

/// Keys that are there in the beginning, each its own value; others are above.
const RESIDENTS: u64 = 3;

fn map() -> Map {
    Arc::new((0..RESIDENTS).map(|key| (key, key)).collect())
}

/// What a snapshot shows if `others` come after its walk and before its moment, and in the end.
fn beside(others: impl FnOnce(&Map)) -> (BTreeMap<u64, u64>, BTreeMap<u64, u64>) {
    let map = map();
    let taker = Standing::at(Failpoint::CensusWalked, &map, entries);
    others(&map);
    (taker.result(), entries(&map))
}

#[test]
fn an_insertion_is_told_before_it_returns() {
    let (shown, left) = beside(|map| {
        map.insert(10, 10);
        map.remove(&0);
    });
    assert!(shown.contains_key(&0) || shown.contains_key(&10));
    assert_eq!(left.into_keys().collect::<Vec<_>>(), [1, 2, 10]);
}

#[test]
fn an_insertion_is_told_by_who_finds_it() {
    let mut inserter = None;
    let (shown, left) = beside(|map| {
        inserter = Some(Standing::at(Failpoint::EntryLinked, map, |map| {
            drop(map.insert(10, 10));
        }));
        assert!(map.get(&10).is_some());
        map.insert(11, 11);
    });
    assert!(shown.contains_key(&10) || !shown.contains_key(&11));
    assert_eq!(left.len(), 5);
    inserter.map(Standing::result).expect("it stands");
}

#[test]
fn a_removal_is_told_by_who_finds_nothing() {
    let mut remover = None;
    let (shown, left) = beside(|map| {
        remover = Some(Standing::at(Failpoint::EntryMarked, map, |map| {
            drop(map.remove(&0));
        }));
        assert!(map.get(&0).is_none());
        map.insert(11, 11);
    });
    assert!(!shown.contains_key(&0) || !shown.contains_key(&11));
    assert_eq!(left.len(), 3);
    remover.map(Standing::result).expect("it stands");
}

#[test]
fn a_removal_is_told_by_who_has_the_entry_and_finds_it_gone() {
    let mut remover = None;
    let (shown, _) = beside(|map| {
        let crate::Entry::Occupied(entry) = map.entry(0) else {
            unreachable!("it is there");
        };
        remover = Some(Standing::at(Failpoint::EntryMarked, map, |map| {
            drop(map.remove(&0));
        }));
        assert!(entry.remove().is_none());
        map.insert(11, 11);
    });
    assert!(!shown.contains_key(&0) || !shown.contains_key(&11));
    remover.map(Standing::result).expect("it stands");
}

#[test]
fn a_replacement_is_told_before_it_returns() {
    let (shown, _) = beside(|map| {
        map.update(&0, |_, n| n + 100);
        map.insert(11, 11);
    });
    assert!(shown[&0] == 100 || !shown.contains_key(&11));
}

#[test]
fn a_replacement_is_told_by_who_finds_it() {
    let mut writer = None;
    let (shown, left) = beside(|map| {
        writer = Some(Standing::at(Failpoint::EntryMarked, map, |map| {
            drop(map.update(&0, |_, n| n + 100));
        }));
        assert_eq!(*map.get(&0).expect("it is never absent"), 100);
        map.insert(11, 11);
    });
    assert!(shown[&0] == 100 || !shown.contains_key(&11));
    assert_eq!(left[&0], 100);
    writer.map(Standing::result).expect("it stands");
}

#[test]
fn an_entry_that_is_replaced_after_the_walk_is_shown() {
    let mut writer = None;
    let (shown, _) = beside(|map| {
        writer = Some(Standing::at(Failpoint::EntryMarked, map, |map| {
            drop(map.update(&0, |_, n| n + 100));
        }));
    });
    assert!([0, 100].contains(&shown[&0]));
    writer.map(Standing::result).expect("it stands");
}

/// The walk has one of them, but has not told; the writer found it before, when there was nobody to tell. What stands in
/// its place is told by nobody else.
#[test]
fn an_entry_that_is_replaced_when_the_walk_has_it_is_shown() {
    for key in 0..RESIDENTS {
        let map = map();
        let (arm, held) = arm(Failpoint::EntryMarked);
        let (found, is_found) = channel();
        let (go_on, told) = channel();
        let theirs = Arc::clone(&map);
        let writer = spawn(move || {
            arm();
            let replaced = theirs.update(&key, |_, n| {
                found.send(()).expect("the test goes on");
                told.recv().expect("the test goes on");
                n + 100
            });
            assert!(replaced.is_some());
        });
        is_found.recv().expect("it is there");
        let taker = Standing::at(Failpoint::EntryCollected, &map, entries);
        go_on.send(()).expect("it waits");
        assert!(held.stands());
        let shown = taker.result();
        assert_eq!(shown.len(), 3, "{shown:?}");
        drop(held);
        writer.join().expect("no panic");
    }
}

#[test]
fn an_entry_that_is_removed_when_the_walk_has_it_is_not_shown_with_what_came_later() {
    for key in 0..RESIDENTS {
        let map = map();
        let taker = Standing::at(Failpoint::EntryCollected, &map, entries);
        map.remove(&key);
        map.insert(11, 11);
        let shown = taker.result();
        assert!(!shown.contains_key(&key) && shown.contains_key(&11));
    }
}

#[test]
fn of_two_at_once_the_first_to_come_to_its_end_is_one_and_the_other_begins_anew() {
    let (shown, _) = beside(|map| {
        map.insert(11, 11);
        assert_eq!(entries(map).len(), 4);
        map.remove(&0);
        map.insert(12, 12);
    });
    // The first one's moment has passed when this one begins.
    assert_eq!(shown.into_keys().collect::<Vec<_>>(), [1, 2, 11, 12]);
}

/// A census that was given up while somebody was about to report to it stays until the next one, with its pins; what it
/// has pinned may not be freed by others meanwhile, as `rebuild` frees twins.
#[test]
fn a_rebuild_frees_nothing_that_an_ended_census_has_pinned() {
    use crate::list::NewNode;
    use crate::reclaim::Reclamation;
    use crate::split_order::{Entries, Rules, SplitOrder, split_order};
    use core::cell::Cell;

    struct Changeable;
    impl Rules<Cell<u64>> for Changeable {
        fn hash(&self, key: &Cell<u64>) -> u32 {
            split_order(key.get())
        }
        fn eq(&self, a: &Cell<u64>, b: &Cell<u64>) -> bool {
            a == b
        }
    }

    let mut list = SplitOrder::<Cell<u64>, u64>::new(0, Reclamation::new()).unwrap();
    for key in [1, 2] {
        let hash = split_order(key);
        drop(list.insert(hash, NewNode::new(hash, Cell::new(key), key), Cell::eq));
    }
    {
        let (session, _seat) = list.domain.session();
        let taking = session.begin_census(8);
        let mut walk = Entries::new(&list);
        while walk.next().is_some() {}
        drop(walk);
        let reporter = session.reporter();
        drop(taking); // given up, and still in use
        drop(reporter);
    }
    let mut walk = Entries::new(&list);
    while let Some((node, _guard)) = walk.next() {
        // SAFETY: protected by `_guard`.
        unsafe { node.as_ref() }.key().set(1);
    }
    drop(walk);
    assert_eq!(list.rebuild(&Changeable).duplicates, 1);
    drop(list);
}
