//! One computation for many, whatever becomes of the leader.

use super::Flights;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::timeout;

type Numbers = Flights<&'static str, u32, String>;

/// Nothing here takes that long unless somebody waits in vain.
const FOREVER: Duration = Duration::from_secs(30);

async fn never() -> Result<u32, String> {
    core::future::pending().await
}

async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            yield_now().await;
        }
    };
    timeout(FOREVER, wait).await.expect("it never came true");
}

/// Requests that take part in the flight for "key".
fn seats(flights: &Numbers) -> usize {
    let flight = flights.map.get("key");
    flight.map_or(0, |flight| flight.seats.load(Ordering::Relaxed))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_who_come_meanwhile_share_one_outcome() {
    let flights = Arc::new(Numbers::new());
    let (computed, go) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
    let requests: Vec<_> = (0..100)
        .map(|_| {
            let (flights, computed, go) = (flights.clone(), computed.clone(), go.clone());
            tokio::spawn(async move {
                let compute = || async {
                    computed.fetch_add(1, Ordering::Relaxed);
                    go.notified().await;
                    Err("no such number".to_owned())
                };
                let landed = flights.run("key", compute).await;
                // The error of all is the same object.
                (landed.led(), landed.as_ref().unwrap_err().as_ptr().addr())
            })
        })
        .collect();
    until(|| seats(&flights) == 100).await;
    assert_eq!(flights.len(), 1);
    go.notify_one();
    let (mut leaders, mut errors) = (0, Vec::new());
    for request in requests {
        let (led, error) = timeout(FOREVER, request).await.unwrap().unwrap();
        leaders += u32::from(led);
        errors.push(error);
    }
    errors.dedup();
    assert_eq!((computed.load(Ordering::Relaxed), leaders), (1, 1));
    assert_eq!((errors.len(), flights.len()), (1, 0));
}

#[tokio::test]
async fn who_comes_after_the_landing_starts_anew() {
    let flights = Numbers::new();
    let first = flights.run("key", || async { Ok(1) }).await;
    let second = flights.run("key", || async { Ok(2) }).await;
    assert_eq!((&*first, &*second), (&Ok(1), &Ok(2)));
    assert!(first.led() && second.led());
    assert_eq!(flights.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_waits_takes_over_from_a_cancelled_leader() {
    let flights = Arc::new(Numbers::new());
    let spawn = |n| {
        let flights = flights.clone();
        tokio::spawn(async move {
            let landed = flights.run("key", || async move { Ok(n) }).await;
            landed.as_ref().ok().copied()
        })
    };
    let leader = tokio::spawn({
        let flights = flights.clone();
        async move { flights.run("key", never).await.led() }
    });
    until(|| seats(&flights) == 1).await;
    let followers = [spawn(7), spawn(7)];
    until(|| seats(&flights) == 3).await;
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    for follower in followers {
        let seen = timeout(FOREVER, follower).await.unwrap().unwrap();
        assert_eq!(seen, Some(7));
    }
    assert_eq!(flights.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_waits_takes_over_from_a_leader_that_panics() {
    let flights = Arc::new(Numbers::new());
    let go = Arc::new(Notify::new());
    let leader = tokio::spawn({
        let (flights, go) = (flights.clone(), go.clone());
        async move {
            let fall = || async {
                go.notified().await;
                panic!("on purpose")
            };
            flights.run("key", fall).await.led()
        }
    });
    until(|| seats(&flights) == 1).await;
    let follower = tokio::spawn({
        let flights = flights.clone();
        async move { flights.run("key", || async { Ok(7) }).await.led() }
    });
    until(|| seats(&flights) == 2).await;
    go.notify_one();
    assert!(leader.await.unwrap_err().is_panic());
    assert!(timeout(FOREVER, follower).await.unwrap().unwrap());
    assert_eq!(flights.len(), 0);
}

#[tokio::test]
async fn a_flight_that_all_have_left_leaves_nothing() {
    let flights = Numbers::new();
    for _ in 0..3 {
        let cancelled = timeout(Duration::from_millis(1), flights.run("key", never)).await;
        assert!(cancelled.is_err());
        assert_eq!(flights.len(), 0);
    }
    assert_eq!(*flights.run("key", || async { Ok(1) }).await, Ok(1));
}

#[tokio::test]
async fn a_closed_flight_that_is_still_in_the_map_is_passed_over() {
    let flights = Numbers::new();
    let flight = flights.map.get_or_insert_with("key", super::Flight::begun);
    assert!(flight.leave() && !flight.join());
    let landed = flights.run("key", || async { Ok(1) }).await;
    assert_eq!((&*landed, landed.led(), flights.len()), (&Ok(1), true, 0));
}

/// Requests come, are cancelled and end in all orders; computations of one key never overlap.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn computations_of_a_key_never_overlap() {
    let flights = Arc::new(Flights::<u32, u32, ()>::new());
    let running = Arc::new([const { AtomicU32::new(0) }; 3]);
    let tasks: Vec<_> = (0..8_u32)
        .map(|task| {
            let (flights, running) = (flights.clone(), running.clone());
            tokio::spawn(async move {
                for n in 0..500 {
                    let key = (n + task) % 3;
                    let request = flights.run(key, || compute(&running[key as usize], n % 4));
                    if n % 5 == 0 {
                        // Cancelled at its first or second `.await`.
                        tokio::select! { biased; _ = request => {}, () = yield_now() => {} }
                    } else {
                        assert!(request.await.is_ok());
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        timeout(FOREVER, task).await.unwrap().unwrap();
    }
    assert_eq!(flights.len(), 0);
    flights.map.flush();
}

async fn compute(running: &AtomicU32, yields: u32) -> Result<u32, ()> {
    /// Counts down when the computation ends, or is cancelled.
    struct Running<'r>(&'r AtomicU32);
    impl Drop for Running<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "two at once");
    let _running = Running(running);
    for _ in 0..yields {
        yield_now().await;
    }
    Ok(yields)
}
