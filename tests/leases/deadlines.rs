//! Deadlines, and who sweeps them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use splitmap::{Deadlines, EndReason, RenewError};

use super::common::Census;
use super::{Calls, map};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

/// All that is due.
fn expire(deadlines: &Deadlines, now: Instant) -> usize {
    let mut ended = 0;
    loop {
        let swept = deadlines.expire(now, 1000);
        ended += swept.ended;
        if !swept.more {
            return ended;
        }
    }
}

#[test]
fn what_is_due_ends_and_the_rest_stays() {
    let (map, deadlines, calls) = (map(), Deadlines::new(), Calls::default());
    let before = Instant::now();
    let now = before + SECOND;
    let leases: Vec<_> = (0..20)
        .map(|n: u32| {
            let lease = calls.on(map.lease(n.into(), 0));
            lease.until(&deadlines, now + n * SECOND)
        })
        .collect();
    assert_eq!(expire(&deadlines, before), 0);
    assert_eq!(expire(&deadlines, now + 9 * SECOND), 10);
    assert_eq!(expire(&deadlines, now + 9 * SECOND), 0);
    assert_eq!((map.len(), calls.count()), (10, 10));
    for (n, lease) in leases.iter().enumerate() {
        assert_eq!(lease.ended(), (n < 10).then_some(EndReason::Expired));
        assert_eq!(map.contains_key(&(n as u64)), n >= 10);
    }
    let next = deadlines.expire(now, 1000).next;
    assert_eq!(next, Some(now + 10 * SECOND));
    drop(leases);
    assert_eq!((map.len(), calls.count()), (0, 20));
    let swept = deadlines.expire(now + 99 * SECOND, 1000);
    assert_eq!((swept.ended, swept.more, swept.next), (0, false, None));
}

#[test]
fn a_call_does_no_more_than_its_limit() {
    let (map, deadlines) = (map(), Deadlines::new());
    let now = Instant::now();
    let order = Arc::new(Mutex::new(Vec::new()));
    let _leases: Vec<_> = (0..100)
        .map(|n| {
            let order = Arc::clone(&order);
            let lease = map
                .lease(n, n)
                .on_end(move |it| order.lock().unwrap().push(*it.key()));
            lease.until(&deadlines, now + Duration::from_secs(100 - n))
        })
        .collect();
    let mut left = 100;
    while left > 0 {
        let swept = deadlines.expire(now + 100 * SECOND, 7);
        assert!(swept.ended <= 7);
        left -= swept.ended;
        assert_eq!(map.len(), left);
        assert!(swept.more || left == 0);
    }
    // The earliest first.
    assert!(order.lock().unwrap().iter().copied().eq((0..100).rev()));
    assert!(deadlines.expire(now, 0).more, "nothing was looked at");
}

#[test]
fn a_renewed_lease_outlives_its_earlier_deadline() {
    let (map, deadlines) = (map(), Deadlines::new());
    let now = Instant::now();
    let mut lease = map.lease(1, 10).until(&deadlines, now);
    for n in 1..10 {
        lease.renew(now + n * SECOND).unwrap();
        assert_eq!(expire(&deadlines, now + (n - 1) * SECOND), 0);
    }
    // Forward, too.
    lease.renew(now + 2 * SECOND).unwrap();
    assert_eq!(expire(&deadlines, now + 2 * SECOND), 1);
    assert!(map.is_empty());
    let error = lease.renew(now + 9 * SECOND).unwrap_err();
    assert_eq!(error, RenewError::Ended(EndReason::Expired));
    assert_eq!(deadlines.expire(now, 100).next, None);
    assert_eq!(map.lease(1, 1).renew(now), Err(RenewError::NoDeadline));
}

#[test]
fn other_deadlines_take_the_place_of_the_first() {
    let (map, first, second) = (map(), Deadlines::new(), Deadlines::new());
    let now = Instant::now();
    let lease = map
        .lease(1, 10)
        .until(&first, now)
        .until(&second, now + SECOND);
    let lease = lease.until(&second, now + 2 * SECOND);
    assert_eq!((expire(&first, now), expire(&second, now + SECOND)), (0, 0));
    assert_eq!(expire(&second, now + 2 * SECOND), 1);
    assert_eq!(lease.ended(), Some(EndReason::Expired));
}

#[test]
fn a_lease_that_was_updated_or_replaced_expires_as_itself() {
    let (map, deadlines) = (map(), Deadlines::new());
    let now = Instant::now();
    let mut lease = map.lease(1, 10).until(&deadlines, now);
    lease.update(11).unwrap();
    let _other = map.lease(2, 20).until(&deadlines, now);
    map.insert(2, 21);
    let kept = map.lease(3, 30).until(&deadlines, now);
    kept.keep().unwrap();
    assert_eq!(expire(&deadlines, now), 2);
    let left: Vec<_> = map.iter().map(|entry| (*entry.key(), *entry)).collect();
    assert!(left.len() == 2 && left.contains(&(2, 21)) && left.contains(&(3, 30)));
}

