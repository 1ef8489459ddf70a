//! Leases: the very entry goes when its scope ends, however it ends; once; and never a newer one.

#![cfg(not(loom))]

mod deadlines;
mod panics;
mod races;
#[cfg(all(feature = "tokio", not(miri)))]
mod tokens;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use splitmap::{EndReason, HashMap, Lease};

#[path = "../common/mod.rs"]
mod common;
use common::{Census, Counted};

type Map<V = u64> = Arc<HashMap<u64, V>>;

fn map<V>() -> Map<V> {
    Arc::new(HashMap::new())
}

/// How often something was called.
#[derive(Clone, Default)]
struct Calls(Arc<AtomicUsize>);

impl Calls {
    fn note(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
    /// The lease, with an action that is counted here.
    fn on<V>(&self, lease: Lease<u64, V>) -> Lease<u64, V> {
        let calls = self.clone();
        lease.on_end(move |_| calls.note())
    }
}

#[test]
fn the_entry_goes_with_the_handle() {
    let map = map();
    let lease = map.lease(1, 10);
    assert_eq!((*lease.key(), *lease, *map.get(&1).unwrap()), (1, 10, 10));
    drop(lease);
    assert!(map.get(&1).is_none());
    assert!(map.lease(1, 11).end());
    assert!(map.is_empty());
}

#[test]
fn a_newer_entry_under_the_same_key_stays() {
    let map = map();
    let first = map.lease(1, 10);
    let second = map.lease(1, 11);
    assert!(!first.end(), "another lease has replaced it");
    assert_eq!(*map.get(&1).unwrap(), 11);
    map.remove(&1);
    map.insert(1, 12);
    assert!(!second.end(), "removed, and inserted anew by others");
    assert_eq!(*map.get(&1).unwrap(), 12);
    let third = map.lease(1, 13);
    map.update(&1, |_, n| n + 1);
    assert!(!third.end());
    assert_eq!(*map.get(&1).unwrap(), 14);
}

#[test]
fn a_key_that_is_taken_is_refused() {
    let map = map();
    let lease = map.try_lease(1, 10).unwrap();
    let error = map.try_lease(1, 11).unwrap_err();
    assert_eq!((*error.entry, error.key, error.value), (10, 1, 11));
    drop((error, lease));
    assert!(map.try_lease(1, 12).unwrap().end());
}

#[test]
fn a_kept_entry_is_a_plain_one() {
    let (map, calls) = (map(), Calls::default());
    let lease = calls.on(map.lease(1, 10));
    let canceller = lease.canceller();
    lease.keep().unwrap();
    assert!(!canceller.cancel());
    assert_eq!((*map.get(&1).unwrap(), calls.count()), (10, 0));

    let lease = map.lease(2, 20);
    assert!(lease.canceller().cancel());
    let error = lease.keep().unwrap_err();
    assert_eq!(error.reason, EndReason::Cancelled);
    assert!(map.get(&2).is_none());
}

#[test]
fn an_update_stays_bound_and_hits_the_very_entry() {
    let (map, census) = (map(), Census::default());
    let mut lease = map.lease(1, census.counted(0));
    for n in 1..50 {
        lease.update(census.counted(n)).unwrap();
        assert_eq!((lease.get(), map.get(&1).unwrap().get()), (n, n));
    }
    map.insert(1, census.counted(100));
    let back = lease.update(census.counted(50)).unwrap_err();
    assert_eq!((back.get(), map.get(&1).unwrap().get()), (50, 100));
    assert!(!lease.end());
    assert_eq!(map.get(&1).unwrap().get(), 100);

    let mut lease = map.lease(1, census.counted(0));
    lease.update(census.counted(1)).unwrap();
    lease.canceller().cancel();
    assert!(map.get(&1).is_none());
    assert_eq!(lease.update(census.counted(2)).unwrap_err().get(), 2);
    assert_eq!(lease.get(), 1, "still shown after the end");
    drop((lease, back, map));
    assert_eq!(census.alive(), 0);
}

#[test]
fn actions_run_when_the_entry_is_gone_the_last_one_first() {
    let (map, log) = (map(), Arc::new(Mutex::new(Vec::new())));
    let add = |lease: Lease<u64, u64>, n: u64| {
        let (map, log) = (Arc::clone(&map), Arc::clone(&log));
        lease.on_end(move |ended| {
            assert!(map.get(ended.key()).is_none());
            let what = (
                *ended.key(),
                *ended.value(),
                ended.reason(),
                ended.removed(),
            );
            log.lock().unwrap().push((n, what));
        })
    };
    drop(add(add(map.lease(1, 10), 1), 2));
    let told = (1, 10, EndReason::Dropped, true);
    assert_eq!(*log.lock().unwrap(), [(2, told), (1, told)]);

    log.lock().unwrap().clear();
    let lease = add(map.lease(1, 11), 1);
    map.remove(&1);
    lease.canceller().cancel();
    let told = (1, 11, EndReason::Cancelled, false);
    assert_eq!(*log.lock().unwrap(), [(1, told)]);
    log.lock().unwrap().clear();
    drop(add(lease, 2));
    assert_eq!(*log.lock().unwrap(), [(2, told)], "too late: at once");
    log.lock().unwrap().clear();
    let lease = map.lease(1, 12);
    lease.canceller().cancel();
    let told = (1, 12, EndReason::Cancelled, true);
    drop(add(lease, 3));
    assert_eq!(*log.lock().unwrap(), [(3, told)]);
}

#[test]
fn the_thread_that_ends_a_lease_runs_its_action() {
    let (map, seen) = (map(), Arc::new(Mutex::new(None)));
    let lease = map.lease(1, 10).on_end({
        let seen = Arc::clone(&seen);
        move |_| *seen.lock().unwrap() = Some(thread::current().id())
    });
    let canceller = lease.canceller();
    let other = thread::spawn(move || {
        assert!(canceller.cancel());
        thread::current().id()
    });
    let other = other.join().unwrap();
    assert_eq!(*seen.lock().unwrap(), Some(other));
    assert_eq!(lease.ended(), Some(EndReason::Cancelled));
}

/// The maker, its map's handle and its thread are gone before the lease is.
#[test]
fn a_lease_outlives_who_made_it() {
    fn shareable<T: Send + Sync + std::panic::UnwindSafe + std::panic::RefUnwindSafe>(_: &T) {}
    let census = Census::default();
    let lease = thread::spawn({
        let census = census.clone();
        move || {
            let map = map();
            map.insert(2, census.counted(20));
            map.lease(1, census.counted(10))
        }
    });
    let lease = lease.join().unwrap();
    shareable(&lease);
    assert_eq!((lease.get(), census.alive()), (10, 2));
    thread::spawn(move || drop(lease)).join().unwrap();
    assert_eq!(census.alive(), 0);
}

#[test]
fn actions_may_use_the_map_and_lease_again() {
    let map = map();
    let lease = map.lease(1, 10).on_end({
        let map = Arc::clone(&map);
        move |ended| map.lease(*ended.key(), ended.value() + 1).keep().unwrap()
    });
    drop(lease);
    assert_eq!(*map.get(&1).unwrap(), 11);
}

/// A lease in a value, which is dropped when that entry is freed.
#[test]
fn a_lease_in_a_value_of_another_map_ends_with_it() {
    let (outer, inner): (Map<Lease<u64, Counted>>, _) = (map(), map());
    let census = Census::default();
    outer.insert(1, inner.lease(2, census.counted(3)));
    outer.remove(&1);
    assert!(inner.contains_key(&2), "not freed yet");
    outer.flush();
    assert!(!inner.contains_key(&2));
    drop(inner);
    drop(outer);
    assert_eq!(census.alive(), 0);
}
