//! The cache, alone and between threads.

use super::Cache;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3600);

fn squared(key: &u64) -> Result<u64, Infallible> {
    Ok(key * key)
}

#[test]
fn a_value_is_loaded_once_while_it_lives() {
    let cache = Cache::new(10, LONG);
    assert_eq!(cache.get_or_load(3, squared).as_deref(), Ok(&9));
    let again = cache.get_or_load(3, |_| Err("loaded again"));
    assert_eq!(again.as_deref(), Ok(&9));
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.loads), (1, 1, 1));
}

#[test]
fn an_error_passes_through_and_leaves_nothing() {
    let cache = Cache::<u64, u64>::new(10, LONG);
    let failed = cache.get_or_load(3, |_| Err("no database"));
    assert_eq!(failed.err(), Some("no database"));
    assert_eq!((cache.len(), cache.stats().loads), (0, 0));
}

#[test]
fn what_has_expired_is_absent_to_every_call() {
    let cache = Cache::new(10, Duration::ZERO);
    cache.insert(1, 10);
    assert!(cache.get(&1).is_none());
    assert_eq!(cache.len(), 0, "who meets it removes it");
    assert_eq!(cache.get_or_load(1, squared).as_deref(), Ok(&1));
    assert_eq!(cache.get_or_load(1, |_| Ok::<_, ()>(7)).as_deref(), Ok(&7));
    assert!(cache.insert(1, 11).is_none());
    assert!(cache.remove(&1).is_none());
    cache.insert(2, 20);
    cache.remove_expired();
    assert_eq!((cache.len(), cache.stats().hits), (0, 0));
}

#[test]
fn a_time_beyond_the_clock_never_comes() {
    let cache = Cache::new(10, Duration::MAX);
    cache.insert(1, 10);
    assert_eq!(cache.get(&1).as_deref(), Some(&10));
}

#[test]
fn what_is_held_stays_readable_when_its_entry_goes() {
    let cache = Cache::new(10, LONG);
    cache.insert(1, "first".to_owned());
    let first = cache.get(&1).expect("inserted");
    let replaced = cache.insert(1, "second".to_owned()).expect("it was there");
    let removed = cache.remove(&1).expect("it was there");
    assert_eq!(
        (first.as_str(), replaced.as_str(), removed.as_str()),
        ("first", "first", "second")
    );
}

#[test]
fn the_capacity_holds_and_what_is_asked_for_stays() {
    let cache = Cache::new(100, LONG);
    for n in 0..10_000_u64 {
        cache.insert(n, n);
        assert!(cache.len() <= 100);
        assert_eq!(cache.get_or_load(0, squared).as_deref(), Ok(&0));
    }
    let stats = cache.stats();
    // It may go when all the others, too, were asked for since the hand came by: so at the first eviction.
    assert!(stats.misses < 10, "{stats:?}");
    assert_eq!(stats.hits + stats.misses, 10_000);
    assert_eq!(stats.evicted, 10_000 + stats.misses - 100);
}

#[test]
fn a_cache_without_room_still_loads() {
    let cache = Cache::new(0, LONG);
    assert_eq!(cache.get_or_load(3, squared).as_deref(), Ok(&9));
    assert!(cache.insert(1, 1).is_none());
    assert_eq!(cache.len(), 0);
}

#[test]
fn what_has_expired_goes_first() {
    let cache = Cache::new(10, Duration::from_millis(1));
    for n in 0..10 {
        cache.insert(n, n);
    }
    thread::sleep(Duration::from_millis(2));
    cache.insert(10, 10);
    let stats = cache.stats();
    assert_eq!((stats.evicted, stats.expired), (0, 1));
}

/// Every value says its key, and every one is dropped, also with threads that load, replace and remove.
#[test]
fn threads_together_keep_the_bound_and_lose_nothing() {
    const THREADS: u64 = 4;
    let (made, dropped) = (AtomicU64::new(0), AtomicU64::new(0));
    struct Value(u64, &'static AtomicU64);
    impl Drop for Value {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }
    let dropped: &'static AtomicU64 = Box::leak(Box::new(dropped));
    let make = |key| {
        made.fetch_add(1, Ordering::Relaxed);
        Value(key, dropped)
    };
    let cache = Cache::new(64, Duration::from_micros(500));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (cache, make) = (&cache, &make);
            scope.spawn(move || {
                for n in 0..20_000 {
                    let key = (n * (thread + 1) * 7919) % 500;
                    match n % 8 {
                        0 => drop(cache.insert(key, make(key))),
                        1 => drop(cache.remove(&key)),
                        _ => {
                            let loaded = cache.get_or_load(key, |_| Ok::<_, ()>(make(key)));
                            assert!(loaded.is_ok_and(|value| (*value).0 == key));
                        }
                    }
                    assert!(cache.len() <= 64 + THREADS as usize);
                }
            });
        }
    });
    assert!(cache.len() <= 64);
    assert_eq!(cache.len(), cache.map.iter().count());
    let stats = cache.stats();
    assert_eq!(stats.hits + stats.misses, THREADS * 15_000);
    assert!(stats.evicted > 0 && stats.expired > 0);
    drop(cache);
    assert_eq!(dropped.load(Ordering::Relaxed), made.into_inner());
}
