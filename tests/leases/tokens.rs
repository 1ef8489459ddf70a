//! Cancellation tokens and tasks, in tokio's multi-thread runtime.

use std::sync::Arc;
use std::time::Duration;

use splitmap::{Deadlines, EndReason};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::common::{Census, scaled};
use super::{Calls, map};

/// Waits until `this` holds, which others bring about.
async fn until(this: impl Fn() -> bool) {
    while !this() {
        sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_token_ends_what_is_bound_to_it() {
    let (map, calls, token) = (map(), Calls::default(), CancellationToken::new());
    let bound: Vec<_> = (0..10)
        .map(|n| {
            calls
                .on(map.lease(n, n))
                .bind(&token.child_token(), &Handle::current())
        })
        .collect();
    let free = map.lease(10, 10);
    assert_eq!(map.len(), 11);
    token.cancel();
    until(|| map.len() == 1 && calls.count() == 10).await;
    assert!(
        bound
            .iter()
            .all(|lease| lease.ended() == Some(EndReason::Cancelled))
    );
    assert_eq!(free.ended(), None);
    // Too late: at once.
    let late = calls.on(map.lease(1, 1)).bind(&token, &Handle::current());
    assert_eq!(
        (late.ended(), calls.count()),
        (Some(EndReason::Cancelled), 11)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_task_outlives_its_lease() {
    let (map, token, deadlines) = (map(), CancellationToken::new(), Deadlines::new());
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let (before, now) = (tasks(), std::time::Instant::now());
    let bind = |n| map.lease(n, n).bind(&token, &Handle::current());
    let [dropped, kept, cancelled, expired] = [0, 1, 2, 3].map(bind);
    let expired = expired.until(&deadlines, now);
    assert_eq!(tasks(), before + 4);
    drop(dropped);
    kept.keep().unwrap();
    cancelled.canceller().cancel();
    while deadlines.expire(now, 10).more {}
    assert_eq!(expired.ended(), Some(EndReason::Expired));
    // Two of the handles are still there.
    until(|| tasks() == before).await;
    token.cancel();
    assert_eq!(*map.get(&1).unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aborted_and_a_panicking_task_leave_nothing() {
    let (map, census) = (map(), Census::default());
    let (held, holds) = oneshot::channel();
    let aborted = tokio::spawn({
        let (map, census) = (Arc::clone(&map), census.clone());
        async move {
            let _lease = map.lease(1, census.counted(1));
            held.send(()).unwrap();
            std::future::pending::<()>().await;
        }
    });
    holds.await.unwrap();
    assert!(map.contains_key(&1));
    aborted.abort();
    assert!(aborted.await.unwrap_err().is_cancelled());
    let broken = tokio::spawn({
        let (map, census) = (Arc::clone(&map), census.clone());
        async move {
            let _lease = map.lease(2, census.counted(2));
            tokio::task::yield_now().await;
            panic!("the task breaks");
        }
    });
    assert!(broken.await.unwrap_err().is_panic());
    assert!(map.is_empty());
    drop(map);
    assert_eq!(census.alive(), 0);
}

/// A lease that a task made goes on in another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_moves_between_tasks() {
    let (map, token) = (map(), CancellationToken::new());
    let made = tokio::spawn({
        let (map, token) = (Arc::clone(&map), token.clone());
        async move { map.lease(1, 1).bind(&token, &Handle::current()) }
    });
    let mut lease = made.await.unwrap();
    let other = tokio::spawn(async move {
        tokio::task::yield_now().await;
        lease.update(2).unwrap();
        lease
    });
    let lease = other.await.unwrap();
    assert_eq!((*lease, *map.get(&1).unwrap()), (2, 2));
    token.cancel();
    until(|| map.is_empty()).await;
}

/// Token, handle and deadline at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_token_is_one_of_many_that_end_a_lease() {
    let (map, deadlines, calls) = (map(), Deadlines::new(), Calls::default());
    let rounds = scaled(4_000);
    for n in 0..rounds {
        let (token, now) = (CancellationToken::new(), std::time::Instant::now());
        let lease = calls
            .on(map.lease(n % 2, n))
            .bind(&token, &Handle::current());
        let lease = lease.until(&deadlines, now);
        let cancel = tokio::spawn(async move { token.cancel() });
        let expire = tokio::spawn({
            let deadlines = deadlines.clone();
            async move { deadlines.expire(now, 10).ended }
        });
        drop(lease);
        cancel.await.unwrap();
        assert!(expire.await.unwrap() <= 1);
        until(|| calls.count() as u64 == n + 1).await;
        assert!(map.is_empty());
    }
}
