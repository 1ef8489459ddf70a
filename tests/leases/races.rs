//! Several that end one lease at the same time: one does.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use splitmap::{Deadlines, EndReason};

use super::common::{Census, scaled};
use super::{Calls, map};

/// Drop, cancel, cancel, expire: one of them ends it, and says so; the action runs once.
#[test]
fn one_of_many_ends_a_lease() {
    let (map, census, calls) = (map(), Census::default(), Calls::default());
    let deadlines = Deadlines::new();
    let rounds = scaled(8_000).max(10);
    let mut by_others = 0;
    for n in 0..rounds {
        let now = Instant::now();
        let lease = calls
            .on(map.lease(n % 4, census.counted(n)))
            .until(&deadlines, now);
        let ends = Calls::default();
        let lease = lease.on_end({
            let ends = ends.clone();
            move |ended| {
                ends.note();
                assert!(ended.removed() && ended.value().get() == n);
            }
        });
        let canceller = lease.canceller();
        let barrier = Barrier::new(3);
        thread::scope(|scope| {
            let cancel = scope.spawn(|| {
                barrier.wait();
                canceller.cancel()
            });
            let expire = scope.spawn(|| {
                barrier.wait();
                let mut ended = 0;
                loop {
                    let swept = deadlines.expire(now, 100);
                    ended += swept.ended;
                    if !swept.more {
                        return ended;
                    }
                }
            });
            barrier.wait();
            let own = if n % 2 == 0 { lease.end() } else { false };
            let (remotely, expired) = (cancel.join().unwrap(), expire.join().unwrap());
            let count = usize::from(own) + usize::from(remotely) + expired;
            assert_eq!(count, 1, "{own}, {remotely}, {expired}");
            by_others += usize::from(!own);
        });
        assert_eq!(ends.count(), 1);
        assert!(map.get(&(n % 4)).is_none());
    }
    assert!(by_others > 0);
    assert_eq!(calls.count() as u64, rounds);
    drop(map);
    assert_eq!(census.alive(), 0);
}

/// An update and the end of a lease: the entry is gone afterwards, whichever came first.
#[test]
fn an_update_and_the_end_meet() {
    let (map, census) = (map(), Census::default());
    let mut refused = 0;
    for n in 0..scaled(8_000).max(10) {
        let calls = Calls::default();
        let mut lease = calls.on(map.lease(1, census.counted(n)));
        let canceller = lease.canceller();
        let barrier = Arc::new(Barrier::new(2));
        let cancel = thread::spawn({
            let barrier = Arc::clone(&barrier);
            move || {
                barrier.wait();
                assert!(canceller.cancel());
            }
        });
        barrier.wait();
        for k in 0..4 {
            refused += usize::from(lease.update(census.counted(k)).is_err());
        }
        lease = calls.on(lease); // while it may be ending, or have ended
        cancel.join().unwrap();
        assert_eq!(lease.ended(), Some(EndReason::Cancelled));
        assert!(map.get(&1).is_none());
        assert_eq!(calls.count(), 2);
    }
    println!("{refused} updates came too late");
    drop(map);
    assert_eq!(census.alive(), 0);
}

/// A renewal that succeeds is respected, though a sweep is just at the earlier deadline.
#[test]
fn a_renewal_and_the_deadline_meet() {
    let (map, deadlines) = (map(), Deadlines::new());
    let (mut renewed, rounds) = (0, scaled(4_000).max(10));
    for n in 0..rounds {
        let now = Instant::now();
        let mut lease = map.lease(n, n).until(&deadlines, now);
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                barrier.wait();
                while deadlines.expire(now, 100).more {}
            });
            barrier.wait();
            if lease.renew(now + Duration::from_secs(1000)).is_ok() {
                renewed += 1;
                assert!(map.contains_key(&n));
            }
        });
        // In its new term it is as it was, or it has ended in the old one.
        assert_eq!(map.contains_key(&n), lease.ended().is_none());
    }
    println!("{renewed} of {rounds} were renewed in time");
    assert_eq!(deadlines.expire(Instant::now(), 10_000).next, None);
}

/// Threads lease the same few keys at the same time: in the end all is gone, and nothing was removed that was not
/// the lease's own.
#[test]
fn leases_of_the_same_keys_do_not_take_each_others() {
    let (map, census, deadlines) = (map(), Census::default(), Deadlines::new());
    let now = Instant::now();
    let (leased, ended) = (Calls::default(), Calls::default());
    thread::scope(|scope| {
        for thread in 0..3 {
            let (map, census, deadlines) = (&map, &census, &deadlines);
            let (leased, ended) = (&leased, &ended);
            scope.spawn(move || {
                for n in 0..scaled(40_000).max(30) {
                    let value = thread << 32 | n;
                    let lease = map.lease(n % 3, census.counted(value));
                    leased.note();
                    let mut lease = ended.on(lease).until(deadlines, now);
                    match n % 5 {
                        0 => drop(deadlines.expire(now, 3)),
                        1 => drop(lease.renew(now)),
                        2 => drop(lease.update(census.counted(value))),
                        3 => drop(lease.canceller().cancel()),
                        _ => {}
                    }
                    // In this order: another thread may end it in between, as its time is over.
                    let ended = lease.ended().is_some();
                    if let Some(seen) = map.get(&(n % 3)) {
                        assert!(seen.get() != value || !ended);
                    }
                }
            });
        }
    });
    assert_eq!(leased.count(), ended.count());
    assert!(map.is_empty());
    drop(map);
    assert_eq!(census.alive(), 0);
}

/// Whoever is told of the end is told the same, also if he comes in the midst of it.
#[test]
fn an_action_that_comes_late_is_told_the_same() {
    const ROUNDS: usize = if cfg!(miri) { 20 } else { 3000 };
    let map = super::map::<u64>();
    for _ in 0..ROUNDS {
        let told = Arc::new(std::sync::Mutex::new(Vec::new()));
        let tell = |lease: splitmap::Lease<u64, u64>| {
            let told = Arc::clone(&told);
            lease.on_end(move |ended| told.lock().unwrap().push(ended.removed()))
        };
        let lease = tell(map.lease(1, 1));
        let canceller = lease.canceller();
        let cancelling = thread::spawn(move || canceller.cancel());
        let mut looks = 0_u32;
        while lease.ended().is_none() {
            std::hint::spin_loop();
            looks += 1;
            if looks.is_multiple_of(1_000) {
                thread::yield_now(); // the other one may need this core
            }
        }
        let lease = tell(lease);
        assert!(cancelling.join().unwrap());
        drop(lease);
        assert_eq!(*told.lock().unwrap(), [true, true]);
    }
}
