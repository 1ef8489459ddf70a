//! `Ref`s and iterators in tokio's multi-thread runtime: held across `.await`, sent to other tasks and threads,
//! dropped there, and kept by tasks that outlive all who made them.

#![cfg(not(any(loom, miri)))]

use std::sync::Arc;
use std::time::{Duration, Instant};

use splitmap::{HashMap, HashSet};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, yield_now};

#[path = "common/mod.rs"]
mod common;
use common::{Census, Counted, Random, scaled};

/// Eight tasks hold entries across `.await`s while they replace and remove them; how often one changed threads then.
async fn hold_across_awaits(map: &Arc<HashMap<u64, Counted>>, census: &Census) -> u64 {
    const KEYS: u64 = 8;
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let (map, census) = (Arc::clone(map), census.clone());
        tasks.spawn(async move {
            let (mut random, mut switches) = (Random::new(task), 0);
            for n in 0..scaled(4_000) {
                let key = random.below(KEYS);
                match random.below(4) {
                    0 => drop(map.insert(key, census.counted(n))),
                    1 => drop(map.remove(&key)),
                    _ => {
                        let Some(held) = map.get(&key) else { continue };
                        let (thread, value) = (std::thread::current().id(), held.get());
                        yield_now().await;
                        assert_eq!((*held.key(), held.get()), (key, value));
                        switches += u64::from(thread != std::thread::current().id());
                        drop(held);
                    }
                }
            }
            switches
        });
    }
    tasks.join_all().await.into_iter().sum()
}

/// Every task holds an entry across `.await`s, in which it changes threads, while others replace and remove it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_held_across_an_await_stays_as_it_was() {
    let (census, map, begun) = (Census::default(), Arc::new(HashMap::new()), Instant::now());
    // The runtime moves tasks from one thread to another when it likes: one may be through with all of them before the
    // others wake, as in 3 of 60 runs on two busy cores.
    while hold_across_awaits(&map, &census).await == 0 {
        let patience = Duration::from_mins(1);
        assert!(begun.elapsed() < patience, "no task changed threads");
    }
    drop(map);
    assert_eq!(census.alive(), 0);
}

/// A task gives its `Ref` to another one, which drops it: the hazard is free for the first one's thread again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ref_is_dropped_by_another_task() {
    let map: &'static HashMap<u64, u64> = Box::leak(Box::new((0..64).map(|n| (n, n)).collect()));
    let (send, mut receive) = mpsc::channel(16);
    let reader = tokio::spawn(async move {
        let mut sum = 0;
        while let Some(entry) = receive.recv().await {
            let entry: splitmap::Ref<'static, u64, u64> = entry;
            sum += *entry;
        }
        sum
    });
    let rounds = scaled(200).max(2);
    for _ in 0..rounds {
        for n in 0..64 {
            send.send(map.get(&n).unwrap()).await.unwrap();
            map.insert(n, n);
        }
    }
    drop(send);
    assert_eq!(reader.await.unwrap(), rounds * (0..64).sum::<u64>());
    map.clear();
    map.flush();
}

/// `'static` tasks own what they read: the map lives as long as the last of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owned_refs_and_iterators_outlive_their_map() {
    let census = Census::default();
    let map: Arc<HashMap<u64, Counted>> =
        Arc::new((0..100).map(|n| (n, census.counted(n))).collect());
    let one = map.get_owned(&7).unwrap();
    let all = map.iter_owned();
    drop(map);
    let (go, gone) = oneshot::channel::<()>();
    let reader = tokio::spawn(async move {
        gone.await.unwrap();
        yield_now().await;
        one.get()
    });
    let walker = tokio::spawn(async move {
        let mut sum = 0;
        for entry in all {
            yield_now().await;
            sum += entry.get();
        }
        sum
    });
    assert_eq!(walker.await.unwrap(), (0..100).sum::<u64>());
    assert_eq!(census.alive(), 100, "a task still reads");
    go.send(()).unwrap();
    assert_eq!(reader.await.unwrap(), 7);
    assert_eq!(census.alive(), 0);
}

/// An iterator sleeps half way, for as long as it likes: nobody waits for it, and garbage stays bounded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sleeping_iterator_keeps_nobody() {
    let map: Arc<HashMap<u64, u64>> = Arc::new((0..1_000).map(|n| (n, n)).collect());
    let mut sleeping = map.iter();
    assert!(sleeping.next().is_some());
    let writer = {
        let map = Arc::clone(&map);
        tokio::spawn(async move {
            for n in 0..scaled(100_000) {
                map.insert(n % 1_000, n);
                if n % 1_000 == 0 {
                    yield_now().await;
                }
            }
        })
    };
    tokio::time::timeout(Duration::from_mins(1), writer)
        .await
        .unwrap()
        .unwrap();
    // A batch for each thread: the runtime's, and this one.
    assert!(map.retired_len() <= 3 * 512, "{} wait", map.retired_len());
    assert_eq!(1 + sleeping.count(), 1_000);
}

/// A task that is cancelled while it holds entries and an iterator gives them back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_task_gives_back_what_it_held() {
    let set: Arc<HashSet<u64>> = Arc::new((0..100).collect());
    let (held, holds) = oneshot::channel();
    let task = {
        let set = Arc::clone(&set);
        tokio::spawn(async move {
            let _entries: Vec<_> = set.iter().take(50).collect();
            let mut half = set.iter();
            half.next();
            held.send(()).unwrap();
            std::future::pending::<()>().await;
        })
    };
    holds.await.unwrap();
    set.clear();
    set.as_map().flush();
    assert!(set.as_map().retired_len() >= 50);
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    set.as_map().flush();
    assert_eq!(set.as_map().retired_len(), 0);
}
