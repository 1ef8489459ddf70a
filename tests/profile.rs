//! Profiles: what a sampled operation meets is counted once, by kind, key and bucket; what is not sampled is not; and the
//! estimates are right.
#![cfg(all(feature = "profile", not(loom)))]
#![expect(clippy::float_cmp, reason = "rates that come back as they were set")]
#![expect(clippy::cast_precision_loss, reason = "compared roughly")]

use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};
use std::sync::Barrier;
use std::thread;

use splitmap::{HashMap, HashSet, HotSpot, OperationKind, Profile, Reclamation};

/// The same in each run.
type Fixed = BuildHasherDefault<DefaultHasher>;

/// All keys have the same hash, so they stand behind one another as they were inserted.
#[derive(Default)]
struct OneHash;

impl Hasher for OneHash {
    fn finish(&self) -> u64 {
        7
    }

    fn write(&mut self, _: &[u8]) {}
}

type Chain = HashMap<u64, u64, BuildHasherDefault<OneHash>>;

const MANY: u64 = if cfg!(miri) { 300 } else { 200_000 };
const FEW: u64 = if cfg!(miri) { 40 } else { 5_000 };

type Do = fn(&HashMap<u64, u64, Fixed>);

/// A map of which each operation is sampled.
fn sampled<S: Default>() -> HashMap<u64, u64, S> {
    let builder = HashMap::builder_with_hasher(S::default());
    builder.profile_rate(1.0).unwrap().build()
}

/// What `operation` adds to the profile.
fn profiled<S>(map: &HashMap<u64, u64, S>, operation: impl FnOnce()) -> Profile {
    let before = map.profile();
    operation();
    map.profile().since(&before)
}

fn hashes(spots: &[HotSpot]) -> Vec<u32> {
    spots.iter().map(HotSpot::hash).collect()
}

#[test]
fn each_operation_counts_as_what_it_is() {
    use OperationKind::{Compute, Get, Insert, Remove, Update};
    let map = sampled::<Fixed>();
    let cases: [(OperationKind, Do); 12] = [
        (Insert, |map| drop(map.insert(1, 1))),
        (Get, |map| drop(map.get(&1))),
        (Get, |map| assert!(map.get(&2).is_none())),
        (Get, |map| drop(map.get_or_insert(1, 1))),
        (Insert, |map| drop(map.get_or_insert(3, 1))),
        (Insert, |map| assert!(map.try_insert(1, 1).is_err())),
        (Update, |map| drop(map.update(&1, |_, n| n + 1))),
        (Update, |map| drop(map.replace(&1, 5))),
        (Compute, |map| {
            drop(map.update_or_insert(1, |_, n| n + 1, 1));
        }),
        (Remove, |map| assert!(map.remove(&2).is_none())),
        (Remove, |map| drop(map.remove(&1))),
        (Remove, |map| drop(map.remove_if(&3, |_, _| true))),
    ];
    for (n, (kind, operation)) in cases.into_iter().enumerate() {
        let profile = profiled(&map, || operation(&map));
        assert_eq!(profile.samples(), 1, "{n}");
        assert_eq!(profile.samples_of(kind), 1, "{n}");
        assert_eq!(profile.operations(), 1, "{n}");
        let passed: usize = profile.traversals().map(|(_, count)| count).sum();
        assert_eq!(passed, 1, "{n}");
        // Alone, it met nobody.
        assert_eq!(profile.failed_exchanges() + profile.retries(), 0, "{n}");
        assert_eq!(profile.steps_again() + profile.helped(), 0, "{n}");
        assert!(profile.contended_hashes().is_empty(), "{n}");
    }
    assert_eq!(map.profile().samples(), 12);
}

#[test]
fn what_walks_over_the_whole_map_does_not_count() {
    let map = sampled::<Fixed>();
    (0..FEW).for_each(|n| drop(map.insert(n, n)));
    let profile = profiled(&map, || {
        assert_eq!(map.iter().count() as u64, FEW);
        map.retain(|_, _| true);
        assert!(map.verify().is_sound());
        drop(map.pop_any());
        map.clear();
        map.flush();
    });
    assert_eq!(profile.samples(), 0);
    assert!(profile.traversals().all(|(_, count)| count == 0));
    // And what comes behind does.
    let profile = profiled(&map, || drop(map.get(&1)));
    assert_eq!(profile.samples(), 1);
}