/// What has ended is forgotten: the order keeps neither entries nor their map.
#[test]
fn deadlines_keep_nothing_alive() {
    let (deadlines, census) = (Deadlines::new(), Census::default());
    let map = map();
    let far = Instant::now() + 1000 * SECOND;
    for n in 0..100 {
        let mut lease = map.lease(n, census.counted(n)).until(&deadlines, far);
        lease.renew(far + SECOND).unwrap();
        if n % 2 == 0 {
            lease.keep().unwrap();
        }
    }
    assert_eq!(deadlines.expire(Instant::now(), 1000).next, None);
    let lease = map.lease(1, census.counted(1)).until(&deadlines, far);
    drop(map);
    assert!(census.alive() > 0);
    drop(lease);
    assert_eq!(census.alive(), 0);
}

#[test]
fn a_panic_in_an_action_leaves_the_others_due() {
    let (map, deadlines) = (map(), Deadlines::new());
    let now = Instant::now();
    let _leases: Vec<_> = (0..5)
        .map(|n| {
            let lease = map
                .lease(n, n)
                .on_end(|it| assert_ne!(*it.key(), 2, "the third"));
            lease.until(&deadlines, now)
        })
        .collect();
    let mut panics = 0;
    while std::panic::catch_unwind(|| expire(&deadlines, now)).is_err() {
        panics += 1;
    }
    assert_eq!((map.len(), panics), (0, 1));
}

#[test]
fn a_sweeper_ends_what_falls_due_also_after_a_panic() {
    let (map, deadlines, calls) = (map(), Deadlines::new(), Calls::default());
    let sweeper = deadlines.spawn_sweeper(5 * MILLI).unwrap();
    let now = Instant::now();
    let _leases: Vec<_> = (0..20)
        .map(|n: u32| {
            let lease = calls.on(map.lease(n.into(), 0));
            let lease = lease.on_end(|it| assert_ne!(*it.key(), 2, "the sweeper goes on"));
            lease.until(&deadlines, now + n * MILLI)
        })
        .collect();
    while !map.is_empty() || calls.count() < 20 {
        std::thread::sleep(MILLI);
    }
    drop(sweeper);
    let lease = map.lease(1, 1).until(&deadlines, now);
    std::thread::sleep(20 * MILLI);
    assert_eq!(lease.ended(), None, "it has stopped");
}

#[test]
fn a_sweeper_may_be_dropped_by_its_own_thread() {
    let (map, deadlines) = (map(), Deadlines::new());
    let sweeper = deadlines.spawn_sweeper(MILLI).unwrap();
    let (send, receive) = std::sync::mpsc::channel();
    let lease = map.lease(1, 1).on_end(move |_| {
        drop(sweeper);
        send.send(()).unwrap();
    });
    let _lease = lease.until(&deadlines, Instant::now());
    receive.recv().unwrap();
}

/// An action that waits may use up what was to wake the sweeper.
#[test]
fn a_sweeper_that_is_dropped_while_an_action_waits_ends_with_it() {
    let (map, deadlines) = (map(), Deadlines::new());
    let (begun, has_begun) = std::sync::mpsc::channel();
    let (end, may_end) = std::sync::mpsc::channel::<()>();
    let lease = map.lease(1, 1).on_end(move |_| {
        begun.send(()).unwrap();
        let _ = may_end.recv(); // parks
    });
    let _lease = lease.until(&deadlines, Instant::now());
    let sweeper = deadlines.spawn_sweeper(60_000 * MILLI).unwrap();
    has_begun.recv().unwrap();
    let dropping = std::thread::spawn(move || {
        let now = Instant::now();
        drop(sweeper);
        now.elapsed()
    });
    std::thread::sleep(50 * MILLI);
    end.send(()).unwrap();
    assert!(dropping.join().unwrap() < 30_000 * MILLI);
}

#[test]
fn a_sweeper_goes_on_after_a_panic_whose_payload_panics() {
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            panic!("the payload, too");
        }
    }
    let (map, deadlines) = (map(), Deadlines::new());
    let _sweeper = deadlines.spawn_sweeper(MILLI).unwrap();
    let lease = map.lease(1, 1).on_end(|_| std::panic::panic_any(Payload));
    let _lease = lease.until(&deadlines, Instant::now());
    while !map.is_empty() {
        std::thread::sleep(MILLI);
    }
    let _another = map.lease(2, 2).until(&deadlines, Instant::now());
    let begun = Instant::now();
    while !map.is_empty() {
        assert!(begun.elapsed() < 30_000 * MILLI, "the sweeper has gone");
        std::thread::sleep(MILLI);
    }
}
