//! Threads that are stopped at each failpoint of growth, while others do everything there is to do.
//!
//! ```text
//!   stopped   insert insert ──╳ (failpoint)                        ─► goes on, late
//!   others                      insert get remove iterate reserve │
//!                               3 doublings, clear                │ checked    ─► checked again
//! ```
//!
//! For the others it makes no difference that the stopped ones go on in the end; the map can then be
//! dropped, and they are fillers that come late.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;
use std::{format, println};

use super::{KEYS, List, check, insert};
use crate::split_order::failpoint::{Failpoint, Held, arm, is_armed};
use crate::split_order::order::boundary;
use crate::{HashMap, Reclamation};

type Map = HashMap<u64, u64, foldhash::fast::FixedState>;

/// Who needs longer is blocked. (Miri's clock is another one.)
const PATIENCE: Duration = Duration::from_secs(if cfg!(miri) { 100_000 } else { 60 });

/// Entries at first, fewer than the capacity.
const FIRST: u64 = if cfg!(miri) { 1 } else { 24 };

/// The keys of the thread `id`.
fn key(id: u64, n: u64) -> u64 {
    id << 32 | n
}

/// The first key range of stopped threads.
const STOPPED: u64 = 8;

/// How often the map doubles beside them.
const DOUBLINGS: u32 = if cfg!(miri) { 1 } else { 3 };

/// How many threads stop, and in what. Under Miri, where each takes seconds, the first only.
const STOPPING: &[(u64, Operation)] = {
    let all = &[
        (1, Operation::Insert),
        (1, Operation::Reserve),
        (3, Operation::Insert),
    ];
    if cfg!(miri) { all.split_at(1).0 } else { all }
};

/// What a thread does when it stops.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Operation {
    Insert,
    Reserve,
}

/// Runs `test` in a thread, which is left behind if it is blocked.
fn in_time(situation: &str, test: impl FnOnce(&str) + Send + 'static) {
    let (done, result) = channel();
    let name = String::from(situation);
    spawn(move || {
        test(&name);
        done.send(())
    });
    match result.recv_timeout(PATIENCE) {
        Ok(()) => {}
        Err(RecvTimeoutError::Timeout) => panic!("blocked: {situation}"),
        Err(RecvTimeoutError::Disconnected) => panic!("failed (see above): {situation}"),
    }
}

/// A thread that stopped at a failpoint.
struct Stopped {
    held: Held,
    thread: JoinHandle<()>,
}

/// Has a thread do `operation` on the map, again and again, until it stops at `point`.
fn stop(map: &Arc<Map>, id: u64, point: Failpoint, operation: Operation) -> Stopped {
    let (arm, held) = arm(point);
    let map = Arc::clone(map);
    let thread = spawn(move || {
        arm();
        let mut keys = (0..).map(|n| key(STOPPED + id, n));
        while is_armed() {
            match operation {
                Operation::Insert => drop(keys.next().map(|key| map.insert(key, !key))),
                Operation::Reserve => map.reserve(map.capacity() + 1),
            }
        }
    });
    assert!(held.stands(), "{operation:?} never came to {point:?}");
    Stopped { held, thread }
}

/// All entries, as a walk over everything shows them.
fn all_entries(map: &Map) -> BTreeMap<u64, u64> {
    let mut seen = BTreeMap::new();
    for entry in map {
        assert!(seen.insert(*entry.key(), *entry).is_none(), "a key twice");
    }
    seen
}

/// Those of the thread `id`.
fn entries(map: &Map, id: u64) -> BTreeMap<u64, u64> {
    all_entries(map)
        .split_off(&key(id, 0))
        .into_iter()
        .take_while(|(key, _)| key >> 32 == id)
        .collect()
}

/// All that can be done to a map, until its capacity is `capacity`; every answer must be the model's.
fn use_until(map: &Map, id: u64, capacity: usize) -> BTreeMap<u64, u64> {
    let mut model = BTreeMap::new();
    let mut n = 1;
    while map.capacity() < capacity {
        assert!(n < 32 * capacity as u64, "the table does not grow");
        let (new, old) = (key(id, n), key(id, n / 2));
        assert!(map.insert(new, n).is_none());
        model.insert(new, n);
        assert_eq!(map.get(&new).as_deref(), Some(&n));
        assert!(map.get(&key(id, n + 1)).is_none());
        assert_eq!(map.get(&old).as_deref(), model.get(&old));
        if n % 3 == 0 {
            assert_eq!(map.remove(&old).as_deref(), model.remove(&old).as_ref());
        }
        let updated = map.update(&new, |_, n| n + 1);
        assert_eq!(updated.as_deref(), Some(&(n + 1)));
        model.insert(new, n + 1);
        if n.is_power_of_two() {
            assert_eq!(entries(map, id), model);
            map.reserve(map.capacity() / 4);
        }
        n += 1;
    }
    model
}

/// [`use_until`] in two threads, until the map has doubled so often, and what they must have left.
fn use_for(doublings: u32, map: &Arc<Map>, situation: &str) {
    let capacity = map.capacity().max(1) << doublings;
    let threads = [1, 2].map(|id| {
        let map = Arc::clone(map);
        (id, spawn(move || use_until(&map, id, capacity)))
    });
    for (id, thread) in threads {
        let model = thread.join().unwrap();
        assert_eq!(entries(map, id), model, "{situation}");
        for n in 0..2 * model.len() as u64 {
            let key = key(id, n);
            assert_eq!(map.get(&key).as_deref(), model.get(&key), "{situation}");
        }
    }
    assert!(map.capacity() >= capacity);
}