#[test]
fn a_lost_exchange_is_counted_with_its_retry_and_key() {
    let map = sampled::<Fixed>();
    map.insert(1, 10);
    let profile = profiled(&map, || {
        let first = std::cell::Cell::new(true);
        let update = |_: &u64, n: &u64| {
            if first.take() {
                // In the midst of the update: its exchange comes too late.
                map.insert(1, 20);
            }
            n + 1
        };
        assert_eq!(map.update(&1, update).as_deref(), Some(&21));
    });
    assert_eq!(profile.samples_of(OperationKind::Insert), 1);
    assert_eq!(profile.samples_of(OperationKind::Update), 1);
    assert_eq!(profile.failed_exchanges(), 1);
    assert_eq!(profile.retries(), 1);
    assert_eq!(hashes(profile.contended_hashes()), [map.profiled_hash(&1)]);
    assert_eq!(profile.contended_hashes()[0].at_least(), 1);
}

#[test]
fn unlinking_where_the_predecessor_has_gone_is_help() {
    let map = sampled() as Chain;
    map.insert(1, 10);
    map.insert(2, 20);
    let profile = profiled(&map, || {
        let removed = map.remove_if(&2, |_, _| {
            // The one before it is replaced, so that 2 cannot be unlinked from there.
            map.insert(1, 11);
            true
        });
        assert!(removed.is_some());
    });
    assert_eq!(profile.failed_exchanges(), 1);
    assert_eq!(profile.helped(), 1);
    // The walk that looks for it passes 1, and both count for the removal.
    assert_eq!(profile.samples_of(OperationKind::Remove), 1);
}

#[test]
fn entries_passed_are_counted_by_ranges() {
    let map = sampled() as Chain;
    (0..20).for_each(|n| drop(map.insert(n, n)));
    for (key, least) in [
        (0, 0),
        (1, 1),
        (2, 2),
        (3, 2),
        (4, 4),
        (7, 4),
        (8, 8),
        (19, 16),
    ] {
        let profile = profiled(&map, || drop(map.get(&key)));
        let there: Vec<_> = profile.traversals().filter(|(_, n)| *n > 0).collect();
        assert_eq!(there.len(), 1, "{key}: {there:?}");
        let (range, operations) = &there[0];
        assert_eq!((*range.start(), *operations), (least, 1), "{key}");
        assert!(range.contains(&usize::try_from(key).unwrap()));
        // The other way to walk.
        let profile = profiled(&map, || drop(map.update(&key, |_, n| n + 1)));
        assert!(profile.traversals().any(|one| one == there[0]), "{key}");
    }
    let ranges: Vec<_> = map.profile().traversals().map(|(range, _)| range).collect();
    assert_eq!((ranges[0].clone(), ranges[1].clone()), (0..=0, 1..=1));
    let gapless = |pair: &[std::ops::RangeInclusive<usize>]| *pair[0].end() + 1 == *pair[1].start();
    assert!(ranges.windows(2).all(gapless));
    assert_eq!(*ranges.last().unwrap().end(), usize::MAX);
}

#[test]
fn the_hot_key_and_its_bucket_are_found() {
    let map = sampled::<Fixed>();
    (0..FEW).for_each(|n| drop(map.insert(n, n)));
    let profile = profiled(&map, || {
        for n in 0..FEW {
            map.get(&n);
            map.get(&17);
        }
    });
    let hot = &profile.hot_hashes()[0];
    assert_eq!(hot.hash(), map.profiled_hash(&17));
    // The other keys of its box take a few of its votes, before it is there.
    let came = usize::try_from(FEW).unwrap();
    assert!(
        (came - came / 8..=came + 1).contains(&hot.at_least()),
        "{hot:?}"
    );
    let bucket = &profile.hot_buckets()[0];
    assert!(bucket.hash() <= hot.hash() && bucket.at_least() + came / 8 >= came);
    assert!(
        profile
            .hot_hashes()
            .is_sorted_by_key(|spot| std::cmp::Reverse(spot.at_least()))
    );
}

#[test]
fn the_default_samples_one_in_two_hundred() {
    let map = HashMap::with_hasher(Fixed::default());
    let mut made = 0;
    for n in 0..MANY {
        map.insert(n % 100, n);
        if n % 4 == 0 {
            map.get(&(n % 100));
        }
        made += 1 + u64::from(n % 4 == 0);
    }
    let profile = map.profile();
    assert_eq!(profile.rate(), 0.005);
    let operations = profile.operations() as u64;
    // The last sample is no more than twice the mean ago.
    assert!(
        operations <= made && made - operations < 400,
        "{operations} of {made}"
    );
    if !cfg!(miri) {
        let expected = made as f64 / 200.0;
        let samples = profile.samples() as f64;
        assert!(
            (samples / expected - 1.0).abs() < 0.1,
            "{samples} of {expected}"
        );
        let gets = profile.estimate(profile.samples_of(OperationKind::Get)) as f64;
        assert!((gets / (made as f64 / 5.0) - 1.0).abs() < 0.25, "{gets}");
    }
    assert_eq!(profile.estimate(profile.samples()), profile.operations());
}

