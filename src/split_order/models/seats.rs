//! The whole map, with seats that threads take and give back themselves; its birth and its end.

use alloc::vec;
use core::hash::{BuildHasherDefault, Hasher};
use core::sync::atomic::{AtomicBool, Ordering};

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::{Explore, Probe, join, model, run, spawn};
use crate::HashMap;
use crate::reclaim::Seat;
use crate::tunables::NEAR;

/// A number is its own hash.
#[derive(Default)]
struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are u64");
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

type Map = HashMap<u64, Probe, BuildHasherDefault<Same>>;

/// Runs `one` and `other` beside each other on a map that holds `keys`, then `after`, then drops the map.
/// Main has no part in it: its thread-locals end after the model.
fn beside(
    keys: &'static [u64],
    one: fn(&Map),
    other: fn(&Map),
    after: fn(&Map),
) -> impl Fn() + Send + Sync {
    move || {
        let map: Arc<Map> = Arc::new(HashMap::with_hasher(BuildHasherDefault::new()));
        let in_thread = |f: fn(&Map)| {
            let map = Arc::clone(&map);
            thread::spawn(move || f(&map))
        };
        join(in_thread(match keys {
            [] => |_| {},
            _ => |map| {
                for n in [1, 2] {
                    drop(map.insert(n, Probe::new(n)));
                }
            },
        }));
        let threads = [in_thread(one), in_thread(other)];
        threads.into_iter().for_each(join);
        join(in_thread(after));
    }
}

/// The first insertions make the list: one of them, for all.
#[test]
fn the_first_two_insertions() {
    model(
        "first insert | first insert",
        Explore::Preemptions(3),
        || {
            let map: Arc<Map> = Arc::new(HashMap::with_hasher(BuildHasherDefault::new()));
            let threads = [1, 2].map(|n| {
                let map = Arc::clone(&map);
                // A seat each, as the taking of seats has a model of its own.
                spawn(n, move || drop(map.insert(n as u64, Probe::new(n as u64))))
            });
            threads.into_iter().for_each(join);
            Seat::sit(0);
            for n in [1, 2] {
                assert_eq!(map.get(&n).map(|probe| probe.read()), Some(n));
            }
        },
    );
}

/// A thread that comes after two others takes a seat that is free, with what lies there, and takes over what
/// lies in others that are. (loom's threads can be joined before they give their seats back.)
#[test]
fn a_seat_passes_from_thread_to_thread() {
    /// How many nodes were left in seats that were still taken.
    static LEFT: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];
    let body = beside(
        &[1, 2],
        |map| drop(map.remove(&1)),
        |map| drop(map.remove(&2)),
        |map| {
            map.flush();
            assert_eq!(map.len(), 0);
            // Relaxed: read when the model has ended.
            LEFT[map.retired_len()].store(true, Ordering::Relaxed);
        },
    );
    model("remove, end | remove, end", Explore::Preemptions(3), body);
    let seen = [0, 1, 2].map(|left: usize| LEFT[left].load(Ordering::Relaxed));
    assert_eq!(seen, [true; 3]);
}

/// Seats beyond the first chunk: both threads may make the next one.
#[test]
fn two_threads_beyond_the_first_chunk_of_seats() {
    model("take a seat | take a seat", Explore::Preemptions(3), || {
        Seat::occupy_first_chunk();
        let users = Arc::new([(); 2].map(|()| UnsafeCell::new(())));
        let threads = [(); 2].map(|()| {
            let users = Arc::clone(&users);
            thread::spawn(move || {
                let seat = Seat::current().index();
                // The first ones there; and nobody else's meanwhile, or else loom fails.
                users[seat - usize::BITS as usize].with_mut(|_| ());
            })
        });
        threads.into_iter().for_each(join);
    });
}

/// Two seats in one block of the directory's far part, which both may make, and a sum over all.
#[test]
fn two_first_operations_from_far_seats() {
    let name = "first operation from afar | another, len";
    model(name, Explore::Preemptions(3), || {
        run(&[], 1, |list| {
            let other = spawn(NEAR, move || drop(list.0.domain.session()));
            Seat::sit(NEAR + 1);
            drop(list.0.domain.session());
            assert_eq!(list.0.len(), 0);
            join(other);
            vec![]
        });
    });
}

/// `len` reads what a thread keeps on the map, which the thread makes meanwhile.
#[test]
fn a_length_beside_a_first_operation() {
    let body = beside(
        &[],
        |map| drop(map.insert(1, Probe::new(1))),
        |map| assert!(map.len() <= 1 && map.retired_len() == 0),
        |map| assert_eq!(map.len(), 1),
    );
    model("insert | len", Explore::Preemptions(3), body);
}

/// Whoever drops the last handle takes everything down, after all that the others did.
#[test]
fn the_last_handle() {
    model(
        "insert, drop | remove, drop",
        Explore::Preemptions(3),
        || {
            let map: Arc<Map> = Arc::new(HashMap::with_hasher(BuildHasherDefault::new()));
            let first = Arc::clone(&map);
            join(thread::spawn(move || drop(first.insert(1, Probe::new(1)))));
            let second = Arc::clone(&map);
            let one = thread::spawn(move || drop(second.insert(2, Probe::new(2))));
            let other = thread::spawn(move || drop(map.remove(&1)));
            join(one);
            join(other);
        },
    );
}