/// The map holds these entries of nobody's, and no others but what the stopped ones inserted.
fn check_map(map: &Map, expected: &BTreeMap<u64, u64>, situation: &str) {
    let mut entries = all_entries(map);
    assert_eq!(map.len(), entries.len(), "{situation}");
    let stopped = entries.split_off(&key(STOPPED, 0));
    assert!(
        stopped.iter().all(|(key, value)| *value == !key),
        "{situation}"
    );
    assert_eq!(&entries, expected, "{situation}");
    let report = map.verify();
    assert!(report.is_sound(), "{situation}: {report}");
    assert_eq!(report.entries(), map.len(), "{situation}");
}

/// Everything, beside threads that are stopped; and after they went on.
fn go_on_beside(map: &Arc<Map>, stopped: Vec<Stopped>, situation: &str) {
    use_for(DOUBLINGS, map, situation);
    map.clear();
    check_map(map, &BTreeMap::new(), situation);
    let model: BTreeMap<u64, u64> = (0..2 * FIRST).map(|n| (key(0, n), n)).collect();
    for (key, n) in &model {
        assert!(map.insert(*key, *n).is_none());
    }
    check_map(map, &model, situation);
    for Stopped { held, thread } in stopped {
        drop(held);
        thread.join().unwrap();
        check_map(map, &model, situation);
    }
    use_for(1, map, situation);
}

/// A map with some entries, which has not grown yet.
fn young_map() -> Arc<Map> {
    let map = Map::default();
    for n in 0..FIRST {
        map.insert(key(0, n), n);
    }
    Arc::new(map)
}

#[test]
fn a_thread_stopped_at_any_failpoint_of_growth_blocks_nobody() {
    let mut situations = 0;
    for point in Failpoint::GROWTH {
        for &(threads, operation) in STOPPING {
            // What is reserved does not fall due.
            if (point, operation) == (Failpoint::GrowthDue, Operation::Reserve) {
                continue;
            }
            in_time(
                &format!("{threads} at {point:?} by {operation:?}"),
                move |situation| {
                    let map = young_map();
                    let stopped = (0..threads).map(|id| stop(&map, id, point, operation));
                    go_on_beside(&map, stopped.collect(), situation);
                },
            );
            situations += 1;
        }
    }
    println!(
        "{} failpoints of growth, {situations} situations",
        Failpoint::GROWTH.len()
    );
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes; each failpoint for itself is run there")]
fn threads_stopped_at_all_failpoints_of_growth_at_once_block_nobody() {
    in_time("one at each failpoint", |situation| {
        let map = young_map();
        let stopped = (0..)
            .zip(Failpoint::GROWTH)
            .map(|(id, point)| stop(&map, id, point, Operation::Insert));
        go_on_beside(&map, stopped.collect(), situation);
    });
}

#[test]
fn a_thread_stopped_while_it_makes_the_list_blocks_nobody() {
    for point in Failpoint::CREATION {
        for &(threads, operation) in STOPPING {
            in_time(
                &format!("{threads} at {point:?} by {operation:?}"),
                move |situation| make_the_list_beside(threads, point, operation, situation),
            );
        }
    }
}

fn make_the_list_beside(threads: u64, point: Failpoint, operation: Operation, situation: &str) {
    let map = Arc::new(Map::default());
    let stopped: Vec<_> = (0..threads)
        .map(|id| stop(&map, id, point, operation))
        .collect();
    assert_eq!((map.len(), map.capacity()), (0, 0));
    use_for(DOUBLINGS, &map, situation);
    map.clear();
    check_map(&map, &BTreeMap::new(), situation);
    for Stopped { held, thread } in stopped {
        drop(held);
        thread.join().unwrap();
    }
    // Their lists are thrown away, their entries are in the one that there is.
    check_map(&map, &BTreeMap::new(), situation);
    let inserted = if operation == Operation::Insert {
        threads
    } else {
        0
    };
    assert_eq!(map.len() as u64, inserted, "{situation}");
    use_for(1, &map, situation);
}

/// The state for which there is no failpoint: a slot pending behind a bucket that has entries.
#[test]
fn slots_that_stay_pending_leave_every_operation_right() {
    in_time("slots stay pending", |_| {
        let list = List::new(0, Reclamation::new()).unwrap();
        let (mut pending, mut behind_entries) = (0, 0);
        // All are served by the first slots: walks are long.
        let keys = if cfg!(miri) { 40 } else { KEYS.min(3_000) };
        for key in 0..keys {
            insert(&list, key);
            let Some(level) = list.table.growing() else {
                continue;
            };
            for place in list.table.claim_chunk(level).into_iter().flatten() {
                let (_, _, succ) = list.table.start(boundary(level, place));
                list.table.slot_at(level, place).set(succ.pending());
                pending += 1;
                behind_entries += usize::from(!succ.is_sentinel_or_end());
            }
        }
        assert!(behind_entries > 10);
        println!("{pending} slots left pending, {behind_entries} of them behind entries");
        check(&list, 0..keys);
        list.clear();
        check(&list, 0..0);
    });
}