#[test]
fn rates_are_set_while_others_run() {
    let map = HashMap::with_hasher(Fixed::default());
    map.set_profile_rate(0.0).unwrap();
    assert_eq!(map.profile().rate(), 0.0);
    (0..FEW).for_each(|n| drop(map.insert(n, n)));
    assert_eq!(map.profile().samples(), 0);
    map.set_profile_rate(1.0).unwrap();
    // Known within 4,096 operations.
    let profile = profiled(&map, || (0..4096 + 100).for_each(|n| drop(map.get(&n))));
    assert!(profile.samples() >= 100, "{}", profile.samples());
    let profile = profiled(&map, || (0..10).for_each(|n| drop(map.get(&n))));
    assert_eq!((profile.samples(), profile.operations()), (10, 10));
    map.set_profile_rate(0.0).unwrap();
    map.get(&1); // was to be sampled
    assert_eq!(profiled(&map, || drop(map.get(&1))).samples(), 0);
}

#[test]
fn a_far_sample_comes_in_its_time() {
    let builder = HashMap::builder_with_hasher(Fixed::default());
    let map = builder.profile_rate(1e-4).unwrap().build();
    map.insert(1, 1);
    let made = if cfg!(miri) { 100 } else { 1_000_000 };
    (0..made).for_each(|_| drop(map.get(&1)));
    let profile = map.profile();
    assert!(profile.operations() <= made + 1 && profile.operations() + 20_000 > made);
    if !cfg!(miri) {
        assert!(
            (60..160).contains(&profile.samples()),
            "{}",
            profile.samples()
        );
    }
}

#[test]
fn rates_that_are_none_are_refused() {
    let map = HashMap::<u64, u64, Fixed>::with_hasher(Fixed::default());
    for wrong in [f64::NAN, -0.1, 1.5, f64::INFINITY] {
        assert!(map.set_profile_rate(wrong).is_err());
        let builder = HashMap::<u64, u64, _>::builder_with_hasher(Fixed::default());
        assert!(builder.profile_rate(wrong).is_err());
    }
    assert_eq!(map.profile().rate(), 0.005);
    assert_eq!(map.capacity(), 0, "nothing was made for that");
    map.set_profile_rate(0.25).unwrap();
    assert_eq!(map.clone().profile().rate(), 0.25);
    let set = HashSet::<u64, Fixed>::with_hasher(Fixed::default());
    set.set_profile_rate(1.0).unwrap();
    set.insert(1);
    assert_eq!(set.profile().samples_of(OperationKind::Insert), 1);
    assert_eq!(set.profiled_hash(&1), map.profiled_hash(&1));
}

#[test]
fn threads_count_each_for_itself_and_profiles_add_up() {
    let map = sampled::<Fixed>();
    map.insert(0, 0);
    let begin = Barrier::new(3);
    let last = thread::scope(|scope| {
        let writers = [1, 2].map(|n| {
            let (map, begin) = (&map, &begin);
            scope.spawn(move || {
                begin.wait();
                for _ in 0..FEW {
                    map.update(&0, |_, sum| sum + n);
                }
            })
        });
        begin.wait();
        let mut last = map.profile();
        while !writers.iter().all(thread::ScopedJoinHandle::is_finished) {
            let now = map.profile();
            assert!(now.samples() >= last.samples() && now.retries() >= last.retries());
            let spots = now.hot_hashes().iter().chain(now.contended_hashes());
            for spot in spots {
                assert_eq!(spot.hash(), map.profiled_hash(&0));
                assert!(spot.at_least() as u64 <= 2 * FEW + 1);
            }
            last = now;
            thread::yield_now();
        }
        map.profile()
    });
    assert_eq!(*map.get(&0).unwrap(), 3 * FEW);
    let updates = usize::try_from(2 * FEW).unwrap();
    assert_eq!(last.samples_of(OperationKind::Update), updates);
    assert_eq!(last.hot_hashes()[0].at_least(), updates + 1);
    assert_eq!(last.retired() + last.reclaimed(), updates);
}

#[test]
fn growth_is_counted() {
    let map = sampled::<Fixed>();
    (0..FEW).for_each(|n| drop(map.insert(n, n)));
    assert!(map.profile().chunks_filled() > 0);
}

