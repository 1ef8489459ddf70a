//! What the features add: serde, both ways and with hostile input; rayon, on all cores.
#![cfg(all(feature = "serde", feature = "rayon", not(loom)))]

use std::collections::HashSet as Std;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use splitmap::{HashMap, HashSet};

fn squares(n: u32) -> HashMap<u32, u64> {
    (0..n).map(|n| (n, u64::from(n).pow(2))).collect()
}

#[test]
fn json_and_back() {
    let (map, set): (_, HashSet<u32>) = (squares(100), (0..100).collect());
    let text = serde_json::to_string(&(&map, &set)).unwrap();
    let back: (HashMap<u32, u64>, HashSet<u32>) = serde_json::from_str(&text).unwrap();
    assert!(back.0 == map && back.1 == set);
    assert!(serde_json::from_str::<HashMap<u32, u64>>("[1]").is_err());
    assert!(serde_json::from_str::<HashSet<u32>>(r#"{"a": 1}"#).is_err());
}

#[test]
fn a_form_with_the_number_of_entries_first_and_back() {
    let (map, set): (_, HashSet<u32>) = (squares(100), (0..100).collect());
    let bytes = postcard::to_stdvec(&(&map, &set)).unwrap();
    let back: (HashMap<u32, u64>, HashSet<u32>) = postcard::from_bytes(&bytes).unwrap();
    assert!(back.0 == map && back.1 == set);
}

/// A value that empties its map while it is serialized.
struct Remover(Arc<OnceLock<Weak<HashMap<u32, Remover>>>>);

impl serde::Serialize for Remover {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(map) = self.0.get().and_then(Weak::upgrade) {
            map.clear();
        }
        serializer.serialize_u32(7)
    }
}

#[test]
fn a_number_of_entries_that_is_no_longer_right_is_an_error() {
    let link = Arc::new(OnceLock::new());
    let fill = |map: &HashMap<_, _>| {
        for n in 0..500 {
            map.insert(n, Remover(Arc::clone(&link)));
        }
    };
    let map = Arc::new(HashMap::new());
    fill(&map);
    assert!(link.set(Arc::downgrade(&map)).is_ok());
    let error = postcard::to_stdvec(&*map).unwrap_err();
    assert_eq!(error, postcard::Error::SerdeSerCustom);
    fill(&map);
    assert!(serde_json::to_string(&*map).is_ok(), "text needs no number");
    fill(&map);
    assert!(
        postcard::to_stdvec(&map.snapshot()).is_ok(),
        "that of a snapshot stays right"
    );
    assert!(map.is_empty());
}

#[test]
fn a_snapshot_and_back() {
    let map = squares(100);
    let snapshot = map.snapshot();
    map.retain(|n, _| n % 2 == 0);
    let bytes = postcard::to_stdvec(&snapshot).unwrap();
    let text = serde_json::to_string(&snapshot).unwrap();
    for back in [
        postcard::from_bytes(&bytes).unwrap(),
        serde_json::from_str::<HashMap<u32, u64>>(&text).unwrap(),
    ] {
        assert!(back == squares(100));
    }
}

/// 2^40 entries are announced, and two are there.
#[test]
fn memory_is_taken_for_what_is_there() {
    let mut bytes = vec![0x80, 0x80, 0x80, 0x80, 0x80, 0x20];
    bytes.extend([1, 1, 2, 2]);
    assert!(postcard::from_bytes::<HashMap<u32, u64>>(&bytes).is_err());
    assert!(postcard::from_bytes::<HashSet<u32>>(&bytes).is_err());
}

#[test]
fn each_entry_is_given_to_one_thread() {
    let map = squares(10_000);
    let mut seen: Vec<(u32, u64)> = map.par_iter().map(|e| (*e.key(), *e)).collect();
    seen.sort_unstable();
    assert!(
        seen.into_iter()
            .eq((0..10_000).map(|n| (n, u64::from(n).pow(2))))
    );
    let empty = HashMap::<u32, u64>::new();
    assert_eq!(empty.par_iter().count(), 0);
    let set: HashSet<u32> = (0..1000).collect();
    assert_eq!(set.par_iter().map(|n| *n).sum::<u32>(), 499_500);
}

#[test]
fn all_threads_take_part() {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(3)
        .build()
        .unwrap();
    let (map, seen) = (squares(10_000), Mutex::new(Std::new()));
    let start = Instant::now();
    pool.install(|| {
        map.par_iter().for_each(|_| {
            seen.lock().unwrap().insert(std::thread::current().id());
            // Each waits for the others, as long as there is hope.
            while seen.lock().unwrap().len() < 3 && start.elapsed() < Duration::from_secs(30) {
                std::thread::yield_now();
            }
        });
    });
    assert_eq!(seen.into_inner().unwrap().len(), 3);
}

#[test]
fn maps_and_sets_are_filled_by_all_threads() {
    let mut map: HashMap<u32, u64> = (0..5000).into_par_iter().map(|n| (n, 1)).collect();
    map.par_extend((4000..9000).into_par_iter().map(|n| (n, 2)));
    (&map).par_extend((8000..10_000).into_par_iter().map(|n| (n, 3)));
    assert_eq!((map.len(), *map.get(&8500).unwrap()), (10_000, 3));
    (&mut map)
        .into_par_iter()
        .for_each(|(_, value)| *value += 1);
    assert_eq!(
        map.par_iter().map(|value| *value).sum::<u64>(),
        4000 * 2 + 4000 * 3 + 2000 * 4
    );
    assert_eq!(map.into_par_iter().map(|(_, value)| value).max(), Some(4));
    let mut set: HashSet<u32> = (0..1000).into_par_iter().collect();
    set.par_extend((500..2000).into_par_iter());
    assert_eq!((set.len(), set.into_par_iter().count()), (2000, 2000));
}