#[test]
fn destructors_are_run_as_without_a_profile() {
    // The countdown sees to them, too: at any rate, and when it is far from its end.
    for rate in [0.0, 1e-6, 0.005, 1.0] {
        let builder = HashMap::<u64, u64, _>::builder_with_hasher(Fixed::default());
        let settings = Reclamation::new().batch(8).destructors(2);
        let map = builder.reclamation(settings).profile_rate(rate).unwrap();
        let map = map.build();
        for n in 0..FEW {
            map.insert(n % 3, n);
            assert!(map.retired_len() <= 16, "{rate}: {}", map.retired_len());
        }
        assert!(map.reclaimed_count() as u64 + 16 + 3 > FEW);
    }
}

#[test]
fn a_profile_reads_as_a_table() {
    let none = HashMap::<u64, u64, Fixed>::with_hasher(Fixed::default()).profile();
    assert_eq!(
        none.to_string(),
        "no operation sampled\nremoved entries: 0 wait, 0 were freed"
    );
    let map = sampled::<Fixed>();
    map.insert(1, 1);
    (0..3).for_each(|_| drop(map.get(&1)));
    let table = map.profile().to_string();
    for line in [
        "each operation sampled: 4",
        "operation             sampled     estimate   of all",
        "get                         3            3   75.0 %",
        "insert                      1            1   25.0 %",
        "failed exchanges            0            0    0.0 %",
        "2 to 3                      0            0    0.0 %",
        "64 or more                  0            0    0.0 %",
        &format!(
            "{:#010x}                  4            4  100.0 %",
            map.profiled_hash(&1)
        ),
        "removed entries: 0 wait, 0 were freed",
    ] {
        assert!(table.lines().any(|there| there == line), "{line}\n{table}");
    }
}

#[test]
fn profiles_are_values() {
    fn is_value<T: Clone + Send + Sync + std::fmt::Debug>() {}
    is_value::<Profile>();
    is_value::<HotSpot>();
    is_value::<OperationKind>();
    is_value::<splitmap::ProfileRateError>();
}

#[cfg(feature = "metrics")]
mod export {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Mutex};

    use ::metrics::{
        Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    };

    use super::*;

    /// Keeps what it is given, by name and labels.
    #[derive(Default)]
    struct Kept {
        counters: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
        gauges: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
        described: Mutex<Vec<String>>,
    }

    fn name(key: &Key) -> String {
        let labels = key.labels();
        let labels = labels.map(|label| format!(" {}={}", label.key(), label.value()));
        key.name().to_string() + &labels.collect::<String>()
    }

    impl Recorder for Kept {
        fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
            self.described.lock().unwrap().push(name.as_str().into());
        }

        fn describe_gauge(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
            self.described.lock().unwrap().push(name.as_str().into());
        }

        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            let mut counters = self.counters.lock().unwrap();
            Counter::from_arc(Arc::clone(counters.entry(name(key)).or_default()))
        }

        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            let mut gauges = self.gauges.lock().unwrap();
            Gauge::from_arc(Arc::clone(gauges.entry(name(key)).or_default()))
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[test]
    fn the_figures_go_through_the_facade() {
        let map = sampled::<Fixed>();
        (0..4).for_each(|n| drop(map.insert(1, n)));
        map.get(&1);
        let kept = Kept::default();
        ::metrics::with_local_recorder(&kept, || map.profile().record_metrics("users"));
        map.get(&1);
        ::metrics::with_local_recorder(&kept, || map.profile().record_metrics("users"));

        let counters = kept.counters.lock().unwrap();
        let counter = |name: &str| counters[name].load(Ordering::Relaxed);
        let of = "splitmap_sampled_operations_total map=users operation=";
        assert_eq!(counter(&format!("{of}insert")), 4);
        assert_eq!(counter(&format!("{of}get")), 2);
        assert_eq!(counter("splitmap_operations_total map=users"), 6);
        assert_eq!(
            counter("splitmap_sampled_traversals_total map=users passed=0"),
            6
        );
        assert_eq!(counter("splitmap_sampled_retries_total map=users"), 0);

        let gauges = kept.gauges.lock().unwrap();
        let gauge = |name: &str| f64::from_bits(gauges[name].load(Ordering::Relaxed));
        assert_eq!(gauge("splitmap_retired map=users"), 3.0);
        assert_eq!(gauge("splitmap_profile_rate map=users"), 1.0);
        assert_eq!(gauge("splitmap_hottest_hash_ratio map=users"), 1.0);

        // Each name is described, and documented.
        let described = kept.described.lock().unwrap();
        let source = include_str!("../src/profile/metrics.rs");
        for name in counters.keys().chain(gauges.keys()) {
            let name = name.split(' ').next().unwrap();
            assert!(described.iter().any(|one| one == name), "{name}");
            assert!(source.contains(&format!("| `{name}` |")), "{name}");
        }
        assert_eq!(gauges.len(), 4);
    }
}
